/* SPDX-License-Identifier: MIT */
/*
 * Which features of the kernel and machine are there: one row and one small function each, nothing assumed from version
 * numbers.
 *
 * Some can only be tried on a tracee. It is a child made for the purpose with exit signal 0, so that the host program's
 * waits never meet it; it shares no memory with us, makes only async-signal-safe calls, and is killed and reaped here.
 */
#include <pintle/control.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "os/linux/procstat.h"

/* Newer than the headers of Debian 12. */
#ifndef PTRACE_SET_SYSCALL_INFO
#define PTRACE_SET_SYSCALL_INFO 0x4212
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif
#ifndef PERF_FLAG_FD_CLOEXEC
#define PERF_FLAG_FD_CLOEXEC 8
#endif

#define SAY(f, ...) snprintf((f)->detail, sizeof((f)->detail), __VA_ARGS__)

/* present, or the reason why not */
static void say_result(struct ptl_feature *f, int error)
{
	f->present = !error;
	if (error)
		SAY(f, "%s", strerrorname_np(error) ? strerrordesc_np(error) : "refused");
}

static int proc_folder(void)
{
	return open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The first line of a file of /proc, or of another with an absolute path. */
static int first_line(const char *path, char *buf, size_t size)
{
	PT_CLEANUP(pt_closep) int proc = proc_folder();
	int r = pt_proc_text(proc, path, buf, size);

	buf[strcspn(buf, "\n")] = '\0';
	return r;
}

/* --- a tracee to try things on --------------------------------------------------------- */

/* Words for the child's memory and text, to be looked at from outside. */
static const volatile uint64_t landmark = 0x70696e746c65;

/* Makes the child and holds it: stopped in nanosleep(2) or between two. Its pid, or -errno of the first call that failed. */
static pid_t child_new(void)
{
	struct timespec nap = {0, 1000000};
	int status, e;
	pid_t pid;

	pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
	if (pid < 0)
		return -errno;
	if (!pid) {
		/* Ends by itself, should its maker die before it is traced. */
		for (status = 0; status < 10000; status++)
			syscall(SYS_nanosleep, &nap, NULL);
		syscall(SYS_exit_group, 0);
	}
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)(long)PTRACE_O_EXITKILL) ||
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL)) {
		e = errno;
		kill(pid, SIGKILL);
		waitpid(pid, &status, __WALL);
		return -e;
	}
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	return pid;
}

static void child_free(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) >= 0 ? !(WIFEXITED(status) || WIFSIGNALED(status)) : errno == EINTR)
		;
}

static void probe_seize(struct ptl_feature *f)
{
	pid_t pid = child_new();

	say_result(f, pid < 0 ? -pid : 0);
	if (pid > 0)
		child_free(pid);
}

/* Runs a try on a fresh child; what it answers is 0 or an errno. */
static void on_child(struct ptl_feature *f, int (*try)(struct ptl_feature *f, pid_t pid))
{
	pid_t pid = child_new();

	if (pid < 0) {
		SAY(f, "no tracee to try it on: %s", strerrordesc_np(-pid));
		return;
	}
	say_result(f, try(f, pid));
	child_free(pid);
}

static int errno_of(long r)
{
	return r < 0 ? errno : 0;
}

static int try_syscall_info(struct ptl_feature *f, pid_t pid)
{
	uint8_t info[128];

	return errno_of(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), info));
}

static int try_set_syscall_info(struct ptl_feature *f, pid_t pid)
{
	/* Too small a size: EINVAL from a kernel that knows the request, EIO from one that does not. */
	int e = errno_of(ptrace(PTRACE_SET_SYSCALL_INFO, pid, NULL, NULL));

	return e == EINVAL || e == EFAULT ? 0 : e;
}

static int try_singlestep(struct ptl_feature *f, pid_t pid)
{
	int status = 0;

	if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL))
		return errno;
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP ? 0 : ENOSYS;
}

static int try_debugregs(struct ptl_feature *f, pid_t pid)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg) + i * sizeof(long),
			    (void *)(uintptr_t)&landmark))
			break;
	/* Slot 0, read or write, 8 bytes. */
	if (!i || ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg) + 7 * sizeof(long),
			  (void *)0xb0001ul))
		return errno ? errno : ENOSPC;
	SAY(f, "%u slots", i);
	return 0;
}

