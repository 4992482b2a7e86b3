/* SPDX-License-Identifier: MIT */
/*
 * Where the lines of a trace go: standard error, a file, a file for each task (-ff), or a program's input.
 *
 * Lines are collected in memory. A log that somebody may be watching, or that the traced program itself may write to, is
 * written out before a tracee goes on into a system call, so that both outputs interleave as they happened: standard error,
 * and a terminal. Anything else is written when enough has come together, or at the next tick of the timer.
 *
 * A log that cannot be written ends the run, once and with a message: t->ending.
 */
#include "tool/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH_BYTES = 1 << 16 };

int64_t trace_now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* --- opening -------------------------------------------------------------------------------- */

/* Every log descriptor is above the standard three, whatever of those the caller has closed. */
static int keep_high(int fd)
{
	int high;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return high;
}

static int open_file(struct trace *t)
{
	const struct trace_config *c = &t->config;
	int fd = keep_high(open(c->output, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (c->append ? O_APPEND : O_TRUNC), 0666));

	if (fd < 0)
		return cmd_error(t->call, "%s '%s': %s", t->call->as_strace ? "Can't fopen" : "cannot open", c->output,
			strerror(errno));
	t->shared.fd = fd;
	t->shared.owned = true;
	t->shared.prompt = isatty(fd);
	return 0;
}

static int open_pipe(struct trace *t)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return cmd_error(t->call, "cannot make a pipe: %s", strerror(errno));
	ends[0] = keep_high(ends[0]);
	ends[1] = keep_high(ends[1]);
	t->pipe_pid = fork();
	if (t->pipe_pid < 0)
		return cmd_error(t->call, "cannot start '%s': %s", t->config.output + 1, strerror(errno));
	if (!t->pipe_pid) {
		dup2(ends[0], STDIN_FILENO);
		execl("/bin/sh", "sh", "-c", t->config.output + 1, (char *)NULL);
		_exit(127);
	}
	close(ends[0]);
	t->shared.fd = ends[1];
	t->shared.owned = true;
	return 0;
}

int trace_log_open(struct trace *t)
{
	const struct trace_config *c = &t->config;
	bool pipe = c->output && (c->output[0] == '|' || c->output[0] == '!');
	const char *term = getenv("TERM");
	int r = 0;

	if (!c->output) {
		/* A duplicate: ours stays open whatever happens to 2, and a closed 2 shows here. */
		t->shared.fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		t->shared.owned = true;
		t->shared.prompt = true;
		if (t->shared.fd < 0)
			return 1; /* nobody could read why */
	} else if (pipe) {
		r = open_pipe(t);
	} else if (!c->separate) {
		r = open_file(t);
	} else if (strlen(c->output) + sizeof(".2147483647") >= PATH_MAX) {
		r = cmd_error(t->call, t->call->as_strace ? "%s: %s" : "cannot open '%s': %s", c->output, strerror(ENAMETOOLONG));
	}
	t->color = !c->json && (c->color == CHOICE_ALWAYS ||
		(c->color == CHOICE_AUTO && t->shared.fd >= 0 && isatty(t->shared.fd) && term && strcmp(term, "dumb") &&
			!getenv("NO_COLOR") && !t->call->as_strace));
	t->print_pid = c->output && !c->separate && (c->follow || c->pid_count + (c->argv != NULL) > 1);
	return r;
}

