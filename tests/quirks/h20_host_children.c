/* SPDX-License-Identifier: MIT */
/*
 * H20: a library that waits for any child takes away the host program's. Here the session's own thread has children of its own before,
 * while and after it traces, some dead, some stopped; another thread has too; tracees stop and die all the time between them. Every
 * child's status must be there for the host to collect, and none may hide a tracee's.
 */
#include "quirk.h"

enum { CHILDREN = 24 };

static pid_t child(int code)
{
	pid_t p = q_fork();

	if (!p)
		_exit(code);
	return p;
}

static void *other_thread(void *arg)
{
	for (int i = 0; i < CHILDREN; i++) {
		pid_t p = child(100 + i);

		q_sleep_us(300);
		CHECK(q_reap(p) == 100 + i, "a child of another thread was lost");
	}
	return NULL;
}

/* The program traced: makes processes that end, and is stopped at each call. */
static void program(void)
{
	for (int i = 0; i < 12; i++) {
		pid_t p = fork();

		if (!p)
			_exit(i);
		int status;

		if (waitpid(p, &status, 0) != p || WEXITSTATUS(status) != i)
			_exit(1);
	}
	_exit(31);
}

static void trace(unsigned flags)
{
	struct ptl_session *s = q_session(PTL_FOLLOW | flags);
	unsigned exits = 0, births = 0, i;
	pid_t own[CHILDREN], stopped, pid;
	struct ptl_event ev;
	pthread_t t;
	char c;
	int go[2], status;

	CHECK(pipe(go) == 0, "pipe");
	/* dead before anything is traced: it stands first wherever the kernel lists children */
	for (i = 0; i < CHILDREN / 2; i++)
		own[i] = child((int)i);
	stopped = q_fork();
	if (!stopped)
		for (;;)
			pause();
	kill(stopped, SIGSTOP);
	UNTIL(q_state(stopped) == 'T' && q_state(own[CHILDREN / 2 - 1]) == 'Z');

	pid = q_fork();
	if (!pid) {
		(void)!read(go[0], &c, 1);
		program();
	}
	q_attach(s, pid, &ev);
	CHECK(pthread_create(&t, NULL, other_thread, NULL) == 0, "no thread");
	CHECK(write(go[1], "", 1) == 1, "write");
	close(go[0]);
	close(go[1]);
	RESUME(&ev, PTL_SYSCALL);
	while (q_wait(s, &ev)) {
		for (unsigned k = 0; k < CHILDREN; k++)
			CHECK(k >= i || ev.tid != own[k], "an event of a child of the host's");
		CHECK(ev.tid != stopped, "an event of a child of the host's");
		births += ev.kind == PTL_EV_FORKED;
		if (ev.kind == PTL_EV_EXITED) {
			exits++;
			if (ev.tid == pid)
				CHECK(ev.u.exited.code == 31, "the program saw wrong statuses");
			if (i < CHILDREN) {
				own[i] = child((int)i); /* and more while it goes on */
				i++;
			}
		}
		RESUME(&ev, PTL_SYSCALL);
	}
	CHECK(exits == 13 && births == 12, "%u births, %u exits", births, exits);
	ptl_session_free(s);
	pthread_join(t, NULL);
	CHECK(waitpid(stopped, &status, WUNTRACED | WNOHANG) == stopped && WIFSTOPPED(status),
		"the stop of a child was taken away");
	q_kill_and_reap(stopped);
	while (i < CHILDREN) {
		own[i] = child((int)i);
		i++;
	}
	for (i = 0; i < CHILDREN; i++)
		CHECK(q_reap(own[i]) == (int)i, "child %u was lost", i);
	q_check_alone();
}

int main(void)
{
	sigset_t set;

	trace(0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	trace(PTL_OWN_SIGCHLD);
	return 0;
}
