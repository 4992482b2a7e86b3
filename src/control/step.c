/* SPDX-License-Identifier: MIT */
/* Stepping: reads what the rules need, does what they say. See step.h. */
#include "control/internal.h"
#include "arch/arch.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* Worth the six calls that a debug register takes. */
enum { MANY_ROUNDS = 6 };

/* Of this tracer's view of a tracee, whose kind may be another: PEEKUSER has one layout. */
#define VIEW (&pt_arch_x86_64)
#define DR_SLOT 3u
#define DR7_MASK (UINT64_C(3) << (2 * DR_SLOT) | UINT64_C(15) << (16 + 4 * DR_SLOT))
#define DR7_EXECUTE (UINT64_C(1) << (2 * DR_SLOT)) /* condition and length zero: execution */

static int peek(struct ptl_task *t, enum pt_role role, uint64_t *ret)
{
	return pt_os_peekuser(t->tid, VIEW->role[role].offset, ret);
}

static int poke(struct ptl_task *t, enum pt_role role, uint64_t value)
{
	return pt_os_pokeuser(t->tid, VIEW->role[role].offset, value);
}

static unsigned long dr_offset(unsigned n)
{
	return (unsigned long)(VIEW->debug_offset + n * VIEW->debug_stride);
}

void pt_step_init(struct pt_step *step)
{
	*step = (struct pt_step){.bits = -1};
}

void pt_step_inherit(struct ptl_task *child, const struct ptl_task *parent)
{
	child->step.inherited = parent->how == PTL_STEP;
	child->step.program_tf = parent->step.program_tf;
	child->step.trap_unblocked = parent->step.trap_unblocked;
}

void pt_step_exec(struct ptl_task *t)
{
	t->step.bits = -1;
	t->step.program_tf = false;
	t->step.here_known = false;
	pt_code_forget(&t->process->code);
	t->process->code.unwatched = false;
}

/* --- what a step leaves behind ------------------------------------------------------- */

/* A system call instruction saves the flags in a register, and the kernel gives it back. */
static void clean_call_flags(struct ptl_task *t)
{
	uint64_t flags, nr;

	if (t->step.program_tf || t->step.bits == 32)
		return;
	/* no call: sigreturn(2) has given back a register of the program's, which may be anything */
	if (peek(t, PT_ROLE_NR, &nr) < 0 || nr == UINT64_MAX)
		return;
	if (peek(t, PT_ROLE_CALL_FLAGS, &flags) < 0 || !(flags & VIEW->trap_flag))
		return;
	if (poke(t, PT_ROLE_CALL_FLAGS, flags & ~VIEW->trap_flag) == 0)
		pt_regs_invalidate(t);
}

static void clean_pushed_flags(struct ptl_task *t)
{
	uint64_t sp;
	uint8_t byte;

	/* the second byte of the word on top, whatever its size */
	if (t->step.program_tf || peek(t, PT_ROLE_SP, &sp) < 0 || ptl_read(t, sp + 1, &byte, 1) != 1)
		return;
	if (byte & VIEW->trap_flag >> 8) {
		byte &= (uint8_t)~(VIEW->trap_flag >> 8);
		(void)ptl_write(t, sp + 1, &byte, 1);
	}
}

static void look_at_flag(struct ptl_task *t)
{
	uint64_t flags;

	/* the kernel leaves out a trap flag that it set itself */
	if (peek(t, PT_ROLE_FLAGS, &flags) == 0)
		t->step.program_tf = (flags & VIEW->trap_flag) != 0;
}

#define SIGTRAP_BIT (UINT64_C(1) << (SIGTRAP - 1))

/*
 * A step's trap that finds SIGTRAP blocked unblocks it and takes the program's handler away (force_sig in the kernel). So it must not be
 * blocked: in a handler whose mask has it, as that of SIGTRAP itself, until it returns, which restores the mask from the frame.
 */
static void unblock_trap(struct ptl_task *t)
{
	uint64_t mask;

	if (pt_os_getsigmask(t->tid, &mask) == 0 && mask & SIGTRAP_BIT &&
		pt_os_setsigmask(t->tid, mask & ~SIGTRAP_BIT) == 0)
		t->step.trap_unblocked = true;
}

