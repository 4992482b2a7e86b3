/* SPDX-License-Identifier: MIT */
/* Numbers, keys and strings of the decoder's output. */
#include "sysdec/walk.h"

static const char digit_pairs[201] =
	"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
	"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
	"8081828384858687888990919293949596979899";

void sd_udec(struct sd *c, uint64_t v)
{
	char tmp[20], *p = tmp + sizeof(tmp);

	for (; v >= 100; v /= 100)
		memcpy(p -= 2, digit_pairs + v % 100 * 2, 2);
	if (v >= 10)
		memcpy(p -= 2, digit_pairs + v * 2, 2);
	else
		*--p = (char)('0' + v);
	sd_put(c, p, (size_t)(tmp + sizeof(tmp) - p));
}

void sd_dec(struct sd *c, int64_t v)
{
	if (v < 0) {
		sd_putc(c, '-');
		sd_udec(c, -(uint64_t)v);
	} else {
		sd_udec(c, (uint64_t)v);
	}
}

void sd_hex(struct sd *c, uint64_t v)
{
	char tmp[18], *p = tmp + sizeof(tmp);

	do
		*--p = "0123456789abcdef"[v & 15];
	while (v >>= 4);
	*--p = 'x';
	*--p = '0';
	sd_put(c, p, (size_t)(tmp + sizeof(tmp) - p));
}

void sd_hex0(struct sd *c, uint64_t v)
{
	if (v)
		sd_hex(c, v);
	else
		sd_putc(c, '0');
}

void sd_address(struct sd *c, uint64_t addr)
{
	if (c->json) {
		if (!addr) {
			SD_PUTS(c, "null");
			return;
		}
		sd_putc(c, '"');
		sd_hex(c, addr);
		sd_putc(c, '"');
	} else if (addr) {
		sd_hex(c, addr);
	} else {
		SD_PUTS(c, "NULL");
	}
}

void sd_key(struct sd *c, const char *name, size_t n)
{
	sd_sep(c);
	if (c->json) {
		sd_putc(c, '"');
		sd_put(c, name, n);
		SD_PUTS(c, "\":");
	} else {
		sd_put(c, name, n);
		sd_putc(c, '=');
	}
}

void sd_more(struct sd *c)
{
	sd_sep(c);
	if (c->json)
		SD_PUTS(c, "{\"more\":true}");
	else
		SD_PUTS(c, "...");
}

void sd_value_begin(struct sd *c, uint64_t v, bool is_signed)
{
	if (!c->json)
		return;
	SD_PUTS(c, "{\"value\":");
	if (is_signed)
		sd_dec(c, (int64_t)v);
	else
		sd_udec(c, v);
	SD_PUTS(c, ",\"text\":\"");
}

void sd_value_end(struct sd *c)
{
	if (c->json)
		SD_PUTS(c, "\"}");
}

/* --- Strings -------------------------------------------------------------------------- */

/* What a byte needs in plain quoting: 0 nothing, 1 octal, else the letter after the backslash. */
static const uint8_t escapes[256] = {
	[0 ... 8] = 1, ['\t'] = 't', ['\n'] = 'n', ['\v'] = 'v', ['\f'] = 'f', ['\r'] = 'r', [14 ... 31] = 1,
	['"'] = '"', ['\\'] = '\\', [127 ... 255] = 1,
};

static char *hex_byte(char *to, uint8_t b)
{
	*to++ = '\\';
	*to++ = 'x';
	*to++ = "0123456789abcdef"[b >> 4];
	*to++ = "0123456789abcdef"[b & 15];
	return to;
}

static char *octal_byte(char *to, const uint8_t *p, size_t left)
{
	uint8_t b = *p;
	/* A digit that follows would be read as part of the escape. */
	bool whole = left > 1 && p[1] >= '0' && p[1] <= '9';

	*to++ = '\\';
	if (whole || b > 077)
		*to++ = (char)('0' + (b >> 6));
	if (whole || b > 07)
		*to++ = (char)('0' + (b >> 3 & 7));
	*to++ = (char)('0' + (b & 7));
	return to;
}

static char *quote_text(char *to, const uint8_t *p, size_t n, enum ptl_decode_strings style)
{
	size_t i;

	if (style == PTL_STRINGS_HEX_NONASCII) {
		for (i = 0; i < n; i++)
			if (escapes[p[i]] == 1)
				style = PTL_STRINGS_HEX_ALL;
	}
	if (style == PTL_STRINGS_HEX_ALL) {
		for (i = 0; i < n; i++)
			to = hex_byte(to, p[i]);
		return to;
	}
	for (i = 0; i < n; i++) {
		uint8_t e = escapes[p[i]];

		if (e == 0) {
			*to++ = (char)p[i];
		} else if (e > 1) {
			*to++ = '\\';
			*to++ = (char)e;
		} else if (style == PTL_STRINGS_HEX_CHARS) {
			to = hex_byte(to, p[i]);
		} else {
			to = octal_byte(to, p + i, n - i);
		}
	}
	return to;
}

