/* SPDX-License-Identifier: MIT */
/*
 * H36: execve by a thread that is not the leader. The kernel ends all other threads, the leader without a word, and gives its tid to
 * the one that executes. In every variant: all threads but one have their end told once, the leader's as superseded, the executing
 * task goes on under the leader's tid with its serial, and nothing else of the process is left. Variants: what the other threads
 * do, whether the leader lives, is dead, or stands with an event unanswered, who is traced, and how.
 */
#include "quirk.h"

enum { MOST_THREADS = 12 };

enum leader { LIVES, SPINS, DEAD, HELD, LEADERS };

struct record {
	volatile int up, go;
	volatile pid_t exec_tid;
};

static struct record *rec;

static void *idle(void *arg)
{
	__atomic_fetch_add(&rec->up, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return NULL;
}

static void *spin(void *arg)
{
	__atomic_fetch_add(&rec->up, 1, __ATOMIC_SEQ_CST);
	for (;;)
		syscall(SYS_getppid);
	return NULL;
}

static void *executes(void *arg)
{
	rec->exec_tid = gettid();
	__atomic_fetch_add(&rec->up, 1, __ATOMIC_SEQ_CST);
	while (!rec->go)
		q_sleep_us(100);
	execlp("sh", "sh", "-c", "exit 14", NULL);
	_exit(1);
}

static void program(enum leader leader, int threads, bool busy)
{
	pthread_t t;

	for (int i = 0; i < threads; i++)
		pthread_create(&t, NULL, busy ? spin : idle, NULL);
	pthread_create(&t, NULL, executes, NULL);
	if (leader == DEAD)
		syscall(SYS_exit, 0);
	if (leader == SPINS)
		spin(NULL);
	idle(NULL);
}

/* Takes every STARTED of an attach to n threads. The one of `keep` stays unanswered. */
static void take_started(struct ptl_session *s, int n, pid_t keep, struct ptl_event *ret_kept, enum ptl_resume_how how)
{
	struct ptl_event ev;

	for (int i = 0; i < n;) {
		CHECK(q_wait(s, &ev), "lost the tracees");
		i += ev.kind == PTL_EV_STARTED;
		if (ev.kind == PTL_EV_STARTED && ev.tid == keep)
			*ret_kept = ev;
		else
			RESUME(&ev, how);
	}
}

static void one(enum leader leader, int threads, bool busy, enum ptl_resume_how how, unsigned flags)
{
	struct ptl_session *s = q_session(flags);
	unsigned superseded = 0, ended = 0, execs = 0, last = 0;
	uint32_t exec_serial;
	struct ptl_event ev, kept = {0};
	pid_t pid, exec_tid;
	int traced = threads + (leader == DEAD ? 1 : 2); /* no way to attach to a dead leader */

	memset(rec, 0, sizeof(*rec));
	pid = q_fork();
	if (!pid)
		program(leader, threads, busy);
	UNTIL(rec->up == threads + (leader == DEAD ? 1 : 2));
	exec_tid = rec->exec_tid;
	if (leader == DEAD)
		UNTIL(q_state(pid) == 'Z');
	OK(s, ptl_attach(s, exec_tid, 0));
	take_started(s, traced, leader == HELD ? pid : -1, &kept, how);
	CHECK((int)ptl_task_count(s) == traced, "%zu tasks of %d", ptl_task_count(s), traced);
	exec_serial = ptl_task_serial(ptl_find_task(s, exec_tid));
	rec->go = 1;
	while (q_wait(s, &ev)) {
		switch (ev.kind) {
		case PTL_EV_EXEC:
			execs++;
			CHECK(ev.tid == pid && ev.u.exec.former_tid == exec_tid, "EXEC of %d, formerly %d", ev.tid,
				ev.u.exec.former_tid);
			CHECK(ev.serial == exec_serial && ev.u.exec.former_serial == exec_serial,
				"EXEC of serial %u, not %u", ev.serial, exec_serial);
			CHECK(ptl_find_task(s, pid) == ev.task, "the tid leads to another task");
			CHECK(!ptl_find_task(s, exec_tid), "its former tid leads to a task");
			CHECK(ptl_pc(ev.task) != 0, "no registers");
			break;
		case PTL_EV_EXITED:
			CHECK(!ev.u.exited.unknown, "the status of %d was lost", ev.tid);
			if (ev.u.exited.superseded_by) {
				CHECK(ev.tid == pid && ev.u.exited.superseded_by == exec_tid,
					"%d superseded by %d", ev.tid, ev.u.exited.superseded_by);
				CHECK(ev.serial != exec_serial, "the executing task is superseded");
				superseded++;
			} else if (ev.serial == exec_serial) {
				CHECK(execs == 1 && ev.tid == pid && ev.u.exited.code == 14, "%d ended with %d",
					ev.tid, ev.u.exited.code);
				CHECK(ev.u.exited.last, "it was not the last");
			} else {
				CHECK(ev.tid != pid && ev.tid != exec_tid, "end of %d", ev.tid);
				ended++;
			}
			last += ev.u.exited.last;
			break;
		case PTL_EV_SIGNAL:
			CHECK(ev.u.signal.info.signo == SIGCHLD, "signal %d", ev.u.signal.info.signo);
			break;
		default:
			break;
		}
		RESUME(&ev, how);
	}
	CHECK(execs == 1 && (int)ended == threads && superseded == (leader != DEAD) && last == 1,
		"leader %d, %d threads: %u execve, %u ended, %u superseded, %u last", leader, threads, execs, ended,
		superseded, last);
	if (kept.task) /* an event of a task that has gone meanwhile */
		CHECK(superseded, "kept");
	ptl_session_free(s);
	q_check_alone();
}

/* Only the executing thread is traced. */
static void alone(void)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	pid_t pid, exec_tid;

	memset(rec, 0, sizeof(*rec));
	pid = q_fork();
	if (!pid)
		program(LIVES, 2, false);
	UNTIL(rec->up == 4);
	exec_tid = rec->exec_tid;
	OK(s, ptl_attach(s, exec_tid, PTL_ATTACH_THREAD));
	q_expect(s, &ev, PTL_EV_STARTED);
	CHECK(ptl_task_count(s) == 1, "%zu tasks", ptl_task_count(s));
	RESUME(&ev, PTL_RUN);
	rec->go = 1;
	q_expect(s, &ev, PTL_EV_EXEC);
	CHECK(ev.tid == pid && ev.u.exec.former_tid == exec_tid, "EXEC of %d, formerly %d", ev.tid,
		ev.u.exec.former_tid);
	RESUME(&ev, PTL_RUN);
	do {
		CHECK(q_wait(s, &ev), "lost");
		RESUME(&ev, PTL_RUN);
	} while (ev.kind != PTL_EV_EXITED);
	CHECK(ev.tid == pid && ev.u.exited.code == 14, "code %d", ev.u.exited.code);
	ptl_session_free(s);
	q_check_alone();
}

