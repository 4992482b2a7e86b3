/* SPDX-License-Identifier: MIT */
/*
 * The interpreter of the tables: one walk over the values of a call, two
 * renderings of it (text and JSON).  All state of a walk is struct sd, on the stack
 * of the public functions (decode.c).
 *
 * Custom types (custom_*.c) are written against this header: they render through
 * the pt_sd_put, pt_sd_open ... pt_sd_close functions, which know the format, and so need
 * no JSON of their own.
 *
 * Bounds.  `items` counts down for every array item and string; when it is used
 * up, arrays end with "...".  Strings never add more than `room` allows.
 */
#ifndef PINTLE_SYSDEC_WALK_H
#define PINTLE_SYSDEC_WALK_H

#include <string.h>
#include <pintle/decode.h>
#include "base/base.h"
#include "sysdec/tables.h"

#define SD_ITEMS_MAX 65536 /* array items and strings in one call */
#define SD_DEPTH_MAX 8	   /* pointers within pointers */
#define SD_OBJECT_MAX 4096 /* bytes of one struct; the generator checks it */
#define SD_ARRAY_MAX 4096  /* items of an array shown unabbreviated */
#define SD_STRING_MAX (1u << 20)
#define SD_PATH_MAX 4096

struct ptl_decoder {
	struct ptl_decode_options opt;
	uint8_t *scratch; /* for one string at a time */
	size_t scratch_size;
};

/* What ptl_decode_state holds. */
struct sd_saved {
	uint16_t sig;	 /* chosen at entry */
	uint8_t entered; /* the entry was printed */
	uint8_t printed; /* arguments that were */
	uint16_t interrupted; /* one more than the number of the last call that restart_syscall may go on with; 0: none seen */
	uint16_t muxed;	 /* the call that a call for many stood for, plus one; 0: it was none */
	uint32_t valid;	 /* bit i: words[i] was saved */
	uint32_t mux_args[6];
	uint64_t words[15]; /* by slot: scalars that the kernel changes; from 6 on, what `kept` types need */
};
_Static_assert(sizeof(struct sd_saved) <= sizeof(struct ptl_decode_state), "state too large");

struct sd {
	struct ptl_text *o;
	struct ptl_decoder *d;
	const struct ptl_call *call;
	const struct ptl_memory *mem;
	struct sd_saved *saved;
	void *task;
	uint64_t args[6]; /* cut to the ABI's word */
	uint8_t abi;	  /* 0: 64-bit layouts, 1: 32-bit ones */
	uint8_t word;	  /* 8 or 4 */
	bool json;
	bool exiting;
	bool full; /* unabbreviated */
	bool saving; /* a `kept` custom type is called at entry, to put into saved->words what it needs at exit */
	bool packets; /* vectors are of a message through a socket */
	bool partial; /* of a struct, what its bytes still cover is shown in hex */
	bool first; /* no separator before the next item */
	uint8_t depth;
	uint8_t slot;	/* the argument that is being shown */
	uint32_t items; /* budget */
	size_t start;	/* of the output of this call */
	/* The struct that references to fields mean. */
	const struct sd_struct *cur;
	const uint8_t *cur_p;
	const struct sd_field *field; /* the one that is being shown, for types that are `own` */
	size_t cur_n;
};

/* --- Output ------------------------------------------------------------------------ */

static inline char *pt_sd_room(struct sd *c, size_t n)
{
	struct ptl_text *o = c->o;

	return n < o->cap - o->len ? o->data + o->len : pt_buf_reserve(o, n);
}

static inline void pt_sd_put(struct sd *c, const char *s, size_t n)
{
	char *to = pt_sd_room(c, n);

	if (to) {
		memcpy(to, s, n);
		c->o->len += n;
	}
}
/* "" makes sure that it is a literal. */
#define SD_PUTS(c, literal) pt_sd_put(c, "" literal, sizeof(literal) - 1)

static inline void pt_sd_putc(struct sd *c, char ch)
{
	char *to = pt_sd_room(c, 1);

	if (to) {
		*to = ch;
		c->o->len++;
	}
}

void pt_sd_dec(struct sd *c, int64_t v);
void pt_sd_udec(struct sd *c, uint64_t v);
void pt_sd_hex(struct sd *c, uint64_t v); /* 0x1f; 0 is 0x0 */
void pt_sd_hex0(struct sd *c, uint64_t v); /* the same, but 0 is 0, as most of the format has it */

static inline void pt_sd_sep(struct sd *c)
{
	if (c->first)
		c->first = false;
	else if (c->json)
		pt_sd_putc(c, ',');
	else
		SD_PUTS(c, ", ");
}

/* '{' or '[' and its end; items between call pt_sd_sep or pt_sd_key first. */
static inline void pt_sd_open(struct sd *c, char ch)
{
	pt_sd_putc(c, ch);
	c->first = true;
}

