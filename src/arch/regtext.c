/* SPDX-License-Identifier: MIT */
/* Values of registers as text, and back. See inspect.h. */
#include "arch/arch.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"

/* Bytes, little-endian in the value, as one hexadecimal number; without leading zeros if `brief`.
 */
static void hex_number(struct ptl_text *to, const uint8_t *p, unsigned n, bool brief)
{
	static const char digits[] = "0123456789abcdef";

	pt_buf_puts(to, "0x");
	for (unsigned i = n * 2; i-- > 0;) {
		unsigned digit = p[i / 2] >> (i % 2 * 4) & 15;

		if (brief && !digit && i)
			continue;
		brief = false;
		pt_buf_putc(to, digits[digit]);
	}
}

/* The 80-bit format: a sign, 15 bits of exponent, 64 of significand with its leading one spelled
 * out. */
static void x87_number(struct ptl_text *to, const uint8_t *p)
{
	uint64_t significand;
	uint16_t top;
	int exponent;

	memcpy(&significand, p, 8);
	memcpy(&top, p + 8, 2);
	exponent = top & 0x7fff;
	pt_buf_puts(to, top & 0x8000 ? "-" : "");
	if (exponent == 0x7fff) {
		pt_buf_puts(to, significand << 1 ? "nan" : "inf");
	} else if (exponent && !(significand >> 63)) {
		pt_buf_puts(to,
			"invalid"); /* an "unnormal": the processor refuses to compute with it */
	} else {
		pt_buf_printf(to, "%.18Lg",
			ldexpl((long double)significand, (exponent ? exponent : 1) - 16383 - 63));
	}
	pt_buf_puts(to, " (raw ");
	hex_number(to, p, 10, false);
	pt_buf_puts(to, ")");
}

void ptl_reg_format(struct ptl_text *to, const struct ptl_reg_info *reg, const void *value)
{
	const struct pt_reg *r = (const struct pt_reg *)reg;
	const uint8_t *p = value;

	switch (reg->type) {
	case PTL_REG_X87:
		x87_number(to, p);
		return;
	case PTL_REG_BYTES:
		hex_number(to, p, reg->size, false);
		return;
	case PTL_REG_UINT:
		hex_number(to, p, reg->size, true);
		break;
	}
	if (!r->bits)
		return;
	pt_buf_puts(to, " [");
	for (unsigned i = 0, n = 0; r->bits[i] && i < reg->size * 8; i++) {
		if (!(p[i / 8] >> i % 8 & 1) || !r->bits[i][0])
			continue;
		pt_buf_puts(to, n++ ? " " : "");
		pt_buf_puts(to, r->bits[i]);
	}
	pt_buf_puts(to, "]");
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "0x..." of any length. */
static int parse_hex(const char *digits, uint8_t *to, unsigned size)
{
	size_t n = strlen(digits);

	if (!n)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (hex_value(digits[i]) < 0)
			return -EINVAL;
	for (; *digits == '0' && n > 1; n--)
		digits++;
	if (n > 2 * (size_t)size)
		return -PTL_EREGSIZE;
	memset(to, 0, size);
	for (size_t i = 0; i < n; i++) {
		size_t nibble = n - 1 - i;

		to[nibble / 2] |= (uint8_t)(hex_value(digits[i]) << (nibble % 2 * 4));
	}
	return 0;
}

/* Decimal, with or without a sign. A negative one must fit as a signed number of that size. */
static int parse_decimal(const char *text, uint8_t *to, unsigned size)
{
	bool negative = *text == '-';
	uint64_t v = 0, limit = size >= 8 ? UINT64_MAX : (UINT64_C(1) << size * 8) - 1;

	text += negative;
	if (!*text)
		return -EINVAL;
	for (const char *s = text; *s; s++)
		if (*s < '0' || *s > '9')
			return -EINVAL;
	for (; *text; text++)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
			__builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return -PTL_EREGSIZE;
	if (v > (negative ? limit / 2 + 1 : limit))
		return -PTL_EREGSIZE;
	v = negative ? -v : v;
	memset(to, 0, size);
	memcpy(to, &v, size < 8 ? size : 8);
	if (negative && v && size > 8)
		memset(to + 8, 0xff, size - 8);
	return 0;
}

static int parse_x87(const char *text, uint8_t *to)
{
	uint64_t significand;
	uint16_t top;
	long double v;
	int exponent;
	char *end;

	errno = 0;
	v = strtold(text, &end);
	if (end == text || *end)
		return -EINVAL;
	top = signbit(v) ? 0x8000 : 0;
	v = fabsl(v);
	if (isnan(v) || isinf(v)) {
		if (errno == ERANGE)
			return -PTL_EREGSIZE;
		significand = UINT64_C(1) << 63 | (isnan(v) ? UINT64_C(1) << 62 : 0);
		top |= 0x7fff;
	} else if (v == 0) {
		significand = 0;
	} else {
		v = frexpl(v, &exponent); /* [0.5, 1) * 2^exponent */
		exponent += 16382;
		if (exponent >= 0x7fff)
			return -PTL_EREGSIZE;
		if (exponent < 1) { /* denormal: the exponent stays, the significand shrinks */
			v = ldexpl(v, exponent - 1);
			exponent = 0;
		}
		significand = (uint64_t)ldexpl(v, 64);
		top |= (uint16_t)exponent;
	}
	memcpy(to, &significand, 8);
	memcpy(to + 8, &top, 2);
	return 0;
}

int ptl_reg_parse(const struct ptl_reg_info *reg, const char *text, void *ret_value)
{
	uint8_t value[64];
	int r;

	if (reg->size > sizeof(value))
		return -PTL_EREGSIZE;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && !strpbrk(text, ".pP"))
		r = parse_hex(text + 2, value, reg->size);
	else if (reg->type == PTL_REG_X87)
		r = parse_x87(text, value);
	else
		r = parse_decimal(text, value, reg->size);
	if (r == 0)
		memcpy(ret_value, value, reg->size);
	return r;
}
