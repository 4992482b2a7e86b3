/* SPDX-License-Identifier: MIT */
/*
 * The public calls of the decoder: the order in which a call's name, arguments and
 * result are shown.  How one value looks is walk.c's and value.c's matter.
 *
 * Arguments stand in the order of the call. Those that the kernel writes, and all
 * after the first such, are shown at exit (sd_sig.entry counts those before).
 */
#include "sysdec/walk.h"
#include "sysdec/names.h"

#include <errno.h>
#include <stdlib.h>

int ptl_decoder_new(const struct ptl_decode_options *options, struct ptl_decoder **ret_decoder)
{
	struct ptl_decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->opt = *options;
	if (d->opt.max_string > SD_STRING_MAX)
		d->opt.max_string = SD_STRING_MAX;
	*ret_decoder = d;
	return 0;
}

void ptl_decoder_free(struct ptl_decoder *d)
{
	if (!d)
		return;
	free(d->scratch);
	free(d);
}

/* --- Which call ---------------------------------------------------------------------------- */

static uint16_t find_call(const struct ptl_call *call, enum ptl_abi *ret_abi)
{
	enum ptl_abi abi;
	uint32_t nr;

	*ret_abi = PTL_ABI_X86_64;
	if (ptl_call_abi(call->arch, call->nr, &abi, &nr) < 0)
		return SD_NO_CALL;
	*ret_abi = abi;
	return nr < pt_sd_limits[abi] ? pt_sd_numbers[abi][nr] : SD_NO_CALL;
}

static void begin(struct sd *c, struct ptl_decoder *d, struct ptl_decode_state *st, const struct ptl_call *call,
	const struct ptl_memory *mem, void *task, struct ptl_text *out, bool exiting, enum ptl_abi abi)
{
	int i;

	*c = (struct sd){
		.o = out,
		.d = d,
		.call = call,
		.mem = mem,
		.saved = (struct sd_saved *)st->opaque,
		.task = task,
		.abi = abi == PTL_ABI_I386,
		.word = abi == PTL_ABI_I386 ? 4 : 8,
		.json = d->opt.format == PTL_DECODE_JSON,
		.exiting = exiting,
		.full = call->flags & PTL_CALL_UNABBREVIATED,
		.first = true,
		.items = SD_ITEMS_MAX,
		.start = out->len,
	};
	for (i = 0; i < 6; i++)
		c->args[i] = c->word == 4 ? (uint32_t)call->args[i] : call->args[i];
	if (exiting && c->saved->entered && c->saved->muxed)
		for (i = 0; i < 6; i++)
			c->args[i] = c->saved->mux_args[i];
}

/* At entry: whatever a call for many stands for takes its place, and is remembered. */
static uint16_t demux(struct sd *c, uint16_t call)
{
	uint16_t meant = c->abi && !(c->call->flags & PTL_CALL_RAW) ? pt_sd_demux(c, call) : SD_NO_CALL;
	int i;

	c->saved->muxed = 0;
	if (meant == SD_NO_CALL)
		return call;
	c->saved->muxed = (uint16_t)(meant + 1);
	for (i = 0; i < 6; i++)
		c->saved->mux_args[i] = (uint32_t)c->args[i];
	return meant;
}

static uint16_t choose(struct sd *c, uint16_t sig)
{
	const struct sd_sig *s = &pt_sd_sigs[sig];
	size_t lo = 0, hi = s->variant_count;
	uint32_t value = (uint32_t)pt_sd_ref(c, s->by);

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (pt_sd_variants[s->variants + mid].value < value)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < s->variant_count && pt_sd_variants[s->variants + lo].value == value)
		return pt_sd_variants[s->variants + lo].sig;
	return sig;
}

/* A variant may have variants of its own; the generator writes those before it, so this ends. */
static uint16_t find_variant(struct sd *c, uint16_t sig)
{
	while (pt_sd_sigs[sig].by != SD_NO_REF) {
		uint16_t chosen = choose(c, sig);

		if (chosen == sig)
			break;
		sig = chosen;
	}
	return sig;
}

/* --- Arguments ------------------------------------------------------------------------------ */

static bool is_inout_scalar(const struct sd_type *t)
{
	return t->kind == K_POINTER && t->x == SD_INOUT && pt_sd_types[t->p].kind <= K_LAST_SCALAR;
}

