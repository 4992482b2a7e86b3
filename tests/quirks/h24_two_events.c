/* SPDX-License-Identifier: MIT */
/*
 * H24: two things happen to one thread at once: a signal and an interrupt, an execve and a signal, an execve and a kill, a birth
 * and a kill. Each wait reports one; the session tells all of them, once, and a death last.
 */
#include "quirk.h"

static volatile int *got;

static void on_signal(int sig)
{
	++*got;
}

static void held(int go[2])
{
	char c;

	close(go[1]);
	while (read(go[0], &c, 1) < 0)
		;
}

static void signal_and_interrupt(void)
{
	struct ptl_session *s = q_session(0);
	unsigned rounds = q_rounds(60), i;
	struct ptl_event ev;
	struct ptl_task *t;
	pid_t pid;

	*got = 0;
	pid = q_fork();
	if (!pid) {
		struct sigaction sa = {.sa_handler = on_signal};

		sigaction(SIGUSR1, &sa, NULL);
		got[1] = 1;
		for (;;)
			syscall(SYS_getppid);
	}
	UNTIL(got[1]);
	q_attach(s, pid, &ev);
	t = ev.task;
	RESUME(&ev, PTL_RUN);
	for (i = 0; i < rounds; i++) {
		bool interrupted = false;

		CHECK(OK(s, ptl_stop_all(s, Q_NS(Q_LONG_MS))) == 0, "it did not stop");
		/* both are there before it can take either */
		OK(s, ptl_signal(t, SIGUSR1));
		OK(s, ptl_resume_all(s));
		OK(s, ptl_interrupt(t));
		do {
			CHECK(q_wait(s, &ev), "lost the tracee");
			CHECK(ev.kind == PTL_EV_SIGNAL || (ev.kind == PTL_EV_INTERRUPTED && !interrupted), "%s",
				ptl_event_name(ev.kind));
			interrupted |= ev.kind == PTL_EV_INTERRUPTED;
			RESUME(&ev, PTL_RUN);
		} while (ev.kind != PTL_EV_SIGNAL);
		/* an interrupt that the signal overtook is taken in silence, by waiting */
		while (*got != (int)i + 1)
			q_quiet(s, 1);
	}
	q_quiet(s, 5);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	q_check_free(pid);
	ptl_session_free(s);
	q_kill_and_reap(pid);
}

/* What is sent to a process while it stands at its execve event. */
static void exec_and(int sig)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	int go[2];
	pid_t pid;

	CHECK(pipe(go) == 0, "pipe");
	pid = q_fork();
	if (!pid) {
		held(go);
		execlp("true", "true", NULL);
		_exit(1);
	}
	close(go[0]);
	q_attach(s, pid, &ev);
	close(go[1]);
	RESUME(&ev, PTL_RUN);
	q_expect(s, &ev, PTL_EV_EXEC);
	kill(pid, sig);
	OK(s, ptl_interrupt(ev.task));
	if (sig == SIGKILL)
		UNTIL(q_state(pid) != 't');
	RESUME(&ev, PTL_RUN);
	if (sig != SIGKILL) {
		q_expect(s, &ev, PTL_EV_SIGNAL);
		CHECK(ev.u.signal.info.signo == sig, "signal %d", ev.u.signal.info.signo);
		RESUME(&ev, PTL_RUN);
	}
	q_expect(s, &ev, PTL_EV_EXITED);
	CHECK(ev.u.exited.signo == sig, "it died of %d, not %d", ev.u.exited.signo, sig);
	RESUME(&ev, PTL_RUN);
	CHECK(ptl_wait_for(s, &ev, 0) == 0, "a tracee is left");
	ptl_session_free(s);
}

/* The maker of a child is killed at its fork event, the child stays. */
static void birth_and_kill(bool before)
{
	struct ptl_session *s = q_session(PTL_FOLLOW);
	bool maker_ended = false, child_ended = false, started = false;
	struct ptl_event ev;
	pid_t pid, child = 0;
	int go[2];

	CHECK(pipe(go) == 0, "pipe");
	pid = q_fork();
	if (!pid) {
		held(go);
		if (fork() == 0)
			_exit(5);
		for (;;)
			pause();
	}
	close(go[0]);
	q_attach(s, pid, &ev);
	close(go[1]);
	RESUME(&ev, PTL_RUN);
	if (before) {
		/* it stands at the event, which we have not looked at */
		UNTIL(q_state(pid) == 't');
		kill(pid, SIGKILL);
		UNTIL(q_state(pid) != 't');
	}
	while (q_wait(s, &ev)) {
		if (ev.kind == PTL_EV_FORKED) {
			CHECK(ev.tid == pid, "FORKED of %d", ev.tid);
			child = ev.u.forked.child;
			kill(pid, SIGKILL);
		} else if (ev.kind == PTL_EV_STARTED) {
			CHECK(ev.u.started.how == PTL_START_BORN && (!child || ev.tid == child), "STARTED");
			child = ev.tid;
			started = true;
		} else {
			CHECK(ev.kind == PTL_EV_EXITED, "%s", ptl_event_name(ev.kind));
			if (ev.tid == pid) {
				CHECK(ev.u.exited.signo == SIGKILL && !maker_ended, "the maker's end");
				maker_ended = true;
			} else {
				CHECK(ev.tid == child && ev.u.exited.code == 5, "the child's end: %d",
					ev.u.exited.code);
				child_ended = true;
			}
		}
		RESUME(&ev, PTL_RUN);
	}
	CHECK(maker_ended && child_ended && started, "maker %d child %d", maker_ended, child_ended);
	ptl_session_free(s);
}

int main(void)
{
	int status;
	pid_t pid;

	got = q_shared(4096);
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that an orphan shows as a child that is left */
	signal_and_interrupt();
	exec_and(SIGKILL);
	exec_and(SIGTERM);
	for (int i = 0; i < 5; i++) {
		birth_and_kill(false);
		birth_and_kill(true);
	}
	/* children whose makers died first come to us, dead */
	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5, "status 0x%x of %d", status, pid);
	CHECK(pid < 0, "a process is left");
	return 0;
}
