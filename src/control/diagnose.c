/* SPDX-License-Identifier: MIT */
/*
 * Why a process cannot be traced. The kernel answers EPERM to a dozen different things (ptrace(2), "Ptrace access mode
 * checking"); the evidence in /proc tells them apart.
 *
 * The facts are gathered in os/linux/procstat.c. Here is the table that judges them: one row a cause, in the order in which the
 * kernel checks, so that the first row that applies is the one to mend first. In its sentences {it} is the process with its
 * name, {pid} its bare id, and so on: see expand(). Names are a tracee's own words and are escaped.
 */
#include "control/diagnose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

static bool has_cap(const struct pt_facts *f)
{
	return f->me.cap_effective >> PT_CAP_SYS_PTRACE & 1;
}

/*
 * CAP_SYS_PTRACE counts for processes of the caller's user namespace and of those below it. That the process's namespace can be
 * read at all (same_user_ns >= 0) takes the same right, so it settles the matter.
 */
static bool cap_counts(const struct pt_facts *f)
{
	return has_cap(f) && (f->initial_user_ns || f->same_user_ns >= 0);
}

static bool same_ids(const uint32_t ids[3])
{
	return ids[0] == ids[1] && ids[1] == ids[2];
}

/* The check of __ptrace_may_access(): all three of its ids must be the caller's real one. */
static bool ids_match(const uint32_t its[3], const uint32_t mine[3])
{
	return same_ids(its) && its[0] == mine[0];
}

static bool out_of_range(const struct pt_facts *f)
{
	return f->pid < 1 || f->pid >= f->pid_max;
}

static bool hidden(const struct pt_facts *f)
{
	return !f->exists && f->hidden;
}

static bool absent(const struct pt_facts *f)
{
	return !f->exists;
}

static bool itself(const struct pt_facts *f)
{
	return f->pid == f->self;
}

static bool own_thread(const struct pt_facts *f)
{
	return f->it.tgid == f->self;
}

static bool mutual(const struct pt_facts *f)
{
	return f->traces_me;
}

static bool kernel_thread(const struct pt_facts *f)
{
	return f->it.kthread;
}

static bool dead(const struct pt_facts *f)
{
	return f->it.state == 'Z' || f->it.state == 'X';
}

static bool dead_leader(const struct pt_facts *f)
{
	return dead(f) && f->live_threads > 0 && f->error;
}

static bool zombie(const struct pt_facts *f)
{
	return dead(f) && f->live_threads == 0;
}

static bool traced_by_caller(const struct pt_facts *f)
{
	return f->it.tracer > 0 && f->tracer_tgid == f->self;
}

static bool traced(const struct pt_facts *f)
{
	return f->it.tracer != 0;
}

static bool filtered(const struct pt_facts *f)
{
	return f->filtered;
}

static bool yama_off(const struct pt_facts *f)
{
	return f->yama >= 3;
}

static bool other_user(const struct pt_facts *f)
{
	return !cap_counts(f) && same_ids(f->it.uid) && !ids_match(f->it.uid, f->me.uid);
}

/*
 * Root inside a container looking out: its capabilities do not reach there. Ids prove nothing, as all that have no name
 * inside look the same.
 */
static bool outer_namespace(const struct pt_facts *f)
{
	return has_cap(f) && !cap_counts(f);
}

static bool saved_id(const struct pt_facts *f)
{
	return !cap_counts(f) && f->it.uid[0] == f->me.uid[0] && f->it.uid[1] == f->me.uid[0] &&
		f->it.uid[2] != f->me.uid[0];
}

static bool mixed_ids(const struct pt_facts *f)
{
	return !cap_counts(f) && !same_ids(f->it.uid);
}

static bool other_group(const struct pt_facts *f)
{
	return !cap_counts(f) && !ids_match(f->it.gid, f->me.gid);
}

static bool not_dumpable(const struct pt_facts *f)
{
	return !cap_counts(f) && f->owner != f->it.uid[1];
}

