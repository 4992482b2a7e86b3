/* SPDX-License-Identifier: MIT */
/*
 * The filter that lets unselected system calls run at full speed.
 *
 * For each of the two ABIs the selected numbers become ranges, and the ranges a
 * binary search tree of comparisons. A conditional jump reaches 255 instructions at
 * most, so each node tests, and a long jump carries to its right half:
 *
 *	jge first_of_right_half ? next : skip one
 *	ja  right half
 *	... left half
 *	... right half
 *
 * The kernel (5.11) evaluates the filter once a number and remembers "always allow", so
 * an allowed call costs next to nothing.
 */
#include "os/linux/os.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_INSNS = BPF_MAXINSNS, MAX_RANGES = 1024, X32_BIT = 0x40000000 };

struct program {
	struct sock_filter insn[MAX_INSNS];
	unsigned n;
	bool full;
};

static unsigned emit(struct program *p, uint16_t code, uint32_t k)
{
	if (p->n >= MAX_INSNS) {
		p->full = true;
		return 0;
	}
	p->insn[p->n] = (struct sock_filter){code, 0, 0, k};
	return p->n++;
}

struct range {
	uint32_t first;	 /* numbers from here to the next range's first ... */
	uint32_t action; /* ... are answered so */
};

/* The tree for r[0 .. n-1], n >= 1. Its depth is log2 n. */
static void emit_tree(struct program *p, const struct range *r, unsigned n)
{
	unsigned test, jump, half = n / 2;

	if (n == 1) {
		emit(p, BPF_RET | BPF_K, r[0].action);
		return;
	}
	test = emit(p, BPF_JMP | BPF_JGE | BPF_K, r[half].first);
	p->insn[test].jf = 1;
	jump = emit(p, BPF_JMP | BPF_JA, 0);
	emit_tree(p, r, half);
	p->insn[jump].k = p->n - jump - 1;
	emit_tree(p, r + half, n - half);
}

static void emit_set(struct program *p, const unsigned char *bits, size_t len)
{
	struct range r[MAX_RANGES];
	unsigned n = 0;
	uint32_t nr;

	for (nr = 0; nr <= len * 8; nr++) {
		bool selected = nr < len * 8 && (bits[nr / 8] >> (nr % 8) & 1);
		uint32_t action = selected ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW;

		if (n && action == r[n - 1].action)
			continue;
		if (n == MAX_RANGES) {
			p->full = true;
			return;
		}
		r[n++] = (struct range){nr, action};
	}
	emit_tree(p, r, n);
}

struct sock_fprog *pt_os_filter_new(const unsigned char *native, size_t native_len,
	const unsigned char *compat, size_t compat_len)
{
	struct program *p = calloc(1, sizeof(*p));
	struct sock_fprog *prog = NULL;
	unsigned test, jump;

	if (!p)
		return NULL;
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	test = emit(p, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64);
	p->insn[test].jt = 1;
	jump = emit(p, BPF_JMP | BPF_JA, 0);
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	/* x32 numbers carry a bit of their own; they are rare: all of them stop */
	test = emit(p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT);
	p->insn[test].jf = 1;
	emit(p, BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	emit_set(p, native, native_len);
	p->insn[jump].k = p->n - jump - 1;
	test = emit(p, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386);
	p->insn[test].jt = 1;
	emit(p, BPF_RET | BPF_K, SECCOMP_RET_TRACE); /* an ABI not known here: never lose a call */
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	emit_set(p, compat, compat_len);
	if (!p->full)
		prog = malloc(sizeof(*prog));
	if (!prog) {
		free(p);
		return NULL;
	}
	prog->len = (unsigned short)p->n;
	prog->filter = p->insn; /* the program's first member: freeing one frees the other */
	return prog;
}

void pt_os_filter_free(struct sock_fprog *prog)
{
	if (!prog)
		return;
	free(prog->filter);
	free(prog);
}

int pt_os_filter_install(const struct sock_fprog *prog)
{
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, prog) == 0)
		return 0;
	if (errno != EACCES)
		return -errno;
	/* without CAP_SYS_ADMIN only a process that cannot gain rights may filter itself */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, prog) == 0 ? 0 : -errno;
}
