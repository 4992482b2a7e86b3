/* SPDX-License-Identifier: MIT */
/* For quirks that look at one held process: making it, holding it, checking. */
#ifndef PINTLE_TESTS_QUIRKS_HOLD_H
#define PINTLE_TESTS_QUIRKS_HOLD_H

#include <pintle/pintle.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);             \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

#define SKIP(...)                                                                                  \
	do {                                                                                       \
		printf(__VA_ARGS__);                                                               \
		putchar('\n');                                                                     \
		exit(77);                                                                          \
	} while (0)

/* A child that runs body(arg) and dies with this program. It has said it is there (by a pipe) when this returns, and is in or before body(). */
static inline pid_t spawn(void (*body)(void *arg), void *arg)
{
	int ready[2];
	pid_t pid;
	char c;

	CHECK(pipe(ready) == 0);
	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		if (write(ready[1], "", 1) != 1)
			_exit(99);
		close(ready[1]);
		body(arg);
		_exit(0);
	}
	close(ready[1]);
	CHECK(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	return pid;
}

/* Waits until the task sleeps in a system call (state S). */
static inline void await_sleep(pid_t tid)
{
	char path[64], text[512], *p;
	FILE *f;

	for (int i = 0; i < 5000; i++, usleep(1000)) {
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)tid);
		f = fopen(path, "re");
		CHECK(f);
		CHECK(fgets(text, sizeof(text), f));
		fclose(f);
		p = strrchr(text, ')');
		if (p && p[2] == 'S')
			return;
	}
	CHECK(!"it went to sleep");
}

/* Attaches and takes the first event: the leader stands still. */
static inline struct ptl_task *hold(struct ptl_session *s, pid_t pid, struct ptl_event *ev)
{
	int r = ptl_attach(s, pid, 0);

	if (r < 0)
		printf("attach: %s\n", ptl_message(s));
	CHECK(r == 0);
	CHECK(ptl_wait_for(s, ev, INT64_C(5000000000)) == 1);
	CHECK(ev->kind == PTL_EV_STARTED && ev->tid == pid);
	return ev->task;
}

/* Lets go, and answers the wait status after its end. */
static inline int release(struct ptl_session *s, pid_t pid)
{
	int status;

	CHECK(ptl_detach_all(s, INT64_C(5000000000)) == 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

#endif
