/* SPDX-License-Identifier: MIT */
/*
 * From a stop to an event. The table at the bottom has one function a class of stop; each fills in the event and
 * answers 1, or does what is ours to do, lets the task go on, and answers 0.
 */
#include "control/internal.h"
#include "arch/arch.h"

#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

/* The task died under our hands: back to running, so that its death is collected. */
static int died(struct ptl_task *t)
{
	pt_mark_running(t);
	return 0;
}

static int go_on(struct ptl_task *t, int signo)
{
	int r = pt_go(t, t->how, signo);

	return r < 0 ? r : 0;
}

/* --- first stops ----------------------------------------------------------------------- */

static int started(struct ptl_task *t, struct ptl_event *ev)
{
	static const enum ptl_start_how how[] = {[PT_PHASE_NEWBORN] = PTL_START_BORN,
		[PT_PHASE_ATTACHING] = PTL_START_ATTACHED,
		[PT_PHASE_LAUNCHED] = PTL_START_LAUNCHED};

	ev->kind = PTL_EV_STARTED;
	ev->u.started.how = how[t->phase];
	ev->u.started.parent = t->parent;
	ev->u.started.stop_signo = t->stop.class == PT_STOP_GROUP ? t->stop.value : 0;
	t->phase = PT_PHASE_LIVE;
	return 1;
}

/* --- births ------------------------------------------------------------------------------- */

bool pt_is_followed(const struct ptl_session *s, const struct ptl_process *p, bool thread)
{
	return (s->flags & (thread ? PTL_FOLLOW_THREADS : PTL_FOLLOW_FORKS)) || (thread && p->whole);
}

int pt_newborn(struct ptl_task *t, enum pt_stop_class birth, pid_t *ret_tid, struct ptl_task **ret_child)
{
	struct ptl_session *s = t->session;
	struct ptl_task *child;
	struct pt_os_status st;
	unsigned long tid;
	pid_t pid;

	if (pt_os_eventmsg(t->tid, &tid) < 0)
		return -ESRCH;
	*ret_tid = (pid_t)tid;
	*ret_child = NULL;
	if (pt_map_remove(&s->early, tid))
		return 0; /* its whole life was told already */
	child = pt_map_find(&s->tasks, tid); /* if so, it reported before its parent did */
	if (!child) {
		pid = (pid_t)tid;
		/* what the flags made of it: only a clone can be a thread */
		if (birth == PT_STOP_CLONE && pt_os_status((pid_t)tid, &st) == 0)
			pid = st.tgid;
		child = pt_task_new(s, (pid_t)tid, pid, PT_PHASE_NEWBORN);
		if (!child)
			return -ENOMEM;
		/* the signal that told of its stop may have been taken before anybody knew it */
		s->hot_owed = s->scan_owed = true;
	}
	child->parent = t->tid;
	child->filtered = t->filtered;
	pt_step_inherit(child, t);
	child->arch = t->arch;
	if (child->phase == PT_PHASE_NEWBORN &&
		!pt_is_followed(s, t->process, child->process == t->process))
		child->phase = PT_PHASE_UNWANTED;
	*ret_child = child;
	return 0;
}

static int forked(struct ptl_task *t, struct ptl_event *ev)
{
	static const enum ptl_birth how[] = {[PT_STOP_FORK] = PTL_BIRTH_FORK,
		[PT_STOP_VFORK] = PTL_BIRTH_VFORK,
		[PT_STOP_CLONE] = PTL_BIRTH_CLONE};
	struct ptl_task *child;
	int r = pt_newborn(t, t->stop.class, &ev->u.forked.child, &child);

	if (r < 0)
		return r == -ESRCH ? died(t) : r;
	ev->kind = PTL_EV_FORKED;
	ev->u.forked.how = how[t->stop.class];
	ev->u.forked.child_task = !child || child->phase == PT_PHASE_UNWANTED ? NULL : child;
	return 1;
}

/* --- system calls ---------------------------------------------------------------------------- */

