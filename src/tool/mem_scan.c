/* SPDX-License-Identifier: MIT */
/*
 * pintle mem: going over a whole address space, for search and dump. See mem.h.
 *
 * Maps are large and memory is not: a program may have reserved terabytes. Of an anonymous map only the pages that
 * exist are read; the others are zeroes, and reading them would make the process pay for them. Of a file's map all is
 * read, for what the process has not touched yet has contents too, unless the file is so large that this would be
 * a burden.
 */
#include "tool/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (UINT64_C(1) << 30) /* a larger map of a file is read where it was touched */
enum { PAGE = 4096, PIECE = 256 << 10, SKIPS_SHOWN = 20 };

int64_t mem_read(struct mem_request *rq, uint64_t address, void *buffer, size_t n)
{
	return rq->task ? ptl_read(rq->task, address, buffer, n)
			: ptl_space_read(rq->memory, address, buffer, n);
}

int64_t mem_write(struct mem_request *rq, uint64_t address, const void *bytes, size_t n)
{
	return rq->task ? ptl_write(rq->task, address, bytes, n)
			: ptl_space_write(rq->memory, address, bytes, n);
}

/* --- what is skipped ------------------------------------------------------------------------ */

static void note_skip(struct mem_request *rq, const struct ptl_map *map, uint64_t start,
	uint64_t end, enum mem_reason reason)
{
	struct mem_skip *last =
		rq->skips.len ? &PT_VEC_AT(&rq->skips, struct mem_skip, rq->skips.len - 1) : NULL;

	if (last && last->end == start && last->map == map && last->reason == reason) {
		last->end = end;
		return;
	}
	last = pt_vec_push(&rq->skips);
	if (last)
		*last = (struct mem_skip){start, end, map, reason};
}

static const char *const reason_text[] = {[MEM_NOT_READABLE] = "not readable by the program",
	[MEM_DEVICE] = "memory of a device",
	[MEM_UNTOUCHED] = "never touched, of a large file",
	[MEM_FAILED] = "the kernel refuses to read it"};

void mem_report_skips(struct mem_request *rq, struct pt_buf *json)
{
	uint64_t maps = 0, bytes = 0, shown = 0;

	for (size_t i = 0; i < rq->skips.len; i++) {
		const struct mem_skip *s = &PT_VEC_AT(&rq->skips, struct mem_skip, i);

		if (json) {
			struct pt_json j;

			mem_json(&j, json, "skipped");
			pt_json_key_hex(&j, "start", s->start);
			pt_json_key_hex(&j, "end", s->end);
			pt_json_key(&j, "name");
			pt_json_bytes(&j, s->map->name, strlen(s->map->name));
			pt_json_key_string(&j, "reason", reason_text[s->reason]);
			mem_json_end(&j);
		} else if (s->reason ==
			   MEM_NOT_READABLE) { /* guard pages: many, and of no interest */
			maps++;
			bytes += s->end - s->start;
		} else if (shown++ < SKIPS_SHOWN) {
			cmd_note(rq->call, "skipped 0x%" PRIx64 "-0x%" PRIx64 " %s: %s", s->start,
				s->end, s->map->name, reason_text[s->reason]);
		}
	}
	if (shown > SKIPS_SHOWN)
		cmd_note(rq->call, "skipped %" PRIu64 " more ranges (--json lists all)",
			shown - SKIPS_SHOWN);
	if (maps)
		cmd_note(rq->call, "skipped %" PRIu64 " map%s (%" PRIu64 " bytes): %s", maps,
			maps == 1 ? "" : "s", bytes, reason_text[MEM_NOT_READABLE]);
}

/* --- parts and pieces -------------------------------------------------------------------------- */

static bool is_device(const struct ptl_map *map)
{
	static const char *const memory[] = {"/dev/zero", "/dev/shm/", "/dev/hugepages/"};

	if (strncmp(map->name, "/dev/", 5))
		return false;
	for (size_t i = 0; i < PT_COUNTOF(memory); i++)
		if (!strncmp(map->name, memory[i], strlen(memory[i])))
			return false;
	return true;
}

int mem_each_part(struct mem_request *rq, const struct ptl_map *map,
	int (*visit)(void *arg, const struct ptl_map *map, uint64_t start, uint64_t end), void *arg)
{
	bool anonymous = !map->inode,
	     whole = !rq->memory || (!anonymous && map->end - map->start <= FILE_MAX);
	uint64_t at = map->start, start, end;
	int r = 0;

	if (map->perms[0] != 'r' || is_device(map)) {
		note_skip(rq, map, map->start, map->end,
			map->perms[0] != 'r' ? MEM_NOT_READABLE : MEM_DEVICE);
		return 0;
	}
	/* the kernel's own ([vdso], [vvar]) are there without being anybody's pages */
	if (whole || !strncmp(map->name, "[v", 2))
		return visit(arg, map, map->start, map->end);
	for (; r == 0 && ptl_space_touched(rq->memory, at, map->end, &start, &end); at = end) {
		if (!anonymous && start > at)
			note_skip(rq, map, at, start, MEM_UNTOUCHED);
		r = visit(arg, map, start, end);
	}
	if (!anonymous && r == 0 && at < map->end)
		note_skip(rq, map, at, map->end, MEM_UNTOUCHED);
	return r;
}

