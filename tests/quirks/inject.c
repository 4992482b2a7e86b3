/* SPDX-License-Identifier: MIT */
/*
 * Remote system calls leave nothing behind: a task that sleeps in a system call makes calls of
 * ours, and its own call goes on, with the time it had left (H99: put back the naive way, nanosleep
 * answers EINTR); a signal that is being delivered still comes, with its details; a signal that
 * arrives meanwhile waits; a program that ignores SIGTRAP goes on ignoring it; and where a call
 * could do harm, it is refused.
 */
#include "hold.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

struct report {
	volatile long result, error, elapsed_ms, value, ignored, sender;
};
static struct report *report;

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static long call(struct ptl_task *t, long nr, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t args[6] = {a, b, c,
		(uint64_t)(nr == SYS_mmap ? MAP_PRIVATE | MAP_ANONYMOUS : 0),
		nr == SYS_mmap ? (uint64_t)-1 : 0, 0};
	int64_t value = -1;
	int r = ptl_inject_syscall(t, (uint64_t)nr, args, &value);

	if (r < 0)
		printf("inject %ld: %s\n", nr, ptl_message(ptl_task_session(t)));
	CHECK(r == 0);
	return (long)value;
}

static int refusal(struct ptl_task *t, long nr)
{
	const uint64_t args[6] = {0};
	int64_t value = 12345;
	int r = ptl_inject_syscall(t, (uint64_t)nr, args, &value);

	CHECK(r < 0 && value == 12345);
	return r;
}

/* --- sleepers: which, and what their call answers in the end ------------------------------- */

static void sleep_in(void *arg)
{
	struct timespec t = {0, 600000000};
	struct pollfd none;
	long start = now_ms(), r = -2;
	int word = 0;

	signal(SIGTRAP, SIG_IGN);
	switch (*(const char *)arg) {
	case 'n':
		r = syscall(SYS_nanosleep, &t, NULL);
		break;
	case 'p':
		r = syscall(SYS_poll, &none, 0, 600);
		break;
	case 'f':
		r = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, NULL, 0);
		break;
	case 'P':
		r = syscall(SYS_ppoll, NULL, 0, &t, NULL, 8);
		break;
	}
	report->result = r;
	report->error = r < 0 ? errno : 0;
	report->elapsed_ms = now_ms() - start;
	report->ignored = signal(SIGTRAP, SIG_DFL) == SIG_IGN;
}

static void sleeper(const char *what, long result, long error)
{
	struct ptl_session *s;
	struct ptl_event ev;
	struct ptl_task *t;
	uint64_t rip, rsp, orig, mask, page;
	pid_t pid;
	char word[8] = "";

	memset(report, 0, sizeof(*report));
	pid = spawn(sleep_in, (void *)(uintptr_t)what);
	await_sleep(pid);
	CHECK(ptl_session_new(&s, 0) == 0);
	t = hold(s, pid, &ev);
	CHECK(ptl_sigmask_get(t, &mask) == 0);
	CHECK(ptl_get(t, "rip", &rip) == 0 && ptl_get(t, "rsp", &rsp) == 0 &&
		ptl_get(t, "orig_rax", &orig) == 0);

	CHECK(call(t, SYS_getpid, 0, 0, 0) == pid);
	page = (uint64_t)call(t, SYS_mmap, 0, 8192, PROT_READ | PROT_WRITE);
	CHECK(page < UINT64_MAX - 4095);
	CHECK(ptl_write(t, page + 100, "pintle!", 8) == 8);
	CHECK(ptl_read(t, page + 100, word, 8) == 8 && !strcmp(word, "pintle!"));
	CHECK(call(t, SYS_munmap, page, 8192, 0) == 0);
	CHECK(ptl_read(t, page + 100, word, 8) == -PTL_EBADADDR);
	CHECK(call(t, SYS_close, 12345, 0, 0) == -EBADF);
	/* What would overwrite its memory of the sleep, or cannot be undone, is refused. */
	if (*what != 'P')
		CHECK(refusal(t, SYS_nanosleep) == -PTL_ESTATE);
	CHECK(refusal(t, SYS_exit_group) == -EINVAL);
	CHECK(refusal(t, SYS_fork) == -EINVAL);

	/* All as before. */
	{
		uint64_t v;

		CHECK(ptl_get(t, "rip", &v) == 0 && v == rip);
		CHECK(ptl_get(t, "rsp", &v) == 0 && v == rsp);
		CHECK(ptl_get(t, "orig_rax", &v) == 0 && v == orig);
		CHECK(ptl_sigmask_get(t, &v) == 0 && v == mask);
	}
	CHECK(release(s, pid) == 0);
	ptl_session_free(s);
	if (report->result != result || report->error != error)
		printf("%s: result %ld error %ld after %ld ms\n", what, report->result,
			report->error, report->elapsed_ms);
	CHECK(report->result == result && report->error == error);
	CHECK(report->elapsed_ms >= 595 && report->elapsed_ms < 20000);
	CHECK(report->ignored);
}

