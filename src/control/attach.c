/* SPDX-License-Identifier: MIT */
/*
 * Attaching to what runs already.
 *
 * PTRACE_SEIZE each thread, with options in the same call, until a pass over /proc/PID/task finds no new one. Threads
 * of threads we have are ours from birth (TRACECLONE). A dying thread makes readdir skip its neighbour, and one that
 * is not ours yet may make another behind our back; so when all that were found stand still, wait.c has the folder looked through
 * once more.
 */
#include "control/diagnose.h"
#include "control/internal.h"

#include <errno.h>
#include <string.h>

enum { CUT_LISTS = 64 /* as often is a list that is too short read again */ };

struct scan {
	struct ptl_process *process;
	bool again; /* not the first look: threads of it are traced */
	int found; /* in this pass */
	int seen;  /* entries of the folder in this pass */
	int error; /* of a thread that could not be had, though it lives */
	pid_t error_tid;
};

static int seize_one(struct ptl_process *p, pid_t tid)
{
	struct ptl_session *s = p->session;
	struct ptl_task *t;
	int r = pt_os_seize(tid, pt_options(s, p, false));

	if (r < 0)
		return r;
	t = pt_task_new(s, tid, p->pid, PT_PHASE_ATTACHING);
	if (!t) {
		pt_os_interrupt(tid);
		return -ENOMEM;
	}
	t->awaited = true;
	p->attaching++;
	return pt_interrupt(t);
}

static int note_state(void *arg, pid_t tid)
{
	struct pt_os_status st;
	int *count = arg; /* living, dead */

	if (pt_os_status(tid, &st) == 0)
		count[st.state == 'Z']++;
	return count[0] > 1;
}

/* Are all threads dead but one, which may be executing? */
static bool is_ending(const struct ptl_process *p)
{
	int count[2] = {0, 0};

	return pt_os_each_task(p->pid, note_state, count) == 0 && count[1];
}

static int scan_one(void *arg, pid_t tid)
{
	struct scan *scan = arg;
	struct ptl_process *p = scan->process;
	struct pt_os_status st;
	int r;

	scan->seen++;
	if (pt_map_find(&p->session->tasks, (uint64_t)tid))
		return 0;
	/*
	 * PTRACE_SEIZE waits for an execve of the process to end, and that for its threads to be reaped, by us: so it
	 * is not called in vain for newborns that are ours already, nor when such an end is near.
	 */
	if (scan->again && (pt_os_status(tid, &st) < 0 || st.tracer == p->session->owner || is_ending(p)))
		return 0;
	r = seize_one(p, tid);
	if (r >= 0) {
		scan->found++;
		return 0;
	}
	if (r == -ENOMEM)
		return r;
	/* gone, going, or ours by birth and not yet reported */
	if (r == -ESRCH || pt_os_status(tid, &st) < 0 || st.state == 'Z' || st.state == 'X' ||
		st.tracer == p->session->owner)
		return 0;
	scan->error = r;
	scan->error_tid = tid;
	return 0;
}

int pt_attach_scan(struct ptl_process *p)
{
	struct scan scan = {.process = p, .again = p->tasks > 0};
	int total = 0, cut = 0, r;

	do {
		scan.found = scan.seen = 0;
		r = pt_os_each_task(p->pid, scan_one, &scan);
		if (r < 0)
			return total ? total : r;
		total += scan.found;
		scan.again = true;
		/* where a thread dies while it is listed, the list may end */
	} while (scan.found || (scan.seen < pt_os_task_count(p->pid) && ++cut < CUT_LISTS));
	return total ? total : scan.error;
}

/* Something failed for this pid: the code that fits the cause, and the sentence with the remedy. */
static int explain(struct ptl_session *s, pid_t pid, int result)
{
	struct ptl_diagnosis d = {.result = result};

	if (result == -EPERM || result == -EACCES || result == -ESRCH)
		pt_diagnose(pid, -result, &d);
	if (!d.cause[0])
		return pt_fail(s, result, "cannot attach to %d: %s", pid, ptl_error_text(result));
	return pt_fail(s, d.result, "cannot attach to %d: %s%s%s", pid, d.cause, d.remedy[0] ? "; " : "", d.remedy);
}

/*
 * The kernel lets two processes trace each other, or in a ring; when all stop, none is left to wake them. Looked at only if we are traced
 * ourselves.
 */
static bool is_our_tracer(pid_t pid)
{
	struct ptl_diagnosis d;
	struct pt_os_status me;

	if (pt_os_status(pt_os_gettid(), &me) < 0 || !me.tracer)
		return false;
	pt_diagnose(pid, EPERM, &d);
	return d.result == -PTL_ESELF;
}

int ptl_attach(struct ptl_session *s, pid_t pid, unsigned flags)
{
	struct pt_os_status st;
	struct ptl_process *p;
	uint64_t starttime;
	bool fresh;
	int r = pt_check_thread(s);

	if (r < 0)
		return r;
	if (flags & ~(unsigned)PTL_ATTACH_THREAD)
		return pt_fail(s, -EINVAL, "unknown attach flags 0x%x", flags);
	if (pid <= 0)
		return pt_fail(s, -ESRCH, "%d is not a process id", pid);
	if (pt_map_find(&s->tasks, (uint64_t)pid))
		return pt_fail(s, -PTL_EALREADY, "cannot attach to %d: this session traces it already", pid);
	r = pt_os_status(pid, &st);
	if (r < 0)
		return explain(s, pid, r);
	if (is_our_tracer(pid))
		return explain(s, pid, -EPERM);
	starttime = pt_os_starttime(pid);
	fresh = !pt_map_find(&s->processes, (uint64_t)st.tgid);
	p = pt_process_get(s, st.tgid);
	if (!p)
		return pt_fail(s, -ENOMEM, "out of memory");
	if (flags & PTL_ATTACH_THREAD) {
		r = seize_one(p, pid);
	} else {
		p->whole = true;
		r = pt_attach_scan(p);
		if (r == 0)
			r = -EPERM; /* none left to seize: dead, or a zombie */
	}
	if (r < 0) {
		int e = explain(s, pid, r);

		if (fresh && !p->tasks)
			pt_process_put(p);
		return e;
	}
	p->starttime = pt_os_starttime(pid);
	if (starttime && p->starttime && starttime != p->starttime) {
		/* the pid was given to another process between the two looks */
		(void)ptl_detach(p, -1);
		return pt_fail(s, -ESRCH, "cannot attach to %d: the process ended", pid);
	}
	return 0;
}
