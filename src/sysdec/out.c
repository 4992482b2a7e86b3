/* SPDX-License-Identifier: MIT */
/* Numbers, keys and strings of the decoder's output. */
#include "sysdec/walk.h"
#include "wire/json.h"

static const char digit_pairs[201] =
	"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
	"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
	"8081828384858687888990919293949596979899";

void pt_sd_udec(struct sd *c, uint64_t v)
{
	char tmp[20], *p = tmp + sizeof(tmp);

	for (; v >= 100; v /= 100)
		memcpy(p -= 2, digit_pairs + v % 100 * 2, 2);
	if (v >= 10)
		memcpy(p -= 2, digit_pairs + v * 2, 2);
	else
		*--p = (char)('0' + v);
	pt_sd_put(c, p, (size_t)(tmp + sizeof(tmp) - p));
}

void pt_sd_dec(struct sd *c, int64_t v)
{
	if (v < 0) {
		pt_sd_putc(c, '-');
		pt_sd_udec(c, -(uint64_t)v);
	} else {
		pt_sd_udec(c, (uint64_t)v);
	}
}

void pt_sd_hex(struct sd *c, uint64_t v)
{
	char tmp[18], *p = tmp + sizeof(tmp);

	do
		*--p = "0123456789abcdef"[v & 15];
	while (v >>= 4);
	*--p = 'x';
	*--p = '0';
	pt_sd_put(c, p, (size_t)(tmp + sizeof(tmp) - p));
}

void pt_sd_hex0(struct sd *c, uint64_t v)
{
	if (v)
		pt_sd_hex(c, v);
	else
		pt_sd_putc(c, '0');
}

void pt_sd_address(struct sd *c, uint64_t addr)
{
	if (c->json) {
		if (!addr) {
			SD_PUTS(c, "null");
			return;
		}
		pt_sd_putc(c, '"');
		pt_sd_hex(c, addr);
		pt_sd_putc(c, '"');
	} else if (addr) {
		pt_sd_hex(c, addr);
	} else {
		SD_PUTS(c, "NULL");
	}
}

void pt_sd_key(struct sd *c, const char *name, size_t n)
{
	pt_sd_sep(c);
	if (c->json) {
		pt_sd_putc(c, '"');
		pt_sd_put(c, name, n);
		SD_PUTS(c, "\":");
	} else {
		pt_sd_put(c, name, n);
		pt_sd_putc(c, '=');
	}
}

void pt_sd_more(struct sd *c)
{
	pt_sd_sep(c);
	if (c->json)
		SD_PUTS(c, "{\"more\":true}");
	else
		SD_PUTS(c, "...");
}

void pt_sd_value_begin(struct sd *c, uint64_t v, bool is_signed)
{
	if (!c->json)
		return;
	SD_PUTS(c, "{\"value\":");
	if (is_signed)
		pt_sd_dec(c, (int64_t)v);
	else
		pt_sd_udec(c, v);
	SD_PUTS(c, ",\"text\":\"");
}

void pt_sd_value_end(struct sd *c)
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
	/* An octal digit that follows would be read as part of the escape. */
	bool whole = left > 1 && p[1] >= '0' && p[1] <= '7';

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

/* JSON: the bytes as pt_json_bytes() writes them, or {"bytes":...,"cut":true} if there were more. */
static void quote_json(struct sd *c, const uint8_t *p, size_t n, bool cut)
{
	struct pt_json j;

	pt_json_init(&j, c->o);
	if (cut) {
		pt_json_object(&j);
		pt_json_key(&j, "bytes");
	}
	pt_json_bytes(&j, p, n);
	if (cut) {
		pt_json_key_bool(&j, "cut", true);
		pt_json_end(&j);
	}
}

void pt_sd_quoted(struct sd *c, const uint8_t *p, size_t n, bool cut)
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
	to = pt_sd_room(c, 4 * n + 5);
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

void pt_sd_quoted_hex(struct sd *c, const uint8_t *p, size_t n, bool cut)
{
	enum ptl_decode_strings style = c->d->opt.strings;

	c->d->opt.strings = PTL_STRINGS_HEX_ALL;
	pt_sd_quoted(c, p, n, cut);
	c->d->opt.strings = style;
}

void pt_sd_buffer(struct sd *c, uint64_t addr, uint64_t n, bool hex)
{
	size_t max = c->d->opt.max_string, want = n < max ? (size_t)n : max;
	uint8_t *buf = pt_sd_scratch(c, want);

	if (!addr || !buf || !pt_sd_budget(c) || (want && !pt_sd_read(c, addr, buf, want)))
		pt_sd_address(c, addr);
	else if (hex)
		pt_sd_quoted_hex(c, buf, want, n > want);
	else
		pt_sd_quoted(c, buf, want, n > want);
}

/*
 * Strings are read in one piece as far as they are short: 256 bytes are enough for
 * nearly every path.  At the edge of what is mapped the read comes back short,
 * which is no harm if the NUL is in it.
 */
void pt_sd_string(struct sd *c, uint64_t addr, bool path, size_t max)
{
	size_t limit, have = 0, want;
	const uint8_t *nul;
	int64_t got;
	uint8_t *buf;

	if (!max)
		max = path ? SD_PATH_MAX : c->d->opt.max_string;
	limit = max + 1; /* one more tells whether it ends there */
	buf = pt_sd_scratch(c, limit);
	if (!addr || !buf || !pt_sd_budget(c)) {
		pt_sd_address(c, addr);
		return;
	}
	want = PT_MIN(limit, 256u);
	while (have < limit) {
		got = pt_sd_read_some(c, addr + have, buf + have, want);
		if (got <= 0) {
			pt_sd_address(c, addr);
			return;
		}
		nul = memchr(buf + have, '\0', (size_t)got);
		if (nul) {
			pt_sd_quoted(c, buf, (size_t)(nul - buf), false);
			return;
		}
		have += (size_t)got;
		want = PT_MIN(limit - have, 4096u);
	}
	pt_sd_quoted(c, buf, max, true);
}
