/* SPDX-License-Identifier: MIT */
/*
 * Transparent stops. The kernel restarts most blocking calls after a stop by itself; some answer EINTR
 * although no signal came (epoll_wait, semop, sigtimedwait ...: see arch's table). The program, which installed no handler, may not
 * be prepared for that. Such a call did nothing, so it is made again.
 */
#include "control/internal.h"
#include "arch/arch.h"

#include <errno.h>
#include <signal.h>

/* Would the program, without a tracer, not even have noticed this signal? */
static bool is_ignored(const struct pt_os_status *st, int signo)
{
	static const uint64_t by_default = UINT64_C(1) << (SIGCHLD - 1) | UINT64_C(1) << (SIGCONT - 1) |
		UINT64_C(1) << (SIGURG - 1) | UINT64_C(1) << (SIGWINCH - 1);
	uint64_t bit = UINT64_C(1) << (signo - 1);

	return (st->ignored & bit) || (!(st->caught & bit) && (by_default & bit));
}

void pt_restart_interrupted_call(struct ptl_task *t, int signo)
{
	unsigned char image[PT_GENERAL_MAX] __attribute__((aligned(8)));
	const struct pt_arch *arch, *call;
	struct pt_os_syscall_info info;
	struct pt_os_status st;
	bool signal = t->stop.class == PT_STOP_SIGNAL && t->stop.value != SIGTRAP;
	int64_t n;

	/*
	 * An interrupt of ours, or a stop that came while one was on its way: that one shows the EINTR, and takes the
	 * interrupt along. A signal that is dropped, or that the program ignores: the kernel wakes a tracee even for that.
	 */
	if (!t->interrupted && !t->interrupt_owed && !signal)
		return;
	t->interrupted = false;
	if (t->regs.dirty)
		return; /* whoever changed registers here decides where it goes on */
	n = pt_os_getregset(t->tid, 1 /* NT_PRSTATUS */, image, sizeof(image));
	arch = n > 0 ? pt_arch_by_general_size((size_t)n) : NULL;
	if (!arch || (int32_t)pt_role_get(arch, image, PT_ROLE_RET) != -EINTR)
		return;
	call = arch;
	if (pt_os_syscall_info(t->tid, &info) == 0 && pt_arch_by_audit(info.arch))
		call = pt_arch_by_audit(info.arch);
	/* a signal that is or will be handled is a good reason for EINTR: then the program must see it */
	if (pt_os_status(t->tid, &st) < 0)
		return;
	if (t->step.active) /* the answer to our own step, on its way */
		st.pending &= ~(UINT64_C(1) << (SIGTRAP - 1));
	if (st.pending || (signo && !is_ignored(&st, signo)))
		return;
	if (!pt_arch_rewind_eintr(arch, call, image))
		return;
	PT_LOG(&t->session->log, PT_LOG_CONTROL, PT_LOG_INFO, "task %d: interrupted call made again", t->tid);
	pt_os_setregset(t->tid, 1, image, (size_t)n);
	pt_regs_invalidate(t);
}
