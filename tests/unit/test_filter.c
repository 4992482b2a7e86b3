/* SPDX-License-Identifier: MIT */
/*
 * os: the seccomp filter builder. The programs are not installed but executed here, by an interpreter of the few BPF
 * instructions they may consist of, over all numbers and ABIs, for random sets of every density.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <cmocka.h>

#include "base/base.h"
#include "os/linux/os.h"

enum { BAD = 0x7ff00001 /* an action no filter of ours answers */ };

/* What the kernel would answer. BAD: it would refuse the program. */
static uint32_t execute(const struct sock_fprog *prog, uint32_t arch, uint32_t nr)
{
	struct seccomp_data data = {.arch = arch, .nr = (int)nr};
	uint32_t a = 0;
	unsigned pc = 0;

	/* jumps only go forward, so this ends */
	while (pc < prog->len) {
		const struct sock_filter *i = &prog->filter[pc++];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k % 4 || i->k + 4 > sizeof(data))
				return BAD;
			memcpy(&a, (const char *)&data + i->k, 4);
			break;
		case BPF_JMP | BPF_JA:
			if (i->k >= prog->len - pc)
				return BAD;
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			return BAD;
		}
	}
	return BAD; /* ran off its end */
}

static bool is_in(const unsigned char *bits, size_t len, uint32_t nr)
{
	return nr / 8 < len && (bits[nr / 8] >> (nr % 8) & 1);
}

static void check(const struct sock_fprog *prog, uint32_t arch, const unsigned char *bits, size_t len,
	uint32_t nr)
{
	/* x32 calls come with the native ABI's mark and bit 30: all of them stop */
	bool want = arch == AUDIT_ARCH_X86_64 && nr >= 0x40000000 ? true : is_in(bits, len, nr);
	uint32_t got = execute(prog, arch, nr);

	if (got != (want ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW))
		fail_msg("arch %x number %u: %x, wanted %s", arch, nr, got, want ? "TRACE" : "ALLOW");
}

static void check_all(const unsigned char *native, size_t native_len, const unsigned char *compat,
	size_t compat_len)
{
	static const uint32_t edges[] = {0x3fffffff, 0x40000000, 0x40000001, 0x400001ff, 0x7fffffff,
		0x80000000, 0xbfffffff, 0xfffffffe, 0xffffffff};
	struct sock_fprog *prog = pt_os_filter_new(native, native_len, compat, compat_len);
	size_t most = PT_MAX(native_len, compat_len) * 8 + 600;

	assert_non_null(prog);
	assert_true(prog->len > 0 && prog->len <= BPF_MAXINSNS);
	for (uint32_t nr = 0; nr < most; nr++) {
		check(prog, AUDIT_ARCH_X86_64, native, native_len, nr);
		check(prog, AUDIT_ARCH_I386, compat, compat_len, nr);
	}
	for (size_t i = 0; i < PT_COUNTOF(edges); i++) {
		check(prog, AUDIT_ARCH_X86_64, native, native_len, edges[i]);
		check(prog, AUDIT_ARCH_I386, compat, compat_len, edges[i]);
	}
	/* an ABI the filter does not know: no call may be lost */
	for (uint32_t nr = 0; nr < 600; nr++)
		assert_int_equal(execute(prog, AUDIT_ARCH_AARCH64, nr), SECCOMP_RET_TRACE);
	pt_os_filter_free(prog);
}

static void fill(unsigned char *bits, size_t len, unsigned percent)
{
	memset(bits, 0, len);
	for (size_t i = 0; i < len * 8; i++)
		if ((unsigned)rand() % 100 < percent)
			bits[i / 8] |= (unsigned char)(1 << i % 8);
}

static void random_sets(void **state)
{
	static const unsigned percents[] = {0, 1, 2, 10, 50, 90, 99, 100};
	unsigned char native[64], compat[64];

	srand(1);
	for (unsigned round = 0; round < 100; round++) {
		size_t native_len = (size_t)rand() % (sizeof(native) + 1);
		size_t compat_len = (size_t)rand() % (sizeof(compat) + 1);

		fill(native, native_len, percents[round % PT_COUNTOF(percents)]);
		fill(compat, compat_len, percents[(round * 3 + 1) % PT_COUNTOF(percents)]);
		check_all(native, native_len, compat, compat_len);
	}
}

static void single_numbers(void **state)
{
	unsigned char native[64], compat[64];

	for (unsigned nr = 0; nr < sizeof(native) * 8; nr += 7) {
		memset(native, 0, sizeof(native));
		memset(compat, 0, sizeof(compat));
		native[nr / 8] = (unsigned char)(1 << nr % 8);
		compat[(511 - nr) / 8] = (unsigned char)(1 << (511 - nr) % 8);
		check_all(native, sizeof(native), compat, sizeof(compat));
	}
}

static void empty_sets(void **state)
{
	check_all(NULL, 0, NULL, 0);
}

/* Every second number of a set as long as it may be: the tree is deeper than a conditional jump reaches. */
static void scattered_sets(void **state)
{
	unsigned char bits[512];

	memset(bits, 0x55, sizeof(bits));
	check_all(bits, 80, bits, 80);
	check_all(bits, 127, NULL, 0);
	/* and one that does not fit is refused, not cut */
	assert_null(pt_os_filter_new(bits, sizeof(bits), bits, sizeof(bits)));
	assert_null(pt_os_filter_new(NULL, 0, bits, sizeof(bits)));
	pt_os_filter_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_sets),
		cmocka_unit_test(single_numbers),
		cmocka_unit_test(empty_sets),
		cmocka_unit_test(scattered_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