/*
 * Only the leader is traced: it vanishes in the execve of one that is not. As the process is a child of this thread, too, its end may
 * come as that of the task; otherwise it is still there for its parent to collect.
 */
static void only_the_leader(void)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	bool vanished;
	pid_t pid;

	memset(rec, 0, sizeof(*rec));
	pid = q_fork();
	if (!pid)
		program(LIVES, 2, false);
	UNTIL(rec->up == 4);
	OK(s, ptl_attach(s, pid, PTL_ATTACH_THREAD));
	q_expect(s, &ev, PTL_EV_STARTED);
	RESUME(&ev, PTL_RUN);
	rec->go = 1;
	q_expect(s, &ev, PTL_EV_EXITED);
	CHECK(ev.tid == pid, "end of %d", ev.tid);
	vanished = ev.u.exited.unknown || ev.u.exited.superseded_by;
	CHECK(vanished || ev.u.exited.code == 14, "code %d", ev.u.exited.code);
	RESUME(&ev, PTL_RUN);
	CHECK(ptl_wait_for(s, &ev, 0) == 0, "a tracee is left");
	ptl_session_free(s);
	if (vanished)
		CHECK(q_reap(pid) == 14, "the program was harmed");
	q_check_alone();
}

/* All stopped at a time when one of them may be on its way through the execve. */
static void stopped_meanwhile(unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		struct ptl_session *s = q_session(0);
		struct ptl_event ev;
		unsigned execs = 0, ends = 0;
		pid_t pid;

		memset(rec, 0, sizeof(*rec));
		pid = q_fork();
		if (!pid)
			program(i % 2 ? LIVES : SPINS, 3, i % 2);
		UNTIL(rec->up == 5);
		OK(s, ptl_attach(s, pid, 0));
		take_started(s, 5, -1, NULL, PTL_RUN);
		rec->go = 1;
		q_sleep_us(q_random(700));
		CHECK(OK(s, ptl_stop_all(s, Q_NS(Q_LONG_MS))) == 0, "some did not stop");
		OK(s, ptl_resume_all(s));
		if (i % 4 == 3) {
			/* or let go of it half way */
			OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
			ptl_session_free(s);
			CHECK(q_reap(pid) == 14, "the program was harmed");
			continue;
		}
		while (q_wait(s, &ev)) {
			execs += ev.kind == PTL_EV_EXEC;
			ends += ev.kind == PTL_EV_EXITED;
			if (ev.kind == PTL_EV_EXITED)
				CHECK(!ev.u.exited.unknown, "the status of %d was lost", ev.tid);
			RESUME(&ev, PTL_RUN);
		}
		CHECK(execs == 1 && ends == 5, "%u execve, %u ends", execs, ends);
		ptl_session_free(s);
	}
	q_check_alone();
}

int main(void)
{
	sigset_t set;

	rec = q_shared(sizeof(*rec));
	for (int leader = 0; leader < LEADERS; leader++)
		for (int threads = 0; threads <= 4; threads += 2)
			one((enum leader)leader, threads, threads == 4, threads == 2 ? PTL_SYSCALL : PTL_RUN, 0);
	one(LIVES, MOST_THREADS, true, PTL_RUN, PTL_FOLLOW);
	alone();
	only_the_leader();
	stopped_meanwhile(q_rounds(12));
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	one(LIVES, 4, true, PTL_SYSCALL, PTL_OWN_SIGCHLD);
	return 0;
}
