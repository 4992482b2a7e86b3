/* SPDX-License-Identifier: MIT */
/*
 * Transparent stops. The kernel restarts most blocking calls after a stop by itself; some answer EINTR
 * although no signal came (epoll_wait, semop, sigtimedwait ...: see arch's table). The program, which installed no handler, may not
 * be prepared for that. Such a call did nothing, so the kernel is told to treat it as one of those it restarts; if a
 * signal's handler is to run after all, the program sees the EINTR it must see (tests/quirks/h55_detach_running).
 */
#include "control/internal.h"
#include "arch/arch.h"

#include <errno.h>
#include <signal.h>

/* Job control ends such a call also without a tracer, signal(7). */
static bool is_stop_signal(int signo)
{
	return signo == SIGSTOP || signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU;
}

void pt_restart_interrupted_call(struct ptl_task *t, int signo)
{
	unsigned char image[PT_GENERAL_MAX] __attribute__((aligned(8)));
	const struct pt_arch *arch, *call;
	struct pt_os_syscall_info info;
	bool signal = t->stop.class == PT_STOP_SIGNAL && t->stop.value != SIGTRAP;
	int64_t n;

	/*
	 * An interrupt of ours, or a stop that came while one was on its way: that one shows the EINTR, and takes the
	 * interrupt along. A signal that is dropped, or that the program ignores: the kernel wakes a tracee even for that.
	 */
	if (!t->interrupted && !t->interrupt_owed && !signal)
		return;
	t->interrupted = false;
	if (is_stop_signal(signo) || t->regs.dirty)
		return; /* whoever changed registers here decides where it goes on */
	n = pt_os_getregset(t->tid, 1 /* NT_PRSTATUS */, image, sizeof(image));
	arch = n > 0 ? pt_arch_by_general_size((size_t)n) : NULL;
	if (!arch || (int32_t)pt_role_get(arch, image, PT_ROLE_RET) != -EINTR)
		return;
	call = arch;
	if (pt_os_syscall_info(t->tid, &info) == 0 && pt_arch_by_audit(info.arch))
		call = pt_arch_by_audit(info.arch);
	if (!pt_arch_restart_eintr(arch, call, image))
		return;
	PT_LOG(&t->session->log, PT_LOG_CONTROL, PT_LOG_INFO, "task %d: interrupted call made again", t->tid);
	pt_regs_put(t->tid, arch, image);
	pt_regs_invalidate(t);
}
