/* SPDX-License-Identifier: MIT */
/*
 * Remote system calls: a stopped task makes a call of ours, and nothing shows afterwards.
 *
 *  - prepare: what must be put back is read: registers, signal mask, the details of a signal that is being
 *    delivered, a restartable sequence; signals are blocked;
 *  - call: the pc goes to some system call instruction of the program's (its own vdso has one); PTRACE_SYSCALL to
 *    the call's entry, and again to its exit;
 *  - put back, at the exit, all of it;
 *  - come back: the task goes on to a stop of the kind that the signal code of the kernel makes: a
 *    PTRACE_INTERRUPT stop, or the delivery of the signal that was held.
 *
 * Why not simply stay at the call's exit: a task interrupted in a system call shows a result of -ERESTART..., and it
 * is the kernel's signal code that makes the call go on, when it is left. From a call's exit it is not entered unless
 * something is pending; from the stops above it always is. So an interrupted call, also a sleep with its remaining
 * time, goes on as if nothing had been. Single-stepping over the instruction would be one stop less, but its SIGTRAP
 * resets the disposition of a program that ignores or blocks that signal.
 */
#include "control/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

enum {
	SCAN_STEP = 64 << 10,
	SCAN_MAX = 64 << 20, /* of executable memory that is searched for an instruction */
	RSEQ_CS = 8          /* offset of rseq_cs in struct rseq */
};

/* What must be put back. */
struct undo {
	_Alignas(8) uint8_t general[PT_GENERAL_MAX];
	uint64_t sigmask;
	int held;                   /* a signal that is about to be delivered, 0 if none */
	unsigned char siginfo[128]; /* its details */
	uint64_t rseq_at, rseq_cs;  /* a restartable sequence the task is in; at 0: none */
	struct pt_os_dispatch dispatch;
	bool suspended_seccomp;
};

/* --- waiting --------------------------------------------------------------------------- */

/* The task is gone, or about to: its end is told by ptl_wait(). */
static int died(struct ptl_task *t)
{
	if (t->state == PT_STOPPED)
		pt_mark_running(t);
	return -ESRCH;
}

/* Lets the task run to its next stop, which stays between us and the kernel: no event, and the task
 * counts as stopped. */
static int next_stop(struct ptl_task *t, enum pt_os_go how, int signo, struct pt_stop *ret_stop)
{
	int status, r = pt_os_go(t->tid, how, signo);

	if (r < 0)
		return r == -ESRCH ? died(t) : r;
	do
		r = pt_os_wait(t->tid, &status, true);
	while (r == 0 || r == -EINTR);
	if (r < 0)
		return died(t);
	*ret_stop = pt_classify(status);
	if (ret_stop->class != PT_STOP_EXITED && ret_stop->class != PT_STOP_KILLED)
		return 0;
	pt_mark_running(t);
	(void)pt_take_status(t->session, t->tid, status);
	return -ESRCH;
}

/*
 * Runs to a stop of the wanted class. Others that come in between (a stop signal, which cannot be
 * blocked; an interrupt that was still owed; an event of the call's) are passed over, and what must
 * not be lost is noted. signo, if not 0, is what the task gets from the stop it is in.
 */
static int run_to(struct ptl_task *t, enum pt_os_go how, int signo, enum pt_stop_class wanted,
	bool *stop_signal, struct pt_stop *ret_stop)
{
	for (;; signo = 0) {
		int r = next_stop(t, how, signo, ret_stop);

		if (r < 0)
			return r;
		if (ret_stop->class == wanted ||
			(wanted == PT_STOP_TRAP && ret_stop->class == PT_STOP_GROUP))
			return 0;
		if (ret_stop->class == PT_STOP_SIGNAL && ret_stop->value == SIGSTOP)
			*stop_signal = true;
	}
}

/* --- an instruction to execute ------------------------------------------------------------- */

static bool is_syscall_insn(struct ptl_task *t, const struct pt_arch *arch, uint64_t at)
{
	uint8_t bytes[sizeof(arch->syscall_insn.bytes)];
	size_t n = arch->syscall_insn.length;

	return ptl_read(t, at, bytes, n) == (int64_t)n &&
	       !memcmp(bytes, arch->syscall_insn.bytes, n);
}

static uint64_t search_map(
	struct ptl_task *t, const struct pt_arch *arch, const struct ptl_map *map, size_t *budget)
{
	const struct pt_insn *insn = &arch->syscall_insn;
	uint8_t chunk[SCAN_STEP];

