/* SPDX-License-Identifier: MIT */
/* What a stop during a step means: the rules of control/step.h, a row each; and what stepping asks of the architecture. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "arch/arch.h"
#include "base/base.h"
#include "control/step.h"

enum { TRACE = 2, BRKPT = 1, HANDLER = 5, HWBKPT = 4, KERNEL = 0x80, TKILL = -6 };
#define PC UINT64_C(0x401000)
#define CALL PT_STEP_CALL_REST

struct row {
	const char *what;
	uint8_t kind, length, next_kind, next_length;
	bool program_tf, to_target;
	bool other_signal; /* than SIGTRAP */
	int code;
	int64_t at; /* where it stands, from PC */
	struct pt_step_verdict expected;
};

static const struct row rows[] = {
	{"a plain instruction", PTL_INSN_PLAIN, 3, .code = TRACE, .at = 3, .expected = {1, false, 0}},
	{"code that cannot be read", PT_STEP_UNKNOWN, 0, .code = TRACE, .at = 3, .expected = {1, false, 0}},
	{"a jump to itself", PTL_INSN_JUMP, 2, .code = TRACE, .at = 0, .expected = {1, false, 0}},
	{"a round of rep", PTL_INSN_REP, 2, .code = TRACE, .at = 0, .expected = {0, false, 0}},
	{"the last round", PTL_INSN_REP, 2, .code = TRACE, .at = 2, .expected = {1, false, 0}},
	{"all rounds at once", PTL_INSN_REP, 2, .to_target = true, .code = HWBKPT, .at = 2, .expected = {1, false, 0}},
	{"a debug register of somebody else's", PTL_INSN_REP, 2, .to_target = true, .code = HWBKPT, .at = 0,
		.expected = {0, true, 0}},
	{"a watchpoint hit by a plain one", PTL_INSN_PLAIN, 3, .code = HWBKPT, .at = 3, .expected = {1, true, 0}},
	{"pushf", PTL_INSN_PUSHF, 1, .code = TRACE, .at = 1, .expected = {1, false, PT_FIX_PUSHED}},
	{"an earlier trap, before pushf", PTL_INSN_PUSHF, 1, .code = TRACE, .at = 0, .expected = {1, false, 0}},
	{"popf stepped", PTL_INSN_POPF, 1, .code = TRACE, .at = 1, .expected = {1, false, PT_FIX_FLAG}},
	{"popf run to its end", PTL_INSN_POPF, 1, .to_target = true, .code = HWBKPT, .at = 1,
		.expected = {1, false, PT_FIX_FLAG}},
	{"iret", PTL_INSN_IRET, 2, .code = TRACE, .at = 500, .expected = {1, false, PT_FIX_FLAG | PT_FIX_MODE}},
	{"far jump", PTL_INSN_FAR, 7, .code = TRACE, .at = 500, .expected = {1, false, PT_FIX_MODE}},
	{"mov ss takes one along", PTL_INSN_SS, 2, PTL_INSN_PLAIN, 3, .code = TRACE, .at = 5, .expected = {2, false, 0}},
	{"mov ss takes a jump along", PTL_INSN_SS, 2, PTL_INSN_JUMP, 2, .code = TRACE, .at = 500, .expected = {2, false, 0}},
	{"mov ss and pushf", PTL_INSN_SS, 2, PTL_INSN_PUSHF, 1, .code = TRACE, .at = 3,
		.expected = {2, false, PT_FIX_PUSHED}},
	{"mov ss and a system call", PTL_INSN_SS, 2, PTL_INSN_SYSCALL, 2, .code = BRKPT, .at = 4,
		.expected = {2, false, PT_FIX_CALL}},
	{"mov ss twice and one more", PTL_INSN_SS, 2, PTL_INSN_SS, 2, .code = TRACE, .at = 5, .expected = {3, false, 0}},
	{"a machine that holds back once only", PTL_INSN_SS, 2, PTL_INSN_SS, 2, .code = TRACE, .at = 4,
		.expected = {2, false, 0}},
	{"a machine that stops after mov ss", PTL_INSN_SS, 2, PTL_INSN_PLAIN, 3, .code = TRACE, .at = 2,
		.expected = {1, false, 0}},
	{"cpuid", PTL_INSN_CPUID, 2, PTL_INSN_PLAIN, 2, .code = TRACE, .at = 2, .expected = {1, false, 0}},
	{"cpuid of a hypervisor that takes one along", PTL_INSN_CPUID, 2, PTL_INSN_PLAIN, 2, .code = TRACE, .at = 4,
		.expected = {2, false, 0}},
	{"a system call", PTL_INSN_SYSCALL, 2, .code = BRKPT, .at = 2, .expected = {1, false, PT_FIX_CALL}},
	{"one that goes elsewhere (execve, sigreturn)", PTL_INSN_SYSCALL, 2, .code = BRKPT, .at = 500,
		.expected = {1, false, PT_FIX_CALL}},
	{"one made anew, where another instruction stands", PTL_INSN_PUSHF, 1, .code = BRKPT, .at = 0,
		.expected = {1, false, PT_FIX_CALL}},
	{"the rest of a call", CALL, 0, .code = BRKPT, .at = 9, .expected = {0, false, PT_FIX_CALL}},
	{"entry to a handler", PTL_INSN_PLAIN, 3, .code = HANDLER, .at = 500, .expected = {0, false, PT_FIX_HANDLER}},
	{"int3", PTL_INSN_TRAP, 1, .code = KERNEL, .at = 1, .expected = {1, true, 0}},
	{"int $3", PTL_INSN_TRAP, 2, .code = KERNEL, .at = 2, .expected = {1, true, 0}},
	{"icebp", PTL_INSN_ICEBP, 1, .code = BRKPT, .at = 1, .expected = {1, true, 0}},
	{"icebp that does not advance", PTL_INSN_ICEBP, 1, .code = BRKPT, .at = 0, .expected = {1, true, PT_FIX_ADVANCE}},
	{"a SIGTRAP by kill(2), before the instruction", PTL_INSN_PLAIN, 3, .code = 0, .at = 0, .expected = {0, true, 0}},
	{"raise(SIGTRAP)", PTL_INSN_SYSCALL, 2, .code = TKILL, .at = 2, .expected = {1, true, PT_FIX_CALL}},
	{"a tgkill in place of the step's trap", PTL_INSN_PUSHF, 1, .code = TKILL, .at = 1,
		.expected = {1, true, PT_FIX_PUSHED}},
	{"a trap flag of the program's", PTL_INSN_PLAIN, 3, .program_tf = true, .code = TRACE, .at = 3,
		.expected = {1, true, 0}},
	{"a fault", PTL_INSN_PLAIN, 3, .other_signal = true, .code = 1, .at = 0, .expected = {0, true, 0}},
	{"a signal from outside", PTL_INSN_REP, 2, .other_signal = true, .code = 0, .at = 0, .expected = {0, true, 0}},
	{"into", PTL_INSN_TRAP, 1, .other_signal = true, .code = KERNEL, .at = 1, .expected = {1, true, 0}},
};

