/* SPDX-License-Identifier: MIT */
/* See code.h. */
#include "control/internal.h"
#include "os/linux/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Direct-mapped; two pcs that collide decode each other anew, which costs a microsecond, not correctness. */
enum { SLOTS = 4096, PAGE = 4096 };

struct pt_code_slot {
	uint64_t pc; /* 0: free; nothing is mapped there */
	struct ptl_insn insn;
	uint8_t bits;
};

void pt_code_forget(struct pt_code *c)
{
	if (c->slots)
		memset(c->slots, 0, SLOTS * sizeof(*c->slots));
	ptl_maps_free(c->maps);
	c->maps = NULL;
	c->page_at = 0;
}

void pt_code_unwatch(struct pt_code *c)
{
	pt_code_forget(c);
	c->unwatched = true;
}

void pt_code_done(struct pt_code *c)
{
	pt_code_forget(c);
	free(c->slots);
	free(c->page);
	c->slots = NULL;
	c->page = NULL;
}

/* Can nobody change the code at pc without a system call that is seen here? */
static bool is_constant(struct ptl_task *t, uint64_t pc)
{
	struct pt_code *c = &t->process->code;
	const struct ptl_map *map;

	if (c->unwatched)
		return false;
	if (!c->maps && pt_maps_read(t->process->pid, t->tid, &c->maps) < 0) {
		c->maps = NULL;
		return false;
	}
	map = ptl_maps_find(c->maps, pc);
	/* An instruction may reach into the next mapping. */
	return map && map->perms[1] != 'w' && map->perms[3] == 'p' && map->end - pc >= PTL_INSN_MAX_LENGTH;
}

static int decode(struct ptl_task *t, uint64_t pc, int bits, struct ptl_insn *ret)
{
	uint8_t bytes[PTL_INSN_MAX_LENGTH];
	int64_t n = ptl_read(t, pc, bytes, sizeof(bytes));

	if (n <= 0)
		return n < 0 ? (int)n : -PTL_EBADADDR;
	return ptl_insn_decode(bytes, (size_t)n, bits, ret);
}

/* The same of constant code, a page read at a time. */
static int decode_constant(struct ptl_task *t, uint64_t pc, int bits, struct ptl_insn *ret)
{
	struct pt_code *c = &t->process->code;
	uint64_t at = pc & ~(uint64_t)(PAGE - 1);
	int r = -PTL_EPARTIAL;

	if (!c->page)
		c->page = malloc(PAGE);
	if (c->page && (c->page_at == at || ptl_read(t, at, c->page, PAGE) == PAGE)) {
		c->page_at = at;
		r = ptl_insn_decode(c->page + (pc - at), PAGE - (pc - at), bits, ret);
	} else {
		c->page_at = 0;
	}
	/* it may end in the next page */
	return r == -PTL_EPARTIAL ? decode(t, pc, bits, ret) : r;
}

int pt_code_at(struct ptl_task *t, uint64_t pc, int bits, struct ptl_insn *ret)
{
	struct pt_code *c = &t->process->code;
	struct pt_code_slot *slot;
	int r;

	if (!c->slots) {
		c->slots = calloc(SLOTS, sizeof(*c->slots));
		if (!c->slots)
			return decode(t, pc, bits, ret);
	}
	slot = &c->slots[(pc ^ pc >> 12) % SLOTS];
	if (slot->pc == pc && slot->bits == bits && pc) {
		*ret = slot->insn;
		return 0;
	}
	if (!pc || !is_constant(t, pc))
		return decode(t, pc, bits, ret);
	r = decode_constant(t, pc, bits, ret);
	if (r >= 0) {
		slot->pc = pc;
		slot->insn = *ret;
		slot->bits = (uint8_t)bits;
	}
	return r;
}