static bool more_capabilities(const struct pt_facts *f)
{
	/* those of a namespace below are nothing to the caller's, and its owner has them all */
	return !cap_counts(f) && f->same_user_ns != 0 && (f->it.cap_permitted & ~f->me.cap_permitted);
}

static bool yama_admin(const struct pt_facts *f)
{
	return f->yama == 2 && !has_cap(f);
}

static bool yama_descendants(const struct pt_facts *f)
{
	return f->yama == 1 && !has_cap(f) && !f->descendant;
}

static bool labelled(const struct pt_facts *f)
{
	return f->error == EPERM && f->label[0] && strncmp(f->label, "unconfined", 10);
}

static bool vanished(const struct pt_facts *f)
{
	return f->error == ESRCH;
}

static bool refused(const struct pt_facts *f)
{
	return f->error != 0;
}

static bool leader_gone(const struct pt_facts *f)
{
	return dead(f) && f->live_threads > 0;
}

static bool no_cap(const struct pt_facts *f)
{
	return !has_cap(f);
}

struct row {
	bool (*applies)(const struct pt_facts *f);
	int result; /* 0: a remark, nothing stands in the way; REFUSED: the errno that was given, EPERM if none was */
	const char *cause, *remedy;
};
enum { REFUSED = 1 };

static const struct row rows[] = {
	{out_of_range, -ESRCH, "{pid} is no process id: here they run from 1 to {last}", ""},
	{hidden, REFUSED, "process {pid} exists, but /proc hides it (it is mounted with hidepid)",
		"run as root, or as a member of the group that the mount option gid= names"},
	{absent, -ESRCH, "no process or thread has the id {pid}", ""},
	{itself, -PTL_ESELF, "{it} is the tracer itself", "start the tracer in a process of its own"},
	{own_thread, -PTL_ESELF, "{it} is a thread of the tracer itself",
		"start the tracer in a process of its own"},
	{mutual, -PTL_ESELF,
		"{it} traces this tracer, and two processes that trace each other could never be woken again",
		"trace it from a process that it does not trace"},
	{kernel_thread, -PTL_EKERNELTASK, "{it} is a kernel thread, which has no user code to trace", ""},
	{dead_leader, -PTL_EZOMBIE,
		"the first thread of {it} has exited; {live} of its threads still run",
		"name a live thread of it, such as {livetid}"},
	{zombie, -PTL_EZOMBIE, "{it} is a zombie: it is dead, and its parent {parent} has not yet waited for it",
		"look at {parent}, which must call wait(2)"},
	{traced_by_caller, -PTL_EALREADY, "{it} is traced by this process already", ""},
	{traced, -PTL_ETRACED, "{it} is traced by {tracer} already",
		"end that tracer or let it detach: a process has one tracer at a time"},
	{filtered, REFUSED, "a seccomp filter forbids ptrace(2) to the tracer, as containers often do",
		"start the container with --cap-add=SYS_PTRACE or another seccomp profile"},
	{yama_off, REFUSED, "kernel.yama.ptrace_scope is {yama}: nobody may attach to a process",
		"it can be lowered only by a reboot; a program that the tracer starts itself can be traced"},
	{outer_namespace, REFUSED,
		"{it} belongs to {itsuser}, and the tracer's capabilities count only inside its own user namespace",
		"trace it from outside of the container"},
	{other_user, REFUSED, "{it} belongs to {itsuser}, and the tracer runs as {myuser}",
		"{asroot}"},
	{saved_id, REFUSED, "{it} has kept {saveduser} as its saved user id, so it could become that user again",
		"{asroot}"},
	{mixed_ids, REFUSED, "{it} has several user ids (real {uids}), and the tracer runs as {myuser}",
		"{asroot}"},
	{other_group, REFUSED, "{it} has the group ids {gids} (real, effective, saved), and the tracer has {mygid}",
		"{asroot}"},
	{not_dumpable, REFUSED,
		"{it} is not dumpable: it was set-user-id, changed its user without an execve, may not read its own executable, or asked for it by prctl(PR_SET_DUMPABLE)",
		"{asroot}"},
	{more_capabilities, REFUSED, "{it} has capabilities that the tracer lacks ({morecaps})",
		"{asroot}"},
	{yama_admin, REFUSED, "kernel.yama.ptrace_scope is {yama}: only CAP_SYS_PTRACE may attach", "{asroot}"},
	{yama_descendants, REFUSED, "kernel.yama.ptrace_scope is {yama}, and {it} is not a descendant of the tracer",
		"run as root, start the program under the tracer, let it call prctl(PR_SET_PTRACER), or write 0 to /proc/sys/kernel/yama/ptrace_scope"},
	{labelled, REFUSED, "the kernel refused; {it} is confined by a security module (profile {label})",
		"look for a denial in the kernel's or the audit log"},
	{vanished, -ESRCH, "{it} exited meanwhile", ""},
	{refused, REFUSED, "the kernel refused to trace {it}, and nothing in /proc tells why",
		"a security module may forbid it, or the process was exiting: try again, then look in the kernel's log"},
	{leader_gone, 0, "the first thread of {it} has exited; {live} of its threads still run", ""},
};