/* --- a signal that is being delivered --------------------------------------------------------- */

static void on_signal(int signo, siginfo_t *info, void *context)
{
	report->value += info->si_value.sival_int;
	report->sender = info->si_pid;
	report->result++;
}

static void take_signals(void *arg)
{
	struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	report->error = 1; /* ready */
	while (report->result < 2)
		pause();
}

static void signals(void)
{
	struct ptl_session *s;
	struct ptl_event ev;
	struct ptl_task *t;
	int status;
	pid_t pid;

	memset(report, 0, sizeof(*report));
	pid = spawn(take_signals, NULL);
	while (!report->error)
		usleep(1000);
	await_sleep(pid);
	CHECK(ptl_session_new(&s, 0) == 0);
	t = hold(s, pid, &ev);
	CHECK(ptl_resume(&ev, PTL_RUN) >= 0);
	CHECK(sigqueue(pid, SIGUSR1, (union sigval){.sival_int = 1000}) == 0);
	CHECK(ptl_wait_for(s, &ev, INT64_C(5000000000)) == 1 && ev.kind == PTL_EV_SIGNAL);
	CHECK(ev.u.signal.info.signo == SIGUSR1 && ev.u.signal.info.value == 1000);
	/* Another arrives while the first is held: it waits its turn. */
	CHECK(sigqueue(pid, SIGUSR2, (union sigval){.sival_int = 7}) == 0);
	CHECK(call(t, SYS_getpid, 0, 0, 0) == pid);
	CHECK(call(t, SYS_getppid, 0, 0, 0) == getpid());
	CHECK(report->result == 0);
	{
		struct ptl_siginfo info;

		CHECK(ptl_siginfo_get(t, &info) == 0 && info.signo == SIGUSR1 &&
			info.value == 1000 && info.pid == getpid());
	}
	CHECK(ptl_resume(&ev, PTL_RUN) == 1);
	CHECK(ptl_wait_for(s, &ev, INT64_C(5000000000)) == 1 && ev.kind == PTL_EV_SIGNAL);
	CHECK(ev.u.signal.info.signo == SIGUSR2 && ev.u.signal.info.value == 7);
	CHECK(ptl_resume(&ev, PTL_RUN) == 1);
	CHECK(ptl_wait_for(s, &ev, INT64_C(5000000000)) == 1 && ev.kind == PTL_EV_EXITED);
	CHECK(ptl_resume(&ev, PTL_RUN) >= 0);
	ptl_session_free(s);
	CHECK(report->result == 2 && report->value == 1007 && report->sender == getpid());
	(void)waitpid(pid, &status, 0);
}

/* --- stopped by job control ------------------------------------------------------------------ */

