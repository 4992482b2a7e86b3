/* SPDX-License-Identifier: MIT */
/*
 * A program that sets the trap flag itself gets its SIGTRAPs when it is stepped, as many and at the same places as when it is not.
 */
#include "stepping.h"

#include <ucontext.h>

static volatile unsigned traps;
static volatile uint64_t places; /* a sum that tells their order */
static volatile uint64_t base;

static void on_trap(int signo, siginfo_t *info, void *context)
{
	const ucontext_t *u = context;

	(void)signo;
	traps++;
	places = places * 31 + ((uint64_t)u->uc_mcontext.gregs[REG_RIP] - base) * 7 + (uint64_t)info->si_code;
}

/* Set before the second nop; each instruction after that up to the popf that clears it traps. */
PIECE(traced_code, "pushfq\n orq $0x100,(%rsp)\n popfq\n nop\n nop\n nop\n pushfq\n andq $~0x100,(%rsp)\n popfq\n nop\n nop");

static uint64_t *shared;

static long own_flag(void)
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	base = (uintptr_t)traced_code;
	sigaction(SIGTRAP, &action, NULL);
	traced_code();
	shared[0] = traps;
	shared[1] = places;
	return 0;
}

int main(void)
{
	uint64_t free_traps, free_places;
	struct stepped r;

	shared = q_shared(4096);
	CHECK(run_free(own_flag) == 0, "does not run without a tracer");
	free_traps = shared[0];
	free_places = shared[1];
	CHECK(free_traps == 6, "%u traps without a tracer, expected 6", (unsigned)free_traps);
	shared[0] = shared[1] = 0;
	r = step_through(own_flag, (const char *)own_flag + 1);
	CHECK(r.exit == 0, "exit status %d when stepped", r.exit);
	CHECK(shared[0] == free_traps, "%u traps when stepped, %u when not", (unsigned)shared[0], (unsigned)free_traps);
	CHECK(shared[1] == free_places, "the traps came at other places when stepped");
	CHECK(r.signals == free_traps, "%u signal events, %u traps", r.signals, (unsigned)free_traps);
	q_check_alone();
	return 0;
}
