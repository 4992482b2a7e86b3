/* SPDX-License-Identifier: MIT */
/*
 * Attach to 64 spinning threads and detach, again and again: every thread is had each time, stands still while it is stopped, goes
 * on afterwards, and none is left traced or stopped. STORM_N sets the rounds (60).
 *
 * Time limit: 240 s
 */
#include "../quirks/quirk.h"

enum { THREADS = 64 };

static volatile uint64_t *beat;

static void *spin(void *arg)
{
	volatile uint64_t *mine = arg;

	for (;;)
		(*mine)++;
	return NULL;
}

static void debuggee(void)
{
	pthread_t t;
	int i;

	for (i = 1; i < THREADS; i++)
		if (pthread_create(&t, NULL, spin, (void *)&beat[i]))
			_exit(1);
	spin((void *)&beat[0]);
}

int main(void)
{
	const char *by = getenv("STORM_N");
	unsigned rounds = by ? (unsigned)atoi(by) : 60, round;
	uint64_t before[THREADS];
	int64_t spent = 0, worst = 0;
	pid_t pid;
	int i;

	beat = q_shared(sizeof(*beat) * THREADS);
	pid = q_fork();
	if (pid == 0)
		debuggee();
	for (i = 0; i < THREADS; i++)
		UNTIL(beat[i]);

	for (round = 0; round < rounds; round++) {
		struct ptl_session *s = q_session(PTL_FOLLOW);
		int64_t t0 = q_now_ms(), ms;

		OK(s, ptl_attach(s, pid, 0));
		CHECK(OK(s, ptl_stop_all(s, Q_NS(Q_LONG_MS))) == 0, "some thread did not stop");
		CHECK(ptl_task_count(s) == THREADS, "%zu tasks of %d", ptl_task_count(s), THREADS);
		if (round % 8 == 0) {
			for (i = 0; i < THREADS; i++)
				before[i] = beat[i];
			q_sleep_us(2000);
			for (i = 0; i < THREADS; i++)
				CHECK(beat[i] == before[i], "thread %d runs though all are stopped", i);
		}
		OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
		ms = q_now_ms() - t0;
		spent += ms;
		worst = ms > worst ? ms : worst;
		ptl_session_free(s);
		if (round % 8 == 0) {
			for (i = 0; i < THREADS; i++)
				before[i] = beat[i];
			for (i = 0; i < THREADS; i++)
				UNTIL(beat[i] != before[i]);
		}
	}
	q_check_free(pid);
	printf("%u rounds, %lld ms each, the longest %lld ms\n", rounds, (long long)(spent / rounds),
		(long long)worst);
	q_kill_and_reap(pid);
	q_check_alone();
	return 0;
}
