/* SPDX-License-Identifier: MIT */
/* The JSON writer. See json.h. */
#include "wire/json.h"

#include <math.h>
#include <string.h>

void pt_json_init(struct pt_json *j, struct pt_buf *out)
{
	*j = (struct pt_json){.out = out};
}

/* Before any value: the comma, if one is due. */
static void begin_value(struct pt_json *j)
{
	uint64_t bit = UINT64_C(1) << (j->depth & 63);

	if (j->after_key) {
		j->after_key = false;
		return;
	}
	if (!j->depth)
		return;
	if (!(j->is_array & bit))
		j->failed = true; /* a value without a key */
	if (j->started & bit)
		pt_buf_putc(j->out, ',');
	j->started |= bit;
}

static void open_container(struct pt_json *j, bool array)
{
	uint64_t bit;

	begin_value(j);
	if (j->depth + 1 >= PT_JSON_DEPTH) {
		j->failed = true;
		return;
	}
	bit = UINT64_C(1) << ++j->depth;
	j->started &= ~bit;
	j->is_array = array ? j->is_array | bit : j->is_array & ~bit;
	pt_buf_putc(j->out, array ? '[' : '{');
}

void pt_json_object(struct pt_json *j)
{
	open_container(j, false);
}

void pt_json_array(struct pt_json *j)
{
	open_container(j, true);
}

void pt_json_end(struct pt_json *j)
{
	if (!j->depth || j->after_key) {
		j->failed = true;
		return;
	}
	pt_buf_putc(j->out, j->is_array & UINT64_C(1) << j->depth ? ']' : '}');
	j->depth--;
}

void pt_json_key(struct pt_json *j, const char *key)
{
	uint64_t bit = UINT64_C(1) << (j->depth & 63);

	if (!j->depth || j->after_key || j->is_array & bit)
		j->failed = true;
	if (j->started & bit)
		pt_buf_putc(j->out, ',');
	j->started |= bit;
	pt_buf_putc(j->out, '"');
	pt_buf_puts(j->out, key);
	pt_buf_add(j->out, "\":", 2);
	j->after_key = true;
}

void pt_json_int(struct pt_json *j, int64_t v)
{
	begin_value(j);
	pt_buf_dec(j->out, v);
}

void pt_json_uint(struct pt_json *j, uint64_t v)
{
	begin_value(j);
	pt_buf_udec(j->out, v);
}

void pt_json_bool(struct pt_json *j, bool v)
{
	begin_value(j);
	pt_buf_puts(j->out, v ? "true" : "false");
}

void pt_json_null(struct pt_json *j)
{
	begin_value(j);
	pt_buf_add(j->out, "null", 4);
}

void pt_json_double(struct pt_json *j, double v)
{
	if (!isfinite(v)) {
		pt_json_null(j);
		return;
	}
	begin_value(j);
	pt_buf_printf(j->out, "%.17g", v);
}

/* Characters that a terminal or a reader could act upon instead of showing. */
static bool is_unsafe(uint32_t c)
{
	return (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

static void add_u(struct pt_buf *out, uint32_t unit)
{
	static const char digits[] = "0123456789abcdef";
	char esc[6] = {'\\', 'u', digits[unit >> 12 & 15], digits[unit >> 8 & 15], digits[unit >> 4 & 15],
		digits[unit & 15]};

	pt_buf_add(out, esc, sizeof(esc));
}

static void add_char(struct pt_buf *out, uint32_t c, const unsigned char *utf8, size_t len)
{
	if (c == '"' || c == '\\') {
		char esc[2] = {'\\', (char)c};

		pt_buf_add(out, esc, 2);
	} else if (c == '\n') {
		pt_buf_add(out, "\\n", 2);
	} else if (c == '\t') {
		pt_buf_add(out, "\\t", 2);
	} else if (c == '\r') {
		pt_buf_add(out, "\\r", 2);
	} else if (c >= 0x10000 && is_unsafe(c)) {
		add_u(out, 0xd800 + ((c - 0x10000) >> 10));
		add_u(out, 0xdc00 + ((c - 0x10000) & 0x3ff));
	} else if (c < 0x20 || is_unsafe(c)) {
		add_u(out, c);
	} else {
		pt_buf_add(out, utf8, len);
	}
}

/* The string's characters in quotes; malformed bytes become U+FFFD each. False if there were any. */
static bool add_quoted(struct pt_buf *out, const unsigned char *p, size_t n)
{
	bool valid = true;
	size_t i = 0;

	pt_buf_putc(out, '"');
	while (i < n) {
		size_t plain = i, len;
		uint32_t c;

		while (i < n && p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\')
			i++;
		pt_buf_add(out, p + plain, i - plain);
		if (i == n)
			break;
		len = pt_utf8(p + i, n - i, &c);
		if (len) {
			add_char(out, c, p + i, len);
			i += len;
		} else {
			valid = false;
			pt_buf_add(out, "\\ufffd", 6);
			i++;
		}
	}
	pt_buf_putc(out, '"');
	return valid;
}

void pt_json_stringn(struct pt_json *j, const char *s, size_t n)
{
	begin_value(j);
	add_quoted(j->out, (const unsigned char *)s, n);
}

void pt_json_string(struct pt_json *j, const char *s)
{
	pt_json_stringn(j, s, strlen(s));
}

void pt_json_bytes(struct pt_json *j, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = bytes;
	size_t mark, i;
	char *to;

	begin_value(j);
	mark = j->out->len;
	if (add_quoted(j->out, p, n) || !pt_buf_ok(j->out))
		return;
	j->out->len = mark; /* not UTF-8: the exact form instead */
	pt_buf_puts(j->out, "{\"hex\":\"");
	to = n < SIZE_MAX / 2 ? pt_buf_reserve(j->out, 2 * n) : NULL;
	if (!to) {
		j->out->failed = true;
		return;
	}
	for (i = 0; i < n; i++) {
		to[2 * i] = digits[p[i] >> 4];
		to[2 * i + 1] = digits[p[i] & 15];
	}
	j->out->len += 2 * n;
	pt_buf_puts(j->out, "\",\"text\":");
	add_quoted(j->out, p, n);
	pt_buf_putc(j->out, '}');
}

void pt_json_hex(struct pt_json *j, uint64_t v)
{
	begin_value(j);
	pt_buf_putc(j->out, '"');
	pt_buf_hex(j->out, v);
	pt_buf_putc(j->out, '"');
}

void pt_json_key_int(struct pt_json *j, const char *key, int64_t v)
{
	pt_json_key(j, key);
	pt_json_int(j, v);
}

void pt_json_key_uint(struct pt_json *j, const char *key, uint64_t v)
{
	pt_json_key(j, key);
	pt_json_uint(j, v);
}

void pt_json_key_string(struct pt_json *j, const char *key, const char *s)
{
	pt_json_key(j, key);
	pt_json_string(j, s);
}

void pt_json_key_bool(struct pt_json *j, const char *key, bool v)
{
	pt_json_key(j, key);
	pt_json_bool(j, v);
}

void pt_json_key_hex(struct pt_json *j, const char *key, uint64_t v)
{
	pt_json_key(j, key);
	pt_json_hex(j, v);
}
