/* SPDX-License-Identifier: MIT */
/*
 * H25: a newborn may report before its maker's event does, or after. Whatever the order, each birth gives one FORKED and one STARTED of
 * the same task, each task one EXITED, and its parent's name is right as soon as it can be known. In a session that does not follow
 * forks, no process that a clone made gets in, in either order.
 */
#include "quirk.h"

enum { MAKERS = 4, TIDS = 1 << 22 };

static unsigned each;

static int end(void *arg)
{
	_exit(3);
}

static void *no_op(void *arg)
{
	return NULL;
}

/* Forks, and makes processes by clone with no exit signal, which the kernel reports as it does threads. */
static void *maker(void *arg)
{
	static char stack[MAKERS][16384] __attribute__((aligned(16)));
	pthread_t t;

	for (unsigned i = 0; i < each; i++) {
		int status;
		pid_t p;

		if (i % 3 == 0) {
			if (pthread_create(&t, NULL, no_op, NULL) == 0)
				pthread_join(t, NULL);
			continue;
		}
		if (i % 3 == 1) {
			p = fork();
			if (!p)
				_exit(3);
		} else {
			p = clone(end, stack[(long)arg] + sizeof(stack[0]), 0, NULL);
		}
		if (p < 0 || waitpid(p, &status, __WALL) != p || status != 3 << 8)
			_exit(1);
	}
	return NULL;
}

static void program(int go[2])
{
	pthread_t t[MAKERS];
	char c;
	long i;

	close(go[1]);
	(void)!read(go[0], &c, 1);
	for (i = 0; i < MAKERS; i++)
		pthread_create(&t[i], NULL, maker, (void *)i);
	for (i = 0; i < MAKERS; i++)
		pthread_join(t[i], NULL);
	_exit(29);
}

struct life {
	unsigned char forked, started, exited;
	pid_t parent;
};

static void one(unsigned flags)
{
	struct ptl_session *s = q_session(flags);
	struct life *lives = calloc(TIDS, sizeof(*lives));
	unsigned forked = 0, started = 0, exited = 0, early = 0, unfollowed = 0;
	bool forks = flags & PTL_FOLLOW_FORKS;
	struct ptl_event ev;
	int go[2];
	pid_t pid;

	each = q_rounds(60);
	CHECK(pipe(go) == 0, "pipe");
	pid = q_fork();
	if (!pid)
		program(go);
	close(go[0]);
	q_attach(s, pid, &ev);
	close(go[1]);
	RESUME(&ev, PTL_RUN);
	while (q_wait(s, &ev)) {
		struct life *l = &lives[ev.tid];

		switch (ev.kind) {
		case PTL_EV_FORKED:
			/* without a task it is not followed, or has lived and died before this was told */
			if (!ev.u.forked.child_task && !forks && !lives[ev.u.forked.child].started) {
				unfollowed++;
				break;
			}
			l = &lives[ev.u.forked.child];
			early += l->started;
			CHECK(!l->forked, "%d was born twice", ev.u.forked.child);
			CHECK(!l->parent || l->parent == ev.tid, "%d is a child of %d, not %d",
				ev.u.forked.child, ev.tid, l->parent);
			l->forked = 1;
			l->parent = ev.tid;
			forked++;
			break;
		case PTL_EV_STARTED:
			CHECK(ev.u.started.how == PTL_START_BORN, "how %d", ev.u.started.how);
			CHECK(forks || ev.pid == pid, "process %d is not to be followed", ev.pid);
			CHECK(!l->started, "%d started twice", ev.tid);
			CHECK(l->forked ? ev.u.started.parent == l->parent : true, "%d: parent %d, not %d",
				ev.tid, ev.u.started.parent, l->parent);
			l->parent = ev.u.started.parent;
			l->started = 1;
			started++;
			break;
		case PTL_EV_EXITED:
			if (ev.tid == pid) {
				CHECK(ev.u.exited.code == 29, "the program failed: %d", ev.u.exited.code);
				break;
			}
			CHECK(l->started && !l->exited && !ev.u.exited.unknown, "%d: end without a life",
				ev.tid);
			exited++;
			l->exited = 1;
			/* the tid may come round */
			if (l->forked)
				memset(l, 0, sizeof(*l));
			break;
		case PTL_EV_SIGNAL:
			CHECK(ev.u.signal.info.signo == SIGCHLD, "signal %d", ev.u.signal.info.signo);
			break;
		default:
			FAIL("%s", ptl_event_name(ev.kind));
		}
		RESUME(&ev, PTL_RUN);
	}
	CHECK(forked == started && started == exited, "%u forked, %u started, %u exited", forked, started,
		exited);
	/* of each three, one is a thread, one forked, one cloned: the kernel tells of clones even if only threads are wanted */
	CHECK(forked == MAKERS + MAKERS * (forks ? each : each / 3), "%u births", forked);
	CHECK(unfollowed == (forks ? 0 : MAKERS * each / 3), "%u births that are not followed", unfollowed);
	printf("%u births, %u newborns reported first, %u not followed\n", forked, early, unfollowed);
	ptl_session_free(s);
	free(lives);
}

int main(void)
{
	one(PTL_FOLLOW);
	one(PTL_FOLLOW_THREADS);
	q_check_alone();
	return 0;
}
