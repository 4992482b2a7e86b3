/* SPDX-License-Identifier: MIT */
/*
 * i386 tracees of a 64-bit tracer: the register table.
 *
 * Names and DWARF numbers are those of the i386 System V psABI. The general set is 17 words of four bytes; the
 * extended set is the 64-bit one's, of which 32-bit code reaches eight vector registers; the debug
 * registers are read from the tracer's own, 64-bit struct user.
 */
#include "arch/x86_64/x86.h"

#define REG(name, size, group, type, dwarf, alias, set, comp, offset, bits)                        \
	{                                                                                          \
		{name, size, PTL_REG_##group, PTL_REG_##type, dwarf, alias}, PT_SET_##set, 1,      \
			{{comp, size, offset}}, bits                                               \
	}
#define WORD(name, n, dwarf) REG(name, 4, GENERAL, UINT, dwarf, false, GENERAL, 0, 4 * (n), NULL)
#define SEGMENT(name, n, dwarf) REG(name, 2, GENERAL, UINT, dwarf, false, GENERAL, 0, 4 * (n), NULL)
#define PART(name, n, size, at) REG(name, size, GENERAL, UINT, -1, true, GENERAL, 0, 4 * (n) + (at), NULL)
#define PARTS(w, l, h, n) PART(w, n, 2, 0), PART(l, n, 1, 0), PART(h, n, 1, 1)
#define LEGACY(name, size, dwarf, at, bits) REG(name, size, FLOAT, UINT, dwarf, false, EXTENDED, X86_X87, at, bits)
#define ST(n) REG("st" #n, 10, FLOAT, X87, 11 + n, false, EXTENDED, X86_X87, 32 + 16 * n, NULL)
#define MM(n) REG("mm" #n, 8, VECTOR, BYTES, 29 + n, true, EXTENDED, X86_X87, 32 + 16 * n, NULL)
#define XMM(n) REG("xmm" #n, 16, VECTOR, BYTES, 21 + n, false, EXTENDED, X86_SSE, 160 + 16 * n, NULL)
#define YMM(n)                                                                                     \
	{                                                                                          \
		{"ymm" #n, 32, PTL_REG_VECTOR, PTL_REG_BYTES, -1, false}, PT_SET_EXTENDED, 2,      \
			{{X86_SSE, 16, 160 + 16 * n}, {X86_AVX, 16, 16 * n}}, NULL                 \
	}
#define ZMM(n)                                                                                     \
	{                                                                                          \
		{"zmm" #n, 64, PTL_REG_VECTOR, PTL_REG_BYTES, -1, false}, PT_SET_EXTENDED, 3,      \
			{{X86_SSE, 16, 160 + 16 * n}, {X86_AVX, 16, 16 * n},                       \
				{X86_ZMM_HI256, 32, 32 * n}},                                      \
			NULL                                                                       \
	}
#define K(n) REG("k" #n, 8, VECTOR, UINT, 93 + n, false, EXTENDED, X86_OPMASK, 8 * n, NULL)
#define DR(n) REG("dr" #n, 8, SYSTEM, UINT, -1, false, DEBUG, 0, 8 * n, NULL)
#define TIMES_8(X) X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7)

static const struct pt_reg regs[] = {
	WORD("eax", 6, 0), WORD("ebx", 0, 3), WORD("ecx", 1, 1), WORD("edx", 2, 2),
	WORD("esi", 3, 6), WORD("edi", 4, 7), WORD("ebp", 5, 5), WORD("esp", 15, 4),
	WORD("eip", 12, 8),
	REG("eflags", 4, GENERAL, UINT, 9, false, GENERAL, 0, 4 * 14, pt_x86_flag_names),
	SEGMENT("cs", 13, 41), SEGMENT("ss", 16, 42), SEGMENT("ds", 7, 43), SEGMENT("es", 8, 40),
	SEGMENT("fs", 9, 44), SEGMENT("gs", 10, 45), WORD("orig_eax", 11, -1),

	PARTS("ax", "al", "ah", 6), PARTS("bx", "bl", "bh", 0), PARTS("cx", "cl", "ch", 1),
	PARTS("dx", "dl", "dh", 2), PART("si", 3, 2, 0), PART("di", 4, 2, 0), PART("bp", 5, 2, 0),

	LEGACY("fctrl", 2, 37, 0, NULL), LEGACY("fstat", 2, 38, 2, NULL), LEGACY("ftag", 1, -1, 4, NULL),
	LEGACY("fop", 2, -1, 6, NULL), LEGACY("fip", 4, -1, 8, NULL), LEGACY("fcs", 2, -1, 12, NULL),
	LEGACY("fdp", 4, -1, 16, NULL), LEGACY("fds", 2, -1, 20, NULL), TIMES_8(ST),
	REG("mxcsr", 4, FLOAT, UINT, 39, false, EXTENDED, X86_SSE, 24, pt_x86_mxcsr_names),

	TIMES_8(MM), TIMES_8(XMM), TIMES_8(YMM), TIMES_8(ZMM), TIMES_8(K),

	DR(0), DR(1), DR(2), DR(3), DR(6), DR(7),
	REG("pkru", 4, SYSTEM, UINT, -1, false, EXTENDED, X86_PKRU, 0, NULL),
};

/* The same calls as in regs64.c, also behind ipc(2) and socketcall(2), and in their versions for 64-bit time. */
static const uint16_t eintr[] = {
	3, 4, 145, 146,		  /* read write readv writev */
	102, 117,		  /* socketcall ipc */
	362, 364,		  /* connect accept4 */
	369, 370, 371, 372,	  /* sendto sendmsg recvfrom recvmsg */
	337, 417, 345,		  /* recvmmsg recvmmsg_time64 sendmmsg */
	420,			  /* semtimedop_time64 */
	177, 421,		  /* rt_sigtimedwait rt_sigtimedwait_time64 */
	247, 385, 416,		  /* io_getevents io_pgetevents io_pgetevents_time64 */
	256, 319, 441,		  /* epoll_wait epoll_pwait epoll_pwait2 */
	426,			  /* io_uring_enter */
	PT_NR_END};

/* nanosleep clock_nanosleep clock_nanosleep_time64 poll futex futex_time64 restart_syscall sigreturn rt_sigreturn */
static const uint16_t blockers[] = {162, 267, 407, 168, 240, 422, 0, 119, 173, PT_NR_END};

/* exit exit_group execve execveat sigreturn rt_sigreturn restart_syscall fork vfork clone clone3 */
static const uint16_t final[] = {1, 252, 11, 358, 119, 173, 0, 2, 190, 120, 435, PT_NR_END};

const struct pt_arch pt_arch_i386 = {
	.name = "i386",
	.audit = 0x40000003, /* AUDIT_ARCH_I386 */
	.word = 4,
	.general_size = 68,
	.note_general = 1,
	.note_extended = 0x202,
	.note_extended_fallback = 0x46e62b7f, /* NT_PRXFPREG: an FXSAVE image */
	.regs = regs,
	.reg_count = sizeof(regs) / sizeof(regs[0]),
	.role = {
		[PT_ROLE_PC] = {4 * 12, 4}, [PT_ROLE_SP] = {4 * 15, 4}, [PT_ROLE_FP] = {4 * 5, 4},
		[PT_ROLE_FLAGS] = {4 * 14, 4}, [PT_ROLE_CS] = {4 * 13, 2}, [PT_ROLE_NR] = {4 * 11, 4},
		[PT_ROLE_RET] = {4 * 6, 4}, [PT_ROLE_ARG0] = {4 * 0, 4}, [PT_ROLE_ARG1] = {4 * 1, 4},
		[PT_ROLE_ARG2] = {4 * 2, 4}, [PT_ROLE_ARG3] = {4 * 3, 4}, [PT_ROLE_ARG4] = {4 * 4, 4},
		[PT_ROLE_ARG5] = {4 * 5, 4}, [PT_ROLE_ROUNDS] = {4 * 1, 4}},
	/* for 64-bit programs that are in 32-bit code, which have their thread's data there: fs_base and gs_base */
	.lost_base = {{4 * 9, 8 * 21}, {4 * 10, 8 * 22}},
	/* sysenter returns to the int 0x80 of the vdso, so that a restart goes there whichever way was taken. */
	.syscall_insn = {2, {0xcd, 0x80}},
	.trap_insn = {1, {0xcc}},
	.trap_flag = 1 << 8,
	.debug_offset = 848, .debug_stride = 8,
	.debug_present = 0xcf,
	.nr_restart = 0,
	.eintr = eintr,
	.blockers = blockers,
	.final = final,
};
