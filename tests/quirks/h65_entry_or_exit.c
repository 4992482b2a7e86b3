/* SPDX-License-Identifier: MIT */
/*
 * H65: a wait status does not tell a system call's entry from its exit; PTRACE_GET_SYSCALL_INFO does (Linux 5.3), and where
 * it is missing the two must be told apart by turns, over everything that makes turns go wrong: attaching in the
 * middle of a call (an exit comes first, without an entry), signals and their handlers, rt_sigreturn, exec, births, and
 * resuming without PTL_SYSCALL for a while.
 */
#include "quirk.h"

#include <linux/audit.h>
#include <sys/wait.h>
/* The one test that looks inside: to play a kernel without PTRACE_GET_SYSCALL_INFO. */
#include "control/internal.h"

static volatile long *sh; /* [0] handled signals, [1] stop, [2] ready */

static void handler(int signo)
{
	(void)signo;
	sh[0]++;
	getppid();
}

/* Calls of which each result is known. */
static void work(void)
{
	int status;
	pid_t pid;

	CHECK(syscall(SYS_lseek, -1, 0, 0) == -1 && errno == EBADF, "lseek");
	syscall(SYS_getpriority, 0, 0);
	raise(SIGUSR1);
	pid = fork();
	if (pid == 0)
		syscall(SYS_exit_group, 3);
	CHECK(waitpid(pid, &status, 0) == pid && status == 3 << 8, "child");
	pid = vfork();
	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "vfork child");
}

/* What a task has open; kept as the task's data. */
struct open_call {
	bool open, any;
	uint64_t nr;
};

struct tally {
	long entries, exits, execs, births, signals;
};

static void account(struct ptl_event *ev, struct tally *n)
{
	struct open_call *c = ptl_task_data(ev->task);

	if (!c) {
		c = calloc(1, sizeof(*c));
		ptl_task_set_data(ev->task, c);
	}
	switch (ev->kind) {
	case PTL_EV_SYSCALL_ENTRY:
		CHECK(!c->open, "task %d: entry of call %llu while %llu is open", ev->tid,
			(unsigned long long)ev->u.entry.nr, (unsigned long long)c->nr);
		CHECK(ev->u.entry.nr < 600 && ev->u.entry.arch == AUDIT_ARCH_X86_64, "entry of call %llu",
			(unsigned long long)ev->u.entry.nr);
		c->open = c->any = true;
		c->nr = ev->u.entry.nr;
		n->entries++;
		break;
	case PTL_EV_SYSCALL_EXIT:
		CHECK(c->open, "task %d: an exit without its entry, result %lld", ev->tid, (long long)ev->u.exit.value);
		c->open = false;
		n->exits++;
		if (c->nr == SYS_lseek)
			CHECK(ev->u.exit.value == -EBADF && ev->u.exit.is_error, "lseek: %lld", (long long)ev->u.exit.value);
		if (c->nr == SYS_getpriority)
			CHECK(ev->u.exit.value == 20 && !ev->u.exit.is_error, "getpriority: %lld",
				(long long)ev->u.exit.value);
		break;
	case PTL_EV_EXEC:
		CHECK(c->open && c->nr == SYS_execve, "exec outside execve");
		n->execs++;
		break;
	case PTL_EV_FORKED:
		CHECK(c->open, "a birth outside a call");
		n->births++;
		break;
	case PTL_EV_SIGNAL:
		CHECK(!c->open, "a signal inside call %llu", (unsigned long long)c->nr);
		n->signals++;
		break;
	case PTL_EV_EXITED:
		CHECK(c->open == (c->any && (c->nr == SYS_exit_group || c->nr == SYS_exit)), "ended in call %llu",
			(unsigned long long)c->nr);
		free(c);
		break;
	case PTL_EV_STARTED:
		/* a newborn returns from fork without having entered it, and that stop is an exit */
		if (ev->u.started.how == PTL_START_BORN)
			c->open = c->any = false;
		break;
	default:
		break;
	}
}

