/* SPDX-License-Identifier: MIT */
/*
 * H29 and H30: a child made by vfork, by posix_spawn or by clone(CLONE_VM) without CLONE_THREAD is another process with the same memory.
 * What a tracer mends "in the child" is gone from the parent, too. So the session tells such births apart: a process of its own,
 * whose memory is the parent's until it executes; and its execve changes neither the parent nor what the session knows of it.
 */
#include "quirk.h"

#include <spawn.h>

enum way { VFORK, SPAWN, CLONE_VM_ONLY, WAYS };

static volatile uint64_t word = 1; /* not shared but by CLONE_VM */
static volatile int *seen;
static char stack[65536] __attribute__((aligned(16)));

static int run_true(void *arg)
{
	char *argv[] = {"sh", "-c", "exit 9", NULL};

	seen[0] = (int)word;
	execv("/bin/sh", argv);
	_exit(1);
}

static void program(enum way way, int go[2])
{
	char *argv[] = {"sh", "-c", "exit 9", NULL}, c;
	pid_t p = -1;
	int status;

	close(go[1]);
	(void)!read(go[0], &c, 1);
	switch (way) {
	case VFORK:
		p = vfork();
		if (!p)
			run_true(NULL);
		break;
	case SPAWN:
		if (posix_spawn(&p, "/bin/sh", NULL, NULL, argv, environ) != 0)
			_exit(1);
		break;
	case CLONE_VM_ONLY:
		p = clone(run_true, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
		break;
	case WAYS:
		break;
	}
	if (p < 0 || waitpid(p, &status, 0) != p || status != 9 << 8)
		_exit(2);
	seen[1] = (int)word;
	_exit(21);
}

static void one(enum way way)
{
	struct ptl_session *s = q_session(PTL_FOLLOW_FORKS);
	struct ptl_task *parent, *child = NULL;
	uint64_t at = (uintptr_t)&word, value = 2, got = 0;
	bool executed = false;
	struct ptl_event ev;
	int go[2];
	pid_t pid;

	seen[0] = seen[1] = 0;
	CHECK(pipe(go) == 0, "pipe");
	pid = q_fork();
	if (!pid)
		program(way, go);
	close(go[0]);
	q_attach(s, pid, &ev);
	parent = ev.task;
	close(go[1]);
	RESUME(&ev, PTL_RUN);
	while (q_wait(s, &ev)) {
		switch (ev.kind) {
		case PTL_EV_FORKED:
			CHECK(ev.u.forked.how == (way == CLONE_VM_ONLY ? PTL_BIRTH_FORK : PTL_BIRTH_VFORK),
				"way %d: birth %d", way, ev.u.forked.how);
			break;
		case PTL_EV_STARTED:
			child = ev.task;
			CHECK(ev.pid == ev.tid && ev.pid != pid, "it is no process of its own");
			CHECK(ptl_task_process(child) != ptl_task_process(parent), "one process for two");
			/* written by the child's side, read by the parent's */
			CHECK(ptl_write(child, at, &value, 8) == 8, "write");
			CHECK(ptl_read(parent, at, &got, 8) == 8 && got == 2, "the memory is not shared: %llu",
				(unsigned long long)got);
			break;
		case PTL_EV_EXEC:
			CHECK(ev.task == child && ev.u.exec.former_tid == ev.tid, "EXEC of %d", ev.tid);
			/* the two have parted */
			CHECK(ptl_read(parent, at, &got, 8) == 8 && got == 2, "the parent's memory is lost");
			got = 0;
			CHECK(ptl_read(child, at, &got, 8) < 0 || got != 2, "the child still has the old memory");
			executed = true;
			break;
		case PTL_EV_EXITED:
			CHECK(ev.u.exited.last, "the only task of a process was not its last");
			CHECK(ev.u.exited.code == (ev.tid == pid ? 21 : 9), "%d ended with %d", ev.tid,
				ev.u.exited.code);
			break;
		default:
			break;
		}
		RESUME(&ev, PTL_RUN);
	}
	CHECK(child && executed, "no child");
	CHECK(seen[1] == 2 && (way == SPAWN || seen[0] == 2), "the program saw %d and %d", seen[0], seen[1]);
	ptl_session_free(s);
	q_check_alone();
}

int main(void)
{
	seen = q_shared(4096);
	for (int way = 0; way < WAYS; way++)
		one((enum way)way);
	return 0;
}
