/* SPDX-License-Identifier: MIT */
/* pintle doctor: why a process cannot be traced, and what this kernel and machine offer. */
#include "tool/cmd.h"
#include "wire/json.h"

#include <errno.h>
#include <linux/audit.h>
#include <string.h>

enum { VERSION = 1 };
enum { OPT_JSON = 1 };

static const struct cmd_option options[] = {
	{0, "json", NULL, false, OPT_JSON, "one JSON object for each process, or for the machine"},
	{0},
};

static const struct cmd_example examples[] = {
	{"pintle doctor", "what this kernel, machine and user can do"},
	{"pintle doctor 4242", "why attaching to process 4242 would fail, and what helps"},
	{NULL, NULL},
};

static const char *state_text(char state)
{
	switch (state) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "in uninterruptible sleep: it can be stopped only when that ends";
	case 'T':
		return "stopped by job control";
	case 't':
		return "stopped by its tracer";
	case 'Z':
		return "zombie";
	case 'X':
		return "dead";
	case 'I':
		return "idle kernel thread";
	default:
		return "unknown";
	}
}

static const char *arch_text(const struct ptl_process_info *p)
{
	switch (p->arch) {
	case AUDIT_ARCH_X86_64:
		return "x86-64";
	case AUDIT_ARCH_I386:
		return "i386";
	default:
		return p->kernel_thread ? "none, a kernel thread" : "not known: its executable cannot be read";
	}
}

static const char *seccomp_text(int mode)
{
	return mode == 2 ? "has filters" : mode == 1 ? "strict" : "none";
}

/* Prints one line of the table; the value follows. */
static void label(struct pt_buf *b, const char *name)
{
	pt_buf_printf(b, "  %-14s", name);
}

static void line(struct pt_buf *b, const char *name, const char *value)
{
	label(b, name);
	pt_buf_printf(b, "%s\n", value);
}

static void named(struct pt_buf *b, const char *what, pid_t pid, const char *name)
{
	label(b, what);
	if (pid > 0) {
		pt_buf_printf(b, "%d (", pid);
		pt_buf_escaped(b, name, strlen(name));
		pt_buf_puts(b, ")\n");
	} else {
		pt_buf_puts(b, "none\n");
	}
}

static void ids(struct pt_buf *b, const char *what, const uint32_t id[3])
{
	label(b, what);
	pt_buf_printf(b, "%u, effective %u, saved %u\n", id[0], id[1], id[2]);
}

static void diagnosis_text(struct pt_buf *b, const struct ptl_diagnosis *d)
{
	line(b, "tracing", d->result ? "not possible" : "possible");
	if (d->cause[0])
		line(b, d->result ? "cause" : "remark", d->cause);
	if (d->remedy[0])
		line(b, "remedy", d->remedy);
}

static void process_text(struct pt_buf *b, pid_t pid, const struct ptl_process_info *p,
	const struct ptl_diagnosis *d)
{
	pt_buf_printf(b, "process %d", pid);
	if (!p) {
		pt_buf_putc(b, '\n');
		diagnosis_text(b, d);
		return;
	}
	pt_buf_puts(b, " (");
	pt_buf_escaped(b, p->name, strlen(p->name));
	pt_buf_puts(b, ")\n");
	diagnosis_text(b, d);
	label(b, "state");
	pt_buf_puts(b, state_text(p->state));
	if (p->wait_channel[0]) {
		pt_buf_puts(b, ", waits in ");
		pt_buf_escaped(b, p->wait_channel, strlen(p->wait_channel));
	}
	pt_buf_putc(b, '\n');
	if (p->tgid != pid)
		named(b, "thread of", p->tgid, "");
	label(b, "threads");
	pt_buf_printf(b, "%u\n", p->threads);
	line(b, "code", arch_text(p));
	named(b, "tracer", p->tracer, p->tracer_name);
	named(b, "parent", p->parent, p->parent_name);
	ids(b, "user ids", p->uid);
	ids(b, "group ids", p->gid);
	label(b, "capabilities");
	pt_buf_printf(b, "permitted %#llx, effective %#llx\n", (unsigned long long)p->cap_permitted,
		(unsigned long long)p->cap_effective);
	line(b, "seccomp", seccomp_text(p->seccomp));
	line(b, "dumpable", p->dumpable ? "yes" : "no");
	if (strchr(p->namespace_pids, '\t')) {
		label(b, "ids inside");
		pt_buf_escaped(b, strchr(p->namespace_pids, '\t') + 1,
			strlen(strchr(p->namespace_pids, '\t') + 1));
		pt_buf_putc(b, '\n');
	}
	if (p->label[0]) {
		label(b, "profile");
		pt_buf_escaped(b, p->label, strlen(p->label));
		pt_buf_putc(b, '\n');
	}
}

static void diagnosis_json(struct pt_json *j, const struct ptl_diagnosis *d)
{
	pt_json_key_bool(j, "traceable", !d->result);
	pt_json_key(j, "error");
	if (d->result)
		pt_json_string(j, ptl_error_name(d->result));
	else
		pt_json_null(j);
	pt_json_key_string(j, "cause", d->cause);
	pt_json_key_string(j, "remedy", d->remedy);
}

static void ids_json(struct pt_json *j, const char *key, const uint32_t id[3])
{
	unsigned i;

	pt_json_key(j, key);
	pt_json_array(j);
	for (i = 0; i < 3; i++)
		pt_json_uint(j, id[i]);
	pt_json_end(j);
}

static void name_json(struct pt_json *j, const char *key, const char *name)
{
	pt_json_key(j, key);
	pt_json_bytes(j, name, strlen(name));
}

