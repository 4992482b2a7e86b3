/* SPDX-License-Identifier: MIT */
/*
 * H44: PTRACE_KILL does nothing unless the task happens to be in a signal-delivery stop. ptl_kill() ends the process from every state
 * a task can be in, whether or not its stop is ever answered.
 */
#include "quirk.h"

enum state {
	RUNNING,
	BLOCKED,
	AT_START,
	AT_SYSCALL_ENTRY,
	AT_SYSCALL_EXIT,
	AT_SIGNAL,
	AT_GROUP_STOP,
	LISTENING,
	INTERRUPTED,
	STOPPED_SILENTLY,
	STEPPED,
	AT_BIRTH,
	AT_EXEC,
	STATES
};

static volatile int *sink;

static void program(enum state state)
{
	while (!*sink)
		q_sleep_us(100);
	if (state == BLOCKED)
		for (;;)
			pause();
	if (state == AT_BIRTH)
		if (fork() == 0)
			_exit(0);
	if (state == AT_EXEC)
		execlp("sleep", "sleep", "100", NULL);
	for (;;)
		*sink += getppid() != 0;
}

static void until(struct ptl_session *s, struct ptl_event *ev, enum ptl_event_kind kind, enum ptl_resume_how how)
{
	do {
		RESUME(ev, how);
		CHECK(q_wait(s, ev), "lost the tracee");
	} while (ev->kind != kind);
}

static void one(enum state state, bool answer)
{
	struct ptl_session *s = q_session(PTL_FOLLOW);
	struct ptl_event ev;
	pid_t pid;

	*sink = 0;
	pid = q_fork();
	if (!pid)
		program(state);
	q_attach(s, pid, &ev);
	*sink = 1;
	switch (state) {
	case AT_START:
		break;
	case RUNNING:
	case BLOCKED:
		RESUME(&ev, PTL_RUN);
		q_quiet(s, 3);
		break;
	case AT_SYSCALL_ENTRY:
		until(s, &ev, PTL_EV_SYSCALL_ENTRY, PTL_SYSCALL);
		break;
	case AT_SYSCALL_EXIT:
		until(s, &ev, PTL_EV_SYSCALL_EXIT, PTL_SYSCALL);
		break;
	case AT_SIGNAL:
	case AT_GROUP_STOP:
	case LISTENING:
		kill(pid, SIGSTOP);
		until(s, &ev, PTL_EV_SIGNAL, PTL_RUN);
		if (state != AT_SIGNAL)
			until(s, &ev, PTL_EV_GROUP_STOP, PTL_RUN);
		if (state == LISTENING)
			RESUME(&ev, PTL_RUN);
		break;
	case INTERRUPTED:
		RESUME(&ev, PTL_RUN);
		OK(s, ptl_interrupt(ptl_find_task(s, pid)));
		q_expect(s, &ev, PTL_EV_INTERRUPTED);
		break;
	case STOPPED_SILENTLY:
		RESUME(&ev, PTL_RUN);
		CHECK(OK(s, ptl_stop_all(s, Q_NS(Q_LONG_MS))) == 0, "it did not stop");
		break;
	case STEPPED:
		until(s, &ev, PTL_EV_STEPPED, PTL_STEP);
		break;
	case AT_BIRTH:
		until(s, &ev, PTL_EV_FORKED, PTL_RUN);
		break;
	case AT_EXEC:
		until(s, &ev, PTL_EV_EXEC, PTL_RUN);
		break;
	case STATES:
		break;
	}
	OK(s, ptl_kill(ptl_find_process(s, pid)));
	if (answer && ev.task)
		RESUME(&ev, PTL_RUN);
	do {
		CHECK(q_wait(s, &ev), "state %d: no end", state);
		if (ev.tid != pid)
			RESUME(&ev, PTL_RUN);
	} while (ev.tid != pid || ev.kind != PTL_EV_EXITED);
	CHECK(ev.u.exited.signo == SIGKILL, "state %d: signal %d", state, ev.u.exited.signo);
	CHECK(ptl_kill(ptl_task_process(ev.task)) == -PTL_EGONE, "a dead process was killed again");
	RESUME(&ev, PTL_RUN);
	while (q_wait(s, &ev)) /* its child */
		RESUME(&ev, PTL_RUN);
	ptl_session_free(s);
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	q_check_alone();
}

int main(void)
{
	sink = q_shared(4096);
	for (int state = 0; state < STATES; state++)
		for (int answer = 0; answer < 2; answer++)
			one((enum state)state, answer);
	return 0;
}
