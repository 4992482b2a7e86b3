/* SPDX-License-Identifier: MIT */
/*
 * H1: PTRACE_ATTACH queues a SIGSTOP of its own, which mixes with the user's signals. So attach by SEIZE and INTERRUPT, again and
 * again, while another process sends queued signals a thousand times a second and stops and continues the target between.
 * Every queued signal must arrive once, in order, with its value, and job control must have the last word.
 */
#include "quirk.h"

struct record {
	volatile uint32_t got;	    /* queued signals handled */
	volatile uint32_t disorder; /* of these, not the one that was next */
	volatile uint64_t turns;    /* the target's own work */
	volatile uint32_t sent, stops;
	volatile int enough;
};

static struct record *rec;

static void on_queued(int sig, siginfo_t *si, void *context)
{
	rec->disorder += si->si_value.sival_int != (int)rec->got || si->si_code != SI_QUEUE;
	rec->got++;
}

static void target(void)
{
	struct sigaction sa = {.sa_sigaction = on_queued, .sa_flags = SA_SIGINFO | SA_RESTART};
	volatile unsigned i;

	setpgid(0, 0); /* the group of a test is an orphaned one, which SIGTSTP does not stop */
	sigaction(SIGRTMIN, &sa, NULL);
	rec->turns = 1;
	for (;;) {
		rec->turns++;
		for (i = 0; i < 1000; i++)
			;
		if (rec->turns % 16 == 0)
			q_sleep_us(50); /* signals find it in calls, too */
	}
}

static void sender(pid_t to)
{
	for (rec->sent = 0; !rec->enough || rec->sent < 50;) {
		if (sigqueue(to, SIGRTMIN, (union sigval){.sival_int = (int)rec->sent}) == 0)
			rec->sent++;
		if (rec->sent % 7 == 3) {
			kill(to, rec->sent % 2 ? SIGSTOP : SIGTSTP);
			rec->stops++;
			q_sleep_us(q_random(1500));
			kill(to, SIGCONT);
		}
		q_sleep_us(700);
	}
	_exit(0);
}

int main(void)
{
	unsigned rounds = q_rounds(40), i, events = 0;
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	pid_t pid, from;
	uint64_t turns;

	rec = q_shared(sizeof(*rec));
	pid = q_fork();
	if (!pid)
		target();
	UNTIL(rec->turns);
	from = q_fork();
	if (!from)
		sender(pid);
	for (i = 0; i < rounds; i++) {
		unsigned most = q_random(12);

		OK(s, ptl_attach(s, pid, 0));
		/* through a few stops of whatever kind, or none: detach delivers what is unanswered */
		while (most-- && ptl_wait_for(s, &ev, Q_NS(2)) > 0) {
			CHECK(ev.kind == PTL_EV_STARTED || ev.kind == PTL_EV_SIGNAL ||
					ev.kind == PTL_EV_GROUP_STOP || ev.kind == PTL_EV_CONTINUED,
				"unexpected %s", ptl_event_name(ev.kind));
			events++;
			if (most)
				RESUME(&ev, PTL_RUN);
		}
		OK(s, ptl_detach(ptl_find_process(s, pid), Q_NS(Q_LONG_MS)));
		CHECK(ptl_task_count(s) == 0, "detached, but %zu tasks are left", ptl_task_count(s));
	}
	rec->enough = 1;
	CHECK(q_reap(from) == 0, "the sender failed");
	UNTIL(rec->got == rec->sent);
	CHECK(!rec->disorder, "%u of %u signals came out of order or changed", rec->disorder, rec->got);
	/* what was last was SIGCONT */
	turns = rec->turns;
	UNTIL(rec->turns > turns + 10);
	q_check_free(pid);
	/* and if it is SIGSTOP, stopped it stays */
	OK(s, ptl_attach(s, pid, 0));
	kill(pid, SIGSTOP);
	OK(s, ptl_detach(ptl_find_process(s, pid), Q_NS(Q_LONG_MS)));
	UNTIL(q_state(pid) == 'T');
	printf("%u attaches, %u signals, %u stops, %u events\n", rounds, rec->sent, rec->stops, events);
	ptl_session_free(s);
	q_kill_and_reap(pid);
	q_check_alone();
	return 0;
}