/* The length of the valid UTF-8 sequence at p, or 0. */
static size_t utf8_len(const uint8_t *p, size_t n)
{
	size_t len, i;
	uint32_t v;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	v = p[0] & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3f);
	}
	if ((len == 3 && (v < 0x800 || (v >= 0xd800 && v <= 0xdfff))) || (len == 4 && (v < 0x10000 || v > 0x10ffff)))
		return 0;
	return len;
}

/*
 * JSON: "text" if the bytes are UTF-8, {"hex":"..."} if not, {"text":...,"cut":true} if
 * cut.  Controls, C1 too, become \u escapes, so that a line stays a line.
 */
static void quote_json(struct sd *c, const uint8_t *p, size_t n, bool cut)
{
	static const char digits[] = "0123456789abcdef";
	bool utf8 = true;
	size_t i = 0, len;
	char *to;

	/* A cut may have split the last character: leave its bytes out. */
	while (i < n && (len = utf8_len(p + i, n - i)) > 0)
		i += len;
	if (i < n) {
		if (cut && n - i < 4 && p[i] >= 0xc2 && p[i] <= 0xf4 && i > 0)
			n = i;
		else
			utf8 = false;
	}
	if (!utf8) {
		SD_PUTS(c, "{\"hex\":\"");
		to = sd_room(c, 2 * n);
		if (!to)
			return;
		for (i = 0; i < n; i++) {
			*to++ = digits[p[i] >> 4];
			*to++ = digits[p[i] & 15];
		}
		c->o->len += 2 * n;
		SD_PUTS(c, "\"");
	} else {
		if (cut)
			SD_PUTS(c, "{\"text\":");
		to = sd_room(c, 6 * n + 2);
		if (!to)
			return;
		*to++ = '"';
		for (i = 0; i < n; i++) {
			uint8_t b = p[i];

			if (b == '"' || b == '\\') {
				*to++ = '\\';
				*to++ = (char)b;
			} else if (b < 0x20 || b == 0x7f || (b == 0xc2 && p[i + 1] < 0xa0)) {
				if (b == 0xc2)
					b = p[++i];
				memcpy(to, "\\u00", 4);
				to[4] = digits[b >> 4];
				to[5] = digits[b & 15];
				to += 6;
			} else {
				*to++ = (char)b;
			}
		}
		*to++ = '"';
		c->o->len = (size_t)(to - c->o->data);
		if (!cut)
			return;
	}
	if (cut)
		SD_PUTS(c, ",\"cut\":true");
	sd_putc(c, '}');
}

void sd_quoted(struct sd *c, const uint8_t *p, size_t n, bool cut)
{
	char *to;

	if (n > SD_STRING_MAX) {
		n = SD_STRING_MAX;
		cut = true;
	}
	if (c->json) {
		quote_json(c, p, n, cut);
		return;
	}
	to = sd_room(c, 4 * n + 5);
	if (!to)
		return;
	*to++ = '"';
	to = quote_text(to, p, n, c->d->opt.strings);
	*to++ = '"';
	if (cut) {
		memcpy(to, "...", 3);
		to += 3;
	}
	c->o->len = (size_t)(to - c->o->data);
}

void sd_buffer(struct sd *c, uint64_t addr, uint64_t n)
{
	size_t max = c->d->opt.max_string, want = n < max ? (size_t)n : max;
	uint8_t *buf = sd_scratch(c, want);

	if (!addr || !buf || !sd_budget(c) || (want && !sd_read(c, addr, buf, want)))
		sd_address(c, addr);
	else
		sd_quoted(c, buf, want, n > want);
}

/*
 * Strings are read in one piece as far as they are short: 256 bytes are enough for
 * nearly every path.  At the edge of what is mapped the read comes back short,
 * which is no harm if the NUL is in it.
 */
void sd_string(struct sd *c, uint64_t addr, bool path, size_t max)
{
	size_t limit, have = 0, want;
	const uint8_t *nul;
	int64_t got;
	uint8_t *buf;

	if (!max)
		max = path ? SD_PATH_MAX : c->d->opt.max_string;
	limit = max + 1; /* one more tells whether it ends there */
	buf = sd_scratch(c, limit);
	if (!addr || !buf || !sd_budget(c)) {
		sd_address(c, addr);
		return;
	}
	want = PT_MIN(limit, 256u);
	while (have < limit) {
		got = sd_read_some(c, addr + have, buf + have, want);
		if (got <= 0) {
			sd_address(c, addr);
			return;
		}
		nul = memchr(buf + have, '\0', (size_t)got);
		if (nul) {
			sd_quoted(c, buf, (size_t)(nul - buf), false);
			return;
		}
		have += (size_t)got;
		want = PT_MIN(limit - have, 4096u);
	}
	sd_quoted(c, buf, max, true);
}
