/* SPDX-License-Identifier: MIT */
/*
 * H55: detaching from a running task. ptrace(2) detaches only from a stopped one, so the library interrupts, waits and
 * then detaches; what it meets instead of its interrupt may be a signal on its way to the program, which must get it all
 * the same, or the end of the task.
 * Time limit: 120 s
 *
 *  1. A program gets real-time signals, which do not merge, all the time, each with its number in a row as value,
 *     while we attach, let it run for a random moment and detach, again and again. It must see every value once, in order.
 *  2. A program sits in calls that answer EINTR to a mere stop (signal(7)) and is sent one signal at a time: each must
 *     show as exactly one EINTR, for it came from a handler; a stop of ours must not show at all.
 *  3. A program is stepped and interrupted: whichever stop comes first, it sees no trap.
 *  4. A program ends at about the moment when we detach: success, and its status is its parent's.
 */
#include "quirk.h"

#include <sys/epoll.h>
#include <sys/sem.h>

struct shared {
	volatile long got;    /* signals handled */
	volatile long sent;
	volatile long wrong;  /* out of order */
	volatile long eintr;  /* calls that were interrupted */
	volatile long other;  /* results that have no reason */
	volatile long stop;
	volatile long work;
	volatile long call;
};

static struct shared *sh;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

static void take(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	if (info->si_value.sival_int != (int)sh->got)
		sh->wrong++;
	sh->got++;
}

static void handle(int signo)
{
	struct sigaction action = {.sa_sigaction = take, .sa_flags = SA_SIGINFO};

	CHECK(sigaction(signo, &action, NULL) == 0, "sigaction");
}

/* One cycle: attach, take events for a random moment, detach in the middle of whatever it is doing. */
static void visit(pid_t pid, enum ptl_resume_how how)
{
	struct ptl_session *s;
	struct ptl_event ev;
	int64_t end;
	int r;

	s = q_session(0);
	OK(s, ptl_attach(s, pid, 0));
	end = now_ns() + q_random(1000) * 1000;
	for (;;) {
		r = ptl_wait_for(s, &ev, now_ns() < end ? end - now_ns() : 0);
		if (r == -PTL_ETIMEOUT)
			break;
		OK(s, r);
		CHECK(ev.kind != PTL_EV_EXITED, "the tracee died: code %d signal %d", ev.u.exited.code,
			ev.u.exited.signo);
		/* also with an unanswered event in hand, of whatever kind */
		if (now_ns() > end && q_random(2))
			break;
		OK(s, ptl_resume(&ev, how));
	}
	OK(s, ptl_detach(ptl_find_process(s, pid), -1));
	CHECK(ptl_task_count(s) == 0, "tasks left");
	ptl_session_free(s);
}

static void every_signal_arrives(long rounds)
{
	int64_t limit;
	pid_t pid, sender;
	long i, seen;

	memset(sh, 0, sizeof(*sh));
	pid = q_fork();
	if (pid == 0) {
		handle(SIGRTMIN);
		handle(SIGRTMIN + 30);
		sh->stop = 1;
		for (;;) {
			getppid();
			sh->work++;
		}
	}
	while (!sh->stop)
		q_sleep_us(100);
	sh->stop = 0;
	sender = q_fork();
	if (sender == 0) {
		while (!sh->stop) {
			union sigval v = {.sival_int = (int)sh->sent};

			/* few at a time: the kernel delivers lower numbers first, so one number until it has arrived */
			if (sigqueue(pid, SIGRTMIN + 30 * (sh->sent / 64 % 2), v) == 0)
				sh->sent++;
			while ((sh->sent % 64 == 0 || sh->sent - sh->got > 32) && sh->sent != sh->got && !sh->stop)
				sched_yield();
			for (volatile int spin = (int)q_random(3000); spin > 0; spin--)
				;
		}
		_exit(0);
	}
	for (i = 0; i < rounds; i++) {
		visit(pid, i % 4 == 0 ? PTL_RUN : i % 4 == 1 ? PTL_SYSCALL : PTL_STEP);
		seen = sh->work;
		limit = q_now_ms() + Q_LONG_MS;
		while (sh->work == seen && q_state(pid) != 'Z' && q_now_ms() < limit)
			q_sleep_us(100);
		q_check_free(pid);
		CHECK(q_state(pid) != 'Z', "it died after detach %ld, exit status or 256 + signal: %d", i, q_reap(pid));
		CHECK(sh->work != seen, "it does not run on after detach %ld; it is in state %c, has handled %ld of %ld signals",
			i, q_state(pid), sh->got, sh->sent);
	}
	sh->stop = 1;
	CHECK(q_reap(sender) == 0, "the sender failed");
	for (i = 0; i < 20000 && sh->got < sh->sent; i++)
		q_sleep_us(1000);
	printf("%ld attaches: %ld signals sent, %ld handled, %ld out of order\n", rounds, sh->sent, sh->got, sh->wrong);
	CHECK(sh->got == sh->sent && !sh->wrong, "signals were lost, doubled or reordered");
	q_kill_and_reap(pid);
}

