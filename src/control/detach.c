/* SPDX-License-Identifier: MIT */
/*
 * Letting go, so that nothing shows. ptrace detaches only from a stopped task, hence: interrupt what runs, collect by tid,
 * then for each deliver what its stop held back, put back what the stop disturbed, detach. A task in a job-control stop
 * stays in it: the kernel sees to that as long as PTRACE_SEIZE was used and no signal is given.
 */
#include "control/internal.h"
#include "arch/arch.h"

#include <errno.h>
#include <signal.h>

/* The signal a stopped task still has to get. told: its stop was handed out, with nothing left to say. */
static int held_signal(struct ptl_task *t, bool told)
{
	unsigned char raw[128];
	enum pt_step_answer answer = PT_STEP_SIGNAL;

	if (t->stop.class != PT_STOP_SIGNAL)
		return 0;
	if (told)
		return t->inject;
	/* the answer to a step is not the program's, and may want something put right */
	if ((t->step.active || t->step.judged) && pt_os_siginfo(t->tid, raw) == 0)
		do
			answer = pt_step_stopped(t, raw);
		while (answer == PT_STEP_DONE);
	return answer == PT_STEP_SIGNAL ? t->stop.value : 0;
}

static bool is_dead(const struct ptl_task *t)
{
	return t->stop.class == PT_STOP_EXITED || t->stop.class == PT_STOP_KILLED;
}

static void classify(struct ptl_task *t)
{
	t->stop = t->superseded_by ? (struct pt_stop){PT_STOP_KILLED, 0, false} : pt_classify(t->status);
	if (!is_dead(t) && t->stop.class != PT_STOP_SIGNAL)
		pt_step_other_stop(t);
}

/*
 * Our interrupt may have overtaken the trap of a step that was already made. It is taken here; left behind, it would
 * kill the program. 0, also if the task died; negative.
 */
static int take_step_trap(struct ptl_task *t, int64_t deadline)
{
	unsigned tries;
	int r;

	for (tries = 0; tries < 8 && !is_dead(t) && pt_step_trap_pending(t); tries++) {
		r = pt_os_go(t->tid, PT_GO_RUN, 0);
		if (r < 0 && r != -ESRCH)
			return r;
		pt_mark_running(t);
		r = pt_wait_task(t, deadline);
		if (r < 0)
			return r;
		classify(t);
	}
	return 0;
}

/* A birth that was not told yet: the newborn is held as a tracee, too, and must not be forgotten. */
static int take_birth(struct ptl_task *t)
{
	struct ptl_task *child;
	pid_t tid;
	int r;

	switch (t->stop.class) {
	case PT_STOP_FORK:
	case PT_STOP_VFORK:
	case PT_STOP_CLONE:
		r = pt_newborn(t, t->stop.class, &tid, &child);
		return r == -ENOMEM ? r : 0;
	default:
		return 0;
	}
}

/*
 * Detaching wakes a task as if a signal had come. One that stands before a call which answers EINTR to that would get it
 * at once, so it goes into the call and out of it, where it can be made again (tests/quirks/h56_detach_in_call).
 * 1 if it did, 0 if there was no need; negative.
 */
static int into_fragile_call(struct ptl_task *t, int64_t deadline)
{
	struct pt_os_syscall_info info;
	const struct pt_arch *call;
	int r;

	if (t->stop.class != PT_STOP_SYSCALL || pt_os_syscall_info(t->tid, &info) < 0 ||
		info.op != PT_SYSCALL_ENTRY)
		return 0;
	call = pt_arch_by_audit(info.arch);
	if (!call || !pt_arch_restartable(call, info.entry.nr))
		return 0;
	r = pt_go(t, PTL_RUN, 0);
	if (r >= 0)
		r = pt_interrupt(t);
	if (r >= 0)
		r = pt_wait_task(t, deadline);
	if (r < 0)
		return r;
	classify(t);
	return 1;
}

