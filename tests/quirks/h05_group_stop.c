/* SPDX-License-Identifier: MIT */
/*
 * H5: job control of a traced process of several threads whose parent, a shell, is not the tracer. Every stop signal stops all threads
 * and lets them rest (PTRACE_LISTEN; PTRACE_CONT would run them although "stopped"), SIGCONT lets them go on, and the shell is
 * told of both exactly as without a tracer.
 */
#include "quirk.h"

enum { THREADS = 4 };
static const int stops[] = {SIGTSTP, SIGSTOP, SIGTTIN, SIGTTOU};

struct record {
	volatile uint64_t turns[THREADS];
	volatile pid_t job;
	volatile uint32_t shell_stopped, shell_continued;
	volatile int last_stop;
	volatile uint32_t conts;
};

static struct record *rec;

static void on_cont(int sig)
{
	__atomic_fetch_add(&rec->conts, 1, __ATOMIC_SEQ_CST);
}

static void *work(void *arg)
{
	for (;;) {
		rec->turns[(long)arg]++;
		q_sleep_us(100);
	}
	return NULL;
}

static void job(void)
{
	struct sigaction sa = {.sa_handler = on_cont, .sa_flags = SA_RESTART};
	pthread_t t;
	long i;

	setpgid(0, 0); /* as shells do; SIGTSTP does not stop an orphaned group, which that of a test is */
	sigaction(SIGCONT, &sa, NULL);
	for (i = 1; i < THREADS; i++)
		pthread_create(&t, NULL, work, (void *)i);
	rec->job = getpid();
	work(NULL);
}

/* Stops and continues its job, and counts what wait(2) says of it. */
static void shell(void)
{
	int status;
	pid_t pid = q_fork();

	if (!pid)
		job();
	for (;;) {
		if (waitpid(pid, &status, WUNTRACED | WCONTINUED) != pid)
			_exit(2);
		if (WIFSTOPPED(status)) {
			rec->last_stop = WSTOPSIG(status);
			rec->shell_stopped++;
		} else if (WIFCONTINUED(status)) {
			rec->shell_continued++;
		} else {
			_exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : 3);
		}
	}
}

static uint64_t all_turns(void)
{
	uint64_t n = 0;

	for (int i = 0; i < THREADS; i++)
		n += rec->turns[i];
	return n;
}

int main(void)
{
	struct ptl_session *s = q_session(0);
	unsigned rounds = q_rounds(12), i, n, continued;
	struct ptl_event ev;
	uint64_t before;
	pid_t sh;

	rec = q_shared(sizeof(*rec));
	sh = q_fork();
	if (!sh)
		shell();
	UNTIL(rec->job && rec->turns[0] && rec->turns[1] && rec->turns[2] && rec->turns[3]);
	OK(s, ptl_attach(s, rec->job, 0));
	for (n = 0; n < THREADS; n++) {
		q_expect(s, &ev, PTL_EV_STARTED);
		RESUME(&ev, PTL_RUN);
	}
	for (i = 0; i < rounds; i++) {
		int sig = stops[i % Q_COUNTOF(stops)];

		kill(rec->job, sig);
		q_expect(s, &ev, PTL_EV_SIGNAL);
		CHECK(ev.u.signal.info.signo == sig, "signal %d, not %d", ev.u.signal.info.signo, sig);
		RESUME(&ev, PTL_RUN);
		for (n = 0; n < THREADS; n++) {
			q_expect(s, &ev, PTL_EV_GROUP_STOP);
			CHECK(ev.u.stop.signo == sig, "stopped by %d, not %d", ev.u.stop.signo, sig);
			CHECK(RESUME(&ev, PTL_RUN) == 0, "resuming must not end a group-stop");
		}
		UNTIL(rec->shell_stopped == i + 1);
		CHECK(rec->last_stop == sig, "the shell heard of signal %d, not %d", rec->last_stop, sig);
		before = all_turns();
		q_quiet(s, 3);
		CHECK(all_turns() == before, "it runs while stopped");

		kill(rec->job, SIGCONT);
		/* each thread's stop ends, and one of them gets the signal; in any order */
		for (n = continued = 0; n < THREADS + 1; n++) {
			CHECK(q_wait(s, &ev), "lost the tracees");
			continued += ev.kind == PTL_EV_CONTINUED;
			CHECK(ev.kind == PTL_EV_CONTINUED ||
					(ev.kind == PTL_EV_SIGNAL && ev.u.signal.info.signo == SIGCONT),
				"%s", ptl_event_name(ev.kind));
			RESUME(&ev, PTL_RUN);
		}
		CHECK(continued == THREADS, "%u of %d threads continued", continued, THREADS);
		UNTIL(rec->shell_continued == i + 1);
		UNTIL(rec->conts == i + 1);
		before = all_turns();
		UNTIL(all_turns() > before + THREADS);
	}
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	q_check_free(rec->job);
	kill(rec->job, SIGKILL);
	CHECK(q_reap(sh) == 0, "the shell was told wrong things of its job");
	ptl_session_free(s);
	q_check_alone();
	return 0;
}
