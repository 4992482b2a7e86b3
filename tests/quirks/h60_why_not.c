/* SPDX-License-Identifier: MIT */
/*
 * Why a process cannot be traced: real processes, one a row of the evidence table. For each, ptl_diagnose() says the expected
 * sentence, and agrees with what PTRACE_SEIZE then really answers.
 *
 * Not to be set up here, and checked from made-up facts in tests/unit/test_diagnose.c instead: Yama, other security modules.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pintle/control.h>

enum { USER = 65534, OTHER = 65533 };
#define AS_ROOT "run as root, or give the tracer the capability CAP_SYS_PTRACE"

static int failures;
static char not_here[256]; /* conditions that this machine does not let us make (no user namespace in a chroot) */

struct answer {
	struct ptl_diagnosis d;
	int seize; /* errno of PTRACE_SEIZE; 0 */
	pid_t tracer;
	bool absent; /* the asker could not be brought into its condition */
};

static int become(uid_t real, uid_t effective, uid_t saved, gid_t gid)
{
	return setresgid(gid, gid, gid) || setresuid(real, effective, saved);
}

/* Makes a process in a given condition; returns when it is in it. 0: it cannot be had here. */
static pid_t make(int (*setup)(void))
{
	int ready[2];
	char c = 0;
	pid_t pid;

	if (pipe(ready))
		exit(2);
	pid = fork();
	if (!pid) {
		close(ready[0]);
		prctl(PR_SET_NAME, "victim");
		c = setup && setup() ? 'x' : 'r';
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)!write(ready[1], &c, 1);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1) {
		printf("cannot set up a process: %s\n", strerror(errno));
		exit(2);
	}
	close(ready[0]);
	if (c != 'r') {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return 0;
	}
	return pid;
}

static void reap(pid_t pid)
{
	if (!pid)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
}

/* Diagnoses and tries, in a process of its own which `setup` puts into the caller's condition. */
static struct answer ask_as(pid_t pid, int (*setup)(void))
{
	struct answer *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), a;
	pid_t asker;

	shared->absent = !pid;
	if (!pid)
		return *shared;
	asker = fork();

	if (!asker) {
		if (setup && setup()) {
			shared->absent = true;
			_exit(0);
		}
		ptl_diagnose(pid, &shared->d);
		shared->tracer = getpid();
		shared->seize = ptrace(PTRACE_SEIZE, pid, NULL, NULL) ? errno : 0;
		if (!shared->seize) {
			ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
			waitpid(pid, NULL, __WALL);
			ptrace(PTRACE_DETACH, pid, NULL, NULL);
		}
		_exit(0);
	}
	int status;
	waitpid(asker, &status, 0);
	a = *shared;
	munmap(shared, 4096);
	if (status) {
		printf("FAIL: the asker ended with status %#x\n", status);
		failures++;
	}
	return a;
}

static void expect(const char *row, const struct answer *a, int result, const char *cause, const char *remedy)
{
	bool agrees = (a->d.result == 0) == (a->seize == 0);

	if (a->absent) {
		snprintf(not_here + strlen(not_here), sizeof(not_here) - strlen(not_here), "%s%s", *not_here ? ", " : "", row);
		return;
	}

	if (a->d.result == result && agrees && !strcmp(a->d.cause, cause) && !strcmp(a->d.remedy, remedy)) {
		printf("ok: %s: %s\n", row, *cause ? cause : "possible");
		return;
	}
	failures++;
	printf("FAIL: %s: answers %d (PTRACE_SEIZE: %s)\n  cause  \"%s\"\n  expect \"%s\" %d\n  remedy \"%s\"\n  expect \"%s\"\n",
		row, a->d.result, a->seize ? strerrorname_np(a->seize) : "ok", a->d.cause, cause, result, a->d.remedy, remedy);
}

static int as_user(void)
{
	return become(USER, USER, USER, USER);
}

static int as_user_dumpable(void)
{
	return as_user() || prctl(PR_SET_DUMPABLE, 1);
}

static int as_other(void)
{
	return become(OTHER, OTHER, OTHER, OTHER) || prctl(PR_SET_DUMPABLE, 1);
}

static int saved_root(void)
{
	return become(USER, USER, 0, USER) || prctl(PR_SET_DUMPABLE, 1);
}

static int set_user_id(void)
{
	return become(USER, 0, 0, USER) || prctl(PR_SET_DUMPABLE, 1);
}

