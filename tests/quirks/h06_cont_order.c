/* SPDX-License-Identifier: MIT */
/*
 * H6: SIGCONT wakes a stopped process when it is sent, not when it is delivered: nothing a tracer does can hold it back, and
 * other signals may be reported before it. So: the process goes on even when SIGCONT itself is suppressed, each handler runs once per
 * signal that was delivered, in the order in which they were reported.
 */
#include "quirk.h"

enum { MOST = 8 };

struct record {
	volatile uint64_t turns;
	volatile int n, sig[MOST];
};

static struct record *rec;

static void on_signal(int sig)
{
	if (rec->n < MOST)
		rec->sig[rec->n] = sig;
	rec->n++;
}

static void target(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigfillset(&sa.sa_mask);
	sigaction(SIGCONT, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	for (;;) {
		rec->turns++;
		q_sleep_us(100);
	}
}

int main(void)
{
	struct ptl_session *s = q_session(0);
	unsigned rounds = q_rounds(40), i;
	struct ptl_event ev;
	pid_t pid;

	rec = q_shared(sizeof(*rec));
	pid = q_fork();
	if (!pid)
		target();
	UNTIL(rec->turns > 2);
	q_attach(s, pid, &ev);
	RESUME(&ev, PTL_RUN);
	for (i = 0; i < rounds; i++) {
		bool suppress = i % 3 == 2;
		int seen[MOST], n = 0, want, delivered = 0, seen_cont = 0;
		uint64_t before;

		rec->n = 0;
		kill(pid, SIGSTOP);
		q_expect(s, &ev, PTL_EV_SIGNAL);
		RESUME(&ev, PTL_RUN);
		q_expect(s, &ev, PTL_EV_GROUP_STOP);
		RESUME(&ev, PTL_RUN);
		kill(pid, SIGUSR1);
		q_quiet(s, 1); /* a stopped process takes no signal, traced or not */
		kill(pid, SIGCONT);
		while (n < 2) {
			CHECK(q_wait(s, &ev), "lost the tracee");
			if (ev.kind == PTL_EV_SIGNAL) {
				seen[n++] = ev.u.signal.info.signo;
				if (suppress && ev.u.signal.info.signo == SIGCONT)
					ev.u.signal.deliver = 0;
				else
					delivered++;
			} else {
				CHECK(ev.kind == PTL_EV_CONTINUED, "%s", ptl_event_name(ev.kind));
				seen_cont++;
			}
			RESUME(&ev, PTL_RUN);
		}
		CHECK(seen_cont == 1, "continued %d times", seen_cont);
		CHECK(seen[0] + seen[1] == SIGUSR1 + SIGCONT, "signals %d and %d", seen[0], seen[1]);
		want = suppress ? 1 : 2;
		CHECK(delivered == want, "delivered %d", delivered);
		before = rec->turns;
		UNTIL(rec->turns > before + 2); /* it runs, also without SIGCONT */
		CHECK(rec->n == want, "%d handlers ran, not %d", rec->n, want);
		/* with all signals blocked in handlers, the last one set up runs first: the order of reports, unless both came at once */
		if (suppress)
			CHECK(rec->sig[0] == SIGUSR1, "handler of %d ran", rec->sig[0]);
		else
			CHECK(rec->sig[0] + rec->sig[1] == SIGUSR1 + SIGCONT, "handlers of %d and %d ran",
				rec->sig[0], rec->sig[1]);
	}
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	q_check_free(pid);
	ptl_session_free(s);
	q_kill_and_reap(pid);
	q_check_alone();
	return 0;
}
