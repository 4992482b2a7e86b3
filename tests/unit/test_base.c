/* SPDX-License-Identifier: MIT */
/* base: text, containers, the bounded reader, numbers, escapes, error texts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pintle/pintle.h>
#include "base/base.h"

static void buf_numbers(void **state)
{
	struct pt_buf b = PT_BUF_INIT;

	assert_string_equal(pt_buf_str(&b), "");
	pt_buf_dec(&b, INT64_MIN);
	pt_buf_putc(&b, ' ');
	pt_buf_dec(&b, 0);
	pt_buf_putc(&b, ' ');
	pt_buf_udec(&b, UINT64_MAX);
	pt_buf_putc(&b, ' ');
	pt_buf_hex(&b, 0);
	pt_buf_putc(&b, ' ');
	pt_buf_hex(&b, UINT64_MAX);
	pt_buf_putc(&b, ' ');
	pt_buf_oct(&b, 0);
	pt_buf_putc(&b, ' ');
	pt_buf_oct(&b, 0644);
	assert_string_equal(pt_buf_str(&b),
		"-9223372036854775808 0 18446744073709551615 0x0 0xffffffffffffffff 0 0644");
	pt_buf_done(&b);
}

static void buf_grows(void **state)
{
	struct pt_buf b = PT_BUF_INIT;
	size_t i;

	for (i = 0; i < 100000; i++) {
		pt_buf_putc(&b, (char)('a' + i % 26));
		assert_int_equal(b.data[b.len], 0);
	}
	assert_int_equal(b.len, 100000);
	assert_int_equal(b.data[99999], 'a' + 99999 % 26);
	pt_buf_clear(&b);
	pt_buf_printf(&b, "%s-%d", "x", 7);
	pt_buf_pad(&b, 6, 0);
	pt_buf_add(&b, "|", 1);
	assert_string_equal(pt_buf_str(&b), "x-7   |");
	pt_buf_done(&b);
}

static void buf_refuses_absurd_sizes(void **state)
{
	struct pt_buf b = PT_BUF_INIT;

	pt_buf_puts(&b, "kept");
	assert_null(pt_buf_reserve(&b, SIZE_MAX / 2));
	assert_false(pt_buf_ok(&b));
	pt_buf_puts(&b, "ignored");
	assert_int_equal(b.len, 4);
	pt_buf_clear(&b);
	pt_buf_puts(&b, "again");
	assert_true(pt_buf_ok(&b));
	assert_string_equal(pt_buf_str(&b), "again");
	pt_buf_done(&b);
}

/* Whatever comes in, what goes out is printable: no control byte, no escape, no malformed UTF-8. */
static void escapes(void **state)
{
	static const struct {
		const char *in;
		size_t len;
	} hostile[] = {
		{"\033[2J\a", 5}, {"a\0b", 3}, {"\xff\xfe", 2}, {"\xc0\xaf", 2}, {"\xe2\x82", 2}, {"\xc2\x9b" "31m", 5},
		{"\r\n\t", 3}, {"\x7f", 1}, {"\xed\xa0\x80", 3}, {"\xf8\x88\x80\x80\x80", 5}, {"\xf4\x90\x80\x80", 4},
	};
	struct pt_buf b = PT_BUF_INIT;
	size_t i, j;

	for (i = 0; i < PT_COUNTOF(hostile); i++) {
		pt_buf_clear(&b);
		pt_buf_escaped(&b, hostile[i].in, hostile[i].len);
		assert_true(b.len > hostile[i].len);
		for (j = 0; j < b.len; j++)
			assert_in_range((unsigned char)b.data[j], 0x20, 0x7e);
	}
	pt_buf_clear(&b);
	pt_buf_escaped(&b, "plain text", 10);
	assert_string_equal(pt_buf_str(&b), "plain text");
	pt_buf_done(&b);
}

static void vec(void **state)
{
	struct pt_vec v = PT_VEC_INIT(int);
	int i;

	for (i = 0; i < 1000; i++) {
		int *slot = pt_vec_push(&v);

		assert_non_null(slot);
		assert_int_equal(*slot, 0);
		*slot = i;
	}
	pt_vec_remove(&v, 0);
	pt_vec_remove(&v, 998);
	assert_int_equal(v.len, 998);
	assert_int_equal(PT_VEC_AT(&v, int, 0), 1);
	assert_int_equal(PT_VEC_AT(&v, int, 997), 998);
	pt_vec_done(&v);
}