static int other_group(void)
{
	return setresgid(USER, OTHER, OTHER) || setresuid(USER, USER, USER) || prctl(PR_SET_DUMPABLE, 1);
}

static int more_caps(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0, 1 << CAP_NET_BIND_SERVICE, 0}};

	return prctl(PR_SET_KEEPCAPS, 1) || as_user() || syscall(SYS_capset, &head, data) ||
		prctl(PR_SET_DUMPABLE, 1);
}

static int without_cap(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -1;
	data[0].effective &= ~(1u << CAP_SYS_PTRACE);
	data[0].permitted &= ~(1u << CAP_SYS_PTRACE);
	return (int)syscall(SYS_capset, &head, data);
}

static int filtered(void)
{
	struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static int user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static int hidden_proc(void)
{
	/* In a mount namespace of its own, so that nobody else meets this /proc. */
	return unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("proc", "/proc", "proc", 0, "hidepid=2") || as_user();
}

static pid_t seized;

static int traces_seized(void)
{
	return (int)ptrace(PTRACE_SEIZE, seized, NULL, NULL);
}

static int tid_pipe[2];

static void *wait_forever(void *arg)
{
	pid_t tid = gettid();

	(void)arg;
	(void)!write(tid_pipe[1], &tid, sizeof(tid));
	for (;;)
		pause();
	return NULL;
}

/* The leader of the process that make() waits for ends; its thread stays, and tells. */
static pid_t make_dead_leader(pid_t *ret_live)
{
	pid_t pid, tid = 0;

	if (pipe(tid_pipe))
		exit(2);
	pid = fork();
	if (!pid) {
		pthread_t thread;

		prctl(PR_SET_NAME, "victim");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pthread_create(&thread, NULL, wait_forever, NULL);
		syscall(SYS_exit, 0);
	}
	(void)!read(tid_pipe[0], &tid, sizeof(tid));
	close(tid_pipe[0]);
	close(tid_pipe[1]);
	*ret_live = tid;
	usleep(50000);
	return pid;
}

int main(void)
{
	char text[512], name[64];
	struct answer a;
	pid_t pid, live;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (geteuid()) {
		printf("needs root, to make processes of other users\n");
		return 77;
	}

	pid = make(as_user_dumpable);
	snprintf(name, sizeof(name), "%d (victim)", pid);
	a = ask_as(pid, as_user);
	expect("same user", &a, 0, "", "");
	a = ask_as(pid, NULL);
	expect("root", &a, 0, "", "");
	a = ask_as(pid, as_other);
	snprintf(text, sizeof(text), "%s belongs to user 65534, and the tracer runs as user 65533", name);
	expect("other user", &a, -EPERM, text, AS_ROOT);
	a = ask_as(pid, without_cap);
	snprintf(text, sizeof(text), "%s belongs to user 65534, and the tracer runs as user 0 (root)", name);
	expect("root without CAP_SYS_PTRACE", &a, -EPERM, text,
		"give the tracer the capability CAP_SYS_PTRACE (a container: --cap-add=SYS_PTRACE)");
	a = ask_as(pid, filtered);
	expect("seccomp filter", &a, -EPERM, "a seccomp filter forbids ptrace(2) to the tracer, as containers often do",
		"start the container with --cap-add=SYS_PTRACE or another seccomp profile");
	a = ask_as(pid, user_namespace);
	snprintf(text, sizeof(text), "%s belongs to user 65534, and the tracer's capabilities count only inside its own user namespace", name);
	expect("from inside a user namespace", &a, -EPERM, text, "trace it from outside of the container");
	reap(pid);

	pid = make(NULL);
	a = ask_as(pid, as_user);
	snprintf(text, sizeof(text), "%d (victim) belongs to user 0 (root), and the tracer runs as user 65534", pid);
	expect("root's process", &a, -EPERM, text, AS_ROOT);
	a = ask_as(pid, hidden_proc);
	snprintf(text, sizeof(text), "process %d exists, but /proc hides it (it is mounted with hidepid)", pid);
	expect("hidepid", &a, -EPERM, text, "run as root, or as a member of the group that the mount option gid= names");
	reap(pid);

	pid = make(as_user);
	a = ask_as(pid, as_user);
	snprintf(text, sizeof(text),
		"%d (victim) is not dumpable: it was set-user-id, changed its user without an execve, may not read its own executable, or asked for it by prctl(PR_SET_DUMPABLE)", pid);
	expect("changed its user, not dumpable", &a, -EPERM, text, AS_ROOT);
	reap(pid);

	pid = make(saved_root);
	a = ask_as(pid, as_user);
	snprintf(text, sizeof(text), "%d (victim) has kept user 0 (root) as its saved user id, so it could become that user again", pid);
	expect("kept saved user id", &a, -EPERM, text, AS_ROOT);
	reap(pid);

	pid = make(set_user_id);
	a = ask_as(pid, as_user);
	snprintf(text, sizeof(text), "%d (victim) has several user ids (real 65534, effective 0, saved 0), and the tracer runs as user 65534", pid);
	expect("set-user-id", &a, -EPERM, text, AS_ROOT);
	reap(pid);

	pid = make(other_group);
	a = ask_as(pid, as_user);
	snprintf(text, sizeof(text), "%d (victim) has the group ids 65534, 65533, 65533 (real, effective, saved), and the tracer has 65534", pid);
	expect("other group", &a, -EPERM, text, AS_ROOT);
	reap(pid);

	pid = make(more_caps);
	a = ask_as(pid, as_user);
	snprintf(text, sizeof(text), "%d (victim) has capabilities that the tracer lacks (cap_net_bind_service)", pid);
	expect("more capabilities", &a, -EPERM, text, AS_ROOT);
	reap(pid);

	pid = make(user_namespace);
	a = ask_as(pid, NULL);
	expect("in a user namespace below", &a, 0, "", "");
	reap(pid);

	pid = fork();
	if (!pid) {
		prctl(PR_SET_NAME, "victim");
		_exit(0);
	}
	usleep(50000);
	a = ask_as(pid, NULL);
	snprintf(text, sizeof(text), "%d (victim) is a zombie: it is dead, and its parent %d (h60_why_not) has not yet waited for it", pid, getpid());
	snprintf(name, sizeof(name), "look at %d (h60_why_not), which must call wait(2)", getpid());
	expect("zombie", &a, -PTL_EZOMBIE, text, name);
	waitpid(pid, NULL, 0);

	pid = make_dead_leader(&live);
	a = ask_as(live, NULL);
	expect("live thread of a dead leader", &a, 0, "", "");
	a = ask_as(pid, NULL);
	snprintf(text, sizeof(text), "the first thread of %d (victim) has exited; 1 of its threads still run", pid);
	a.seize = 0; /* of the leader it is refused, of the process it is possible */
	expect("dead leader", &a, 0, text, "");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);

	a = ask_as(2, NULL);
	if (!access("/proc/2/status", R_OK)) {
		char comm[32] = "";
		FILE *f = fopen("/proc/2/comm", "r");

		if (f && fscanf(f, "%31s", comm) == 1 && !strcmp(comm, "kthreadd"))
			expect("kernel thread", &a, -PTL_EKERNELTASK,
				"2 (kthreadd) is a kernel thread, which has no user code to trace", "");
		if (f)
			fclose(f);
	}

	seized = make(NULL);
	pid = make(traces_seized);
	a = ask_as(seized, NULL);
	snprintf(text, sizeof(text), "%d (victim) is traced by %d (victim) already", seized, pid);
	expect("traced by another", &a, -PTL_ETRACED, text, "end that tracer or let it detach: a process has one tracer at a time");
	reap(pid);
	reap(seized);

	a = ask_as(0x7ffffffe, NULL);
	{
		FILE *f = fopen("/proc/sys/kernel/pid_max", "r");
		int max = 0;

		if (!f || fscanf(f, "%d", &max) != 1)
			return 2;
		fclose(f);
		snprintf(text, sizeof(text), "2147483646 is no process id: here they run from 1 to %d", max - 1);
	}
	expect("no process id", &a, -ESRCH, text, "");
	pid = fork();
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	a = ask_as(pid, NULL);
	snprintf(text, sizeof(text), "no process or thread has the id %d", pid);
	expect("no process", &a, -ESRCH, text, "");

	/* Of ourselves; asked in this very process. */
	memset(&a, 0, sizeof(a));
	a.seize = EPERM;
	ptl_diagnose(getpid(), &a.d);
	snprintf(text, sizeof(text), "%d (h60_why_not) is the tracer itself", getpid());
	expect("ourselves", &a, -PTL_ESELF, text, "start the tracer in a process of its own");

	if (!failures && *not_here) {
		printf("cannot be had here (all else is right): %s\n", not_here);
		return 77;
	}
	return failures != 0;
}
