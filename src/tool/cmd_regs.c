/* SPDX-License-Identifier: MIT */
/* pintle regs: the registers of one thread, shown and set. */
#include "tool/cmd.h"
#include "wire/json.h"

#include <errno.h>
#include <linux/audit.h>
#include <string.h>

enum { OPT_SET = 1, OPT_ALL, OPT_GROUP, OPT_JSON };
enum { REG_SIZE_MAX = 64 };
#define STOP_TIMEOUT_NS INT64_C(5000000000)

static const struct cmd_option options[] = {
	{'s', "set", "NAME=VALUE", false, OPT_SET,
		"give a register a value: hexadecimal with 0x, decimal, for st0 ... st7 also a "
		"fraction; may be "
		"repeated, then all are set or none"},
	{'a', "all", NULL, false, OPT_ALL,
		"show every register the machine has, not only the general ones"},
	{'g', "group", "GROUP", false, OPT_GROUP,
		"show the registers of a group: general, float, vector, system; may be repeated"},
	{0, "json", NULL, false, OPT_JSON, "one JSON object"},
	{0},
};

static const struct cmd_example examples[] = {
	{"pintle regs 4242", "general registers of the main thread of process 4242"},
	{"pintle regs -g vector 4242 4250", "vector registers of its thread 4250"},
	{"pintle regs --set rax=0 --set rip=0x401136 4242", "change two registers"},
	{NULL, NULL},
};

static const char *const group_names[] = {[PTL_REG_GENERAL] = "general",
	[PTL_REG_FLOAT] = "float",
	[PTL_REG_VECTOR] = "vector",
	[PTL_REG_SYSTEM] = "system"};

/* One --set. */
struct change {
	const char *text; /* NAME=VALUE */
	const struct ptl_reg_info *reg;
	unsigned char value[REG_SIZE_MAX];
};

struct request {
	pid_t pid, tid;
	unsigned groups; /* bit per enum ptl_reg_group; 0: what was set, or the general ones */
	bool json;
	struct pt_vec changes; /* struct change */
};

/* --- showing ------------------------------------------------------------------------------ */

/* zmm7, ymm7, xmm7 are one register: is there a wider name for this one here? */
static bool has_wider(struct ptl_task *t, const struct ptl_reg_info *reg)
{
	char name[16];

	for (const char *wider = "yz"; *wider; wider++) {
		if (strncmp(reg->name + 1, "mm", 2) || strlen(reg->name) >= sizeof(name) ||
			reg->name[0] >= *wider)
			continue;
		strcpy(name, reg->name);
		name[0] = *wider;
		if (ptl_reg_find(t, name))
			return true;
	}
	return false;
}

static bool is_wanted(struct ptl_task *t, const struct request *rq, const struct ptl_reg_info *reg)
{
	if (!rq->groups && rq->changes.len) {
		for (size_t i = 0; i < rq->changes.len; i++)
			if (PT_VEC_AT(&rq->changes, struct change, i).reg == reg)
				return true;
		return false;
	}
	return !reg->alias &&
	       ((rq->groups ? rq->groups : 1U << PTL_REG_GENERAL) >> reg->group & 1) &&
	       !(reg->group == PTL_REG_VECTOR && has_wider(t, reg));
}

/* The value's bits as one hexadecimal string, which is exact for every type. */
static void value_json(
	struct pt_json *j, const struct ptl_reg_info *reg, const unsigned char *value)
{
	struct pt_buf text = PT_BUF_INIT;
	bool digits = reg->type != PTL_REG_UINT; /* all of them, or from the first that is not 0 */

	pt_buf_puts(&text, "0x");
	for (unsigned i = reg->size * 2; i-- > 0;) {
		unsigned digit = value[i / 2] >> (i % 2 * 4) & 15;

		digits = digits || digit || !i;
		if (digits)
			pt_buf_putc(&text, "0123456789abcdef"[digit]);
	}
	pt_json_key_string(j, reg->name, pt_buf_str(&text));
	pt_buf_done(&text);
}

static const char *abi_name(uint32_t arch)
{
	return arch == AUDIT_ARCH_X86_64 ? "x86_64" : arch == AUDIT_ARCH_I386 ? "i386" : "unknown";
}

