/* SPDX-License-Identifier: MIT */
/*
 * H46: processes that end, or are killed, while they are being attached to, stopped or detached. Attaching succeeds or says that the
 * process is gone; detaching one that vanishes is success; and the real parent, which is not the tracer, gets each one's own
 * status, promptly.
 */
#include "quirk.h"

enum { THREADS = 3 };

struct record {
	volatile pid_t pid;   /* the present child */
	volatile int go, done, enough;
	volatile uint32_t children, wrong;
};

static struct record *rec;

static void *idle(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

/* One after another: children that end by themselves with a code, or are killed, some time after `go`. */
static void parent(void)
{
	for (unsigned i = 0;; i++) {
		bool threads = i % 3 == 0, killed = i % 2;
		unsigned us = q_random(i % 5 ? 300 : 2000);
		int code = (int)(i % 100), status;
		pid_t p = q_fork();

		if (!p) {
			pthread_t t;

			for (int k = 0; threads && k < THREADS; k++)
				pthread_create(&t, NULL, idle, NULL);
			rec->pid = getpid();
			while (!rec->go)
				;
			q_sleep_us(us);
			if (killed)
				idle(NULL);
			_exit(code);
		}
		UNTIL(rec->go);
		if (killed) {
			q_sleep_us(us);
			kill(p, SIGKILL);
		}
		if (waitpid(p, &status, 0) != p)
			_exit(1);
		rec->wrong += killed ? !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL
				     : !WIFEXITED(status) || WEXITSTATUS(status) != code;
		rec->children++;
		rec->pid = 0;
		rec->done = 1;
		UNTIL(!rec->done);
		if (rec->enough)
			_exit(0);
	}
}

int main(void)
{
	unsigned rounds = q_rounds(150), i, attached = 0, gone = 0;
	struct ptl_session *s = q_session(0);
	pid_t par;

	rec = q_shared(sizeof(*rec));
	par = q_fork();
	if (!par)
		parent();
	for (i = 0; i < rounds; i++) {
		struct ptl_event ev;
		pid_t pid;
		int r, n;

		UNTIL(rec->pid);
		pid = rec->pid;
		if (i == rounds - 1)
			rec->enough = 1;
		rec->go = 1;
		q_sleep_us(q_random(400));
		r = ptl_attach(s, pid, 0);
		CHECK(r == 0 || r == -ESRCH || r == -EPERM || r == -PTL_EZOMBIE, "attach: %s (%s)",
			ptl_error_name(r), ptl_message(s));
		attached += r == 0;
		gone += r < 0;
		if (r < 0)
			CHECK(ptl_task_count(s) == 0, "not attached, but there are tasks");
		/* some way through its last moments */
		for (n = (int)q_random(6); n > 0 && ptl_wait_for(s, &ev, Q_NS(1)) > 0; n--)
			RESUME(&ev, n % 2 ? PTL_SYSCALL : PTL_RUN);
		if (i % 4 == 1)
			OK(s, ptl_stop_all(s, Q_NS(Q_LONG_MS)));
		if (i % 4 == 2) {
			/* to its end */
			while (q_wait(s, &ev)) {
				if (ev.kind == PTL_EV_EXITED)
					CHECK(!ev.u.exited.unknown, "the status of %d was lost", ev.tid);
				RESUME(&ev, PTL_RUN);
			}
		} else {
			OK(s, ptl_detach_all(s, i % 4 == 3 ? -1 : Q_NS(Q_LONG_MS)));
		}
		CHECK(ptl_task_count(s) == 0, "%zu tasks are left", ptl_task_count(s));
		UNTIL(rec->done);
		rec->go = 0;
		rec->done = 0;
	}
	CHECK(q_reap(par) == 0, "the parent failed");
	CHECK(rec->children == rounds && !rec->wrong, "%u children, %u with a wrong status", rec->children,
		rec->wrong);
	printf("%u attached, %u were gone\n", attached, gone);
	ptl_session_free(s);
	q_check_alone();
	return 0;
}
