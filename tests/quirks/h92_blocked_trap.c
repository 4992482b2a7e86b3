/* SPDX-License-Identifier: MIT */
/*
 * A step's trap that finds SIGTRAP blocked makes the kernel unblock it and take the program's handler away. A program that blocks all signals
 * for a while, as the C library does, must keep its handler, and find the signals blocked that it has blocked.
 */
#include "stepping.h"

static volatile unsigned traps;

static void on_trap(int signo)
{
	(void)signo;
	traps++;
}

static long blocks(void)
{
	sigset_t all, before, now;
	struct sigaction action;
	pid_t child;
	unsigned i;
	int status;

	signal(SIGTRAP, on_trap);
	sigfillset(&all);
	for (i = 0; i < 3; i++) {
		sigprocmask(SIG_BLOCK, &all, &before);
		sigprocmask(SIG_BLOCK, NULL, &now);
		if (sigismember(&now, SIGTRAP) != 1 || sigismember(&before, SIGTRAP) != 0)
			return 1;
		sigprocmask(SIG_UNBLOCK, &before, &now);
		if (sigismember(&now, SIGTRAP) != 1)
			return 2;
		child = (pid_t)syscall(SYS_fork);
		if (!child) {
			sigprocmask(SIG_BLOCK, NULL, &now);
			_exit(sigismember(&now, SIGTRAP) == 1 ? 0 : 1);
		}
		if (waitpid(child, &status, 0) != child || status)
			return 3;
		sigprocmask(SIG_SETMASK, &before, &now);
		if (sigismember(&now, SIGTRAP) != 1)
			return 4;
		sigprocmask(SIG_BLOCK, NULL, &now);
		if (sigismember(&now, SIGTRAP) != 0)
			return 5;
		__asm__ volatile("int3");
		if (traps != i + 1)
			return 6;
	}
	sigaction(SIGTRAP, NULL, &action);
	return action.sa_handler == on_trap ? 0 : 7;
}

/* Let go while it has them blocked: then they are. */
static uint64_t *shared;

static long blocked_for_long(void)
{
	sigset_t all, now;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	shared[0] = 1;
	while (!__atomic_load_n(&shared[1], __ATOMIC_SEQ_CST))
		;
	sigprocmask(SIG_BLOCK, NULL, &now);
	return sigismember(&now, SIGTRAP) == 1 ? 0 : 1;
}

static void let_go(bool run_first)
{
	struct ptl_session *s = q_session(PTL_FOLLOW);
	struct ptl_event ev;
	unsigned i;
	int gate;
	pid_t pid;

	shared[0] = shared[1] = 0;
	pid = piece_child(blocked_for_long, &gate);
	q_attach(s, pid, &ev);
	close(gate);
	for (i = 0; !shared[0]; i++) {
		CHECK(i < 100000, "it does not get there");
		RESUME(&ev, PTL_STEP);
		q_expect(s, &ev, PTL_EV_STEPPED);
	}
	if (run_first)
		RESUME(&ev, PTL_RUN);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	ptl_session_free(s);
	__atomic_store_n(&shared[1], 1, __ATOMIC_SEQ_CST);
	CHECK(q_reap(pid) == 0, "SIGTRAP was left unblocked");
}

int main(void)
{
	struct stepped r;

	shared = q_shared(4096);
	CHECK(run_free(blocks) == 0, "without a tracer: %d", run_free(blocks));
	r = step_through(blocks, (const char *)blocks + 1);
	CHECK(r.exit == 0, "when stepped: %d", r.exit);
	let_go(false);
	let_go(true);
	q_check_alone();
	return 0;
}
