/* SPDX-License-Identifier: MIT */
/* Answering events, interrupting, stopping all. See internal.h. */
#include "control/internal.h"

#include <errno.h>
#include <signal.h>

unsigned pt_options(const struct ptl_session *s, const struct ptl_process *p, bool filtered)
{
	/*
	 * TRACESYSGOOD and TRACEEXEC whatever is asked for: without them a tracer that is killed leaves the
	 * tracee a real SIGTRAP for a stop it had not collected.
	 */
	unsigned options = PT_TRACE_SYSGOOD | PT_TRACE_EXEC;

	if (s->flags & PTL_FOLLOW_FORKS)
		options |= PT_TRACE_FORK | PT_TRACE_VFORK | PT_TRACE_CLONE;
	if ((s->flags & PTL_FOLLOW_THREADS) || p->whole)
		options |= PT_TRACE_CLONE;
	if ((s->flags & PTL_EXITKILL) && p->launched)
		options |= PT_TRACE_EXITKILL;
	if (filtered)
		options |= PT_TRACE_SECCOMP;
	return options;
}

/* A step. A worker of the kernel's has no instructions. */
static enum pt_os_go request_for_step(struct ptl_task *t)
{
	if (ptl_task_is_kernel_worker(t))
		return PT_GO_RUN;
	return pt_step_prepare(t);
}

/* Not a step: other tasks of the process may be stepped meanwhile. */
static void leave_stepping(struct ptl_task *t)
{
	if (t->step.active || t->step.judged || t->step.inherited || t->step.tf_stuck ||
		t->step.trap_unblocked)
		pt_step_settle(t);
	if (t->process->tasks > 1)
		pt_code_unwatch(&t->process->code);
	else if (t->process->code.slots)
		pt_code_forget(&t->process->code);
}

static enum pt_os_go request_for(struct ptl_task *t, enum ptl_resume_how how)
{
	switch (how) {
	case PTL_STEP:
		return PT_GO_STEP; /* not asked: see pt_go() */
	case PTL_SYSCALL:
		/* under a filter the kernel reports entries by itself; only exits must be asked for */
		if (t->filtered && !t->in_syscall)
			return PT_GO_RUN;
		return PT_GO_SYSCALL;
	case PTL_RUN:
		break;
	}
	t->in_syscall = false;
	return PT_GO_RUN;
}

int pt_go(struct ptl_task *t, enum ptl_resume_how how, int signo)
{
	int r;

	pt_restart_interrupted_call(t, signo);
	if (t->interrupt_owed) {
		t->interrupt_owed = false;
		t->interrupt_stray = true;
	}
	r = pt_regs_flush(t);
	if (r < 0 && r != -ESRCH)
		return r;
	t->how = how;
	t->silent = false;
	if (t->stop.class == PT_STOP_GROUP) {
		r = pt_os_listen(t->tid);
		t->listening = r >= 0;
	} else {
		enum pt_os_go go;

		if (how == PTL_STEP) {
			go = request_for_step(t);
			t->in_syscall = false;
		} else {
			leave_stepping(t);
			go = request_for(t, how);
		}
		r = pt_os_go(t->tid, go, signo);
	}
	if (r < 0 && r != -ESRCH)
		return pt_fail(t->session, r, "cannot resume task %d: %s", t->tid, ptl_error_text(r));
	/* killed meanwhile: it counts as running until its death is collected */
	pt_mark_running(t);
	return 0;
}

int ptl_resume_task(struct ptl_task *t, enum ptl_resume_how how)
{
	bool group;
	int r = pt_check_caller(t->session);

	if (r < 0)
		return r;
	switch (t->state) {
	case PT_RUNNING:
		return 0;
	case PT_READY: /* it stopped again, or died, since the caller last heard of it */
		return 0;
	case PT_EXITED:
		pt_task_free(t);
		return 0;
	case PT_STOPPED:
		break;
	}
	if (t->again && how != PTL_STEP)
		t->step.tell = 0; /* nobody asks any more */
	if (t->again && t->step.judged && !t->step.tell && !t->step.then_signal)
		t->again = false;
	if (t->again) {
		t->again = false;
		t->how = how;
		pt_mark_ready(t, t->status);
		return 1;
	}
	group = t->stop.class == PT_STOP_GROUP;
	r = pt_go(t, how, t->inject);
	return r < 0 ? r : !group;
}

int ptl_resume(struct ptl_event *ev, enum ptl_resume_how how)
{
	struct ptl_task *t = ev->task;
	int r = pt_check_caller(ev->session);

	if (r < 0)
		return r;
	if (!t)
		return pt_fail(ev->session, -PTL_ESTALE, "%s", ptl_error_text(-PTL_ESTALE));
	ev->task = NULL;
	if (t->sequence != ev->sequence)
		return 0; /* killed since: its death is the next event */
	if (ev->kind == PTL_EV_SIGNAL && t->state == PT_STOPPED)
		t->inject = ev->u.signal.deliver;
	return ptl_resume_task(t, how);
}

/* --- interrupting ------------------------------------------------------------------------- */

int pt_interrupt(struct ptl_task *t)
{
	int r;

	if (t->state != PT_RUNNING || t->interrupt_owed)
		return 0;
	r = pt_os_interrupt(t->tid);
	if (r == -ESRCH)
		return 0; /* dying: its death will be collected */
	if (r < 0)
		return pt_fail(t->session, r, "cannot interrupt task %d: %s", t->tid, ptl_error_text(r));
	t->interrupt_owed = true;
	return 0;
}

