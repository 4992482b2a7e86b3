/* SPDX-License-Identifier: MIT */
/*
 * Registers and signal mask of a stopped task.
 *
 * Writing back has three oddities (ptrace(2) does not tell; tests/quirks/h106_regset_writes does):
 *  - the kernel takes a general set register by register and stops at the first it refuses, those before it already
 *    changed;
 *  - bits it does not let a tracer set (IOPL, VM) are dropped without a word;
 *  - of an extended set it takes the components that the header says are in use, and ignores the rest.
 * So what was written is read back, and if it is not the same, everything is put back as it was and the register is
 * named.
 */
#include "control/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BIT(set) (1U << (set))

void pt_regs_init(struct ptl_task *t)
{
	t->regs = (struct pt_regs_cache){.arch = NULL};
}

void pt_regs_done(struct ptl_task *t)
{
	if (t->regs.more)
		free(t->regs.more->extended);
	free(t->regs.more);
	t->regs.more = NULL;
	t->regs.valid = t->regs.dirty = 0;
}

void pt_regs_invalidate(struct ptl_task *t)
{
	t->regs.valid = t->regs.dirty = 0;
}

/* ESRCH has two reasons: the task died, or this is not the thread that traces it. */
static int explain(struct ptl_task *t, int r)
{
	int wrong_thread = r == -ESRCH ? pt_check_thread(t->session) : 0;

	return wrong_thread < 0 ? wrong_thread : r;
}

static int check_stopped(const struct ptl_task *t)
{
	switch (t->state) {
	case PT_RUNNING:
	case PT_READY:
		return -PTL_ERUNNING;
	case PT_EXITED:
		return -PTL_EGONE;
	case PT_STOPPED:
		break;
	}
	return 0;
}

/* --- reading -------------------------------------------------------------------------- */

static int fetch_general(struct ptl_task *t)
{
	struct pt_regs_cache *c = &t->regs;
	int64_t n = pt_os_getregset(
		t->tid, pt_arch_x86_64.note_general, c->general, sizeof(c->general));

	if (n < 0)
		return explain(t, (int)n);
	c->arch = pt_arch_by_general_size((size_t)n);
	if (!c->arch)
		return pt_fail(t->session, -PTL_EUNSUPPORTED,
			"task %d has a register set of unknown size %d", t->tid, (int)n);
	/* A worker of io_uring is a thread that never was in user mode: what looks like registers
	 * is nothing. */
	if (pt_role_get(c->arch, c->general, PT_ROLE_PC) == 0 && ptl_task_is_kernel_worker(t))
		return pt_fail(t->session, -PTL_EUNSUPPORTED,
			"task %d is a kernel worker and has no registers", t->tid);
	return 0;
}

static struct pt_regs_more *more(struct ptl_task *t)
{
	if (!t->regs.more)
		t->regs.more = calloc(1, sizeof(*t->regs.more));
	return t->regs.more;
}

/* Reads the extended set as it is now; its note and size are known afterwards. */
static int64_t read_extended(struct ptl_task *t, unsigned *note, uint8_t *image)
{
	const struct pt_arch *arch = t->regs.arch;
	int64_t n;

	*note = arch->note_extended;
	n = pt_os_getregset(t->tid, *note, image, PT_EXTENDED_MAX);
	if (n < 0 && n != -ESRCH) { /* a processor without XSAVE */
		*note = arch->note_extended_fallback;
		n = pt_os_getregset(t->tid, *note, image, PT_EXTENDED_MAX);
	}
	return n;
}

static int fetch_extended(struct ptl_task *t)
{
	_Alignas(8) uint8_t image[PT_EXTENDED_MAX];
	struct pt_regs_more *m = more(t);
	unsigned note;
	int64_t n;

	if (!m)
		return -ENOMEM;
	n = read_extended(t, &note, image);
	if (n == -ESRCH)
		return explain(t, -ESRCH);
	if (n <= 0)
		return -PTL_EUNSUPPORTED;
	if (!m->extended || m->extended_size != (size_t)n || m->note != note) {
		uint8_t *p = realloc(m->extended, (size_t)n);

		if (!p)
			return -ENOMEM;
		m->extended = p;
		m->extended_size = (size_t)n;
		m->note = note;
		pt_layout_native(&m->layout, image, (size_t)n, note == t->regs.arch->note_extended);
	}
	memcpy(m->extended, image, (size_t)n);
	return 0;
}

