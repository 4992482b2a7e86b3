/* SPDX-License-Identifier: MIT */
/*
 * Attaching, by the library.
 *
 *	attach spinning N     ms for attach + stop + detach of a process of N spinning threads, median of 15
 *	attach idle N         the same of N sleeping ones, median of 5
 *	attach rate N         calls a second of one busy thread traced among N sleeping ones that are traced, too
 */
#include <pintle/pintle.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile long *shared; /* threads that run */
static int spinning, busy;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void *thread(void *arg)
{
	volatile long n = 0;

	(void)arg;
	__sync_fetch_and_add(shared, 1);
	for (;;)
		if (spinning)
			n++;
		else
			pause();
	return NULL;
}

static void debuggee(long n)
{
	pthread_attr_t a;
	pthread_t t;
	long i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 16384);
	for (i = busy ? 0 : 1; i < n; i++)
		if (pthread_create(&t, &a, thread, NULL)) {
			fprintf(stderr, "attach: cannot make %ld threads\n", n);
			_exit(1);
		}
	if (!busy)
		thread(NULL);
	__sync_fetch_and_add(shared, 1);
	for (;;)
		syscall(SYS_getppid);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int fail(struct ptl_session *s, int r)
{
	fprintf(stderr, "attach: %s\n", s ? ptl_message(s) : ptl_error_text(r));
	return 1;
}

static int cycles(pid_t pid, int rounds)
{
	struct ptl_session *s = NULL;
	double ms[64];
	int i, r;

	for (i = 0; i < rounds; i++) {
		double t = now();

		r = ptl_session_new(&s, PTL_FOLLOW_THREADS);
		if (r < 0 || (r = ptl_attach(s, pid, 0)) < 0 || (r = ptl_stop_all(s, -1)) < 0 ||
			(r = ptl_detach_all(s, -1)) < 0)
			return fail(s, r);
		ms[i] = now() - t;
		ptl_session_free(s);
		usleep(20000);
	}
	qsort(ms, (size_t)rounds, sizeof(ms[0]), by_value);
	printf("%.2f\n", ms[rounds / 2]);
	return 0;
}

static int rate(pid_t pid)
{
	struct ptl_session *s = NULL;
	struct ptl_event ev;
	long calls = 0;
	double start = 0, t;
	int r = ptl_session_new(&s, PTL_FOLLOW_THREADS | PTL_OWN_SIGCHLD);

	if (r < 0 || (r = ptl_attach(s, pid, 0)) < 0)
		return fail(s, r);
	while ((r = ptl_wait(s, &ev)) > 0) {
		if (ev.kind == PTL_EV_SYSCALL_ENTRY && ++calls % 512 == 0) {
			t = now();
			if (calls == 2048) {
				start = t;
			} else if (start > 0 && t - start > 1000) {
				printf("%.0f\n", (double)(calls - 2048) * 1e3 / (t - start));
				break;
			}
		}
		r = ptl_resume(&ev, PTL_SYSCALL);
		if (r < 0)
			return fail(s, r);
	}
	ptl_session_free(s);
	return 0;
}

int main(int argc, char **argv)
{
	long n = argc > 2 ? atol(argv[2]) : 0, want;
	sigset_t set;
	pid_t pid;
	int r;

	if (argc < 3 || n < 0)
		return 2;
	spinning = !strcmp(argv[1], "spinning");
	busy = !strcmp(argv[1], "rate");
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = fork();
	if (pid == 0)
		debuggee(n);
	want = busy ? n + 1 : n;
	while (*shared < want && waitpid(pid, NULL, WNOHANG) == 0)
		usleep(1000);
	r = busy ? rate(pid) : cycles(pid, spinning ? 15 : 5);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return r;
}
