/* SPDX-License-Identifier: MIT */
/*
 * The loop of a trace: events in, the writer called for those that are wanted, tasks resumed; and its end.
 *
 * A call is remembered with its task from entry to exit. What is not wanted (another call, another path) is only marked, so that
 * its exit is passed over as well.
 */
#include "tool/trace.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For tasks that do not stop when asked: vfork parents, disks that do not answer. Our end sets these free as well, unfinished lines apart. */
enum { END_PATIENCE_NS = 400000000 };

/* --- tasks ------------------------------------------------------------------------------------- */

static struct trace_task *task_new(struct trace *t, const struct ptl_event *ev)
{
	struct trace_task *k = calloc(1, sizeof(*k));

	if (k)
		k->log = trace_log_of(t, ev->tid, false);
	if (!k || !k->log) {
		free(k);
		if (!t->ending)
			cmd_error(t->call, "out of memory");
		t->ending = true;
		t->status = 1;
		return NULL;
	}
	k->task = ev->task;
	k->tid = ev->tid;
	k->pid = ev->pid;
	k->serial = ev->serial;
	k->schedstat_fd = -1;
	ptl_task_set_data(ev->task, k);
	t->tasks++;
	return k;
}

static void task_free(struct trace *t, struct trace_task *k)
{
	if (k->log->open == k)
		k->log->open = NULL;
	trace_log_free_own(t, k->log);
	if (k->schedstat_fd >= 0)
		close(k->schedstat_fd);
	pt_buf_done(&k->held);
	free(k);
	t->tasks--;
}

/* --- births, exec, deaths ------------------------------------------------------------------------- */

static void on_started(struct trace *t, struct trace_task *k, const struct ptl_event *ev)
{
	switch (ev->u.started.how) {
	case PTL_START_LAUNCHED:
		break;
	case PTL_START_ATTACHED:
		k->attached = true;
		k->hidden = k->tid == t->main_pid; /* -D: not yet the program */
		break;
	case PTL_START_BORN:
		if (t->writer && t->config.follow)
			t->writer->attached(t, k, 1, true, ev->u.started.parent);
		break;
	}
	if (ev->u.started.stop_signo && t->writer)
		t->writer->stopped(t, k, ev->u.started.stop_signo);
}

static void on_exec(struct trace *t, struct trace_task *k, const struct ptl_event *ev)
{
	if (k->tid != ev->tid && t->writer) /* a thread that was not the leader has the leader's id now */
		t->writer->moves(t, k, ev->tid);
	if (k->tid != ev->tid && k->log != &t->shared) {
		/* and goes on in the file of that id, which the former leader began */
		struct trace_log *log = trace_log_of(t, ev->tid, true);

		if (log) {
			trace_log_free_own(t, k->log);
			k->log = log;
		}
	}
	k->tid = ev->tid;
	k->pid = ev->pid;
	if (k->schedstat_fd >= 0)
		close(k->schedstat_fd);
	k->schedstat_fd = -1;
}

/* The call it was in, if any, will not return. */
static void cut_call(struct trace *t, struct trace_task *k, bool died)
{
	if (!k->in_call || !k->begun || !t->writer)
		return;
	t->current = k->task;
	t->writer->cut(t, k, died);
	k->in_call = false;
}

static void on_exited(struct trace *t, struct trace_task *k, const struct ptl_event *ev)
{
	cut_call(t, k, true);
	if (ev->tid == t->main_pid && !ev->u.exited.superseded_by) {
		t->main_ended = true;
		t->main_code = ev->u.exited.code;
		t->main_signo = ev->u.exited.signo;
	}
	if (t->writer) {
		if (ev->u.exited.superseded_by)
			t->writer->superseded(t, k, ev->u.exited.superseded_by);
		else
			t->writer->exited(t, k, ev);
	}
	task_free(t, k);
}

/* --- system calls ------------------------------------------------------------------------------------ */

static void note_personality(struct trace *t, struct trace_task *k, uint32_t arch)
{
	/* programs are taken for 64-bit ones until they show otherwise */
	uint32_t before = k->arch ? k->arch : PTL_ARCH_X86_64;

	k->arch = arch;
	if (before != arch && t->writer && !k->hidden)
		t->writer->personality(t, k, arch);
}

