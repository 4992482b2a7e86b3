/* SPDX-License-Identifier: MIT */
/* wire/json: commas and nesting, numbers, and that any bytes become valid JSON from which they can be had back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/json.h"

static void nesting(void **state)
{
	struct pt_buf b = PT_BUF_INIT;
	struct pt_json j;

	(void)state;
	pt_json_init(&j, &b);
	pt_json_object(&j);
	pt_json_key_int(&j, "a", -1);
	pt_json_key(&j, "b");
	pt_json_array(&j);
	pt_json_uint(&j, UINT64_MAX);
	pt_json_object(&j);
	pt_json_end(&j);
	pt_json_array(&j);
	pt_json_end(&j);
	pt_json_null(&j);
	pt_json_bool(&j, true);
	pt_json_end(&j);
	pt_json_key_hex(&j, "c", 0x1f);
	pt_json_key_string(&j, "d", "\"\\\n");
	pt_json_end(&j);
	assert_string_equal(pt_buf_str(&b),
		"{\"a\":-1,\"b\":[18446744073709551615,{},[],null,true],\"c\":\"0x1f\",\"d\":\"\\\"\\\\\\n\"}");
	assert_false(j.failed);
	assert_int_equal(j.depth, 0);
	pt_buf_done(&b);
}

static void misuse(void **state)
{
	struct pt_buf b = PT_BUF_INIT;
	struct pt_json j;
	int i;

	(void)state;
	pt_json_init(&j, &b);
	pt_json_object(&j);
	pt_json_int(&j, 1); /* without a key */
	assert_true(j.failed);
	pt_json_init(&j, &b);
	pt_json_end(&j);
	assert_true(j.failed);
	pt_json_init(&j, &b);
	for (i = 0; i < 1000; i++)
		pt_json_array(&j);
	assert_true(j.failed);
	pt_buf_done(&b);
}

static void bytes_are(const char *bytes, size_t n, const char *want)
{
	struct pt_buf b = PT_BUF_INIT;
	struct pt_json j;

	pt_json_init(&j, &b);
	pt_json_bytes(&j, bytes, n);
	assert_string_equal(pt_buf_str(&b), want);
	pt_buf_done(&b);
}
#define BYTES(bytes, want) bytes_are(bytes, sizeof(bytes) - 1, want)

static void bytes(void **state)
{
	(void)state;
	BYTES("", "\"\"");
	BYTES("/etc", "\"/etc\"");
	BYTES("a\0b", "\"a\\u0000b\"");
	BYTES("\033[31m", "\"\\u001b[31m\"");
	BYTES("\177", "\"\\u007f\"");
	BYTES("caf\303\251", "\"caf\303\251\"");
	BYTES("\360\237\230\200", "\"\360\237\230\200\"");
	BYTES("\302\233", "\"\\u009b\"");	   /* C1: a terminal takes it for ESC [ */
	BYTES("\342\200\256", "\"\\u202e\"");	   /* right-to-left override */
	BYTES("\363\240\200\201", "\"\\udb40\\udc01\""); /* a tag character, beyond 16 bits */
	/* malformed: a lone byte, cut off, overlong, a surrogate, beyond the last code point */
	BYTES("a\377", "{\"hex\":\"61ff\",\"text\":\"a\\ufffd\"}");
	BYTES("\303", "{\"hex\":\"c3\",\"text\":\"\\ufffd\"}");
	BYTES("\300\257", "{\"hex\":\"c0af\",\"text\":\"\\ufffd\\ufffd\"}");
	BYTES("\340\200\257", "{\"hex\":\"e080af\",\"text\":\"\\ufffd\\ufffd\\ufffd\"}");
	BYTES("\355\240\200", "{\"hex\":\"eda080\",\"text\":\"\\ufffd\\ufffd\\ufffd\"}");
	BYTES("\364\220\200\200", "{\"hex\":\"f4908080\",\"text\":\"\\ufffd\\ufffd\\ufffd\\ufffd\"}");
}

/* Every pair of bytes: no control byte, no quote unescaped, and the exact form whenever it is not text. */
static void all_pairs(void **state)
{
	struct pt_buf b = PT_BUF_INIT;
	struct pt_json j;
	unsigned i;
	size_t k;

	(void)state;
	for (i = 0; i < 0x10000; i++) {
		unsigned char pair[2] = {(unsigned char)(i >> 8), (unsigned char)i};
		char hex[32];

		pt_buf_clear(&b);
		pt_json_init(&j, &b);
		pt_json_bytes(&j, pair, 2);
		for (k = 0; k < b.len; k++)
			assert_true((unsigned char)b.data[k] >= 0x20 && b.data[k] != 0x7f);
		if (pair[0] >= 0x80 && !(pair[0] >= 0xc2 && pair[0] <= 0xdf && (pair[1] & 0xc0) == 0x80)) {
			snprintf(hex, sizeof(hex), "{\"hex\":\"%02x%02x\",", pair[0], pair[1]);
			assert_memory_equal(b.data, hex, strlen(hex));
		} else {
			assert_int_equal(b.data[0], pair[1] >= 0x80 && pair[0] < 0x80 ? '{' : '"');
		}
	}
	pt_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nesting),
		cmocka_unit_test(misuse),
		cmocka_unit_test(bytes),
		cmocka_unit_test(all_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
