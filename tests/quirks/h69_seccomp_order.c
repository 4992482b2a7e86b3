/* SPDX-License-Identifier: MIT */
/*
 * H69: a program with a seccomp filter of its own. The tracer sees a call's entry before the filter does (Linux 4.8), and
 * changes it makes there are judged again; RET_TRACE without a tracer who asked for it fails with ENOSYS; RET_TRAP and
 * RET_KILL give an exit stop whose value means nothing, and then the signal or the end.
 *
 * Once by the ordinary stops, once under a filter of ours (ptl_launch.only), which the kernel weighs against the program's:
 * what the program's forbids stays forbidden.
 */
#include "quirk.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

enum { OTHER_CALL = SYS_getpgrp };

static void install(uint32_t nr, uint32_t action)
{
	struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog prog = {Q_COUNTOF(code), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		_exit(80);
}

static volatile sig_atomic_t trapped;

static void on_sys(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	trapped = info->si_syscall == SYS_getppid && info->si_errno == 5 ? 1 : 2;
}

static int program(const char *action)
{
	struct sigaction a = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};
	long r;

	if (!strcmp(action, "errno"))
		install(SYS_getppid, SECCOMP_RET_ERRNO | EACCES);
	else if (!strcmp(action, "trace"))
		install(SYS_getppid, SECCOMP_RET_TRACE | 7);
	else if (!strcmp(action, "trap"))
		install(SYS_getppid, SECCOMP_RET_TRAP | 5);
	else if (!strcmp(action, "kill"))
		install(SYS_getppid, SECCOMP_RET_KILL_PROCESS);
	else
		install(SYS_getppid, SECCOMP_RET_ERRNO | EACCES); /* "changed": another call is turned into this one */
	if (!strcmp(action, "trap"))
		sigaction(SIGSYS, &a, NULL);
	r = syscall(!strcmp(action, "changed") ? OTHER_CALL : SYS_getppid);
	if (!strcmp(action, "trap"))
		return trapped == 1 ? 42 : 81;
	return r == -1 ? errno : 82;
}

static const struct {
	const char *action;
	int end;	 /* exit status, 256 + signal */
	int64_t value;	 /* at the exit stop; 1: means nothing */
	int signals;	 /* SIGSYS that are shown */
} cases[] = {
	{"errno", EACCES, -EACCES, 0},
	{"trace", ENOSYS, -ENOSYS, 0},
	{"trap", 42, 1, 1},
	{"kill", 256 + SIGSYS, 1, 0},
	{"changed", EACCES, -EACCES, 0},
};

static void one(unsigned which, const struct ptl_syscall_set *only)
{
	char *argv[] = {"/proc/self/exe", (char *)cases[which].action, NULL};
	struct ptl_session *s = q_session(only ? PTL_FOLLOW | PTL_EXITKILL : 0);
	const char *name = cases[which].action;
	int entries = 0, exits = 0, signals = 0, end = -1;
	bool open = false;
	struct ptl_launch how;
	struct ptl_event ev;
	int64_t value = 0;
	int r;

	ptl_launch_init(&how, argv);
	how.only = only;
	OK(s, ptl_launch(s, &how, NULL));
	while (q_wait(s, &ev)) {
		switch (ev.kind) {
		case PTL_EV_SYSCALL_ENTRY:
			if (!strcmp(name, "changed") && ev.u.entry.nr == OTHER_CALL)
				OK(s, ptl_set(ev.task, "orig_rax", SYS_getppid));
			else if (ev.u.entry.nr != SYS_getppid)
				break;
			entries++;
			open = true;
			CHECK(!exits, "%s: the exit came before the entry", name);
			break;
		case PTL_EV_SYSCALL_EXIT:
			if (!open)
				break;
			open = false;
			exits++;
			value = ev.u.exit.value;
			break;
		case PTL_EV_SIGNAL:
			CHECK(ev.u.signal.info.signo == SIGSYS, "%s: signal %d", name, ev.u.signal.info.signo);
			signals++;
			break;
		case PTL_EV_EXITED:
			end = ev.u.exited.signo ? 256 + ev.u.exited.signo : ev.u.exited.code;
			break;
		default:
			break;
		}
		r = ptl_resume(&ev, PTL_SYSCALL);
		CHECK(r >= 0, "%s: %s", name, ptl_error_name(r));
	}
	ptl_session_free(s);
	CHECK(end == cases[which].end, "%s%s: the program ended with %d", name, only ? ", filtered" : "", end);
	CHECK(signals == cases[which].signals, "%s: %d signals", name, signals);
	if (only)
		return; /* what the program's filter answers stands above RET_TRACE: such a call need not be seen */
	CHECK(entries == 1, "%s: %d entries", name, entries);
	CHECK(exits == 1 || cases[which].value == 1, "%s: %d exits", name, exits);
	CHECK(cases[which].value == 1 || value == cases[which].value, "%s: value %lld", name, (long long)value);
}

int main(int argc, char **argv)
{
	unsigned char bits[64] = {0};
	struct ptl_syscall_set only = {bits, sizeof(bits), bits, sizeof(bits)};
	unsigned i;

	if (argc > 1)
		return program(argv[1]);
	bits[SYS_getppid / 8] |= 1 << SYS_getppid % 8;
	for (i = 0; i < Q_COUNTOF(cases); i++) {
		one(i, NULL);
		if (strcmp(cases[i].action, "changed") != 0 && strcmp(cases[i].action, "trace") != 0)
			one(i, &only);
	}
	q_check_alone();
	return 0;
}
