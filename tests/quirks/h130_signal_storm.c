/* SPDX-License-Identifier: MIT */
/*
 * H130: a storm of queued signals. Real-time signals with values, sent as fast as the queue takes them, go through a
 * tracer that delivers each: all arrive, in order of sending for each number, with their values and their sender; also
 * while system calls are traced, while the task is stepped over in between, and when it is detached and attached amid the storm.
 * Then what an injection may change: a signal that is dropped is gone, one replaced by another arrives as that one.
 * SIGKILL goes through whatever is blocked or queued.
 *
 * Time limit: 240 s
 * Runs alone: it fills the user's queue of signals, and then those of others come without their senders
 */
#include "quirk.h"

enum { NUMBERS = 4 };

struct shared {
	volatile long got[NUMBERS], wrong, sender_wrong, ready, done, total;
	volatile long usr1, usr2;
};

static struct shared *sh;

static void take(int signo, siginfo_t *info, void *context)
{
	int i = signo - SIGRTMIN;

	(void)context;
	if (i < 0 || i >= NUMBERS || info->si_value.sival_int != (int)sh->got[i])
		sh->wrong++;
	if (info->si_pid != sh->done || info->si_code != SI_QUEUE || info->si_uid != getuid())
		sh->sender_wrong++;
	sh->got[i < 0 || i >= NUMBERS ? 0 : i]++;
	sh->total++;
}

static void take_usr(int signo)
{
	if (signo == SIGUSR1)
		sh->usr1++;
	else
		sh->usr2++;
}

static pid_t debuggee(void)
{
	struct sigaction a = {.sa_sigaction = take, .sa_flags = SA_SIGINFO};
	pid_t pid;
	int i;

	memset(sh, 0, sizeof(*sh));
	pid = q_fork();
	if (pid)
		return pid;
	for (i = 0; i < NUMBERS; i++)
		sigaddset(&a.sa_mask, SIGRTMIN + i); /* one handler at a time, so that order shows */
	for (i = 0; i < NUMBERS; i++)
		sigaction(SIGRTMIN + i, &a, NULL);
	signal(SIGUSR1, take_usr);
	signal(SIGUSR2, take_usr);
	sh->ready = 1;
	for (;;)
		getppid();
}

static pid_t storm(pid_t pid, long count)
{
	pid_t p = q_fork();
	long sent = 0, next[NUMBERS] = {0};

	if (p)
		return p;
	sh->done = getpid();
	while (sent < count) {
		int i = (int)(sent / 7 % NUMBERS);
		union sigval v = {.sival_int = (int)next[i]};

		if (sigqueue(pid, SIGRTMIN + i, v) == 0) {
			next[i]++;
			sent++;
		} else if (errno == EAGAIN) {
			q_sleep_us(200); /* the queue is full (RLIMIT_SIGPENDING) */
		} else {
			_exit(1);
		}
	}
	_exit(0);
}

static void through_us(long count, enum ptl_resume_how how, bool come_and_go)
{
	struct ptl_session *s = q_session(0);
	pid_t pid = debuggee(), from;
	struct ptl_event ev;
	long events = 0, signals = 0, visits = 0, before = 0;
	int64_t end;
	int r;

	UNTIL(sh->ready);
	OK(s, ptl_attach(s, pid, 0));
	from = storm(pid, count);
	end = q_now_ms() + Q_LONG_MS;
	while (sh->total < count) {
		/* a busy machine is slow: only a standstill is a failure */
		if (sh->total != before) {
			before = sh->total;
			end = q_now_ms() + Q_LONG_MS;
		}
		CHECK(q_now_ms() < end, "only %ld of %ld arrived", sh->total, count);
		r = ptl_wait_for(s, &ev, Q_NS(20));
		if (r == -PTL_ETIMEOUT)
			continue;
		OK(s, r);
		events++;
		if (ev.kind == PTL_EV_SIGNAL) {
			signals++;
			CHECK(ev.u.signal.info.code == SI_QUEUE && ev.u.signal.info.pid == from, "code %d from %d",
				ev.u.signal.info.code, ev.u.signal.info.pid);
		}
		CHECK(ev.kind != PTL_EV_EXITED, "it died of %d", ev.u.exited.signo);
		if (come_and_go && events % 64 == 0) {
			/* also with a signal in hand */
			OK(s, ptl_detach_all(s, -1));
			OK(s, ptl_attach(s, pid, 0));
			visits++;
			continue;
		}
		RESUME(&ev, how == PTL_STEP && events % 3 ? PTL_RUN : how);
	}
	CHECK(q_reap(from) == 0, "the sender failed");
	CHECK(!sh->wrong && !sh->sender_wrong, "%ld values out of order, %ld with another sender", sh->wrong,
		sh->sender_wrong);
	CHECK(come_and_go || signals == count, "%ld signals seen of %ld", signals, count);
	ptl_session_free(s);
	q_check_free(pid);
	CHECK(sh->total == count, "%ld arrived of %ld", sh->total, count);
	q_kill_and_reap(pid);
	printf("%ld signals through %ld stops, %ld visits\n", count, events, visits);
}

/* What the tracer makes of a signal. */
static void dropped_and_replaced(void)
{
	struct ptl_session *s = q_session(0);
	pid_t pid = debuggee();
	struct ptl_event ev;
	int i;

	UNTIL(sh->ready);
	q_attach(s, pid, &ev);
	RESUME(&ev, PTL_RUN);
	for (i = 0; i < 30; i++) {
		OK(s, ptl_signal(ptl_find_task(s, pid), SIGUSR1));
		q_expect(s, &ev, PTL_EV_SIGNAL);
		CHECK(ev.u.signal.info.signo == SIGUSR1 && ev.u.signal.deliver == SIGUSR1, "signal %d",
			ev.u.signal.info.signo);
		ev.u.signal.deliver = i % 3 == 0 ? 0 : i % 3 == 1 ? SIGUSR2 : SIGUSR1;
		RESUME(&ev, PTL_RUN);
		UNTIL(sh->usr1 + sh->usr2 == (i + 1) * 2 / 3 || i % 3 == 0);
	}
	UNTIL(sh->usr1 == 10 && sh->usr2 == 10);
	/* SIGKILL among blocked and queued ones, while it is stopped */
	OK(s, ptl_signal(ptl_find_task(s, pid), SIGUSR1));
	q_expect(s, &ev, PTL_EV_SIGNAL);
	for (i = 0; i < 100; i++)
		sigqueue(pid, SIGRTMIN, (union sigval){.sival_int = i});
	kill(pid, SIGKILL);
	RESUME(&ev, PTL_RUN);
	q_expect(s, &ev, PTL_EV_EXITED);
	CHECK(ev.u.exited.signo == SIGKILL, "it ended with %d", ev.u.exited.signo);
	RESUME(&ev, PTL_RUN);
	ptl_session_free(s);
}

int main(void)
{
	sh = q_shared(sizeof(*sh));
	through_us(q_rounds(20000), PTL_RUN, false);
	through_us(q_rounds(5000), PTL_SYSCALL, false);
	through_us(q_rounds(5000), PTL_STEP, false);
	through_us(q_rounds(10000), PTL_RUN, true);
	through_us(q_rounds(5000), PTL_SYSCALL, true);
	dropped_and_replaced();
	q_check_alone();
	return 0;
}
