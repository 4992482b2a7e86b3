/* SPDX-License-Identifier: MIT */
/*
 * The evidence table of refused attaches, row by row with its sentences, from facts alone; and the facts themselves from a
 * /proc that is a folder of ours (Yama and hidepid need no machine that has them).
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/base.h"
#include "control/diagnose.h"

#define AS_ROOT "run as root, or give the tracer the capability CAP_SYS_PTRACE"
#define ALL_CAPS 0x1ffffffffffull

/* A process of user 1000 that nothing forbids its user to trace. */
static struct pt_facts plain(void)
{
	struct pt_facts f;

	memset(&f, 0, sizeof(f));
	f.pid = 4242;
	f.pid_max = 32768;
	f.exists = true;
	f.self = 100;
	f.yama = -1;
	f.owner = 1000;
	f.same_user_ns = 1;
	f.initial_user_ns = true;
	f.it = (struct pt_proc_status){.name = "victim", .state = 'S', .tgid = 4242, .ppid = 41,
		.uid = {1000, 1000, 1000}, .gid = {1000, 1000, 1000}, .threads = 1};
	f.me = (struct pt_proc_status){.name = "pintle", .state = 'R', .tgid = 100, .ppid = 50,
		.uid = {1000, 1000, 1000}, .gid = {1000, 1000, 1000}, .threads = 1};
	snprintf(f.parent_name, sizeof(f.parent_name), "sh");
	return f;
}

static void check(const struct pt_facts *f, int result, const char *cause, const char *remedy)
{
	struct ptl_diagnosis d;

	pt_diagnose_facts(f, &d);
	assert_string_equal(d.cause, cause);
	assert_string_equal(d.remedy, remedy);
	assert_int_equal(d.result, result);
}

static void nothing_wrong(void **state)
{
	struct pt_facts f = plain();

	check(&f, 0, "", "");
	/* Root may, whatever the ids and the dumpable flag are. */
	f.me.uid[0] = f.me.uid[1] = f.me.uid[2] = 0;
	f.me.cap_effective = f.me.cap_permitted = ALL_CAPS;
	f.owner = 0;
	f.yama = 2;
	check(&f, 0, "", "");
}

static void no_process(void **state)
{
	struct pt_facts f = plain();

	f.exists = false;
	check(&f, -ESRCH, "no process or thread has the id 4242", "");
	f.pid = 32768;
	check(&f, -ESRCH, "32768 is no process id: here they run from 1 to 32767", "");
	f.pid = -5;
	check(&f, -ESRCH, "-5 is no process id: here they run from 1 to 32767", "");
	f.pid = 4242;
	f.hidden = true;
	check(&f, -EPERM, "process 4242 exists, but /proc hides it (it is mounted with hidepid)",
		"run as root, or as a member of the group that the mount option gid= names");
}

static void ourselves(void **state)
{
	struct pt_facts f = plain();

	f.pid = f.self = f.it.tgid = 100;
	check(&f, -PTL_ESELF, "100 (victim) is the tracer itself", "start the tracer in a process of its own");
	f.pid = 101;
	check(&f, -PTL_ESELF, "101 (victim) is a thread of the tracer itself",
		"start the tracer in a process of its own");
	f = plain();
	f.traces_me = true;
	check(&f, -PTL_ESELF,
		"4242 (victim) traces this tracer, and two processes that trace each other could never be woken again",
		"trace it from a process that it does not trace");
}

static void untraceable(void **state)
{
	struct pt_facts f = plain();

	f.it.kthread = true;
	check(&f, -PTL_EKERNELTASK, "4242 (victim) is a kernel thread, which has no user code to trace", "");
	f = plain();
	f.it.state = 'Z';
	check(&f, -PTL_EZOMBIE,
		"4242 (victim) is a zombie: it is dead, and its parent 41 (sh) has not yet waited for it",
		"look at 41 (sh), which must call wait(2)");
	f.live_threads = 3;
	f.live_tid = 4243;
	check(&f, 0, "the first thread of 4242 (victim) has exited; 3 of its threads still run", "");
	f.error = EPERM;
	check(&f, -PTL_EZOMBIE, "the first thread of 4242 (victim) has exited; 3 of its threads still run",
		"name a live thread of it, such as 4243");
}

