/* SPDX-License-Identifier: MIT */
/* control: the stop classifier, on every shape of status that waitpid() gives a tracer, and on all 2^24 others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "base/base.h"
#include "control/classify.h"

#define STOPPED(sig) ((sig) << 8 | 0x7f)
#define EVENT(n, sig) ((n) << 16 | STOPPED(sig))

static const struct {
	int status;
	struct pt_stop want;
} table[] = {
	/* ends */
	{0x0000, {PT_STOP_EXITED, 0, false}},
	{0x0100, {PT_STOP_EXITED, 1, false}},
	{0x7f00, {PT_STOP_EXITED, 127, false}},
	{0xff00, {PT_STOP_EXITED, 255, false}},
	{SIGHUP, {PT_STOP_KILLED, SIGHUP, false}},
	{SIGKILL, {PT_STOP_KILLED, SIGKILL, false}},
	{SIGTRAP, {PT_STOP_KILLED, SIGTRAP, false}},
	{SIGSEGV | 0x80, {PT_STOP_KILLED, SIGSEGV, true}},
	{SIGTRAP | 0x80, {PT_STOP_KILLED, SIGTRAP, true}},
	{64, {PT_STOP_KILLED, 64, false}},
	{64 | 0x80, {PT_STOP_KILLED, 64, true}},
	/* not a tracer's business */
	{0xffff, {PT_STOP_NONE, 0, false}},
	/* signals about to be delivered, also those that stop, and SIGTRAP without an event */
	{STOPPED(SIGHUP), {PT_STOP_SIGNAL, SIGHUP, false}},
	{STOPPED(SIGTRAP), {PT_STOP_SIGNAL, SIGTRAP, false}},
	{STOPPED(SIGSTOP), {PT_STOP_SIGNAL, SIGSTOP, false}},
	{STOPPED(SIGTSTP), {PT_STOP_SIGNAL, SIGTSTP, false}},
	{STOPPED(SIGTTIN), {PT_STOP_SIGNAL, SIGTTIN, false}},
	{STOPPED(SIGTTOU), {PT_STOP_SIGNAL, SIGTTOU, false}},
	{STOPPED(SIGCONT), {PT_STOP_SIGNAL, SIGCONT, false}},
	{STOPPED(SIGCHLD), {PT_STOP_SIGNAL, SIGCHLD, false}},
	{STOPPED(64), {PT_STOP_SIGNAL, 64, false}},
	/* bit 7 makes a system call of a SIGTRAP, and of nothing else */
	{STOPPED(SIGTRAP | 0x80), {PT_STOP_SYSCALL, 0, false}},
	{STOPPED(SIGSEGV | 0x80), {PT_STOP_SIGNAL, SIGSEGV | 0x80, false}},
	/* events 1-7 */
	{EVENT(PTRACE_EVENT_FORK, SIGTRAP), {PT_STOP_FORK, 0, false}},
	{EVENT(PTRACE_EVENT_VFORK, SIGTRAP), {PT_STOP_VFORK, 0, false}},
	{EVENT(PTRACE_EVENT_CLONE, SIGTRAP), {PT_STOP_CLONE, 0, false}},
	{EVENT(PTRACE_EVENT_EXEC, SIGTRAP), {PT_STOP_EXEC, 0, false}},
	{EVENT(PTRACE_EVENT_VFORK_DONE, SIGTRAP), {PT_STOP_VFORK_DONE, 0, false}},
	{EVENT(PTRACE_EVENT_EXIT, SIGTRAP), {PT_STOP_EXIT, 0, false}},
	{EVENT(PTRACE_EVENT_SECCOMP, SIGTRAP), {PT_STOP_SECCOMP, 0, false}},
	/* event 128: SIGTRAP is an interrupt or a newborn, a stop signal job control */
	{EVENT(128, SIGTRAP), {PT_STOP_TRAP, SIGTRAP, false}},
	{EVENT(128, SIGSTOP), {PT_STOP_GROUP, SIGSTOP, false}},
	{EVENT(128, SIGTSTP), {PT_STOP_GROUP, SIGTSTP, false}},
	{EVENT(128, SIGTTIN), {PT_STOP_GROUP, SIGTTIN, false}},
	{EVENT(128, SIGTTOU), {PT_STOP_GROUP, SIGTTOU, false}},
	/* the event decides before bit 7 does */
	{EVENT(PTRACE_EVENT_EXEC, SIGTRAP | 0x80), {PT_STOP_EXEC, 0, false}},
	/* events no kernel has yet */
	{EVENT(8, SIGTRAP), {PT_STOP_UNKNOWN, 8, false}},
	{EVENT(127, SIGTRAP), {PT_STOP_UNKNOWN, 127, false}},
	{EVENT(129, SIGTRAP), {PT_STOP_UNKNOWN, 129, false}},
	{EVENT(255, SIGTRAP), {PT_STOP_UNKNOWN, 255, false}},
};

