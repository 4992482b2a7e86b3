/* SPDX-License-Identifier: MIT */
/* Programs, children, limits and processors. */
#include "sysdec/walk.h"
#include "sysdec/names.h"

#define POINTERS 128 /* read at a time */
#define ENVIRONMENT_MAX (1u << 20)

/* --- argv and environment ------------------------------------------------------------------ */

/* The pointers at addr + at * word, as far as they can be read: at most n. */
static size_t read_pointers(struct sd *c, uint64_t addr, size_t at, uint64_t *ret, size_t n)
{
	uint8_t buf[POINTERS * 8];
	int64_t got = pt_sd_read_some(c, addr + at * c->word, buf, n * c->word);
	size_t i;

	if (got < (int64_t)c->word)
		return 0;
	n = (size_t)got / c->word;
	for (i = 0; i < n; i++)
		ret[i] = pt_sd_load(buf + i * c->word, c->word);
	return n;
}

void pt_sd_x_argv(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint64_t ptrs[POINTERS];
	size_t have, at = 0, i, max = pt_sd_max_items(c);

	if (!v) {
		pt_sd_address(c, v);
		return;
	}
	for (;;) {
		have = read_pointers(c, v, at, ptrs, PT_MIN((size_t)POINTERS, max + 1));
		if (!have) {
			if (at == 0) {
				pt_sd_address(c, v);
				return;
			}
			pt_sd_unreadable(c, v + at * c->word);
			break;
		}
		if (at == 0)
			pt_sd_open(c, '[');
		for (i = 0; i < have && ptrs[i]; i++) {
			if (at + i == max || !pt_sd_budget(c)) {
				pt_sd_more(c);
				goto out;
			}
			pt_sd_sep(c);
			pt_sd_string(c, ptrs[i], false, 0);
		}
		if (i < have)
			break;
		at += have;
	}
out:
	pt_sd_close(c, ']');
}

/* 0x7ffe... and, in a comment, how many there are; all of them with -v. */
void pt_sd_x_envp(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint64_t ptrs[POINTERS];
	size_t have, count = 0, i = 0;

	if (c->full) {
		pt_sd_x_argv(c, t, v, NULL, 0);
		return;
	}
	if (c->json && v) {
		SD_PUTS(c, "{\"addr\":");
		pt_sd_address(c, v);
	} else {
		pt_sd_address(c, v);
	}
	if (!v)
		return;
	do {
		have = read_pointers(c, v, count, ptrs, POINTERS);
		for (i = 0; i < have && ptrs[i]; i++)
			;
		count += i;
	} while (have && i == have && count < ENVIRONMENT_MAX);
	if (c->json) {
		SD_PUTS(c, ",\"vars\":");
		pt_sd_udec(c, count);
		pt_sd_putc(c, '}');
		return;
	}
	if (!have && !count)
		return;
	SD_PUTS(c, " /* ");
	pt_sd_udec(c, count);
	if (count == 1)
		SD_PUTS(c, " var");
	else
		SD_PUTS(c, " vars");
	if (!have)
		SD_PUTS(c, ", unterminated");
	SD_PUTS(c, " */");
}

/* --- Children ---------------------------------------------------------------------------------- */

static void wait_event(struct sd *c, uint32_t status)
{
	uint32_t event = status >> 16;

	if (!event)
		return;
	SD_PUTS(c, " | ");
	if (c->json)
		pt_sd_hex(c, event);
	else
		pt_sd_set_value(c, SET_ptrace_events, event, 4);
	SD_PUTS(c, " << 16");
}

/* An enclosed value: the text of SIGINT, without JSON's braces. */
static void plain_signal(struct sd *c, int sig)
{
	const char *name = ptl_signal_name(sig);

	if (name)
		pt_sd_put(c, name, strlen(name));
	else
		pt_sd_dec(c, sig);
}

void pt_sd_x_wstatus(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint32_t status = (uint32_t)v, low, sig;
	uint8_t buf[4];

	if (!p) {
		if (!pt_sd_read(c, v, buf, sizeof(buf))) {
			pt_sd_address(c, v);
			return;
		}
		status = (uint32_t)pt_sd_load(buf, sizeof(buf));
	}
	if (!c->json)
		pt_sd_putc(c, '[');
	pt_sd_value_begin(c, status, false);
	low = status & 0xffff;
	sig = low & 0x7f;
	if (low == 0xffff) {
		SD_PUTS(c, "{WIFCONTINUED(s)}");
		low = 0;
	} else if ((low & 0xff) == 0x7f) {
		uint32_t stop = low >> 8;

		SD_PUTS(c, "{WIFSTOPPED(s) && WSTOPSIG(s) == ");
		plain_signal(c, (int)(stop & 0x7f));
		if (stop & 0x80)
			SD_PUTS(c, " | 0x80");
		pt_sd_putc(c, '}');
		wait_event(c, status);
	} else if (sig) {
		SD_PUTS(c, "{WIFSIGNALED(s) && WTERMSIG(s) == ");
		plain_signal(c, (int)sig);
		if (low & 0x80)
			SD_PUTS(c, " && WCOREDUMP(s)");
		pt_sd_putc(c, '}');
	} else {
		SD_PUTS(c, "{WIFEXITED(s) && WEXITSTATUS(s) == ");
		pt_sd_udec(c, low >> 8);
		pt_sd_putc(c, '}');
	}
	pt_sd_value_end(c);
	if (!c->json)
		pt_sd_putc(c, ']');
}