enum call { EPOLL_PWAIT, EPOLL_WAIT, SEMOP, CALLS };

static void __attribute__((noreturn)) sit_in_calls(void)
{
	static const char *const name[] = {"epoll_pwait", "epoll_wait", "semop"};
	int e = epoll_create1(EPOLL_CLOEXEC), q = semget(IPC_PRIVATE, 1, 0600);
	struct sembuf down = {0, -1, 0};
	struct epoll_event out;
	sigset_t usr1, none;
	long r = 0, before;

	handle(SIGUSR1);
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sh->stop = 1;
	while (sh->stop == 1) {
		enum call call = q < 0 && sh->call == SEMOP ? EPOLL_WAIT : (enum call)sh->call;

		before = sh->got;
		sigprocmask(SIG_SETMASK, call == EPOLL_PWAIT ? &usr1 : &none, NULL);
		sh->work++;
		switch (call) {
		case EPOLL_PWAIT:
			r = epoll_pwait(e, &out, 1, -1, &none);
			break;
		case EPOLL_WAIT:
			r = epoll_wait(e, &out, 1, -1);
			break;
		case SEMOP:
		case CALLS:
			r = semop(q, &down, 1);
			break;
		}
		if (r == -1 && errno == EINTR && sh->got == before + 1) {
			sh->eintr++;
		} else {
			printf("%s: result %ld, errno %d, handlers %ld\n", name[call], r, errno, sh->got - before);
			fflush(stdout);
			sh->other++;
		}
	}
	semctl(q, 0, IPC_RMID);
	_exit(0);
}

/*
 * Between the moment a call is told to go on and the moment it is made again, a signal counts as one that came before the
 * call, as it does with the kernel's own restarts; so signals that come while we are at it are for epoll_pwait alone,
 * which has them blocked outside the call.
 */
static void eintr_only_from_handlers(long rounds)
{
	int64_t limit;
	pid_t pid, helper;
	bool racing;
	long i, done;

	memset(sh, 0, sizeof(*sh));
	pid = q_fork();
	if (pid == 0)
		sit_in_calls();
	UNTIL(sh->stop);
	for (i = 0; i < rounds; i++) {
		union sigval v = {.sival_int = (int)i};

		UNTIL(sh->work == i + 1);
		q_until_asleep(pid);
		racing = sh->call == EPOLL_PWAIT && q_random(4);
		sh->call = q_random(CALLS); /* the next one */
		done = sh->work;
		helper = racing ? q_fork() : -1;
		if (helper == 0) {
			q_sleep_us(q_random(1200));
			sigqueue(pid, SIGUSR1, v);
			_exit(0);
		}
		visit(pid, q_random(2) ? PTL_RUN : PTL_SYSCALL);
		if (racing) {
			CHECK(q_reap(helper) == 0, "the helper failed");
		} else {
			q_until_asleep(pid);
			sigqueue(pid, SIGUSR1, v);
		}
		limit = q_now_ms() + Q_LONG_MS;
		while (sh->work == done && q_now_ms() < limit)
			q_sleep_us(100);
		CHECK(sh->work > done, "signal %ld did not end the call: handled %ld, EINTR %ld, other %ld, state %c", i,
			sh->got, sh->eintr, sh->other, q_state(pid));
		CHECK(sh->other == 0, "round %ld: a call ended for no reason (handled %ld, EINTR %ld)", i, sh->got,
			sh->eintr);
	}
	CHECK(sh->eintr == rounds && sh->got == rounds, "EINTR %ld, handled %ld of %ld", sh->eintr, sh->got, rounds);
	printf("%ld signals: %ld EINTR\n", rounds, sh->eintr);
	UNTIL(sh->work == rounds + 1);
	q_until_asleep(pid);
	sh->stop = 2;
	sigqueue(pid, SIGUSR1, (union sigval){.sival_int = (int)rounds});
	CHECK(q_reap(pid) == 0, "the program failed");
}

