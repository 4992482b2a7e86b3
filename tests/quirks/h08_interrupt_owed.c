/* SPDX-License-Identifier: MIT */
/*
 * H8: PTRACE_INTERRUPT coalesces, may be overtaken by any other stop and is then still owed, and fires after the next resume if it was
 * given to a stopped task. So the session counts: each ptl_interrupt() of a running task is answered by exactly one event, of
 * whatever kind, and no stop comes later that nobody asked for.
 */
#include "quirk.h"

static volatile uint32_t *got;
static volatile uint64_t *turns;

static void on_queued(int sig, siginfo_t *si, void *context)
{
	++*got;
}

static void target(bool idle)
{
	struct sigaction sa = {.sa_sigaction = on_queued, .sa_flags = SA_SIGINFO | SA_RESTART};

	sigaction(SIGRTMIN, &sa, NULL);
	*turns = 1;
	for (;;) {
		++*turns;
		if (idle)
			pause();
	}
}

static void one(bool idle)
{
	struct ptl_session *s = q_session(0);
	unsigned rounds = q_rounds(300), i, sent = 0, seen = 0;
	struct ptl_event ev;
	struct ptl_task *t;
	uint64_t before;
	pid_t pid;
	int j;

	*got = 0;
	*turns = 0;
	pid = q_fork();
	if (!pid)
		target(idle);
	UNTIL(*turns > 1);
	q_attach(s, pid, &ev);
	t = ev.task;
	RESUME(&ev, PTL_RUN);

	/* five are one */
	for (j = 0; j < 5; j++)
		OK(s, ptl_interrupt(t));
	q_expect(s, &ev, PTL_EV_INTERRUPTED);
	/* to a stopped one: nothing to do, and nothing later */
	for (j = 0; j < 5; j++)
		OK(s, ptl_interrupt(t));
	RESUME(&ev, PTL_RUN);
	q_quiet(s, 5);
	CHECK(ptl_task_state(t) == PTL_TASK_RUNNING, "it does not run");

	/* signals race with interrupts */
	for (i = 0; i < rounds; i++) {
		bool signal_first = q_random(2), with_signal = q_random(4) != 0;
		unsigned events = 0, signals = 0;

		/* the queue may be full: the limit is one of the user's, not of the process's */
		if (with_signal && signal_first)
			with_signal = sigqueue(pid, SIGRTMIN, (union sigval){0}) == 0;
		OK(s, ptl_interrupt(t));
		if (with_signal && !signal_first)
			with_signal = sigqueue(pid, SIGRTMIN, (union sigval){0}) == 0;
		sent += with_signal;
		while (events < 1 || signals < with_signal) {
			CHECK(q_wait(s, &ev), "lost the tracee");
			CHECK(ev.kind == PTL_EV_SIGNAL || ev.kind == PTL_EV_INTERRUPTED, "%s",
				ptl_event_name(ev.kind));
			signals += ev.kind == PTL_EV_SIGNAL;
			events++;
			RESUME(&ev, PTL_RUN);
		}
		CHECK(events <= 1u + with_signal, "%u events for one interrupt%s", events,
			with_signal ? " and one signal" : "");
		seen += signals;
		if (i % 64 == 0)
			q_quiet(s, 1); /* nothing is owed any more */
	}
	q_quiet(s, 5);
	CHECK(seen == sent, "%u signals sent, %u seen", sent, seen);
	UNTIL(*got == sent);

	/* stop_all is silent: no event of it, before or after */
	for (i = 0; i < 20; i++) {
		CHECK(OK(s, ptl_stop_all(s, Q_NS(Q_LONG_MS))) == 0, "it did not stop");
		CHECK(q_state(pid) == 't', "stopped, in state %c", q_state(pid));
		OK(s, ptl_resume_all(s));
	}
	q_quiet(s, 5);
	before = *turns;
	if (idle)
		q_until_asleep(pid);
	else
		UNTIL(*turns > before + 10);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	q_check_free(pid);
	ptl_session_free(s);
	q_kill_and_reap(pid);
}

int main(void)
{
	got = q_shared(4096);
	turns = (volatile uint64_t *)(got + 2);
	one(false);
	one(true);
	q_check_alone();
	return 0;
}
