/* SPDX-License-Identifier: MIT */
/* x86: what its two register tables share. See regs.c. */
#ifndef PINTLE_ARCH_X86_64_X86_H
#define PINTLE_ARCH_X86_64_X86_H

#include "arch/arch.h"

/* Components of the extended set, by their number in XCR0. */
enum {
	X86_X87 = 0,
	X86_SSE = 1,
	X86_AVX = 2,	  /* upper halves of ymm0-15 */
	X86_OPMASK = 5,	  /* k0-7 */
	X86_ZMM_HI256 = 6, /* upper halves of zmm0-15 */
	X86_HI16_ZMM = 7, /* zmm16-31, whole */
	X86_PKRU = 9
};

/* The legacy area that begins the image, and the header behind it. */
#define X86_LEGACY_SIZE 512
#define X86_HEADER_END 576
/* Where the kernel tells a tracer which components the machine has enabled (its USER_XSTATE_XCR0_WORD). */
#define X86_XCR0_OFFSET 464

extern const char *const pt_x86_flag_names[];
extern const char *const pt_x86_mxcsr_names[];

#endif
