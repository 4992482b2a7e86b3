/* SPDX-License-Identifier: MIT */
/*
 * H7: detaching leaves a process as it is: stopped stays stopped, running stays running, with 64 threads, wherever between
 * attach, answer, stop and continue the detach comes.
 */
#include "quirk.h"

enum { THREADS = 64 };

static volatile uint64_t *turns;

static void *work(void *arg)
{
	for (;;) {
		turns[(long)arg]++;
		q_sleep_us(2000);
	}
	return NULL;
}

static void target(void)
{
	pthread_attr_t at;
	pthread_t t;
	long i;

	pthread_attr_init(&at);
	pthread_attr_setstacksize(&at, 65536);
	for (i = 1; i < THREADS; i++)
		pthread_create(&t, &at, work, (void *)i);
	work(NULL);
}

static bool all_turn(void)
{
	for (int i = 0; i < THREADS; i++)
		if (!turns[i])
			return false;
	return true;
}

static void clear_turns(void)
{
	for (int i = 0; i < THREADS; i++)
		turns[i] = 0;
}

static bool all_stopped(pid_t pid)
{
	pid_t tid[THREADS + 8];
	int n = q_tids(pid, tid, THREADS + 8);

	while (n > 0 && q_state(tid[n - 1]) == 'T')
		n--;
	return n == 0;
}

static void check_stopped(pid_t pid, const char *when)
{
	UNTIL(q_status(pid, "TracerPid") == 0);
	UNTIL(all_stopped(pid));
	clear_turns();
	q_sleep_us(5000);
	for (int i = 0; i < THREADS; i++)
		CHECK(!turns[i], "%s: thread %d runs", when, i);
	kill(pid, SIGCONT);
	UNTIL(all_turn());
}

static void stop(pid_t pid)
{
	kill(pid, SIGSTOP);
	UNTIL(all_stopped(pid));
}

static void all_started(struct ptl_session *s, bool answer)
{
	struct ptl_event ev;

	for (int i = 0; i < THREADS; i++) {
		q_expect(s, &ev, PTL_EV_STARTED);
		if (answer)
			RESUME(&ev, PTL_RUN);
	}
}

int main(void)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	pid_t pid;
	int i, n;

	turns = q_shared(THREADS * sizeof(*turns));
	pid = q_fork();
	if (!pid)
		target();
	UNTIL(all_turn());

	/* stopped; attached; detached before any event was looked at */
	stop(pid);
	OK(s, ptl_attach(s, pid, 0));
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	check_stopped(pid, "no event taken");

	/* ... with the events unanswered */
	stop(pid);
	OK(s, ptl_attach(s, pid, 0));
	all_started(s, false);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	check_stopped(pid, "events unanswered");

	/* ... with all of them listening */
	stop(pid);
	OK(s, ptl_attach(s, pid, 0));
	all_started(s, true);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	check_stopped(pid, "listening");

	/* ... after stop_all and resume_all, which have no say in it */
	stop(pid);
	OK(s, ptl_attach(s, pid, 0));
	all_started(s, true);
	CHECK(OK(s, ptl_stop_all(s, Q_NS(Q_LONG_MS))) == 0, "some did not stop");
	OK(s, ptl_resume_all(s));
	q_quiet(s, 2);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	check_stopped(pid, "stopped and resumed");

	/* running; stopped while attached; detached half way into the stop */
	for (i = 0; i < 4; i++) {
		OK(s, ptl_attach(s, pid, 0));
		all_started(s, true);
		kill(pid, SIGSTOP);
		q_expect(s, &ev, PTL_EV_SIGNAL);
		if (i)
			RESUME(&ev, PTL_RUN);
		for (n = 0; n < i * 20; n++) {
			q_expect(s, &ev, PTL_EV_GROUP_STOP);
			if (i > 1)
				RESUME(&ev, PTL_RUN);
		}
		OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
		check_stopped(pid, "stopped while attached");
	}

	/* stopped; continued while attached: runs */
	stop(pid);
	OK(s, ptl_attach(s, pid, 0));
	all_started(s, true);
	kill(pid, SIGCONT);
	q_expect(s, &ev, PTL_EV_CONTINUED);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	clear_turns();
	UNTIL(all_turn());
	q_check_free(pid);

	ptl_session_free(s);
	q_kill_and_reap(pid);
	q_check_alone();
	return 0;
}
