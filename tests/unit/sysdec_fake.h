/* SPDX-License-Identifier: MIT */
/*
 * For tests of the decoder: a memory that is not there, and calls in one line.
 *
 *	reset();
 *	check(call64("openat", AT, STR("/x"), 0), 3, "openat(AT_FDCWD, \"/x\", O_RDONLY) = 3");
 *
 * Everything put into memory stands at the end of a page of its own, with nothing
 * mapped behind it: a read too far comes back short.
 */
#ifndef PINTLE_TESTS_SYSDEC_FAKE_H
#define PINTLE_TESTS_SYSDEC_FAKE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pintle/decode.h>

enum { FAKE_ITEMS = 64, FAKE_PAGE = 0x10000 };

static struct {
	uint8_t bytes[4096];
	size_t n;
} fake_items[FAKE_ITEMS];
static size_t fake_count;
static unsigned long fake_reads;

static inline void reset(void)
{
	fake_count = 0;
}

/* Where the bytes stand from now on. */
static inline uint64_t put(const void *p, size_t n)
{
	size_t i = fake_count++;

	assert_true(i < FAKE_ITEMS && n <= sizeof(fake_items[i].bytes));
	memcpy(fake_items[i].bytes, p, n);
	fake_items[i].n = n;
	return (uint64_t)(i + 2) * FAKE_PAGE - n;
}
#define STR(s) put(s, sizeof(s))
#define BYTES(s) put(s, sizeof(s) - 1)
#define OBJ(...) put(&(__VA_ARGS__), sizeof(__VA_ARGS__))

static inline int64_t fake_read(void *arg, uint64_t addr, void *buf, size_t n)
{
	uint64_t i = addr / FAKE_PAGE, start;

	(void)arg;
	fake_reads++;
	if (addr % FAKE_PAGE == 0 || i < 1 || i - 1 >= fake_count)
		return -EFAULT;
	start = (i + 1) * FAKE_PAGE - fake_items[i - 1].n;
	if (addr < start)
		return -EFAULT;
	if (n > (i + 1) * FAKE_PAGE - addr)
		n = (size_t)((i + 1) * FAKE_PAGE - addr);
	memcpy(buf, fake_items[i - 1].bytes + (addr - start), n);
	return (int64_t)n;
}

static struct ptl_decode_options fake_options = {.max_string = 32};
static uint32_t fake_flags;

static inline struct ptl_call fake_call(enum ptl_abi abi, const char *name, const uint64_t args[6])
{
	int64_t nr = ptl_call_find(abi, name);
	struct ptl_call c = {.arch = abi == PTL_ABI_I386 ? PTL_ARCH_I386 : PTL_ARCH_X86_64, .flags = fake_flags};

	if (nr < 0)
		fail_msg("no call %s", name);
	c.nr = (uint64_t)nr | (abi == PTL_ABI_X32 ? 0x40000000u : 0);
	memcpy(c.args, args, sizeof(c.args));
	return c;
}
#define call64(name, ...) fake_call(PTL_ABI_X86_64, name, (uint64_t[6]){__VA_ARGS__})
#define call32(name, ...) fake_call(PTL_ABI_I386, name, (uint64_t[6]){__VA_ARGS__})
#define AT (uint64_t)-100

/* Decodes entry, exit and result with "MARK" after the entry if split; a negative rval above -4096 is an error. */
static inline char *decode(struct ptl_call call, int64_t rval, int split)
{
	struct ptl_memory mem = {fake_read, NULL};
	struct ptl_decode_state st = {{0}};
	struct ptl_text out = PTL_TEXT_INIT;
	struct ptl_decoder *d;
	char *copy;

	assert_int_equal(ptl_decoder_new(&fake_options, &d), 0);
	call.rval = rval;
	call.is_error = rval < 0 && rval > -4096;
	call.has_result = 1;
	assert_int_equal(ptl_decode_entry(d, &st, &call, &mem, NULL, &out), 0);
	if (split)
		ptl_text_add(&out, "MARK", 4);
	assert_int_equal(ptl_decode_exit(d, &st, &call, &mem, NULL, &out), 0);
	if (fake_options.format == PTL_DECODE_TEXT)
		ptl_text_add(&out, " = ", 3);
	assert_int_equal(ptl_decode_result(d, &st, &call, &mem, NULL, &out), 0);
	copy = strdup(out.data);
	ptl_text_done(&out);
	ptl_decoder_free(d);
	return copy;
}

/* printf-like expectation, for the addresses. */
__attribute__((format(printf, 3, 4))) static inline void check(
	struct ptl_call call, int64_t rval, const char *expect, ...)
{
	char *text = decode(call, rval, strstr(expect, "MARK") != NULL), want[8192];
	va_list ap;

	va_start(ap, expect);
	vsnprintf(want, sizeof(want), expect, ap);
	va_end(ap);
	assert_string_equal(text, want);
	free(text);
	fake_flags = 0;
}

#endif
