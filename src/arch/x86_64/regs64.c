/* SPDX-License-Identifier: MIT */
/*
 * x86-64: the register table.
 *
 * Names and DWARF numbers are those of the System V psABI (AMD64, table 3.36). Order is that of
 * display. Places in the general set are those of struct user_regs_struct: word n at 8 * n. Segment registers are
 * the 16 bits they are; the words around them stay as they were.
 */
#include "arch/x86_64/x86.h"

const char *const pt_x86_flag_names[] = {"CF", "", "PF", "", "AF", "", "ZF", "SF", "TF", "IF", "DF",
	"OF", "IOPL0", "IOPL1", "NT", "", "RF", "VM", "AC", "VIF", "VIP", "ID", NULL};
const char *const pt_x86_mxcsr_names[] = {"IE", "DE", "ZE", "OE", "UE", "PE", "DAZ", "IM", "DM",
	"ZM", "OM", "UM", "PM", "RC0", "RC1", "FZ", NULL};

/* One piece: name, size, group, type, DWARF number, alias, set, component, offset, names of bits. */
#define REG(name, size, group, type, dwarf, alias, set, comp, offset, bits)                        \
	{                                                                                          \
		{name, size, PTL_REG_##group, PTL_REG_##type, dwarf, alias}, PT_SET_##set, 1,      \
			{{comp, size, offset}}, bits                                               \
	}
#define WORD(name, n, dwarf) REG(name, 8, GENERAL, UINT, dwarf, false, GENERAL, 0, 8 * (n), NULL)
#define SEGMENT(name, n, dwarf) REG(name, 2, GENERAL, UINT, dwarf, false, GENERAL, 0, 8 * (n), NULL)
#define PART(name, n, size, at) REG(name, size, GENERAL, UINT, -1, true, GENERAL, 0, 8 * (n) + (at), NULL)
/* The three parts every register has, and the fourth that only rax, rbx, rcx, rdx have. */
#define PARTS(d, w, b, n) PART(d, n, 4, 0), PART(w, n, 2, 0), PART(b, n, 1, 0)

#define LEGACY(name, size, dwarf, at, bits) REG(name, size, FLOAT, UINT, dwarf, false, EXTENDED, X86_X87, at, bits)
#define ST(n) REG("st" #n, 10, FLOAT, X87, 33 + n, false, EXTENDED, X86_X87, 32 + 16 * n, NULL)
#define MM(n) REG("mm" #n, 8, VECTOR, BYTES, 41 + n, true, EXTENDED, X86_X87, 32 + 16 * n, NULL)
#define XMM(n) REG("xmm" #n, 16, VECTOR, BYTES, 17 + n, false, EXTENDED, X86_SSE, 160 + 16 * n, NULL)
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
/* The sixteen that AVX-512 added, in each of their widths. */
#define HIGH(name, n, size, dwarf)                                                                 \
	REG(name #n, size, VECTOR, BYTES, dwarf, false, EXTENDED, X86_HI16_ZMM, 64 * (n - 16), NULL)
#define XMM_HIGH(n) HIGH("xmm", n, 16, 67 + (n - 16))
#define YMM_HIGH(n) HIGH("ymm", n, 32, -1)
#define ZMM_HIGH(n) HIGH("zmm", n, 64, -1)
#define K(n) REG("k" #n, 8, VECTOR, UINT, 118 + n, false, EXTENDED, X86_OPMASK, 8 * n, NULL)
#define DR(n) REG("dr" #n, 8, SYSTEM, UINT, -1, false, DEBUG, 0, 8 * n, NULL)

#define TIMES_8(X) X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7)
#define TIMES_16(X) TIMES_8(X), X(8), X(9), X(10), X(11), X(12), X(13), X(14), X(15)
#define TIMES_16_HIGH(X)                                                                           \
	X(16), X(17), X(18), X(19), X(20), X(21), X(22), X(23), X(24), X(25), X(26), X(27), X(28), \
		X(29), X(30), X(31)

static const struct pt_reg regs[] = {
	WORD("rax", 10, 0), WORD("rbx", 5, 3), WORD("rcx", 11, 2), WORD("rdx", 12, 1),
	WORD("rsi", 13, 4), WORD("rdi", 14, 5), WORD("rbp", 4, 6), WORD("rsp", 19, 7),
	WORD("r8", 9, 8), WORD("r9", 8, 9), WORD("r10", 7, 10), WORD("r11", 6, 11),
	WORD("r12", 3, 12), WORD("r13", 2, 13), WORD("r14", 1, 14), WORD("r15", 0, 15),
	WORD("rip", 16, 16),
	REG("rflags", 8, GENERAL, UINT, 49, false, GENERAL, 0, 8 * 18, pt_x86_flag_names),
	SEGMENT("cs", 17, 51), SEGMENT("ss", 20, 52), SEGMENT("ds", 23, 53), SEGMENT("es", 24, 50),
	SEGMENT("fs", 25, 54), SEGMENT("gs", 26, 55),
	WORD("fs_base", 21, 58), WORD("gs_base", 22, 59), WORD("orig_rax", 15, -1),

	PARTS("eax", "ax", "al", 10), PART("ah", 10, 1, 1), PARTS("ebx", "bx", "bl", 5), PART("bh", 5, 1, 1),
	PARTS("ecx", "cx", "cl", 11), PART("ch", 11, 1, 1), PARTS("edx", "dx", "dl", 12), PART("dh", 12, 1, 1),
	PARTS("esi", "si", "sil", 13), PARTS("edi", "di", "dil", 14), PARTS("ebp", "bp", "bpl", 4),
	PART("esp", 19, 4, 0), PART("spl", 19, 1, 0), /* sp is the synonym for the whole */
	PARTS("r8d", "r8w", "r8b", 9), PARTS("r9d", "r9w", "r9b", 8), PARTS("r10d", "r10w", "r10b", 7),
	PARTS("r11d", "r11w", "r11b", 6), PARTS("r12d", "r12w", "r12b", 3), PARTS("r13d", "r13w", "r13b", 2),
	PARTS("r14d", "r14w", "r14b", 1), PARTS("r15d", "r15w", "r15b", 0),
	PART("eip", 16, 4, 0),
	REG("eflags", 4, GENERAL, UINT, -1, true, GENERAL, 0, 8 * 18, pt_x86_flag_names),

	/* ftag is the abridged form: a bit per physical register, set if it is in use. */
	LEGACY("fctrl", 2, 65, 0, NULL), LEGACY("fstat", 2, 66, 2, NULL), LEGACY("ftag", 1, -1, 4, NULL),
	LEGACY("fop", 2, -1, 6, NULL), LEGACY("fip", 8, -1, 8, NULL), LEGACY("fdp", 8, -1, 16, NULL),
	TIMES_8(ST),
	REG("mxcsr", 4, FLOAT, UINT, 64, false, EXTENDED, X86_SSE, 24, pt_x86_mxcsr_names),

	TIMES_8(MM), TIMES_16(XMM), TIMES_16_HIGH(XMM_HIGH), TIMES_16(YMM), TIMES_16_HIGH(YMM_HIGH),
	TIMES_16(ZMM), TIMES_16_HIGH(ZMM_HIGH), TIMES_8(K),

	DR(0), DR(1), DR(2), DR(3), DR(6), DR(7),
	REG("pkru", 4, SYSTEM, UINT, -1, false, EXTENDED, X86_PKRU, 0, NULL),
};

/*
 * Calls that answer -EINTR after a mere stop: found by stopping every blocking call (see
 * tests/quirks) and by reading for what else answers so: sockets with a time limit
 * (SO_RCVTIMEO, SO_SNDTIMEO), which read(2) and write(2) reach too. close(2) is not among them: it has closed
 * the descriptor when it says EINTR.
 */
static const uint16_t eintr[] = {
	0, 1, 19, 20,	    /* read write readv writev */
	42, 43, 288,	    /* connect accept accept4 */
	44, 45, 46, 47,	    /* sendto recvfrom sendmsg recvmsg */
	299, 307,	    /* recvmmsg sendmmsg */
	65, 220,	    /* semop semtimedop */
	128,		    /* rt_sigtimedwait */
	208, 333,	    /* io_getevents io_pgetevents */
	232, 281, 441,	    /* epoll_wait epoll_pwait epoll_pwait2 */
	426,		    /* io_uring_enter */
	PT_NR_END};

/* nanosleep clock_nanosleep poll futex restart_syscall rt_sigreturn */
static const uint16_t blockers[] = {35, 230, 7, 202, 219, 15, PT_NR_END};

/* exit exit_group execve execveat rt_sigreturn restart_syscall fork vfork clone clone3 */
static const uint16_t final[] = {60, 231, 59, 322, 15, 219, 57, 58, 56, 435, PT_NR_END};

const struct pt_arch pt_arch_x86_64 = {
	.name = "x86-64",
	.audit = 0xc000003e, /* AUDIT_ARCH_X86_64 */
	.word = 8,
	.general_size = 216,
	.note_general = 1,	     /* NT_PRSTATUS */
	.note_extended = 0x202,	     /* NT_X86_XSTATE */
	.note_extended_fallback = 2, /* NT_PRFPREG: an FXSAVE image */
	.regs = regs,
	.reg_count = sizeof(regs) / sizeof(regs[0]),
	.role = {
		[PT_ROLE_PC] = {8 * 16, 8}, [PT_ROLE_SP] = {8 * 19, 8}, [PT_ROLE_FP] = {8 * 4, 8},
		[PT_ROLE_FLAGS] = {8 * 18, 8}, [PT_ROLE_CS] = {8 * 17, 2}, [PT_ROLE_NR] = {8 * 15, 8},
		[PT_ROLE_RET] = {8 * 10, 8}, [PT_ROLE_ARG0] = {8 * 14, 8}, [PT_ROLE_ARG1] = {8 * 13, 8},
		[PT_ROLE_ARG2] = {8 * 12, 8}, [PT_ROLE_ARG3] = {8 * 7, 8}, [PT_ROLE_ARG4] = {8 * 9, 8},
		[PT_ROLE_ARG5] = {8 * 8, 8}, [PT_ROLE_CALL_FLAGS] = {8 * 6, 8},
		[PT_ROLE_ROUNDS] = {8 * 11, 8}},
	.syscall_insn = {2, {0x0f, 0x05}},
	.trap_insn = {1, {0xcc}},
	.trap_flag = 1 << 8,
	.debug_offset = 848, .debug_stride = 8, /* u_debugreg in struct user */
	.debug_present = 0xcf,
	.nr_restart = 219,
	.eintr = eintr,
	.blockers = blockers,
	.final = final,
};
