/* SPDX-License-Identifier: MIT */
/*
 * pintle count --by: the module an instruction belongs to, or its opcode.
 *
 * A process's map is read when first needed, and again after each of its system calls, as one may have changed it.
 */
#include "tool/count.h"

#include <stdlib.h>
#include <string.h>

/* The caller's pointer of a process. */
struct where {
	struct ptl_maps *maps;
	uint32_t *modules; /* of each map: its row, by number */
	bool stale;	   /* read again before the next look */
	bool stale_next;   /* after the next look */
	/* the last answer */
	uint64_t start, end;
	uint32_t row;
};

static uint32_t row_of(struct count *c, const char *name)
{
	struct count_row *row;
	size_t i;

	/* few, and asked for once a map, not once an instruction */
	for (i = 0; i < c->modules.len; i++)
		if (!strcmp(PT_VEC_AT(&c->modules, struct count_row, i).name, name))
			return (uint32_t)i;
	row = pt_vec_push(&c->modules);
	if (row)
		row->name = strdup(name);
	if (!row || !row->name) {
		c->modules.len -= row != NULL;
		c->failed = true;
		return 0;
	}
	return (uint32_t)c->modules.len - 1;
}

static const char *name_of(const struct ptl_map *map)
{
	return *map->name ? map->name : "[anonymous]";
}

static void forget_maps(struct where *w)
{
	ptl_maps_free(w->maps);
	free(w->modules);
	w->maps = NULL;
	w->modules = NULL;
	w->start = w->end = 0;
	w->stale = false;
}

static void read_maps(struct count *c, struct where *w, struct ptl_task *task)
{
	size_t i, n;

	forget_maps(w);
	if (ptl_maps_read(task, &w->maps) < 0)
		return;
	n = ptl_maps_count(w->maps);
	w->modules = calloc(n + 1, sizeof(*w->modules));
	if (!w->modules) {
		forget_maps(w);
		return;
	}
	for (i = 0; i < n; i++) {
		const struct ptl_map *map = ptl_maps_get(w->maps, i);

		if (map->perms[2] == 'x')
			w->modules[i] = row_of(c, name_of(map));
	}
}

/* The map's number: maps lie in one array. */
static void look(struct count *c, struct where *w, uint64_t address)
{
	const struct ptl_map *map = w->maps ? ptl_maps_find(w->maps, address) : NULL;
	const struct ptl_map *first = w->maps ? ptl_maps_get(w->maps, 0) : NULL;

	w->start = w->end = 0;
	if (!map) {
		w->row = row_of(c, "[unknown]");
		return;
	}
	w->row = map->perms[2] == 'x' ? w->modules[map - first] : row_of(c, name_of(map));
	w->start = map->start;
	w->end = map->end;
}

static void by_module(struct count *c, const struct ptl_event *ev)
{
	struct ptl_process *process = ptl_task_process(ev->task);
	struct where *w = ptl_process_data(process);
	uint64_t address = ev->u.stepped.address;

	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w) {
			c->failed = true;
			return;
		}
		w->stale = true;
		ptl_process_set_data(process, w);
	}
	if (w->stale)
		read_maps(c, w, ev->task);
	if (address < w->start || address >= w->end)
		look(c, w, address);
	if (w->row < c->modules.len)
		PT_VEC_AT(&c->modules, struct count_row, w->row).instructions++;
	w->stale = w->stale_next || ev->u.stepped.insn.kind == PTL_INSN_SYSCALL;
	w->stale_next = false;
}

void count_where(struct count *c, const struct ptl_event *ev)
{
	switch (c->config.by) {
	case COUNT_BY_TASK:
		break;
	case COUNT_BY_MODULE:
		by_module(c, ev);
		break;
	case COUNT_BY_OPCODE:
		c->opcodes[ev->u.stepped.insn.mnemonic]++;
		break;
	}
}

void count_where_exec(const struct ptl_event *ev)
{
	struct where *w = ptl_process_data(ptl_task_process(ev->task));

	/* the call itself stood in the old program, and is told after this */
	if (w)
		w->stale_next = true;
}

void count_where_forget(struct ptl_process *process)
{
	struct where *w = ptl_process_data(process);

	if (!w)
		return;
	forget_maps(w);
	free(w);
	ptl_process_set_data(process, NULL);
}
