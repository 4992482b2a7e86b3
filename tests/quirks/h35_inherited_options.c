/* SPDX-License-Identifier: MIT */
/*
 * H35: newborns inherit ptrace's options; options set on the parent afterwards do not reach them. The session sets them with the seizure
 * itself, so the tenth generation is traced like the first: its births and its execve are events, its system calls come
 * as such and not as signals.
 */
#include "quirk.h"

enum { DEPTH = 10 };

static void *grow_thread(void *arg);

/* Alternately a process and a thread, each of which makes the next; the last one executes. */
static void grow(int depth)
{
	pthread_t t;
	int status;
	pid_t p;

	if (depth == DEPTH) {
		execlp("sh", "sh", "-c", "exit 8", NULL);
		_exit(1);
	}
	if (depth % 2) {
		if (pthread_create(&t, NULL, grow_thread, (void *)(long)(depth + 1)) != 0)
			_exit(2);
		pthread_join(t, NULL);
		return;
	}
	p = fork();
	if (!p) {
		grow(depth + 1);
		_exit(8);
	}
	if (p < 0 || waitpid(p, &status, 0) != p || status != 8 << 8)
		_exit(3);
}

static void *grow_thread(void *arg)
{
	grow((int)(long)arg);
	return NULL;
}

static void one(bool attach, enum ptl_resume_how how)
{
	struct ptl_session *s = q_session(PTL_FOLLOW);
	unsigned births = 0, started = 0, execs = 0, exits = 0, superseded = 0, entries = 0;
	struct ptl_event ev;
	int go[2];
	pid_t pid;
	char c;

	CHECK(pipe(go) == 0, "pipe");
	if (attach) {
		pid = q_fork();
		if (!pid) {
			close(go[1]);
			(void)!read(go[0], &c, 1);
			grow(0);
			_exit(18);
		}
		q_attach(s, pid, &ev);
	} else {
		/* launched: this very program, which then grows */
		char self[] = "/proc/self/exe", word[] = "grow";
		char *argv[] = {self, word, NULL};
		struct ptl_launch l;

		ptl_launch_init(&l, argv);
		OK(s, ptl_launch(s, &l, NULL));
		q_expect(s, &ev, PTL_EV_STARTED);
		CHECK(ev.u.started.how == PTL_START_LAUNCHED, "how %d", ev.u.started.how);
		pid = ev.pid;
	}
	close(go[0]);
	close(go[1]);
	RESUME(&ev, how);
	while (q_wait(s, &ev)) {
		switch (ev.kind) {
		case PTL_EV_FORKED:
			CHECK(ev.u.forked.child_task, "a birth that is not followed");
			births++;
			break;
		case PTL_EV_STARTED:
			started++;
			break;
		case PTL_EV_EXEC:
			execs++;
			break;
		case PTL_EV_SYSCALL_ENTRY:
			entries++;
			break;
		case PTL_EV_SIGNAL:
			CHECK(ev.u.signal.info.signo == SIGCHLD, "signal %d: an event came as one",
				ev.u.signal.info.signo);
			break;
		case PTL_EV_EXITED:
			exits++;
			superseded += ev.u.exited.superseded_by != 0;
			if (ev.tid == pid)
				CHECK(ev.u.exited.code == 18, "code %d signal %d", ev.u.exited.code,
					ev.u.exited.signo);
			break;
		default:
			break;
		}
		RESUME(&ev, how);
	}
	CHECK(births == DEPTH && started == DEPTH, "%u births, %u started", births, started);
	/* the last one executes as a thread: its leader goes */
	CHECK(execs == 1 && superseded == 1 && exits == DEPTH + 1, "%u execve, %u ends, %u superseded", execs,
		exits, superseded);
	CHECK((entries > 0) == (how == PTL_SYSCALL), "%u system calls", entries);
	ptl_session_free(s);
	q_check_alone();
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		grow(0);
		return 18;
	}
	one(true, PTL_RUN);
	one(true, PTL_SYSCALL);
	one(false, PTL_RUN);
	one(false, PTL_SYSCALL);
	return 0;
}
