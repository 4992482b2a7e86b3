/* SPDX-License-Identifier: MIT */
/*
 * arch: what an architecture is.
 *
 * Tables, and pure functions over IMAGES: the bytes of a register set as the kernel (or a core
 * file) gives them.  No system calls, no processes, and nothing here or above asks which machine
 * this is: a task's architecture is found by the size of its general register set, a system
 * call's by the AUDIT_ARCH_* value the kernel reports with it.
 *
 *   register set     one image                                        on x86
 *   PT_SET_GENERAL   NT_PRSTATUS                                      216 or 68 bytes
 *   PT_SET_EXTENDED  NT_X86_XSTATE, or a fallback without components  its size must be asked
 *   PT_SET_DEBUG     eight words, one PTRACE_PEEKUSER each            dr0 ... dr7
 *
 * A register is up to three PIECES, lowest bytes first: ymm3 is sixteen bytes of the SSE component
 * and sixteen of the AVX component.  In the extended set a piece belongs to a component, whose place
 * is in a pt_layout: it differs from machine to machine (a processor without MPX has AVX-512
 * elsewhere than one with it).
 *
 * To add an architecture: one folder with its tables and one `const struct pt_arch`, and its line
 * in arch.c.
 */
#ifndef PINTLE_ARCH_H
#define PINTLE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pintle/inspect.h>

enum pt_set { PT_SET_GENERAL, PT_SET_EXTENDED, PT_SET_DEBUG, PT_SETS };

/* Caps: no image is larger than these. The extended one has room for AMX tiles (11 KiB). */
#define PT_GENERAL_MAX 256
#define PT_EXTENDED_MAX 16384
#define PT_DEBUG_WORDS 8

/* --- layout of the extended set --------------------------------------------- */

#define PT_COMPONENTS 20

struct pt_layout {
	uint64_t present; /* bit per component that the set has */
	uint32_t size;	  /* of the image */
	bool sparse;	  /* a header says which components are in use (XSAVE) */
	struct {
		uint32_t offset, size;
	} at[PT_COMPONENTS];
};

/*
 * The layout of an extended image of this machine's; `sparse` says whether it is a full one or the
 * fallback. Components that do not fit in n bytes are left out.
 */
void pt_layout_native(struct pt_layout *ret_layout, const void *image, size_t n, bool sparse);
/* The same with the processor's answers from elsewhere: leaf(i) gives size and offset of component i. */
void pt_layout_make(struct pt_layout *ret_layout, const void *image, size_t n, bool sparse,
	void (*leaf)(unsigned component, uint32_t *ret_size, uint32_t *ret_offset));

/* --- registers ---------------------------------------------------------------- */

struct pt_piece {
	uint8_t component; /* PT_SET_EXTENDED only */
	uint8_t size;
	uint16_t offset; /* in the component, or in the image */
};

struct pt_reg {
	struct ptl_reg_info info; /* first: the public face */
	uint8_t set;
	uint8_t pieces; /* 1 ... 3 */
	struct pt_piece piece[3];
	const char *const *bits; /* names by bit number up to a NULL; "" for none; NULL: not a set of flags */
};

/* Does this machine's state have it? layout may be NULL when the extended set is not there. */
bool pt_reg_present(const struct pt_reg *reg, const struct pt_layout *layout);
/* Copies a register out of, or into, an image of n bytes of its set; false if it is not there. */
bool pt_reg_get(const struct pt_reg *reg, const struct pt_layout *layout, const void *image, size_t n,
	void *ret_value);
/* Also marks the components as in use: otherwise the kernel ignores what was written. */
bool pt_reg_put(const struct pt_reg *reg, const struct pt_layout *layout, void *image, size_t n,
	const void *value);

/* --- architecture --------------------------------------------------------------- */

/* What a tracer needs of the general registers without going by name. */
enum pt_role {
	PT_ROLE_PC,
	PT_ROLE_SP,
	PT_ROLE_FP,
	PT_ROLE_FLAGS,
	PT_ROLE_CS,
	PT_ROLE_NR,  /* number of the system call the task is in, -1 if in none */
	PT_ROLE_RET, /* its result; on the way in, where its number is put */
	PT_ROLE_ARG0,
	PT_ROLE_ARG1,
	PT_ROLE_ARG2,
	PT_ROLE_ARG3,
	PT_ROLE_ARG4,
	PT_ROLE_ARG5,
	PT_ROLE_CALL_FLAGS, /* where a system call instruction leaves the flags; size 0: nowhere */
	PT_ROLE_ROUNDS,     /* counts the rounds of a repeated instruction */
	PT_ROLES
};

struct pt_field {
	uint8_t offset, size;
};

/* A segment's base that is set to 0 when a general set with a null selector is written. */
struct pt_base {
	uint8_t selector;   /* its offset in the general set, 2 bytes */
	uint16_t user_area; /* of the base in the PEEKUSER area of this tracer; 0: none */
};

struct pt_insn {
	uint8_t length;
	uint8_t bytes[7];
};