static void on_entry(struct trace *t, struct trace_task *k, const struct ptl_event *ev)
{
	const struct trace_config *c = &t->config;

	k->in_call = true;
	k->begun = false;
	k->shown = false;
	k->call.arch = ev->u.entry.arch;
	k->call.nr = ev->u.entry.nr;
	memcpy(k->call.args, ev->u.entry.args, sizeof(k->call.args));
	k->call.has_result = false;
	k->ip = ev->u.entry.ip;
	k->call.stack_pointer = ev->u.entry.sp;
	if (ptl_call_abi(k->call.arch, k->call.nr, &k->abi, &k->nr) < 0)
		return;
	if (!ptl_call_info(k->abi, k->nr, &k->info))
		memset(&k->info, 0, sizeof(k->info));
	if (k->hidden) {
		if (t->exec_error || !k->info.name || strcmp(k->info.name, "execve"))
			return;
		k->hidden = false;
	}
	k->is_execve = k->info.name && !strncmp(k->info.name, "execve", 6);
	if (k->arch != k->call.arch)
		note_personality(t, k, k->call.arch);
	if (!c->trace_is_full && !call_set_has(&c->trace, k->abi, k->nr))
		return;
	if (c->path_count && !trace_path_match(t, k))
		return;
	k->shown = true;
	k->call.flags = (c->raw_is_empty || !call_set_has(&c->raw, k->abi, k->nr) ? 0 : (uint32_t)PTL_CALL_RAW) |
		(call_set_has(&c->abbrev, k->abi, k->nr) ? 0 : (uint32_t)PTL_CALL_UNABBREVIATED) |
		(call_set_has(&c->verbose, k->abi, k->nr) ? 0 : (uint32_t)PTL_CALL_SHALLOW);
	if (t->writer) {
		if (c->json)
			clock_gettime(CLOCK_REALTIME, &k->entry_wall);
		t->writer->entry(t, k);
		if (k->info.traits & PTL_CALL_NEVER_RETURNS)
			cut_call(t, k, true); /* a leader that ends may stay a zombie for long, and is not heard of */
	}
	if (t->summary)
		trace_summary_entry(t, k);
	/* last, so that what we did since the stop is not taken for the call's time */
	if (c->call_times || c->json || c->wall_clock)
		k->entry_ns = trace_now_ns(CLOCK_MONOTONIC);
}

static void on_exit_stop(struct trace *t, struct trace_task *k, const struct ptl_event *ev)
{
	const struct trace_config *c = &t->config;
	int64_t elapsed = 0;

	if (!k->in_call)
		return; /* we came in the middle of it */
	k->in_call = false;
	k->call.rval = ev->u.exit.value;
	k->call.is_error = ev->u.exit.is_error;
	k->call.has_result = true;
	if (k->is_execve && k->call.is_error && k->tid == t->main_pid && !t->main_started && !k->attached)
		t->exec_error = (int)-ev->u.exit.value;
	if (k->shown) {
		if (c->call_times || c->json || c->wall_clock)
			elapsed = trace_now_ns(CLOCK_MONOTONIC) - k->entry_ns;
		if (t->summary)
			trace_summary_exit(t, k, k->call.is_error);
		if (t->writer && k->begun)
			t->writer->exit(t, k, elapsed);
		if (c->call_limit && (t->writer ? t->calls_shown : ++t->calls_shown) >= c->call_limit)
			t->limit_reached = true;
	}
	if (t->exec_error && !k->hidden) {
		/* what follows is our own code's way out of the fork */
		k->hidden = true;
		cmd_error(t->call, t->call->as_strace ? "exec: %s" : "cannot execute the program: %s", strerror(t->exec_error));
	}
}

static void on_signal(struct trace *t, struct trace_task *k, const struct ptl_event *ev)
{
	int signo = ev->u.signal.info.signo;

	if (t->writer && !k->hidden && signo >= 1 && t->config.signals >> (signo - 1) & 1)
		t->writer->signal(t, k, &ev->u.signal.info);
}

static void on_stop(struct trace *t, struct trace_task *k, int signo)
{
	if (t->writer && !k->hidden && signo >= 1 && t->config.signals >> (signo - 1) & 1)
		t->writer->stopped(t, k, signo);
}

/* --- one event ---------------------------------------------------------------------------------------- */

