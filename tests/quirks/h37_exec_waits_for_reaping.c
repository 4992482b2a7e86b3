/* SPDX-License-Identifier: MIT */
/*
 * H37: the execve of one thread waits until every other thread is not only dead but reaped, and a traced one is reaped by its tracer. A
 * session that is not looked at delays it, and does not make it fail; threads that stand with unanswered events do not hold it up; and
 * attaching to another process goes on meanwhile.
 */
#include "quirk.h"

static volatile int *up, *go;

static void *idle(void *arg)
{
	__atomic_fetch_add(up, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return NULL;
}

static void program(void)
{
	pthread_t t;

	for (int i = 0; i < 3; i++)
		pthread_create(&t, NULL, idle, NULL);
	__atomic_fetch_add(up, 1, __ATOMIC_SEQ_CST);
	while (!*go)
		q_sleep_us(100);
	execlp("sh", "sh", "-c", "exit 15", NULL);
	_exit(1);
}

/* threads_held: of the idle threads, so many stand unanswered while the leader executes. */
static void one(int threads_held)
{
	struct ptl_session *s = q_session(0), *other = q_session(0);
	struct ptl_event ev, held[3];
	int n, h = 0, execs = 0, ends = 0;
	pid_t pid, bystander;

	*up = *go = 0;
	pid = q_fork();
	if (!pid)
		program();
	UNTIL(*up == 4);
	OK(s, ptl_attach(s, pid, 0));
	for (n = 0; n < 4; n++) {
		q_expect(s, &ev, PTL_EV_STARTED);
		if (ev.tid != pid && h < threads_held)
			held[h++] = ev;
		else
			RESUME(&ev, PTL_RUN);
	}
	*go = 1;
	/* the tracer looks elsewhere: the dead threads are not reaped, the execve waits */
	q_sleep_us(20000);
	CHECK(q_tids(pid, &(pid_t[8]){0}[0], 8) >= 1 && q_state(pid) != 'Z', "the execve failed");
	bystander = q_fork();
	if (!bystander)
		for (;;)
			pause();
	q_attach(other, bystander, &ev);
	OK(other, ptl_detach_all(other, Q_NS(Q_LONG_MS)));
	q_kill_and_reap(bystander);
	ptl_session_free(other);

	while (q_wait(s, &ev)) {
		execs += ev.kind == PTL_EV_EXEC;
		if (ev.kind == PTL_EV_EXITED) {
			ends++;
			CHECK(ev.u.exited.code == (ev.tid == pid ? 15 : 0) || ev.u.exited.signo == SIGKILL, "%d: code %d",
				ev.tid, ev.u.exited.code);
			CHECK(!ev.u.exited.unknown, "the status of %+d was lost", ev.tid - pid);
			/* its older event is of no use any more, and harmless */
			for (int i = 0; i < h; i++)
				if (held[i].tid == ev.tid && held[i].task)
					CHECK(ptl_resume(&held[i], PTL_RUN) == 0, "a stale event resumed something");
		}
		RESUME(&ev, PTL_RUN);
	}
	CHECK(execs == 1 && ends == 4, "%d execve, %d ends", execs, ends);
	ptl_session_free(s);
	q_check_alone();
}

int main(void)
{
	up = q_shared(4096);
	go = up + 1;
	for (int held = 0; held <= 3; held++)
		one(held);
	return 0;
}