static int try_xsave(struct ptl_feature *f, pid_t pid)
{
	uint8_t *state = calloc(1, 65536);
	struct iovec iov = {state, 65536};
	uint64_t features;
	int e;

	if (!state)
		return ENOMEM;
	e = errno_of(ptrace(PTRACE_GETREGSET, pid, (void *)(long)NT_X86_XSTATE, &iov));
	if (!e) {
		memcpy(&features, state + 464, sizeof(features)); /* XCR0, in the part left to software */
		SAY(f, "%zu bytes%s%s%s%s", iov.iov_len, features & 4 ? ", AVX" : "",
			(features & 0xe0) == 0xe0 ? ", AVX-512" : "", features & 0x200 ? ", PKRU" : "",
			features & 0x40000 ? ", AMX" : "");
	}
	free(state);
	return e;
}

static int try_rseq(struct ptl_feature *f, pid_t pid)
{
	uint8_t config[64];

	return errno_of(ptrace(0x420f /* PTRACE_GET_RSEQ_CONFIGURATION */, pid, (void *)24, config));
}

static int try_suspend_seccomp(struct ptl_feature *f, pid_t pid)
{
	return errno_of(ptrace(PTRACE_SETOPTIONS, pid, NULL,
		(void *)(long)(PTRACE_O_EXITKILL | PTRACE_O_SUSPEND_SECCOMP)));
}

static int try_vm_readv(struct ptl_feature *f, pid_t pid)
{
	uint64_t word = 0;
	struct iovec to = {&word, sizeof(word)}, from = {(void *)(uintptr_t)&landmark, sizeof(word)};

	if (process_vm_readv(pid, &to, 1, &from, 1, 0) != sizeof(word))
		return errno;
	return word == landmark ? 0 : EIO;
}

/* Writing the same byte back to a page of text, which cannot be written by the program itself. */
static int try_mem_write(struct ptl_feature *f, pid_t pid)
{
	char path[32];
	uint8_t byte;
	int fd, e = 0;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (pread(fd, &byte, 1, (off_t)(uintptr_t)child_new) != 1 ||
		pwrite(fd, &byte, 1, (off_t)(uintptr_t)child_new) != 1)
		e = errno;
	close(fd);
	return e;
}

static void probe_syscall_info(struct ptl_feature *f)
{
	on_child(f, try_syscall_info);
}

static void probe_set_syscall_info(struct ptl_feature *f)
{
	on_child(f, try_set_syscall_info);
}

static void probe_singlestep(struct ptl_feature *f)
{
	on_child(f, try_singlestep);
}

static void probe_debugregs(struct ptl_feature *f)
{
	on_child(f, try_debugregs);
}

static void probe_xsave(struct ptl_feature *f)
{
	on_child(f, try_xsave);
}

static void probe_rseq(struct ptl_feature *f)
{
	on_child(f, try_rseq);
}

static void probe_suspend_seccomp(struct ptl_feature *f)
{
	on_child(f, try_suspend_seccomp);
}

static void probe_vm_readv(struct ptl_feature *f)
{
	on_child(f, try_vm_readv);
}

static void probe_mem_write(struct ptl_feature *f)
{
	on_child(f, try_mem_write);
}

/* A child that makes a 32-bit system call: where the kernel has no such entry, it dies of SIGSEGV. */
static void probe_compat(struct ptl_feature *f)
{
	pid_t pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
	int status = 0;

	if (pid < 0) {
		say_result(f, errno);
		return;
	}
	if (!pid) {
		long r = 20; /* getpid */

		__asm__ volatile("int $0x80" : "+a"(r) : : "r8", "r9", "r10", "r11", "memory");
		syscall(SYS_exit_group, r > 0 ? 0 : 1);
	}
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	f->present = WIFEXITED(status) && !WEXITSTATUS(status);
	if (!f->present)
		SAY(f, "the kernel has no 32-bit system calls");
}

/* --- system calls ------------------------------------------------------------------------ */

static void probe_seccomp(struct ptl_feature *f)
{
	uint32_t action = SECCOMP_RET_ALLOW;

	say_result(f, errno_of(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action)));
}

static void probe_seccomp_trace(struct ptl_feature *f)
{
	uint32_t action = SECCOMP_RET_TRACE;

	say_result(f, errno_of(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action)));
}

static void probe_pidfd_flags(struct ptl_feature *f, pid_t pid, unsigned flags)
{
	long fd = syscall(SYS_pidfd_open, pid, flags);

	say_result(f, errno_of(fd));
	if (fd >= 0)
		close((int)fd);
}

static void probe_pidfd(struct ptl_feature *f)
{
	probe_pidfd_flags(f, getpid(), 0);
}