static int fetch_debug(struct ptl_task *t)
{
	const struct pt_arch *arch = t->regs.arch;
	struct pt_regs_more *m = more(t);

	if (!m)
		return -ENOMEM;
	for (unsigned i = 0; i < PT_DEBUG_WORDS; i++) {
		int r = 0;

		m->debug[i] = 0;
		if (arch->debug_present >> i & 1)
			r = pt_os_peekuser(
				t->tid, arch->debug_offset + i * arch->debug_stride, &m->debug[i]);
		if (r < 0)
			return r == -ESRCH ? explain(t, r) : -PTL_EUNSUPPORTED;
	}
	m->debug_dirty = 0;
	return 0;
}

int pt_regs_fetch(struct ptl_task *t, enum pt_set set)
{
	static int (*const fetch[PT_SETS])(struct ptl_task * t) = {[PT_SET_GENERAL] = fetch_general,
		[PT_SET_EXTENDED] = fetch_extended,
		[PT_SET_DEBUG] = fetch_debug};
	int r = check_stopped(t);

	if (r < 0)
		return r;
	if (t->regs.valid & BIT(set))
		return 0;
	if (set != PT_SET_GENERAL) { /* tells the architecture */
		r = pt_regs_fetch(t, PT_SET_GENERAL);
		if (r < 0)
			return r;
	}
	r = fetch[set](t);
	if (r >= 0)
		t->regs.valid |= BIT(set);
	return r;
}

/* --- writing back ------------------------------------------------------------------------ */

/*
 * The kernel sets a base anew from its selector when it is given a 32-bit set, for that is what 32-bit programs expect.
 * A 64-bit one that has gone over to 32-bit code (Wine does) would come back to a thread without its data. See
 * tests/quirks/h67_modes.
 */
int pt_regs_put(pid_t tid, const struct pt_arch *arch, const void *general)
{
	uint64_t base[PT_COUNTOF(arch->lost_base)] = {0};
	uint16_t selector;
	int r;

	for (unsigned i = 0; i < PT_COUNTOF(base); i++)
		if (arch->lost_base[i].user_area)
			(void)pt_os_peekuser(tid, arch->lost_base[i].user_area, &base[i]);
	r = pt_os_setregset(tid, arch->note_general, general, arch->general_size);
	for (unsigned i = 0; i < PT_COUNTOF(base); i++) {
		memcpy(&selector, (const uint8_t *)general + arch->lost_base[i].selector, sizeof(selector));
		if (base[i] && !selector)
			(void)pt_os_pokeuser(tid, arch->lost_base[i].user_area, base[i]);
	}
	return r;
}

/* What a flush may have to put back. */
struct saved {
	uint8_t *general; /* the cache's own copy */
	_Alignas(8) uint8_t extended[PT_EXTENDED_MAX];
	uint64_t debug[PT_DEBUG_WORDS];
};

/* The first register, by its place, whose bytes differ between two images; "a register" if none of
 * the named ones do. */
static const char *first_difference(const struct pt_arch *arch, enum pt_set set,
	const struct pt_layout *layout, const void *a, const void *b, size_t n)
{
	const struct pt_reg *found = NULL;
	uint8_t x[64], y[64];

	for (size_t i = 0; i < arch->reg_count; i++) {
		const struct pt_reg *r = &arch->regs[i];

		if (r->set != set || r->info.alias || !pt_reg_get(r, layout, a, n, x) ||
			!pt_reg_get(r, layout, b, n, y) || !memcmp(x, y, r->info.size))
			continue;
		if (!found || r->piece[0].offset < found->piece[0].offset)
			found = r;
	}
	return found ? found->info.name : NULL;
}

/* Each writes one set and checks it: 0, or 1 and the name of the register that was refused, or
 * -ESRCH. */

static int write_general(struct ptl_task *t, struct saved *saved, const char **ret_name)
{
	_Alignas(8) uint8_t back[PT_GENERAL_MAX];
	struct pt_regs_cache *c = &t->regs;
	size_t n = c->arch->general_size;
	int64_t got;
	int r = pt_regs_put(t->tid, c->arch, c->general);

	saved->general = c->before;
	if (r == -ESRCH)
		return r;
	got = pt_os_getregset(t->tid, c->arch->note_general, back, sizeof(back));
	if (got == -ESRCH)
		return -ESRCH;
	if (r == 0 && got == (int64_t)n && !memcmp(back, c->general, n))
		return 0;
	/* Another size: a changed code segment changed the mode. */
	*ret_name = got == (int64_t)n
			    ? first_difference(c->arch, PT_SET_GENERAL, NULL, back, c->general, n)
			    : "cs";
	return 1;
}

