/* SPDX-License-Identifier: MIT */
/*
 * The writer of JSON lines: one object an event, complete in itself. docs/json.md describes them; "v" there is VERSION here, and
 * is raised when a member changes its meaning or goes.
 *
 * A call becomes one object when it ends, whatever other lines came between its entry and its exit; it is built in the
 * task's own buffer.
 */
#include "tool/trace.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

enum { VERSION = 1 };

static const char *abi_name(enum ptl_abi abi)
{
	static const char *const names[PTL_ABI_COUNT] = {
		[PTL_ABI_X86_64] = "x86_64", [PTL_ABI_I386] = "i386", [PTL_ABI_X32] = "x32"};

	return names[abi];
}

/* {"v":1,"kind":"call","ts":...,"pid":...,"tid":... */
static void begin(struct pt_json *j, struct pt_buf *to, const char *kind, const struct trace_task *k, const struct timespec *ts)
{
	struct timespec now;

	if (!ts) {
		clock_gettime(CLOCK_REALTIME, &now);
		ts = &now;
	}
	pt_json_init(j, to);
	pt_json_object(j);
	pt_json_key_int(j, "v", VERSION);
	pt_json_key_string(j, "kind", kind);
	pt_json_key_int(j, "ts", (int64_t)ts->tv_sec * 1000000000 + ts->tv_nsec);
	pt_json_key_int(j, "pid", k->pid);
	pt_json_key_int(j, "tid", k->tid);
}

static void begin_event(struct pt_json *j, struct trace_task *k, const char *kind)
{
	begin(j, &k->log->text, kind, k, NULL);
}

static void end_event(struct trace *t, struct trace_task *k, struct pt_json *j)
{
	pt_json_end(j);
	pt_buf_putc(&k->log->text, '\n');
	trace_log_settle(t, k->log);
}

static void json_entry(struct trace *t, struct trace_task *k)
{
	struct pt_json j;

	pt_buf_clear(&k->held);
	begin(&j, &k->held, "call", k, &k->entry_wall);
	pt_json_key_string(&j, "abi", abi_name(k->abi));
	pt_json_key_uint(&j, "nr", k->nr);
	if (t->config.show_ip)
		pt_json_key_hex(&j, "ip", k->ip);
	if (t->config.pid_names) {
		trace_read_comm(k);
		pt_json_key(&j, "comm");
		pt_json_bytes(&j, k->comm, strlen(k->comm));
	}
	pt_buf_putc(&k->held, ',');
	ptl_decode_entry(t->decoder, &k->decode, &k->call, &t->memory, k, &k->held);
	k->begun = true;
}

static void publish(struct trace *t, struct trace_task *k, bool wanted)
{
	if (wanted)
		pt_buf_add(&k->log->text, k->held.data, k->held.len);
	pt_buf_clear(&k->held);
	k->begun = false;
	t->calls_shown += wanted;
	trace_log_settle(t, k->log);
}

static void json_exit(struct trace *t, struct trace_task *k, int64_t elapsed_ns)
{
	unsigned status = k->call.is_error ? STATUS_FAILED : STATUS_SUCCESSFUL;

	ptl_decode_exit(t->decoder, &k->decode, &k->call, &t->memory, k, &k->held);
	ptl_decode_result(t->decoder, &k->decode, &k->call, &t->memory, k, &k->held);
	pt_buf_puts(&k->held, ",\"duration\":");
	pt_buf_dec(&k->held, elapsed_ns);
	pt_buf_puts(&k->held, "}\n");
	publish(t, k, t->config.status & status);
}

static void json_cut(struct trace *t, struct trace_task *k, bool died)
{
	k->call.has_result = false;
	ptl_decode_exit(t->decoder, &k->decode, &k->call, &t->memory, k, &k->held);
	ptl_decode_result(t->decoder, &k->decode, &k->call, &t->memory, k, &k->held);
	pt_buf_puts(&k->held, died ? ",\"unfinished\":\"exit\"}\n" : ",\"unfinished\":\"detach\"}\n");
	publish(t, k, t->config.status & (died ? STATUS_UNFINISHED : STATUS_DETACHED));
}

static void key_signal(struct pt_json *j, const char *key, int signo)
{
	const char *name = ptl_signal_name(signo);

	if (name)
		pt_json_key_string(j, key, name);
	else
		pt_json_key_int(j, key, signo);
}

static void json_signal(struct trace *t, struct trace_task *k, const struct ptl_siginfo *info)
{
	struct pt_json j;

	begin_event(&j, k, "signal");
	key_signal(&j, "signal", info->signo);
	pt_buf_puts(&k->log->text, ",\"info\":");
	ptl_decode_siginfo(t->decoder, k, info->raw, sizeof(info->raw), &k->log->text);
	end_event(t, k, &j);
}

static void json_stopped(struct trace *t, struct trace_task *k, int signo)
{
	struct pt_json j;

	begin_event(&j, k, "stop");
	key_signal(&j, "signal", signo);
	end_event(t, k, &j);
}

static void json_exited(struct trace *t, struct trace_task *k, const struct ptl_event *ev)
{
	struct pt_json j;

	if (ev->u.exited.signo ? !(t->config.signals >> (ev->u.exited.signo - 1) & 1) : t->config.quiet & QUIET_EXIT)
		return;
	begin_event(&j, k, "exit");
	if (ev->u.exited.unknown) {
		pt_json_key(&j, "code");
		pt_json_null(&j);
	} else if (ev->u.exited.signo) {
		key_signal(&j, "signal", ev->u.exited.signo);
		pt_json_key_bool(&j, "core", ev->u.exited.core);
	} else {
		pt_json_key_int(&j, "code", ev->u.exited.code);
	}
	pt_json_key_bool(&j, "last", ev->u.exited.last);
	end_event(t, k, &j);
}

static void json_superseded(struct trace *t, struct trace_task *k, pid_t by)
{
	struct pt_json j;

	begin_event(&j, k, "superseded");
	pt_json_key_int(&j, "by", by);
	end_event(t, k, &j);
}

/* An object is written when its call ends; where, does not matter before. */
static void json_moves(struct trace *t, struct trace_task *k, pid_t to)
{
	(void)t;
	(void)k;
	(void)to;
}

static void json_attached(struct trace *t, struct trace_task *k, unsigned threads, bool born, pid_t parent)
{
	struct pt_json j;

	begin_event(&j, k, born ? "born" : "attach");
	if (born)
		pt_json_key_int(&j, "parent", parent);
	else
		pt_json_key_int(&j, "threads", threads);
	end_event(t, k, &j);
}

static void json_detached(struct trace *t, struct trace_task *k)
{
	struct pt_json j;

	begin_event(&j, k, "detach");
	end_event(t, k, &j);
}

static void json_personality(struct trace *t, struct trace_task *k, uint32_t arch)
{
	struct pt_json j;

	if (t->config.quiet & QUIET_PERSONALITY)
		return;
	begin_event(&j, k, "abi");
	pt_json_key_string(&j, "abi", arch == PTL_ARCH_I386 ? "i386" : "x86_64");
	end_event(t, k, &j);
}

const struct trace_writer trace_json_writer = {
	.entry = json_entry,
	.exit = json_exit,
	.cut = json_cut,
	.signal = json_signal,
	.stopped = json_stopped,
	.exited = json_exited,
	.superseded = json_superseded,
	.moves = json_moves,
	.attached = json_attached,
	.detached = json_detached,
	.personality = json_personality,
};
