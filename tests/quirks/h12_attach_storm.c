/* SPDX-License-Identifier: MIT */
/*
 * H12: attaching to a process whose threads come and go all the time. A thread may be made between the look at /proc/PID/task and its
 * seizure, and a dying one makes readdir skip its neighbour. When all stand still, every thread there is must be ours, each
 * STARTED and not twice; after detaching none may be, whatever events were unanswered; and the program must
 * not have lost a thread.
 */
#include "quirk.h"

enum { SPAWNERS = 3, MOST = 4096 };

struct record {
	volatile uint32_t made, ended;
	volatile int enough;
};

static struct record *rec;

static void *short_life(void *arg)
{
	__atomic_fetch_add(&rec->ended, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *spawner(void *arg)
{
	pthread_attr_t at;
	pthread_t t;

	pthread_attr_init(&at);
	pthread_attr_setstacksize(&at, 65536);
	pthread_attr_setdetachstate(&at, PTHREAD_CREATE_DETACHED);
	while (!rec->enough) {
		if (pthread_create(&t, &at, short_life, NULL) == 0)
			__atomic_fetch_add(&rec->made, 1, __ATOMIC_SEQ_CST);
		if (rec->made % 16 == 0)
			q_sleep_us(100);
	}
	return NULL;
}

static void target(void)
{
	pthread_t t[SPAWNERS];
	int i;

	for (i = 0; i < SPAWNERS; i++)
		pthread_create(&t[i], NULL, spawner, NULL);
	for (i = 0; i < SPAWNERS; i++)
		pthread_join(t[i], NULL);
	while (rec->ended != rec->made)
		q_sleep_us(100);
	_exit(17);
}

static void check_event(struct ptl_session *s, const struct ptl_event *ev)
{
	switch (ev->kind) {
	case PTL_EV_STARTED:
		CHECK(!ptl_task_data(ev->task), "task %d started twice", ev->tid);
		ptl_task_set_data(ev->task, rec);
		break;
	case PTL_EV_FORKED:
		CHECK(ptl_task_data(ev->task), "FORKED of %d before its STARTED", ev->tid);
		break;
	case PTL_EV_EXITED:
		CHECK(ev->u.exited.code == 0 && !ev->u.exited.signo && !ev->u.exited.unknown,
			"thread %d: code %d signal %d unknown %d", ev->tid, ev->u.exited.code,
			ev->u.exited.signo, ev->u.exited.unknown);
		break;
	default:
		FAIL("%s of %d", ptl_event_name(ev->kind), ev->tid);
	}
}

static bool is_dead(char state)
{
	return state == '-' || state == 'Z' || state == 'X';
}

/* Every thread that there is now is this session's, and stands, or is just born and will stand before it executes anything. */
static void check_complete(struct ptl_session *s, pid_t pid)
{
	pid_t tid[MOST];
	int n = q_tids(pid, tid, MOST), i;

	for (i = 0; i < n; i++) {
		if (is_dead(q_state(tid[i])))
			continue;
		CHECK(q_status(tid[i], "TracerPid") == getpid() || is_dead(q_state(tid[i])),
			"thread %d (%c) is not traced", tid[i], q_state(tid[i]));
		UNTIL(q_state(tid[i]) == 't' || is_dead(q_state(tid[i])));
	}
}

int main(void)
{
	struct ptl_session *s = q_session(0);
	unsigned rounds = q_rounds(25), i, events = 0, most = 0;
	struct ptl_event ev;
	uint32_t made;
	pid_t pid;

	rec = q_shared(sizeof(*rec));
	pid = q_fork();
	if (!pid)
		target();
	UNTIL(rec->made > 100);
	for (i = 0; i < rounds; i++) {
		unsigned n = q_random(60);

		OK(s, ptl_attach(s, pid, 0));
		while (n--) {
			CHECK(q_wait(s, &ev), "lost the tracees");
			check_event(s, &ev);
			events++;
			if (n || i % 2)
				RESUME(&ev, PTL_RUN);
		}
		if (i % 4 < 2) {
			CHECK(OK(s, ptl_stop_all(s, Q_NS(Q_LONG_MS))) == 0, "some did not stop");
			check_complete(s, pid);
			if (ptl_task_count(s) > most)
				most = (unsigned)ptl_task_count(s);
		}
		OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
		CHECK(ptl_task_count(s) == 0, "%zu tasks are left", ptl_task_count(s));
		q_check_free(pid);
		made = rec->made;
		UNTIL(rec->made > made + 20); /* all spawners live on */
	}
	rec->enough = 1;
	CHECK(q_reap(pid) == 17, "the program did not end well");
	CHECK(rec->made == rec->ended, "%u threads made, %u ended", rec->made, rec->ended);
	printf("%u rounds, %u threads, %u events, at most %u at once\n", rounds, rec->made, events, most);
	ptl_session_free(s);
	q_check_alone();
	return 0;
}
