/* SPDX-License-Identifier: MIT */
/* What a stop during a step means. Pure; see step.h. */
#include "control/step.h"

#include <signal.h>
#include <stddef.h>

/* of a stop that PTRACE_SINGLESTEP causes on entry to a signal handler: no siginfo proper, but the signal's number */
enum { CODE_HANDLER = SIGTRAP, CODE_BREAKPOINT = TRAP_BRKPT, CODE_STEP = TRAP_TRACE, CODE_DEBUG_REGISTER = 4 };

static unsigned fix_for(uint8_t kind)
{
	switch (kind) {
	case PTL_INSN_PUSHF:
		return PT_FIX_PUSHED;
	case PTL_INSN_POPF:
		return PT_FIX_FLAG;
	case PTL_INSN_IRET:
		return PT_FIX_FLAG | PT_FIX_MODE;
	case PTL_INSN_FAR:
		return PT_FIX_MODE;
	default:
		return 0;
	}
}

/*
 * How many ran in this step, by where the task stands: instructions after which the processor does not stop (or not always), and the one
 * behind them, which may go anywhere.
 */
static uint8_t count_behind(const struct pt_step *s, uint64_t pc)
{
	uint64_t at = s->pc + s->length;
	uint8_t i;

	for (i = 0; i < s->behind_count; i++) {
		if (pc == at)
			return (uint8_t)(1 + i);
		at += s->behind[i].length;
	}
	return (uint8_t)(1 + s->behind_count);
}

static struct pt_step_verdict stepped(const struct pt_step *s, const struct pt_step_stop *stop)
{
	struct pt_step_verdict v = {1, s->program_tf, fix_for(s->kind)};

	/* the trap of an instruction before this one, that another stop overtook: nothing was pushed yet */
	if (stop->pc == s->pc)
		v.fix &= ~(unsigned)PT_FIX_PUSHED;
	switch (s->kind) {
	case PTL_INSN_REP:
		if (stop->pc == s->pc) /* a round of several */
			return (struct pt_step_verdict){0, false, 0};
		break;
	case PTL_INSN_SS:
		v.done = count_behind(s, stop->pc);
		if (v.done > 1)
			v.fix |= fix_for(s->behind[v.done - 2].kind);
		break;
	case PTL_INSN_CPUID:
		/* the one behind is there only if it goes straight on: otherwise nothing could be told */
		if (s->behind_count && stop->pc == s->pc + s->length + s->behind[0].length)
			v.done = 2;
		break;
	default:
		break;
	}
	return v;
}

/* Code TRAP_BRKPT: the end of a system call, or icebp. */
static struct pt_step_verdict broke(const struct pt_step *s, const struct pt_step_stop *stop)
{
	if (s->kind == PT_STEP_CALL_REST)
		return (struct pt_step_verdict){0, false, PT_FIX_CALL};
	if (s->kind == PTL_INSN_ICEBP)
		return (struct pt_step_verdict){1, true, stop->pc == s->pc ? PT_FIX_ADVANCE : 0};
	if (s->kind == PTL_INSN_SS)
		return (struct pt_step_verdict){(uint8_t)(1 + s->behind_count), s->program_tf, PT_FIX_CALL};
	/* Whatever was expected: a call that the kernel makes anew is not the instruction at pc. */
	return (struct pt_step_verdict){1, s->program_tf, PT_FIX_CALL};
}

struct pt_step_verdict pt_step_judge(const struct pt_step *s, const struct pt_step_stop *stop)
{
	bool moved = stop->pc != s->pc;

	if (!stop->trap) {
		/* A fault or a signal from outside: nothing was executed. Only `into` has gone on when its fault is told. */
		return (struct pt_step_verdict){s->kind == PTL_INSN_TRAP && moved, true, 0};
	}
	switch (stop->code) {
	case CODE_STEP:
		return stepped(s, stop);
	case CODE_BREAKPOINT:
		return broke(s, stop);
	case CODE_HANDLER:
		return (struct pt_step_verdict){0, false, PT_FIX_HANDLER};
	case CODE_DEBUG_REGISTER:
		if (s->to_debug_register && stop->pc == s->target)
			return (struct pt_step_verdict){1, false,
				s->kind == PTL_INSN_SYSCALL ? PT_FIX_CALL : fix_for(s->kind)};
		break;
	default:
		break;
	}
	/*
	 * The program's own: int3 (the kernel's code), or sent by somebody. One sent to the very thread takes the place of the step's trap,
	 * since a signal is queued once; then only the pc tells that the instruction ran.
	 */
	return (struct pt_step_verdict){moved && s->kind != PT_STEP_CALL_REST, true,
		s->kind == PTL_INSN_SYSCALL || s->kind == PT_STEP_CALL_REST ? PT_FIX_CALL
			: moved						    ? fix_for(s->kind)
									    : 0};
}