static void process_json(struct pt_buf *b, pid_t pid, const struct ptl_process_info *p,
	const struct ptl_diagnosis *d)
{
	struct pt_json j;
	char state[2] = {p ? p->state : 0, 0};

	pt_json_init(&j, b);
	pt_json_object(&j);
	pt_json_key_int(&j, "v", VERSION);
	pt_json_key_string(&j, "kind", "process");
	pt_json_key_int(&j, "pid", pid);
	diagnosis_json(&j, d);
	if (p) {
		name_json(&j, "name", p->name);
		pt_json_key_int(&j, "process", p->tgid);
		pt_json_key_string(&j, "state", state);
		pt_json_key_string(&j, "wait_channel", p->wait_channel);
		pt_json_key_uint(&j, "threads", p->threads);
		pt_json_key_string(&j, "code", p->arch == AUDIT_ARCH_X86_64 ? "x86-64"
				: p->arch == AUDIT_ARCH_I386			   ? "i386"
										   : "");
		pt_json_key_int(&j, "tracer", p->tracer);
		name_json(&j, "tracer_name", p->tracer_name);
		pt_json_key_int(&j, "parent", p->parent);
		name_json(&j, "parent_name", p->parent_name);
		ids_json(&j, "uid", p->uid);
		ids_json(&j, "gid", p->gid);
		pt_json_key_hex(&j, "cap_permitted", p->cap_permitted);
		pt_json_key_hex(&j, "cap_effective", p->cap_effective);
		pt_json_key_int(&j, "seccomp", p->seccomp);
		pt_json_key_bool(&j, "dumpable", p->dumpable);
		pt_json_key_bool(&j, "kernel_thread", p->kernel_thread);
		name_json(&j, "profile", p->label);
	}
	pt_json_end(&j);
	pt_buf_putc(b, '\n');
}

static void machine_text(struct pt_buf *b, const struct ptl_diagnosis *d)
{
	struct ptl_feature f;
	unsigned i;

	pt_buf_puts(b, "this machine\n");
	diagnosis_text(b, d);
	pt_buf_puts(b, "\nfeatures\n");
	for (i = 0; ptl_feature_probe(i, &f) > 0; i++) {
		pt_buf_printf(b, "  %-32s%-5s", f.name, f.present ? "yes" : "no");
		pt_buf_escaped(b, f.detail, strlen(f.detail));
		while (b->len && b->data[b->len - 1] == ' ')
			b->data[--b->len] = '\0';
		pt_buf_putc(b, '\n');
	}
}

static void machine_json(struct pt_buf *b, const struct ptl_diagnosis *d)
{
	struct ptl_feature f;
	struct pt_json j;
	unsigned i;

	pt_json_init(&j, b);
	pt_json_object(&j);
	pt_json_key_int(&j, "v", VERSION);
	pt_json_key_string(&j, "kind", "machine");
	diagnosis_json(&j, d);
	pt_json_key(&j, "features");
	pt_json_array(&j);
	for (i = 0; ptl_feature_probe(i, &f) > 0; i++) {
		pt_json_object(&j);
		pt_json_key_string(&j, "name", f.name);
		pt_json_key_bool(&j, "present", f.present);
		pt_json_key_string(&j, "detail", f.detail);
		pt_json_end(&j);
	}
	pt_json_end(&j);
	pt_json_end(&j);
	pt_buf_putc(b, '\n');
}

/* 0: it can be traced. */
static int examine(struct pt_buf *b, pid_t pid, bool json)
{
	struct ptl_process_info info;
	struct ptl_diagnosis d;
	bool known;

	ptl_diagnose(pid, &d);
	if (!pid) {
		(json ? machine_json : machine_text)(b, &d);
		return d.result != 0;
	}
	known = !ptl_process_info(pid, &info);
	(json ? process_json : process_text)(b, pid, known ? &info : NULL, &d);
	return d.result != 0;
}

static int run(struct cmd_call *call)
{
	struct opt_state opt = {0};
	struct pt_buf out = PT_BUF_INIT;
	const char *arg;
	bool json = false;
	int id, first, i, r, status = 0;

	while ((id = opt_next(call, &opt, &arg)) != OPT_END) {
		switch (id) {
		case OPT_JSON:
			json = true;
			break;
		case OPT_HELP:
			return cmd_show_help(call);
		default:
			return call->usage_status;
		}
	}
	first = opt.index;
	for (i = first; i < call->argc; i++) {
		pid_t pid;

		r = cmd_parse_pid(call, call->argv[i], &pid);
		if (r) {
			pt_buf_done(&out);
			return r;
		}
	}
	if (first >= call->argc)
		status = examine(&out, 0, json);
	for (i = first; i < call->argc; i++) {
		pid_t pid = 0;

		(void)cmd_parse_pid(call, call->argv[i], &pid);
		if (i > first && !json)
			pt_buf_putc(&out, '\n');
		status |= examine(&out, pid, json);
	}
	r = cmd_print(call, &out);
	pt_buf_done(&out);
	return r ? r : status;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.usage = "[--json] [PID]...",
	.summary = "why a process cannot be traced, and what this machine can do",
	.help = "For each process id, tells whether this user could attach to it, and if not, the cause and what helps: another "
		"tracer, another user, a process that is not dumpable, Yama, a seccomp filter, a namespace, a kernel thread, "
		"a zombie ... Nothing is attached to.\n\n"
		"Without a process id, tells which features of the kernel and the machine can be used, by trying each.\n\n"
		"Exit status: 0 if tracing is possible, 1 if something stands in the way, 2 for a wrong command line.",
	.options = options,
	.examples = examples,
	.options_first = true,
	.run = run,
};