/* Against a plain array, with keys that collide and deletions in the middle of runs. */
static void map(void **state)
{
	enum { KEYS = 512 };
	struct pt_map m = PT_MAP_INIT;
	char *model[KEYS] = {NULL};
	static char marks[KEYS];
	uint32_t seed = 1;
	size_t count = 0, pos = 0, seen = 0, i;

	assert_null(pt_map_find(&m, 0));
	assert_null(pt_map_remove(&m, 0));
	for (i = 0; i < 100000; i++) {
		size_t k;
		uint64_t key;

		seed = seed * 1664525 + 1013904223;
		k = seed >> 16 & (KEYS - 1);
		key = (uint64_t)k << 32;
		if (seed & 0x100) {
			count += !model[k];
			model[k] = &marks[(seed >> 20) & (KEYS - 1)];
			assert_int_equal(pt_map_put(&m, key, model[k]), 0);
		} else {
			count -= !!model[k];
			assert_ptr_equal(pt_map_remove(&m, key), model[k]);
			model[k] = NULL;
		}
		k = (k * 7 + 3) & (KEYS - 1);
		assert_ptr_equal(pt_map_find(&m, (uint64_t)k << 32), model[k]);
	}
	assert_int_equal(m.len, count);
	while (pt_map_next(&m, &pos))
		seen++;
	assert_int_equal(seen, count);
	pt_map_done(&m);
}

static void arena(void **state)
{
	struct pt_arena a = PT_ARENA_INIT;
	size_t i, j;

	for (i = 1; i < 20000; i += 37) {
		unsigned char *p = pt_arena_alloc(&a, i);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (j = 0; j < i; j++)
			assert_int_equal(p[j], 0);
		memset(p, 0xff, i);
	}
	assert_string_equal(pt_arena_strndup(&a, "hello world", 5), "hello");
	pt_arena_reset(&a);
	assert_int_equal(*(char *)pt_arena_alloc(&a, 1), 0); /* zeroed, though used before */
	pt_arena_done(&a);
}

static void reader(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct pt_reader r;

	pt_reader_init(&r, bytes, sizeof(bytes));
	assert_int_equal(pt_reader_u8(&r), 1);
	assert_int_equal(pt_reader_u16(&r), 0x0302);
	assert_int_equal(pt_reader_u32(&r), 0x07060504);
	assert_int_equal(pt_reader_u64(&r), 0x0f0e0d0c0b0a0908);
	assert_int_equal(pt_reader_left(&r), 0);
	assert_false(r.failed);
	pt_reader_init(&r, bytes, 3);
	assert_int_equal(pt_reader_u32(&r), 0);
	assert_true(r.failed);
	assert_int_equal(pt_reader_u8(&r), 0); /* failure sticks, though a byte is there */
	pt_reader_init(&r, bytes, 3);
	assert_null(pt_reader_bytes(&r, SIZE_MAX));
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t value;
	} cases[] = {
		{"0", true, 0}, {"42", true, 42}, {"0x2a", true, 42}, {"0X2A", true, 42}, {"052", true, 42},
		{"18446744073709551615", true, UINT64_MAX}, {"0xffffffffffffffff", true, UINT64_MAX},
		{"18446744073709551616", false, 0}, {"0x10000000000000000", false, 0}, {"", false, 0}, {"0x", false, 0},
		{"-1", false, 0}, {"+1", false, 0}, {" 1", false, 0}, {"1 ", false, 0}, {"08", false, 0}, {"1a", false, 0},
		{"0xg", false, 0}, {"1\n", false, 0},
	};
	size_t i;

	for (i = 0; i < PT_COUNTOF(cases); i++) {
		uint64_t v = 0;

		if (pt_parse_u64(cases[i].text, &v) != cases[i].ok)
			fail_msg("'%s'", cases[i].text);
		assert_int_equal(v, cases[i].value);
	}
}

static void errors(void **state)
{
	assert_string_equal(ptl_error_name(-ENOENT), "ENOENT");
	assert_string_equal(ptl_error_text(-ENOENT), "No such file or directory");
#define X(name, value, text)                                                                       \
	assert_string_equal(ptl_error_name(-(value)), "PTL_E" #name);                              \
	assert_string_equal(ptl_error_text(-(value)), text);                                       \
	assert_true((value) > 4096);
	PTL_ERROR_LIST(X)
#undef X
	assert_non_null(ptl_error_text(-4095));
	assert_non_null(ptl_error_text(INT32_MIN + 1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_numbers), cmocka_unit_test(buf_grows), cmocka_unit_test(buf_refuses_absurd_sizes),
		cmocka_unit_test(escapes), cmocka_unit_test(vec), cmocka_unit_test(map), cmocka_unit_test(arena),
		cmocka_unit_test(reader), cmocka_unit_test(numbers), cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