struct pt_arch {
	const char *name;
	uint32_t audit;	       /* AUDIT_ARCH_* */
	uint8_t word;	       /* bytes of an address */
	uint16_t general_size; /* of PT_SET_GENERAL: tells the architectures apart */
	uint32_t note_general, note_extended, note_extended_fallback; /* NT_* for PTRACE_GETREGSET */
	const struct pt_reg *regs;
	size_t reg_count;
	struct pt_field role[PT_ROLES];
	struct pt_base lost_base[2];
	struct pt_insn syscall_insn;
	struct pt_insn trap_insn;   /* software breakpoint; the pc stands behind it when it is reported */
	uint64_t trap_flag;	    /* in PT_ROLE_FLAGS: single step */
	uint64_t debug_stride, debug_offset; /* of PT_SET_DEBUG in the PEEKUSER area of this tracer */
	uint8_t debug_present;	    /* bit per debug register that exists */
	uint16_t nr_restart;	    /* restart_syscall(2) */
	const uint16_t *eintr;	    /* see pt_arch_restartable(); ends with PT_NR_END */
	const uint16_t *blockers;   /* see pt_arch_uses_restart_block() */
	const uint16_t *final;	    /* see pt_arch_is_final() */
};
#define PT_NR_END 0xffff

extern const struct pt_arch pt_arch_x86_64;
extern const struct pt_arch pt_arch_i386; /* a 32-bit tracee of a 64-bit tracer */

/* NULL if there is none. */
const struct pt_arch *pt_arch_by_audit(uint32_t audit);
/* By the length PTRACE_GETREGSET(NT_PRSTATUS) answered: the one sign of a task's mode that cannot lie. */
const struct pt_arch *pt_arch_by_general_size(size_t n);

/* By name, with the synonyms pc, sp, fp, flags, case-insensitively. NULL if there is none. */
const struct pt_reg *pt_arch_find_reg(const struct pt_arch *arch, const char *name);
/* Its register behind a public pointer; NULL if it is not one of this architecture's. */
const struct pt_reg *pt_arch_own_reg(const struct pt_arch *arch, const struct ptl_reg_info *info);

/* --- on images of the general set ------------------------------------------------- */

uint64_t pt_role_get(const struct pt_arch *arch, const void *general, enum pt_role role);
/* Sign-extended: for PT_ROLE_NR and PT_ROLE_RET. */
int64_t pt_role_get_signed(const struct pt_arch *arch, const void *general, enum pt_role role);
void pt_role_put(const struct pt_arch *arch, void *general, enum pt_role role, uint64_t value);

/* --- interrupted system calls -------------------------------------------------------- */

/* The kernel's own results for "interrupted, to be restarted" (include/linux/errno.h there); a program never sees them. */
enum {
	PT_ERESTARTSYS = 512,
	PT_ERESTARTNOINTR = 513,
	PT_ERESTARTNOHAND = 514,
	PT_ERESTART_RESTARTBLOCK = 516
};

/* Is a system call's result one of those? */
bool pt_result_is_restart(int64_t value);

/*
 * Calls that answer -EINTR after a mere stop by a tracer, although no signal came, and that did nothing
 * when they do: making them again is what the kernel does for other calls by itself. `call` is the
 * architecture of the call, not of the program.
 */
bool pt_arch_restartable(const struct pt_arch *call, uint64_t nr);

/*
 * If the image shows such a call interrupted (result -EINTR), makes the result -PT_ERESTARTNOHAND and answers true.
 * The kernel, which looks at it when the task leaves its stop, then does what it does for the calls it restarts
 * itself: makes the call again if no handler is to run, and turns it into -EINTR if one is. So it does not matter whether a
 * signal is on its way or comes before the task has gone on. `task` is the architecture of the image, `call` that
 * of the call (they differ for int 0x80 in 64-bit code).
 */
bool pt_arch_restart_eintr(const struct pt_arch *task, const struct pt_arch *call, void *general);

/*
 * Calls that overwrite the kernel's one memory of how to go on with an interrupted sleep (its restart block):
 * they must not be injected into a task whose own call shows -PT_ERESTART_RESTARTBLOCK, or its sleep
 * would end with EINTR.
 */
bool pt_arch_uses_restart_block(const struct pt_arch *call, uint64_t nr);

/* --- stepping -------------------------------------------------------------------------- */

/* 64 or 32: what a code segment selector means; 0: not to be known without its descriptor. */
int pt_arch_code_bits(uint64_t cs);
/* A page whose calls the kernel makes itself, in place of the (unreadable) code there: a step does the call and the instruction after it. */
bool pt_arch_is_emulated_page(uint64_t pc);
/* May this call of either architecture change what code is mapped where? */
bool pt_arch_changes_maps(uint64_t nr);
/* Does it give back the registers that a signal's frame holds? Where in it, from the stack pointer at the call. 64-bit code. */
bool pt_arch_is_sigreturn(uint64_t nr);
enum { PT_SIGFRAME_PC = 168, PT_SIGFRAME_FLAGS = 176 };
/* Does it change the blocked signals? 64-bit code. */
bool pt_arch_is_sigprocmask(uint64_t nr);
/* May it make a task that shares the caller's memory? */
bool pt_arch_may_share_memory(uint64_t nr);

/*
 * Calls after which the caller, or a child of it, does not come back to where it was: they cannot be
 * injected and undone.
 */
bool pt_arch_is_final(const struct pt_arch *call, uint64_t nr);

#endif