/* A kernel without PTRACE_GET_SYSCALL_INFO: entry and exit alternate, the registers tell the rest. */
static int syscall_by_registers(struct ptl_task *t, struct pt_os_syscall_info *info)
{
	unsigned char image[PT_GENERAL_MAX] __attribute__((aligned(8)));
	int64_t n = pt_os_getregset(t->tid, 1 /* NT_PRSTATUS */, image, sizeof(image));
	const struct pt_arch *arch = n > 0 ? pt_arch_by_general_size((size_t)n) : NULL;
	int i;

	if (!arch)
		return n < 0 ? (int)n : -PTL_EUNSUPPORTED;
	memset(info, 0, sizeof(*info));
	info->arch = arch->audit;
	info->ip = pt_role_get(arch, image, PT_ROLE_PC);
	info->sp = pt_role_get(arch, image, PT_ROLE_SP);
	if (t->in_syscall && t->stop.class != PT_STOP_SECCOMP) {
		info->op = PT_SYSCALL_EXIT;
		info->exit.value = pt_role_get_signed(arch, image, PT_ROLE_RET);
		info->exit.is_error = info->exit.value < 0 && info->exit.value >= -4095;
		return 0;
	}
	info->op = PT_SYSCALL_ENTRY;
	info->entry.nr = pt_role_get(arch, image, PT_ROLE_NR);
	for (i = 0; i < 6; i++)
		info->entry.args[i] = pt_role_get(arch, image, (enum pt_role)(PT_ROLE_ARG0 + i));
	return 0;
}

static bool is_exec(uint32_t arch, uint64_t nr)
{
	return arch == AUDIT_ARCH_X86_64 && (nr == SYS_execve || nr == SYS_execveat);
}

/* The kernel tells the whole registers; a call of the 32-bit table sees their lower halves, also from 64-bit code (int 0x80). */
static void copy_args(uint64_t *to, const uint64_t *from, uint32_t arch)
{
	const struct pt_arch *call = pt_arch_by_audit(arch);
	uint64_t mask = call && call->word < 8 ? UINT32_MAX : UINT64_MAX;

	for (int i = 0; i < 6; i++)
		to[i] = from[i] & mask;
}

static int syscall_stop(struct ptl_task *t, struct ptl_event *ev)
{
	struct ptl_session *s = t->session;
	struct pt_os_syscall_info info;
	int r = s->no_syscall_info ? -EIO : pt_os_syscall_info(t->tid, &info);

	if (r == -EIO) {
		s->no_syscall_info = true;
		r = syscall_by_registers(t, &info);
	}
	if (r < 0)
		return died(t);
	t->arch = info.arch;
	if (t->step.active && t->step.mask_call) { /* a step makes this call */
		if (!pt_step_mask_stop(t, info.op == PT_SYSCALL_EXIT))
			return go_on(t, 0);
		if (t->how != PTL_STEP)
			return go_on(t, 0);
		ev->kind = PTL_EV_STEPPED;
		pt_step_fill(t, ev);
		return 1;
	}
	switch (info.op) {
	case PT_SYSCALL_ENTRY:
	case PT_SYSCALL_SECCOMP:
		t->in_syscall = true;
		/* our own code between fork and execve is no business of the caller's */
		if (t->before_exec && !is_exec(info.arch, info.entry.nr))
			return go_on(t, 0);
		t->before_exec = false;
		ev->kind = PTL_EV_SYSCALL_ENTRY;
		ev->u.entry.arch = info.arch;
		ev->u.entry.nr = info.entry.nr;
		copy_args(ev->u.entry.args, info.entry.args, info.arch);
		ev->u.entry.ip = info.ip;
		ev->u.entry.sp = info.sp;
		ev->u.entry.seccomp = info.op == PT_SYSCALL_SECCOMP;
		return 1;
	case PT_SYSCALL_EXIT:
		t->in_syscall = false;
		if (t->before_exec)
			return go_on(t, 0);
		ev->kind = PTL_EV_SYSCALL_EXIT;
		ev->u.exit.value = info.exit.value;
		ev->u.exit.is_error = info.exit.is_error;
		return 1;
	}
	return go_on(t, 0); /* the kernel does not know what it stopped for: no call of the program's */
}

/* --- signals ------------------------------------------------------------------------------------ */

