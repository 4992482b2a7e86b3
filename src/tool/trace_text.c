/* SPDX-License-Identifier: MIT */
/*
 * The writer of strace's lines.
 *
 *	[pid 4711] read(3, "root:x:0:0"..., 4096) = 1234 <0.000012>
 *	|- leader -|- entry ----- exit ---------| |-result-|- time -|
 *
 * The entry is written when the call begins, so that one who watches sees what a program hangs in. If another line comes
 * before the call returns, the first is ended with " <unfinished ...>" and goes on as "<... read resumed>". With -e status=
 * nothing is written before it is known whether the line is wanted; it is held with the task.
 */
#include "tool/trace.h"

#include <stdio.h>
#include <string.h>

/* Where a line is being built: the log, or held with its task. */
struct line {
	struct pt_buf *to;
	int64_t start; /* offset in `to` where column 0 is; negative when part of the line is written already */
};

void trace_put_padded(struct pt_buf *to, uint64_t v, unsigned width, char fill)
{
	char digits[20];
	unsigned n = 0;

	do
		digits[sizeof(digits) - ++n] = (char)('0' + v % 10);
	while (v /= 10);
	for (; width > n; width--)
		pt_buf_putc(to, fill);
	pt_buf_add(to, digits + sizeof(digits) - n, n);
}

/* .123456 of a second, to the precision. */
static void put_fraction(struct pt_buf *to, int64_t ns, enum trace_precision precision)
{
	static const int64_t unit[] = {[PRECISION_MS] = 1000000, [PRECISION_US] = 1000, [PRECISION_NS] = 1};

	if (precision == PRECISION_S)
		return;
	pt_buf_putc(to, '.');
	trace_put_padded(to, (uint64_t)(ns / unit[precision]), (unsigned)precision, '0');
}

/* --- colours ------------------------------------------------------------------------------------- */

enum tint { TINT_NONE, TINT_NAME, TINT_ERROR, TINT_EVENT, TINT_QUIET };

static const char *const tints[] = {"\033[0m", "\033[1;34m", "\033[31m", "\033[33m", "\033[2m"};

/* An escape sequence takes no columns. */
static void put_tint(const struct trace *t, struct line *line, enum tint tint)
{
	if (!t->color)
		return;
	pt_buf_puts(line->to, tints[tint]);
	line->start += (int64_t)strlen(tints[tint]);
}

/* The call's name, which the decoder has just written at `from`, in colour. */
static void tint_name(const struct trace *t, struct line *line, size_t from)
{
	static const size_t lead = 7, trail = 4; /* lengths of TINT_NAME and TINT_NONE */
	char *data, *paren;
	size_t name, rest;

	if (!t->color || !line->to->data)
		return;
	paren = memchr(line->to->data + from, '(', line->to->len - from);
	if (!paren || !pt_buf_reserve(line->to, lead + trail))
		return;
	data = line->to->data;
	name = strcspn(data + from, "(");
	rest = line->to->len - from - name;
	memmove(data + from + lead + name + trail, data + from + name, rest + 1);
	memmove(data + from + lead, data + from, name);
	memcpy(data + from, tints[TINT_NAME], lead);
	memcpy(data + from + lead + name, tints[TINT_NONE], trail);
	line->to->len += lead + trail;
	line->start += (int64_t)(lead + trail);
}

/* --- the leader of a line --------------------------------------------------------------------------- */

static void put_pid(const struct trace *t, struct trace_task *k, struct pt_buf *to)
{
	const struct trace_config *c = &t->config;
	bool in_file = c->output != NULL;

	if (!t->print_pid && !c->always_pid && (in_file || t->tasks < 2))
		return;
	if (c->pid_names)
		trace_read_comm(k);
	if (in_file) {
		size_t from = to->len;

		pt_buf_udec(to, (uint64_t)k->tid);
		if (c->pid_names) {
			pt_buf_putc(to, '<');
			trace_put_path(to, k->comm, strlen(k->comm));
			pt_buf_putc(to, '>');
		} else {
			pt_buf_pad(to, 5, from);
		}
		pt_buf_putc(to, ' ');
		return;
	}
	pt_buf_add(to, "[pid ", 5);
	trace_put_padded(to, (uint64_t)k->tid, 5, ' ');
	if (c->pid_names) {
		pt_buf_putc(to, '<');
		trace_put_path(to, k->comm, strlen(k->comm));
		pt_buf_putc(to, '>');
	}
	pt_buf_add(to, "] ", 2);
}