static void probe_pidfd_thread(struct ptl_feature *f)
{
	probe_pidfd_flags(f, gettid(), PIDFD_THREAD);
}

static void probe_clone_pidfd(struct ptl_feature *f)
{
	int fd = -1, status;
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PIDFD, NULL, &fd, NULL, NULL);

	if (!pid)
		syscall(SYS_exit_group, 0);
	say_result(f, errno_of(pid));
	if (pid > 0) {
		while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
			;
		f->present = fd >= 0;
		if (fd >= 0)
			close(fd);
	}
}

static void probe_clone3(struct ptl_feature *f)
{
	/* A size that no version has: EINVAL from a kernel that has the call. */
	long r = syscall(SYS_clone3, NULL, 1);

	say_result(f, r < 0 && errno != EINVAL ? errno : 0);
}

static void probe_userfaultfd(struct ptl_feature *f)
{
	long fd = syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */);

	say_result(f, errno_of(fd));
	if (fd >= 0)
		close((int)fd);
}

static void probe_kcmp(struct ptl_feature *f)
{
	say_result(f, errno_of(syscall(SYS_kcmp, getpid(), getpid(), 1 /* KCMP_VM */, 0, 0)));
}

static int perf_open(struct perf_event_attr *attr)
{
	long fd;

	attr->size = sizeof(*attr);
	attr->disabled = 1;
	attr->exclude_kernel = 1;
	attr->exclude_hv = 1;
	fd = syscall(SYS_perf_event_open, attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return errno;
	close((int)fd);
	return 0;
}

static void probe_perf_instructions(struct ptl_feature *f)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_INSTRUCTIONS};
	int e = perf_open(&attr);

	say_result(f, e);
	if (e == ENOENT || e == ENODEV || e == EOPNOTSUPP)
		SAY(f, "this machine has no performance counters, as is usual for a virtual one");
}

static void probe_perf_breakpoint(struct ptl_feature *f)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_BREAKPOINT,
		.bp_type = 4 /* HW_BREAKPOINT_X */,
		.bp_addr = (uintptr_t)probe_perf_breakpoint,
		.bp_len = sizeof(long),
		.sigtrap = 1,
		.remove_on_exec = 1};

	say_result(f, perf_open(&attr));
}

static void probe_uprobe(struct ptl_feature *f)
{
	char type[32];
	int r = first_line("/sys/bus/event_source/devices/uprobe/type", type, sizeof(type));

	say_result(f, r < 0 ? -r : 0);
	if (r > 0)
		SAY(f, "event type %s", type);
}

/* --- settings ---------------------------------------------------------------------------- */

static void probe_paranoid(struct ptl_feature *f)
{
	char text[32];

	f->present = first_line("sys/kernel/perf_event_paranoid", text, sizeof(text)) > 0;
	SAY(f, "%s", f->present ? text : "the kernel has no perf events");
}

static void probe_yama(struct ptl_feature *f)
{
	static const char *const meaning[] = {"0: no restriction", "1: descendants only",
		"2: CAP_SYS_PTRACE only", "3: nobody may attach"};
	char text[32];
	unsigned scope;

	f->present = first_line("sys/kernel/yama/ptrace_scope", text, sizeof(text)) > 0;
	scope = f->present ? (unsigned)text[0] - '0' : 4;
	SAY(f, "%s", f->present && scope < 4 ? meaning[scope] : "no restriction by Yama");
}

static void probe_lsm(struct ptl_feature *f)
{
	char text[128];

	f->present = first_line("/sys/kernel/security/lsm", text, sizeof(text)) > 0;
	SAY(f, "%s", f->present ? text : "not to be known: securityfs is not mounted");
}

static void probe_caps(struct ptl_feature *f)
{
	static const struct {
		unsigned bit;
		const char *name;
	} caps[] = {{19, "CAP_SYS_PTRACE"}, {21, "CAP_SYS_ADMIN"}, {38, "CAP_PERFMON"}, {39, "CAP_BPF"},
		{40, "CAP_CHECKPOINT_RESTORE"}};
	PT_CLEANUP(pt_closep) int proc = proc_folder();
	struct pt_proc_status me;
	size_t i, n = 0;

	if (pt_proc_status(proc, gettid(), &me)) {
		SAY(f, "/proc is not mounted");
		return;
	}
	f->present = me.cap_effective >> PT_CAP_SYS_PTRACE & 1;
	for (i = 0; i < PT_COUNTOF(caps); i++)
		if (me.cap_effective >> caps[i].bit & 1)
			n += (size_t)snprintf(f->detail + n, sizeof(f->detail) - n, "%s%s", n ? ", " : "",
				caps[i].name);
	if (!n)
		SAY(f, "none of those that matter here");
}

