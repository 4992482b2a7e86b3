/* SPDX-License-Identifier: MIT */
/* H108: fs_base and gs_base are registers like others, up to the highest address of a program, and what a tracer sets is what arch_prctl(2) answers. */
#include "quirk.h"

#include <asm/prctl.h>

struct record {
	volatile unsigned long fs, gs, gs_after;
	volatile int go;
};
static struct record *rec;

static void debuggee(void)
{
	unsigned long v;

	syscall(SYS_arch_prctl, ARCH_SET_GS, 0x7fffffffe000);
	syscall(SYS_arch_prctl, ARCH_GET_FS, &v);
	rec->fs = v;
	syscall(SYS_arch_prctl, ARCH_GET_GS, &v);
	rec->gs = v;
	while (!rec->go)
		q_sleep_us(200);
	syscall(SYS_arch_prctl, ARCH_GET_GS, &v);
	rec->gs_after = v;
	_exit(0);
}

int main(void)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	uint64_t v;
	pid_t pid;

	rec = q_shared(sizeof(*rec));
	pid = q_fork();
	if (!pid)
		debuggee();
	UNTIL(rec->gs);
	q_attach(s, pid, &ev);
	OK(s, ptl_get(ev.task, "fs_base", &v));
	CHECK(v == rec->fs && v, "fs_base %#llx", (unsigned long long)v);
	OK(s, ptl_get(ev.task, "gs_base", &v));
	CHECK(v == 0x7fffffffe000, "gs_base %#llx", (unsigned long long)v);
	OK(s, ptl_set(ev.task, "gs_base", UINT64_C(1) << 46));
	OK(s, ptl_reg_flush(ev.task));
	OK(s, ptl_get(ev.task, "gs_base", &v));
	CHECK(v == UINT64_C(1) << 46, "gs_base %#llx", (unsigned long long)v);
	RESUME(&ev, PTL_RUN);
	rec->go = 1;
	q_expect(s, &ev, PTL_EV_EXITED);
	CHECK(ev.u.exited.code == 0 && rec->gs_after == 1UL << 46, "the program sees %#lx", rec->gs_after);
	RESUME(&ev, PTL_RUN);
	ptl_session_free(s);
	return 0;
}