/* Of the caller and the machine in general. */
static const struct row general_rows[] = {
	{filtered, -EPERM, "a seccomp filter forbids ptrace(2) here, as containers often do",
		"start the container with --cap-add=SYS_PTRACE or another seccomp profile"},
	{yama_off, -EPERM, "kernel.yama.ptrace_scope is {yama}: nobody may attach to a process",
		"it can be lowered only by a reboot; a program that the tracer starts itself can be traced"},
	{yama_admin, -EPERM, "kernel.yama.ptrace_scope is {yama}: only CAP_SYS_PTRACE may attach", "{asroot}"},
	{no_cap, 0, "the tracer lacks CAP_SYS_PTRACE, so it can attach only to processes of its own user",
		"{asroot}"},
};

static void add_process(struct pt_buf *b, pid_t pid, const char *name)
{
	if (!pid) {
		/* TracerPid and PPid of somebody whom this pid namespace does not know. */
		pt_buf_puts(b, "a process outside of this pid namespace");
		return;
	}
	pt_buf_dec(b, pid);
	if (*name) {
		pt_buf_puts(b, " (");
		pt_buf_escaped(b, name, strlen(name));
		pt_buf_putc(b, ')');
	}
}

/* No names but root's: looking one up may ask a server, and wait for it. */
static void add_user(struct pt_buf *b, uint32_t uid)
{
	pt_buf_printf(b, "user %u", uid);
	pt_buf_puts(b, uid ? "" : " (root)");
}

static void add_ids(struct pt_buf *b, const uint32_t ids[3])
{
	pt_buf_printf(b, "%u, effective %u, saved %u", ids[0], ids[1], ids[2]);
}

static void add_caps(struct pt_buf *b, uint64_t mask)
{
	static const char *const names[] = {"chown", "dac_override", "dac_read_search", "fowner", "fsetid",
		"kill", "setgid", "setuid", "setpcap", "linux_immutable", "net_bind_service",
		"net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio",
		"sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource",
		"sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
		"mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon",
		"bpf", "checkpoint_restore"};
	unsigned i, shown = 0;

	for (i = 0; i < 64; i++) {
		if (!(mask >> i & 1))
			continue;
		if (shown == 4) {
			pt_buf_puts(b, " ...");
			return;
		}
		pt_buf_puts(b, shown++ ? ", " : "");
		if (i < PT_COUNTOF(names))
			pt_buf_printf(b, "cap_%s", names[i]);
		else
			pt_buf_printf(b, "capability %u", i);
	}
}

