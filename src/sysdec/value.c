/* SPDX-License-Identifier: MIT */
/* Scalars: numbers, and numbers that have names. */
#include "sysdec/walk.h"

/* --- Sets ------------------------------------------------------------------------------- */

static uint64_t cut(uint64_t v, unsigned int size)
{
	return size >= 8 ? v : v & ((1ull << (size * 8)) - 1);
}

static const struct sd_item *find_item(const struct sd_set *s, uint64_t v, unsigned int size)
{
	const struct sd_item *items = &pt_sd_items[s->first];
	size_t lo = 0, hi = s->count;

	if (s->flags & SDS_DENSE)
		return v < s->count ? &items[v] : NULL;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (items[mid].value < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < s->count && items[lo].value == v)
		return &items[lo];
	/* Narrow fields hold a negative constant cut short. */
	if (size < 4) {
		for (lo = 0; lo < s->count; lo++)
			if (cut(items[lo].value, size) == v && items[lo].value >> 31)
				return &items[lo];
	}
	if (size == 8 && (int64_t)v < 0 && (int64_t)v >= INT32_MIN)
		return find_item(s, (uint32_t)v, 4);
	return NULL;
}

const char *pt_sd_set_name(unsigned int set, uint64_t v, size_t *ret_len)
{
	const struct sd_item *it = find_item(&pt_sd_sets[set], v, 4);

	if (!it)
		return NULL;
	if (ret_len)
		*ret_len = it->len;
	return pt_sd_text + it->name;
}

static void unknown_comment(struct sd *c, uint32_t text)
{
	if (!c->json && text && c->d->opt.names != PTL_NAMES_RAW) {
		SD_PUTS(c, " /* ");
		pt_sd_put(c, pt_sd_text + text, strlen(pt_sd_text + text));
		SD_PUTS(c, " */");
	}
}

static void unknown_value(struct sd *c, const struct sd_set *s, uint64_t v)
{
	/* A decimal set without a comment: plain numbers, some of which have names. */
	if ((!s->unknown && (s->flags & SDS_DECIMAL)) || (s->flags & SDS_UNKNOWN_DECIMAL))
		pt_sd_dec(c, v >> 32 ? (int64_t)v : (int32_t)v);
	else
		pt_sd_hex0(c, v);
	unknown_comment(c, s->unknown);
}

static void raw_value(struct sd *c, const struct sd_set *s, uint64_t v, unsigned int size)
{
	if (s->flags & SDS_DECIMAL)
		pt_sd_dec(c, size >= 8 ? (int64_t)v : (int32_t)v);
	else if (s->flags & SDS_UNSIGNED)
		pt_sd_udec(c, v);
	else if (s->flags & SDS_SPLIT) {
		/* The field, then what is beside it. */
		uint64_t mask = pt_sd_items[s->first].value;

		pt_sd_hex0(c, v & mask);
		if (v & ~mask) {
			pt_sd_putc(c, '|');
			pt_sd_hex(c, v & ~mask);
		}
	}
	else
		pt_sd_hex0(c, v);
}

static void show_enum(struct sd *c, const struct sd_set *s, uint64_t v, unsigned int size)
{
	const struct sd_item *it = c->d->opt.names == PTL_NAMES_RAW && !c->json ? NULL : find_item(s, v, size);

	if (c->json) {
		pt_sd_value_begin(c, v, false);
		if (it)
			pt_sd_put(c, pt_sd_text + it->name, it->len);
		else
			pt_sd_hex0(c, v);
		pt_sd_value_end(c);
	} else if (it && c->d->opt.names == PTL_NAMES_VERBOSE) {
		raw_value(c, s, v, size);
		SD_PUTS(c, " /* ");
		pt_sd_put(c, pt_sd_text + it->name, it->len);
		SD_PUTS(c, " */");
	} else if (it) {
		pt_sd_put(c, pt_sd_text + it->name, it->len);
	} else if (c->d->opt.names == PTL_NAMES_RAW) {
		raw_value(c, s, v, size);
	} else {
		unknown_value(c, s, v);
	}
}

static void flag_sep(struct sd *c, bool *any)
{
	if (*any) {
		if (c->json)
			SD_PUTS(c, "\",\"");
		else
			pt_sd_putc(c, '|');
	}
	*any = true;
}