/* The program ends while we detach: its parent, which is not the tracer, must get its status. */
static void end_while_detaching(long rounds)
{
	long i;
	int r, status;

	for (i = 0; i < rounds; i++) {
		struct ptl_session *s;
		struct ptl_event ev;
		pid_t parent, pid;

		memset(sh, 0, sizeof(*sh));
		parent = q_fork();
		if (parent == 0) {
			pid = q_fork();
			if (pid == 0) {
				while (!sh->stop)
					;
				_exit(7);
			}
			sh->work = pid;
			_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 99);
		}
		while (!sh->work)
			q_sleep_us(50);
		pid = (pid_t)sh->work;
		s = q_session(0);
		OK(s, ptl_attach(s, pid, 0));
		OK(s, ptl_wait(s, &ev));
		CHECK(ev.kind == PTL_EV_STARTED, "%s", ptl_event_name(ev.kind));
		OK(s, ptl_resume(&ev, PTL_RUN));
		sh->stop = 1;
		for (volatile int spin = (int)q_random(20000); spin > 0; spin--)
			;
		r = ptl_detach(ptl_find_process(s, pid), -1);
		CHECK(r == 0, "%s (%s)", ptl_error_name(r), ptl_message(s));
		ptl_session_free(s);
		status = q_reap(parent);
		CHECK(status == 7, "round %ld: the parent got %d", i, status);
	}
}

/* A step's trap that waits behind our interrupt is ours also when the task is not stepped any more. */
static void step_then_run(long rounds)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	bool run;
	pid_t pid;
	long i;

	memset(sh, 0, sizeof(*sh));
	pid = q_fork();
	if (pid == 0)
		for (;;)
			sh->work++;
	UNTIL(sh->work);
	OK(s, ptl_attach(s, pid, 0));
	for (i = 0; i < rounds; i++) {
		OK(s, ptl_wait(s, &ev));
		CHECK(ev.kind == PTL_EV_STARTED || ev.kind == PTL_EV_STEPPED || ev.kind == PTL_EV_INTERRUPTED,
			"%s %d", ptl_event_name(ev.kind), ev.kind == PTL_EV_SIGNAL ? ev.u.signal.info.code : 0);
		run = ev.kind == PTL_EV_INTERRUPTED && q_random(2);
		RESUME(&ev, run ? PTL_RUN : PTL_STEP);
		for (volatile int spin = (int)q_random(6000); spin > 0; spin--)
			;
		if (run || q_random(8))
			OK(s, ptl_interrupt(ptl_find_task(s, pid)));
	}
	OK(s, ptl_detach_all(s, -1));
	ptl_session_free(s);
	i = sh->work;
	UNTIL(sh->work != i);
	q_check_free(pid);
	q_kill_and_reap(pid);
}

int main(void)
{
	sh = q_shared(sizeof(*sh));
	every_signal_arrives(q_rounds(600));
	eintr_only_from_handlers(q_rounds(150));
	step_then_run(q_rounds(12000));
	end_while_detaching(q_rounds(100));
	return 0;
}