static void handle(struct trace *t, struct ptl_event *ev)
{
	struct trace_task *k = ptl_task_data(ev->task);

	if (!k) {
		k = task_new(t, ev);
		if (!k)
			return;
	}
	t->current = ev->task;
	switch (ev->kind) {
	case PTL_EV_STARTED:
		on_started(t, k, ev);
		break;
	case PTL_EV_EXEC:
		on_exec(t, k, ev);
		break;
	case PTL_EV_SYSCALL_ENTRY:
		on_entry(t, k, ev);
		break;
	case PTL_EV_SYSCALL_EXIT:
		on_exit_stop(t, k, ev);
		break;
	case PTL_EV_SIGNAL:
		on_signal(t, k, ev);
		break;
	case PTL_EV_GROUP_STOP:
		on_stop(t, k, ev->u.stop.signo);
		break;
	case PTL_EV_EXITED:
		on_exited(t, k, ev);
		break;
	case PTL_EV_FORKED:
	case PTL_EV_STEPPED:
	case PTL_EV_BREAKPOINT:
	case PTL_EV_WATCHPOINT:
	case PTL_EV_CONTINUED:
	case PTL_EV_INTERRUPTED:
		break;
	}
}

/* -b execve: a process that executes something is left alone from then on, but for the program we launched ourselves. */
static bool leaves_at_exec(const struct trace *t, const struct ptl_event *ev)
{
	return t->config.detach_on_exec && ev->kind == PTL_EV_EXEC && !(ev->pid == t->main_pid && !t->main_started);
}

static void leave_task(struct trace *t, struct ptl_task *task)
{
	struct trace_task *k = ptl_task_data(task);
	pid_t tid = ptl_task_tid(task);

	if (ptl_detach_task(task, END_PATIENCE_NS) < 0 || !k)
		return;
	k->task = NULL;
	if (t->writer) {
		if (k->in_call && k->begun) {
			t->current = NULL;
			t->writer->cut(t, k, false);
		}
		k->tid = tid;
		t->writer->detached(t, k);
	}
	task_free(t, k);
}

/* --- the end ------------------------------------------------------------------------------------------- */

static void kill_all(struct trace *t, bool attached_too)
{
	struct ptl_task *task;
	size_t pos = 0;

	while ((task = ptl_next_task(t->session, &pos))) {
		const struct trace_task *k = ptl_task_data(task);

		if (attached_too || !k || !k->attached)
			ptl_kill(ptl_task_process(task));
	}
}

/* What ends us would have ended the program too, had we not stood in between. */
static void pass_signal_on(struct trace *t)
{
	if (!t->main_pid || t->config.daemonize || t->main_ended || trace_signal_reached(t->main_pid))
		return;
	kill(t->main_pid, t->fatal_signal);
	kill(t->main_pid, SIGCONT);
}

/*
 * A fatal signal. Under the filter no task can be let go, for its calls would fail from then on: so the trace goes on until they have ended,
 * and a second signal kills them.
 */
static void on_fatal_signal(struct trace *t, int signo, unsigned count)
{
	if (!t->filtered) {
		t->fatal_signal = signo;
		t->ending = true;
		t->status = 128 + signo;
		return;
	}
	if (count == t->signals_seen)
		return;
	if (!t->signals_seen) {
		t->fatal_signal = signo;
		pass_signal_on(t);
	} else {
		kill_all(t, true);
	}
	t->signals_seen = count;
}

/* The same when there is nothing left to show, for the log cannot be written. */
static void outlast_filtered(struct trace *t)
{
	struct ptl_event ev;
	unsigned count;
	int r;

	t->writer = NULL;
	for (;;) {
		if (trace_caught_signal(&count) && count != t->signals_seen) {
			t->signals_seen = count;
			kill_all(t, true);
		}
		r = ptl_wait(t->session, &ev);
		if (r == -EINTR)
			continue;
		if (r <= 0)
			return;
		handle(t, &ev);
		if (ptl_resume(&ev, PTL_SYSCALL) < 0)
			return;
	}
}

