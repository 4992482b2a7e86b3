/* SPDX-License-Identifier: MIT */
/*
 * Growable text: what the library appends its output to.
 *
 * Start with PTL_TEXT_INIT, free with ptl_text_done; between, ptl_text_clear keeps the
 * memory, so that a text used over and over stops allocating.  The bytes are
 * owned by the text and borrowed until its next change.  An allocation that fails
 * sets `failed`; appends are ignored from then on (until ptl_text_clear).
 */
#ifndef PINTLE_TEXT_H
#define PINTLE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <pintle/errors.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ptl_text {
	char *data; /* NUL-terminated once anything was appended; NULL before */
	size_t len;
	size_t cap;
	bool failed;
};
#define PTL_TEXT_INIT {NULL, 0, 0, false}

PTL_API void ptl_text_done(struct ptl_text *t);
PTL_API void ptl_text_clear(struct ptl_text *t);
PTL_API void ptl_text_add(struct ptl_text *t, const void *bytes, size_t n);

#ifdef __cplusplus
}
#endif
#endif