static void rules(void **state)
{
	size_t i;

	for (i = 0; i < PT_COUNTOF(rows); i++) {
		const struct row *row = &rows[i];
		struct pt_step step = {.active = true, .kind = row->kind, .length = row->length,
			.behind = {{row->next_length, row->next_kind, 0}, {1, PTL_INSN_PLAIN, 0}},
			.behind_count = (uint8_t)(row->next_length ? 1 + (row->next_kind == PTL_INSN_SS) : 0), .pc = PC, .bits = 64,
			.program_tf = row->program_tf, .to_debug_register = row->to_target,
			.target = PC + row->length};
		struct pt_step_stop stop = {!row->other_signal, row->code, PC + (uint64_t)row->at};
		struct pt_step_verdict v = pt_step_judge(&step, &stop);

		if (v.done != row->expected.done || v.signal != row->expected.signal || v.fix != row->expected.fix)
			fail_msg("%s: %u executed, signal %d, fix %#x; expected %u, %d, %#x", row->what, v.done,
				v.signal, v.fix, row->expected.done, row->expected.signal, row->expected.fix);
	}
}

/* No stop tells of more than two instructions, and none that is not a SIGTRAP asks for a repair. */
static void bounds(void **state)
{
	static const int codes[] = {-6, -1, 0, 1, 2, 3, 4, 5, 6, 0x80};
	unsigned kind, next, i, tf;
	int64_t at;

	for (kind = 0; kind <= 0xff; kind++)
		for (next = 0; next <= PTL_INSN_CPUID; next++)
			for (i = 0; i < PT_COUNTOF(codes); i++)
				for (at = -1; at <= 4; at++)
					for (tf = 0; tf < 4; tf++) {
						struct pt_step step = {.active = true, .kind = (uint8_t)kind, .length = 2,
							.behind = {{2, (uint8_t)next, 0}}, .behind_count = next != 0, .pc = PC,
							.program_tf = tf & 1};
						struct pt_step_stop stop = {tf >> 1, codes[i], PC + (uint64_t)at};
						struct pt_step_verdict v = pt_step_judge(&step, &stop);

						assert_true(v.done <= 2);
						assert_true(stop.trap || !v.fix);
						assert_true(stop.trap || v.signal);
						assert_true(kind == PTL_INSN_REP || v.done || v.signal || v.fix);
					}
}

static void architecture(void **state)
{
	assert_int_equal(pt_arch_code_bits(0x33), 64);
	assert_int_equal(pt_arch_code_bits(0x23), 32);
	assert_int_equal(pt_arch_code_bits(0x0f), 0);
	assert_true(pt_arch_is_emulated_page(UINT64_C(0xffffffffff600400)));
	assert_false(pt_arch_is_emulated_page(UINT64_C(0xffffffffff601000)));
	assert_false(pt_arch_is_emulated_page(0));
	assert_true(pt_arch_changes_maps(9));
	assert_false(pt_arch_changes_maps(39));
	assert_true(pt_arch_may_share_memory(56));
	assert_false(pt_arch_may_share_memory(57));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(bounds),
		cmocka_unit_test(architecture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