/* Scalars that the kernel reads and writes: their values at entry are kept for `[old => new]`. */
static void save_inouts(struct sd *c, const struct sd_sig *sig)
{
	uint8_t buf[8];
	unsigned int i;

	for (i = sig->entry; i < sig->count; i++) {
		const struct sd_arg *a = &pt_sd_args[sig->first + i];
		const struct sd_type *t = &pt_sd_types[a->type];
		size_t n;

		if (!c->args[a->slot])
			continue;
		if (t->kind == K_CUSTOM && t->x == SD_INOUT) {
			c->saving = true;
			pt_sd_customs[t->p](c, t, c->args[a->slot], NULL, 0);
			c->saving = false;
			continue;
		}
		if (is_inout_scalar(t))
			n = pt_sd_size(c, &pt_sd_types[t->p]);
		else if (t->kind == K_CUSTOM && t->size) /* `late u32[x_NAME]` */
			n = t->size;
		else
			continue;
		if (pt_sd_read(c, c->args[a->slot], buf, n)) {
			c->saved->words[a->slot] = pt_sd_load(buf, n);
			c->saved->valid |= 1u << a->slot;
		}
	}
}

static void show_inout(struct sd *c, const struct sd_type *t, unsigned int slot)
{
	const struct sd_type *item = &pt_sd_types[t->p];
	uint64_t old = c->saved->words[slot], new;
	uint8_t buf[8];
	size_t n = pt_sd_size(c, item);

	if (pt_sd_failed(c)) {
		new = old;
	} else if (pt_sd_read(c, c->args[slot], buf, n)) {
		new = pt_sd_load(buf, n);
	} else {
		pt_sd_address(c, c->args[slot]);
		return;
	}
	pt_sd_open(c, '[');
	pt_sd_value(c, item, old);
	if (old != new) {
		if (c->json)
			pt_sd_putc(c, ',');
		else
			SD_PUTS(c, " => ");
		pt_sd_value(c, item, new);
	}
	pt_sd_close(c, ']');
}

static void show_arg(struct sd *c, const struct sd_arg *a)
{
	const struct sd_type *t = &pt_sd_types[a->type];
	uint64_t v = c->args[a->slot];

	if (a->cond != SD_NO_REF && !pt_sd_ref(c, a->cond))
		return;
	if (c->json || a->named || c->d->opt.arg_names)
		pt_sd_key(c, pt_sd_text + a->name, a->name_len);
	else
		pt_sd_sep(c);
	c->slot = a->slot;
	if (c->word == 4 && (t->flags & SDF_PAIR))
		v |= c->args[a->slot + 1 < 6 ? a->slot + 1 : 5] << 32;
	if (c->call->flags & PTL_CALL_RAW) {
		if (c->json)
			pt_sd_putc(c, '"');
		pt_sd_hex0(c, v);
		if (c->json)
			pt_sd_putc(c, '"');
	} else if ((c->call->flags & PTL_CALL_SHALLOW) && t->kind == K_POINTER) {
		pt_sd_address(c, v);
	} else if (c->exiting && is_inout_scalar(t) && (c->saved->valid & 1u << a->slot)) {
		show_inout(c, t, a->slot);
	} else {
		pt_sd_value(c, t, v);
	}
}

static int done(struct sd *c)
{
	if (c->o->failed)
		return -ENOMEM;
	if (c->o->data)
		c->o->data[c->o->len] = '\0';
	return 0;
}

int ptl_decode_entry(struct ptl_decoder *d, struct ptl_decode_state *st, const struct ptl_call *call,
	const struct ptl_memory *mem, void *task, struct ptl_text *out)
{
	const struct sd_call *k = NULL;
	const struct sd_sig *sig;
	enum ptl_abi abi;
	unsigned int i, n;
	uint16_t found;
	struct sd c;

	found = find_call(call, &abi);
	begin(&c, d, st, call, mem, task, out, false, abi);
	found = demux(&c, found);
	if (found != SD_NO_CALL)
		k = &pt_sd_calls[found];
	c.saved->valid = 0;
	c.saved->sig = k ? find_variant(&c, k->sig) : 0;
	sig = &pt_sd_sigs[c.saved->sig];
	if (c.json)
		SD_PUTS(&c, "\"syscall\":\"");
	if (k) {
		pt_sd_put(&c, pt_sd_text + k->name, k->name_len);
	} else {
		SD_PUTS(&c, "syscall_");
		pt_sd_hex(&c, call->nr);
	}
	if (c.json)
		SD_PUTS(&c, "\",\"args\":{");
	else
		pt_sd_putc(&c, '(');
	/* Raw arguments need nothing from the kernel. */
	n = call->flags & PTL_CALL_RAW ? sig->count : sig->entry;
	for (i = 0; i < n; i++)
		show_arg(&c, &pt_sd_args[sig->first + i]);
	if (n < sig->count) {
		save_inouts(&c, sig);
		if (!c.json && !(sig->flags & SDC_LAZY) && n)
			SD_PUTS(&c, ", ");
	}
	c.saved->printed = (uint8_t)n;
	c.saved->entered = 1;
	return done(&c);
}

