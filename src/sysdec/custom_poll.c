/* SPDX-License-Identifier: MIT */
/*
 * poll and select: what is asked for stands among the arguments, what came of it is added
 * to the result: `1 ([{fd=3, revents=POLLIN}], left {tv_sec=0, tv_nsec=5})`.
 */
#include "sysdec/walk.h"
#include "sysdec/names.h"

#define POLLFD_SIZE 8
#define POLLFDS 64 /* read at a time */
#define FD_SET_BYTES 1024

static void timeout_text(struct sd *c)
{
	pt_sd_aux_begin(c);
	if (c->json)
		SD_PUTS(c, "\"Timeout\"");
	else
		SD_PUTS(c, "Timeout");
	pt_sd_aux_end(c);
}

/* --- poll ---------------------------------------------------------------------------------------- */

/* At exit, of those that have revents: at most `limit`, the result. */
static void show_pollfds(struct sd *c, uint64_t addr, uint64_t count, bool results, uint64_t limit)
{
	uint8_t buf[POLLFDS * POLLFD_SIZE];
	size_t max = pt_sd_max_items(c), shown = 0;
	uint64_t at, i, n;

	if (!addr || !count) {
		if (addr && !count)
			SD_PUTS(c, "[]");
		else
			pt_sd_address(c, addr);
		return;
	}
	for (at = 0; at < count; at += n) {
		n = PT_MIN(count - at, (uint64_t)POLLFDS);
		if (!pt_sd_read(c, addr + at * POLLFD_SIZE, buf, (size_t)n * POLLFD_SIZE)) {
			n = 1;
			if (!pt_sd_read(c, addr + at * POLLFD_SIZE, buf, POLLFD_SIZE)) {
				if (!at) {
					pt_sd_address(c, addr);
					return;
				}
				pt_sd_unreadable(c, addr + at * POLLFD_SIZE);
				break;
			}
		}
		if (!at)
			pt_sd_open(c, '[');
		for (i = 0; i < n; i++) {
			const uint8_t *p = buf + i * POLLFD_SIZE;
			int32_t fd = (int32_t)pt_sd_load(p, 4);
			uint64_t revents = pt_sd_load(p + 6, 2);

			if (results && (!revents || fd < 0))
				continue;
			if (results && shown == limit)
				goto out;
			if (shown == max || !pt_sd_budget(c)) {
				pt_sd_more(c);
				goto out;
			}
			shown++;
			pt_sd_sep(c);
			pt_sd_open(c, '{');
			SD_KEY(c, "fd");
			/* Results have plain numbers, even with -y: what they are stands among the arguments. */
			pt_sd_value_of(c, results ? TYPE_int : TYPE_fd, (uint32_t)fd);
			if (results) {
				SD_KEY(c, "revents");
				pt_sd_set_value(c, SET_poll_events, revents, 2);
			} else if (fd >= 0) {
				SD_KEY(c, "events");
				pt_sd_set_value(c, SET_poll_events, pt_sd_load(p + 4, 2), 2);
			}
			pt_sd_close(c, '}');
		}
	}
out:
	pt_sd_close(c, ']');
}

/* x_pollfds[count] */
void pt_sd_x_pollfds(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	show_pollfds(c, v, pt_sd_ref(c, t->q), false, 0);
}

/* "left {...}": what the kernel left of the timeout, if it is there. */
static void show_left(struct sd *c, uint64_t addr, unsigned int type)
{
	const struct sd_type *t = &pt_sd_types[type];
	uint8_t buf[32];
	size_t n = pt_sd_size(c, t);

	if (!addr || n > sizeof(buf) || !pt_sd_read(c, addr, buf, n))
		return;
	if (c->json) {
		SD_KEY(c, "left");
	} else {
		pt_sd_sep(c);
		SD_PUTS(c, "left ");
	}
	pt_sd_object(c, t, buf, n);
}

static void poll_result(struct sd *c, unsigned int timespec)
{
	if (c->call->is_error)
		return;
	if (c->call->rval == 0) {
		timeout_text(c);
		return;
	}
	pt_sd_aux_begin(c);
	if (c->json) {
		pt_sd_open(c, '{');
		SD_KEY(c, "fds");
	} else {
		pt_sd_sep(c);
	}
	show_pollfds(c, c->args[0], (uint32_t)c->args[1], true, (uint64_t)c->call->rval);
	if (timespec)
		show_left(c, c->args[2], timespec);
	if (c->json)
		pt_sd_close(c, '}');
	pt_sd_aux_end(c);
}

