/* SPDX-License-Identifier: MIT */
/*
 * H26, H27, H30, H33: which event a birth gives depends on its flags, not on the call: CLONE_VFORK means vfork, an exit signal of
 * SIGCHLD fork, anything else clone. Every flavour of clone and clone3 is followed, is told as what it is, in the right process, and dies
 * with its status. CLONE_UNTRACED escapes by design; CLONE_PTRACE comes in without its maker's event.
 */
#include "quirk.h"

#include <linux/sched.h>

enum { MOST_EVENTS = 64 };
#define ESCAPES 0 /* instead of a birth: no event of the child at all */
#define UNTOLD -1 /* STARTED, but no FORKED */

static char stack[65536] __attribute__((aligned(16)));
static int cgroup_fd = -1;

static int child(void *arg)
{
	syscall(SYS_exit, 6);
	return 0;
}

static pid_t by_clone(unsigned long flags)
{
	return clone(child, stack + sizeof(stack), (int)flags, NULL);
}

static pid_t by_clone3(uint64_t flags, uint64_t exit_signal)
{
	struct clone_args args = {.flags = flags, .exit_signal = exit_signal};
	pid_t pid, wish;
	int pidfd;

	if (flags & CLONE_PIDFD)
		args.pidfd = (uintptr_t)&pidfd;
	if (flags & CLONE_INTO_CGROUP)
		args.cgroup = (uint64_t)cgroup_fd;
	if (flags & CLONE_CLEAR_SIGHAND)
		signal(SIGUSR1, exit);
	if (exit_signal == 1000) {
		wish = getpid() + 137;
		args.exit_signal = SIGCHLD;
		args.set_tid = (uintptr_t)&wish;
		args.set_tid_size = 1;
	}
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(signal(SIGUSR1, SIG_DFL) == SIG_DFL || !(flags & CLONE_CLEAR_SIGHAND) ? 6 : 7);
	return pid;
}

static void *thread(void *arg)
{
	syscall(SYS_exit, 6);
	return NULL;
}

static pid_t by_pthread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, thread, NULL);
	pthread_join(t, NULL); /* the kernel says when it is gone, whatever its code */
	return 0;
}

static pid_t by_vfork(void)
{
	pid_t p = vfork();

	if (!p)
		_exit(6);
	return p;
}

static pid_t by_fork_call(void)
{
	pid_t p = (pid_t)syscall(SYS_fork);

	if (!p)
		_exit(6);
	return p;
}

static const struct kind {
	const char *name;
	pid_t (*call)(void);
	unsigned long flags; /* of clone; of clone3 with exit_signal below */
	int exit_signal;     /* -1: clone */
	int birth;
	bool thread;
	bool needs_right; /* may be refused */
} kinds[] = {
	{"fork", by_fork_call, 0, 0, PTL_BIRTH_FORK},
	{"vfork", by_vfork, 0, 0, PTL_BIRTH_VFORK},
	{"pthread_create", by_pthread, 0, 0, PTL_BIRTH_CLONE, true},
	{"clone SIGCHLD", NULL, SIGCHLD, -1, PTL_BIRTH_FORK},
	{"clone 0", NULL, 0, -1, PTL_BIRTH_CLONE},
	{"clone SIGUSR2", NULL, SIGUSR2, -1, PTL_BIRTH_CLONE},
	{"clone VM|SIGCHLD", NULL, CLONE_VM | SIGCHLD, -1, PTL_BIRTH_FORK},
	{"clone VM", NULL, CLONE_VM, -1, PTL_BIRTH_CLONE},
	{"clone VFORK|VM", NULL, CLONE_VFORK | CLONE_VM, -1, PTL_BIRTH_VFORK},
	{"clone VFORK|SIGCHLD", NULL, CLONE_VFORK | SIGCHLD, -1, PTL_BIRTH_VFORK},
	{"clone PARENT", NULL, CLONE_PARENT | SIGCHLD, -1, PTL_BIRTH_FORK},
	{"clone NEWPID", NULL, CLONE_NEWPID | SIGCHLD, -1, PTL_BIRTH_FORK, false, true},
	{"clone UNTRACED", NULL, CLONE_UNTRACED | SIGCHLD, -1, ESCAPES},
	{"clone PTRACE", NULL, CLONE_PTRACE | SIGCHLD, -1, PTL_BIRTH_FORK},
	{"clone3 SIGCHLD", NULL, 0, SIGCHLD, PTL_BIRTH_FORK},
	{"clone3 0", NULL, 0, 0, PTL_BIRTH_CLONE},
	{"clone3 SIGUSR2", NULL, 0, SIGUSR2, PTL_BIRTH_CLONE},
	{"clone3 UNTRACED", NULL, CLONE_UNTRACED, SIGCHLD, ESCAPES},
	{"clone3 PTRACE|UNTRACED", NULL, CLONE_PTRACE | CLONE_UNTRACED, SIGCHLD, UNTOLD},
	{"clone3 CLEAR_SIGHAND", NULL, CLONE_CLEAR_SIGHAND, SIGCHLD, PTL_BIRTH_FORK},
	{"clone3 PIDFD", NULL, CLONE_PIDFD, SIGCHLD, PTL_BIRTH_FORK},
	{"clone3 set_tid", NULL, 0, 1000, PTL_BIRTH_FORK, false, true},
	{"clone3 INTO_CGROUP", NULL, CLONE_INTO_CGROUP, SIGCHLD, PTL_BIRTH_FORK, false, true},
};