static int write_extended(struct ptl_task *t, struct saved *saved, const char **ret_name)
{
	_Alignas(8) uint8_t back[PT_EXTENDED_MAX];
	struct pt_regs_more *m = t->regs.more;
	const uint8_t *now = saved->extended;
	unsigned note;
	int64_t n = read_extended(t, &note, saved->extended);
	int r;

	if (n == -ESRCH)
		return -ESRCH;
	if (n != (int64_t)m->extended_size) {
		memcpy(saved->extended, m->extended, m->extended_size);
		return 1;
	}
	/* In full length: a shorter one is refused. */
	r = pt_os_setregset(t->tid, m->note, m->extended, m->extended_size);
	if (r == -ESRCH)
		return r;
	if (r == 0) {
		n = read_extended(t, &note, back);
		if (n == -ESRCH)
			return -ESRCH;
		now = back;
	} /* else refused as a whole: it is one of those that were to change */
	*ret_name = first_difference(
		t->regs.arch, PT_SET_EXTENDED, &m->layout, now, m->extended, m->extended_size);
	return r < 0 || *ret_name ? 1 : 0;
}

static int write_debug(struct ptl_task *t, struct saved *saved, const char **ret_name)
{
	static const char *const names[] = {"dr0", "dr1", "dr2", "dr3", "dr4", "dr5", "dr6", "dr7"};
	const struct pt_arch *arch = t->regs.arch;
	struct pt_regs_more *m = t->regs.more;
	unsigned i;

	memcpy(saved->debug, m->debug, sizeof(saved->debug));
	for (i = 0; i < PT_DEBUG_WORDS; i++)
		if (m->debug_dirty >> i & 1 &&
			pt_os_peekuser(t->tid, arch->debug_offset + i * arch->debug_stride,
				&saved->debug[i]) < 0)
			return -ESRCH;
	/* In this order: the kernel checks the addresses when dr7 switches them on. */
	for (i = 0; i < PT_DEBUG_WORDS; i++) {
		unsigned long at = arch->debug_offset + i * arch->debug_stride;
		uint64_t back = 0;
		int r;

		if (!(m->debug_dirty >> i & 1))
			continue;
		r = pt_os_pokeuser(t->tid, at, m->debug[i]);
		if (r == 0)
			r = pt_os_peekuser(t->tid, at, &back);
		if (r == -ESRCH)
			return r;
		*ret_name = names[i];
		if (r < 0 || back != m->debug[i])
			return 1;
	}
	return 0;
}

static void restore_general(struct ptl_task *t, const struct saved *saved)
{
	struct pt_regs_cache *c = &t->regs;

	memcpy(c->general, saved->general, c->arch->general_size);
	pt_regs_put(t->tid, c->arch, c->general);
}

static void restore_extended(struct ptl_task *t, const struct saved *saved)
{
	struct pt_regs_more *m = t->regs.more;

	memcpy(m->extended, saved->extended, m->extended_size);
	pt_os_setregset(t->tid, m->note, m->extended, m->extended_size);
}

static void restore_debug(struct ptl_task *t, const struct saved *saved)
{
	const struct pt_arch *arch = t->regs.arch;
	struct pt_regs_more *m = t->regs.more;

	for (unsigned i = PT_DEBUG_WORDS; i-- > 0;)
		if (m->debug_dirty >> i & 1)
			pt_os_pokeuser(t->tid, arch->debug_offset + i * arch->debug_stride,
				saved->debug[i]);
	memcpy(m->debug, saved->debug, sizeof(m->debug));
}

