/* SPDX-License-Identifier: MIT */
/*
 * int1 (icebp), int3 and int $3 of the program's own: each is told as a step, and then as the program's SIGTRAP, once. Under some hypervisors
 * a stepped int1 never advances; it must here.
 */
#include "stepping.h"

static volatile unsigned traps;
static uint64_t *shared;

static void on_trap(int signo)
{
	(void)signo;
	traps++;
}

PIECE(icebp, ".byte 0xf1\n nop\n nop");
PIECE(breakpoint, "int3\n nop\n nop");
PIECE(long_breakpoint, ".byte 0xcd,3\n nop\n nop");

static long without_icebp(void)
{
	signal(SIGTRAP, on_trap);
	breakpoint();
	long_breakpoint();
	shared[0] = traps;
	return 0;
}

static long all(void)
{
	signal(SIGTRAP, on_trap);
	icebp();
	breakpoint();
	long_breakpoint();
	icebp();
	shared[0] = traps;
	return 0;
}

static unsigned inside(const char *from, const char *to, const uint64_t *steps, size_t n)
{
	unsigned count = 0;
	size_t i;

	for (i = 0; i < n; i++)
		count += steps[i] >= (uintptr_t)from && steps[i] < (uintptr_t)to;
	return count;
}

int main(void)
{
	struct ptl_session *s;
	struct ptl_event ev;
	static uint64_t steps[100000];
	size_t n = 0;
	unsigned signals = 0, i;
	int gate, status = -1;
	pid_t pid;

	shared = q_shared(4096);
	/* int1 is left out: where it does not advance, it hangs a program without any tracer */
	CHECK(run_free(without_icebp) == 0 && shared[0] == 2, "%u traps without a tracer", (unsigned)shared[0]);
	shared[0] = 0;
	s = q_session(PTL_FOLLOW);
	pid = piece_child(all, &gate);
	q_attach(s, pid, &ev);
	close(gate);
	RESUME(&ev, PTL_STEP);
	while (q_wait(s, &ev)) {
		if (ev.kind == PTL_EV_STEPPED && n < Q_COUNTOF(steps))
			steps[n++] = ev.u.stepped.address;
		if (ev.kind == PTL_EV_SIGNAL) {
			signals++;
			CHECK(ev.u.signal.info.signo == SIGTRAP, "signal %d", ev.u.signal.info.signo);
			CHECK(ev.u.signal.deliver == SIGTRAP, "its SIGTRAP is not to be delivered");
		}
		if (ev.kind == PTL_EV_EXITED)
			status = ev.u.exited.signo ? 256 + ev.u.exited.signo : ev.u.exited.code;
		RESUME(&ev, PTL_STEP);
	}
	ptl_session_free(s);
	waitpid(pid, NULL, WNOHANG | __WALL);
	CHECK(status == 0, "exit status %d when stepped", status);
	CHECK(signals == 4 && shared[0] == 4, "%u signal events, %u handled", signals, (unsigned)shared[0]);
	i = inside((const char *)icebp, icebp_end, steps, n);
	CHECK(i == 6, "int1 and two nops, twice: %u told", i);
	i = inside((const char *)breakpoint, breakpoint_end, steps, n);
	CHECK(i == 3, "int3 and two nops: %u told", i);
	i = inside((const char *)long_breakpoint, long_breakpoint_end, steps, n);
	CHECK(i == 3, "int $3 and two nops: %u told", i);
	q_check_alone();
	return 0;
}
