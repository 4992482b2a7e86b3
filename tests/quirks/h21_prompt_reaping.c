/* SPDX-License-Identifier: MIT */
/*
 * H21: the real parent of a traced process hears of its death only when the tracer has reaped it. So a session that waits reaps at once,
 * whatever the task was doing, even with events of it unanswered, and before its EXITED is answered.
 */
#include "quirk.h"

enum how { RUNNING, STOPPED, AT_SYSCALL, AT_SIGNAL, IN_GROUP_STOP, LISTENING, BESIDE_ANOTHER, HOWS };

struct record {
	volatile pid_t pid;
	volatile int status, reaped;
	volatile uint64_t turns;
};

static struct record *rec;

static void program(void)
{
	for (;;) {
		rec->turns++;
		syscall(SYS_getppid);
	}
}

static void parent(void)
{
	int status;
	pid_t p = q_fork();

	if (!p)
		program();
	rec->pid = p;
	if (waitpid(p, &status, 0) == p) {
		rec->status = status;
		rec->reaped = 1;
	}
	_exit(0);
}

static void one(enum how how)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev, other;
	pid_t par, extra = 0;

	memset(rec, 0, sizeof(*rec));
	par = q_fork();
	if (!par)
		parent();
	UNTIL(rec->pid && rec->turns > 2);
	q_attach(s, rec->pid, &ev);
	if (how == BESIDE_ANOTHER) {
		/* a tracee that stands, unanswered, is no reason to look away */
		extra = q_fork();
		if (!extra)
			for (;;)
				pause();
		q_attach(s, extra, &other);
		RESUME(&ev, PTL_RUN);
	}
	if (how == RUNNING)
		RESUME(&ev, PTL_RUN);
	if (how == AT_SYSCALL) {
		RESUME(&ev, PTL_SYSCALL);
		q_expect(s, &ev, PTL_EV_SYSCALL_ENTRY);
	}
	if (how == AT_SIGNAL || how == IN_GROUP_STOP || how == LISTENING) {
		RESUME(&ev, PTL_RUN);
		kill(rec->pid, SIGSTOP);
		q_expect(s, &ev, PTL_EV_SIGNAL);
		if (how != AT_SIGNAL) {
			RESUME(&ev, PTL_RUN);
			q_expect(s, &ev, PTL_EV_GROUP_STOP);
		}
		if (how == LISTENING)
			RESUME(&ev, PTL_RUN);
	}
	kill(rec->pid, SIGKILL);
	q_expect(s, &ev, PTL_EV_EXITED);
	CHECK(ev.u.exited.signo == SIGKILL && ev.u.exited.last && !ev.u.exited.unknown, "at %d: signal %d",
		how, ev.u.exited.signo);
	UNTIL(rec->reaped); /* not answered yet */
	CHECK(WIFSIGNALED(rec->status) && WTERMSIG(rec->status) == SIGKILL, "the parent saw 0x%x",
		rec->status);
	RESUME(&ev, PTL_RUN);
	CHECK(q_reap(par) == 0, "the parent failed");
	if (extra) {
		CHECK(ptl_task_count(s) == 1, "one tracee should be left");
		RESUME(&other, PTL_RUN);
		OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
		q_check_free(extra);
		q_kill_and_reap(extra);
	}
	CHECK(ptl_wait_for(s, &ev, 0) == 0, "a tracee is left");
	ptl_session_free(s);
}

int main(void)
{
	rec = q_shared(sizeof(*rec));
	for (int how = 0; how < HOWS; how++)
		one((enum how)how);
	q_check_alone();
	return 0;
}
