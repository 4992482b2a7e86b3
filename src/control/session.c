/* SPDX-License-Identifier: MIT */
/* Sessions, their tables of processes and tasks, and the questions one can ask them. See internal.h. */
#include "control/internal.h"

#include <errno.h>
#include <linux/audit.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ALL_FLAGS = PTL_FOLLOW | PTL_EXITKILL | PTL_OWN_SIGCHLD | PTL_KEEP_CPU,
	FREE_TIMEOUT_MS = 2000 /* a task that cannot be stopped must not hang its tracer's end */
};

const char *ptl_event_name(enum ptl_event_kind kind)
{
	static const char *const names[] = {[PTL_EV_STARTED] = "STARTED",
		[PTL_EV_EXEC] = "EXEC",
		[PTL_EV_FORKED] = "FORKED",
		[PTL_EV_STEPPED] = "STEPPED",
		[PTL_EV_BREAKPOINT] = "BREAKPOINT",
		[PTL_EV_WATCHPOINT] = "WATCHPOINT",
		[PTL_EV_SYSCALL_ENTRY] = "SYSCALL_ENTRY",
		[PTL_EV_SYSCALL_EXIT] = "SYSCALL_EXIT",
		[PTL_EV_SIGNAL] = "SIGNAL",
		[PTL_EV_GROUP_STOP] = "GROUP_STOP",
		[PTL_EV_CONTINUED] = "CONTINUED",
		[PTL_EV_INTERRUPTED] = "INTERRUPTED",
		[PTL_EV_EXITED] = "EXITED"};

	return kind > 0 && kind < (int)PT_COUNTOF(names) && names[kind] ? names[kind] : "?";
}

int pt_fail(struct ptl_session *s, int result, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->message, sizeof(s->message), fmt, ap);
	va_end(ap);
	PT_LOG(&s->log, PT_LOG_CONTROL, PT_LOG_ERROR, "%s", s->message);
	return result;
}

int pt_check_thread(struct ptl_session *s)
{
	/* the vDSO has no gettid, so this costs a system call: calls that are not rare ask pt_check_caller() */
	return pt_os_gettid() == s->owner
		? 0
		: pt_fail(s, -PTL_ETHREAD, "%s", ptl_error_text(-PTL_ETHREAD));
}

int pt_check_caller(struct ptl_session *s)
{
	return (uintptr_t)pthread_self() == s->owner_self
		? 0
		: pt_fail(s, -PTL_ETHREAD, "%s", ptl_error_text(-PTL_ETHREAD));
}

/* --- lists ------------------------------------------------------------------------- */

void pt_list_init(struct pt_link *head)
{
	head->prev = head->next = head;
}

static void unlink_task(struct ptl_task *t)
{
	if (t->state == PT_RUNNING)
		t->session->running_count--;
	if (!t->link.next)
		return;
	t->link.prev->next = t->link.next;
	t->link.next->prev = t->link.prev;
	t->link.prev = t->link.next = NULL;
}

static void link_after(struct pt_link *where, struct pt_link *l)
{
	l->prev = where;
	l->next = where->next;
	where->next->prev = l;
	where->next = l;
}

void pt_mark_running(struct ptl_task *t)
{
	unlink_task(t);
	t->state = PT_RUNNING;
	t->session->running_count++;
	link_after(&t->session->running, &t->link);
}

void pt_mark_ready(struct ptl_task *t, int status)
{
	unlink_task(t);
	t->state = PT_READY;
	t->status = status;
	t->sequence++; /* an event of an earlier stop is stale from here */
	t->silent = false;
	link_after(t->session->ready.prev, &t->link);
	pt_regs_invalidate(t);
}

void pt_mark_stopped(struct ptl_task *t)
{
	unlink_task(t);
	t->state = PT_STOPPED;
}

void pt_mark_exited(struct ptl_task *t)
{
	unlink_task(t);
	t->state = PT_EXITED;
}

/* --- tables -------------------------------------------------------------------------- */

struct ptl_process *pt_process_get(struct ptl_session *s, pid_t pid)
{
	struct ptl_process *p = pt_map_find(&s->processes, (uint64_t)pid);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->session = s;
	p->pid = pid;
	pt_memory_init(&p->memory);
	if (pt_map_put(&s->processes, (uint64_t)pid, p) < 0) {
		free(p);
		return NULL;
	}
	return p;
}