static void put_clock(struct trace *t, struct pt_buf *to)
{
	const struct trace_config *c = &t->config;
	struct timespec now;

	if (c->clock != CLOCK_NONE) {
		clock_gettime(CLOCK_REALTIME, &now);
		if (c->clock == CLOCK_UNIX) {
			pt_buf_udec(to, (uint64_t)now.tv_sec);
		} else {
			/* localtime_r() once a minute, not once a line: zones change at whole minutes */
			if (now.tv_sec / 60 != t->minute) {
				localtime_r(&now.tv_sec, &t->local);
				t->minute = now.tv_sec / 60;
			}
			trace_put_padded(to, (uint64_t)t->local.tm_hour, 2, '0');
			pt_buf_putc(to, ':');
			trace_put_padded(to, (uint64_t)t->local.tm_min, 2, '0');
			pt_buf_putc(to, ':');
			trace_put_padded(to, (uint64_t)(now.tv_sec % 60), 2, '0');
		}
		put_fraction(to, now.tv_nsec, c->clock_precision);
		pt_buf_putc(to, ' ');
	}
	if (c->relative) {
		int64_t ns = trace_now_ns(CLOCK_MONOTONIC), since = t->last_line_ns ? ns - t->last_line_ns : 0;

		t->last_line_ns = ns;
		if (c->clock != CLOCK_NONE)
			pt_buf_puts(to, "(+");
		trace_put_padded(to, (uint64_t)(since / 1000000000), 6, ' ');
		put_fraction(to, since % 1000000000, c->relative_precision);
		pt_buf_puts(to, c->clock != CLOCK_NONE ? ") " : " ");
	}
}

static void put_ip(const struct trace_task *k, struct pt_buf *to, uint64_t ip, bool known)
{
	bool narrow = k->arch == PTL_ARCH_I386;
	unsigned digits = narrow ? 8 : 16, i;

	pt_buf_putc(to, '[');
	for (i = digits; i--;)
		pt_buf_putc(to, known ? "0123456789abcdef"[ip >> (4 * i) & 15] : '?');
	pt_buf_add(to, "] ", 2);
}

static void put_leader(struct trace *t, struct trace_task *k, struct pt_buf *to, bool alive)
{
	const struct trace_config *c = &t->config;

	put_pid(t, k, to);
	put_clock(t, to);
	if (c->show_nr) {
		pt_buf_putc(to, '[');
		trace_put_padded(to, k->call.nr, 4, ' ');
		pt_buf_add(to, "] ", 2);
	}
	if (c->show_ip) {
		uint64_t ip = !alive ? 0 : k->in_call ? k->ip : ptl_pc(k->task);

		put_ip(k, to, ip, alive && ip);
	}
}

/* --- lines -------------------------------------------------------------------------------------------- */

static bool holds_lines(const struct trace *t)
{
	return t->config.status != STATUS_ALL;
}

/* Ends whatever line stands open in a log. */
static void close_open_line(struct trace_log *log)
{
	if (!log->open)
		return;
	pt_buf_puts(&log->text, " <unfinished ...>\n");
	log->open->broken = true;
	log->open = NULL;
}

static struct line begin_line(struct trace *t, struct trace_task *k, bool alive)
{
	struct trace_log *log = k->log;

	close_open_line(log);
	log->line = (int64_t)log->text.len;
	put_leader(t, k, &log->text, alive);
	return (struct line){&log->text, log->line};
}

/* A line of its own: "--- SIGCHLD ... ---", "+++ exited with 0 +++". */
static void end_line(struct trace *t, struct trace_task *k, struct line *line)
{
	pt_buf_putc(line->to, '\n');
	trace_log_settle(t, k->log);
}

static struct line continue_line(struct trace *t, struct trace_task *k, bool alive)
{
	struct line line;

