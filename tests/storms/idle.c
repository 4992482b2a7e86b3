/* SPDX-License-Identifier: MIT */
/*
 * Attach to 10,000 idle threads: all are had, quickly; a busy one among them is traced at full speed; all are let go
 * unharmed, each still in its sleep. STORM_N sets the number.
 *
 * Time limit: 120 s
 */
#include "../quirks/quirk.h"

enum { CALLS = 4000 };

static volatile long *shared; /* [0] ready, [1] tid of the busy thread, [2] go, [3] woken sleepers, [4] threads made */

static void *idle(void *arg)
{
	(void)arg;
	pause();
	shared[3]++; /* no signal is ever sent: nothing but harm of ours ends the sleep */
	return NULL;
}

static void *busy(void *arg)
{
	(void)arg;
	shared[1] = syscall(SYS_gettid);
	for (;;)
		if (shared[2])
			syscall(SYS_getppid);
		else
			usleep(1000);
	return NULL;
}

static void debuggee(int n)
{
	pthread_attr_t a;
	pthread_t t;
	int i;

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 16384);
	for (i = 0; i < n; i++)
		if (pthread_create(&t, &a, idle, NULL))
			break;
	shared[4] = i;
	pthread_create(&t, &a, busy, NULL);
	shared[0] = 1;
	for (;;)
		pause();
}

static double rate(struct ptl_session *s, pid_t tid, int calls)
{
	struct ptl_event ev;
	int64_t t0 = q_now_ms();
	int n = 0;

	while (n < calls) {
		CHECK(q_wait(s, &ev), "no tracee left");
		n += ev.kind == PTL_EV_SYSCALL_ENTRY && ev.tid == tid;
		RESUME(&ev, ev.tid == tid ? PTL_SYSCALL : PTL_RUN);
	}
	return calls * 1000.0 / (double)(q_now_ms() - t0 + 1);
}

int main(void)
{
	const char *by = getenv("STORM_N");
	int n = by ? atoi(by) : 10000;
	struct ptl_session *s;
	int64_t t0, ms;
	double many, one;
	size_t count;
	pid_t pid;

	shared = q_shared(4096);
	pid = q_fork();
	if (pid == 0)
		debuggee(n);
	UNTIL(shared[0] && shared[1]);
	if (shared[4] < n)
		q_skip("only %ld threads can be made here (limits on processes or memory maps)", shared[4]);

	s = q_session(PTL_FOLLOW_THREADS);
	t0 = q_now_ms();
	OK(s, ptl_attach(s, pid, 0));
	CHECK(OK(s, ptl_stop_all(s, Q_NS(Q_LONG_MS))) == 0, "some thread did not stop");
	count = ptl_task_count(s);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	ms = q_now_ms() - t0;
	ptl_session_free(s);
	CHECK(count == (size_t)n + 2, "%zu tasks of %d", count, n + 2);
	CHECK(ms < 10000, "attach, stop and detach took %lld ms", (long long)ms);

	shared[2] = 1;
	s = q_session(PTL_FOLLOW_THREADS);
	OK(s, ptl_attach(s, pid, 0));
	(void)rate(s, (pid_t)shared[1], 100);
	many = rate(s, (pid_t)shared[1], CALLS);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	ptl_session_free(s);

	s = q_session(PTL_FOLLOW_THREADS);
	OK(s, ptl_attach(s, (pid_t)shared[1], PTL_ATTACH_THREAD));
	(void)rate(s, (pid_t)shared[1], 100);
	one = rate(s, (pid_t)shared[1], CALLS);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	ptl_session_free(s);

	/* the figure is bench's; here only a collapse (waitpid(-1) gives 0.003) fails */
	CHECK(many > one / 5, "%.0f calls/s among %d, %.0f alone", many, n, one);
	CHECK(shared[3] == 0, "%ld sleepers were woken", shared[3]);
	printf("%d threads: attach, stop, detach %lld ms; %.0f calls/s, alone %.0f\n", n + 2, (long long)ms, many, one);
	q_kill_and_reap(pid);
	q_check_alone();
	return 0;
}