/* The names, '|' between; returns whether there was one. What has no name comes last, as a number. */
static bool flag_names(struct sd *c, const struct sd_set *s, uint64_t v, unsigned int size)
{
	const struct sd_item *it = &pt_sd_items[s->first], *end = it + s->count, *choice, *shift = NULL;
	uint64_t rest = v;
	bool any = false, named = false;

	for (; it < end; it++) {
		if (it->choices == SD_SHIFT) {
			/* Comes after the bits without names. */
			shift = rest & it->value ? it : NULL;
			rest &= ~it->value;
			it++;
		} else if (it->choices) {
			uint64_t mask = cut(it->value, size), x = v & mask;
			const struct sd_item *last = it + it->choices;

			for (choice = it + 1; choice <= last; choice++)
				if (choice->value == x)
					break;
			if (choice <= last) {
				flag_sep(c, &any);
				pt_sd_put(c, pt_sd_text + choice->name, choice->len);
				named = true;
				rest &= ~mask;
			} else if (x && !c->json) {
				flag_sep(c, &any);
				pt_sd_hex(c, x);
				unknown_comment(c, it->name ? it->name : s->unknown);
				named = true;
				rest &= ~mask;
			}
			it = last;
		} else if (it->value && (rest & it->value) == it->value) {
			flag_sep(c, &any);
			pt_sd_put(c, pt_sd_text + it->name, it->len);
			named = true;
			rest &= ~it->value;
			if (!rest && !(it + 1 < end && it[1].choices))
				break;
		} else if (!it->value && !v) {
			flag_sep(c, &any);
			pt_sd_put(c, pt_sd_text + it->name, it->len);
			named = true;
		}
	}
	if (rest && (named || shift)) {
		flag_sep(c, &any);
		pt_sd_hex(c, rest);
	}
	if (shift) {
		flag_sep(c, &any);
		pt_sd_udec(c, (v & shift->value) >> shift[1].value);
		SD_PUTS(c, "<<");
		pt_sd_put(c, pt_sd_text + shift->name, shift->len);
	}
	return named || shift;
}

static void show_flags(struct sd *c, const struct sd_set *s, uint64_t v, unsigned int size)
{
	bool verbose = c->d->opt.names == PTL_NAMES_VERBOSE;
	size_t at;

	if (c->json) {
		SD_PUTS(c, "{\"value\":");
		pt_sd_udec(c, v);
		SD_PUTS(c, ",\"flags\":[\"");
		at = c->o->len;
		if (flag_names(c, s, v, size)) {
			SD_PUTS(c, "\"]}");
		} else if (v) {
			pt_sd_hex(c, v);
			SD_PUTS(c, "\"]}");
		} else {
			c->o->len = at - 1;
			SD_PUTS(c, "]}");
		}
		return;
	}
	if (c->d->opt.names == PTL_NAMES_RAW) {
		raw_value(c, s, v, size);
		return;
	}
	if (s->flags & SDS_SPLIT) {
		uint64_t mask = pt_sd_items[s->first].value;
		struct sd_set rest = *s;

		/* The field with its name, then what is beside it with the others. */
		rest.count = (uint16_t)(pt_sd_items[s->first].choices + 1u);
		rest.flags = 0;
		show_flags(c, &rest, v & mask, size);
		if (v & ~mask) {
			pt_sd_putc(c, '|');
			rest.first += rest.count;
			rest.count = (uint16_t)(s->count - rest.count);
			show_flags(c, &rest, v & ~mask, size);
		}
		return;
	}
	at = c->o->len;
	if (verbose) {
		raw_value(c, s, v, size);
		SD_PUTS(c, " /* ");
	}
	if (flag_names(c, s, v, size)) {
		if (verbose)
			SD_PUTS(c, " */");
		return;
	}
	c->o->len = at;
	if (v)
		unknown_value(c, s, v);
	else
		pt_sd_putc(c, '0');
}

void pt_sd_set_value(struct sd *c, unsigned int set, uint64_t v, unsigned int size)
{
	const struct sd_set *s = &pt_sd_sets[set + c->abi];

	v = cut(v, size);
	if (s->flags & SDS_SORTED)
		show_enum(c, s, v, size);
	else
		show_flags(c, s, v, size);
}

/* --- Numbers ------------------------------------------------------------------------------ */