int mem_each_piece(struct mem_request *rq, const struct ptl_map *map, uint64_t start, uint64_t end,
	int (*visit)(void *arg, uint64_t address, const unsigned char *bytes, size_t n), void *arg)
{
	unsigned char *piece = malloc(PIECE);
	int status = piece ? 0 : cmd_error(rq->call, "out of memory");

	while (status == 0 && start < end) {
		int64_t n = mem_read(rq, start, piece, (size_t)PT_MIN(end - start, PIECE));

		if (n > 0) {
			status = visit(arg, start, piece, (size_t)n);
			start += (uint64_t)n;
		} else if (n == -PTL_EBADADDR || n == 0) {
			uint64_t next = (start | (PAGE - 1)) + 1;

			note_skip(rq, map, start, PT_MIN(next, end), MEM_FAILED);
			start = next;
		} else { /* it is gone, or may no longer be read */
			status = cmd_error(rq->call, "cannot read memory of process %d: %s",
				(int)rq->pid, ptl_error_text((int)n));
		}
	}
	free(piece);
	return status;
}

/* --- search ---------------------------------------------------------------------------------------- */

struct search {
	struct mem_request *rq;
	const struct ptl_map *map;
	struct pt_buf
		window; /* the end of what came before, when it borders on what comes now, and that */
	uint64_t at;    /* address of the window */
	uint64_t hits;
};

static int show_hit(struct search *s, uint64_t address)
{
	const struct ptl_map *map = ptl_maps_find(s->rq->maps, address);
	struct pt_buf out = PT_BUF_INIT, name = PT_BUF_INIT;
	int status;

	map = map ? map : s->map;
	mem_name(&name, s->rq->maps, map, address);
	if (s->rq->json) {
		struct pt_json j;

		mem_json(&j, &out, "found");
		pt_json_key_hex(&j, "address", address);
		pt_json_key(&j, "name");
		pt_json_bytes(&j, pt_buf_str(&name), name.len);
		pt_json_key_string(&j, "perms", map->perms);
		mem_json_end(&j);
	} else {
		pt_buf_printf(
			&out, "0x%016" PRIx64 "  %s%s", address, map->perms, name.len ? "  " : "");
		pt_buf_escaped(&out, pt_buf_str(&name), name.len);
		pt_buf_putc(&out, '\n');
	}
	status = cmd_print(s->rq->call, &out);
	pt_buf_done(&out);
	pt_buf_done(&name);
	return status;
}

enum { ENOUGH = -1 }; /* not an exit status: as many as were wanted */

static int search_piece(void *arg, uint64_t address, const unsigned char *bytes, size_t n)
{
	struct search *s = arg;
	const struct pt_buf *what = &s->rq->bytes;
	size_t keep = PT_MIN(s->window.len, what->len - 1);
	const char *p, *found;

	if (s->at + s->window.len != address)
		keep = 0;
	if (keep)
		memmove(s->window.data, s->window.data + s->window.len - keep, keep);
	s->window.len = keep;
	s->at = address - keep;
	pt_buf_add(&s->window, bytes, n);
	if (!pt_buf_ok(&s->window))
		return cmd_error(s->rq->call, "out of memory");
	for (p = s->window.data; (found = memmem(p, (size_t)(s->window.data + s->window.len - p),
					  what->data, what->len));
		p = found + 1) {
		int status;

		if (s->hits == s->rq->max_hits)
			return ENOUGH;
		s->hits++;
		status = show_hit(s, s->at + (uint64_t)(found - s->window.data));
		if (status)
			return status;
	}
	return 0;
}

static int search_part(void *arg, const struct ptl_map *map, uint64_t start, uint64_t end)
{
	struct search *s = arg;

	s->map = map;
	return mem_each_piece(s->rq, map, start, end, search_piece, s);
}

int mem_search(struct mem_request *rq)
{
	struct search s = {.rq = rq, .window = PT_BUF_INIT};
	struct pt_buf out = PT_BUF_INIT;
	const struct ptl_map *map;
	int status = 0;

	for (size_t i = 0; status == 0 && (map = ptl_maps_get(rq->maps, i)); i++)
		status = mem_each_part(rq, map, search_part, &s);
	if (status == ENOUGH) {
		cmd_note(rq->call, "stopped after %" PRIu64 " of more places", s.hits);
		status = 0;
	}
	if (status == 0 && !s.hits && !rq->json)
		cmd_note(rq->call, "not found");
	mem_report_skips(rq, rq->json ? &out : NULL);
	if (status == 0)
		status = cmd_print(rq->call, &out);
	pt_buf_done(&out);
	pt_buf_done(&s.window);
	return status;
}