static int read_i32(const unsigned char *p)
{
	int32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t read_u64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* siginfo_t of the tracer's ABI (PTRACE_GETSIGINFO always gives that): offsets of <asm-generic/siginfo.h>. */
static void fill_siginfo(struct ptl_siginfo *ret, const unsigned char raw[128])
{
	memcpy(ret->raw, raw, sizeof(ret->raw));
	ret->signo = read_i32(raw);
	ret->error = read_i32(raw + 4);
	ret->code = read_i32(raw + 8);
	ret->pid = read_i32(raw + 16);
	ret->uid = (uid_t)read_i32(raw + 20);
	ret->status = read_i32(raw + 24);
	ret->addr = read_u64(raw + 16);
	ret->value = read_u64(raw + 24);
}

int ptl_siginfo_get(struct ptl_task *t, struct ptl_siginfo *ret)
{
	unsigned char raw[128];
	int r;

	if (t->state != PT_STOPPED)
		return -PTL_ERUNNING;
	if (t->stop.class != PT_STOP_SIGNAL)
		return -PTL_ESTATE;
	r = pt_os_siginfo(t->tid, raw);
	if (r < 0)
		return r;
	fill_siginfo(ret, raw);
	return 0;
}

static int signal_stop(struct ptl_task *t, struct ptl_event *ev)
{
	unsigned char raw[128];
	int r = pt_os_siginfo(t->tid, raw);

	if (r == -ESRCH)
		return died(t);
	if (r < 0)
		memset(raw, 0, sizeof(raw));
	if (r == 0 && (t->step.active || t->step.judged)) {
		enum pt_step_answer answer;

		do
			answer = pt_step_stopped(t, raw);
		while (answer == PT_STEP_DONE && t->how != PTL_STEP); /* nobody asks any more */
		if (answer == PT_STEP_MORE)
			return go_on(t, 0);
		if (answer == PT_STEP_DONE) {
			ev->kind = PTL_EV_STEPPED;
			pt_step_fill(t, ev);
			return 1;
		}
	}
	t->inject = t->stop.value;
	ev->kind = PTL_EV_SIGNAL;
	fill_siginfo(&ev->u.signal.info, raw);
	ev->u.signal.info.signo = t->stop.value;
	ev->u.signal.deliver = t->stop.value;
	return 1;
}

/* --- our interrupts, and job control -------------------------------------------------------------- */

/* Is this stop the answer to an interrupt of ours, and does the caller wait for it? No other interrupt is out any more. */
static bool take_interrupt(struct ptl_task *t)
{
	t->interrupt_owed = t->interrupt_stray = false;
	return t->interrupt_wanted;
}

static int trap_stop(struct ptl_task *t, struct ptl_event *ev)
{
	bool wanted = take_interrupt(t), continued = t->listening;

	t->listening = false;
	if (continued) {
		ev->kind = PTL_EV_CONTINUED;
		return 1;
	}
	/*
	 * Our interrupt, one whose purpose was served by a stop that came before, or a SIGCONT to a task that was not stopped, which
	 * without a tracer would not even have noticed.
	 */
	t->interrupted = true;
	if (!wanted)
		return go_on(t, 0);
	ev->kind = PTL_EV_INTERRUPTED;
	return 1;
}

static int group_stop(struct ptl_task *t, struct ptl_event *ev)
{
	bool ours = (t->interrupt_owed || t->interrupt_stray) && t->listening;
	bool wanted = take_interrupt(t);

	if (ours && !wanted)
		return go_on(t, 0);
	ev->kind = ours ? PTL_EV_INTERRUPTED : PTL_EV_GROUP_STOP;
	ev->u.stop.signo = t->stop.value;
	return 1;
}

/* --- the rest ------------------------------------------------------------------------------------- */

static int exec_stop(struct ptl_task *t, struct ptl_event *ev)
{
	t->before_exec = false;
	t->arch = 0;
	pt_step_exec(t);
	ev->kind = PTL_EV_EXEC;
	ev->u.exec.former_tid = t->former_tid;
	ev->u.exec.former_serial = t->serial;
	return 1;
}

static int exited(struct ptl_task *t, struct ptl_event *ev)
{
	struct ptl_session *s = t->session;

	if (pt_step_exited(t) && t->how == PTL_STEP) {
		ev->kind = PTL_EV_STEPPED;
		pt_step_fill(t, ev);
		t->again = true;
		return 1;
	}
	ev->kind = PTL_EV_EXITED;
	ev->u.exited.last = t->process->tasks == 1;
	if (t->superseded_by > 0) {
		ev->u.exited.superseded_by = t->superseded_by;
		ev->u.exited.last = false;
	} else if (t->superseded_by < 0) {
		ev->u.exited.unknown = true;
	} else if (t->stop.class == PT_STOP_EXITED) {
		ev->u.exited.code = t->stop.value;
	} else {
		ev->u.exited.signo = t->stop.value;
		ev->u.exited.core = t->stop.core;
	}
	/* by somebody, or by another thread's exit or execve */
	s->maker_killed |= ev->u.exited.signo == SIGKILL || t->process->tasks > 1;
	if (t->tid == s->launch_pid && !t->superseded_by)
		s->launch_status = t->status;
	/* a child can run on another processor while its creator is still on the way to its own stop */
	if (t->born && !t->parent && pt_map_put(&s->early, (uint64_t)t->tid, s) < 0)
		return -ENOMEM;
	/* the kernel may give its tid to another from now on */
	if (pt_map_find(&s->tasks, (uint64_t)t->tid) == t)
		pt_map_remove(&s->tasks, (uint64_t)t->tid);
	pt_mark_exited(t);
	return 1;
}

static int swallow(struct ptl_task *t, struct ptl_event *ev)
{
	(void)ev;
	return go_on(t, 0);
}

int pt_hand_out(struct ptl_task *t, struct ptl_event *ev)
{
	static int (*const by_class[])(struct ptl_task *t, struct ptl_event *ev) = {
		[PT_STOP_NONE] = swallow,
		[PT_STOP_EXITED] = exited,
		[PT_STOP_KILLED] = exited,
		[PT_STOP_SYSCALL] = syscall_stop,
		[PT_STOP_SECCOMP] = syscall_stop,
		[PT_STOP_FORK] = forked,
		[PT_STOP_VFORK] = forked,
		[PT_STOP_CLONE] = forked,
		[PT_STOP_VFORK_DONE] = swallow,
		[PT_STOP_EXEC] = exec_stop,
		[PT_STOP_EXIT] = swallow,
		[PT_STOP_TRAP] = trap_stop,
		[PT_STOP_GROUP] = group_stop,
		[PT_STOP_SIGNAL] = signal_stop,
		[PT_STOP_UNKNOWN] = swallow,
	};
	bool dead;
	int r;

	t->stop = t->superseded_by ? (struct pt_stop){PT_STOP_KILLED, 0, false}
				   : pt_classify(t->status);
	dead = t->stop.class == PT_STOP_EXITED || t->stop.class == PT_STOP_KILLED;
	t->inject = 0;
	t->interrupted = false;
	pt_mark_stopped(t);
	ev->session = t->session;
	ev->task = t;
	ev->tid = t->tid;
	ev->pid = t->process->pid;
	ev->serial = t->serial;
	ev->sequence = t->sequence;
	memset(&ev->u, 0, offsetof(struct ptl_siginfo, raw));

	if (t->how == PTL_STEP && t->stop.class != PT_STOP_SIGNAL)
		pt_step_other_stop(t);
	if (t->phase == PT_PHASE_UNWANTED) {
		if (!dead) {
			pt_step_settle(t);
			pt_os_detach(t->tid, t->stop.class == PT_STOP_SIGNAL ? t->stop.value : 0);
		}
		pt_task_free(t);
		return 0;
	}
	if (t->phase != PT_PHASE_LIVE && !dead) {
		/*
		 * The first stop is as a rule the one that was asked for. A signal or exec that was faster is told as what it is, after
		 * STARTED: so keep the stop, and hand it out once more.
		 */
		started(t, ev);
		if (t->stop.class == PT_STOP_TRAP || t->stop.class == PT_STOP_GROUP) {
			t->interrupt_owed = t->interrupt_stray = false;
			t->interrupted = t->stop.class == PT_STOP_TRAP;
			return 1;
		}
		if (t->stop.class == PT_STOP_EXEC && ev->u.started.how == PTL_START_LAUNCHED) {
			t->before_exec = false;
			return 1;
		}
		t->again = true;
		return 1;
	}
	if (t->phase != PT_PHASE_LIVE)
		t->phase = PT_PHASE_LIVE;
	r = by_class[t->stop.class](t, ev);
	if (r > 0)
		t->interrupt_wanted = false;
	return r;
}