	for (uint64_t at = map->start; at < map->end && *budget;
		at += sizeof(chunk) - insn->length + 1) {
		int64_t n = ptl_read(t, at, chunk, PT_MIN(sizeof(chunk), map->end - at));
		const uint8_t *found =
			n > 0 ? memmem(chunk, (size_t)n, insn->bytes, insn->length) : NULL;

		if (found)
			return at + (uint64_t)(found - chunk);
		if (n <= 0)
			break;
		*budget -= PT_MIN(*budget, (size_t)n);
	}
	return 0;
}

/* The vdso has one, and is small; a program without it has a library, or calls of its own. */
static uint64_t search_maps(struct ptl_task *t, const struct pt_arch *arch)
{
	struct ptl_maps *maps;
	size_t budget = SCAN_MAX;
	uint64_t at = 0;

	if (ptl_maps_read(t, &maps) < 0)
		return 0;
	for (int vdso = 1; vdso >= 0 && !at; vdso--)
		for (size_t i = 0; i < ptl_maps_count(maps) && !at; i++) {
			const struct ptl_map *map = ptl_maps_get(maps, i);

			if (map->perms[2] == 'x' && map->perms[0] == 'r' &&
				(!strcmp(map->name, "[vdso]")) == vdso)
				at = search_map(t, arch, map, &budget);
		}
	ptl_maps_free(maps);
	return at;
}

static uint64_t find_syscall_insn(
	struct ptl_task *t, const struct pt_arch *arch, const uint8_t *general)
{
	struct pt_memory *m = &t->process->memory;
	uint64_t before = pt_role_get(arch, general, PT_ROLE_PC) - arch->syscall_insn.length;

	if (m->syscall_insn && m->syscall_arch == arch && is_syscall_insn(t, arch, m->syscall_insn))
		return m->syscall_insn;
	/* a task that was interrupted in a call stands just behind one */
	m->syscall_insn = is_syscall_insn(t, arch, before) ? before : search_maps(t, arch);
	m->syscall_arch = arch;
	return m->syscall_insn;
}

/* --- whether, and what to put back ------------------------------------------------------------ */

/* Only where the task can go to a system call instruction of ours and come back. */
static int check_stop(struct ptl_task *t)
{
	static const char *const bad[] = {[PT_STOP_SECCOMP] = "at a system call's entry",
		[PT_STOP_FORK] = "in the middle of a fork",
		[PT_STOP_VFORK] = "in the middle of a vfork",
		[PT_STOP_CLONE] = "in the middle of a clone",
		[PT_STOP_VFORK_DONE] = "in the middle of a vfork",
		[PT_STOP_EXIT] = "exiting",
		[PT_STOP_UNKNOWN] = "in an unknown stop"};
	struct pt_os_syscall_info info;
	const char *why = (size_t)t->stop.class < PT_COUNTOF(bad) ? bad[t->stop.class] : NULL;

	if (t->stop.class == PT_STOP_SYSCALL) {
		int r = pt_os_syscall_info(t->tid, &info);

		/* "none" is what it says where an earlier call of ours has left the task */
		if (r == 0 ? info.op == PT_SYSCALL_ENTRY : r == -EIO && t->in_syscall)
			why = "at a system call's entry";
	}
	return why ? pt_fail(t->session, -PTL_ESTATE, "task %d can make no call of ours: it is %s",
			     t->tid, why)
		   : 0;
}

/*
 * A filter could kill the task for a call it was not written for. It is suspended if we may;
 * otherwise the call is refused. Our own filter does no harm.
 */
static int pass_seccomp(struct ptl_task *t, struct undo *undo)
{
	unsigned options = pt_options(t->session, t->process, t->filtered);
	struct pt_os_status st;
	int r = pt_os_status(t->tid, &st);

	if (r < 0)
		return r;
	if (!st.seccomp || (t->filtered && st.filters == 1))
		return 0;
	r = pt_os_setoptions(t->tid, options | PT_TRACE_SUSPEND_SECCOMP);
	if (r == -ESRCH)
		return r;
	if (r < 0)
		return pt_fail(t->session, -EPERM,
			"task %d has a seccomp filter that could kill it for a call of ours",
			t->tid);
	undo->suspended_seccomp = true;
	return 0;
}

