/* SPDX-License-Identifier: MIT */
/*
 * base: what every room stands on.  No system calls, no processes.
 *
 * pt_buf    growable bytes, always NUL-terminated; allocation failure sticks
 *           (pt_buf_ok) instead of being checked at every append
 * pt_vec    growable array of fixed-size items
 * pt_map    hash map from uint64_t to pointer, open addressing
 * pt_arena  bump allocator, freed as a whole
 * pt_reader bounded reader over hostile bytes
 * pt_log    log lines by layer, through a callback, off by default
 */
#ifndef PINTLE_BASE_H
#define PINTLE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pintle/errors.h>
#include <pintle/text.h>

#define PT_COUNTOF(a) (sizeof(a) / sizeof((a)[0]))
#define PT_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define PT_CLEANUP(fn) __attribute__((cleanup(fn)))
#define PT_MIN(a, b) ((a) < (b) ? (a) : (b))
#define PT_MAX(a, b) ((a) > (b) ? (a) : (b))

/* Cleanup attributes: PT_CLEANUP(pt_freep) char *s = ...; */
void pt_freep(void *p);  /* of a pointer variable: free(*p) */
void pt_closep(int *fd); /* close(*fd) if >= 0; errno is kept */

/* --- pt_buf --------------------------------------------------------------- */

/* The public type and the internal one are the same, so that public functions append to what is used inside. */
#define pt_buf ptl_text
#define PT_BUF_INIT PTL_TEXT_INIT

void pt_buf_done(struct pt_buf *b);
void pt_buf_clear(struct pt_buf *b); /* keeps the memory */
bool pt_buf_ok(const struct pt_buf *b);
/* Room for n more bytes plus NUL; returns where they go, or NULL. Length is unchanged. */
char *pt_buf_reserve(struct pt_buf *b, size_t n);
void pt_buf_add(struct pt_buf *b, const void *p, size_t n);
void pt_buf_putc(struct pt_buf *b, char c);
void pt_buf_puts(struct pt_buf *b, const char *s);
void pt_buf_pad(struct pt_buf *b, size_t column, size_t from); /* spaces until len - from == column */
void pt_buf_printf(struct pt_buf *b, const char *fmt, ...) PT_PRINTF(2, 3);
void pt_buf_vprintf(struct pt_buf *b, const char *fmt, va_list ap) PT_PRINTF(2, 0);
/* Fast paths of the tracer: no printf underneath. */
void pt_buf_dec(struct pt_buf *b, int64_t v);
void pt_buf_udec(struct pt_buf *b, uint64_t v);
void pt_buf_hex(struct pt_buf *b, uint64_t v);  /* 0x1f; 0 is 0x0 */
void pt_buf_oct(struct pt_buf *b, uint64_t v);  /* 0644; 0 is 0 */
const char *pt_buf_str(const struct pt_buf *b); /* "" when empty; borrowed until the next change */

/* --- pt_vec --------------------------------------------------------------- */

struct pt_vec {
	void *data;
	size_t len, cap, item;
};
#define PT_VEC_INIT(type) {NULL, 0, 0, sizeof(type)}
#define PT_VEC_AT(v, type, i) (((type *)(v)->data)[i])

void pt_vec_done(struct pt_vec *v);
void *pt_vec_push(struct pt_vec *v); /* a zeroed new item, or NULL */
void pt_vec_remove(struct pt_vec *v, size_t i); /* order is kept */

/* --- pt_map --------------------------------------------------------------- */

struct pt_map {
	uint64_t *keys;
	void **vals; /* NULL: free slot */
	size_t len, cap;
};
#define PT_MAP_INIT {NULL, NULL, 0, 0}

void pt_map_done(struct pt_map *m);
void *pt_map_find(const struct pt_map *m, uint64_t key);
/* val must not be NULL.  0, or -ENOMEM. Replaces what was there. */
int pt_map_put(struct pt_map *m, uint64_t key, void *val);
void *pt_map_remove(struct pt_map *m, uint64_t key); /* what was there, or NULL */
/* Iterate: start with *pos = 0; NULL at the end. Not across changes. */
void *pt_map_next(const struct pt_map *m, size_t *pos);

/* --- pt_arena ------------------------------------------------------------- */

struct pt_arena {
	struct pt_arena_block *top;
};
#define PT_ARENA_INIT {NULL}

void pt_arena_done(struct pt_arena *a);
void *pt_arena_alloc(struct pt_arena *a, size_t n); /* zeroed, 16-aligned; or NULL */
char *pt_arena_strndup(struct pt_arena *a, const char *s, size_t n);
void pt_arena_reset(struct pt_arena *a); /* everything freed, the largest block kept */

/* --- pt_reader ------------------------------------------------------------ */

/* Little-endian bounded reader. A read past the end sets failed and yields 0. */
struct pt_reader {
	const uint8_t *pos, *end;
	bool failed;
};

void pt_reader_init(struct pt_reader *r, const void *p, size_t n);
size_t pt_reader_left(const struct pt_reader *r);
const uint8_t *pt_reader_bytes(struct pt_reader *r, size_t n); /* NULL if too few */
uint8_t pt_reader_u8(struct pt_reader *r);
uint16_t pt_reader_u16(struct pt_reader *r);
uint32_t pt_reader_u32(struct pt_reader *r);
uint64_t pt_reader_u64(struct pt_reader *r);

/* --- text ----------------------------------------------------------------- */

/* Parses a whole number, C notation (0x, 0), no sign; false if anything else is there or it overflows. */
bool pt_parse_u64(const char *s, uint64_t *ret);
/* One well-formed UTF-8 sequence at p, n >= 1: its length and code point; 0 if there is none. */
size_t pt_utf8(const unsigned char *p, size_t n, uint32_t *ret_c);
/* Appends bytes that may be hostile so that no control byte, and no malformed UTF-8, gets out: C escapes. */
void pt_buf_escaped(struct pt_buf *b, const void *p, size_t n);

/* --- log ------------------------------------------------------------------ */

enum pt_log_layer { PT_LOG_CONTROL, PT_LOG_OS, PT_LOG_SYSDEC, PT_LOG_LAYERS };
enum pt_log_level { PT_LOG_OFF, PT_LOG_ERROR, PT_LOG_INFO, PT_LOG_DEBUG };

struct pt_log {
	void (*sink)(void *arg, const char *layer, const char *line);
	void *arg;
	unsigned char level[PT_LOG_LAYERS];
};

const char *pt_log_layer_name(enum pt_log_layer layer);
void pt_log_line(const struct pt_log *log, enum pt_log_layer layer, const char *fmt, ...) PT_PRINTF(3, 4);
#define PT_LOG(log, layer, lvl, ...)                                                               \
	do {                                                                                       \
		if ((log)->level[layer] >= (lvl))                                                  \
			pt_log_line(log, layer, __VA_ARGS__);                                      \
	} while (0)

#endif