static void block_trap_again(struct ptl_task *t)
{
	uint64_t mask;

	if (t->step.trap_unblocked && pt_os_getsigmask(t->tid, &mask) == 0)
		(void)pt_os_setsigmask(t->tid, mask | SIGTRAP_BIT);
	t->step.trap_unblocked = false;
}

enum pt_step_mask {
	MASK_BLOCKS = 1,	/* SIGTRAP is among the signals that it blocks */
	MASK_UNBLOCKS = 2,	/* it is not, or no more */
	MASK_ASKS = 4,		/* it stores the signals blocked before */
};

/* Is the task about to make a call that blocks SIGTRAP, or one that would see that we have unblocked it? */
static bool run_mask_call(struct ptl_task *t)
{
	struct pt_step *s = &t->step;
	uint64_t nr, how, set, old, mask = 0;

	s->mask_call = 0;
	if (s->bits != 64 || t->session->no_syscall_info || peek(t, PT_ROLE_RET, &nr) < 0 || !pt_arch_is_sigprocmask(nr))
		return false;
	if (peek(t, PT_ROLE_ARG0, &how) < 0 || peek(t, PT_ROLE_ARG1, &set) < 0 || peek(t, PT_ROLE_ARG2, &old) < 0)
		return false;
	if (set && ptl_read(t, set, &mask, sizeof(mask)) == sizeof(mask)) {
		bool has = mask & SIGTRAP_BIT;

		if (has && how != SIG_UNBLOCK)
			s->mask_call = MASK_BLOCKS;
		else if (has || how == SIG_SETMASK)
			s->mask_call = MASK_UNBLOCKS;
	}
	if (old && s->trap_unblocked)
		s->mask_call |= MASK_ASKS;
	if (!s->trap_unblocked)
		s->mask_call &= (uint8_t)~MASK_UNBLOCKS;
	return s->mask_call != 0;
}

bool pt_step_mask_stop(struct ptl_task *t, bool is_exit)
{
	struct pt_step *s = &t->step;
	uint64_t result, old, mask;

	if (!is_exit)
		return false;
	if (peek(t, PT_ROLE_RET, &result) == 0 && result == 0) {
		if (s->mask_call & MASK_ASKS && peek(t, PT_ROLE_ARG2, &old) == 0 &&
			ptl_read(t, old, &mask, sizeof(mask)) == sizeof(mask)) {
			mask |= SIGTRAP_BIT;
			(void)ptl_write(t, old, &mask, sizeof(mask));
		}
		if (s->mask_call & MASK_UNBLOCKS)
			s->trap_unblocked = false;
		if (s->mask_call & MASK_BLOCKS)
			unblock_trap(t);
	}
	s->mask_call = 0;
	s->active = false;
	return true;
}

static void look_at_mode(struct ptl_task *t)
{
	uint64_t cs;

	t->step.bits = peek(t, PT_ROLE_CS, &cs) == 0 ? (int8_t)pt_arch_code_bits(cs) : 0;
}

static void after_call(struct ptl_task *t)
{
	uint64_t nr, value;
	struct pt_step *s = &t->step;

	clean_call_flags(t);
	if (peek(t, PT_ROLE_NR, &nr) < 0)
		return;
	if (nr == UINT64_MAX) { /* sigreturn: everything may be different */
		t->step.trap_unblocked = false;
		look_at_flag(t);
		look_at_mode(t);
		return;
	}
	if (pt_arch_changes_maps(nr))
		pt_code_forget(&t->process->code);
	if (!(t->session->flags & PTL_FOLLOW_THREADS) && pt_arch_may_share_memory(nr))
		pt_code_unwatch(&t->process->code);
	/* the kernel will go back and make the call anew, unless a handler comes first */
	if (peek(t, PT_ROLE_RET, &value) == 0)
		s->rewound = pt_result_is_restart(s->bits == 32 ? (int32_t)value : (int64_t)value);
}