/* In a restartable sequence the kernel, finding the pc outside, would forget the sequence: then
 * nothing would abort it. */
static void note_rseq(struct ptl_task *t, struct undo *undo)
{
	uint64_t at = 0;

	undo->rseq_at = 0;
	if (pt_os_rseq(t->tid, &at) < 0 || !at)
		return;
	if (ptl_read(t, at + RSEQ_CS, &undo->rseq_cs, sizeof(undo->rseq_cs)) ==
			sizeof(undo->rseq_cs) &&
		undo->rseq_cs)
		undo->rseq_at = at + RSEQ_CS;
}

static int prepare(struct ptl_task *t, const struct pt_arch *arch, uint64_t nr, struct undo *undo)
{
	int64_t result;
	int r;

	result = pt_role_get_signed(arch, undo->general, PT_ROLE_RET);
	if (result == -PT_ERESTART_RESTARTBLOCK &&
		pt_role_get_signed(arch, undo->general, PT_ROLE_NR) >= 0 &&
		pt_arch_uses_restart_block(arch, nr))
		return pt_fail(t->session, -PTL_ESTATE,
			"call %" PRIu64 " would make task %d forget how long it still has to sleep",
			nr, t->tid);
	/* A signal that is being delivered is taken off, and given again afterwards: see come_back(). */
	if (t->stop.class == PT_STOP_SIGNAL && (t->inject || t->again)) {
		undo->held = t->stop.value;
		r = pt_os_siginfo(t->tid, undo->siginfo);
		if (r < 0)
			return r == -ESRCH ? died(t) : r;
	}
	r = pt_os_getsigmask(t->tid, &undo->sigmask);
	if (r < 0)
		return r == -ESRCH ? died(t) : r;
	note_rseq(t, undo);
	return pass_seccomp(t, undo);
}

/* --- the call ----------------------------------------------------------------------------- */

static int call(struct ptl_task *t, const struct pt_arch *arch, uint64_t at, uint64_t nr,
	const uint64_t args[6], const struct undo *undo, bool *stop_signal, bool *ret_ran,
	int64_t *ret_value)
{
	_Alignas(8) uint8_t general[PT_GENERAL_MAX];
	struct pt_stop stop;
	int64_t n;
	int r;

	memcpy(general, undo->general, sizeof(general));
	pt_role_put(arch, general, PT_ROLE_PC, at);
	pt_role_put(arch, general, PT_ROLE_NR, (uint64_t)-1); /* in no call: nothing to restart */
	pt_role_put(arch, general, PT_ROLE_RET, nr);
	for (unsigned i = 0; i < 6; i++)
		pt_role_put(arch, general, (enum pt_role)(PT_ROLE_ARG0 + i), args[i]);
	pt_role_put(arch, general, PT_ROLE_FLAGS,
		pt_role_get(arch, general, PT_ROLE_FLAGS) & ~arch->trap_flag);
	r = pt_regs_put(t->tid, arch, general);
	*ret_ran = r == 0;
	for (unsigned i = 0; r == 0 && i < 2; i++) /* entry, exit */
		r = run_to(t, PT_GO_SYSCALL, 0, PT_STOP_SYSCALL, stop_signal, &stop);
	if (r < 0)
		return r == -ESRCH ? died(t) : r;
	n = pt_os_getregset(t->tid, arch->note_general, general, sizeof(general));
	if (n < 0)
		return n == -ESRCH ? died(t) : (int)n;
	*ret_value = pt_role_get_signed(arch, general, PT_ROLE_RET);
	return 0;
}

static int put_back(struct ptl_task *t, const struct pt_arch *arch, const struct undo *undo)
{
	int r = pt_regs_put(t->tid, arch, undo->general);

	if (r == 0)
		r = pt_os_setsigmask(t->tid, undo->sigmask);
	if (undo->suspended_seccomp)
		(void)pt_os_setoptions(t->tid, pt_options(t->session, t->process, t->filtered));
	if (undo->dispatch.mode)
		(void)pt_os_set_dispatch(t->tid, &undo->dispatch);
	if (undo->rseq_at)
		(void)ptl_write(t, undo->rseq_at, &undo->rseq_cs, sizeof(undo->rseq_cs));
	return r;
}

