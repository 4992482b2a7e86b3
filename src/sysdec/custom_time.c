/* SPDX-License-Identifier: MIT */
/* Times of day, with the date in a comment. */
#include "sysdec/walk.h"
#include "sysdec/names.h"

#include <time.h>

/* 2021-01-14T08:25:35.000000005+0000: the fraction with `digits` digits, or none if it is zero or out of range. */
static bool date(struct sd *c, int64_t sec, uint64_t fraction, unsigned int digits)
{
	static const uint64_t limits[] = {[6] = 1000000, [9] = 1000000000};
	time_t when = (time_t)sec;
	char buf[64], tail[16];
	struct tm tm;
	size_t n, z;

	if (!localtime_r(&when, &tm))
		return false;
	n = strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S", &tm);
	z = strftime(tail, sizeof(tail), "%z", &tm);
	if (!n)
		return false;
	pt_sd_put(c, buf, n);
	if (digits && fraction && fraction < limits[digits]) {
		char frac[10];
		unsigned int i;

		frac[0] = '.';
		for (i = digits; i > 0; i--, fraction /= 10)
			frac[i] = (char)('0' + fraction % 10);
		pt_sd_put(c, frac, digits + 1);
	}
	pt_sd_put(c, tail, z);
	return true;
}

static void date_comment(struct sd *c, int64_t sec, uint64_t fraction, unsigned int digits)
{
	size_t at = c->o->len;

	if (c->json || sec == 0)
		return;
	SD_PUTS(c, " /* ");
	if (date(c, sec, fraction, digits))
		SD_PUTS(c, " */");
	else
		c->o->len = at;
}

/* x_date[nsec]: seconds, with the date; the nanoseconds are those of another field. */
void pt_sd_x_date(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	int64_t sec = n == 4 || (!p && c->word == 4) ? (int32_t)v : (int64_t)v;

	pt_sd_dec(c, sec);
	date_comment(c, sec, pt_sd_ref(c, t->q), 9);
}

/* time's own result: 123 (date) */
void pt_sd_aux_date(struct sd *c)
{
	if (c->call->is_error || c->json || !c->call->rval)
		return;
	pt_sd_aux_begin(c);
	date(c, c->call->rval, 0, 0);
	pt_sd_aux_end(c);
}

/* A timespec with its date, or UTIME_NOW, UTIME_OMIT. Two longs, or (x_dated_timespec[1]) two 64-bit words. */
static void dated(struct sd *c, const uint8_t *p, size_t n, unsigned int digits)
{
	size_t half = n / 2;
	int64_t sec = half == 4 ? (int32_t)pt_sd_load(p, 4) : (int64_t)pt_sd_load(p, 8);
	uint64_t frac = pt_sd_load(p + half, half);

	if (digits == 9 && !c->json && (uint32_t)frac == frac && (frac == 0x3fffffff || frac == 0x3ffffffe)) {
		if (c->d->opt.names == PTL_NAMES_ABBREV) {
			if (frac == 0x3fffffff)
				SD_PUTS(c, "UTIME_NOW");
			else
				SD_PUTS(c, "UTIME_OMIT");
			return;
		}
	}
	pt_sd_open(c, '{');
	SD_KEY(c, "tv_sec");
	pt_sd_dec(c, sec);
	if (digits == 9)
		SD_KEY(c, "tv_nsec");
	else
		SD_KEY(c, "tv_usec");
	pt_sd_udec(c, frac);
	pt_sd_close(c, '}');
	if (digits == 9 && !c->json && (frac == 0x3fffffff || frac == 0x3ffffffe)) {
		if (c->d->opt.names == PTL_NAMES_VERBOSE) {
			if (frac == 0x3fffffff)
				SD_PUTS(c, " /* UTIME_NOW */");
			else
				SD_PUTS(c, " /* UTIME_OMIT */");
		}
		return;
	}
	date_comment(c, sec, frac, digits);
}

void pt_sd_x_dated_timespec(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	if (p && n >= 8)
		dated(c, p, n, 9);
}

/* The two of utimensat (x_dated_pair[0]), futimesat and utimes (x_dated_pair[1], microseconds); [2]: 64 bits everywhere. */
void pt_sd_x_dated_pair(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint64_t kind = pt_sd_ref(c, t->q);
	size_t size = c->word == 8 || kind == 2 ? 16 : 8;
	uint8_t buf[32];

	if (!v || !pt_sd_read(c, v, buf, 2 * size)) {
		pt_sd_address(c, v);
		return;
	}
	pt_sd_open(c, '[');
	pt_sd_sep(c);
	dated(c, buf, size, kind == 1 ? 6 : 9);
	pt_sd_sep(c);
	dated(c, buf + size, size, kind == 1 ? 6 : 9);
	pt_sd_close(c, ']');
}

/* Clock ticks, of which the kernel tells programs 100 a second on every x86. */
void pt_sd_x_ticks(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	enum { USER_HZ = 100 };

	pt_sd_udec(c, v);
	if (!v || c->json)
		return;
	SD_PUTS(c, " /* ");
	pt_sd_udec(c, v / USER_HZ);
	pt_sd_putc(c, '.');
	pt_sd_putc(c, (char)('0' + v % USER_HZ / 10));
	pt_sd_putc(c, (char)('0' + v % 10));
	SD_PUTS(c, " s */");
}

/* x_remaining[wide]: what is left of a sleep; the kernel writes it only if a signal broke it. */
void pt_sd_x_remaining(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	const struct sd_type *ts = &pt_sd_types[pt_sd_ref(c, t->q) ? TYPE_timespec64 : TYPE_timespec];
	bool broken = c->exiting && c->call->has_result && c->call->is_error &&
		      (c->call->rval == -4 || (c->call->rval <= -512 && c->call->rval >= -516)); /* EINTR, ERESTART... */

	if (broken)
		pt_sd_at(c, ts, v);
	else
		pt_sd_address(c, v);
}