static void add_word(struct pt_buf *b, const struct pt_facts *f, const char *word, size_t n)
{
#define IS(name) (n == sizeof(name) - 1 && !memcmp(word, name, n))
	if (IS("it"))
		add_process(b, f->pid, f->it.name);
	else if (IS("pid"))
		pt_buf_dec(b, f->pid);
	else if (IS("last"))
		pt_buf_dec(b, f->pid_max - 1);
	else if (IS("tracer"))
		add_process(b, f->tracer_tgid ? f->tracer_tgid : f->it.tracer > 0 ? f->it.tracer : 0,
			f->tracer_name);
	else if (IS("parent"))
		add_process(b, f->it.ppid, f->parent_name);
	else if (IS("live"))
		pt_buf_dec(b, f->live_threads);
	else if (IS("livetid"))
		pt_buf_dec(b, f->live_tid);
	else if (IS("yama"))
		pt_buf_dec(b, f->yama);
	else if (IS("itsuser"))
		add_user(b, f->it.uid[0]);
	else if (IS("saveduser"))
		add_user(b, f->it.uid[2]);
	else if (IS("myuser"))
		add_user(b, f->me.uid[0]);
	else if (IS("uids"))
		add_ids(b, f->it.uid);
	else if (IS("gids"))
		pt_buf_printf(b, "%u, %u, %u", f->it.gid[0], f->it.gid[1], f->it.gid[2]);
	else if (IS("mygid"))
		pt_buf_printf(b, "%u", f->me.gid[0]);
	else if (IS("morecaps"))
		add_caps(b, f->it.cap_permitted & ~f->me.cap_permitted);
	else if (IS("asroot"))
		pt_buf_puts(b, f->me.uid[1]
				? "run as root, or give the tracer the capability CAP_SYS_PTRACE"
				: "give the tracer the capability CAP_SYS_PTRACE (a container: --cap-add=SYS_PTRACE)");
	else if (IS("label"))
		pt_buf_escaped(b, f->label, strlen(f->label));
#undef IS
}

static void expand(char *to, size_t size, const struct pt_facts *f, const char *text)
{
	struct pt_buf b = PT_BUF_INIT;

	while (*text) {
		size_t n = strcspn(text, "{");

		pt_buf_add(&b, text, n);
		text += n;
		if (*text) {
			n = strcspn(text, "}");
			add_word(&b, f, text + 1, n - 1);
			text += n + 1;
		}
	}
	snprintf(to, size, "%s", pt_buf_str(&b));
	pt_buf_done(&b);
}

void pt_diagnose_facts(const struct pt_facts *f, struct ptl_diagnosis *ret)
{
	const struct row *row = f->general ? general_rows : rows;
	const struct row *end = row + (f->general ? PT_COUNTOF(general_rows) : PT_COUNTOF(rows));

	memset(ret, 0, sizeof(*ret));
	for (; row < end; row++) {
		if (!row->applies(f))
			continue;
		ret->result = row->result != REFUSED ? row->result : f->error ? -f->error : -EPERM;
		expand(ret->cause, sizeof(ret->cause), f, row->cause);
		expand(ret->remedy, sizeof(ret->remedy), f, row->remedy);
		return;
	}
}

static int diagnose(pid_t pid, int error, struct ptl_diagnosis *ret)
{
	PT_CLEANUP(pt_closep) int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct pt_facts facts;

	memset(ret, 0, sizeof(*ret));
	if (proc < 0) {
		ret->result = error ? -error : -errno;
		snprintf(ret->cause, sizeof(ret->cause), "/proc is not mounted, so nothing is known of process %d", pid);
		snprintf(ret->remedy, sizeof(ret->remedy), "mount it: mount -t proc proc /proc");
		return -ENOENT;
	}
	pt_facts_gather(proc, pid, error, &facts);
	facts.general = !pid && !error;
	pt_diagnose_facts(&facts, ret);
	return 0;
}

void pt_diagnose(pid_t pid, int error, struct ptl_diagnosis *ret)
{
	(void)diagnose(pid, error ? error : EPERM, ret);
}

int ptl_diagnose(pid_t pid, struct ptl_diagnosis *ret_diagnosis)
{
	return diagnose(pid, 0, ret_diagnosis);
}