int ptl_decode_exit(struct ptl_decoder *d, struct ptl_decode_state *st, const struct ptl_call *call,
	const struct ptl_memory *mem, void *task, struct ptl_text *out)
{
	const struct sd_sig *sig;
	enum ptl_abi abi;
	unsigned int i;
	struct sd c;
	int r;

	find_call(call, &abi);
	begin(&c, d, st, call, mem, task, out, true, abi);
	if (!c.saved->entered) {
		r = ptl_decode_entry(d, st, call, mem, task, out);
		if (r < 0)
			return r;
		begin(&c, d, st, call, mem, task, out, true, abi);
	}
	sig = &pt_sd_sigs[c.saved->sig];
	i = c.saved->printed;
	c.first = i == 0 || (!c.json && !(sig->flags & SDC_LAZY));
	if (i > 0) {
		const struct sd_arg *a = &pt_sd_args[sig->first + i - 1];
		const struct sd_type *t = &pt_sd_types[a->type];

		if (t->kind == K_POINTER && t->x == SD_BOTH && !pt_sd_failed(&c) && c.args[a->slot] &&
			!(call->flags & (PTL_CALL_RAW | PTL_CALL_SHALLOW))) {
			size_t at = out->len, from;

			if (c.json)
				SD_PUTS(&c, ",\"exit\":");
			else
				SD_PUTS(&c, " => ");
			from = out->len;
			pt_sd_at(&c, &pt_sd_types[t->q], c.args[a->slot]);
			/* Nothing of it was written, or it cannot be read. */
			if (out->len == from + 2 || (out->len > from && out->data[from] != '{' && out->data[from] != '['))
				out->len = at;
		}
	}
	if (call->has_result)
		for (; i < sig->count; i++)
			show_arg(&c, &pt_sd_args[sig->first + i]);
	else if (i < sig->count && !c.json)
		SD_PUTS(&c, " <unfinished ...>"); /* what the kernel would have written, it did not */
	pt_sd_putc(&c, c.json ? '}' : ')');
	return done(&c);
}

/* --- Results --------------------------------------------------------------------------------- */

enum { RESTART_BLOCK = 516 }; /* the kernel goes on with the call by restart_syscall */

static const struct {
	int err;
	const char *name, *text;
} restarts[] = {
	{512, "ERESTARTSYS", "To be restarted if SA_RESTART is set"},
	{513, "ERESTARTNOINTR", "To be restarted"},
	{514, "ERESTARTNOHAND", "To be restarted if no handler"},
	{RESTART_BLOCK, "ERESTART_RESTARTBLOCK", "Interrupted by signal"},
};

static void show_error(struct sd *c, int err)
{
	const char *name = ptl_errno_name(err), *text = strerrordesc_np(err);
	size_t i;

	if (c->json) {
		SD_PUTS(c, ",\"result\":-1,\"errno\":\"");
		if (name)
			pt_sd_put(c, name, strlen(name));
		else
			pt_sd_udec(c, (uint64_t)err);
		pt_sd_putc(c, '"');
		return;
	}
	for (i = 0; i < PT_COUNTOF(restarts); i++) {
		if (restarts[i].err == err) {
			SD_PUTS(c, "? ");
			text = restarts[i].text;
			goto named;
		}
	}
	SD_PUTS(c, "-1 ");
	if (!name) {
		SD_PUTS(c, "(errno ");
		pt_sd_udec(c, (uint64_t)err);
		pt_sd_putc(c, ')');
		return;
	}
named:
	pt_sd_put(c, name, strlen(name));
	if (text) {
		SD_PUTS(c, " (");
		pt_sd_put(c, text, strlen(text));
		pt_sd_putc(c, ')');
	}
}