/* The program: one birth, waited for. 40: as expected; 41: refused by the kernel. */
static void program(const struct kind *k, int go[2])
{
	pid_t p;
	char c;
	int status = 6 << 8;

	close(go[1]);
	signal(SIGUSR2, SIG_IGN);
	(void)!read(go[0], &c, 1);
	p = k->call ? k->call()
		: k->exit_signal < 0 ? by_clone(k->flags)
				     : by_clone3(k->flags, (uint64_t)k->exit_signal);
	if (p < 0)
		_exit(41);
	if (p > 0 && waitpid(p, &status, __WALL) != p && !(k->flags & CLONE_PARENT))
		_exit(42);
	_exit(status == 6 << 8 ? 40 : 43);
}

static void one(const struct kind *k, unsigned flags, int want)
{
	struct ptl_session *s = q_session(flags);
	int forked = 0, started = 0, exited = 0, go[2];
	bool refused = false;
	struct ptl_event ev;
	pid_t pid, tid = 0;

	CHECK(pipe(go) == 0, "pipe");
	pid = q_fork();
	if (!pid)
		program(k, go);
	close(go[0]);
	q_attach(s, pid, &ev);
	close(go[1]);
	RESUME(&ev, PTL_RUN);
	while (q_wait(s, &ev)) {
		switch (ev.kind) {
		case PTL_EV_FORKED:
			if (want == ESCAPES && !ev.u.forked.child_task)
				break; /* told, but let go */
			CHECK((int)ev.u.forked.how == want, "%s: birth %d, not %d", k->name, ev.u.forked.how, want);
			CHECK(!tid || tid == ev.u.forked.child, "%s: child %d", k->name, ev.u.forked.child);
			tid = ev.u.forked.child;
			forked++;
			break;
		case PTL_EV_STARTED:
			CHECK(!tid || tid == ev.tid, "%s: started %d", k->name, ev.tid);
			CHECK(ev.pid == (k->thread ? pid : ev.tid), "%s: task %d in process %d", k->name, ev.tid,
				ev.pid);
			CHECK(ev.u.started.how == PTL_START_BORN, "%s: how %d", k->name, ev.u.started.how);
			tid = ev.tid;
			started++;
			break;
		case PTL_EV_EXITED:
			if (ev.tid == pid) {
				refused = ev.u.exited.code == 41;
				CHECK(ev.u.exited.code == 40 || (refused && k->needs_right),
					"%s: the program ended with %d", k->name, ev.u.exited.code);
			} else {
				/* of a thread whose process has begun to exit the kernel tells the process's code */
				CHECK(ev.tid == tid && !ev.u.exited.unknown &&
						(ev.u.exited.code == 6 || (k->thread && ev.u.exited.code == 40)),
					"%s: child %d ended with %d", k->name, ev.tid, ev.u.exited.code);
				exited++;
			}
			break;
		case PTL_EV_SIGNAL:
			CHECK(ev.u.signal.info.signo == SIGCHLD || ev.u.signal.info.signo == SIGUSR2, "%s: signal %d",
				k->name, ev.u.signal.info.signo);
			break;
		default:
			FAIL("%s: %s", k->name, ptl_event_name(ev.kind));
		}
		RESUME(&ev, PTL_RUN);
	}
	if (refused)
		printf("%s: not permitted here\n", k->name);
	else
		CHECK(forked == (want > 0) && started == (want != ESCAPES) && exited == started,
			"%s: %d FORKED, %d STARTED, %d EXITED", k->name, forked, started, exited);
	ptl_session_free(s);
	/* with CLONE_PARENT the child was ours; it has been reaped if it was traced */
	if (k->flags & CLONE_PARENT)
		while (waitpid(-1, NULL, __WALL) > 0)
			;
	q_check_alone();
}

int main(void)
{
	cgroup_fd = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < Q_COUNTOF(kinds); i++)
		one(&kinds[i], PTL_FOLLOW, kinds[i].birth);
	/* nothing is followed: nothing comes in, not even what asks for it itself, and the children live on all the same */
	for (size_t i = 0; i < Q_COUNTOF(kinds); i++)
		if (!kinds[i].thread)
			one(&kinds[i], 0, ESCAPES);
	return 0;
}