static void fix(struct ptl_task *t, unsigned what)
{
	if (what & PT_FIX_CALL)
		after_call(t);
	if (what & PT_FIX_PUSHED)
		clean_pushed_flags(t);
	if (what & PT_FIX_FLAG)
		look_at_flag(t);
	if (what & PT_FIX_MODE)
		look_at_mode(t);
	if (what & PT_FIX_HANDLER) {
		t->step.program_tf = false; /* the kernel clears it for the handler; sigreturn brings it back */
		unblock_trap(t);
	}
	if (what & PT_FIX_ADVANCE && poke(t, PT_ROLE_PC, t->step.pc + t->step.length) == 0) {
		pt_regs_invalidate(t);
		t->step.here = t->step.pc + t->step.length;
	}
}

/* --- to the end of an instruction without stepping it ------------------------------------- */

/* False where that is not possible. */
static bool arm_debug_register(struct ptl_task *t, uint64_t target)
{
	struct pt_step *s = &t->step;
	uint64_t dr7;

	if (pt_os_peekuser(t->tid, dr_offset(7), &dr7) < 0 || dr7 & DR7_MASK)
		return false; /* somebody uses the slot */
	if (pt_os_peekuser(t->tid, dr_offset(DR_SLOT), &s->saved_dr) < 0 ||
		pt_os_pokeuser(t->tid, dr_offset(DR_SLOT), target) < 0)
		return false;
	if (pt_os_pokeuser(t->tid, dr_offset(7), dr7 | DR7_EXECUTE) < 0) {
		(void)pt_os_pokeuser(t->tid, dr_offset(DR_SLOT), s->saved_dr);
		return false;
	}
	s->saved_dr7 = dr7;
	s->target = target;
	s->to_debug_register = true;
	return true;
}

/* Where a repeated instruction goes on has rounds enough to be worth it. */
static bool run_rounds(struct ptl_task *t)
{
	uint64_t rounds;

	return !t->step.program_tf && peek(t, PT_ROLE_ROUNDS, &rounds) == 0 && rounds >= MANY_ROUNDS &&
		arm_debug_register(t, t->step.pc + t->step.length);
}

static bool run_flag_setter(struct ptl_task *t)
{
	struct pt_step *s = &t->step;
	uint64_t target = s->pc + s->length, sp;

	/* with a trap flag of the program's own, that stops it at the same place */
	if (s->kind == PTL_INSN_IRET) {
		target = 0;
		if (peek(t, PT_ROLE_SP, &sp) < 0 || ptl_read(t, sp, &target, s->bits / 8) != s->bits / 8)
			return false;
	}
	if (arm_debug_register(t, target))
		return true;
	s->tf_stuck = true;
	return false;
}

static void disarm_debug_register(struct ptl_task *t)
{
	struct pt_step *s = &t->step;

	if (!s->to_debug_register)
		return;
	s->to_debug_register = false;
	(void)pt_os_pokeuser(t->tid, dr_offset(7), s->saved_dr7);
	(void)pt_os_pokeuser(t->tid, dr_offset(DR_SLOT), s->saved_dr);
}

/* --- before ------------------------------------------------------------------------------- */

/* In a system call that was not begun by a step: what comes next is only its end. */
static bool is_inside_call(const struct ptl_task *t)
{
	switch (t->stop.class) {
	case PT_STOP_FORK:
	case PT_STOP_VFORK:
	case PT_STOP_CLONE:
	case PT_STOP_VFORK_DONE:
	case PT_STOP_EXEC:
	case PT_STOP_SECCOMP:
		return true;
	case PT_STOP_SYSCALL:
		return t->in_syscall;
	default:
		return false;
	}
}

/* What the processor may execute without stopping after the instruction at pc. */
static void look_behind(struct ptl_task *t, struct pt_step *s)
{
	uint64_t at = s->pc + s->length;
	struct ptl_insn *insn;

	while (s->behind_count < PT_STEP_BEHIND) {
		insn = &s->behind[s->behind_count];
		if (pt_code_at(t, at, s->bits, insn) < 0)
			return;
		if (s->kind == PTL_INSN_CPUID && insn->kind != PTL_INSN_PLAIN)
			return;
		s->behind_count++;
		at += insn->length;
		if (insn->kind != PTL_INSN_SS)
			return;
	}
}

