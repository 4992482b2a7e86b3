/* SPDX-License-Identifier: MIT */
/*
 * Instructions of a process, decoded once: a small cache from pc to length and class, so that a stepper pays for
 * decoding only the first time it passes.
 *
 * What may have changed since is never cached, or forgotten in time: memory that the program can write to or that others
 * share; everything, after a system call that changes mappings, an execve, or a write of ours; and everything always while a task of the
 * process runs unstepped beside the stepped ones.
 */
#ifndef PINTLE_CONTROL_CODE_H
#define PINTLE_CONTROL_CODE_H

#include <stdbool.h>
#include <stdint.h>
#include <pintle/insn.h>

struct ptl_task;
struct ptl_maps;

struct pt_code {
	struct pt_code_slot *slots; /* NULL until first used */
	struct ptl_maps *maps;	    /* as of the last look; NULL: look again */
	uint8_t *page;		    /* bytes of one page of constant code, kept to decode from; NULL until first used */
	uint64_t page_at;	    /* its address; 0: none */
	bool unwatched;		    /* somebody may change the mappings unseen: cache nothing */
};

void pt_code_done(struct pt_code *c);
/* Forgets all of it: the code may be another now. */
void pt_code_forget(struct pt_code *c);
/* From here on until an execve somebody may change mappings unseen. */
void pt_code_unwatch(struct pt_code *c);
/* bits: 64 or 32. -PTL_EBADADDR, -PTL_EBADDATA, -ESRCH. */
int pt_code_at(struct ptl_task *t, uint64_t pc, int bits, struct ptl_insn *ret);

#endif
