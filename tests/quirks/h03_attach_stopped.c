/* SPDX-License-Identifier: MIT */
/*
 * H3: attaching to a process in a job-control stop. PTRACE_ATTACH shows a SIGSTOP that looks like a signal; SEIZE and INTERRUPT show a
 * group-stop, which the session reports as such, in which it leaves the process, and whose end by SIGCONT it sees.
 */
#include "quirk.h"

static volatile uint64_t *turns;
static volatile int *conts;

static void on_cont(int sig)
{
	++*conts;
}

static void target(void)
{
	struct sigaction sa = {.sa_handler = on_cont, .sa_flags = SA_RESTART};

	setpgid(0, 0); /* the group of a test is an orphaned one, which SIGTSTP does not stop */
	sigaction(SIGCONT, &sa, NULL);
	for (;;) {
		++*turns;
		q_sleep_us(100);
	}
}

static void one(int stop_signal)
{
	struct ptl_session *s = q_session(0);
	struct ptl_siginfo info;
	struct ptl_event ev;
	uint64_t before;
	pid_t pid;

	*turns = 0;
	*conts = 0;
	pid = q_fork();
	if (!pid)
		target();
	UNTIL(*turns > 2);
	kill(pid, stop_signal);
	UNTIL(q_state(pid) == 'T');
	before = *turns;

	q_attach(s, pid, &ev);
	CHECK(ev.u.started.stop_signo == stop_signal, "stopped by %d, reported as by %d", stop_signal,
		ev.u.started.stop_signo);
	CHECK(ptl_siginfo_get(ev.task, &info) == -PTL_ESTATE, "a group-stop has no siginfo");
	CHECK(RESUME(&ev, PTL_RUN) == 0, "resuming a group-stop must resume nothing");
	q_quiet(s, 5);
	CHECK(*turns == before, "it ran while stopped by job control");

	/* an interrupt in between is answered, and changes nothing */
	OK(s, ptl_interrupt(ptl_find_task(s, pid)));
	q_expect(s, &ev, PTL_EV_INTERRUPTED);
	CHECK(ev.u.stop.signo == stop_signal, "interrupted in a stop by %d", ev.u.stop.signo);
	CHECK(RESUME(&ev, PTL_RUN) == 0, "an interrupt must not end the stop");
	q_quiet(s, 5);
	CHECK(*turns == before, "it ran after an interrupt");

	kill(pid, SIGCONT);
	q_expect(s, &ev, PTL_EV_CONTINUED);
	RESUME(&ev, PTL_RUN);
	q_expect(s, &ev, PTL_EV_SIGNAL);
	CHECK(ev.u.signal.info.signo == SIGCONT, "signal %d", ev.u.signal.info.signo);
	RESUME(&ev, PTL_RUN);
	UNTIL(*turns > before + 2);
	CHECK(*conts == 1, "its handler of SIGCONT ran %d times", *conts);
	OK(s, ptl_detach(ptl_find_process(s, pid), Q_NS(Q_LONG_MS)));
	q_check_free(pid);
	ptl_session_free(s);
	q_kill_and_reap(pid);
}

int main(void)
{
	turns = q_shared(4096);
	conts = (volatile int *)(turns + 1);
	one(SIGSTOP);
	one(SIGTSTP);
	one(SIGTTIN);
	one(SIGTTOU);
	q_check_alone();
	return 0;
}