int pt_regs_flush(struct ptl_task *t)
{
	static const struct {
		int (*write)(struct ptl_task *t, struct saved *saved, const char **ret_name);
		void (*restore)(struct ptl_task *t, const struct saved *saved);
	} of[PT_SETS] = {[PT_SET_GENERAL] = {write_general, restore_general},
		[PT_SET_EXTENDED] = {write_extended, restore_extended},
		[PT_SET_DEBUG] = {write_debug, restore_debug}};
	struct pt_regs_cache *c = &t->regs;
	unsigned dirty = c->dirty, set;
	const char *name = NULL;
	struct saved saved;
	int r = 0;

	if (!dirty)
		return 0;
	t->step.here_known = false;
	c->dirty = 0;
	for (set = 0; r == 0 && set < PT_SETS; set++)
		if (dirty & BIT(set))
			r = of[set].write(t, &saved, &name);
	if (r > 0) {
		/* what was not written keeps its change in the cache no longer either */
		while (set-- > 0)
			if (dirty & BIT(set))
				of[set].restore(t, &saved);
		c->valid &= (uint8_t)(~dirty | BIT(PT_SET_GENERAL));
		r = pt_fail(t->session, -PTL_EREGVALUE,
			"task %d: the kernel did not take the value of %s", t->tid,
			name ? name : "a register");
	} else if (r < 0) {
		r = explain(t, r);
	}
	if (c->more)
		c->more->debug_dirty = 0;
	return r;
}

/* --- changing ----------------------------------------------------------------------------- */

static void mark_dirty(struct ptl_task *t, enum pt_set set)
{
	struct pt_regs_cache *c = &t->regs;

	if (set == PT_SET_GENERAL && !(c->dirty & BIT(set)))
		memcpy(c->before, c->general, sizeof(c->before));
	c->dirty |= BIT(set);
}

void *pt_regs_change(struct ptl_task *t, int *ret_error)
{
	*ret_error = pt_regs_fetch(t, PT_SET_GENERAL);
	if (*ret_error < 0)
		return NULL;
	mark_dirty(t, PT_SET_GENERAL);
	return t->regs.general;
}

/* The image of a set that is valid. */
static void *image(struct ptl_task *t, enum pt_set set, size_t *ret_size)
{
	struct pt_regs_cache *c = &t->regs;

	switch (set) {
	case PT_SET_GENERAL:
		*ret_size = c->arch->general_size;
		return c->general;
	case PT_SET_EXTENDED:
		*ret_size = c->more->extended_size;
		return c->more->extended;
	case PT_SET_DEBUG:
		*ret_size = sizeof(c->more->debug);
		return c->more->debug;
	case PT_SETS:
		break;
	}
	*ret_size = 0;
	return NULL;
}

static const struct pt_layout *layout(const struct ptl_task *t)
{
	const struct pt_regs_more *m = t->regs.more;

	return m && m->extended ? &m->layout : NULL;
}

/* Its register behind a public pointer, with the set it is in valid. */
static int own(
	struct ptl_task *t, const struct ptl_reg_info *info, size_t size, const struct pt_reg **ret)
{
	int r = pt_regs_fetch(t, PT_SET_GENERAL);

	if (r < 0)
		return r;
	*ret = info ? pt_arch_own_reg(t->regs.arch, info) : NULL;
	if (!*ret)
		return -PTL_ENOREG;
	if (size != info->size)
		return -PTL_EREGSIZE;
	return pt_regs_fetch(t, (enum pt_set)(*ret)->set);
}

int ptl_reg_read(struct ptl_task *t, const struct ptl_reg_info *info, void *ret_value, size_t size)
{
	const struct pt_reg *reg;
	void *from;
	size_t n;
	int r = own(t, info, size, &reg);

	if (r < 0)
		return r;
	from = image(t, (enum pt_set)reg->set, &n);
	return pt_reg_get(reg, layout(t), from, n, ret_value) ? 0 : -PTL_EUNSUPPORTED;
}

int ptl_reg_write(
	struct ptl_task *t, const struct ptl_reg_info *info, const void *value, size_t size)
{
	const struct pt_reg *reg;
	const struct pt_arch *arch;
	uint64_t pc;
	void *to;
	size_t n;
	int r = own(t, info, size, &reg);

	if (r < 0)
		return r;
	arch = t->regs.arch;
	to = image(t, (enum pt_set)reg->set, &n);
	mark_dirty(t, (enum pt_set)reg->set);
	if (reg->set == PT_SET_DEBUG)
		t->regs.more->debug_dirty |= (uint8_t)(1 << reg->piece[0].offset / 8);
	pc = pt_role_get(arch, t->regs.general, PT_ROLE_PC);
	if (!pt_reg_put(reg, layout(t), to, n, value))
		return -PTL_EUNSUPPORTED;
	/*
	 * Sent elsewhere out of an interrupted system call: the call must not be restarted there,
	 * which the kernel would do by moving the new pc back over an instruction that is not
	 * there.
	 */
	if (pt_role_get(arch, t->regs.general, PT_ROLE_PC) != pc &&
		pt_result_is_restart(pt_role_get_signed(arch, t->regs.general, PT_ROLE_RET)))
		pt_role_put(arch, t->regs.general, PT_ROLE_NR, (uint64_t)-1);
	return 0;
}

