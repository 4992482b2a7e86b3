/* SPDX-License-Identifier: MIT */
/*
 * The registers of one stopped task, as the control loop sees them: filled when first asked for in a stop, forgotten when the
 * task runs, written back once, at resume.
 */
#ifndef PINTLE_CONTROL_REGS_H
#define PINTLE_CONTROL_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ptl_task;

struct pt_regs_cache {
	bool valid;
	bool dirty;
};

void pt_regs_init(struct ptl_task *t);
void pt_regs_done(struct ptl_task *t);
void pt_regs_invalidate(struct ptl_task *t); /* at every new stop */
int pt_regs_flush(struct ptl_task *t);	     /* before every resume and detach; 0 when nothing was changed */

#endif
