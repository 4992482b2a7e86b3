/* SPDX-License-Identifier: MIT */
/*
 * A process whose first thread has exited: everything under /proc/PID is empty and the leader cannot be seized, yet its other threads run. It
 * can be attached to, read, stepped, and let go like any other.
 */
#include "quirk.h"

static volatile uint64_t *work;
static const volatile uint64_t landmark = 0x6d61726b;

static void *worker(void *arg)
{
	(void)arg;
	for (;;)
		work[0]++;
	return NULL;
}

static pid_t make(void)
{
	pid_t pid = q_fork();

	if (!pid) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, worker, NULL) || pthread_create(&thread, NULL, worker, NULL))
			_exit(1);
		syscall(SYS_exit, 0);
	}
	UNTIL(q_state(pid) == 'Z' && work[0]);
	return pid;
}

int main(void)
{
	struct ptl_session *s;
	struct ptl_process_info info;
	struct ptl_diagnosis d;
	struct ptl_event ev, started[2];
	uint64_t word, before, pc = 0;
	unsigned round, i;
	pid_t pid;

	work = q_shared(4096);
	pid = make();
	CHECK(ptl_diagnose(pid, &d) == 0 && d.result == 0, "diagnosed as %s (%s)", ptl_error_name(d.result), d.cause);
	CHECK(strstr(d.cause, "2 of its threads still run"), "the remark: %s", d.cause);
	CHECK(ptl_process_info(pid, &info) == 0 && info.state == 'Z' && info.live_thread > pid, "live thread %d", info.live_thread);
	for (round = 0; round < q_rounds(20); round++) {
		s = q_session(PTL_FOLLOW);
		/* by the dead leader's id, and by a live thread's */
		OK(s, ptl_attach(s, round & 1 ? info.live_thread : pid, 0));
		for (i = 0; i < 2; i++) {
			q_expect(s, &ev, PTL_EV_STARTED);
			CHECK(ev.tid != pid && ev.pid == pid, "STARTED of %d in %d", ev.tid, ev.pid);
			CHECK(ptl_read(ev.task, (uintptr_t)&landmark, &word, sizeof(word)) == sizeof(word) && word == landmark,
				"its memory cannot be read");
			pc = ptl_pc(ev.task);
			CHECK(pc, "its registers cannot be read");
			started[i] = ev;
		}
		RESUME(&started[0], PTL_STEP);
		RESUME(&started[1], PTL_STEP);
		for (i = 0; i < 20; i++) {
			q_expect(s, &ev, PTL_EV_STEPPED);
			RESUME(&ev, PTL_STEP);
		}
		OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
		ptl_session_free(s);
		before = work[0];
		UNTIL(work[0] != before);
	}
	q_kill_and_reap(pid);
	q_check_alone();
	return 0;
}