static inline void pt_sd_close(struct sd *c, char ch)
{
	pt_sd_putc(c, ch);
	c->first = false;
}

/* Separator and `name=`. */
void pt_sd_key(struct sd *c, const char *name, size_t n);
#define SD_KEY(c, literal) pt_sd_key(c, "" literal, sizeof(literal) - 1)
/* "..." for what is left out of an array or struct. */
void pt_sd_more(struct sd *c);
/* The same for an array that cannot be read from there on: with the address in a comment. */
void pt_sd_unreadable(struct sd *c, uint64_t addr);

/*
 * A number that has a text of its own, such as S_IFREG|0644.  Around the text:
 * nothing, or in JSON {"value":N,"text":"..."}.
 */
void pt_sd_value_begin(struct sd *c, uint64_t v, bool is_signed);
void pt_sd_value_end(struct sd *c);

void pt_sd_address(struct sd *c, uint64_t addr); /* 0x7ffe..., NULL */

/* --- Memory ------------------------------------------------------------------------- */

/* All n bytes, or false. */
bool pt_sd_read(struct sd *c, uint64_t addr, void *buf, size_t n);
/* As many as there are; a negative code if none. */
int64_t pt_sd_read_some(struct sd *c, uint64_t addr, void *buf, size_t n);
uint64_t pt_sd_load(const uint8_t *p, size_t size);
/* Room for n bytes, or NULL. Valid until the next call. */
uint8_t *pt_sd_scratch(struct sd *c, size_t n);

/* --- Values ------------------------------------------------------------------------- */

uint64_t pt_sd_ref(struct sd *c, uint16_t ref);
/* A register, or a scalar already loaded. size as in sd_type, or the field's. */
void pt_sd_value(struct sd *c, const struct sd_type *t, uint64_t v);
/* An object in memory that was read: n bytes. */
void pt_sd_object(struct sd *c, const struct sd_type *t, const uint8_t *p, size_t n);
/* An object at an address: as an argument of type `in TYPE`. */
void pt_sd_at(struct sd *c, const struct sd_type *t, uint64_t addr);
size_t pt_sd_size(struct sd *c, const struct sd_type *t);

/*
 * socketcall and ipc of i386: replaces the arguments by those of the call asked for. Returns its index, or
 * SD_NO_CALL if `call` is no such call, or its arguments cannot be read.
 */
uint16_t pt_sd_demux(struct sd *c, uint16_t call);

static inline void pt_sd_value_of(struct sd *c, unsigned int type, uint64_t v)
{
	pt_sd_value(c, &pt_sd_types[type], v);
}

void pt_sd_set_value(struct sd *c, unsigned int set, uint64_t v, unsigned int size);
/* The name in an enum set, or NULL. */
const char *pt_sd_set_name(unsigned int set, uint64_t v, size_t *ret_len);

/* --- Strings ------------------------------------------------------------------------ */

/* n bytes quoted; `...` after the quotes if cut. */
void pt_sd_quoted(struct sd *c, const uint8_t *p, size_t n, bool cut);
void pt_sd_quoted_hex(struct sd *c, const uint8_t *p, size_t n, bool cut);
/* count vectors at addr, of whose bytes `left` are shown; UINT64_MAX: all, whatever the result. */
void pt_sd_iovecs(struct sd *c, uint64_t addr, uint64_t count, uint64_t left);
/* What goes through the socket that is the first argument: bytes, or messages of netlink. */
void pt_sd_packet(struct sd *c, uint64_t addr, uint64_t n);
/* A socket's address of len bytes at addr; in memory already. */
void pt_sd_sockaddr(struct sd *c, uint64_t addr, int32_t len);
void pt_sd_sockaddr_bytes(struct sd *c, const uint8_t *p, size_t n);
/* A buffer of n bytes at addr. */
void pt_sd_buffer(struct sd *c, uint64_t addr, uint64_t n, bool hex);
/* A string at addr; max 0: the options' limit. */
void pt_sd_string(struct sd *c, uint64_t addr, bool path, size_t max);

/* Around what a result function (`-> int aux NAME`) adds: ` (...)`, or a member "also" in JSON. */
void pt_sd_aux_begin(struct sd *c);
void pt_sd_aux_end(struct sd *c);

static inline size_t pt_sd_max_items(const struct sd *c)
{
	return c->full || c->json ? SD_ARRAY_MAX : PT_MIN(c->d->opt.max_string, SD_ARRAY_MAX);
}

static inline bool pt_sd_failed(const struct sd *c)
{
	return c->exiting && (c->call->is_error || !c->call->has_result);
}

/* Counts an item; false when the call's budget is used up. */
static inline bool pt_sd_budget(struct sd *c)
{
	if (c->items == 0 || c->o->len - c->start > PTL_DECODE_CALL_MAX / 2)
		return false;
	c->items--;
	return true;
}

#endif
