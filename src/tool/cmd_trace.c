/* SPDX-License-Identifier: MIT */
/* pintle trace: the system calls of a program tree, with strace's command line and output. The tables are in trace_options.c. */
#include "tool/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int finish(struct trace *t)
{
	if (t->fatal_signal && !t->main_ended) {
		cmd_die_of(t->fatal_signal);
		return 128 + t->fatal_signal;
	}
	if (t->ending && !t->limit_reached && !(t->fatal_signal && t->main_ended))
		return t->status;
	if (t->exec_error && !t->call->as_strace)
		return t->exec_error == ENOENT ? 127 : 126;
	if (t->exec_error)
		return 1;
	if (t->main_signo) {
		cmd_die_of(t->main_signo);
		return 128 + t->main_signo; /* one whose default is not to kill */
	}
	return t->main_code;
}

static int64_t read_memory(void *arg, uint64_t address, void *buffer, size_t n)
{
	struct ptl_task *task = *(struct ptl_task **)arg;

	return task ? ptl_read(task, address, buffer, n) : -ESRCH; /* none: it has gone */
}

static int run_trace(struct trace *t)
{
	struct trace_config *c = &t->config;
	int r;

	c->decode.format = c->json ? PTL_DECODE_JSON : PTL_DECODE_TEXT;
	c->decode.arg = t;
	c->decode.netlink_protocol = trace_netlink_protocol;
	c->decode.ifindex_text = trace_ifindex_text;
	if (c->decode_fds)
		c->decode.fd_text = trace_fd_text;
	if (c->pid_names)
		c->decode.pid_text = trace_pid_text;
	r = ptl_decoder_new(&c->decode, &t->decoder);
	if (r < 0)
		return cmd_error(t->call, "%s", ptl_error_text(r));
	t->memory.read = read_memory;
	t->memory.arg = &t->current;
	if (c->summary != SUMMARY_ONLY)
		t->writer = c->json ? &trace_json_writer : &trace_text_writer;
	if (c->summary && (r = trace_summary_new(t)))
		return r;
	r = trace_paths_prepare(t);
	if (r)
		return r;
	r = trace_daemonize(t);
	if (r)
		return r;
	r = trace_log_open(t);
	if (r)
		return r;
	r = trace_start(t);
	if (r)
		return r;
	trace_loop(t);
	trace_end_tracees(t);
	if (c->summary)
		trace_summary_print(t);
	trace_log_close(t);
	return -1;
}

static int run(struct cmd_call *call)
{
	struct trace *t = calloc(1, sizeof(*t));
	int status = 1;

	if (!t)
		return cmd_error(call, "out of memory");
	t->call = call;
	t->shared.fd = -1;
	if (!trace_options(call, &t->config, &status)) {
		status = run_trace(t);
		if (status >= 0) { /* it did not come to tracing */
			trace_end_tracees(t);
			trace_log_close(t);
		}
		/* one that did not stop when asked is set free by our end, and would be waited for here */
		if (!t->session || !ptl_task_count(t->session))
			ptl_session_free(t->session);
		if (status < 0)
			status = finish(t);
	}
	trace_sock_forget(t);
	trace_summary_free(t->summary);
	ptl_decoder_free(t->decoder);
	trace_config_done(&t->config);
	free(t->file);
	free(t);
	return status;
}

static const struct cmd_example examples[] = {
	{"pintle trace ls", "the calls that ls makes"},
	{"pintle trace -f -o make.log make", "a whole build, one file"},
	{"pintle trace -f -e trace=%file,execve sh -c 'cc x.c'", "what a compilation opens and runs"},
	{"pintle trace -c -f make", "a table: how often, how long"},
	{"pintle trace -f -p 4242", "all threads of a running process, until ^C"},
	{"pintle trace --json -o calls.jsonl curl example.org", "one JSON object per event"},
	{NULL, NULL},
};

extern const struct cmd_option trace_option_table[];

const struct command cmd_trace = {
	.name = "trace",
	.usage = "[OPTIONS] PROGRAM [ARG]...\n[OPTIONS] -p PID[,PID]...",
	.summary = "system calls of a program and its children, decoded",
	.help = "Shows the system calls and signals of a program, of all it starts (-f), or of running processes (-p): "
		"one line a call, with names for flags and the contents of structs and buffers. Lines go to standard error or to a "
		"file. Options and output are strace's; a link named strace to this program has its words too.\n\n"
		"The exit status is the program's; if a signal killed it, the same signal kills pintle trace. It is 2 for a "
		"wrong command line, 127 if the program was not found, 126 if it could not be executed, 1 for other failures.\n\n"
		"When it launches the program, follows all it starts (-f) and only a few calls are wanted, it lets the kernel pick them "
		"(a seccomp filter), so that the others run at full speed. Programs under such a filter cannot go on without their "
		"tracer: they are killed with it, and an interrupted pintle trace waits for those that are left. --seccomp-bpf=never "
		"keeps it from doing so. It is not done with -p, -D, -u, -b, -P, without -f, and where it would cost "
		"a set-user-id program its rights.",
	.options = trace_option_table,
	.examples = examples,
	.options_first = true,
	.run = run,
};
