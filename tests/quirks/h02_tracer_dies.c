/* SPDX-License-Identifier: MIT */
/*
 * H2: a tracer is killed at each point of an attach. A process attached by PTRACE_ATTACH would be left stopped; one that was seized
 * runs on, and one that job control had stopped stays stopped until SIGCONT.
 */
#include "quirk.h"

enum point { SEIZED, HELD, RUNNING, INTERRUPTED, SYSCALL_ENTRY, LISTENING, POINTS };

static volatile uint64_t *turns;
static volatile int *ready;

static void target(void)
{
	for (;;) {
		++*turns;
		q_sleep_us(100);
	}
}

/* Runs as the tracer up to the point, says so, and waits for its end. */
static void tracer(pid_t pid, enum point point)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;

	OK(s, ptl_attach(s, pid, 0));
	if (point > SEIZED)
		q_expect(s, &ev, PTL_EV_STARTED);
	if (point > HELD)
		RESUME(&ev, point == SYSCALL_ENTRY ? PTL_SYSCALL : PTL_RUN);
	if (point == INTERRUPTED) {
		OK(s, ptl_interrupt(ptl_find_task(s, pid)));
		q_expect(s, &ev, PTL_EV_INTERRUPTED);
	}
	while (point == SYSCALL_ENTRY) {
		CHECK(q_wait(s, &ev), "the target ended");
		if (ev.kind == PTL_EV_SYSCALL_ENTRY)
			break;
		RESUME(&ev, PTL_SYSCALL);
	}
	*ready = 1;
	for (;;)
		pause();
}

static void one(enum point point, bool stopped)
{
	uint64_t before;
	pid_t pid, by;

	*turns = 0;
	*ready = 0;
	pid = q_fork();
	if (!pid)
		target();
	UNTIL(*turns > 2);
	if (stopped) {
		kill(pid, SIGSTOP);
		UNTIL(q_state(pid) == 'T');
	}
	by = q_fork();
	if (!by)
		tracer(pid, point);
	UNTIL(*ready || q_state(by) == 'Z');
	CHECK(*ready, "the tracer failed at point %d", point);
	q_kill_and_reap(by);
	UNTIL(q_status(pid, "TracerPid") == 0);
	if (stopped) {
		UNTIL(q_state(pid) == 'T');
		before = *turns;
		q_sleep_us(2000);
		CHECK(*turns == before, "point %d: a stopped process runs", point);
		kill(pid, SIGCONT);
	}
	before = *turns;
	UNTIL(*turns > before + 2);
	q_kill_and_reap(pid);
}

int main(void)
{
	int point;

	turns = q_shared(4096);
	ready = (volatile int *)(turns + 1);
	for (point = 0; point < POINTS; point++)
		if (point != LISTENING)
			one((enum point)point, false);
	one(SEIZED, true);
	one(HELD, true);
	one(LISTENING, true);
	q_check_alone();
	return 0;
}