static void the_table(void **state)
{
	for (size_t i = 0; i < PT_COUNTOF(table); i++) {
		struct pt_stop got = pt_classify(table[i].status);

		if (got.class != table[i].want.class || got.value != table[i].want.value ||
			got.core != table[i].want.core)
			fail_msg("status 0x%x: class %d value %d core %d, not %d %d %d", table[i].status,
				got.class, got.value, got.core, table[i].want.class, table[i].want.value,
				table[i].want.core);
	}
}

/* The C library's macros are the other opinion on what a status is. */
static void agrees_with_the_macros(void **state)
{
	for (int status = 0; status < 1 << 24; status++) {
		struct pt_stop got = pt_classify(status);
		bool stopped = got.class != PT_STOP_NONE && got.class != PT_STOP_EXITED &&
			got.class != PT_STOP_KILLED;

		if (got.class < PT_STOP_NONE || got.class > PT_STOP_UNKNOWN)
			fail_msg("status 0x%x: class %d", status, got.class);
		/* events are bits beyond those the macros know of, 0xffff with an event is no WCONTINUED */
		if (WIFCONTINUED(status) != (got.class == PT_STOP_NONE) ||
			WIFEXITED(status) != (got.class == PT_STOP_EXITED) ||
			(!WIFCONTINUED(status) && WIFSTOPPED(status) != stopped))
			fail_msg("status 0x%x: class %d", status, got.class);
		if (WIFEXITED(status) && got.value != WEXITSTATUS(status))
			fail_msg("status 0x%x: exit %d", status, got.value);
		if (got.class == PT_STOP_KILLED &&
			(got.value != (status & 0x7f) || got.core != !!WCOREDUMP(status)))
			fail_msg("status 0x%x: signal %d core %d", status, got.value, got.core);
		if ((got.class == PT_STOP_SIGNAL || got.class == PT_STOP_GROUP) &&
			got.value != WSTOPSIG(status))
			fail_msg("status 0x%x: stop signal %d", status, got.value);
		if (got.class == PT_STOP_SYSCALL && (status >> 16 || WSTOPSIG(status) != (SIGTRAP | 0x80)))
			fail_msg("status 0x%x is no system call", status);
	}
}

static void traps(void **state)
{
	static const struct {
		int code;
		enum pt_trap_class stepping;
	} codes[] = {
		{TRAP_TRACE, PT_TRAP_STEP},    /* the step itself */
		{TRAP_BRKPT, PT_TRAP_STEP},    /* a step over a system call */
		{SIGTRAP, PT_TRAP_STEP},       /* a step into a signal handler */
		{0x80, PT_TRAP_PROGRAM},       /* SI_KERNEL: int3 */
		{3, PT_TRAP_PROGRAM},	       /* TRAP_BRANCH */
		{4, PT_TRAP_PROGRAM},	       /* TRAP_HWBKPT */
		{6, PT_TRAP_PROGRAM},	       /* TRAP_PERF */
		{SI_USER, PT_TRAP_PROGRAM},    /* kill(2) */
		{SI_TKILL, PT_TRAP_PROGRAM},   /* tgkill(2) */
		{SI_QUEUE, PT_TRAP_PROGRAM},   /* sigqueue(3) */
		{SI_TIMER, PT_TRAP_PROGRAM},
	};

	for (size_t i = 0; i < PT_COUNTOF(codes); i++) {
		assert_int_equal(pt_classify_trap(codes[i].code, true), codes[i].stepping);
		/* who did not step gets none */
		assert_int_equal(pt_classify_trap(codes[i].code, false), PT_TRAP_PROGRAM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table),
		cmocka_unit_test(agrees_with_the_macros),
		cmocka_unit_test(traps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
