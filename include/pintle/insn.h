/* SPDX-License-Identifier: MIT */
/*
 * Instructions: how long one is and what it does to the flow of control, from its bytes.
 */
#ifndef PINTLE_INSN_H
#define PINTLE_INSN_H

#include <stddef.h>
#include <stdint.h>
#include <pintle/errors.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ptl_task;

enum { PTL_INSN_MAX_LENGTH = 15 };

/* What an instruction does that matters to one who steps or counts. */
enum ptl_insn_class {
	PTL_INSN_PLAIN = 1, /* goes on to the next instruction, unless it faults */
	PTL_INSN_JUMP,
	PTL_INSN_BRANCH, /* jumps or goes on: jcc, loop, jrcxz, xbegin */
	PTL_INSN_CALL,
	PTL_INSN_RET,
	PTL_INSN_FAR,	  /* far jump, call or return: may change between 64- and 32-bit code */
	PTL_INSN_SYSCALL, /* syscall, sysenter, int 0x80 */
	PTL_INSN_TRAP,	  /* int3, int N, into: a signal follows */
	PTL_INSN_ICEBP,	  /* int1 */
	PTL_INSN_IRET,
	PTL_INSN_PUSHF, /* stores the flags where the program sees them, the trap flag too */
	PTL_INSN_POPF,
	PTL_INSN_SS,	/* mov ss, pop ss: the next instruction cannot be interrupted, nor stepped */
	PTL_INSN_REP,	/* a repeated string instruction: stepping stops after each round */
	PTL_INSN_CPUID, /* leaves a virtual machine */
};

struct ptl_insn {
	uint8_t length; /* bytes, 1 to 15 */
	uint8_t kind;	/* enum ptl_insn_class */
	uint16_t mnemonic; /* for ptl_insn_mnemonic() */
};

/*
 * Decodes the instruction at the start of n bytes (more than 15 are not looked at), for 64- or 32-bit code.
 * -PTL_EBADDATA: these bytes are no instruction; -PTL_EPARTIAL: it is longer than n; -EINVAL: bits.
 */
PTL_API PTL_MUST_CHECK int ptl_insn_decode(
	const void *bytes, size_t n, int bits, struct ptl_insn *ret_insn);

/*
 * The instruction a stopped task would execute at an address, for the code the task is in. Cached where nobody can have
 * changed it. -PTL_ERUNNING, -PTL_EBADADDR, -PTL_EBADDATA, -ESRCH.
 */
PTL_API PTL_MUST_CHECK int ptl_insn_read(
	struct ptl_task *task, uint64_t address, struct ptl_insn *ret_insn);

/* "mov", "syscall" ... in lower case; static, never NULL ("invalid" for a number that is none). */
PTL_API const char *ptl_insn_mnemonic(uint16_t mnemonic);

/* "plain", "jump" ...; static, never NULL. */
PTL_API const char *ptl_insn_class_name(unsigned kind);

#ifdef __cplusplus
}
#endif
#endif
