/* SPDX-License-Identifier: MIT */
/*
 * The decoder on random registers, random memory and every call of every ABI: no crash, bounded
 * output, no control byte, JSON that is JSON. The input seeds a generator; its first byte says how many calls are made of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pintle/decode.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
	const uint8_t *data;
	size_t left;
	uint64_t state;
};

/* Bytes of the input as long as there are some: a fuzzer steers; then xorshift. */
static uint64_t draw(struct source *s)
{
	size_t n = s->left < 8 ? s->left : 8;
	uint64_t v = 0;

	s->state ^= s->state << 13;
	s->state ^= s->state >> 7;
	s->state ^= s->state << 17;
	memcpy(&v, s->data, n);
	s->data += n;
	s->left -= n;
	return n ? v ^ (s->state & ~255ull) : s->state * 0x2545f4914f6cdd1dull;
}

/* Addresses whose page is odd are not mapped; the rest hold bytes that often look like small numbers and pointers. */
static int64_t random_memory(void *arg, uint64_t addr, void *buf, size_t n)
{
	uint64_t seed = *(uint64_t *)arg;
	uint8_t *to = buf;
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t at = addr + i, h;

		if ((at >> 12 & 1) && (at >> 13 & 3))
			break;
		h = (at >> 3) * 0x9e3779b97f4a7c15ull ^ seed;
		h ^= h >> 29;
		switch (h >> 60) {
		case 0: case 1: case 2: case 3: case 4: case 5:
			h &= 0xff; /* a small number */
			break;
		case 6: case 7: case 8:
			h &= 0x7fffffffe000; /* an address */
			break;
		case 9:
			h = 0;
			break;
		}
		to[i] = (uint8_t)(h >> (at & 7) * 8);
	}
	return i ? (int64_t)i : -14;
}

static void fd_text(void *arg, void *task, int fd, struct ptl_text *out)
{
	(void)arg;
	(void)task;
	(void)fd;
	ptl_text_add(out, "<x>", 3);
}

static void check_text(const struct ptl_text *t)
{
	size_t i;

	if (t->failed || t->len > PTL_DECODE_CALL_MAX || !t->data || strlen(t->data) != t->len)
		abort();
	for (i = 0; i < t->len; i++)
		if ((uint8_t)t->data[i] < 0x20 || t->data[i] == 0x7f)
			abort();
}

/* A small reader of JSON: moves p past one value; NULL if it is none. */
static const char *json_value(const char *p, int depth)
{
	char close;

	if (depth > 64)
		return NULL;
	if (*p == '"') {
		for (p++; *p != '"'; p++) {
			if (!*p || (*p == '\\' && !*++p))
				return NULL;
		}
		return p + 1;
	}
	if (*p == '{' || *p == '[') {
		close = *p == '{' ? '}' : ']';
		if (*++p == close)
			return p + 1;
		for (;; p++) {
			if (close == '}') {
				if (*p != '"' || !(p = json_value(p, depth + 1)) || *p++ != ':')
					return NULL;
			}
			p = json_value(p, depth + 1);
			if (!p)
				return NULL;
			if (*p == close)
				return p + 1;
			if (*p != ',')
				return NULL;
		}
	}
	if (strncmp(p, "null", 4) == 0 || strncmp(p, "true", 4) == 0)
		return p + 4;
	if (*p == '-')
		p++;
	if (*p < '0' || *p > '9')
		return NULL;
	while (*p >= '0' && *p <= '9')
		p++;
	return p;
}

/* The members of a finished call, put between braces, are one JSON object. */
static void check_json(const struct ptl_text *t)
{
	char *text = malloc(t->len + 3);
	const char *end;

	if (!text)
		return;
	text[0] = '{';
	memcpy(text + 1, t->data, t->len);
	memcpy(text + 1 + t->len, "}", 2);
	end = json_value(text, 0);
	if (!end || *end) {
		fprintf(stderr, "not JSON: %.4000s\n", text);
		abort();
	}
	free(text);
}

static uint64_t draw_word(struct source *s)
{
	uint64_t v = draw(s);

	switch (v & 7) {
	case 0: case 1:
		return v >> 8 & 0xff;
	case 2:
		return 1ull << (v >> 8 & 63);
	case 3: case 4:
		return v >> 8 & 0x7fffffffffff;
	case 5:
		return 0 - (v >> 8 & 0xff);
	case 6:
		return v >> 8 & 0xffff;
	default:
		return v;
	}
}

static void one_call(struct ptl_decoder *d, bool json, struct source *s, struct ptl_text *out)
{
	static const int64_t results[] = {0, 1, 3, 64, -2, -11, -512, -516, -4095, INT64_MAX, INT64_MIN};
	uint64_t pick = draw(s), seed = draw(s);
	enum ptl_abi abi = (enum ptl_abi)(pick % PTL_ABI_COUNT);
	struct ptl_memory mem = {random_memory, &seed};
	struct ptl_decode_state st = {{0}};
	struct ptl_call call = {.arch = abi == PTL_ABI_I386 ? PTL_ARCH_I386 : PTL_ARCH_X86_64};
	int i;

	call.nr = (pick >> 8) % (ptl_call_limit(abi) + 2) | (abi == PTL_ABI_X32 ? 0x40000000 : 0);
	call.flags = pick >> 40 & (pick >> 44 & 1 ? 7 : 2);
	for (i = 0; i < 6; i++)
		call.args[i] = draw_word(s);
	call.stack_pointer = draw_word(s);
	call.rval = results[(pick >> 48) % (sizeof(results) / sizeof(*results))];
	call.is_error = call.rval < 0 && call.rval > -4096;
	call.has_result = (pick >> 56) % 16 != 0;
	ptl_text_clear(out);
	if (ptl_decode_entry(d, &st, &call, &mem, NULL, out) < 0)
		abort();
	check_text(out);
	/* What the memory holds at exit is another matter. */
	seed ^= pick & 1;
	if (ptl_decode_exit(d, &st, &call, &mem, NULL, out) < 0 || ptl_decode_result(d, &st, &call, &mem, NULL, out) < 0)
		abort();
	check_text(out);
	if (json)
		check_json(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t limits[] = {32, 0, 1, 5000};
	struct source s = {data, size, 0x123456789abcdefull};
	struct ptl_decode_options options = {.fd_text = fd_text};
	struct ptl_text out = PTL_TEXT_INIT;
	struct ptl_decoder *d;
	uint64_t pick = 0;
	size_t i, n;

	for (i = 0; i < size; i++)
		s.state = (s.state ^ data[i]) * 0x100000001b3ull;
	s.state |= 1;
	n = 1 + (size ? data[0] : 0) * 8u;
	for (i = 0; i < n; i++) {
		if (i % 64 == 0) {
			pick = draw(&s);
			options.format = pick & 1 ? PTL_DECODE_JSON : PTL_DECODE_TEXT;
			options.max_string = limits[pick >> 1 & 3];
			options.strings = (enum ptl_decode_strings)(pick >> 3 & 3);
			options.names = (enum ptl_decode_names)((pick >> 5 & 7) % 3);
			options.arg_names = pick >> 8 & 1;
			if (ptl_decoder_new(&options, &d) < 0)
				abort();
		}
		one_call(d, options.format == PTL_DECODE_JSON, &s, &out);
		if (i % 64 == 63 || i + 1 == n)
			ptl_decoder_free(d);
	}
	ptl_text_done(&out);
	return 0;
}
