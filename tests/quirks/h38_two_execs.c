/* SPDX-License-Identifier: MIT */
/*
 * H38: two threads execute at once, and threads are just being born when a third executes. One execve wins; the others' threads end. Over
 * many rounds every birth has its end, exactly one task is left, and it ends as the program it has become.
 */
#include "quirk.h"

struct record {
	volatile int up, go;
};

static struct record *rec;

static void *executes(void *arg)
{
	__atomic_fetch_add(&rec->up, 1, __ATOMIC_SEQ_CST);
	while (!rec->go)
		;
	execlp("true", "true", NULL);
	_exit(1);
}

static void *nothing(void *arg)
{
	return NULL;
}

static void *breeds(void *arg)
{
	pthread_attr_t at;
	pthread_t t;

	pthread_attr_init(&at);
	pthread_attr_setstacksize(&at, 65536);
	pthread_attr_setdetachstate(&at, PTHREAD_CREATE_DETACHED);
	__atomic_fetch_add(&rec->up, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		pthread_create(&t, &at, nothing, NULL);
		if (!rec->go)
			q_sleep_us(300);
	}
	return NULL;
}

static void program(int executors, int breeders)
{
	pthread_t t;

	for (int i = 0; i < executors; i++)
		pthread_create(&t, NULL, executes, NULL);
	for (int i = 0; i < breeders; i++)
		pthread_create(&t, NULL, breeds, NULL);
	for (;;)
		pause();
}

/* By serial: which tasks were heard of, and whose end. */
enum { SERIALS = 1 << 16 };
static unsigned char heard[SERIALS], ended[SERIALS];

static void hear(const struct ptl_event *ev)
{
	uint32_t child = ev->kind == PTL_EV_FORKED && ev->u.forked.child_task
		? ptl_task_serial(ev->u.forked.child_task)
		: ev->serial;

	CHECK(ev->serial < SERIALS && child < SERIALS, "serial %u", ev->serial);
	CHECK(!ended[ev->serial], "%s of %d after its end", ptl_event_name(ev->kind), ev->tid);
	heard[child] = heard[ev->serial] = 1;
	ended[ev->serial] = ev->kind == PTL_EV_EXITED;
}

static void one(int executors, int breeders, unsigned flags, bool attach)
{
	struct ptl_session *s = q_session(flags);
	unsigned tasks = 1, execs = 0, ends = 0, superseded = 0, last = 0, unknown = 0;
	struct ptl_event ev;
	int go[2], want = executors + breeders;
	pid_t pid;
	char c;

	memset(rec, 0, sizeof(*rec));
	memset(heard, 0, sizeof(heard));
	memset(ended, 0, sizeof(ended));
	CHECK(pipe(go) == 0, "pipe");
	pid = q_fork();
	if (!pid) {
		close(go[1]);
		(void)!read(go[0], &c, 1);
		program(executors, breeders);
	}
	close(go[0]);
	if (attach) {
		close(go[1]);
		UNTIL(rec->up == want);
		OK(s, ptl_attach(s, pid, 0));
		tasks = 0;
	} else {
		q_attach(s, pid, &ev);
		close(go[1]);
		RESUME(&ev, PTL_RUN);
	}
	for (;;) {
		int r;

		/* not before all are traced */
		if (!rec->go && rec->up == want && (!attach || tasks > (unsigned)want))
			rec->go = 1;
		r = ptl_wait_for(s, &ev, rec->go ? Q_NS(Q_LONG_MS) : Q_NS(1));
		if (r == -PTL_ETIMEOUT && !rec->go)
			continue;
		OK(s, r);
		if (r == 0)
			break;
		hear(&ev);
		switch (ev.kind) {
		case PTL_EV_STARTED:
			tasks++;
			break;
		case PTL_EV_EXEC:
			execs++;
			CHECK(ev.tid == pid, "EXEC of %d", ev.tid);
			break;
		case PTL_EV_EXITED:
			ends++;
			superseded += ev.u.exited.superseded_by != 0;
			unknown += ev.u.exited.unknown;
			if (ev.u.exited.last) {
				last++;
				CHECK(ev.tid == pid && ev.u.exited.code == 0 && !ev.u.exited.signo,
					"it ended with %d, signal %d", ev.u.exited.code, ev.u.exited.signo);
			}
			break;
		default:
			break;
		}
		RESUME(&ev, PTL_RUN);
	}
	/* newborns that were killed at once have an end, and no start */
	CHECK(execs == 1 && last == 1 && superseded == 1 && ends >= tasks,
		"%u execve, %u last, %u superseded, %u started, %u ended", execs, last, superseded, tasks, ends);
	CHECK(!memcmp(heard, ended, sizeof(heard)), "a task was heard of, and not of its end");
	CHECK(!unknown, "%u statuses were lost", unknown);
	ptl_session_free(s);
	q_check_alone();
}

int main(void)
{
	unsigned rounds = q_rounds(15), i;
	sigset_t set;

	rec = q_shared(sizeof(*rec));
	for (i = 0; i < rounds; i++) {
		one(2, 0, PTL_FOLLOW, i % 2);
		one(1, 2, PTL_FOLLOW, i % 2);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < rounds; i++)
		one(2, 1, PTL_FOLLOW | PTL_OWN_SIGCHLD, i % 2);
	return 0;
}
