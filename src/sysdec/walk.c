/* SPDX-License-Identifier: MIT */
/* The walk over values: memory, references, structs, arrays.  See walk.h. */
#include "sysdec/walk.h"

#include <stdlib.h>

/* --- Memory --------------------------------------------------------------------------- */

int64_t pt_sd_read_some(struct sd *c, uint64_t addr, void *buf, size_t n)
{
	int64_t got;

	if (c->word == 4)
		addr &= 0xffffffff;
	if (n == 0 || addr + n < addr || !c->mem)
		return -1;
	got = c->mem->read(c->mem->arg, addr, buf, n);
	return got > (int64_t)n ? -1 : got;
}

bool pt_sd_read(struct sd *c, uint64_t addr, void *buf, size_t n)
{
	size_t have = 0;
	int64_t got;

	if (n == 0)
		return true;
	while (have < n) {
		got = pt_sd_read_some(c, addr + have, (uint8_t *)buf + have, n - have);
		if (got <= 0)
			return false;
		have += (size_t)got;
	}
	return true;
}

uint64_t pt_sd_load(const uint8_t *p, size_t size)
{
	uint64_t v = 0;

	switch (size) {
	case 1:
		return *p;
	case 2:
		return (uint64_t)(p[0] | p[1] << 8);
	case 4: {
		uint32_t w;

		memcpy(&w, p, sizeof(w));
		return w;
	}
	default:
		memcpy(&v, p, PT_MIN(size, sizeof(v)));
		return v;
	}
}

uint8_t *pt_sd_scratch(struct sd *c, size_t n)
{
	struct ptl_decoder *d = c->d;
	uint8_t *p;

	if (n == 0)
		n = 1;
	if (n <= d->scratch_size)
		return d->scratch;
	p = realloc(d->scratch, n);
	if (!p)
		return NULL;
	d->scratch = p;
	d->scratch_size = n;
	return p;
}

/* --- References ------------------------------------------------------------------------- */

static uint64_t field_value(struct sd *c, unsigned int i)
{
	const struct sd_field *f;
	size_t off, size;

	if (!c->cur || i >= c->cur->count)
		return 0;
	f = &pt_sd_fields[c->cur->first + i];
	off = f->off[c->abi];
	size = PT_MIN(f->size[c->abi], 8u);
	return off + size <= c->cur_n ? pt_sd_load(c->cur_p + off, size) : 0;
}

static uint64_t expr_value(struct sd *c, const struct sd_expr *e)
{
	uint64_t a = pt_sd_ref(c, e->a), b;

	/* The right side is not looked at where C would not. */
	if (e->op == OP_OROR)
		return a || pt_sd_ref(c, e->b);
	if (e->op == OP_ANDAND)
		return a && pt_sd_ref(c, e->b);
	b = pt_sd_ref(c, e->b);
	switch ((enum sd_op)e->op) {
	case OP_OROR:
	case OP_ANDAND:
		break;
	case OP_EQ:
		/* A negative constant against 32 bits of a register. */
		return a == b || ((uint32_t)a == (uint32_t)b && ((a ^ b) >> 32 == 0xffffffff));
	case OP_NE:
		return !(a == b || ((uint32_t)a == (uint32_t)b && ((a ^ b) >> 32 == 0xffffffff)));
	case OP_LT:
		return a < b;
	case OP_GT:
		return (int64_t)a > (int64_t)b;
	case OP_LE:
		return a <= b;
	case OP_GE:
		return a >= b;
	case OP_OR:
		return a | b;
	case OP_AND:
		return a & b;
	case OP_SHL:
		return b < 64 ? a << b : 0;
	case OP_SHR:
		return b < 64 ? a >> b : 0;
	case OP_ADD:
		return a + b;
	case OP_SUB:
		return a - b;
	case OP_MUL:
		return a * b;
	case OP_DIV:
		return b ? a / b : 0;
	}
	return 0;
}

uint64_t pt_sd_ref(struct sd *c, uint16_t ref)
{
	unsigned int i = SD_REF_INDEX(ref);

	switch ((enum sd_ref_tag)SD_REF_TAG(ref)) {
	case SD_REF_SMALL:
		return i;
	case SD_REF_ARG:
		return i & 0x100 ? (uint32_t)c->args[i & 7] : c->args[i & 7];
	case SD_REF_FIELD:
		return field_value(c, i);
	case SD_REF_RET:
		return pt_sd_failed(c) || !c->exiting ? 0 : (uint64_t)c->call->rval;
	case SD_REF_EXPR:
		return expr_value(c, &pt_sd_exprs[i]);
	case SD_REF_CONST:
		return pt_sd_consts[i];
	case SD_REF_AT: {
		uint8_t word[4];

		return pt_sd_read(c, c->args[i & 7], word, sizeof(word)) ? pt_sd_load(word, sizeof(word)) : 0;
	}
	}
	return 0;
}

/* --- Sizes -------------------------------------------------------------------------------- */