	if (holds_lines(t))
		return (struct line){&k->held, k->held_start};
	if (k->log->open == k)
		return (struct line){&k->log->text, k->log->line};
	line = begin_line(t, k, alive);
	k->broken = false;
	put_tint(t, &line, TINT_QUIET);
	if (k->info.name)
		pt_buf_printf(line.to, "<... %s resumed>", k->info.name);
	else
		pt_buf_printf(line.to, "<... syscall_0x%llx resumed>", (unsigned long long)k->call.nr);
	put_tint(t, &line, TINT_NONE);
	return line;
}

/* ")" was written; what follows stands at the column of -a. */
static void put_equals(const struct trace *t, struct line *line)
{
	int64_t at;

	pt_buf_putc(line->to, ' ');
	at = (int64_t)line->to->len - line->start;
	if (at < (int64_t)t->config.column)
		pt_buf_pad(line->to, (size_t)((int64_t)t->config.column - at), line->to->len);
	pt_buf_add(line->to, "= ", 2);
}

static void publish(struct trace *t, struct trace_task *k, bool wanted)
{
	struct trace_log *log = k->log;

	if (holds_lines(t)) {
		if (wanted) {
			close_open_line(log);
			pt_buf_add(&log->text, k->held.data, k->held.len);
		}
		pt_buf_clear(&k->held);
	}
	log->open = NULL;
	k->begun = false;
	t->calls_shown += wanted;
	trace_log_settle(t, log);
}

static void text_entry(struct trace *t, struct trace_task *k)
{
	struct line line;
	size_t from;

	if (holds_lines(t)) {
		pt_buf_clear(&k->held);
		put_leader(t, k, &k->held, true);
		line = (struct line){&k->held, 0};
	} else {
		line = begin_line(t, k, true);
		k->log->open = k;
	}
	k->broken = false;
	k->begun = true;
	from = line.to->len;
	ptl_decode_entry(t->decoder, &k->decode, &k->call, &t->memory, k, line.to);
	tint_name(t, &line, from);
	if (holds_lines(t)) {
		k->held_start = line.start;
		return;
	}
	k->log->line = line.start;
	trace_log_settle(t, k->log);
}

static void text_exit(struct trace *t, struct trace_task *k, int64_t elapsed_ns)
{
	struct line line = continue_line(t, k, true);
	unsigned status = k->call.is_error ? STATUS_FAILED : STATUS_SUCCESSFUL;

	ptl_decode_exit(t->decoder, &k->decode, &k->call, &t->memory, k, line.to);
	put_equals(t, &line);
	if (k->call.is_error)
		put_tint(t, &line, TINT_ERROR);
	ptl_decode_result(t->decoder, &k->decode, &k->call, &t->memory, k, line.to);
	if (k->call.is_error)
		put_tint(t, &line, TINT_NONE);
	if (t->config.call_times) {
		pt_buf_add(line.to, " <", 2);
		pt_buf_udec(line.to, (uint64_t)(elapsed_ns / 1000000000));
		put_fraction(line.to, elapsed_ns % 1000000000, t->config.call_precision);
		pt_buf_putc(line.to, '>');
	}
	pt_buf_putc(line.to, '\n');
	publish(t, k, t->config.status & status);
}

static void text_cut(struct trace *t, struct trace_task *k, bool died)
{
	struct line line = continue_line(t, k, false);

	k->call.has_result = false;
	if (died) {
		ptl_decode_exit(t->decoder, &k->decode, &k->call, &t->memory, k, line.to);
		put_equals(t, &line);
		pt_buf_add(line.to, "?\n", 2);
	} else {
		pt_buf_puts(line.to, " <detached ...>\n");
	}
	publish(t, k, t->config.status & (died ? STATUS_UNFINISHED : STATUS_DETACHED));
}

static void text_signal(struct trace *t, struct trace_task *k, const struct ptl_siginfo *info)
{
	struct line line = begin_line(t, k, true);
	const char *name = ptl_signal_name(info->signo);

	put_tint(t, &line, TINT_EVENT);
	pt_buf_printf(line.to, "--- %s ", name ? name : "SIG?");
	ptl_decode_siginfo(t->decoder, k, info->raw, sizeof(info->raw), line.to);
	pt_buf_puts(line.to, " ---");
	put_tint(t, &line, TINT_NONE);
	end_line(t, k, &line);
}

