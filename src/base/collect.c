/* SPDX-License-Identifier: MIT */
/* pt_vec, pt_map, pt_arena: the containers. See base.h. */
#include "base/base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pt_vec_done(struct pt_vec *v)
{
	free(v->data);
	v->data = NULL;
	v->len = v->cap = 0;
}

void *pt_vec_push(struct pt_vec *v)
{
	void *p;

	if (v->len == v->cap) {
		size_t cap = v->cap ? v->cap * 2 : 8;

		if (cap > SIZE_MAX / 2 / v->item)
			return NULL;
		p = realloc(v->data, cap * v->item);
		if (!p)
			return NULL;
		v->data = p;
		v->cap = cap;
	}
	p = (char *)v->data + v->len++ * v->item;
	memset(p, 0, v->item);
	return p;
}

void pt_vec_remove(struct pt_vec *v, size_t i)
{
	char *at = (char *)v->data + i * v->item;

	memmove(at, at + v->item, (v->len - i - 1) * v->item);
	v->len--;
}

/* --- pt_map: open addressing, linear probing, deletion by moving back ------- */

static size_t map_slot(const struct pt_map *m, uint64_t key)
{
	return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (m->cap - 1);
}

void pt_map_done(struct pt_map *m)
{
	free(m->keys);
	free(m->vals);
	*m = (struct pt_map)PT_MAP_INIT;
}

void *pt_map_find(const struct pt_map *m, uint64_t key)
{
	size_t i;

	if (!m->cap)
		return NULL;
	for (i = map_slot(m, key); m->vals[i]; i = (i + 1) & (m->cap - 1))
		if (m->keys[i] == key)
			return m->vals[i];
	return NULL;
}

static void map_insert(struct pt_map *m, uint64_t key, void *val)
{
	size_t i;

	for (i = map_slot(m, key); m->vals[i]; i = (i + 1) & (m->cap - 1))
		if (m->keys[i] == key) {
			m->vals[i] = val;
			return;
		}
	m->keys[i] = key;
	m->vals[i] = val;
	m->len++;
}

int pt_map_put(struct pt_map *m, uint64_t key, void *val)
{
	if ((m->len + 1) * 3 > m->cap * 2) {
		struct pt_map big = {.cap = m->cap ? m->cap * 2 : 16};
		size_t i;

		big.keys = calloc(big.cap, sizeof(*big.keys));
		big.vals = calloc(big.cap, sizeof(*big.vals));
		if (!big.keys || !big.vals) {
			free(big.keys);
			free(big.vals);
			return -ENOMEM;
		}
		for (i = 0; i < m->cap; i++)
			if (m->vals[i])
				map_insert(&big, m->keys[i], m->vals[i]);
		pt_map_done(m);
		*m = big;
	}
	map_insert(m, key, val);
	return 0;
}

void *pt_map_remove(struct pt_map *m, uint64_t key)
{
	size_t i, j, mask = m->cap - 1;
	void *val;

	if (!m->cap)
		return NULL;
	for (i = map_slot(m, key); m->vals[i] && m->keys[i] != key;)
		i = (i + 1) & mask;
	val = m->vals[i];
	if (!val)
		return NULL;
	m->vals[i] = NULL;
	m->len--;
	/* Close the gap: whatever could not stand before it because of it moves into it. */
	for (j = (i + 1) & mask; m->vals[j]; j = (j + 1) & mask) {
		size_t home = map_slot(m, m->keys[j]);

		if (((j - home) & mask) >= ((j - i) & mask)) {
			m->keys[i] = m->keys[j];
			m->vals[i] = m->vals[j];
			m->vals[j] = NULL;
			i = j;
		}
	}
	return val;
}

void *pt_map_next(const struct pt_map *m, size_t *pos)
{
	while (*pos < m->cap) {
		void *val = m->vals[(*pos)++];

		if (val)
			return val;
	}
	return NULL;
}

/* --- pt_arena --------------------------------------------------------------- */

struct pt_arena_block {
	struct pt_arena_block *next;
	size_t used, cap;
	_Alignas(16) unsigned char bytes[];
};

void pt_arena_done(struct pt_arena *a)
{
	while (a->top) {
		struct pt_arena_block *b = a->top;

		a->top = b->next;
		free(b);
	}
}

void *pt_arena_alloc(struct pt_arena *a, size_t n)
{
	struct pt_arena_block *b = a->top;
	void *p;

	if (n > SIZE_MAX / 4)
		return NULL;
	n = (n + 15) & ~(size_t)15;
	if (!b || b->cap - b->used < n) {
		size_t cap = b ? PT_MIN(b->cap * 2, (size_t)1 << 20) : 4096;

		if (cap < n)
			cap = n;
		b = malloc(sizeof(*b) + cap);
		if (!b)
			return NULL;
		b->used = 0;
		b->cap = cap;
		b->next = a->top;
		a->top = b;
	}
	p = b->bytes + b->used;
	b->used += n;
	return memset(p, 0, n);
}

char *pt_arena_strndup(struct pt_arena *a, const char *s, size_t n)
{
	char *p = pt_arena_alloc(a, n + 1);

	if (p)
		memcpy(p, s, n);
	return p;
}

void pt_arena_reset(struct pt_arena *a)
{
	struct pt_arena_block *keep = a->top, *b;

	if (!keep)
		return;
	for (b = keep->next; b;) {
		struct pt_arena_block *next = b->next;

		if (b->cap > keep->cap) {
			struct pt_arena_block *t = keep;

			keep = b;
			b = t;
		}
		free(b);
		b = next;
	}
	keep->used = 0;
	keep->next = NULL;
	a->top = keep;
}