static void detach_all(struct trace *t)
{
	struct trace_task **all;
	struct ptl_task *task;
	size_t n = 0, pos = 0, i;

	all = calloc(ptl_task_count(t->session) + 1, sizeof(struct trace_task *));
	while (all && (task = ptl_next_task(t->session, &pos)))
		if (ptl_task_data(task))
			all[n++] = ptl_task_data(task);
	ptl_detach_all(t->session, END_PATIENCE_NS);
	t->current = NULL;
	for (i = 0; i < n; i++) {
		struct trace_task *k = all[i];

		k->task = NULL;
		if (t->writer) {
			if (k->in_call && k->begun)
				t->writer->cut(t, k, false);
			t->writer->detached(t, k);
		}
		task_free(t, k);
	}
	free(all);
}

void trace_end_tracees(struct trace *t)
{
	bool launched = t->main_pid && !t->config.daemonize;

	if (!t->session)
		return;
	if (ptl_task_count(t->session)) {
		if (t->fatal_signal)
			pass_signal_on(t);
		if (t->config.kill_on_exit)
			kill_all(t, false);
		if (t->filtered)
			outlast_filtered(t);
		else
			detach_all(t);
	}
	/* a launched program that runs on without us is our child: its end is ours */
	if (launched && !t->fatal_signal && !t->main_ended && !(t->call->as_strace && t->config.detach_on_exec))
		t->main_ended = cmd_wait_child(t->main_pid, &t->main_code, &t->main_signo);
}

/* --- the loop --------------------------------------------------------------------------------------------- */

/*
 * CLONE_PARENT makes the tracee's child ours, traced or not: nobody else can wait for it. Nothing announces its end while one tracee is waited
 * for by its id, so ticks look.
 */
static void reap_strangers(struct trace *t)
{
	pid_t pid = cmd_find_dead_child();
	int code, signo;

	if (pid <= 0 || pid == t->pipe_pid || ptl_find_task(t->session, pid) || !cmd_wait_child(pid, &code, &signo))
		return;
	if (t->call->as_strace && !(t->config.quiet & QUIET_EXIT))
		cmd_note(t->call, "Exit of unknown pid %d ignored", (int)pid);
}

/* Without -f there are no newborns, but for those that CLONE_PTRACE forces upon us. */
static bool is_unwanted(const struct trace *t, const struct ptl_event *ev)
{
	return ev->kind == PTL_EV_STARTED && ev->u.started.how == PTL_START_BORN && !t->config.follow;
}

static void leave_unwanted(struct trace *t, struct ptl_task *task)
{
	struct trace_task *k = ptl_task_data(task);
	pid_t tid = ptl_task_tid(task);

	if (ptl_detach_task(task, END_PATIENCE_NS) < 0)
		return;
	if (k)
		task_free(t, k);
	if (!(t->config.quiet & QUIET_ATTACH))
		cmd_note(t->call, "Detached unknown pid %d", (int)tid);
}

/* Between events: signals, and lines that have waited long enough. */
static void look_around(struct trace *t)
{
	unsigned count;
	int signo = trace_caught_signal(&count);

	if (signo)
		on_fatal_signal(t, signo, count);
	reap_strangers(t);
	if (t->timer_on) {
		trace_log_flush_all(t);
		t->timer_on = false;
		trace_timer(false);
	}
}

void trace_loop(struct trace *t)
{
	struct ptl_event ev;
	int looks = 0, r;

	for (;;) {
		if (trace_wants_attention()) {
			look_around(t);
			looks = 2; /* what came unannounced shows at the second, the first takes in what was announced and is stale */
		}
		if (t->ending)
			break;
		r = looks ? ptl_wait_for(t->session, &ev, 0) : ptl_wait(t->session, &ev);
		looks -= looks > 0;
		if (r == -EINTR || r == -PTL_ETIMEOUT)
			continue;
		if (r == 0)
			break;
		if (r < 0) {
			t->status = cmd_session_error(t->call, t->session, r);
			t->ending = true;
			break;
		}
		handle(t, &ev);
		if (is_unwanted(t, &ev)) {
			leave_unwanted(t, ev.task);
			continue;
		}
		if (leaves_at_exec(t, &ev)) {
			leave_task(t, ev.task);
			continue;
		}
		if (ev.kind == PTL_EV_EXEC && ev.pid == t->main_pid)
			t->main_started = true;
		if (t->limit_reached) {
			t->ending = true;
			t->status = 0;
		}
		if (t->ending)
			break;
		r = ptl_resume(&ev, PTL_SYSCALL);
		if (r < 0) {
			t->status = cmd_session_error(t->call, t->session, r);
			t->ending = true;
		}
	}
}
