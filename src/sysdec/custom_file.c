/* SPDX-License-Identifier: MIT */
/* Vectors of buffers, directory entries, file handles; page and node sets. */
#include "sysdec/walk.h"
#include "sysdec/names.h"

#define IOVECS 64 /* read at a time */
#define DENTS_MAX (1u << 20)

void pt_sd_iovecs(struct sd *c, uint64_t addr, uint64_t count, uint64_t left)
{
	bool hidden = pt_sd_failed(c) && left != UINT64_MAX;
	uint64_t at, i, have;
	size_t item = 2 * c->word, max = pt_sd_max_items(c);
	uint8_t buf[IOVECS * 16];

	if (!count || !addr) {
		if (addr)
			SD_PUTS(c, "[]");
		else
			pt_sd_address(c, addr);
		return;
	}
	for (at = 0; at < count; at += have) {
		have = PT_MIN(count - at, (uint64_t)IOVECS);
		have = PT_MIN(have, max - PT_MIN(at, max));
		if (!have) {
			pt_sd_more(c);
			break;
		}
		if (!pt_sd_read(c, addr + at * item, buf, have * item)) {
			have = 1;
			if (!pt_sd_read(c, addr + at * item, buf, item)) {
				if (at == 0) {
					pt_sd_address(c, addr);
					return;
				}
				pt_sd_unreadable(c, addr + at * item);
				break;
			}
		}
		if (at == 0)
			pt_sd_open(c, '[');
		for (i = 0; i < have && pt_sd_budget(c); i++) {
			uint64_t base = pt_sd_load(buf + i * item, c->word), len = pt_sd_load(buf + i * item + c->word, c->word);
			uint64_t filled = PT_MIN(len, left);

			left -= filled;
			pt_sd_sep(c);
			pt_sd_open(c, '{');
			SD_KEY(c, "iov_base");
			if (hidden)
				pt_sd_address(c, base);
			else if (c->packets)
				pt_sd_packet(c, base, filled);
			else
				pt_sd_buffer(c, base, filled, false);
			SD_KEY(c, "iov_len");
			pt_sd_udec(c, len);
			pt_sd_close(c, '}');
		}
	}
	pt_sd_close(c, ']');
}

/* x_iovec[count]: what a read filled, as many bytes as the result says; addresses if it failed. */
void pt_sd_x_iovec(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	pt_sd_iovecs(c, v, pt_sd_ref(c, t->q), (uint64_t)c->call->rval);
}

void pt_sd_x_llseek_offset(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	pt_sd_dec(c, (int64_t)(c->args[1] << 32 | (uint32_t)c->args[2]));
}

/* mmap2's offset counts pages of 4096 bytes. */
void pt_sd_x_page_offset(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	if (c->json)
		pt_sd_putc(c, '"');
	pt_sd_hex0(c, v << 12);
	if (c->json)
		pt_sd_putc(c, '"');
}

/* --- File handles ------------------------------------------------------------------------------ */

void pt_sd_x_file_handle(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint8_t head[8], bytes[128]; /* MAX_HANDLE_SZ */
	uint32_t size;

	if (!v || !pt_sd_read(c, v, head, pt_sd_failed(c) ? 4 : 8)) {
		pt_sd_address(c, v);
		return;
	}
	size = (uint32_t)pt_sd_load(head, 4);
	pt_sd_open(c, '{');
	SD_KEY(c, "handle_bytes");
	if (!c->json && c->exiting && (c->saved->valid & 1u << c->slot) && (uint32_t)c->saved->words[c->slot] != size) {
		pt_sd_udec(c, (uint32_t)c->saved->words[c->slot]);
		SD_PUTS(c, " => ");
	}
	pt_sd_udec(c, size);
	if (!pt_sd_failed(c)) {
		SD_KEY(c, "handle_type");
		pt_sd_dec(c, (int32_t)pt_sd_load(head + 4, 4));
		SD_KEY(c, "f_handle");
		size = PT_MIN(size, (uint32_t)sizeof(bytes));
		if (pt_sd_read(c, v + 8, bytes, size))
			pt_sd_quoted_hex(c, bytes, size, false);
		else
			pt_sd_address(c, v + 8);
	}
	pt_sd_close(c, '}');
}

/* --- Directory entries --------------------------------------------------------------------------- */

struct dent_layout {
	unsigned int word;   /* of d_ino and d_off */
	unsigned int name;   /* offset of d_name */
	bool type_at_end;    /* getdents: the type stands in the last byte of the record */
};

static void show_dent(struct sd *c, const struct dent_layout *l, const uint8_t *p, uint64_t reclen)
{
	size_t end = reclen - (l->type_at_end ? 1 : 0), len;
	const uint8_t *nul = end > l->name ? memchr(p + l->name, '\0', end - l->name) : NULL;

	len = nul ? (size_t)(nul - (p + l->name)) : end > l->name ? end - l->name : 0;
	pt_sd_sep(c);
	pt_sd_open(c, '{');
	SD_KEY(c, "d_ino");
	pt_sd_udec(c, pt_sd_load(p, l->word));
	SD_KEY(c, "d_off");
	pt_sd_dec(c, (int64_t)pt_sd_load(p + l->word, l->word));
	SD_KEY(c, "d_reclen");
	pt_sd_udec(c, reclen);
	if (!l->type_at_end) {
		SD_KEY(c, "d_type");
		pt_sd_set_value(c, SET_dirent_types, p[l->name - 1], 1);
	}
	SD_KEY(c, "d_name");
	pt_sd_quoted(c, p + l->name, len, !nul);
	if (l->type_at_end) {
		SD_KEY(c, "d_type");
		pt_sd_set_value(c, SET_dirent_types, p[reclen - 1], 1);
	}
	pt_sd_close(c, '}');
}