/* clone's flags, with the signal of the child's end in their low byte. */
void pt_sd_x_clone_flags(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint32_t flags = (uint32_t)v & ~0xffu, sig = (uint32_t)v & 0xff;

	if (c->json) {
		pt_sd_open(c, '{');
		SD_KEY(c, "flags");
		pt_sd_set_value(c, SET_clone_flags, flags, 4);
		SD_KEY(c, "signal");
		pt_sd_value_of(c, TYPE_signal, sig);
		pt_sd_close(c, '}');
		return;
	}
	if (c->d->opt.names == PTL_NAMES_RAW) {
		pt_sd_hex0(c, (uint32_t)v);
		return;
	}
	if (flags || !sig)
		pt_sd_set_value(c, SET_clone_flags, flags, 4);
	if (sig) {
		if (flags)
			pt_sd_putc(c, '|');
		plain_signal(c, (int)sig);
	}
}

/* --- Limits and processors ------------------------------------------------------------------------ */

void pt_sd_x_rlim(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	bool wide = pt_sd_ref(c, t->q) != 0; /* x_rlim[1]: prlimit64's */

	if (c->word == 4 && !wide ? v == UINT32_MAX : v == UINT64_MAX) {
		pt_sd_value_begin(c, v, false);
		if (!c->json && c->d->opt.names != PTL_NAMES_ABBREV)
			pt_sd_udec(c, v);
		if (!c->json && c->d->opt.names == PTL_NAMES_VERBOSE)
			SD_PUTS(c, " /* ");
		if (c->json || c->d->opt.names != PTL_NAMES_RAW) {
			if (wide)
				SD_PUTS(c, "RLIM64_INFINITY");
			else
				SD_PUTS(c, "RLIM_INFINITY");
		}
		if (!c->json && c->d->opt.names == PTL_NAMES_VERBOSE)
			SD_PUTS(c, " */");
		pt_sd_value_end(c);
	} else {
		bool kilo = v > 1024 && v % 1024 == 0 && !c->json && c->d->opt.names != PTL_NAMES_RAW;
		bool both = kilo && c->d->opt.names == PTL_NAMES_VERBOSE;

		if (!kilo || both)
			pt_sd_udec(c, v);
		if (both)
			SD_PUTS(c, " /* ");
		if (kilo) {
			pt_sd_udec(c, v / 1024);
			SD_PUTS(c, "*1024");
		}
		if (both)
			SD_PUTS(c, " */");
	}
}

/* x_cpuset[bytes]: [0 1 5] */
void pt_sd_x_cpuset(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint64_t size = pt_sd_ref(c, t->q);
	uint8_t buf[1024];
	size_t i, max = pt_sd_max_items(c), shown = 0;

	size = PT_MIN(size, sizeof(buf));
	if (!size || !pt_sd_read(c, v, buf, (size_t)size)) {
		if (v && !size)
			SD_PUTS(c, "[]");
		else
			pt_sd_address(c, v);
		return;
	}
	pt_sd_open(c, '[');
	for (i = 0; i < size * 8; i++) {
		if (!(buf[i / 8] >> (i % 8) & 1))
			continue;
		if (c->json)
			pt_sd_sep(c);
		else if (!c->first)
			pt_sd_putc(c, ' ');
		c->first = false;
		if (shown++ == max) {
			if (c->json) {
				c->first = true;
				pt_sd_more(c);
			} else {
				SD_PUTS(c, "...");
			}
			break;
		}
		pt_sd_udec(c, i);
	}
	pt_sd_close(c, ']');
}

/* A capability set of two 32-bit halves: x_caps[offset of the upper half]. */
void pt_sd_x_caps(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	size_t far = (size_t)pt_sd_ref(c, t->q);
	uint64_t caps = (uint32_t)v;

	if (p && c->cur_p && p + far + 4 <= c->cur_p + c->cur_n)
		caps |= pt_sd_load(p + far, 4) << 32;
	pt_sd_set_value(c, SET_capabilities, caps, 8);
}

/* --- Words of the kernel's own -------------------------------------------------------------------- */

void pt_sd_x_resuming(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	struct ptl_call_info info = {.name = "system call"};
	enum ptl_abi abi;
	uint32_t nr;

	if (c->saved->interrupted && ptl_call_abi(c->call->arch, c->saved->interrupted - 1u, &abi, &nr) == 0)
		ptl_call_info(abi, nr, &info);
	if (c->json) {
		pt_sd_quoted(c, (const uint8_t *)info.name, strlen(info.name), false);
		return;
	}
	SD_PUTS(c, "<... resuming interrupted ");
	pt_sd_put(c, info.name, strlen(info.name));
	SD_PUTS(c, " ...>");
}