static void other_tracer(void **state)
{
	struct pt_facts f = plain();

	f.it.tracer = f.tracer_tgid = 77;
	snprintf(f.tracer_name, sizeof(f.tracer_name), "g\033[31mdb");
	check(&f, -PTL_ETRACED, "4242 (victim) is traced by 77 (g\\x1b[31mdb) already",
		"end that tracer or let it detach: a process has one tracer at a time");
	f.tracer_tgid = 100;
	check(&f, -PTL_EALREADY, "4242 (victim) is traced by this process already", "");
}

static void other_ids(void **state)
{
	struct pt_facts f = plain();

	f.it.uid[0] = f.it.uid[1] = f.it.uid[2] = 0;
	f.owner = 0;
	check(&f, -EPERM, "4242 (victim) belongs to user 0 (root), and the tracer runs as user 1000", AS_ROOT);
	f = plain();
	f.it.uid[2] = 0;
	check(&f, -EPERM,
		"4242 (victim) has kept user 0 (root) as its saved user id, so it could become that user again",
		AS_ROOT);
	f = plain();
	f.it.uid[1] = f.it.uid[2] = 0;
	check(&f, -EPERM,
		"4242 (victim) has several user ids (real 1000, effective 0, saved 0), and the tracer runs as user 1000",
		AS_ROOT);
	f = plain();
	f.it.gid[1] = f.it.gid[2] = 15;
	check(&f, -EPERM,
		"4242 (victim) has the group ids 1000, 15, 15 (real, effective, saved), and the tracer has 1000",
		AS_ROOT);
}

static void guarded(void **state)
{
	struct pt_facts f = plain();

	f.owner = 0;
	check(&f, -EPERM,
		"4242 (victim) is not dumpable: it was set-user-id, changed its user without an execve, may not read its own executable, or asked for it by prctl(PR_SET_DUMPABLE)",
		AS_ROOT);
	f = plain();
	f.it.cap_permitted = 1ull << 10 | 1ull << 39;
	check(&f, -EPERM, "4242 (victim) has capabilities that the tracer lacks (cap_net_bind_service, cap_bpf)",
		AS_ROOT);
	f = plain();
	f.filtered = true;
	f.error = EPERM;
	check(&f, -EPERM, "a seccomp filter forbids ptrace(2) to the tracer, as containers often do",
		"start the container with --cap-add=SYS_PTRACE or another seccomp profile");
	f = plain();
	f.error = EPERM;
	snprintf(f.label, sizeof(f.label), "firefox (enforce)");
	check(&f, -EPERM,
		"the kernel refused; 4242 (victim) is confined by a security module (profile firefox (enforce))",
		"look for a denial in the kernel's or the audit log");
	f.label[0] = '\0';
	check(&f, -EPERM, "the kernel refused to trace 4242 (victim), and nothing in /proc tells why",
		"a security module may forbid it, or the process was exiting: try again, then look in the kernel's log");
	f.error = ESRCH;
	check(&f, -ESRCH, "4242 (victim) exited meanwhile", "");
}

static void yama(void **state)
{
	struct pt_facts f = plain();

	f.yama = 0;
	check(&f, 0, "", "");
	f.yama = 1;
	check(&f, -EPERM, "kernel.yama.ptrace_scope is 1, and 4242 (victim) is not a descendant of the tracer",
		"run as root, start the program under the tracer, let it call prctl(PR_SET_PTRACER), or write 0 to /proc/sys/kernel/yama/ptrace_scope");
	f.descendant = true;
	check(&f, 0, "", "");
	f.yama = 2;
	check(&f, -EPERM, "kernel.yama.ptrace_scope is 2: only CAP_SYS_PTRACE may attach", AS_ROOT);
	f.yama = 3;
	f.me.cap_effective = ALL_CAPS;
	check(&f, -EPERM, "kernel.yama.ptrace_scope is 3: nobody may attach to a process",
		"it can be lowered only by a reboot; a program that the tracer starts itself can be traced");
}