static void probe_user_ns(struct ptl_feature *f)
{
	char text[128];

	f->present = first_line("self/uid_map", text, sizeof(text)) > 0 && strstr(text, "4294967295");
	SAY(f, "%s", f->present ? "the initial one" : "a nested one: capabilities count only inside of it");
}

static void probe_own_seccomp(struct ptl_feature *f)
{
	PT_CLEANUP(pt_closep) int proc = proc_folder();
	struct pt_facts facts;

	pt_facts_gather(proc, 0, 0, &facts);
	f->present = !facts.filtered;
	SAY(f, "%s", facts.filtered ? "a seccomp filter of ours forbids ptrace(2)"
		: facts.me.seccomp == 2 ? "ours has filters, ptrace(2) is allowed"
					: "no filter");
}

static void probe_force_override(struct ptl_feature *f)
{
	char text[4096], *p;

	/* No file tells the build's default; only a boot parameter shows. What works is row mem-write. */
	first_line("cmdline", text, sizeof(text));
	p = strstr(text, "proc_mem.force_override=");
	f->present = !p || !strncmp(p + 24, "always", 6);
	SAY(f, "%.*s", p ? (int)strcspn(p + 24, " ") : 20, p ? p + 24 : "not set at boot time");
}

static void probe_hidepid(struct ptl_feature *f)
{
	char text[8192], *p;
	PT_CLEANUP(pt_closep) int proc = proc_folder();

	f->present = true;
	if (pt_proc_text(proc, "self/mounts", text, sizeof(text)) <= 0)
		return;
	p = strstr(text, " /proc proc ");
	if (p)
		p[strcspn(p, "\n")] = '\0';
	p = p ? strstr(p, "hidepid=") : NULL;
	f->present = !p;
	if (p)
		SAY(f, "%.*s: processes of other users are hidden", (int)strcspn(p, ", "), p);
}

static void probe_map_files(struct ptl_feature *f)
{
	struct stat st;

	say_result(f, stat("/proc/self/map_files", &st) ? errno : 0);
}

static const struct {
	const char *name;
	void (*probe)(struct ptl_feature *f);
} features[] = {
	{"PTRACE_SEIZE", probe_seize},
	{"PTRACE_SINGLESTEP", probe_singlestep},
	{"PTRACE_GET_SYSCALL_INFO", probe_syscall_info},
	{"PTRACE_SET_SYSCALL_INFO", probe_set_syscall_info},
	{"PTRACE_GET_RSEQ_CONFIGURATION", probe_rseq},
	{"PTRACE_O_SUSPEND_SECCOMP", probe_suspend_seccomp},
	{"debug registers", probe_debugregs},
	{"XSAVE registers", probe_xsave},
	{"32-bit tracees", probe_compat},
	{"process_vm_readv", probe_vm_readv},
	{"/proc/PID/mem writes to code", probe_mem_write},
	{"proc_mem.force_override", probe_force_override},
	{"/proc/PID/map_files", probe_map_files},
	{"/proc shows all processes", probe_hidepid},
	{"seccomp filters", probe_seccomp},
	{"SECCOMP_RET_TRACE", probe_seccomp_trace},
	{"pidfd", probe_pidfd},
	{"PIDFD_THREAD", probe_pidfd_thread},
	{"CLONE_PIDFD", probe_clone_pidfd},
	{"clone3", probe_clone3},
	{"kcmp", probe_kcmp},
	{"userfaultfd", probe_userfaultfd},
	{"hardware instruction counter", probe_perf_instructions},
	{"perf breakpoints with SIGTRAP", probe_perf_breakpoint},
	{"uprobes", probe_uprobe},
	{"kernel.perf_event_paranoid", probe_paranoid},
	{"CAP_SYS_PTRACE", probe_caps},
	{"ptrace allowed by seccomp", probe_own_seccomp},
	{"initial user namespace", probe_user_ns},
	{"Yama", probe_yama},
	{"security modules", probe_lsm},
};

int ptl_feature_probe(unsigned index, struct ptl_feature *ret_feature)
{
	if (index >= PT_COUNTOF(features))
		return 0;
	memset(ret_feature, 0, sizeof(*ret_feature));
	ret_feature->name = features[index].name;
	features[index].probe(ret_feature);
	return 1;
}