/*
 * sigreturn(2) that gives a trap flag of the program's own back: stepped, the kernel would take it for ours. So it runs to where it
 * returns.
 */
static bool run_sigreturn(struct ptl_task *t)
{
	uint64_t nr, sp, flags, pc;

	return t->step.bits == 64 && peek(t, PT_ROLE_RET, &nr) == 0 && pt_arch_is_sigreturn(nr) &&
		peek(t, PT_ROLE_SP, &sp) == 0 &&
		ptl_read(t, sp + PT_SIGFRAME_FLAGS, &flags, sizeof(flags)) == sizeof(flags) &&
		flags & VIEW->trap_flag && ptl_read(t, sp + PT_SIGFRAME_PC, &pc, sizeof(pc)) == sizeof(pc) &&
		arm_debug_register(t, pc);
}

enum pt_os_go pt_step_prepare(struct ptl_task *t)
{
	struct pt_step *s = &t->step;
	struct ptl_insn insn;
	uint64_t sp;

	if (s->active && s->kind != PTL_INSN_REP && s->kind != PTL_INSN_POPF && s->kind != PTL_INSN_IRET)
		return s->mask_call ? PT_GO_SYSCALL : PT_GO_STEP; /* a stop on the way: it goes on */
	if (s->inherited) {
		s->inherited = false;
		clean_call_flags(t);
	}
	if (s->bits < 0) {
		look_at_mode(t);
		look_at_flag(t);
	}
	s->active = true;
	s->kind = PT_STEP_UNKNOWN;
	s->length = 0;
	s->mnemonic = 0;
	s->mask_call = 0;
	s->judged = false;
	s->told = s->behind_count = 0;
	s->to_debug_register = false;
	if (is_inside_call(t)) {
		s->kind = PT_STEP_CALL_REST;
		s->here_known = false;
		return PT_GO_STEP;
	}
	if (!s->here_known && peek(t, PT_ROLE_PC, &s->here) < 0)
		return PT_GO_STEP;
	s->here_known = false;
	s->pc = s->here - (s->rewound ? VIEW->syscall_insn.length : 0);
	s->rewound = false;
	/* the kernel makes the call and goes back; what is executed is the instruction there */
	if (pt_arch_is_emulated_page(s->pc) && peek(t, PT_ROLE_SP, &sp) == 0)
		(void)ptl_read(t, sp, &s->pc, sizeof(s->pc));
	if (!s->bits || pt_code_at(t, s->pc, s->bits, &insn) < 0)
		return PT_GO_STEP;
	s->kind = insn.kind;
	s->length = insn.length;
	s->mnemonic = insn.mnemonic;
	switch (insn.kind) {
	case PTL_INSN_SS:
	case PTL_INSN_CPUID:
		look_behind(t, s);
		return PT_GO_STEP;
	case PTL_INSN_REP:
		return run_rounds(t) ? PT_GO_RUN : PT_GO_STEP;
	case PTL_INSN_POPF:
	case PTL_INSN_IRET:
		return run_flag_setter(t) ? PT_GO_RUN : PT_GO_STEP;
	case PTL_INSN_SYSCALL:
		return run_sigreturn(t) ? PT_GO_RUN : run_mask_call(t) ? PT_GO_SYSCALL : PT_GO_STEP;
	default:
		return PT_GO_STEP;
	}
}

void pt_step_settle(struct ptl_task *t)
{
	struct pt_step *s = &t->step;
	uint64_t flags;

	if (s->inherited || (s->active && (s->kind == PTL_INSN_SYSCALL || s->kind == PT_STEP_CALL_REST)))
		clean_call_flags(t);
	if (s->tf_stuck && !s->program_tf && peek(t, PT_ROLE_FLAGS, &flags) == 0 && flags & VIEW->trap_flag)
		(void)poke(t, PT_ROLE_FLAGS, flags & ~VIEW->trap_flag);
	s->tf_stuck = false;
	s->mask_call = 0;
	block_trap_again(t);
	s->inherited = false;
	s->active = s->active && pt_step_trap_pending(t);
	s->here_known = s->rewound = s->judged = s->then_signal = false;
	s->tell = 0;
}