void pt_process_put(struct ptl_process *p)
{
	if (p->tasks)
		return;
	/* a process of a recycled pid may have taken its place already */
	if (pt_map_find(&p->session->processes, (uint64_t)p->pid) == p)
		pt_map_remove(&p->session->processes, (uint64_t)p->pid);
	pt_memory_done(&p->memory);
	pt_code_done(&p->code);
	free(p);
}

struct ptl_task *pt_task_new(struct ptl_session *s, pid_t tid, pid_t pid, enum pt_phase phase)
{
	struct ptl_process *p = pt_process_get(s, pid);
	struct ptl_task *t;

	if (!p)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t || pt_map_put(&s->tasks, (uint64_t)tid, t) < 0) {
		free(t);
		pt_process_put(p);
		return NULL;
	}
	t->session = s;
	t->process = p;
	t->tid = tid;
	t->serial = ++s->next_serial;
	t->phase = phase;
	t->born = phase == PT_PHASE_NEWBORN || phase == PT_PHASE_UNWANTED;
	t->how = PTL_RUN;
	t->kernel_worker = -1;
	p->tasks++;
	pt_regs_init(t);
	pt_step_init(&t->step);
	t->state = PT_EXITED; /* in no list yet */
	pt_mark_running(t);
	PT_LOG(&s->log, PT_LOG_CONTROL, PT_LOG_INFO, "task %d.%u of process %d", tid, t->serial, pid);
	return t;
}

void pt_task_free(struct ptl_task *t)
{
	struct ptl_session *s = t->session;

	/* its creator's event may still come; of a death that was handed out it knows already */
	if (t->born && !t->parent && t->state != PT_EXITED)
		(void)pt_map_put(&s->early, (uint64_t)t->tid, s);
	unlink_task(t);
	if (pt_map_find(&s->tasks, (uint64_t)t->tid) == t)
		pt_map_remove(&s->tasks, (uint64_t)t->tid);
	if (t->awaited)
		t->process->attaching--;
	t->process->tasks--;
	pt_process_put(t->process);
	pt_regs_done(t);
	free(t);
}

int pt_task_rekey(struct ptl_task *t, pid_t tid)
{
	pt_map_remove(&t->session->tasks, (uint64_t)t->tid);
	t->tid = tid;
	return pt_map_put(&t->session->tasks, (uint64_t)tid, t);
}

/* --- making and ending ------------------------------------------------------------------ */

int ptl_session_new(struct ptl_session **ret_session, unsigned flags)
{
	struct ptl_session *s;
	int r;

	if (flags & ~(unsigned)ALL_FLAGS)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->flags = flags;
	s->owner = pt_os_gettid();
	s->owner_self = (uintptr_t)pthread_self();
	s->sigchld_fd = -1;
	pt_list_init(&s->running);
	pt_list_init(&s->ready);
	if (flags & PTL_KEEP_CPU) {
		r = pt_cpu_init(s);
		if (r < 0) {
			free(s);
			return r;
		}
	}
	*ret_session = s;
	return 0;
}

static bool has_filtered(struct ptl_session *s)
{
	struct ptl_task *t;
	size_t pos = 0;

	while ((t = pt_map_next(&s->tasks, &pos)))
		if (t->filtered)
			return true;
	return false;
}

/*
 * Under the filter nothing can live without its tracer: it dies with the session, as it would with the thread. By way of
 * the events, for there may be newborns of which nothing was told yet.
 */
static void end_filtered(struct ptl_session *s, int64_t deadline)
{
	struct ptl_event ev;
	struct ptl_task *t;
	size_t pos = 0;

	while ((t = pt_map_next(&s->tasks, &pos)))
		if (t->filtered)
			(void)ptl_kill(t->process);
	for (pos = 0; (t = pt_map_next(&s->tasks, &pos));)
		if (t->filtered && t->state == PT_STOPPED)
			pt_mark_running(t); /* what held it is over */
	while (has_filtered(s) && pt_os_now() < deadline &&
		ptl_wait_for(s, &ev, PT_MAX(deadline - pt_os_now(), 0)) > 0) {
		if (ev.task->filtered && ev.kind != PTL_EV_EXITED)
			(void)ptl_kill(ev.task->process);
		(void)ptl_resume(&ev, PTL_RUN);
	}
}

