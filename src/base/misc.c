/* SPDX-License-Identifier: MIT */
/* The bounded reader, number parsing, error texts and the log. See base.h. */
#include "base/base.h"

#include <errno.h>
#include <string.h>

void pt_reader_init(struct pt_reader *r, const void *p, size_t n)
{
	r->pos = p;
	r->end = r->pos + n;
	r->failed = false;
}

size_t pt_reader_left(const struct pt_reader *r)
{
	return (size_t)(r->end - r->pos);
}

const uint8_t *pt_reader_bytes(struct pt_reader *r, size_t n)
{
	const uint8_t *p = r->pos;

	if (r->failed || n > pt_reader_left(r)) {
		r->failed = true;
		return NULL;
	}
	r->pos += n;
	return p;
}

static uint64_t reader_le(struct pt_reader *r, size_t n)
{
	const uint8_t *p = pt_reader_bytes(r, n);
	uint64_t v = 0;

	while (p && n--)
		v = v << 8 | p[n];
	return v;
}

uint8_t pt_reader_u8(struct pt_reader *r)
{
	return (uint8_t)reader_le(r, 1);
}

uint16_t pt_reader_u16(struct pt_reader *r)
{
	return (uint16_t)reader_le(r, 2);
}

uint32_t pt_reader_u32(struct pt_reader *r)
{
	return (uint32_t)reader_le(r, 4);
}

uint64_t pt_reader_u64(struct pt_reader *r)
{
	return reader_le(r, 8);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

bool pt_parse_u64(const char *s, uint64_t *ret)
{
	unsigned base = 10;
	uint64_t v = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	} else if (s[0] == '0' && s[1]) {
		base = 8;
		s++;
	}
	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned d = (unsigned)digit(*s);

		if (d >= base || __builtin_mul_overflow(v, (uint64_t)base, &v) ||
			__builtin_add_overflow(v, (uint64_t)d, &v))
			return false;
	}
	*ret = v;
	return true;
}

const char *ptl_error_text(int result)
{
	switch (-result) {
#define X(name, value, text)                                                                       \
	case value:                                                                                \
		return text;
		PTL_ERROR_LIST(X)
#undef X
	}
	if (result >= 0)
		return "Success";
	const char *text = strerrordesc_np(-result); /* not strerror: static storage, no locale */
	return text ? text : "Unknown error";
}

const char *ptl_error_name(int result)
{
	switch (-result) {
#define X(name, value, text)                                                                       \
	case value:                                                                                \
		return "PTL_E" #name;
		PTL_ERROR_LIST(X)
#undef X
	}
	const char *name = result < 0 ? strerrorname_np(-result) : NULL;
	return name ? name : "?";
}

const char *pt_log_layer_name(enum pt_log_layer layer)
{
	static const char *const names[] = {
		[PT_LOG_CONTROL] = "control", [PT_LOG_OS] = "os", [PT_LOG_SYSDEC] = "sysdec"};

	return layer < PT_LOG_LAYERS ? names[layer] : "?";
}

void pt_log_line(const struct pt_log *log, enum pt_log_layer layer, const char *fmt, ...)
{
	struct pt_buf b = PT_BUF_INIT;
	va_list ap;

	if (!log->sink)
		return;
	va_start(ap, fmt);
	pt_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	log->sink(log->arg, pt_log_layer_name(layer), pt_buf_str(&b));
	pt_buf_done(&b);
}