void pt_sd_aux_poll(struct sd *c)
{
	poll_result(c, 0);
}

void pt_sd_aux_ppoll(struct sd *c)
{
	poll_result(c, TYPE_timespec);
}

void pt_sd_aux_ppoll64(struct sd *c)
{
	poll_result(c, TYPE_timespec64);
}

/* --- select -------------------------------------------------------------------------------------- */

static bool read_fd_set(struct sd *c, uint64_t addr, uint64_t nfds, uint8_t *buf)
{
	/* The kernel copies whole words. */
	size_t n = (size_t)((nfds + c->word * 8 - 1) / (c->word * 8) * c->word);

	memset(buf, 0, FD_SET_BYTES);
	return n <= FD_SET_BYTES && pt_sd_read(c, addr, buf, n);
}

static uint64_t select_count(uint64_t v)
{
	int32_t n = (int32_t)v;

	return n < 0 ? 0 : PT_MIN((uint64_t)n, FD_SET_BYTES * 8u);
}

/* Returns how many were shown. */
static size_t show_fd_set(struct sd *c, const uint8_t *bits, uint64_t nfds, unsigned int type, size_t limit)
{
	size_t max = pt_sd_max_items(c), shown = 0;
	uint64_t i;

	pt_sd_open(c, '[');
	for (i = 0; i < nfds && shown < limit; i++) {
		if (!(bits[i / 8] >> (i % 8) & 1))
			continue;
		if (c->json)
			pt_sd_sep(c);
		else if (!c->first)
			pt_sd_putc(c, ' ');
		c->first = false;
		if (shown == max && !c->full) {
			if (c->json) {
				c->first = true;
				pt_sd_more(c);
			} else {
				SD_PUTS(c, "...");
			}
			break;
		}
		shown++;
		pt_sd_value_of(c, type, i);
	}
	pt_sd_close(c, ']');
	return shown;
}

/* x_fdset[nfds] */
void pt_sd_x_fdset(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint64_t nfds = select_count(pt_sd_ref(c, t->q));
	uint8_t bits[FD_SET_BYTES];

	if (!v || !read_fd_set(c, v, nfds, bits))
		pt_sd_address(c, v);
	else
		show_fd_set(c, bits, nfds, TYPE_fd, SIZE_MAX);
}

static bool any_bit(const uint8_t *bits, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		if (bits[i / 8] >> (i % 8) & 1)
			return true;
	return false;
}

static void select_result(struct sd *c, unsigned int left)
{
	static const struct {
		const char *name;
		unsigned int slot;
	} sets[] = {{"in", 1}, {"out", 2}, {"except", 3}};
	uint64_t nfds = select_count(c->args[0]);
	uint8_t bits[FD_SET_BYTES];
	size_t i, ready;

	if (c->call->is_error)
		return;
	if (c->call->rval == 0) {
		timeout_text(c);
		return;
	}
	ready = (size_t)c->call->rval;
	pt_sd_aux_begin(c);
	if (c->json)
		pt_sd_open(c, '{');
	for (i = 0; i < PT_COUNTOF(sets) && ready; i++) {
		uint64_t addr = c->args[sets[i].slot];
		size_t shown;

		if (!addr || !read_fd_set(c, addr, nfds, bits) || !any_bit(bits, nfds))
			continue;
		if (c->json) {
			pt_sd_key(c, sets[i].name, strlen(sets[i].name));
		} else {
			pt_sd_sep(c);
			pt_sd_put(c, sets[i].name, strlen(sets[i].name));
			pt_sd_putc(c, ' ');
		}
		shown = show_fd_set(c, bits, nfds, TYPE_int, ready);
		ready -= PT_MIN(shown, ready);
	}
	show_left(c, c->args[4], left);
	if (c->json)
		pt_sd_close(c, '}');
	pt_sd_aux_end(c);
}

void pt_sd_aux_select(struct sd *c)
{
	select_result(c, TYPE_timeval);
}

void pt_sd_aux_pselect(struct sd *c)
{
	select_result(c, TYPE_timespec);
}

void pt_sd_aux_pselect64(struct sd *c)
{
	select_result(c, TYPE_timespec64);
}