void ptl_session_free(struct ptl_session *s)
{
	const int64_t timeout = (int64_t)FREE_TIMEOUT_MS * 1000000;
	struct ptl_task *t;
	size_t pos;

	if (!s)
		return;
	if (pt_os_gettid() == s->owner) {
		end_filtered(s, pt_os_now() + timeout);
		(void)ptl_detach_all(s, timeout);
	}
	/* what could not be detached stays a tracee of the thread, and runs free when that ends */
	while (pos = 0, (t = pt_map_next(&s->tasks, &pos)))
		pt_task_free(t);
	if (s->hurried)
		pt_os_calm();
	pt_cpu_done(s);
	if (s->tick)
		pt_os_tick_free(s->tick);
	if (s->sigchld_fd >= 0)
		close(s->sigchld_fd);
	pt_map_done(&s->tasks);
	pt_map_done(&s->early);
	pt_map_done(&s->undetached);
	pt_map_done(&s->processes);
	free(s);
}

const char *ptl_message(const struct ptl_session *s)
{
	return s->message;
}

int ptl_session_log(struct ptl_session *s, const char *layer, int level,
	void (*sink)(void *arg, const char *layer, const char *line), void *arg)
{
	bool any = false;
	int i;

	if (level < PT_LOG_OFF || level > PT_LOG_DEBUG)
		return -EINVAL;
	for (i = 0; i < PT_LOG_LAYERS; i++)
		if (!layer || !strcmp(layer, pt_log_layer_name((enum pt_log_layer)i))) {
			s->log.level[i] = (unsigned char)level;
			any = true;
		}
	if (!any)
		return -EINVAL;
	s->log.sink = sink;
	s->log.arg = arg;
	return 0;
}

int ptl_session_fd(struct ptl_session *s)
{
	if (!(s->flags & PTL_OWN_SIGCHLD))
		return pt_fail(s, -PTL_EUNSUPPORTED,
			"a session can be polled only if it owns SIGCHLD (PTL_OWN_SIGCHLD)");
	if (s->sigchld_fd < 0)
		s->sigchld_fd = pt_os_sigchld_fd();
	return s->sigchld_fd;
}

int ptl_session_kick(struct ptl_session *s)
{
	s->kicked = 1;
	return 0;
}

/* --- questions ------------------------------------------------------------------------------ */

pid_t ptl_task_tid(const struct ptl_task *t)
{
	return t->tid;
}

uint32_t ptl_task_serial(const struct ptl_task *t)
{
	return t->serial;
}

enum ptl_task_state ptl_task_state(const struct ptl_task *t)
{
	switch (t->state) {
	case PT_RUNNING:
	case PT_READY: /* the caller has not heard of the stop */
		return PTL_TASK_RUNNING;
	case PT_STOPPED:
		return PTL_TASK_STOPPED;
	case PT_EXITED:
		break;
	}
	return PTL_TASK_EXITED;
}

struct ptl_process *ptl_task_process(const struct ptl_task *t)
{
	return t->process;
}

struct ptl_session *ptl_task_session(const struct ptl_task *t)
{
	return t->session;
}

bool ptl_task_is_kernel_worker(struct ptl_task *t)
{
	if (t->kernel_worker < 0)
		t->kernel_worker = pt_os_is_kernel_worker(t->tid);
	return t->kernel_worker;
}

void ptl_task_set_data(struct ptl_task *t, void *data)
{
	t->data = data;
}

void *ptl_task_data(const struct ptl_task *t)
{
	return t->data;
}

pid_t ptl_process_pid(const struct ptl_process *p)
{
	return p->pid;
}

void ptl_process_set_data(struct ptl_process *p, void *data)
{
	p->data = data;
}

void *ptl_process_data(const struct ptl_process *p)
{
	return p->data;
}

struct ptl_task *ptl_find_task(struct ptl_session *s, pid_t tid)
{
	return pt_map_find(&s->tasks, (uint64_t)tid);
}

struct ptl_process *ptl_find_process(struct ptl_session *s, pid_t pid)
{
	return pt_map_find(&s->processes, (uint64_t)pid);
}

size_t ptl_task_count(const struct ptl_session *s)
{
	return s->tasks.len;
}

struct ptl_task *ptl_next_task(const struct ptl_session *s, size_t *pos)
{
	return pt_map_next(&s->tasks, pos);
}