/* A launched program, all its calls in turn. */
static void turns(bool by_registers)
{
	char *argv[] = {"/proc/self/exe", "work", NULL};
	struct ptl_session *s = q_session(PTL_FOLLOW);
	struct tally n = {0};
	struct ptl_launch how;
	struct ptl_event ev;
	int code = -1;

	ptl_launch_init(&how, argv);
	how.flags = PTL_LAUNCH_SHOW_EXEC;
	OK(s, ptl_launch(s, &how, NULL));
	s->no_syscall_info = by_registers;
	while (q_wait(s, &ev)) {
		account(&ev, &n);
		if (ev.kind == PTL_EV_EXITED && ev.u.exited.last)
			code = ev.u.exited.signo ? 256 + ev.u.exited.signo : ev.u.exited.code;
		RESUME(&ev, PTL_SYSCALL);
	}
	ptl_session_free(s);
	CHECK(code == 0, "the program ended with %d", code);
	CHECK(n.execs == 2 && n.births == 2 && n.signals >= 1, "%ld execs, %ld births, %ld signals", n.execs, n.births,
		n.signals);
	/* three processes end inside exit_group */
	CHECK(n.entries == n.exits + 3, "%ld entries, %ld exits", n.entries, n.exits);
	printf("%s: %ld calls\n", by_registers ? "by turns" : "by the kernel's word", n.entries);
}

/* Attached in the middle of a call: what comes first is its exit, or its being made again. */
static void middle_of_a_call(void)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	bool open = false;
	int i, fds[2];
	pid_t pid;

	CHECK(pipe2(fds, O_CLOEXEC) == 0, "pipe");
	pid = q_fork();
	if (pid == 0) {
		char c;

		for (;;)
			if (read(fds[0], &c, 1) != 1)
				_exit(1);
	}
	q_until_asleep(pid);
	q_attach(s, pid, &ev);
	RESUME(&ev, PTL_SYSCALL);
	for (i = 0; i < 40; i++) {
		q_wait(s, &ev);
		if (ev.kind == PTL_EV_INTERRUPTED) {
			RESUME(&ev, i % 3 ? PTL_SYSCALL : PTL_RUN);
			if (!(i % 3)) /* nobody listens to this call's end */
				open = false;
			continue;
		}
		if (ev.kind == PTL_EV_SYSCALL_ENTRY) {
			CHECK(!open && ev.u.entry.nr == SYS_read, "entry %d, call %llu", i, (unsigned long long)ev.u.entry.nr);
			open = true;
			RESUME(&ev, PTL_SYSCALL);
			if (i % 2) {
				CHECK(write(fds[1], "x", 1) == 1, "write");
			} else {
				q_sleep_us(500);
				OK(s, ptl_interrupt(ptl_find_task(s, pid)));
			}
			continue;
		}
		CHECK(ev.kind == PTL_EV_SYSCALL_EXIT, "%s", ptl_event_name(ev.kind));
		CHECK(open || i == 0, "an exit without an entry");
		CHECK(ev.u.exit.value == 1 || ev.u.exit.value == -512, "read: %lld", (long long)ev.u.exit.value);
		open = false;
		RESUME(&ev, PTL_SYSCALL);
	}
	ptl_session_free(s);
	q_check_free(pid);
	q_kill_and_reap(pid);
}

/* Calls that pass unseen while the task runs free must not turn the turns around. */
static void not_listening(bool by_registers)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	long i, seen = 0;
	pid_t pid;

	sh[2] = 0;
	pid = q_fork();
	if (pid == 0)
		for (;;) {
			syscall(SYS_lseek, -1, 0, 0);
			sh[2]++;
		}
	UNTIL(sh[2]);
	q_attach(s, pid, &ev);
	s->no_syscall_info = by_registers;
	for (i = 0; i < 400; i++) {
		bool entry = ev.kind == PTL_EV_SYSCALL_ENTRY;
		bool listen = q_random(4);

		if (ev.kind == PTL_EV_SYSCALL_ENTRY)
			CHECK(ev.u.entry.nr == SYS_lseek && (int)ev.u.entry.args[0] == -1, "call %llu",
				(unsigned long long)ev.u.entry.nr);
		if (ev.kind == PTL_EV_SYSCALL_EXIT) {
			CHECK(ev.u.exit.value == -EBADF, "result %lld", (long long)ev.u.exit.value);
			seen++;
		}
		/* at an entry: the end of the call that is open passes unheard, too */
		RESUME(&ev, listen ? PTL_SYSCALL : PTL_RUN);
		(void)entry;
		if (!listen)
			OK(s, ptl_interrupt(ptl_find_task(s, pid)));
		q_wait(s, &ev);
	}
	CHECK(seen > 50, "%ld exits seen", seen);
	ptl_session_free(s);
	q_check_free(pid);
	q_kill_and_reap(pid);
}

int main(int argc, char **argv)
{
	sh = q_shared(4096);
	if (argc > 1 && !strcmp(argv[1], "work")) {
		signal(SIGUSR1, handler);
		work();
		return sh[0] == 1 ? 0 : 1;
	}
	turns(false);
	turns(true);
	middle_of_a_call();
	not_listening(false);
	not_listening(true);
	q_check_alone();
	return 0;
}