int ptl_reg_flush(struct ptl_task *t)
{
	int r = check_stopped(t);

	return r < 0 ? r : pt_regs_flush(t);
}

/* --- by name ---------------------------------------------------------------------------------- */

static bool is_present(struct ptl_task *t, const struct pt_reg *reg)
{
	if (reg->set == PT_SET_EXTENDED)
		(void)pt_regs_fetch(
			t, PT_SET_EXTENDED); /* if it fails, layout() tells what was there last */
	return pt_reg_present(reg, layout(t));
}

const struct ptl_reg_info *ptl_reg_at(struct ptl_task *t, size_t index)
{
	(void)pt_regs_fetch(t, PT_SET_GENERAL);
	if (!t->regs.arch)
		return NULL;
	for (size_t i = 0; i < t->regs.arch->reg_count; i++)
		if (is_present(t, &t->regs.arch->regs[i]) && index-- == 0)
			return &t->regs.arch->regs[i].info;
	return NULL;
}

const struct ptl_reg_info *ptl_reg_find(struct ptl_task *t, const char *name)
{
	const struct pt_reg *reg;

	(void)pt_regs_fetch(t, PT_SET_GENERAL);
	reg = t->regs.arch ? pt_arch_find_reg(t->regs.arch, name) : NULL;
	return reg && is_present(t, reg) ? &reg->info : NULL;
}

/* For ptl_get and ptl_set: found, and small enough. */
static int find_small(struct ptl_task *t, const char *name, const struct ptl_reg_info **ret)
{
	int r = pt_regs_fetch(t, PT_SET_GENERAL);

	if (r < 0)
		return r;
	*ret = ptl_reg_find(t, name);
	if (!*ret)
		return pt_fail(t->session, -PTL_ENOREG, "there is no register \"%.32s\"", name);
	return (*ret)->size > sizeof(uint64_t) ? -PTL_EREGSIZE : 0;
}

int ptl_get(struct ptl_task *t, const char *name, uint64_t *ret_value)
{
	const struct ptl_reg_info *info;
	uint64_t value = 0;
	int r = find_small(t, name, &info);

	if (r < 0)
		return r;
	r = ptl_reg_read(t, info, &value, info->size);
	if (r >= 0)
		*ret_value = value;
	return r;
}

int ptl_set(struct ptl_task *t, const char *name, uint64_t value)
{
	const struct ptl_reg_info *info;
	int r = find_small(t, name, &info);

	if (r < 0)
		return r;
	/* a negative number of its size fits too */
	if (info->size < sizeof(value) && value >> info->size * 8 &&
		(int64_t)value >> (info->size * 8 - 1) != -1)
		return -PTL_EREGSIZE;
	return ptl_reg_write(t, info, &value, info->size);
}

uint32_t ptl_task_arch(struct ptl_task *t)
{
	return pt_regs_fetch(t, PT_SET_GENERAL) < 0 ? t->arch : t->regs.arch->audit;
}

uint64_t ptl_pc(struct ptl_task *t)
{
	/* a step has told already */
	if (t->state == PT_STOPPED && t->step.here_known && !t->regs.dirty)
		return t->step.here;
	return pt_regs_fetch(t, PT_SET_GENERAL) < 0
		       ? 0
		       : pt_role_get(t->regs.arch, t->regs.general, PT_ROLE_PC);
}

uint64_t ptl_sp(struct ptl_task *t)
{
	return pt_regs_fetch(t, PT_SET_GENERAL) < 0
		       ? 0
		       : pt_role_get(t->regs.arch, t->regs.general, PT_ROLE_SP);
}

/* --- signal mask ------------------------------------------------------------------------ */

int ptl_sigmask_get(struct ptl_task *t, uint64_t *ret_mask)
{
	int r = check_stopped(t);

	return r < 0 ? r : explain(t, pt_os_getsigmask(t->tid, ret_mask));
}

int ptl_sigmask_set(struct ptl_task *t, uint64_t mask)
{
	int r = check_stopped(t);

	return r < 0 ? r : explain(t, pt_os_setsigmask(t->tid, mask));
}