/* 0: gone from the session; or negative, still in it. */
static int let_go(struct ptl_task *t, int64_t deadline)
{
	bool handed_out = t->state == PT_STOPPED;
	int r, signo;

	if (t->state == PT_EXITED) {
		pt_task_free(t);
		return 0;
	}
	if (t->filtered)
		return pt_fail(t->session, -PTL_ESTATE,
			"cannot detach from %d: under the system call filter it cannot live without its tracer",
			t->tid);
	if (t->state == PT_RUNNING) {
		r = pt_wait_task(t, deadline);
		if (r == -PTL_EZOMBIE) {
			/* its living threads are detached; ptrace has no way to let go of a zombie, the next wait reaps it */
			r = pt_map_put(&t->session->undetached, (uint64_t)t->tid, t->session);
			pt_task_free(t);
			return r;
		}
		if (r < 0)
			return r;
	}
	if (!handed_out)
		classify(t);
	r = is_dead(t) ? 0 : into_fragile_call(t, deadline);
	if (r < 0)
		return r;
	if (r > 0)
		handed_out = false;
	if (is_dead(t)) {
		pt_task_free(t);
		return 0;
	}
	if (!handed_out || t->again) {
		r = take_birth(t);
		if (r < 0)
			return pt_fail(t->session, r, "out of memory");
	}
	signo = held_signal(t, handed_out && !t->again);
	if (!handed_out)
		t->interrupted = t->stop.class == PT_STOP_TRAP && !t->listening;
	pt_restart_interrupted_call(t, signo);
	(void)pt_regs_flush(t);
	if (pt_step_trap_pending(t)) {
		r = take_step_trap(t, deadline);
		if (r < 0)
			return r;
		if (is_dead(t)) {
			pt_task_free(t);
			return 0;
		}
		handed_out = false;
		signo = held_signal(t, false);
	}
	pt_step_settle(t);
	r = pt_os_detach(t->tid, signo);
	if (r == -ESRCH) {
		/* killed between stop and detach: ours to reap, or its parent waits for ever */
		pt_mark_running(t);
		r = pt_wait_task(t, deadline);
	}
	if (r < 0)
		return pt_fail(t->session, r, "cannot detach from %d: %s", t->tid, ptl_error_text(r));
	PT_LOG(&t->session->log, PT_LOG_CONTROL, PT_LOG_INFO, "detached from %d", t->tid);
	pt_task_free(t);
	return 0;
}

/*
 * All tasks of a process (0: of any) or the one of this serial (0: any), and with them the newborns that nobody
 * follows: they hold still for us, and there may be no ptl_wait() to come. By number, for what they name may be freed on the way.
 */
static int detach(struct ptl_session *s, pid_t pid, uint32_t serial, int64_t timeout_ns)
{
	int64_t deadline = timeout_ns < 0 ? -1 : pt_os_now() + timeout_ns;
	struct pt_vec list = PT_VEC_INIT(struct ptl_task *);
	struct ptl_task *t, **slot;
	int r = pt_check_thread(s), result = 0;
	size_t pos, i, dead;
	bool more, hurry;

	if (r < 0)
		return r;
	do {
		/* threads made while others were being stopped come in the next round */
		more = false;
		list.len = 0;
		for (pos = 0; (t = pt_map_next(&s->tasks, &pos));) {
			if (t->phase != PT_PHASE_UNWANTED &&
				((pid && t->process->pid != pid) || (serial && t->serial != serial)))
				continue;
			slot = pt_vec_push(&list);
			if (!slot) {
				pt_vec_done(&list);
				return -ENOMEM;
			}
			*slot = t;
		}
		for (i = 0; i < list.len; i++)
			(void)pt_interrupt(PT_VEC_AT(&list, struct ptl_task *, i));
		r = list.len ? pt_wait_tasks(list.data, list.len, deadline, &dead) : 0;
		if (r < 0)
			result = r;
		hurry = list.len > 1 && pt_os_hurry();
		/* the first threads last: if one is dead, its end comes after that of the others */
		for (i = 0; i < 2 * list.len; i++) {
			pid_t tid;

			t = PT_VEC_AT(&list, struct ptl_task *, i % list.len);
			if (!t || (i < list.len && t->tid == t->process->pid))
				continue;
			PT_VEC_AT(&list, struct ptl_task *, i % list.len) = NULL;
			tid = t->tid;
			r = let_go(t, deadline);
			if (r == -PTL_ETIMEOUT)
				r = pt_fail(s, r, "cannot detach from %d: it did not stop in time", tid);
			if (r < 0)
				result = r;
			else
				more = true;
		}
		if (hurry) {
			pt_os_unhurry();
			s->hurried = true;
		}
	} while (more && result == 0);
	pt_vec_done(&list);
	/* leaders that vanished in an execve wait outside the table for their end to be told */
	if (!pid && !serial)
		while (s->ready.next != &s->ready)
			pt_task_free(PT_TASK_OF(s->ready.next));
	return result;
}

int ptl_detach(struct ptl_process *p, int64_t timeout_ns)
{
	return detach(p->session, p->pid, 0, timeout_ns);
}

int ptl_detach_task(struct ptl_task *t, int64_t timeout_ns)
{
	return detach(t->session, 0, t->serial, timeout_ns);
}

int ptl_detach_all(struct ptl_session *s, int64_t timeout_ns)
{
	return detach(s, 0, 0, timeout_ns);
}