static void with_callback(struct sd *c, int32_t v, void (*text)(void *, void *, int, struct ptl_text *))
{
	size_t at;

	if (!text) {
		pt_sd_dec(c, v);
		return;
	}
	if (!c->json) {
		pt_sd_dec(c, v);
		text(c->d->opt.arg, c->task, v, c->o);
		return;
	}
	SD_PUTS(c, "{\"value\":");
	pt_sd_dec(c, v);
	SD_PUTS(c, ",\"text\":");
	/* What the callback wrote is text, to be quoted again for JSON. */
	at = c->o->len;
	text(c->d->opt.arg, c->task, v, c->o);
	if (c->o->len > at) {
		size_t n = PT_MIN(c->o->len - at, SD_STRING_MAX);
		uint8_t *copy = pt_sd_scratch(c, n);

		if (copy)
			memcpy(copy, c->o->data + at, n);
		c->o->len = at;
		pt_sd_quoted(c, copy, copy ? n : 0, false);
	} else {
		SD_PUTS(c, "\"\"");
	}
	pt_sd_putc(c, '}');
}

static void dirfd_value(struct sd *c, int32_t v)
{
	if (v != -100) {
		with_callback(c, v, c->d->opt.fd_text);
		return;
	}
	if (c->json) {
		SD_PUTS(c, "{\"value\":-100,\"text\":\"AT_FDCWD\"}");
		return;
	}
	if (c->d->opt.names == PTL_NAMES_RAW)
		SD_PUTS(c, "-100");
	else if (c->d->opt.names == PTL_NAMES_VERBOSE)
		SD_PUTS(c, "-100 /* AT_FDCWD */");
	else
		SD_PUTS(c, "AT_FDCWD");
	if (c->d->opt.fd_text)
		c->d->opt.fd_text(c->d->opt.arg, c->task, v, c->o);
}

static void octal(struct sd *c, uint64_t v, unsigned int digits)
{
	char tmp[24], *p = tmp + sizeof(tmp);

	for (; v; v >>= 3)
		*--p = (char)('0' + (v & 7));
	*--p = '0';
	while ((size_t)(tmp + sizeof(tmp) - p) < digits)
		*--p = '0';
	pt_sd_put(c, p, (size_t)(tmp + sizeof(tmp) - p));
}

static void mode_value(struct sd *c, uint32_t v)
{
	static const struct {
		uint32_t bits;
		const char *name;
	} types[] = {{0140000, "S_IFSOCK"}, {0120000, "S_IFLNK"}, {0100000, "S_IFREG"}, {0060000, "S_IFBLK"},
		{0040000, "S_IFDIR"}, {0020000, "S_IFCHR"}, {0010000, "S_IFIFO"}};
	size_t i;

	if (!c->json && c->d->opt.names == PTL_NAMES_RAW) {
		octal(c, v, 3);
		return;
	}
	pt_sd_value_begin(c, v, false);
	if (!c->json && c->d->opt.names == PTL_NAMES_VERBOSE) {
		octal(c, v, 3);
		SD_PUTS(c, " /* ");
	}
	for (i = 0; i < PT_COUNTOF(types); i++) {
		if ((v & 0170000) == types[i].bits) {
			pt_sd_put(c, types[i].name, strlen(types[i].name));
			pt_sd_putc(c, '|');
			v &= ~0170000u;
			break;
		}
	}
	if (i < PT_COUNTOF(types)) {
		if (v & 04000)
			SD_PUTS(c, "S_ISUID|");
		if (v & 02000)
			SD_PUTS(c, "S_ISGID|");
		if (v & 01000)
			SD_PUTS(c, "S_ISVTX|");
		v &= ~07000u;
	}
	octal(c, v, 3);
	if (!c->json && c->d->opt.names == PTL_NAMES_VERBOSE)
		SD_PUTS(c, " */");
	pt_sd_value_end(c);
}

static void dev_value(struct sd *c, uint64_t v)
{
	uint64_t major = (v >> 8 & 0xfff) | (v >> 32 & ~0xfffull), minor = (v & 0xff) | (v >> 12 & 0xffffff00);

	if (!c->json && c->d->opt.names == PTL_NAMES_RAW) {
		pt_sd_hex0(c, v);
		return;
	}
	pt_sd_value_begin(c, v, false);
	if (!c->json && c->d->opt.names == PTL_NAMES_VERBOSE) {
		pt_sd_hex0(c, v);
		SD_PUTS(c, " /* ");
	}
	SD_PUTS(c, "makedev(");
	pt_sd_hex0(c, major);
	SD_PUTS(c, ", ");
	pt_sd_hex0(c, minor);
	pt_sd_putc(c, ')');
	if (!c->json && c->d->opt.names == PTL_NAMES_VERBOSE)
		SD_PUTS(c, " */");
	pt_sd_value_end(c);
}