static void text_stopped(struct trace *t, struct trace_task *k, int signo)
{
	struct line line = begin_line(t, k, true);
	const char *name = ptl_signal_name(signo);

	put_tint(t, &line, TINT_EVENT);
	pt_buf_printf(line.to, "--- stopped by %s ---", name ? name : "SIG?");
	put_tint(t, &line, TINT_NONE);
	end_line(t, k, &line);
}

static void text_exited(struct trace *t, struct trace_task *k, const struct ptl_event *ev)
{
	struct line line;
	const char *name;

	if (ev->u.exited.signo ? !(t->config.signals >> (ev->u.exited.signo - 1) & 1) : t->config.quiet & QUIET_EXIT)
		return;
	line = begin_line(t, k, false);
	put_tint(t, &line, TINT_EVENT);
	name = ptl_signal_name(ev->u.exited.signo);
	if (ev->u.exited.unknown)
		pt_buf_puts(line.to, "+++ exited with unknown status +++");
	else if (ev->u.exited.signo)
		pt_buf_printf(line.to, "+++ killed by %s%s +++", name ? name : "SIG?", ev->u.exited.core ? " (core dumped)" : "");
	else
		pt_buf_printf(line.to, "+++ exited with %d +++", ev->u.exited.code);
	put_tint(t, &line, TINT_NONE);
	end_line(t, k, &line);
}

static void text_moves(struct trace *t, struct trace_task *k, pid_t to)
{
	if (k->log->open != k)
		return;
	pt_buf_printf(&k->log->text, " <pid changed to %d ...>\n", (int)to);
	k->log->open = NULL;
	k->broken = true;
}

static void text_superseded(struct trace *t, struct trace_task *k, pid_t by)
{
	struct trace_task *other = k->log->open;
	struct line line;

	if (other && other->tid == by) /* we are told of the end before the execve that brought it about */
		text_moves(t, other, k->tid);
	if (t->config.quiet & QUIET_THREAD_EXECVE)
		return;
	line = begin_line(t, k, false);
	put_tint(t, &line, TINT_EVENT);
	pt_buf_printf(line.to, "+++ superseded by execve in pid %d +++", (int)by);
	put_tint(t, &line, TINT_NONE);
	end_line(t, k, &line);
}

/* --- messages beside the trace ------------------------------------------------------------------------- */

/* Ours go to standard error, where the trace may stand with an open line. */
static void before_message(struct trace *t)
{
	if (t->config.output)
		return;
	close_open_line(&t->shared);
	trace_log_flush(t, &t->shared);
}

static void text_attached(struct trace *t, struct trace_task *k, unsigned threads, bool born, pid_t parent)
{
	if (t->config.quiet & QUIET_ATTACH)
		return;
	before_message(t);
	if (threads > 1)
		cmd_note(t->call, "Process %d attached with %u threads", (int)k->tid, threads);
	else
		cmd_note(t->call, "Process %d attached", (int)k->tid);
}

static void text_detached(struct trace *t, struct trace_task *k)
{
	if (t->config.quiet & QUIET_ATTACH)
		return;
	before_message(t);
	cmd_note(t->call, "Process %d detached", (int)k->tid);
}

static void text_personality(struct trace *t, struct trace_task *k, uint32_t arch)
{
	struct line line;

	if (t->config.quiet & QUIET_PERSONALITY)
		return;
	line = begin_line(t, k, true);
	pt_buf_printf(line.to, "[ Process PID=%d runs in %s mode. ]", (int)k->tid, arch == PTL_ARCH_I386 ? "32 bit" : "64 bit");
	end_line(t, k, &line);
}

const struct trace_writer trace_text_writer = {
	.entry = text_entry,
	.exit = text_exit,
	.cut = text_cut,
	.signal = text_signal,
	.stopped = text_stopped,
	.exited = text_exited,
	.superseded = text_superseded,
	.moves = text_moves,
	.attached = text_attached,
	.detached = text_detached,
	.personality = text_personality,
};