bool pt_step_trap_pending(struct ptl_task *t)
{
	struct pt_os_status st;

	/* it may be the program's own: then it comes as a stop like any other, and is told apart there */
	return t->step.active && t->stop.class != PT_STOP_SIGNAL && pt_os_status(t->tid, &st) == 0 &&
		st.pending >> (SIGTRAP - 1) & 1;
}

/* --- after ------------------------------------------------------------------------------------ */

static int code_of(const unsigned char raw[128])
{
	int32_t code;

	memcpy(&code, raw + 8, sizeof(code));
	return code;
}

static uint64_t address_of(const unsigned char raw[128])
{
	uint64_t address;

	memcpy(&address, raw + 16, sizeof(address));
	return address;
}

static enum pt_step_answer tell(struct ptl_task *t)
{
	struct pt_step *s = &t->step;

	if (s->tell) {
		s->tell--;
		s->told++;
		t->again = s->tell || s->then_signal;
		return PT_STEP_DONE;
	}
	if (!s->then_signal)
		return PT_STEP_MORE;
	s->then_signal = false;
	return PT_STEP_SIGNAL;
}

enum pt_step_answer pt_step_stopped(struct ptl_task *t, const unsigned char raw[128])
{
	struct pt_step *s = &t->step;
	struct pt_step_stop stop = {.trap = t->stop.value == SIGTRAP, .code = code_of(raw)};
	struct pt_step_verdict v;

	if (s->judged) /* the same stop once more: the rest of what it meant */
		return tell(t);
	if (!s->active)
		return PT_STEP_SIGNAL;
	/* the kernel puts the pc where a fault's address stands; in every other case it must be asked for */
	if (stop.trap && (stop.code == TRAP_TRACE || stop.code == TRAP_BRKPT))
		stop.pc = address_of(raw);
	else if (peek(t, PT_ROLE_PC, &stop.pc) < 0)
		return PT_STEP_MORE; /* died */
	v = pt_step_judge(s, &stop);
	disarm_debug_register(t);
	s->here = stop.pc;
	s->here_known = true;
	s->rewound = false;
	if (v.fix)
		fix(t, v.fix);
	s->active = false;
	s->judged = true;
	s->told = 0;
	s->tell = v.done;
	s->then_signal = v.signal;
	return tell(t);
}

void pt_step_fill(const struct ptl_task *t, struct ptl_event *ev)
{
	const struct pt_step *s = &t->step;

	unsigned i;

	ev->u.stepped.address = s->pc;
	ev->u.stepped.insn = (struct ptl_insn){s->length, s->kind, s->mnemonic};
	for (i = 0; i + 1 < s->told && i < s->behind_count; i++) {
		ev->u.stepped.address += ev->u.stepped.insn.length;
		ev->u.stepped.insn = s->behind[i];
	}
}

void pt_step_other_stop(struct ptl_task *t)
{
	disarm_debug_register(t);
	t->step.here_known = t->step.rewound = false;
	t->step.judged = false;
}

bool pt_step_exited(struct ptl_task *t)
{
	bool in_call = t->step.active && t->step.kind == PTL_INSN_SYSCALL;

	t->step.active = false;
	return in_call;
}

/* --- for users --------------------------------------------------------------------------------- */

int ptl_insn_read(struct ptl_task *t, uint64_t address, struct ptl_insn *ret_insn)
{
	switch (t->state) {
	case PT_RUNNING:
	case PT_READY:
		return -PTL_ERUNNING;
	case PT_EXITED:
		return -PTL_EGONE;
	case PT_STOPPED:
		break;
	}
	if (t->step.bits < 0) {
		look_at_mode(t);
		look_at_flag(t);
	}
	return t->step.bits ? pt_code_at(t, address, t->step.bits, ret_insn) : -PTL_EUNSUPPORTED;
}