static void signal_value(struct sd *c, int32_t v)
{
	const char *name = v ? ptl_signal_name(v) : NULL;

	if (!c->json && (!name || c->d->opt.names == PTL_NAMES_RAW)) {
		pt_sd_dec(c, v);
		return;
	}
	if (!name) {
		pt_sd_dec(c, v);
		return;
	}
	pt_sd_value_begin(c, (uint64_t)v, true);
	if (!c->json && c->d->opt.names == PTL_NAMES_VERBOSE) {
		pt_sd_dec(c, v);
		SD_PUTS(c, " /* ");
	}
	pt_sd_put(c, name, strlen(name));
	if (!c->json && c->d->opt.names == PTL_NAMES_VERBOSE)
		SD_PUTS(c, " */");
	pt_sd_value_end(c);
}

static int64_t sign_extend(uint64_t v, unsigned int size)
{
	unsigned int shift = size >= 8 ? 0 : 64 - size * 8;

	return (int64_t)(v << shift) >> shift;
}

void pt_sd_value(struct sd *c, const struct sd_type *t, uint64_t v)
{
	unsigned int size = t->size ? t->size : c->word;

	switch ((enum sd_kind)t->kind) {
	case K_INT:
	case K_TIME:
		pt_sd_dec(c, sign_extend(v, size));
		return;
	case K_UINT:
		pt_sd_udec(c, cut(v, size));
		return;
	case K_HEX:
		if (c->json)
			pt_sd_putc(c, '"');
		pt_sd_hex0(c, cut(v, size));
		if (c->json)
			pt_sd_putc(c, '"');
		return;
	case K_PTR:
		pt_sd_address(c, cut(v, size));
		return;
	case K_OCT:
		if (c->json)
			pt_sd_udec(c, cut(v, size));
		else
			octal(c, cut(v, size), 1);
		return;
	case K_UMODE:
		if (c->json)
			pt_sd_udec(c, cut(v, size));
		else
			octal(c, cut(v, size), 3);
		return;
	case K_FD:
		with_callback(c, (int32_t)sign_extend(v, PT_MIN(size, 4u)), c->d->opt.fd_text);
		return;
	case K_DIRFD:
		dirfd_value(c, (int32_t)v);
		return;
	case K_PID:
		with_callback(c, (int32_t)v, c->d->opt.pid_text);
		return;
	case K_ID:
		v = cut(v, size);
		if (v == cut(UINT64_MAX, size))
			SD_PUTS(c, "-1");
		else
			pt_sd_udec(c, v);
		return;
	case K_MODE:
		mode_value(c, (uint32_t)cut(v, size));
		return;
	case K_DEV:
		dev_value(c, cut(v, size));
		return;
	case K_SIGNAL:
		signal_value(c, (int32_t)sign_extend(v, size));
		return;
	case K_FLAGS:
	case K_ENUM:
		pt_sd_set_value(c, t->p, v, size);
		return;
	case K_CHAR: {
		uint8_t b = (uint8_t)v;

		pt_sd_quoted(c, &b, 1, false);
		return;
	}
	case K_POINTER:
		v = cut(v, size);
		if ((t->x == SD_OUT || t->x == SD_INOUT) && (pt_sd_failed(c) || !c->exiting))
			pt_sd_address(c, v);
		else if ((t->x == SD_OUT || t->x == SD_IN) && t->q && !pt_sd_ref(c, t->q))
			pt_sd_address(c, v);
		else if (t->x == SD_EITHER)
			pt_sd_at(c, &pt_sd_types[pt_sd_failed(c) ? t->q : t->p], v);
		else
			pt_sd_at(c, &pt_sd_types[t->p], v);
		return;
	case K_STR:
		v = cut(v, size);
		if (t->x == SD_OUT && (pt_sd_failed(c) || !c->exiting))
			pt_sd_address(c, v);
		else
			pt_sd_string(c, v, t->flags & SDF_PATH, (size_t)PT_MIN(pt_sd_ref(c, t->q), (uint64_t)SD_PATH_MAX));
		return;
	case K_BUF:
		v = cut(v, size);
		if (t->x == SD_OUT && (pt_sd_failed(c) || !c->exiting || (t->q && !pt_sd_ref(c, t->q))))
			pt_sd_address(c, v);
		else
			pt_sd_buffer(c, v, pt_sd_ref(c, t->p), t->flags & SDF_HEX);
		return;
	case K_CUSTOM:
		pt_sd_customs[t->p](c, t, v, NULL, 0);
		return;
	case K_NONE:
		return;
	case K_STRUCT:
	case K_SIZED:
	case K_WITHIN:
	case K_ARRAY:
	case K_CHARS:
	case K_BYTES:
		break;
	}
	pt_sd_address(c, cut(v, size));
}
