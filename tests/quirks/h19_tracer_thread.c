/* SPDX-License-Identifier: MIT */
/*
 * H19: ptrace(2) belongs to a thread. A session refuses every other thread, says so, and neither loses nor harms a tracee by it; two
 * sessions in two threads work beside each other; and when a thread ends with its session alive, its tracees run on.
 */
#include "quirk.h"

static volatile uint64_t *turns; /* one a target */

static pid_t target(int i)
{
	pid_t p = q_fork();

	turns[i] = 0;
	if (!p)
		for (;;) {
			turns[i]++;
			q_sleep_us(100);
		}
	UNTIL(turns[i] > 2);
	return p;
}

/* --- another thread ------------------------------------------------------------------- */

struct other {
	struct ptl_session *s;
	struct ptl_task *task;
	struct ptl_event ev;
	pid_t second;
};

#define REFUSED(call)                                                                              \
	do {                                                                                       \
		int q_r = (call);                                                                  \
		CHECK(q_r == -PTL_ETHREAD, "%s from another thread: %s", #call,                    \
			q_r < 0 ? ptl_error_name(q_r) : "allowed");                                \
	} while (0)

static void *use_it(void *arg)
{
	struct other *o = arg;
	char *argv[] = {"true", NULL};
	struct ptl_launch how;
	struct ptl_event ev;

	ptl_launch_init(&how, argv);
	REFUSED(ptl_launch(o->s, &how, NULL));
	REFUSED(ptl_attach(o->s, o->second, 0));
	REFUSED(ptl_wait_for(o->s, &ev, Q_NS(10)));
	REFUSED(ptl_wait_for(o->s, &ev, 0));
	REFUSED(ptl_interrupt(o->task));
	REFUSED(ptl_stop_all(o->s, 0));
	REFUSED(ptl_resume_all(o->s));
	ev = o->ev;
	REFUSED(ptl_resume(&ev, PTL_RUN));
	REFUSED(ptl_resume_task(o->task, PTL_RUN));
	REFUSED(ptl_detach(ptl_task_process(o->task), Q_NS(10)));
	REFUSED(ptl_detach_task(o->task, Q_NS(10)));
	REFUSED(ptl_detach_all(o->s, Q_NS(10)));
	return NULL;
}

static void from_another_thread(void)
{
	struct ptl_session *s = q_session(0);
	struct other o = {.s = s};
	pid_t pid = target(0);
	uint64_t before;
	pthread_t t;

	o.second = target(1);
	q_attach(s, pid, &o.ev);
	o.task = o.ev.task;
	CHECK(pthread_create(&t, NULL, use_it, &o) == 0 && pthread_join(t, NULL) == 0, "no thread");
	CHECK(ptl_task_state(o.task) == PTL_TASK_STOPPED && q_state(pid) == 't', "it was touched");
	RESUME(&o.ev, PTL_RUN);
	/* once more while it runs */
	o.ev = (struct ptl_event){.session = s, .task = o.task};
	CHECK(pthread_create(&t, NULL, use_it, &o) == 0 && pthread_join(t, NULL) == 0, "no thread");
	CHECK(ptl_task_count(s) == 1, "a task was lost");
	before = turns[0];
	UNTIL(turns[0] > before + 2);
	OK(s, ptl_interrupt(o.task));
	q_expect(s, &o.ev, PTL_EV_INTERRUPTED);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	q_check_free(pid);
	q_check_free(o.second);
	ptl_session_free(s);
	q_kill_and_reap(pid);
	q_kill_and_reap(o.second);
}

/* --- two sessions ------------------------------------------------------------------------- */

/* Launches programs one after another and counts; nothing of the other thread's may show. */
static void *session_of_its_own(void *arg)
{
	char *argv[] = {"sh", "-c", "exit 3", NULL};
	unsigned rounds = q_rounds(10), i;

	for (i = 0; i < rounds; i++) {
		struct ptl_session *s;
		struct ptl_event ev;
		unsigned started = 0, exited = 0;
		int r = ptl_start(&s, argv, (long)arg ? PTL_FOLLOW : 0);

		CHECK(r >= 0, "cannot launch: %s", ptl_message(s));
		while (q_wait(s, &ev)) {
			started += ev.kind == PTL_EV_STARTED;
			exited += ev.kind == PTL_EV_EXITED;
			CHECK(ev.session == s, "an event of another session");
			RESUME(&ev, PTL_SYSCALL);
		}
		CHECK(started == 1 && exited == 1, "%u started, %u exited", started, exited);
		CHECK(ptl_finish(s, 0) == 3, "exit status");
	}
	return NULL;
}

static void two_sessions(void)
{
	pthread_t t[2];

	for (long i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, session_of_its_own, (void *)i) == 0, "no thread");
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

/* --- a thread that ends ---------------------------------------------------------------------- */

static pid_t left_behind;

static void *end_with_session(void *arg)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;

	q_attach(s, left_behind, &ev);
	return s; /* against the rules: stopped, and not detached */
}

static void thread_ends(void)
{
	struct ptl_session *s;
	uint64_t before;
	pthread_t t;
	void *ret;

	left_behind = target(0);
	CHECK(pthread_create(&t, NULL, end_with_session, NULL) == 0 && pthread_join(t, &ret) == 0,
		"no thread");
	s = ret;
	UNTIL(q_status(left_behind, "TracerPid") == 0);
	before = turns[0];
	UNTIL(turns[0] > before + 2);
	q_check_free(left_behind);
	ptl_session_free(s); /* of a thread that is gone: only frees */
	q_kill_and_reap(left_behind);
}

int main(void)
{
	turns = q_shared(4096);
	from_another_thread();
	two_sessions();
	thread_ends();
	q_check_alone();
	return 0;
}
