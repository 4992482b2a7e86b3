/* SPDX-License-Identifier: MIT */
/* pt_buf: growable text. See base.h. */
#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void pt_freep(void *p)
{
	free(*(void **)p);
}

void pt_closep(int *fd)
{
	int e = errno;

	if (*fd >= 0)
		close(*fd);
	errno = e;
}

void pt_buf_done(struct pt_buf *b)
{
	free(b->data);
	*b = (struct pt_buf)PT_BUF_INIT;
}

void pt_buf_clear(struct pt_buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

bool pt_buf_ok(const struct pt_buf *b)
{
	return !b->failed;
}

char *pt_buf_reserve(struct pt_buf *b, size_t n)
{
	size_t cap;
	char *p;

	if (b->failed)
		return NULL;
	if (n < b->cap - b->len) /* cap counts the NUL, so < is right; 0 - 0 when empty */
		return b->data + b->len;
	if (n > SIZE_MAX / 4 - b->len)
		goto fail;
	cap = b->cap ? b->cap * 2 : 256;
	while (cap <= b->len + n)
		cap *= 2;
	p = realloc(b->data, cap);
	if (!p)
		goto fail;
	b->data = p;
	b->cap = cap;
	return p + b->len;
fail:
	b->failed = true;
	return NULL;
}

void pt_buf_add(struct pt_buf *b, const void *p, size_t n)
{
	char *to = pt_buf_reserve(b, n);

	if (!to)
		return;
	if (n)
		memcpy(to, p, n);
	to[n] = '\0';
	b->len += n;
}

void pt_buf_putc(struct pt_buf *b, char c)
{
	char *to = pt_buf_reserve(b, 1);

	if (!to)
		return;
	to[0] = c;
	to[1] = '\0';
	b->len++;
}

void pt_buf_puts(struct pt_buf *b, const char *s)
{
	pt_buf_add(b, s, strlen(s));
}

void pt_buf_pad(struct pt_buf *b, size_t column, size_t from)
{
	size_t at = b->len - from, n;
	char *to;

	if (at >= column)
		return;
	n = column - at;
	to = pt_buf_reserve(b, n);
	if (!to)
		return;
	memset(to, ' ', n);
	to[n] = '\0';
	b->len += n;
}

void pt_buf_vprintf(struct pt_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	char *to;
	int n;

	to = pt_buf_reserve(b, 120);
	if (!to)
		return;
	va_copy(again, ap);
	n = vsnprintf(to, b->cap - b->len, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if ((size_t)n >= b->cap - b->len) {
		to = pt_buf_reserve(b, (size_t)n);
		if (!to)
			return;
		vsnprintf(to, (size_t)n + 1, fmt, ap);
	}
	b->len += (size_t)n;
}

void pt_buf_printf(struct pt_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pt_buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void pt_buf_udec(struct pt_buf *b, uint64_t v)
{
	char tmp[20];
	size_t n = 0;

	do
		tmp[sizeof(tmp) - ++n] = (char)('0' + v % 10);
	while (v /= 10);
	pt_buf_add(b, tmp + sizeof(tmp) - n, n);
}

void pt_buf_dec(struct pt_buf *b, int64_t v)
{
	if (v < 0) {
		pt_buf_putc(b, '-');
		pt_buf_udec(b, -(uint64_t)v);
	} else {
		pt_buf_udec(b, (uint64_t)v);
	}
}

void pt_buf_hex(struct pt_buf *b, uint64_t v)
{
	char tmp[18];
	size_t n = 0;

	do
		tmp[sizeof(tmp) - ++n] = "0123456789abcdef"[v & 15];
	while (v >>= 4);
	tmp[sizeof(tmp) - ++n] = 'x';
	tmp[sizeof(tmp) - ++n] = '0';
	pt_buf_add(b, tmp + sizeof(tmp) - n, n);
}

void pt_buf_oct(struct pt_buf *b, uint64_t v)
{
	char tmp[23];
	size_t n = 0;

	for (; v; v >>= 3)
		tmp[sizeof(tmp) - ++n] = (char)('0' + (v & 7));
	tmp[sizeof(tmp) - ++n] = '0';
	pt_buf_add(b, tmp + sizeof(tmp) - n, n);
}

const char *pt_buf_str(const struct pt_buf *b)
{
	return b->data ? b->data : "";
}

size_t pt_utf8(const unsigned char *p, size_t n, uint32_t *ret_c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len, i;
	uint32_t c;

	if (p[0] < 0x80) {
		*ret_c = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	c = p[0] & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_c = c;
	return len;
}

/* The length of a sequence that may be shown, or 0: C1 controls, and marks that reorder or hide text, may not. */
static size_t utf8_safe(const unsigned char *p, size_t n)
{
	uint32_t c;
	size_t len = pt_utf8(p, n, &c);

	if (!len)
		return 0;
	/* U+061C, U+200B-200F, U+2028-202E, U+2060-206F, U+FEFF */
	if (c < 0xa0 || c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
		(c >= 0x2060 && c <= 0x206f) || c == 0xfeff)
		return 0;
	return len;
}

void pt_buf_escaped(struct pt_buf *b, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	size_t i = 0, len;

	while (i < n) {
		unsigned char c = p[i];

		if (c >= 0x20 && c < 0x7f && c != '\\') {
			pt_buf_putc(b, (char)c);
			i++;
		} else if (c == '\\') {
			pt_buf_puts(b, "\\\\");
			i++;
		} else if (c >= 0x80 && (len = utf8_safe(p + i, n - i)) > 0) {
			pt_buf_add(b, p + i, len);
			i += len;
		} else {
			static const char named[] = "\a\b\t\n\v\f\r", letters[] = "abtnvfr";
			const char *at = c ? strchr(named, c) : NULL;

			if (at)
				pt_buf_printf(b, "\\%c", letters[at - named]);
			else
				pt_buf_printf(b, "\\x%02x", c);
			i++;
		}
	}
}

void ptl_text_done(struct ptl_text *t)
{
	pt_buf_done(t);
}

void ptl_text_clear(struct ptl_text *t)
{
	pt_buf_clear(t);
}

void ptl_text_add(struct ptl_text *t, const void *bytes, size_t n)
{
	pt_buf_add(t, bytes, n);
}
