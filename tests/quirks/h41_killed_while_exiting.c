/* SPDX-License-Identifier: MIT */
/*
 * H41: a task killed while it is parked in PTRACE_EVENT_EXIT stays there on some kernels and leaves it on others. The library parks
 * nothing there, so that this cannot come up; what is nearest to it is a task that stands at the entry of exit or
 * exit_group, or at the fatal signal, when it is killed: its death comes by itself, or after the stop is answered, and once.
 */
#include "quirk.h"

enum where { EXIT_GROUP, EXIT_OF_LEADER, FATAL_SIGNAL, WHERES };

static void *idle(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

static void program(enum where where, int go)
{
	pthread_t t;
	char c;

	pthread_create(&t, NULL, idle, NULL);
	(void)!read(go, &c, 1);
	if (where == EXIT_GROUP)
		syscall(SYS_exit_group, 3);
	if (where == EXIT_OF_LEADER)
		syscall(SYS_exit, 3);
	raise(SIGSEGV);
	_exit(1);
}

static void one(enum where where, bool answer_first)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev, at = {0};
	int go[2], ends = 0, started = 0;
	pid_t pid;

	CHECK(pipe(go) == 0, "pipe");
	pid = q_fork();
	if (!pid) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		program(where, go[0]);
	}
	UNTIL(q_tids(pid, (pid_t[4]){0}, 4) == 2);
	OK(s, ptl_attach(s, pid, 0));
	while (!at.task) {
		CHECK(q_wait(s, &ev), "lost the tracees");
		if (ev.kind == PTL_EV_STARTED && ++started == 2)
			CHECK(write(go[1], "", 1) == 1, "write");
		if (ev.tid == pid && where == FATAL_SIGNAL && ev.kind == PTL_EV_SIGNAL)
			at = ev;
		else if (ev.tid == pid && where != FATAL_SIGNAL && ev.kind == PTL_EV_SYSCALL_ENTRY &&
			(ev.u.entry.nr == SYS_exit_group || ev.u.entry.nr == SYS_exit))
			at = ev;
		else
			RESUME(&ev, PTL_SYSCALL);
	}
	kill(pid, SIGKILL);
	if (answer_first)
		RESUME(&at, PTL_SYSCALL);
	while (q_wait(s, &ev)) {
		if (ev.kind == PTL_EV_EXITED) {
			/* where the exit was under way, either may have been first */
			CHECK(ev.u.exited.signo == SIGKILL || (answer_first &&
				(ev.u.exited.code == 3 || ev.u.exited.signo == SIGSEGV)),
				"%d: code %d signal %d", ev.tid, ev.u.exited.code, ev.u.exited.signo);
			ends++;
		}
		RESUME(&ev, PTL_SYSCALL);
	}
	CHECK(ends == 2, "%d ends", ends);
	close(go[0]);
	close(go[1]);
	ptl_session_free(s);
	q_check_alone();
}

int main(void)
{
	for (int where = 0; where < WHERES; where++)
		for (int first = 0; first < 2; first++)
			one((enum where)where, first);
	return 0;
}