static void containers(void **state)
{
	struct pt_facts f = plain();

	/* Root of a nested user namespace, looking at a process outside. */
	f.me.uid[0] = f.me.uid[1] = f.me.uid[2] = 0;
	f.me.cap_effective = f.me.cap_permitted = ALL_CAPS;
	f.initial_user_ns = false;
	f.same_user_ns = -1;
	f.it.uid[0] = f.it.uid[1] = f.it.uid[2] = 65534;
	check(&f, -EPERM,
		"4242 (victim) belongs to user 65534, and the tracer's capabilities count only inside its own user namespace",
		"trace it from outside of the container");
	f.same_user_ns = 0; /* one that it made itself */
	check(&f, 0, "", "");
	/* Root without the capability. */
	f = plain();
	f.me.uid[0] = f.me.uid[1] = f.me.uid[2] = 0;
	check(&f, -EPERM, "4242 (victim) belongs to user 1000, and the tracer runs as user 0 (root)",
		"give the tracer the capability CAP_SYS_PTRACE (a container: --cap-add=SYS_PTRACE)");
}

static void in_general(void **state)
{
	struct pt_facts f = plain();

	f.general = true;
	f.me.cap_effective = ALL_CAPS;
	check(&f, 0, "", "");
	f.me.cap_effective = 0;
	check(&f, 0, "the tracer lacks CAP_SYS_PTRACE, so it can attach only to processes of its own user", AS_ROOT);
	f.yama = 2;
	check(&f, -EPERM, "kernel.yama.ptrace_scope is 2: only CAP_SYS_PTRACE may attach", AS_ROOT);
}

/* --- facts from a folder --------------------------------------------------------------- */

static int fake = -1;
static char fake_path[] = "/tmp/pintle-proc-XXXXXX";

