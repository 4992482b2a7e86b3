/* SPDX-License-Identifier: MIT */
/*
 * H42: a thread's exit status is not its process's, and the end of a first thread that goes before the others is told only after
 * theirs. The last EXITED of a process is that of its first thread, carries the process's status, and is what ptl_finish() and the
 * real parent answer.
 */
#include "quirk.h"

enum way {
	LEADER_FIRST,	   /* leader: exit(7); worker, later: exit_group(9) */
	GROUP_BY_LEADER,   /* exit_group(9) by the leader while workers live */
	GROUP_BY_WORKER,
	ALL_SINGLY,	   /* each thread exit(n), the leader first */
	SIGNAL_OF_WORKER,  /* killed by a worker's fault */
	DUMPED,		   /* the same, with a core if the system writes one */
	WAYS
};

static enum way way;
static volatile int *volatile nowhere;

static void *worker(void *arg)
{
	q_sleep_us(5000 + 2000 * (long)arg);
	switch (way) {
	case LEADER_FIRST:
	case GROUP_BY_WORKER:
		syscall(SYS_exit_group, 9);
		break;
	case SIGNAL_OF_WORKER:
	case DUMPED:
		*nowhere = 0;
		break;
	case ALL_SINGLY:
		syscall(SYS_exit, 40 + (long)arg);
		break;
	default:
		pause();
	}
	return NULL;
}

static void program(void)
{
	struct rlimit none = {0, way == DUMPED ? RLIM_INFINITY : 0};
	pthread_t t;

	if (way == DUMPED)
		getrlimit(RLIMIT_CORE, &none), none.rlim_cur = none.rlim_max;
	setrlimit(RLIMIT_CORE, &none);
	for (long i = 0; i < 2; i++)
		pthread_create(&t, NULL, worker, (void *)i);
	if (way == LEADER_FIRST || way == ALL_SINGLY)
		syscall(SYS_exit, 7);
	if (way == GROUP_BY_LEADER) {
		q_sleep_us(1000);
		syscall(SYS_exit_group, 9);
	}
	for (;;)
		pause();
}

static void one(bool by_launch)
{
	static char self[] = "/proc/self/exe";
	char word[4];
	char *argv[] = {self, word, NULL};
	bool signal = way == SIGNAL_OF_WORKER || way == DUMPED;
	int code = signal ? 0 : way == ALL_SINGLY ? 7 : 9, ends = 0, go[2];
	struct ptl_session *s;
	struct ptl_event ev;
	pid_t pid;
	char c;

	CHECK(pipe(go) == 0, "pipe");
	if (by_launch) {
		snprintf(word, sizeof(word), "%d", way);
		CHECK(ptl_start(&s, argv, PTL_FOLLOW) >= 0, "cannot launch: %s", ptl_message(s));
		q_expect(s, &ev, PTL_EV_STARTED);
		pid = ev.pid;
	} else {
		s = q_session(PTL_FOLLOW);
		pid = q_fork();
		if (!pid) {
			close(go[1]);
			(void)!read(go[0], &c, 1);
			program();
		}
		q_attach(s, pid, &ev);
	}
	close(go[0]);
	close(go[1]);
	RESUME(&ev, PTL_RUN);
	while (q_wait(s, &ev)) {
		if (ev.kind == PTL_EV_EXITED) {
			ends++;
			CHECK(!ev.u.exited.unknown && ev.u.exited.last == (ends == 3), "end %d: last %d", ends,
				ev.u.exited.last);
			if (ev.u.exited.last) {
				CHECK(ev.tid == pid, "the last was %d", ev.tid);
				/* when each thread ends for itself: that of the last one, before Linux 5.19 of the first */
				if (way == ALL_SINGLY && (ev.u.exited.code == 40 || ev.u.exited.code == 41))
					code = ev.u.exited.code;
				CHECK(ev.u.exited.signo == (signal ? SIGSEGV : 0) && ev.u.exited.code == code,
					"way %d: code %d signal %d", way, ev.u.exited.code, ev.u.exited.signo);
			} else {
				CHECK(ev.tid != pid, "the first thread's end came too early");
			}
		}
		RESUME(&ev, PTL_RUN);
	}
	CHECK(ends == 3, "%d ends", ends);
	if (by_launch)
		CHECK(ptl_finish(s, 0) == (signal ? 128 + SIGSEGV : code), "way %d: ptl_finish", way);
	else
		ptl_session_free(s);
	q_check_alone();
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		way = (enum way)atoi(argv[1]);
		program();
	}
	for (int i = 0; i < WAYS; i++) {
		way = (enum way)i;
		one(false);
		one(true);
	}
	return 0;
}
