/* SPDX-License-Identifier: MIT */
/* The register cache of a task. See regs.h. */
#include "control/internal.h"
#include "arch/arch.h"

void pt_regs_init(struct ptl_task *t)
{
	t->regs.valid = t->regs.dirty = false;
}

void pt_regs_done(struct ptl_task *t)
{
	(void)t;
}

void pt_regs_invalidate(struct ptl_task *t)
{
	t->regs.valid = t->regs.dirty = false;
}

int pt_regs_flush(struct ptl_task *t)
{
	(void)t;
	return 0;
}

static const struct pt_arch *general(struct ptl_task *t, unsigned char image[PT_GENERAL_MAX])
{
	int64_t n = t->state == PT_STOPPED ? pt_os_getregset(t->tid, 1, image, PT_GENERAL_MAX) : -1;

	return n > 0 ? pt_arch_by_general_size((size_t)n) : NULL;
}

uint32_t ptl_task_arch(struct ptl_task *t)
{
	unsigned char image[PT_GENERAL_MAX];
	const struct pt_arch *arch = general(t, image);

	return arch ? arch->audit : t->arch;
}

uint64_t ptl_pc(struct ptl_task *t)
{
	unsigned char image[PT_GENERAL_MAX];
	const struct pt_arch *arch = general(t, image);

	return arch ? pt_role_get(arch, image, PT_ROLE_PC) : 0;
}

uint64_t ptl_sp(struct ptl_task *t)
{
	unsigned char image[PT_GENERAL_MAX];
	const struct pt_arch *arch = general(t, image);

	return arch ? pt_role_get(arch, image, PT_ROLE_SP) : 0;
}