/* From the call's exit back to a stop in the kernel's signal code. */
static int come_back(struct ptl_task *t, const struct undo *undo, bool *stop_signal)
{
	bool owed = t->interrupt_owed;
	struct pt_stop stop;
	int r;

	if (undo->held) {
		int give = undo->held;

		/*
		 * The same signal with the same details; no other can come first, and once it is here the mask is put
		 * back. Given with the resume, not sent: the kernel then needs no room in the queue of signals.
		 */
		r = pt_os_setsigmask(t->tid, ~(UINT64_C(1) << (undo->held - 1)));
		for (; r == 0; give = 0) {
			r = run_to(t, PT_GO_RUN, give, PT_STOP_SIGNAL, stop_signal, &stop);
			if (r < 0 || stop.value == undo->held)
				break;
			*stop_signal = true; /* nothing else cannot be blocked */
		}
		if (r == 0)
			r = pt_os_setsiginfo(t->tid, undo->siginfo);
		if (r == 0)
			r = pt_os_setsigmask(t->tid, undo->sigmask);
	} else {
		r = pt_os_interrupt(t->tid);
		if (r == 0)
			r = run_to(t, PT_GO_RUN, 0, PT_STOP_TRAP, stop_signal, &stop);
		/* Job control may have stopped or continued the process meanwhile: resume must do
		 * right by that. */
		if (r == 0 && (stop.class == PT_STOP_GROUP || t->stop.class == PT_STOP_GROUP))
			t->stop = stop;
	}
	/* What came in between and was taken: an interrupt somebody still waits for, a stop signal.
	 */
	if (r == 0 && owed)
		r = pt_os_interrupt(t->tid);
	if (r == 0 && *stop_signal && undo->held != SIGSTOP)
		r = pt_os_tgkill(t->process->pid, t->tid, SIGSTOP);
	return r;
}

int ptl_inject_syscall(struct ptl_task *t, uint64_t nr, const uint64_t args[6], int64_t *ret_value)
{
	static const struct pt_os_dispatch no_dispatch;
	const uint64_t all_blocked = ~UINT64_C(0);
	const struct pt_arch *arch;
	struct undo undo = {0};
	bool stop_signal = false, ran = false;
	struct pt_stop stop;
	uint64_t at;
	int r = pt_check_thread(t->session), back;

	if (r < 0)
		return r;
	r = pt_regs_fetch(t, PT_SET_GENERAL);
	if (r == 0)
		r = pt_regs_flush(t);
	if (r < 0)
		return r;
	arch = t->regs.arch;
	if (pt_arch_is_final(arch, nr))
		return pt_fail(t->session, -EINVAL, "call %" PRIu64 " cannot be undone", nr);
	r = check_stop(t);
	if (r == 0 && t->stop.class == PT_STOP_EXEC) {
		/* The execve has yet to return: let it, or its result would overwrite the number of
		 * our call. */
		r = run_to(t, PT_GO_SYSCALL, 0, PT_STOP_SYSCALL, &stop_signal, &stop);
		pt_regs_invalidate(t);
		if (r == 0) {
			t->stop = stop;
			r = pt_regs_fetch(t, PT_SET_GENERAL);
		}
	}
	if (r < 0)
		return r;
	memcpy(undo.general, t->regs.general, sizeof(undo.general));
	at = find_syscall_insn(t, arch, undo.general);
	if (!at && pt_os_getsigmask(t->tid, &undo.sigmask) == -ESRCH) /* it died while it was looked through */
		return died(t);
	if (!at)
		return pt_fail(t->session, -PTL_EUNSUPPORTED,
			"task %d has no system call instruction to execute", t->tid);
	r = prepare(t, arch, nr, &undo);
	if (r < 0)
		return r == -ESRCH ? died(t) : r;
	r = pt_os_setsigmask(t->tid, all_blocked);
	/* a dispatcher of the program's own would take the call for one of its guest's */
	if (r == 0 && pt_os_get_dispatch(t->tid, &undo.dispatch) == 0 && undo.dispatch.mode)
		r = pt_os_set_dispatch(t->tid, &no_dispatch);
	if (r == 0)
		r = call(t, arch, at, nr, args, &undo, &stop_signal, &ran, ret_value);
	if (r == -ESRCH)
		return died(t);
	back = put_back(t, arch, &undo);
	if (back == 0 && ran) /* else it stands where it stood */
		back = come_back(t, &undo, &stop_signal);
	pt_regs_invalidate(t);
	if (back < 0)
		return back == -ESRCH ? died(t) : back;
	return r;
}
