/* SPDX-License-Identifier: MIT */
/*
 * The registers of one stopped task: a set is read when first asked for in a stop, changed here, written back
 * once at resume, forgotten when the task runs. See regs.c.
 */
#ifndef PINTLE_CONTROL_REGS_H
#define PINTLE_CONTROL_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "arch/arch.h"

struct ptl_task;

/* What few tasks are ever asked for: the extended and the debug registers. */
struct pt_regs_more {
	struct pt_layout layout;
	unsigned note; /* of the extended set: the full one or the fallback */
	uint8_t *extended;
	size_t extended_size;
	uint64_t debug[PT_DEBUG_WORDS];
	uint8_t debug_dirty; /* bit per register */
};

struct pt_regs_cache {
	const struct pt_arch *arch; /* of the last stop it was asked for in; NULL before */
	uint8_t valid, dirty;	    /* bit per enum pt_set */
	struct pt_regs_more *more;  /* NULL until first used */
	_Alignas(8) uint8_t general[PT_GENERAL_MAX];
	_Alignas(8) uint8_t before[PT_GENERAL_MAX]; /* the general set before it became dirty */
};

void pt_regs_init(struct ptl_task *t);
void pt_regs_done(struct ptl_task *t);
void pt_regs_invalidate(struct ptl_task *t); /* at every new stop */
int pt_regs_flush(struct ptl_task *t);	     /* before every resume and detach; 0 when nothing was changed */

/* Makes a set of a stopped task valid. -PTL_ERUNNING, -PTL_EGONE, -PTL_EUNSUPPORTED (not there; kernel worker), -ESRCH. */
int pt_regs_fetch(struct ptl_task *t, enum pt_set set);
/* Writes a whole general set of a stopped task, past the cache, with everything it does not hold left as it is. */
int pt_regs_put(pid_t tid, const struct pt_arch *arch, const void *general);
/* The general set, about to be changed by the caller through pt_role_put(); NULL and *ret_error if it cannot be had. */
void *pt_regs_change(struct ptl_task *t, int *ret_error);

#endif
