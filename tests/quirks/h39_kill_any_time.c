/* SPDX-License-Identifier: MIT */
/*
 * H39: SIGKILL may come at any instant, and then any request on the task may fail with ESRCH before its death is reported. To the caller
 * that is news: no call fails for it but by -ESRCH or -PTL_EGONE, resuming never does, and the death comes as one EXITED.
 */
#include "quirk.h"

static volatile int *sink;

static void killer(pid_t pid, unsigned us)
{
	q_sleep_us(us);
	kill(pid, SIGKILL);
	_exit(0);
}

/* -ESRCH and -PTL_EGONE say that it died; so may a failed read of memory that has gone. */
#define NEWS(call)                                                                                 \
	do {                                                                                       \
		int64_t q_r = (call);                                                              \
		CHECK(q_r >= 0 || q_r == -ESRCH || q_r == -PTL_EGONE || q_r == -PTL_EBADADDR,      \
			"%s: %s", #call, ptl_error_name((int)q_r));                                \
		failures += q_r < 0;                                                               \
	} while (0)

int main(void)
{
	unsigned rounds = q_rounds(80), i, failures = 0, stops = 0;
	struct ptl_session *s = q_session(0);

	sink = q_shared(4096);
	for (i = 0; i < rounds; i++) {
		static const enum ptl_resume_how hows[] = {PTL_SYSCALL, PTL_RUN, PTL_STEP};
		enum ptl_resume_how how = hows[i % 3];
		unsigned us = q_random(1500);
		struct ptl_siginfo info;
		struct ptl_event ev;
		uint64_t value;
		bool ended = false;
		pid_t pid, by;

		pid = q_fork();
		if (!pid)
			for (;;)
				*sink += getppid() != 0;
		q_attach(s, pid, &ev);
		by = q_fork();
		if (!by)
			killer(pid, us);
		for (;;) {
			int64_t r;

			stops++;
			NEWS(ptl_get(ev.task, "rip", &value));
			NEWS(ptl_read(ev.task, (uintptr_t)sink, &value, 8));
			NEWS(ptl_sigmask_get(ev.task, &value));
			r = ptl_siginfo_get(ev.task, &info);
			CHECK(r >= 0 || r == -PTL_ESTATE || r == -ESRCH || r == -PTL_EGONE, "siginfo: %d", (int)r);
			if (i % 4 == 0 && ptl_get(ev.task, "r15", &value) == 0)
				NEWS(ptl_set(ev.task, "r15", value)); /* its own value, written back */
			RESUME(&ev, how); /* never fails */
			if (how == PTL_RUN)
				OK(s, ptl_interrupt(ptl_find_task(s, pid)));
			if (i % 5 == 0) {
				OK(s, ptl_stop_all(s, Q_NS(Q_LONG_MS)));
				OK(s, ptl_resume_all(s));
			}
			if (!q_wait(s, &ev))
				break;
			if (ev.kind == PTL_EV_EXITED) {
				CHECK(!ended && ev.tid == pid, "a second end");
				CHECK(ev.u.exited.signo == SIGKILL && ev.u.exited.last && !ev.u.exited.unknown,
					"signal %d", ev.u.exited.signo);
				ended = true;
				NEWS(ptl_get(ev.task, "rip", &value));
				RESUME(&ev, how);
				CHECK(ptl_wait_for(s, &ev, 0) == 0, "a tracee is left");
				break;
			}
		}
		CHECK(ended, "no end was reported");
		CHECK(q_reap(by) == 0, "the killer failed");
	}
	printf("%u kills, %u stops, %u calls said that it had died\n", rounds, stops, failures);
	ptl_session_free(s);
	q_check_alone();
	return 0;
}