static int show(const struct cmd_call *call, struct ptl_task *t, const struct request *rq)
{
	unsigned char value[REG_SIZE_MAX];
	struct pt_buf out = PT_BUF_INIT;
	const struct ptl_reg_info *reg;
	struct pt_json j;
	int r = 0;

	if (rq->json) {
		pt_json_init(&j, &out);
		pt_json_object(&j);
		pt_json_key_int(&j, "v", 1);
		pt_json_key_string(&j, "kind", "registers");
		pt_json_key_int(&j, "pid", rq->pid);
		pt_json_key_int(&j, "tid", rq->tid);
		pt_json_key_string(&j, "abi", abi_name(ptl_task_arch(t)));
		pt_json_key(&j, "registers");
		pt_json_object(&j);
	}
	for (size_t i = 0; r == 0 && (reg = ptl_reg_at(t, i)); i++) {
		if (!is_wanted(t, rq, reg))
			continue;
		r = ptl_reg_read(t, reg, value, reg->size);
		if (r == -PTL_EUNSUPPORTED) { /* its group can be seen only sometimes: debug
						 registers in a virtual machine */
			cmd_note(call, "%s cannot be read here", reg->name);
			r = 0;
			continue;
		}
		if (r < 0)
			break;
		if (rq->json) {
			value_json(&j, reg, value);
			continue;
		}
		pt_buf_printf(&out, "%-10s", reg->name);
		ptl_reg_format(&out, reg, value);
		pt_buf_putc(&out, '\n');
	}
	if (rq->json) {
		pt_json_end(&j);
		pt_json_end(&j);
		pt_buf_putc(&out, '\n');
	}
	r = r < 0 ? cmd_session_error(call, ptl_task_session(t), r) : cmd_print(call, &out);
	pt_buf_done(&out);
	return r;
}

/* --- setting --------------------------------------------------------------------------------- */

/* All names and values are understood before the first is written. */
static int resolve(const struct cmd_call *call, struct ptl_task *t, struct change *c)
{
	size_t n = strcspn(c->text, "=");
	char name[32];
	int r;

	if (n < sizeof(name)) {
		memcpy(name, c->text, n);
		name[n] = '\0';
		c->reg = ptl_reg_find(t, name);
	}
	if (!c->reg)
		return cmd_usage_error(
			call, "there is no register '%.*s' here", (int)PT_MIN(n, 64), c->text);
	r = c->reg->size <= REG_SIZE_MAX ? ptl_reg_parse(c->reg, c->text + n + 1, c->value)
					 : -PTL_EREGSIZE;
	if (r == -PTL_EREGSIZE)
		return cmd_usage_error(call, "'%s' does not fit the %u bytes of %s",
			c->text + n + 1, c->reg->size, c->reg->name);
	if (r < 0)
		return cmd_usage_error(
			call, "'%s' is not a value for %s", c->text + n + 1, c->reg->name);
	return 0;
}

static int apply(const struct cmd_call *call, struct ptl_task *t, struct request *rq)
{
	int r = 0;

	for (size_t i = 0; i < rq->changes.len; i++) {
		r = resolve(call, t, &PT_VEC_AT(&rq->changes, struct change, i));
		if (r)
			return r;
	}
	for (size_t i = 0; r == 0 && i < rq->changes.len; i++) {
		struct change *c = &PT_VEC_AT(&rq->changes, struct change, i);

		r = ptl_reg_write(t, c->reg, c->value, c->reg->size);
	}
	if (r == 0)
		r = ptl_reg_flush(t);
	return r < 0 ? cmd_session_error(call, ptl_task_session(t), r) : 0;
}

/* --- the command ------------------------------------------------------------------------ */

/* Attached to the one thread, until it stands still; its first event is left unanswered: detaching
 * puts everything right. */
static int stop_thread(
	const struct cmd_call *call, struct ptl_session *s, pid_t tid, struct ptl_task **ret_task)
{
	struct ptl_event ev;
	int r = ptl_attach(s, tid, PTL_ATTACH_THREAD);

	if (r < 0)
		return cmd_session_error(call, s, r);
	r = ptl_wait_for(s, &ev, STOP_TIMEOUT_NS);
	if (r == -PTL_ETIMEOUT)
		return cmd_error(call, "thread %d did not stop within 5 seconds", tid);
	if (r < 0)
		return cmd_session_error(call, s, r);
	if (r == 0 || ev.kind == PTL_EV_EXITED)
		return cmd_error(call, "thread %d has exited", tid);
	*ret_task = ev.task;
	return 0;
}