void pt_sd_aux_begin(struct sd *c)
{
	if (c->json)
		SD_PUTS(c, ",\"also\":");
	else
		SD_PUTS(c, " (");
	c->first = true;
}

void pt_sd_aux_end(struct sd *c)
{
	if (!c->json)
		pt_sd_putc(c, ')');
}

static void show_result(struct sd *c, const struct sd_type *t)
{
	uint64_t v = (uint64_t)c->call->rval;
	size_t start, value;
	enum ptl_decode_names names;

	if (c->json)
		SD_PUTS(c, ",\"result\":");
	if (c->call->flags & PTL_CALL_RAW) {
		if (c->json)
			pt_sd_dec(c, (int64_t)v);
		else
			pt_sd_hex0(c, c->word == 4 ? (uint32_t)v : v);
		return;
	}
	switch ((enum sd_kind)t->kind) {
	case K_FLAGS:
	case K_ENUM:
	case K_SIGNAL:
		if (c->json) {
			pt_sd_value(c, t, v);
			return;
		}
		if (t->kind == K_FLAGS || (t->kind == K_ENUM && pt_sd_sets[t->p].flags & SDS_HEX_RESULT))
			pt_sd_hex0(c, (uint32_t)v);
		else
			pt_sd_dec(c, (int64_t)v);
		if (t->kind == K_SIGNAL && !v)
			return;
		start = c->o->len;
		SD_PUTS(c, " (");
		if (t->kind != K_SIGNAL && pt_sd_sets[t->p].label)
			pt_sd_put(c, pt_sd_text + pt_sd_sets[t->p].label, strlen(pt_sd_text + pt_sd_sets[t->p].label));
		value = c->o->len;
		/* Names, whatever -X says: the number stands before them already. */
		names = c->d->opt.names;
		c->d->opt.names = PTL_NAMES_ABBREV;
		pt_sd_value(c, t, v);
		c->d->opt.names = names;
		/* no flags, and no name for none: the number has said it */
		if (t->kind == K_FLAGS && !v && c->o->len == value + 1)
			c->o->len = start;
		else
			pt_sd_putc(c, ')');
		return;
	case K_INT:
		/* Whatever the type in the registers: the kernel returns a word. */
		pt_sd_dec(c, (int64_t)v);
		return;
	case K_PTR:
		if (!c->json) {
			pt_sd_hex0(c, c->word == 4 ? (uint32_t)v : v);
			return;
		}
		pt_sd_value(c, t, v);
		return;
	default:
		pt_sd_value(c, t, v);
	}
}

int ptl_decode_result(struct ptl_decoder *d, struct ptl_decode_state *st, const struct ptl_call *call,
	const struct ptl_memory *mem, void *task, struct ptl_text *out)
{
	const struct sd_sig *sig;
	enum ptl_abi abi;
	struct sd c;

	find_call(call, &abi);
	begin(&c, d, st, call, mem, task, out, true, abi);
	sig = &pt_sd_sigs[c.saved->entered ? c.saved->sig : 0];
	if (!call->has_result || (pt_sd_types[sig->ret].kind == K_NONE && !call->is_error)) {
		if (c.json)
			SD_PUTS(&c, ",\"result\":null");
		else
			pt_sd_putc(&c, '?');
	} else if (call->is_error) {
		if (call->rval == -RESTART_BLOCK && call->nr < UINT16_MAX)
			c.saved->interrupted = (uint16_t)(call->nr + 1);
		show_error(&c, (int)-call->rval);
		if (c.json && sig->aux == SD_NO_REF)
			return done(&c);
	} else {
		show_result(&c, &pt_sd_types[sig->ret]);
	}
	if (call->has_result && sig->aux != SD_NO_REF && !(call->flags & PTL_CALL_RAW))
		pt_sd_auxes[sig->aux](&c);
	return done(&c);
}

/* --- Beside calls ------------------------------------------------------------------------------ */

int ptl_decode_quoted(struct ptl_decoder *d, const void *bytes, size_t n, struct ptl_text *out)
{
	struct sd c = {.o = out, .d = d, .json = d->opt.format == PTL_DECODE_JSON};

	pt_sd_quoted(&c, bytes, n, false);
	return done(&c);
}