/* As printf's %#08x: zero has no 0x. */
static void hex_word(struct sd *c, uint32_t v)
{
	char text[10] = "\"00000000\"";
	unsigned int i;

	if (v && v >> 24) {
		pt_sd_value_of(c, TYPE_hex, v);
		return;
	}
	if (v) {
		text[2] = 'x';
		for (i = 8; i > 2; i--, v >>= 4)
			text[i] = "0123456789abcdef"[v & 15];
	}
	pt_sd_put(c, text + !c->json, c->json ? 10 : 8);
}

/* x_user_desc[1 if the kernel writes it]: segment descriptors (asm/ldt.h: struct user_desc), at an address. */
void pt_sd_x_user_desc(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	static const struct {
		const char *name;
		unsigned char bit, width;
	} bits[] = {{"seg_32bit", 0, 1}, {"contents", 1, 2}, {"read_exec_only", 3, 1}, {"limit_in_pages", 4, 1},
		{"seg_not_present", 5, 1}, {"useable", 6, 1}, {"lm", 7, 1}};
	uint8_t buf[16];
	uint32_t w[4];
	size_t i;

	if (!v || !pt_sd_read(c, v, buf, sizeof(buf))) {
		pt_sd_address(c, v);
		return;
	}
	memcpy(w, buf, sizeof(w));
	pt_sd_open(c, '{');
	SD_KEY(c, "entry_number");
	pt_sd_value_of(c, TYPE_int, w[0]);
	if (pt_sd_ref(c, t->q) && pt_sd_failed(c)) {
		if (!c->json)
			pt_sd_more(c);
		pt_sd_close(c, '}');
		return;
	}
	SD_KEY(c, "base_addr");
	hex_word(c, w[1]);
	SD_KEY(c, "limit");
	hex_word(c, w[2]);
	for (i = 0; i < PT_COUNTOF(bits) - (c->word == 4); i++) {
		pt_sd_key(c, bits[i].name, strlen(bits[i].name));
		pt_sd_udec(c, w[3] >> bits[i].bit & ((1u << bits[i].width) - 1));
	}
	pt_sd_close(c, '}');
}

/* --- futex ----------------------------------------------------------------------------------------- */

void pt_sd_x_futex_op(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	enum { PRIVATE = 128, REALTIME = 256 }; /* FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME */
	uint32_t op = (uint32_t)v, cmd = op & ~(uint32_t)(PRIVATE | REALTIME);
	const char *name;
	size_t len;

	if (!c->json && c->d->opt.names == PTL_NAMES_RAW) {
		pt_sd_hex0(c, op);
		return;
	}
	name = pt_sd_set_name(SET_futex_cmds, cmd, &len);
	if (!name && !c->json) {
		pt_sd_hex0(c, op);
		SD_PUTS(c, " /* FUTEX_??? */");
		return;
	}
	pt_sd_value_begin(c, op, false);
	if (!c->json && c->d->opt.names == PTL_NAMES_VERBOSE) {
		pt_sd_hex0(c, op);
		SD_PUTS(c, " /* ");
	}
	if (name) {
		pt_sd_put(c, name, len);
		if (op & PRIVATE)
			SD_PUTS(c, "_PRIVATE");
	} else {
		pt_sd_hex0(c, op & ~(uint32_t)REALTIME);
	}
	if (op & REALTIME)
		SD_PUTS(c, "|FUTEX_CLOCK_REALTIME");
	if (!c->json && c->d->opt.names == PTL_NAMES_VERBOSE)
		SD_PUTS(c, " */");
	pt_sd_value_end(c);
}

static void set_text(struct sd *c, unsigned int set, uint32_t v)
{
	size_t len;
	const char *name = pt_sd_set_name(set, v, &len);

	if (name)
		pt_sd_put(c, name, len);
	else
		pt_sd_hex0(c, v);
}

/* FUTEX_OP_ADD<<28|1<<12|FUTEX_OP_CMP_GT<<24|0x1 */
void pt_sd_x_futex_wake_op(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint32_t w = (uint32_t)v;

	pt_sd_value_begin(c, w, false);
	if (w >> 31)
		SD_PUTS(c, "FUTEX_OP_OPARG_SHIFT<<28|");
	set_text(c, SET_futex_wake_ops, w >> 28 & 7);
	SD_PUTS(c, "<<28|");
	pt_sd_hex0(c, w >> 12 & 0xfff);
	SD_PUTS(c, "<<12|");
	set_text(c, SET_futex_wake_cmps, w >> 24 & 15);
	SD_PUTS(c, "<<24|");
	pt_sd_hex0(c, w & 0xfff);
	pt_sd_value_end(c);
}

/* Two of perf's bits, and what they promise. */
void pt_sd_x_perf_precise(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	static const char *const skid[] = {"arbitrary skid", "constant skid", "requested to have 0 skid", "must have 0 skid"};
	unsigned int precise = v >> 15 & 3;

	pt_sd_udec(c, precise);
	if (!c->json && c->d->opt.names != PTL_NAMES_RAW) {
		SD_PUTS(c, " /* ");
		pt_sd_put(c, skid[precise], strlen(skid[precise]));
		SD_PUTS(c, " */");
	}
}
