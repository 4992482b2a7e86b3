/* SPDX-License-Identifier: MIT */
/* Finding an architecture, moving registers between values and images, restarting calls. See
 * arch.h. */
#include "arch/arch.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include "base/base.h"

static const struct pt_arch *const arches[] = {&pt_arch_x86_64, &pt_arch_i386};

const struct pt_arch *pt_arch_by_audit(uint32_t audit)
{
	for (size_t i = 0; i < PT_COUNTOF(arches); i++)
		if (arches[i]->audit == audit)
			return arches[i];
	return NULL;
}

const struct pt_arch *pt_arch_by_general_size(size_t n)
{
	for (size_t i = 0; i < PT_COUNTOF(arches); i++)
		if (arches[i]->general_size == n)
			return arches[i];
	return NULL;
}

/* --- registers ------------------------------------------------------------------ */

/* Names for the roles, the same on every architecture. They win over a part of a register (sp is
 * not the low half of esp). */
static const struct {
	const char *name;
	enum pt_role role;
} synonyms[] = {
	{"pc", PT_ROLE_PC}, {"sp", PT_ROLE_SP}, {"fp", PT_ROLE_FP}, {"flags", PT_ROLE_FLAGS}};

static const struct pt_reg *reg_by_field(const struct pt_arch *arch, struct pt_field f)
{
	for (size_t i = 0; i < arch->reg_count; i++) {
		const struct pt_reg *r = &arch->regs[i];

		if (r->set == PT_SET_GENERAL && r->piece[0].offset == f.offset &&
			r->info.size == f.size)
			return r;
	}
	return NULL;
}

const struct pt_reg *pt_arch_find_reg(const struct pt_arch *arch, const char *name)
{
	for (size_t i = 0; i < PT_COUNTOF(synonyms); i++)
		if (!strcasecmp(name, synonyms[i].name))
			return reg_by_field(arch, arch->role[synonyms[i].role]);
	for (size_t i = 0; i < arch->reg_count; i++)
		if (!strcasecmp(name, arch->regs[i].info.name))
			return &arch->regs[i];
	return NULL;
}

const struct pt_reg *pt_arch_own_reg(const struct pt_arch *arch, const struct ptl_reg_info *info)
{
	uintptr_t first = (uintptr_t)arch->regs, at = (uintptr_t)info;

	if (at < first || at - first >= arch->reg_count * sizeof(arch->regs[0]) ||
		(at - first) % sizeof(arch->regs[0]))
		return NULL;
	return &arch->regs[(at - first) / sizeof(arch->regs[0])];
}

bool pt_reg_present(const struct pt_reg *reg, const struct pt_layout *layout)
{
	if (reg->set != PT_SET_EXTENDED)
		return true;
	if (!layout)
		return false;
	for (unsigned i = 0; i < reg->pieces; i++)
		if (!(layout->present >> reg->piece[i].component & 1))
			return false;
	return true;
}

/* Where a piece is in an image of n bytes; SIZE_MAX if it is not there. */
static size_t piece_at(
	const struct pt_reg *reg, unsigned i, const struct pt_layout *layout, size_t n)
{
	const struct pt_piece *p = &reg->piece[i];
	size_t at = p->offset;

	if (reg->set == PT_SET_EXTENDED) {
		if (!layout || !(layout->present >> p->component & 1) ||
			at + p->size > layout->at[p->component].size)
			return SIZE_MAX;
		at += layout->at[p->component].offset;
	}
	return at <= n && p->size <= n - at ? at : SIZE_MAX;
}

bool pt_reg_get(const struct pt_reg *reg, const struct pt_layout *layout, const void *image,
	size_t n, void *ret_value)
{
	uint8_t *to = ret_value;

	for (unsigned i = 0; i < reg->pieces; i++)
		if (piece_at(reg, i, layout, n) == SIZE_MAX)
			return false;
	for (unsigned i = 0; i < reg->pieces; i++) {
		memcpy(to, (const uint8_t *)image + piece_at(reg, i, layout, n),
			reg->piece[i].size);
		to += reg->piece[i].size;
	}
	return true;
}

/* Where an XSAVE image keeps the set of components that are in use (Intel SDM volume 1, 13.4.2). */
#define IN_USE_OFFSET 512

bool pt_reg_put(const struct pt_reg *reg, const struct pt_layout *layout, void *image, size_t n,
	const void *value)
{
	const uint8_t *from = value;
	uint64_t in_use;

	for (unsigned i = 0; i < reg->pieces; i++)
		if (piece_at(reg, i, layout, n) == SIZE_MAX)
			return false;
	for (unsigned i = 0; i < reg->pieces; i++) {
		memcpy((uint8_t *)image + piece_at(reg, i, layout, n), from, reg->piece[i].size);
		from += reg->piece[i].size;
	}
	if (reg->set == PT_SET_EXTENDED && layout->sparse && n >= IN_USE_OFFSET + sizeof(in_use)) {
		memcpy(&in_use, (uint8_t *)image + IN_USE_OFFSET, sizeof(in_use));
		for (unsigned i = 0; i < reg->pieces; i++)
			in_use |= UINT64_C(1) << reg->piece[i].component;
		memcpy((uint8_t *)image + IN_USE_OFFSET, &in_use, sizeof(in_use));
	}
	return true;
}

/* --- roles ------------------------------------------------------------------------- */

uint64_t pt_role_get(const struct pt_arch *arch, const void *general, enum pt_role role)
{
	struct pt_field f = arch->role[role];
	uint64_t v = 0;

	memcpy(&v, (const uint8_t *)general + f.offset, f.size);
	return v;
}

int64_t pt_role_get_signed(const struct pt_arch *arch, const void *general, enum pt_role role)
{
	uint64_t v = pt_role_get(arch, general, role);

	return arch->role[role].size == 4 ? (int32_t)v : (int64_t)v;
}

void pt_role_put(const struct pt_arch *arch, void *general, enum pt_role role, uint64_t value)
{
	struct pt_field f = arch->role[role];

	memcpy((uint8_t *)general + f.offset, &value, f.size);
}

/* --- interrupted calls ---------------------------------------------------------------- */

static bool listed(const uint16_t *list, uint64_t nr)
{
	for (; *list != PT_NR_END; list++)
		if (*list == nr)
			return true;
	return false;
}

bool pt_result_is_restart(int64_t value)
{
	return value == -PT_ERESTARTSYS || value == -PT_ERESTARTNOINTR ||
	       value == -PT_ERESTARTNOHAND || value == -PT_ERESTART_RESTARTBLOCK;
}

bool pt_arch_restartable(const struct pt_arch *call, uint64_t nr)
{
	return listed(call->eintr, nr);
}

bool pt_arch_uses_restart_block(const struct pt_arch *call, uint64_t nr)
{
	return listed(call->blockers, nr);
}

bool pt_arch_is_final(const struct pt_arch *call, uint64_t nr)
{
	return listed(call->final, nr);
}

bool pt_arch_restart_eintr(const struct pt_arch *task, const struct pt_arch *call, void *general)
{
	int64_t nr = pt_role_get_signed(task, general, PT_ROLE_NR);

	if (nr < 0 || pt_role_get_signed(task, general, PT_ROLE_RET) != -EINTR ||
		!pt_arch_restartable(call, (uint64_t)nr))
		return false;
	pt_role_put(task, general, PT_ROLE_RET, (uint64_t)-(int64_t)PT_ERESTARTNOHAND);
	return true;
}