size_t pt_sd_size(struct sd *c, const struct sd_type *t)
{
	switch ((enum sd_kind)t->kind) {
	case K_STRUCT:
		return pt_sd_structs[t->p].size[c->abi];
	case K_ARRAY: {
		uint64_t n = pt_sd_ref(c, t->q), item = pt_sd_size(c, &pt_sd_types[t->p]);

		return item && n > SD_OBJECT_MAX / item ? 0 : (size_t)(n * item);
	}
	case K_CUSTOM:
		/* A custom object of known size says so by a reference; others are words. */
		return t->size ? t->size : c->word;
	default:
		return t->size ? t->size : c->word;
	}
}

/* --- Objects -------------------------------------------------------------------------------- */

static void scalar_at(struct sd *c, const struct sd_type *t, const uint8_t *p, size_t n)
{
	struct sd_type sized = *t;

	if (n == 0 || n > 8) {
		SD_PUTS(c, "0");
		return;
	}
	sized.size = (uint8_t)n;
	pt_sd_value(c, &sized, pt_sd_load(p, n));
}

static void show_array(struct sd *c, const struct sd_type *t, const uint8_t *p, size_t n)
{
	const struct sd_type *item = &pt_sd_types[t->p];
	size_t size = pt_sd_size(c, item), count = (size_t)PT_MIN(pt_sd_ref(c, t->q), (uint64_t)SD_ARRAY_MAX), i;

	if (size == 0)
		size = 1;
	count = PT_MIN(count, n / size);
	pt_sd_open(c, '[');
	for (i = 0; i < count; i++) {
		if (i == pt_sd_max_items(c) || !pt_sd_budget(c)) {
			pt_sd_more(c);
			break;
		}
		pt_sd_sep(c);
		pt_sd_object(c, item, p + i * size, size);
	}
	pt_sd_close(c, ']');
}

/* The bytes that a newer caller has behind the struct we know, unless they are all zero. */
static void show_rest(struct sd *c, const uint8_t *p, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to && !p[i]; i++)
		;
	if (i >= to)
		return;
	if (c->json) {
		SD_KEY(c, "rest");
		pt_sd_quoted(c, p + from, to - from, false);
		return;
	}
	pt_sd_sep(c);
	SD_PUTS(c, "/* bytes ");
	pt_sd_udec(c, from);
	SD_PUTS(c, "..");
	pt_sd_udec(c, to - 1);
	SD_PUTS(c, " */ ");
	pt_sd_quoted_hex(c, p + from, PT_MIN(to - from, (size_t)c->d->opt.max_string), to - from > c->d->opt.max_string);
}

/* n bytes of the struct; there are total, if the caller's is longer. */
static void show_struct(struct sd *c, const struct sd_struct *s, const uint8_t *p, size_t n, size_t total)
{
	const struct sd_struct *cur = c->cur;
	const uint8_t *cur_p = c->cur_p;
	size_t cur_n = c->cur_n;
	bool elided = false;
	unsigned int i;

	c->cur = s;
	c->cur_p = p;
	c->cur_n = n;
	pt_sd_open(c, '{');
	for (i = 0; i < s->count; i++) {
		const struct sd_field *f = &pt_sd_fields[s->first + i];
		size_t off = f->off[c->abi], size = f->size[c->abi];

		if (off + size > n) {
			/* The caller's struct is older, shorter. */
			if (!c->partial || off >= n)
				continue;
			pt_sd_key(c, pt_sd_text + f->name, f->name_len);
			pt_sd_quoted_hex(c, p + off, n - off, false);
			continue;
		}
		if (f->cond != SD_NO_REF && !pt_sd_ref(c, f->cond))
			continue;
		if ((f->flags & SDF_VERBOSE) && !c->full && !c->json) {
			elided = true;
			continue;
		}
		c->field = f;
		if (c->json || !(pt_sd_types[f->type].flags & SDF_OWN_NAME))
			pt_sd_key(c, pt_sd_text + f->name, f->name_len);
		else
			pt_sd_sep(c);
		pt_sd_object(c, &pt_sd_types[f->type], p + off, size);
	}
	if (total > n)
		show_rest(c, p, n, total);
	if (elided)
		pt_sd_more(c);
	pt_sd_close(c, '}');
	c->cur = cur;
	c->cur_p = cur_p;
	c->cur_n = cur_n;
}

void pt_sd_object(struct sd *c, const struct sd_type *t, const uint8_t *p, size_t n)
{
	switch ((enum sd_kind)t->kind) {
	case K_STRUCT:
		show_struct(c, &pt_sd_structs[t->p], p, n, n);
		return;
	case K_SIZED: {
		const struct sd_struct *s = &pt_sd_structs[pt_sd_types[t->p].p];

		show_struct(c, s, p, PT_MIN(n, (size_t)s->size[c->abi]), n);
		return;
	}
	case K_ARRAY:
		show_array(c, t, p, n);
		return;
	case K_CHARS: {
		const uint8_t *nul = memchr(p, '\0', n);

		/* Without a NUL, what is in its place is not shown. */
		pt_sd_quoted(c, p, nul ? (size_t)(nul - p) : n - (n > 0), !nul);
		return;
	}
	case K_BYTES:
		pt_sd_quoted_hex(c, p, n, false);
		return;
	case K_CUSTOM:
		pt_sd_customs[t->p](c, t, n <= 8 ? pt_sd_load(p, n) : 0, p, n);
		return;
	default:
		scalar_at(c, t, p, n);
	}
}

