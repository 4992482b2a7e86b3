/* SPDX-License-Identifier: MIT */
/*
 * H18: children made by clone(2) with another exit signal than SIGCHLD, or none, are waited for only with __WALL; and a tracer that asks
 * for WCONTINUED takes the event away from the real parent. All children are followed to their end with their right status,
 * by attachment and by birth, and the parent still sees its child continue.
 */
#include "quirk.h"

static const int exit_signals[] = {0, SIGUSR1, SIGCHLD, 40 /* a queued one */};
enum { KINDS = Q_COUNTOF(exit_signals) };

struct record {
	volatile pid_t pid[KINDS];
	volatile int go, continued, status[KINDS], done;
};

static struct record *rec;

static int child(void *arg)
{
	while (rec->go < 1)
		q_sleep_us(100);
	syscall(SYS_exit_group, 40 + (long)arg);
	return 0;
}

static pid_t clone_child(int i)
{
	static char stacks[KINDS][65536] __attribute__((aligned(16)));

	return clone(child, stacks[i] + sizeof(stacks[i]), exit_signals[i], (void *)(long)i);
}

/* Makes one child of each kind, waits for WCONTINUED of the first with __WALL, then for their ends. */
static void parent(void)
{
	int i, status;

	for (i = 0; i < KINDS; i++)
		if (exit_signals[i])
			signal(exit_signals[i], i == 2 ? SIG_DFL : SIG_IGN);
	for (i = 0; i < KINDS; i++)
		rec->pid[i] = clone_child(i);
	if (waitpid(rec->pid[2], &status, WCONTINUED) == rec->pid[2] && WIFCONTINUED(status))
		rec->continued = 1;
	for (i = 0; i < KINDS; i++)
		if (waitpid(rec->pid[i], &status, __WALL) == rec->pid[i])
			rec->status[i] = status;
	rec->done = 1;
	for (;;)
		pause();
}

static int ends(struct ptl_session *s, struct ptl_event *ev, int n)
{
	int ended = 0, i;

	while (ended < n) {
		CHECK(q_wait(s, ev), "lost the tracees");
		if (ev->kind == PTL_EV_EXITED) {
			for (i = 0; i < KINDS; i++)
				if (ev->tid == rec->pid[i]) {
					CHECK(ev->u.exited.code == 40 + i && !ev->u.exited.unknown,
						"child %d: code %d", i, ev->u.exited.code);
					ended++;
				}
		}
		RESUME(ev, PTL_RUN);
	}
	return ended;
}

static void check_parent(void)
{
	UNTIL(rec->done);
	CHECK(rec->continued, "the parent did not see its child continue");
	for (int i = 0; i < KINDS; i++)
		CHECK(WIFEXITED(rec->status[i]) && WEXITSTATUS(rec->status[i]) == 40 + i,
			"the parent saw status 0x%x of child %d", rec->status[i], i);
}

/* The tracer is another process than the parent. */
static void attached(void)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	pid_t par;
	int i;

	memset(rec, 0, sizeof(*rec));
	par = q_fork();
	if (!par)
		parent();
	UNTIL(rec->pid[KINDS - 1]);
	for (i = 0; i < KINDS; i++) {
		q_attach(s, rec->pid[i], &ev);
		RESUME(&ev, PTL_RUN);
	}
	kill(rec->pid[2], SIGSTOP);
	q_expect(s, &ev, PTL_EV_SIGNAL);
	RESUME(&ev, PTL_RUN);
	q_expect(s, &ev, PTL_EV_GROUP_STOP);
	RESUME(&ev, PTL_RUN);
	kill(rec->pid[2], SIGCONT);
	UNTIL(rec->continued);
	rec->go = 1;
	ends(s, &ev, KINDS);
	CHECK(ptl_wait_for(s, &ev, Q_NS(100)) == 0, "a tracee is left");
	check_parent();
	ptl_session_free(s);
	q_kill_and_reap(par);
}

/* The parent is traced, too, and its children are followed. */
static void followed(void)
{
	struct ptl_session *s = q_session(PTL_FOLLOW);
	struct ptl_event ev;
	int go[2], born = 0, forked = 0;
	pid_t par;
	char c;

	memset(rec, 0, sizeof(*rec));
	CHECK(pipe(go) == 0, "pipe");
	par = q_fork();
	if (!par) {
		close(go[1]);
		(void)!read(go[0], &c, 1);
		parent();
	}
	close(go[0]);
	q_attach(s, par, &ev);
	close(go[1]);
	RESUME(&ev, PTL_RUN);
	while (born < KINDS || forked < KINDS) {
		CHECK(q_wait(s, &ev), "lost the tracees");
		born += ev.kind == PTL_EV_STARTED && ev.u.started.how == PTL_START_BORN;
		forked += ev.kind == PTL_EV_FORKED;
		RESUME(&ev, PTL_RUN);
	}
	CHECK(born == KINDS && forked == KINDS, "%d born of %d", born, forked);
	UNTIL(rec->pid[KINDS - 1]);
	kill(rec->pid[2], SIGSTOP);
	do
		q_wait(s, &ev), RESUME(&ev, PTL_RUN);
	while (ev.kind != PTL_EV_GROUP_STOP);
	kill(rec->pid[2], SIGCONT);
	do {
		int r = ptl_wait_for(s, &ev, Q_NS(10));

		if (r > 0)
			RESUME(&ev, PTL_RUN);
	} while (!rec->continued);
	rec->go = 1;
	ends(s, &ev, KINDS);
	do {
		int r = ptl_wait_for(s, &ev, Q_NS(10));

		if (r > 0)
			RESUME(&ev, PTL_RUN);
	} while (!rec->done);
	check_parent();
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	q_check_free(par);
	ptl_session_free(s);
	q_kill_and_reap(par);
}

int main(void)
{
	rec = q_shared(sizeof(*rec));
	attached();
	followed();
	q_check_alone();
	return 0;
}