static void put(const char *path, const char *text)
{
	char part[128];
	size_t i;
	int fd;

	for (i = 0; path[i]; i++)
		if (path[i] == '/') {
			memcpy(part, path, i);
			part[i] = '\0';
			(void)mkdirat(fake, part, 0700);
		}
	fd = openat(fake, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void from_folder(void **state)
{
	struct pt_facts f;
	char path[64], text[512], command[64];
	struct ptl_diagnosis d;

	assert_non_null(mkdtemp(fake_path));
	fake = open(fake_path, O_RDONLY | O_DIRECTORY);
	assert_true(fake >= 0);
	put("sys/kernel/pid_max", "32768\n");
	put("sys/kernel/yama/ptrace_scope", "1\n");
	snprintf(path, sizeof(path), "%d/status", gettid());
	snprintf(text, sizeof(text),
		"Name:\tme\nState:\tR (running)\nTgid:\t%d\nPPid:\t1\nTracerPid:\t0\nUid:\t5\t5\t5\t5\nGid:\t5\t5\t5\t5\nSeccomp:\t0\nKthread:\t0\n",
		getpid());
	put(path, text);
	put("9000/status",
		"Name:\ta\\nb\\\\c\nState:\tZ (zombie)\nTgid:\t9000\nPPid:\t8999\nTracerPid:\t7\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t9000\t12\nThreads:\t3\nCapPrm:\t0000000000003000\nSeccomp:\t2\n");
	put("9000/stat", "9000 (a) b) Z 8999 1 1 0 -1 4194304 0 0\n");
	put("9000/task/9000/stat", "9000 (a) b) Z 1\n");
	put("9000/task/9001/stat", "9001 (x Z) S 1\n");
	put("9000/task/9002/stat", "9002 (y) Z 1\n");
	put("9000/attr/current", "unconfined\n");
	put("8999/status", "Name:\tparent\nTgid:\t8999\nPPid:\t1\n");
	put("7/status", "Name:\ttracer\nTgid:\t6\n");
	pt_facts_gather(fake, 9000, 0, &f);
	assert_true(f.exists);
	assert_int_equal(f.yama, 1);
	assert_int_equal(f.pid_max, 32768);
	assert_string_equal(f.it.name, "a\nb\\c");
	assert_int_equal(f.it.uid[2], 3);
	assert_int_equal(f.it.gid[1], 6);
	assert_int_equal(f.it.cap_permitted, 0x3000);
	assert_int_equal(f.it.seccomp, 2);
	assert_string_equal(f.it.nspid, "9000\t12");
	assert_false(f.it.kthread);
	assert_int_equal(f.live_threads, 1);
	assert_int_equal(f.live_tid, 9001);
	assert_string_equal(f.parent_name, "parent");
	assert_string_equal(f.tracer_name, "tracer");
	assert_int_equal(f.tracer_tgid, 6);
	assert_string_equal(f.label, "unconfined");
	assert_false(f.descendant);
	assert_false(f.traces_me);
	/* A kernel thread before 6.8, by its flags. */
	put("9000/stat", "9000 (a) b) S 2 0 0 0 -1 2097216 0 0\n");
	pt_facts_gather(fake, 9000, 0, &f);
	assert_true(f.it.kthread);
	/* We are traced by one whom the process traces. */
	snprintf(text, sizeof(text), "Name:\tme\nTgid:\t%d\nPPid:\t1\nTracerPid:\t50\nUid:\t5\t5\t5\nGid:\t5\t5\t5\n", getpid());
	put(path, text);
	put("50/status", "Name:\tmiddle\nTgid:\t50\nTracerPid:\t9001\n");
	put("9001/status", "Name:\tthread\nTgid:\t9000\nTracerPid:\t0\n");
	pt_facts_gather(fake, 9000, 0, &f);
	assert_true(f.traces_me);
	/* Mine, not a descendant: Yama's row, through and through. */
	put("9000/status",
		"Name:\tvictim\nState:\tS\nTgid:\t9000\nPPid:\t1\nTracerPid:\t0\nUid:\t5\t5\t5\nGid:\t5\t5\t5\nKthread:\t0\n");
	snprintf(text, sizeof(text), "Name:\tme\nTgid:\t%d\nPPid:\t1\nTracerPid:\t0\nUid:\t5\t5\t5\nGid:\t5\t5\t5\n", getpid());
	put(path, text);
	pt_facts_gather(fake, 9000, EPERM, &f);
	f.owner = 5;
	pt_diagnose_facts(&f, &d);
	assert_string_equal(d.cause,
		"kernel.yama.ptrace_scope is 1, and 9000 (victim) is not a descendant of the tracer");
	/* Garbage, and nothing at all. */
	put("9000/status", "Uid:\nGid: x\nTgid\n::::\nTracerPid:\t99999999999999999999\n");
	put("sys/kernel/pid_max", "x");
	put("sys/kernel/yama/ptrace_scope", "");
	pt_facts_gather(fake, 9000, 0, &f);
	assert_true(f.exists);
	assert_int_equal(f.yama, -1);
	pt_facts_gather(fake, 9999, 0, &f);
	assert_false(f.exists);
	close(fake);
	snprintf(command, sizeof(command), "rm -rf %s", fake_path);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_wrong),
		cmocka_unit_test(no_process),
		cmocka_unit_test(ourselves),
		cmocka_unit_test(untraceable),
		cmocka_unit_test(other_tracer),
		cmocka_unit_test(other_ids),
		cmocka_unit_test(guarded),
		cmocka_unit_test(yama),
		cmocka_unit_test(containers),
		cmocka_unit_test(in_general),
		cmocka_unit_test(from_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