void pt_sd_unreadable(struct sd *c, uint64_t addr)
{
	pt_sd_sep(c);
	if (c->json) {
		SD_PUTS(c, "{\"unreadable\":");
		pt_sd_address(c, addr);
		pt_sd_putc(c, '}');
	} else {
		SD_PUTS(c, "... /* ");
		pt_sd_hex(c, addr);
		SD_PUTS(c, " */");
	}
}

static void array_at(struct sd *c, const struct sd_type *t, uint64_t addr)
{
	const struct sd_type *item = &pt_sd_types[t->p];
	uint8_t buf[SD_OBJECT_MAX];
	size_t size = pt_sd_size(c, item), max = pt_sd_max_items(c), n, i, at;
	uint64_t count = pt_sd_ref(c, t->q);

	if (size == 0 || size > sizeof(buf)) {
		pt_sd_address(c, addr);
		return;
	}
	if (count == 0) {
		SD_PUTS(c, "[]");
		return;
	}
	for (at = 0; at < count;) {
		n = (size_t)PT_MIN(count - at, (uint64_t)(sizeof(buf) / size));
		n = PT_MIN(n, max - PT_MIN(at, max));
		if (n == 0 || !pt_sd_budget(c)) {
			pt_sd_more(c);
			break;
		}
		if (!pt_sd_read(c, addr + at * size, buf, n * size)) {
			/* Item by item, to show what there is. */
			n = 1;
			if (!pt_sd_read(c, addr + at * size, buf, size)) {
				if (at == 0) {
					pt_sd_address(c, addr);
					return;
				}
				pt_sd_unreadable(c, addr + at * size);
				break;
			}
		}
		if (at == 0)
			pt_sd_open(c, '[');
		for (i = 0; i < n; i++) {
			if (!pt_sd_budget(c))
				break;
			pt_sd_sep(c);
			pt_sd_object(c, item, buf + i * size, size);
		}
		at += n;
	}
	pt_sd_close(c, ']');
}

/* A value for which there may be fewer bytes than it has. */
static void within_at(struct sd *c, const struct sd_type *t, uint64_t addr)
{
	const struct sd_type *item = &pt_sd_types[t->p];
	size_t size = pt_sd_size(c, item);
	uint64_t n = pt_sd_ref(c, t->q);
	uint8_t buf[SD_OBJECT_MAX];

	if (n >= size && n <= INT32_MAX) {
		pt_sd_at(c, item, addr);
		return;
	}
	if (n == 0 || n > size || t->x == SD_IN || size > sizeof(buf) || !pt_sd_read(c, addr, buf, (size_t)n)) {
		pt_sd_address(c, addr);
	} else if (item->kind == K_STRUCT) {
		c->partial = true;
		show_struct(c, &pt_sd_structs[item->p], buf, (size_t)n, (size_t)n);
		c->partial = false;
	} else {
		pt_sd_quoted_hex(c, buf, (size_t)n, false);
	}
}

void pt_sd_at(struct sd *c, const struct sd_type *t, uint64_t addr)
{
	uint8_t buf[SD_OBJECT_MAX];
	size_t n;

	if (!addr || c->depth >= SD_DEPTH_MAX || !pt_sd_budget(c)) {
		pt_sd_address(c, addr);
		return;
	}
	c->depth++;
	if (t->kind == K_ARRAY) {
		array_at(c, t, addr);
	} else if (t->kind == K_WITHIN) {
		within_at(c, t, addr);
	} else if (t->kind == K_CUSTOM && !t->size) {
		/* Such an object reads itself. */
		pt_sd_customs[t->p](c, t, addr, NULL, 0);
	} else {
		n = pt_sd_size(c, t->kind == K_SIZED ? &pt_sd_types[t->p] : t);
		/* A size below the known one is an older caller's; above, see show_rest(). */
		if (t->kind == K_SIZED)
			n = (size_t)PT_MIN((uint64_t)sizeof(buf), pt_sd_ref(c, t->q));
		if (n > sizeof(buf) || (t->kind == K_SIZED && n < t->size) || !pt_sd_read(c, addr, buf, n)) {
			pt_sd_address(c, addr);
		} else if (t->kind <= K_LAST_SCALAR || t->kind == K_POINTER || t->kind == K_STR || t->kind == K_CUSTOM) {
			pt_sd_open(c, '[');
			pt_sd_sep(c);
			pt_sd_object(c, t, buf, n);
			pt_sd_close(c, ']');
		} else {
			pt_sd_object(c, t, buf, n);
		}
	}
	c->depth--;
}