/* A file whose name we made up: no link to somewhere else is followed, nothing but a plain file of ours is overwritten. */
static int open_own_file(struct trace *t, const char *name, bool append)
{
	int fd = keep_high(open(name,
		O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK | (append ? O_APPEND : 0), 0666));
	struct stat st;

	if (fd < 0) {
		cmd_error(t->call, "%s '%s': %s", t->call->as_strace ? "Can't fopen" : "cannot open", name, errno == ELOOP ? "it is a symbolic link" : strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1) {
		cmd_error(t->call, "cannot write to '%s': it is not a plain file of yours", name);
		close(fd);
		return -1;
	}
	if (!append && ftruncate(fd, 0)) {
		cmd_error(t->call, "cannot empty '%s': %s", name, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static void end_run(struct trace *t)
{
	t->ending = true;
	t->status = 1;
}

struct trace_log *trace_log_of(struct trace *t, pid_t tid, bool again)
{
	struct trace_log **grown, *log;
	char *name = NULL;

	if (!t->config.separate || t->config.summary == SUMMARY_ONLY)
		return &t->shared;
	grown = reallocarray(t->own_logs, t->own_log_count + 1, sizeof(struct trace_log *));
	log = calloc(1, sizeof(*log));
	if (grown)
		t->own_logs = grown;
	if (!grown || !log || asprintf(&name, "%s.%d", t->config.output, (int)tid) < 0) {
		free(log);
		cmd_error(t->call, "out of memory");
		end_run(t);
		return NULL;
	}
	log->fd = open_own_file(t, name, again || t->config.append);
	log->owned = true;
	free(name);
	if (log->fd < 0) {
		free(log);
		end_run(t);
		return NULL;
	}
	t->own_logs[t->own_log_count++] = log;
	return log;
}

/* --- writing --------------------------------------------------------------------------------- */

void trace_log_flush(struct trace *t, struct trace_log *log)
{
	struct pt_buf *text = &log->text;

	if (text->failed && !t->ending) {
		cmd_error(t->call, "out of memory");
		end_run(t);
	}
	if (text->len && log->fd >= 0 && !cmd_write_all(log->fd, text->data, text->len)) {
		if (errno == EPIPE) {
			/* The reader has gone: we end as a program without a reader does. */
			t->fatal_signal = t->fatal_signal ? t->fatal_signal : SIGPIPE;
			end_run(t);
		} else if (!t->ending) {
			cmd_error(t->call, "cannot write to '%s': %s",
				t->config.output ? t->config.output : "standard error", strerror(errno));
			end_run(t);
		}
		if (log->owned)
			close(log->fd);
		log->fd = -1;
	}
	log->line -= (int64_t)text->len;
	pt_buf_clear(text);
}

void trace_log_settle(struct trace *t, struct trace_log *log)
{
	if (!log->text.len)
		return;
	if (log->prompt || log->text.len >= BATCH_BYTES)
		trace_log_flush(t, log);
	else if (!t->timer_on) {
		t->timer_on = true;
		trace_timer(true);
	}
}

void trace_log_flush_all(struct trace *t)
{
	size_t i;

	trace_log_flush(t, &t->shared);
	for (i = 0; i < t->own_log_count; i++)
		trace_log_flush(t, t->own_logs[i]);
}

/* --- closing ---------------------------------------------------------------------------------- */

static void close_one(struct trace *t, struct trace_log *log)
{
	if (log->open)
		pt_buf_puts(&log->text, " <unfinished ...>\n"); /* a file ends with a whole line */
	log->open = NULL;
	trace_log_flush(t, log);
	if (log->owned && log->fd >= 0 && close(log->fd) && !t->ending) {
		cmd_error(t->call, "cannot write to '%s': %s",
			t->config.output ? t->config.output : "standard error", strerror(errno));
		end_run(t);
	}
	log->fd = -1;
	pt_buf_done(&log->text);
}

void trace_log_free_own(struct trace *t, struct trace_log *log)
{
	size_t i;

	if (!log || log == &t->shared)
		return;
	close_one(t, log);
	for (i = 0; i < t->own_log_count; i++)
		if (t->own_logs[i] == log) {
			t->own_logs[i] = t->own_logs[--t->own_log_count];
			break;
		}
	free(log);
}

void trace_log_close(struct trace *t)
{
	int code, signo;

	while (t->own_log_count)
		trace_log_free_own(t, t->own_logs[0]);
	free(t->own_logs);
	t->own_logs = NULL;
	close_one(t, &t->shared);
	if (t->pipe_pid > 0)
		cmd_wait_child(t->pipe_pid, &code, &signo);
	t->pipe_pid = 0;
}
