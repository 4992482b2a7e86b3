/* SPDX-License-Identifier: MIT */
/*
 * json: a streaming writer of JSON, the only one.
 *
 * Values go into a pt_buf as they come; commas and nesting are kept here, so that a caller only says what it means:
 *
 *	pt_json_init(&j, &buf);
 *	pt_json_object(&j);
 *	pt_json_key(&j, "pid");
 *	pt_json_int(&j, 42);
 *	pt_json_end(&j);
 *
 * The output is one line of plain ASCII-safe JSON (RFC 8259): control characters, C1, marks that reorder text, and quotes are escaped.
 *
 * Bytes. JSON strings hold Unicode, tracees hold bytes. pt_json_bytes() is exact and reversible: valid UTF-8 becomes a
 * string of just these characters; anything else becomes an object {"hex":"666fff","text":"fo\ufffd"}, where hex is
 * all of the bytes and text is for people. A reader sees which by the type. docs/json.md says the same to users.
 *
 * Numbers. Integers are written in full; readers that keep numbers in doubles lose digits above 2^53.
 */
#ifndef PT_WIRE_JSON_H
#define PT_WIRE_JSON_H

#include "base/base.h"

enum { PT_JSON_DEPTH = 64 };

struct pt_json {
	struct pt_buf *out;
	uint64_t is_array; /* bit: kind of the container at that depth */
	uint64_t started;  /* bit: it has a member already */
	uint8_t depth;
	bool after_key;
	bool failed; /* nested deeper than PT_JSON_DEPTH, or a misplaced key or end: our mistake */
};

void pt_json_init(struct pt_json *j, struct pt_buf *out);
void pt_json_object(struct pt_json *j);
void pt_json_array(struct pt_json *j);
void pt_json_end(struct pt_json *j); /* of the innermost object or array */
void pt_json_key(struct pt_json *j, const char *key); /* our own words: plain ASCII, nothing to escape */
void pt_json_int(struct pt_json *j, int64_t v);
void pt_json_uint(struct pt_json *j, uint64_t v);
void pt_json_bool(struct pt_json *j, bool v);
void pt_json_null(struct pt_json *j);
void pt_json_double(struct pt_json *j, double v); /* null if it is not finite */
void pt_json_string(struct pt_json *j, const char *s); /* malformed UTF-8 is replaced, not kept */
void pt_json_stringn(struct pt_json *j, const char *s, size_t n);
void pt_json_bytes(struct pt_json *j, const void *p, size_t n); /* exact, see above */
void pt_json_hex(struct pt_json *j, uint64_t v); /* the string "0x1f": addresses, masks */

/* The commonest pairs, key and value. */
void pt_json_key_int(struct pt_json *j, const char *key, int64_t v);
void pt_json_key_uint(struct pt_json *j, const char *key, uint64_t v);
void pt_json_key_string(struct pt_json *j, const char *key, const char *s);
void pt_json_key_bool(struct pt_json *j, const char *key, bool v);
void pt_json_key_hex(struct pt_json *j, const char *key, uint64_t v);

#endif
