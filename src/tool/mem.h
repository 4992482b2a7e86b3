/* SPDX-License-Identifier: MIT */
/*
 * pintle mem, its parts: the command and its verbs (cmd_mem.c), what the words of its command line mean
 * (mem_words.c), going over a whole address space (mem_scan.c), the file of a dump (mem_dump.c).
 */
#ifndef PINTLE_TOOL_MEM_H
#define PINTLE_TOOL_MEM_H

#include "tool/cmd.h"
#include "wire/json.h"

struct mem_request {
	const struct cmd_call *call;
	pid_t pid;
	bool json, raw, verbose;
	uint64_t max_hits;
	/* The verb's words, understood as far as they can be without the process. */
	const char *address; /* NULL: none given */
	uint64_t size;
	struct pt_buf bytes;
	const char *file;
	/* The process. One of task and memory is there, or both. */
	struct ptl_session *session; /* holds it still; NULL: it runs */
	struct ptl_task *task;
	struct ptl_space *memory;
	struct ptl_maps *maps;
	struct pt_vec skips; /* struct mem_skip */
};

/* As ptl_read() and ptl_write(), by the way there is. */
int64_t mem_read(struct mem_request *rq, uint64_t address, void *buffer, size_t n);
int64_t mem_write(struct mem_request *rq, uint64_t address, const void *bytes, size_t n);

/* --- words ---------------------------------------------------------------------------- */

/* Decimal, or hexadecimal with 0x; nothing else, for 010 and 7f00 mean different things to different people. */
bool mem_number(const char *text, uint64_t *ret);
/* Each answers 0, or the exit status of a usage error that it has reported. */
int mem_parse_size(const struct cmd_call *call, const char *text, uint64_t *ret);
int mem_parse_bytes(const struct cmd_call *call, const char *text, struct pt_buf *to);
int mem_check_address(const struct cmd_call *call, const char *text);
/* Needs rq->maps. 0, or the exit status of a failure that it has reported. */
int mem_find_address(struct mem_request *rq, const char *text, uint64_t *ret);

/* The name of an address, as mem_find_address() takes it: "libc.so.6+0x1d2b"; nothing where a map has no name. */
void mem_name(struct pt_buf *to, const struct ptl_maps *maps, const struct ptl_map *map, uint64_t address);
void mem_hex(struct pt_buf *to, const void *bytes, size_t n);

/* Lines of `hexdump -C`; those equal to the one before are one "*", unless verbose. */
struct mem_hexdump {
	unsigned char last[16];
	bool any, starred, verbose;
};
void mem_hexdump(struct pt_buf *to, struct mem_hexdump *h, uint64_t address, const void *bytes, size_t n);

/* Begins a line of --json: {"v":1,"kind":KIND ... The caller adds members and mem_json_end(). */
void mem_json(struct pt_json *j, struct pt_buf *to, const char *kind);
void mem_json_end(struct pt_json *j);

/* --- going over all of it ---------------------------------------------------------------- */

enum mem_reason {
	MEM_NOT_READABLE, /* its permissions say so */
	MEM_DEVICE,	  /* reading a device's memory may do something */
	MEM_UNTOUCHED,	  /* of a huge file: the pages that were never touched */
	MEM_FAILED,	  /* the kernel refused */
	MEM_REASONS
};
struct mem_skip {
	uint64_t start, end;
	const struct ptl_map *map;
	enum mem_reason reason;
};

/*
 * The parts of a map that have contents, one after the other. What an anonymous map has never touched is not among
 * them; anything else that is left out is noted in rq->skips. What visit answers, if it is not 0, ends it.
 */
int mem_each_part(struct mem_request *rq, const struct ptl_map *map,
	int (*visit)(void *arg, const struct ptl_map *map, uint64_t start, uint64_t end), void *arg);
/* The bytes of such a part, in pieces; unreadable pages are noted and passed over. */
int mem_each_piece(struct mem_request *rq, const struct ptl_map *map, uint64_t start, uint64_t end,
	int (*visit)(void *arg, uint64_t address, const unsigned char *bytes, size_t n), void *arg);
/* Says what was skipped: on standard error, or as objects appended to `json`. */
void mem_report_skips(struct mem_request *rq, struct pt_buf *json);

int mem_search(struct mem_request *rq);
int mem_dump(struct mem_request *rq);

#endif
