/* SPDX-License-Identifier: MIT */
/* insn: length, class and name from bytes, for 64- and 32-bit code; and that no more bytes are touched than there are. */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pintle/insn.h>

#include "base/base.h"

struct row {
	int bits;
	const char *bytes;
	size_t n;
	unsigned length, kind;
	const char *mnemonic;
};
#define ROW(bits, bytes, length, kind, mnemonic)                                                   \
	{bits, bytes, sizeof(bytes) - 1, length, PTL_INSN_##kind, mnemonic}

static const struct row rows[] = {
	ROW(64, "\x90", 1, PLAIN, "nop"),
	ROW(64, "\xf3\x90", 2, PLAIN, "pause"),
	ROW(64, "\x48\x89\xd8\xcc", 3, PLAIN, "mov"),
	ROW(64, "\x0f\x05", 2, SYSCALL, "syscall"),
	ROW(64, "\x0f\x34", 2, SYSCALL, "sysenter"),
	ROW(64, "\xcd\x80", 2, SYSCALL, "int"),
	ROW(32, "\xcd\x80", 2, SYSCALL, "int"),
	ROW(64, "\xcd\x03", 2, TRAP, "int"),
	ROW(64, "\xcd\x2d", 2, TRAP, "int"),
	ROW(64, "\xcc", 1, TRAP, "int3"),
	ROW(32, "\xce", 1, TRAP, "into"),
	ROW(64, "\xf1", 1, ICEBP, "int1"),
	ROW(64, "\x8e\xd0", 2, SS, "mov"),
	ROW(64, "\x8e\xd8", 2, PLAIN, "mov"), /* ds */
	ROW(64, "\x8c\xd0", 2, PLAIN, "mov"), /* from ss */
	ROW(64, "\x8e\x10", 2, SS, "mov"),    /* from memory */
	ROW(32, "\x17", 1, SS, "pop"),
	ROW(32, "\x1f", 1, PLAIN, "pop"),
	ROW(64, "\x0f\xb2\x00", 3, PLAIN, "lss"),
	ROW(64, "\x9c", 1, PUSHF, "pushfq"),
	ROW(64, "\x66\x9c", 2, PUSHF, "pushf"),
	ROW(32, "\x9c", 1, PUSHF, "pushfd"),
	ROW(64, "\x9d", 1, POPF, "popfq"),
	ROW(32, "\x66\x9d", 2, POPF, "popf"),
	ROW(64, "\x48\xcf", 2, IRET, "iretq"),
	ROW(32, "\xcf", 1, IRET, "iretd"),
	ROW(64, "\xf3\xa4", 2, REP, "movsb"),
	ROW(64, "\xf3\x48\xab", 3, REP, "stosq"),
	ROW(64, "\xf2\xae", 2, REP, "scasb"),
	ROW(64, "\xf3\xa6", 2, REP, "cmpsb"),
	ROW(64, "\xa4", 1, PLAIN, "movsb"),
	ROW(64, "\xf3\xc3", 2, RET, "ret"), /* "repz ret" repeats nothing */
	ROW(64, "\xf3\x0f\xbc\xc0", 4, PLAIN, "tzcnt"),
	ROW(64, "\xe8\x00\x00\x00\x00", 5, CALL, "call"),
	ROW(64, "\xff\xd0", 2, CALL, "call"),
	ROW(64, "\xc3", 1, RET, "ret"),
	ROW(64, "\xc2\x08\x00", 3, RET, "ret"),
	ROW(64, "\xcb", 1, FAR, "ret"),
	ROW(32, "\xea\x00\x00\x00\x00\x33\x00", 7, FAR, "jmp"),
	ROW(64, "\xff\x28", 2, FAR, "jmp"),
	ROW(64, "\xff\x18", 2, FAR, "call"),
	ROW(64, "\xeb\xfe", 2, JUMP, "jmp"),
	ROW(64, "\xff\xe0", 2, JUMP, "jmp"),
	ROW(64, "\x74\x00", 2, BRANCH, "jz"),
	ROW(64, "\x0f\x85\x00\x00\x00\x00", 6, BRANCH, "jnz"),
	ROW(64, "\xe2\xfe", 2, BRANCH, "loop"),
	ROW(64, "\xe3\x00", 2, BRANCH, "jrcxz"),
	ROW(64, "\xc7\xf8\x00\x00\x00\x00", 6, BRANCH, "xbegin"),
	ROW(64, "\x0f\xa2", 2, CPUID, "cpuid"),
	ROW(64, "\x0f\x0b", 2, PLAIN, "ud2"),
	ROW(32, "\x40", 1, PLAIN, "inc"), /* a REX prefix in 64-bit code */
	ROW(64, "\x62\xf1\x7c\x48\x58\xc0", 6, PLAIN, "vaddps"),
};

static void classes(void **state)
{
	size_t i;

	for (i = 0; i < PT_COUNTOF(rows); i++) {
		const struct row *row = &rows[i];
		struct ptl_insn in = {0};
		int r = ptl_insn_decode(row->bytes, row->n, row->bits, &in);

		if (r || in.length != row->length || in.kind != row->kind ||
			strcmp(ptl_insn_mnemonic(in.mnemonic), row->mnemonic))
			fail_msg("row %zu: %d, length %u, %s, %s; expected %u, %s, %s", i, r, in.length,
				ptl_insn_class_name(in.kind), ptl_insn_mnemonic(in.mnemonic), row->length,
				ptl_insn_class_name(row->kind), row->mnemonic);
	}
}

static void truncated(void **state)
{
	size_t i, n;

	/* Every true prefix of an instruction is reported as such, out of memory that ends there. */
	for (i = 0; i < PT_COUNTOF(rows); i++)
		for (n = 0; n < rows[i].length; n++) {
			uint8_t *bytes = malloc(n + 1);
			struct ptl_insn in;

			assert_non_null(bytes);
			memcpy(bytes, rows[i].bytes, n);
			assert_int_equal(ptl_insn_decode(bytes, n, rows[i].bits, &in), -PTL_EPARTIAL);
			free(bytes);
		}
}

static void refused(void **state)
{
	static const uint8_t prefixes[20] = {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
		0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90};
	struct ptl_insn in;

	assert_int_equal(ptl_insn_decode("\x06", 1, 64, &in), -PTL_EBADDATA); /* push es */
	assert_int_equal(ptl_insn_decode("\x17", 1, 64, &in), -PTL_EBADDATA);
	assert_int_equal(ptl_insn_decode(prefixes, sizeof(prefixes), 64, &in), -PTL_EBADDATA);
	assert_int_equal(ptl_insn_decode("\x90", 1, 16, &in), -EINVAL);
	assert_string_equal(ptl_insn_mnemonic(0xffff), "invalid");
	assert_string_equal(ptl_insn_class_name(0), "invalid");
	assert_string_equal(ptl_insn_class_name(1000), "invalid");
}

/* Any bytes at all: an answer within its limits. */
static void noise(void **state)
{
	uint32_t seed = 1;
	unsigned i, k;

	for (i = 0; i < 200000; i++) {
		uint8_t bytes[15];
		struct ptl_insn in = {0};
		int r;

		for (k = 0; k < sizeof(bytes); k++) {
			seed = seed * 1103515245 + 12345;
			bytes[k] = (uint8_t)(seed >> 16);
		}
		r = ptl_insn_decode(bytes, sizeof(bytes), i & 1 ? 64 : 32, &in);
		assert_true(r == 0 || r == -PTL_EBADDATA);
		if (!r)
			assert_true(in.length >= 1 && in.length <= 15 && in.kind >= PTL_INSN_PLAIN &&
				in.kind <= PTL_INSN_CPUID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes),
		cmocka_unit_test(truncated),
		cmocka_unit_test(refused),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