int ptl_interrupt(struct ptl_task *t)
{
	int r = pt_check_thread(t->session);

	if (r < 0)
		return r;
	if (t->state == PT_RUNNING)
		t->interrupt_wanted = true;
	return pt_interrupt(t);
}

/*
 * Now that all stand still, no dying thread hides another from the list: the threads that attaching missed. Number
 * found, or negative.
 */
static int find_missed(struct ptl_session *s)
{
	struct ptl_process *p;
	size_t pos = 0;
	int found = 0, r;

	while ((p = pt_map_next(&s->processes, &pos)))
		if (p->whole) {
			r = pt_attach_scan(p);
			if (r == -ENOMEM)
				return r;
			found += r > 0 ? r : 0;
		}
	return found;
}

/* A ready task that says nothing but "interrupted, as you asked", and of which nobody waits to hear that. */
static bool is_silent_stop(struct ptl_task *t)
{
	struct pt_stop stop = pt_classify(t->status);

	return !t->superseded_by && t->phase == PT_PHASE_LIVE &&
		(t->interrupt_owed || t->interrupt_stray) && !t->interrupt_wanted &&
		/* listening: the same stop signal is our answer, SIGTRAP the end of the job-control stop, which is an event */
		stop.class == (t->listening ? PT_STOP_GROUP : PT_STOP_TRAP);
}

static void stop_silently(struct ptl_task *t)
{
	t->stop = pt_classify(t->status);
	t->interrupt_owed = t->interrupt_stray = false;
	t->interrupted = t->stop.class == PT_STOP_TRAP;
	t->listening = false;
	t->inject = 0;
	pt_mark_stopped(t);
	t->silent = true;
}

/* Interrupts what runs and collects the stops; both numbers are of those that still run. */
static int stop_running(struct ptl_session *s, int64_t deadline, size_t *ret_late, size_t *ret_dead)
{
	struct pt_vec list = PT_VEC_INIT(struct ptl_task *);
	struct ptl_task **slot;
	struct pt_link *l;
	size_t i;
	int r = 0;

	for (l = s->running.next; l != &s->running && r >= 0; l = l->next) {
		slot = pt_vec_push(&list);
		if (slot)
			*slot = PT_TASK_OF(l);
		r = slot ? pt_interrupt(*slot) : -ENOMEM;
	}
	if (r >= 0)
		r = pt_wait_tasks(list.data, list.len, deadline, ret_dead);
	for (i = 0; i < list.len && r >= 0; i++) {
		struct ptl_task *t = PT_VEC_AT(&list, struct ptl_task *, i);

		if (t->state == PT_READY && is_silent_stop(t))
			stop_silently(t);
	}
	pt_vec_done(&list);
	*ret_late = r < 0 ? 0 : (size_t)r;
	return r;
}

int ptl_stop_all(struct ptl_session *s, int64_t timeout_ns)
{
	int64_t deadline = timeout_ns < 0 ? -1 : pt_os_now() + timeout_ns;
	size_t late = 0, dead = 0;
	bool hurry;
	int r = pt_check_thread(s);

	if (r < 0)
		return r;
	hurry = s->running_count > 1 && pt_os_hurry();
	do {
		/* births and scans may lengthen the list meanwhile */
		r = stop_running(s, deadline, &late, &dead);
		if (r >= 0 && s->running_count == late + dead)
			r = find_missed(s);
	} while (r >= 0 && s->running_count > late + dead);
	if (hurry) {
		pt_os_unhurry();
		s->hurried = true;
	}
	return r < 0 ? r : (int)late;
}

int ptl_resume_all(struct ptl_session *s)
{
	struct ptl_task *t;
	size_t pos = 0;
	int r = pt_check_thread(s);

	while (r >= 0 && (t = pt_map_next(&s->tasks, &pos)))
		if (t->state == PT_STOPPED && t->silent)
			r = pt_go(t, t->how, 0);
	return r < 0 ? r : 0;
}

/* --- signals ----------------------------------------------------------------------------------- */

/* Is its end collected? Then its tid may be anybody's by now. */
static bool is_reaped(const struct ptl_task *t)
{
	return t->state == PT_EXITED || (t->state == PT_READY && pt_is_end(t));
}

int ptl_kill(struct ptl_process *p)
{
	struct ptl_session *s = p->session;
	struct ptl_task *t = pt_map_find(&s->tasks, (uint64_t)p->pid);
	size_t pos = 0;

	/* the number of a process is taken as long as one thread of it is not reaped */
	if (!t || t->process != p || is_reaped(t))
		while ((t = pt_map_next(&s->tasks, &pos)) && (t->process != p || is_reaped(t)))
			;
	if (!t)
		return pt_fail(s, -PTL_EGONE, "process %d is gone", p->pid);
	/* SIGKILL to any thread ends the whole group, also those that are stopped */
	return kill(p->pid, SIGKILL) < 0 ? -errno : 0;
}

int ptl_signal(struct ptl_task *t, int signo)
{
	if (is_reaped(t))
		return pt_fail(t->session, -PTL_EGONE, "task %d is gone", t->tid);
	return pt_os_tgkill(t->process->pid, t->tid, signo);
}