static int work(const struct cmd_call *call, struct request *rq)
{
	struct ptl_process_info info;
	struct ptl_session *s;
	struct ptl_task *t = NULL;
	int r;

	if (rq->tid != rq->pid && (ptl_process_info(rq->tid, &info) < 0 || info.tgid != rq->pid))
		return cmd_error(call, "%d is not a thread of process %d", rq->tid, rq->pid);
	r = ptl_session_new(&s, 0);
	if (r < 0)
		return cmd_error(call, "%s", ptl_error_text(r));
	cmd_log(call, s);
	r = stop_thread(call, s, rq->tid, &t);
	if (!r && rq->changes.len)
		r = apply(call, t, rq);
	if (!r)
		r = show(call, t, rq);
	ptl_session_free(s);
	return r;
}

static int add_group(const struct cmd_call *call, struct request *rq, const char *name)
{
	for (unsigned i = 0; i < PT_COUNTOF(group_names); i++)
		if (!strcmp(name, group_names[i])) {
			rq->groups |= 1U << i;
			return 0;
		}
	return cmd_usage_error(
		call, "there is no group '%s': use general, float, vector or system", name);
}

static int add_change(const struct cmd_call *call, struct request *rq, const char *text)
{
	const char *is = strchr(text, '=');
	struct change *c;

	if (!is || is == text)
		return cmd_usage_error(call, "'%s' is not of the form NAME=VALUE", text);
	c = pt_vec_push(&rq->changes);
	if (!c)
		return cmd_error(call, "%s", ptl_error_text(-ENOMEM));
	c->text = text;
	return 0;
}

static int parse(struct cmd_call *call, struct request *rq, bool *ret_help)
{
	struct opt_state opt = {0};
	unsigned operands = 0;
	const char *arg;
	int id, r = 0;

	while (!r && (id = opt_next(call, &opt, &arg)) != OPT_END) {
		switch (id) {
		case OPT_SET:
			r = add_change(call, rq, arg);
			break;
		case OPT_ALL:
			rq->groups = ~0U;
			break;
		case OPT_GROUP:
			r = add_group(call, rq, arg);
			break;
		case OPT_JSON:
			rq->json = true;
			break;
		case OPT_OPERAND:
			if (operands == 2)
				r = cmd_usage_error(call, "too many arguments: '%s'", arg);
			else
				r = cmd_parse_pid(call, arg, operands ? &rq->tid : &rq->pid);
			operands++;
			break;
		case OPT_HELP:
			*ret_help = true;
			return cmd_show_help(call);
		default:
			return call->usage_status;
		}
	}
	if (!r && !operands)
		return cmd_usage_error(call, "a process id is missing");
	if (operands < 2)
		rq->tid = rq->pid;
	return r;
}

static int run(struct cmd_call *call)
{
	struct request rq = {.changes = PT_VEC_INIT(struct change)};
	bool help = false;
	int r = parse(call, &rq, &help);

	if (!r && !help)
		r = work(call, &rq);
	pt_vec_done(&rq.changes);
	return r;
}

const struct command cmd_regs = {
	.name = "regs",
	.usage = "[OPTIONS] PID [TID]",
	.summary = "show or set the registers of a thread",
	.help = "The thread TID of process PID, or its main thread, is stopped for a moment, and "
		"goes on as if nothing had "
		"been: a system call that it was waiting in is taken up again.\n\n"
		"Without --all or --group, the general registers are shown; with --set, those that "
		"were set. Vector "
		"registers are shown at the greatest width the machine has.\n\n"
		"--set takes every name that is shown, and those of their parts (eax, ax, al, ah, "
		"xmm0), and pc, sp, fp and "
		"flags. What the kernel refuses, or would take only in part, is named and nothing "
		"is changed. A new pc "
		"given to a thread in a system call ends that call.\n\n"
		"Exit status: 0; 1 if it could not be done; 2 for a wrong command line.",
	.options = options,
	.examples = examples,
	.run = run,
};