static void show_dents(struct sd *c, const struct dent_layout *l, uint64_t addr, uint64_t size)
{
	bool list = c->full || c->json;
	uint8_t *copy = NULL;
	size_t at = 0, count = 0;
	const uint8_t *buf;

	size = PT_MIN(size, DENTS_MAX);
	copy = size ? pt_sd_scratch(c, (size_t)size) : NULL;
	if (size && (!copy || !pt_sd_read(c, addr, copy, (size_t)size))) {
		pt_sd_address(c, addr);
		return;
	}
	buf = copy;
	if (list)
		pt_sd_open(c, '[');
	while (at + l->name <= size) {
		uint64_t reclen = pt_sd_load(buf + at + 2 * l->word, 2);

		if (reclen < l->name + (l->type_at_end ? 1u : 0u) || reclen > size - at)
			break;
		if (list) {
			if (count == pt_sd_max_items(c) || !pt_sd_budget(c)) {
				pt_sd_more(c);
				break;
			}
			show_dent(c, l, buf + at, reclen);
		}
		count++;
		at += reclen;
	}
	if (list) {
		pt_sd_close(c, ']');
		return;
	}
	pt_sd_hex(c, addr);
	SD_PUTS(c, " /* ");
	pt_sd_udec(c, count);
	if (count == 1)
		SD_PUTS(c, " entry */");
	else
		SD_PUTS(c, " entries */");
}

void pt_sd_x_dents64(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	static const struct dent_layout layout = {8, 19, false};

	show_dents(c, &layout, v, pt_sd_ref(c, t->q));
}

void pt_sd_x_dents(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	struct dent_layout layout = {c->word, 2u * c->word + 2, true};

	show_dents(c, &layout, v, pt_sd_ref(c, t->q));
}

void pt_sd_x_olddirent(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint8_t buf[4 + 4 + 2 + 256];
	uint64_t len;

	if (!pt_sd_read(c, v, buf, 10)) {
		pt_sd_address(c, v);
		return;
	}
	len = PT_MIN(pt_sd_load(buf + 8, 2), 256u);
	pt_sd_open(c, '{');
	SD_KEY(c, "d_ino");
	pt_sd_udec(c, pt_sd_load(buf, 4));
	SD_KEY(c, "d_off");
	pt_sd_udec(c, pt_sd_load(buf + 4, 4));
	SD_KEY(c, "d_reclen");
	pt_sd_udec(c, len);
	SD_KEY(c, "d_name");
	if (pt_sd_read(c, v + 10, buf + 10, (size_t)len))
		pt_sd_quoted(c, buf + 10, (size_t)len, false);
	else
		pt_sd_address(c, v + 10);
	pt_sd_close(c, '}');
}

/* --- Pages and nodes -------------------------------------------------------------------------------- */

/* x_mincore[len]: for each page, is it in memory? */
void pt_sd_x_mincore(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint64_t len = pt_sd_ref(c, t->q), pages = len / 4096 + (len % 4096 != 0);
	size_t max = PT_MIN(pt_sd_max_items(c), 4096u), i, have = (size_t)PT_MIN(pages, (uint64_t)max);
	uint8_t buf[4096];

	if (!v || !pt_sd_read(c, v, buf, have)) {
		pt_sd_address(c, v);
		return;
	}
	pt_sd_open(c, '[');
	for (i = 0; i < have; i++) {
		pt_sd_sep(c);
		pt_sd_putc(c, buf[i] & 1 ? '1' : '0');
	}
	if (have < pages)
		pt_sd_more(c);
	pt_sd_close(c, ']');
}

/* x_nodemask[bits]: words in hex, padded to the word's width. */
void pt_sd_x_nodemask(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint64_t bits = pt_sd_ref(c, t->q), per_word = c->word * 8u, words, i;
	uint8_t buf[512];
	char text[24];

	/* The kernel uses one bit less than it is told. */
	words = bits > 1 ? (bits - 2) / per_word + 1 : 0;
	if (!v || words * c->word > sizeof(buf) || !pt_sd_read(c, v, buf, (size_t)words * c->word)) {
		pt_sd_address(c, v);
		return;
	}
	pt_sd_open(c, '[');
	for (i = 0; i < words; i++) {
		uint64_t w = pt_sd_load(buf + i * c->word, c->word);
		unsigned int k, width = c->word * 2u;

		/* As printf's %#018lx: zero has no 0x. */
		memcpy(text, w ? "0x" : "00", 2);
		for (k = width; k > 2; k--, w >>= 4)
			text[k - 1] = "0123456789abcdef"[w & 15];
		pt_sd_sep(c);
		if (c->json)
			pt_sd_putc(c, '"');
		pt_sd_put(c, text, width);
		if (c->json)
			pt_sd_putc(c, '"');
	}
	pt_sd_close(c, ']');
}

/* A node, or an error: -EFAULT */
void pt_sd_x_move_status(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	int32_t status = (int32_t)v;
	const char *name = status < 0 && status > -4096 ? ptl_errno_name(-status) : NULL;

	if (!name || c->json || c->d->opt.names == PTL_NAMES_RAW) {
		pt_sd_dec(c, status);
		return;
	}
	if (c->d->opt.names == PTL_NAMES_VERBOSE) {
		pt_sd_dec(c, status);
		SD_PUTS(c, " /* ");
	}
	pt_sd_putc(c, '-');
	pt_sd_put(c, name, strlen(name));
	if (c->d->opt.names == PTL_NAMES_VERBOSE)
		SD_PUTS(c, " */");
}