static void stopped(void)
{
	struct ptl_session *s;
	struct ptl_event ev;
	struct ptl_task *t;
	int status;
	pid_t pid;

	memset(report, 0, sizeof(*report));
	pid = spawn(sleep_in, "n");
	await_sleep(pid);
	CHECK(kill(pid, SIGSTOP) == 0);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	CHECK(ptl_session_new(&s, 0) == 0);
	t = hold(s, pid, &ev);
	CHECK(call(t, SYS_getpid, 0, 0, 0) == pid);
	CHECK(ptl_detach_all(s, INT64_C(5000000000)) == 0);
	ptl_session_free(s);
	usleep(20000);
	CHECK(waitpid(pid, &status, WUNTRACED | WNOHANG) == 0 || WIFSTOPPED(status));
	/* Still stopped, and goes on when told. */
	{
		char path[64], text[256], *p;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		f = fopen(path, "re");
		CHECK(f && fgets(text, sizeof(text), f));
		fclose(f);
		p = strrchr(text, ')');
		CHECK(p && p[2] == 'T');
	}
	CHECK(kill(pid, SIGCONT) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(report->result == 0);
}

/* --- at the start of a program, and where it cannot be ------------------------------------------
 */

static void launched(void)
{
	char *argv[] = {"true", NULL};
	struct ptl_session *s;
	struct ptl_event ev;
	pid_t pid;
	int r;

	CHECK(ptl_start(&s, argv, 0) == 0);
	CHECK(ptl_wait(s, &ev) == 1 && ev.kind == PTL_EV_STARTED);
	pid = ev.tid;
	CHECK(call(ev.task, SYS_getpid, 0, 0, 0) == pid);
	CHECK(call(ev.task, SYS_getpid, 0, 0, 0) == pid);
	CHECK(ptl_resume(&ev, PTL_SYSCALL) == 1);
	while ((r = ptl_wait(s, &ev)) > 0) {
		if (ev.kind == PTL_EV_SYSCALL_ENTRY)
			CHECK(refusal(ev.task, SYS_getpid) == -PTL_ESTATE);
		else if (ev.kind == PTL_EV_SYSCALL_EXIT) {
			int64_t value = ev.u.exit.value;
			uint64_t rax;

			CHECK(call(ev.task, SYS_getpid, 0, 0, 0) == pid);
			CHECK(call(ev.task, SYS_getpid, 0, 0, 0) == pid);
			CHECK(ptl_get(ev.task, "rax", &rax) == 0 && (int64_t)rax == value);
		}
		if (ev.kind == PTL_EV_EXITED)
			CHECK(ev.u.exited.code == 0 && ev.u.exited.signo == 0);
		CHECK(ptl_resume(&ev, PTL_SYSCALL) >= 0);
	}
	CHECK(r == 0);
	ptl_session_free(s);
}

/* --- a filter
 * ---------------------------------------------------------------------------------------- */

static void filtered_sleep(void *arg)
{
	struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog prog = {4, code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
	sleep_in("n");
}

static void seccomp(void)
{
	const uint64_t args[6] = {0};
	struct ptl_session *s;
	struct ptl_event ev;
	struct ptl_task *t;
	int64_t value;
	pid_t pid;
	int r;

	memset(report, 0, sizeof(*report));
	pid = spawn(filtered_sleep, NULL);
	await_sleep(pid);
	CHECK(ptl_session_new(&s, 0) == 0);
	t = hold(s, pid, &ev);
	/* With the right to suspend the filter it is done, without it is refused; the program
	 * lives. */
	r = ptl_inject_syscall(t, SYS_getppid, args, &value);
	CHECK(r == -EPERM || (r == 0 && value == getpid()));
	CHECK(release(s, pid) == 0);
	ptl_session_free(s);
	CHECK(report->result == 0 && report->elapsed_ms >= 595);
}

int main(void)
{
	report = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(report != MAP_FAILED);
	sleeper("nanosleep", 0, 0);
	sleeper("poll", 0, 0);
	sleeper("futex", -1, ETIMEDOUT);
	sleeper("Ppoll", 0, 0);
	signals();
	stopped();
	launched();
	seccomp();
	return 0;
}
