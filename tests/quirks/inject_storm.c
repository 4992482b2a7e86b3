/* SPDX-License-Identifier: MIT */
/*
 * Remote system calls under fire: queued signals come in at every moment, each is to be handled once with its own value; the
 * task is killed at any moment, and its end is told.
 */
#include "quirk.h"

enum { SIGNALS = 500, KILLS = 60 };

struct record {
	volatile int ready, seen, sum, sent;
};
static struct record *rec;

static void on_signal(int signo, siginfo_t *info, void *context)
{
	rec->seen++;
	rec->sum += info->si_value.sival_int;
}

static void handle(void)
{
	struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
	struct timespec t = {0, 1000};

	sigaction(SIGRTMIN + 1, &sa, NULL);
	rec->ready = 1;
	while (rec->seen < SIGNALS)
		if (rec->seen & 1)
			nanosleep(&t, NULL);
	_exit(5);
}

static void send(pid_t pid)
{
	UNTIL(rec->ready == 2);
	for (int i = 0; i < SIGNALS; i++) {
		while (sigqueue(pid, SIGRTMIN + 1, (union sigval){.sival_int = i}) < 0 && errno == EAGAIN)
			q_sleep_us(200);
		if (i % 7 == 0)
			q_sleep_us(100);
	}
	_exit(0);
}

static void signals(void)
{
	const uint64_t none[6] = {0};
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	int64_t value;
	pid_t pid = q_fork(), sender;

	if (!pid)
		handle();
	UNTIL(rec->ready == 1);
	q_attach(s, pid, &ev);
	sender = q_fork();
	if (!sender)
		send(pid);
	rec->ready = 2;
	while (ev.kind != PTL_EV_EXITED) {
		struct ptl_task *t = ev.task;
		uint64_t pc = ptl_pc(t), after;

		OK(s, ptl_inject_syscall(t, SYS_getpid, none, &value));
		CHECK(value == pid, "getpid answers %lld", (long long)value);
		after = ptl_pc(t);
		CHECK(after == pc, "it stands at %#llx, not %#llx", (unsigned long long)after, (unsigned long long)pc);
		RESUME(&ev, PTL_RUN);
		if (q_random(4) == 0)
			OK(s, ptl_interrupt(t));
		CHECK(q_wait(s, &ev), "it has gone");
	}
	CHECK(ev.u.exited.code == 5, "exit status %d, signal %d", ev.u.exited.code, ev.u.exited.signo);
	RESUME(&ev, PTL_RUN);
	CHECK(rec->seen == SIGNALS && rec->sum == SIGNALS * (SIGNALS - 1) / 2, "%d signals, sum %d", rec->seen, rec->sum);
	ptl_session_free(s);
	CHECK(q_reap(sender) == 0, "the sender failed");
	(void)waitpid(pid, NULL, WNOHANG);
}

static void killed(void)
{
	const uint64_t none[6] = {0};
	unsigned calls = 0;

	for (unsigned n = q_rounds(KILLS); n; n--) {
		struct ptl_session *s = q_session(0);
		struct ptl_event ev;
		long delay = (long)q_random(1500);
		int64_t value;
		pid_t pid = q_fork(), killer;
		int r;

		if (!pid)
			for (;;)
				pause();
		q_until_asleep(pid);
		q_attach(s, pid, &ev);
		killer = q_fork();
		if (!killer) {
			q_sleep_us(delay);
			kill(pid, SIGKILL);
			_exit(0);
		}
		while ((r = ptl_inject_syscall(ev.task, SYS_getppid, none, &value)) == 0) {
			CHECK(value == getpid(), "getppid answers %lld", (long long)value);
			calls++;
		}
		CHECK(r == -ESRCH || r == -PTL_EGONE, "killed: %s (%s)", ptl_error_name(r), ptl_message(s));
		q_expect(s, &ev, PTL_EV_EXITED);
		CHECK(ev.u.exited.signo == SIGKILL && ev.tid == pid, "it ended otherwise");
		RESUME(&ev, PTL_RUN);
		CHECK(!q_wait(s, &ev), "a second end");
		ptl_session_free(s);
		CHECK(q_reap(killer) == 0, "the killer failed");
		(void)waitpid(pid, NULL, WNOHANG);
	}
	CHECK(calls > 0, "no call was ever made");
}

int main(void)
{
	rec = q_shared(sizeof(*rec));
	signals();
	killed();
	return 0;
}
