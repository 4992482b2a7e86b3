/* SPDX-License-Identifier: MIT */
/*
 * H53: the tracer is killed (SIGKILL) in each state it may hold its tracee in, and at random moments of tracing system
 * calls, with threads, births, exec and signals going on. What was attached lives and runs on unharmed; what was launched
 * with PTL_EXITKILL dies with it. PTRACE_O_TRACESYSGOOD and PTRACE_O_TRACEEXEC, which the library always sets, make the
 * difference: without them the kernel leaves the tracee a real SIGTRAP for a stop nobody had waited for.
 * A thousand moments: PINTLE_KILLS=1000 tests/quirks/h53_tracer_killed. Time limit: 300 s
 *
 * What cannot be held against a tracer that is killed: a signal it had taken and not yet passed on is lost
 * (the kernel throws it away), so the program counts its signals but does not insist; and calls that answer EINTR to a mere
 * stop may show it, so the program makes none of those.
 */
#include "quirk.h"

#include <linux/futex.h>

enum { THREADS = 4 };

struct shared {
	volatile long progress[THREADS + 1]; /* rounds that checked well */
	volatile long wrong;
	char what[128];
	volatile long signals;
	volatile long traced; /* events the tracer saw */
	volatile long at;     /* the tracer holds the task in the state wanted */
};

static struct shared *sh;

static void count_signal(int signo)
{
	(void)signo;
	__atomic_add_fetch(&sh->signals, 1, __ATOMIC_RELAXED);
}

static void wrong(const char *what, long got)
{
	if (!sh->wrong)
		snprintf(sh->what, sizeof(sh->what), "%s: %ld (errno %d)", what, got, errno);
	sh->wrong = 1;
}

/* --- the program: everything it does has a result it can check --------------------------------- */

/* Leaves the registers a call must keep with known values, and looks afterwards. */
static bool call_keeps_registers(void)
{
	register long rbx __asm__("rbx") = 0x1111222233334444;
	register long r12 __asm__("r12") = 0x5555666677778888;
	register long r15 __asm__("r15") = -7;
	long r = SYS_getppid;

	__asm__ volatile("syscall" : "+a"(r), "+r"(rbx), "+r"(r12), "+r"(r15) : : "rcx", "r11", "memory");
	return r > 0 && rbx == 0x1111222233334444 && r12 == 0x5555666677778888 && r15 == -7;
}

static void one_round(long n)
{
	struct timespec brief = {0, 50000};
	unsigned char out[64], in[64];
	int fds[2], i;

	if (!call_keeps_registers())
		wrong("registers", n);
	if (pipe2(fds, O_CLOEXEC) < 0) {
		wrong("pipe2", -1);
		return;
	}
	for (i = 0; i < 64; i++)
		out[i] = (unsigned char)(n + i);
	if (write(fds[1], out, 64) != 64)
		wrong("write", n);
	memset(in, 0, sizeof(in));
	if (read(fds[0], in, 64) != 64 || memcmp(in, out, 64) != 0)
		wrong("read", n);
	if (close(fds[0]) < 0 || close(fds[1]) < 0)
		wrong("close", n);
	if (n % 16 == 0 && nanosleep(&brief, NULL) < 0 && errno != EINTR)
		wrong("nanosleep", n);
}

static void *thread_main(void *arg)
{
	long which = (long)arg, n;

	for (n = 0;; n++) {
		one_round(n);
		sh->progress[which]++;
	}
	return NULL;
}

static void *short_thread(void *arg)
{
	return arg;
}

static void births(long n)
{
	pthread_t t;
	void *back;
	int status = -1;
	pid_t pid;

	switch (n % 4) {
	case 0:
		if (pthread_create(&t, NULL, short_thread, &n) != 0 || pthread_join(t, &back) != 0 || back != &n)
			wrong("thread", n);
		break;
	case 1:
		pid = fork();
		if (pid == 0)
			_exit(call_keeps_registers() ? 9 : 1);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 9 << 8)
			wrong("fork", status);
		break;
	case 2:
		pid = vfork();
		if (pid == 0) {
			execl("/bin/sh", "sh", "-c", "exit 5", NULL);
			_exit(1);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 5 << 8)
			wrong("vfork and exec", status);
		break;
	case 3:
		raise(SIGUSR1); /* may be lost with the tracer */
		break;
	}
}

static void __attribute__((noreturn)) program(bool threads)
{
	pthread_t t;
	long i;

	signal(SIGUSR1, count_signal);
	for (i = 1; threads && i <= THREADS; i++)
		pthread_create(&t, NULL, thread_main, (void *)i);
	for (i = 0;; i++) {
		one_round(i);
		if (threads)
			births(i);
		sh->progress[0]++;
	}
}

/* All of it runs, nothing of it is stopped or traced, and it found nothing wrong. */
static void check_unharmed(pid_t pid, bool threads, const char *when, long n)
{
	long before[THREADS + 1];
	int i;

	for (i = 0; i <= THREADS; i++)
		before[i] = sh->progress[i];
	for (i = 0; i <= (threads ? THREADS : 0); i++) {
		int64_t end = q_now_ms() + Q_LONG_MS;

		while (sh->progress[i] < before[i] + 2) {
			if (waitpid(pid, NULL, WNOHANG | WNOWAIT | WEXITED) == pid || q_state(pid) == 'Z')
				FAIL("%s, kill %ld: the program died (%d)", when, n, q_reap(pid));
			CHECK(q_now_ms() < end, "%s, kill %ld: thread %d stands still, state %c", when, n, i, q_state(pid));
			q_sleep_us(100);
		}
	}
	q_check_free(pid);
	CHECK(!sh->wrong, "%s, kill %ld: %s", when, n, sh->what);
}

/* --- one state after the other --------------------------------------------------------------------- */

enum held {
	HELD_STARTED,
	HELD_NOTHING, /* all tasks run */
	HELD_INTERRUPTED,
	HELD_ENTRY,
	HELD_EXIT,
	HELD_SIGNAL,
	HELD_GROUP_STOP,
	HELD_UNSEEN, /* stops that the tracer never looked at */
	HELDS
};

static const char *const held_names[] = {"first stop", "running", "interrupted", "system call entry",
	"system call exit", "signal", "group-stop", "stops not waited for"};

static void __attribute__((noreturn)) hold_in(pid_t pid, enum held held)
{
	static const enum ptl_event_kind wanted[] = {[HELD_STARTED] = PTL_EV_STARTED,
		[HELD_INTERRUPTED] = PTL_EV_INTERRUPTED,
		[HELD_ENTRY] = PTL_EV_SYSCALL_ENTRY,
		[HELD_EXIT] = PTL_EV_SYSCALL_EXIT,
		[HELD_SIGNAL] = PTL_EV_SIGNAL,
		[HELD_GROUP_STOP] = PTL_EV_GROUP_STOP,
		[HELDS] = 0};
	struct ptl_session *s = q_session(PTL_FOLLOW);
	struct ptl_event ev;

	OK(s, ptl_attach(s, pid, 0));
	for (;;) {
		q_wait(s, &ev);
		if (ev.kind == wanted[held])
			break;
		RESUME(&ev, held == HELD_ENTRY || held == HELD_EXIT || held == HELD_UNSEEN ? PTL_SYSCALL : PTL_RUN);
		if (ev.kind != PTL_EV_STARTED)
			continue;
		if (held == HELD_NOTHING || held == HELD_UNSEEN)
			break;
		if (held == HELD_INTERRUPTED)
			OK(s, ptl_interrupt(ptl_find_task(s, pid)));
		if (held == HELD_SIGNAL)
			OK(s, ptl_signal(ptl_find_task(s, pid), SIGUSR1));
		if (held == HELD_GROUP_STOP)
			kill(pid, SIGSTOP);
	}
	sh->at = 1;
	for (;;)
		pause();
}

static void each_state(void)
{
	enum held held;

	for (held = 0; held < HELDS; held++) {
		pid_t pid, tracer;

		memset(sh, 0, sizeof(*sh));
		pid = q_fork();
		if (pid == 0)
			program(false);
		UNTIL(sh->progress[0] > 2);
		tracer = q_fork();
		if (tracer == 0)
			hold_in(pid, held);
		UNTIL(sh->at);
		q_sleep_us(2000);
		CHECK(q_status(pid, "TracerPid") == tracer, "it is not traced");
		q_kill_and_reap(tracer);
		if (held == HELD_GROUP_STOP) {
			UNTIL(q_state(pid) == 'T'); /* job control keeps its stop */
			kill(pid, SIGCONT);
		}
		check_unharmed(pid, false, held_names[held], 0);
		q_kill_and_reap(pid);
	}
}

/* --- random moments ------------------------------------------------------------------------------------ */

static void __attribute__((noreturn)) trace(pid_t pid, enum ptl_resume_how how, unsigned flags)
{
	struct ptl_session *s;
	struct ptl_event ev;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (flags & PTL_OWN_SIGCHLD)
		sigprocmask(SIG_BLOCK, &set, NULL);
	s = q_session(flags);
	OK(s, ptl_attach(s, pid, 0));
	sh->at = 1;
	while (q_wait(s, &ev)) {
		sh->traced++;
		RESUME(&ev, how);
	}
	FAIL("the tracee is gone");
}

static void random_moments(long kills)
{
	long n, events = 0;
	pid_t pid, tracer;

	memset(sh, 0, sizeof(*sh));
	pid = q_fork();
	if (pid == 0)
		program(true);
	UNTIL(sh->progress[0] > 2);
	for (n = 0; n < kills; n++) {
		unsigned flags = (q_random(2) ? PTL_FOLLOW : PTL_FOLLOW_THREADS) | (q_random(2) ? PTL_OWN_SIGCHLD : 0) |
			(q_random(4) ? 0 : PTL_KEEP_CPU) | PTL_EXITKILL; /* which never applies to attached ones */

		sh->at = sh->traced = 0;
		(void)q_random(100); /* the children's are copies */
		tracer = q_fork();
		if (tracer == 0)
			trace(pid, q_random(8) ? PTL_SYSCALL : PTL_RUN, flags);
		/* a third of them while it attaches */
		if (q_random(3))
			UNTIL(sh->at || q_state(tracer) == 'Z');
		q_sleep_us(q_random(q_random(2) ? 300 : 12000));
		q_kill_and_reap(tracer);
		events += sh->traced;
		check_unharmed(pid, true, "random moment", n);
	}
	printf("%ld tracers killed while they saw %ld events: the program is unharmed (%ld rounds, %ld signals)\n", kills,
		events, sh->progress[0], sh->signals);
	CHECK(events > kills, "the tracers saw next to nothing");
	q_kill_and_reap(pid);
}

/* --- launched ones ------------------------------------------------------------------------------------- */

static void launched_dies_or_lives(bool exitkill)
{
	char *argv[] = {"/proc/self/exe", "program", NULL};
	pid_t pid, tracer;

	memset(sh, 0, sizeof(*sh));
	tracer = q_fork();
	if (tracer == 0) {
		struct ptl_session *s = q_session(PTL_FOLLOW | (exitkill ? PTL_EXITKILL : 0));
		struct ptl_launch how;
		struct ptl_event ev;
		struct ptl_task *task;

		ptl_launch_init(&how, argv);
		OK(s, ptl_launch(s, &how, &task));
		sh->traced = ptl_task_tid(task);
		while (q_wait(s, &ev)) {
			RESUME(&ev, PTL_SYSCALL);
			sh->at++;
		}
		_exit(1);
	}
	UNTIL(sh->at > 20);
	pid = (pid_t)sh->traced;
	q_kill_and_reap(tracer);
	if (exitkill) {
		UNTIL(q_state(pid) == '-' || q_state(pid) == 'Z');
	} else {
		q_sleep_us(20000);
		CHECK(q_state(pid) == 'R' || q_state(pid) == 'S', "launched without PTL_EXITKILL: state %c", q_state(pid));
		q_check_free(pid);
		kill(pid, SIGKILL);
	}
}

int main(int argc, char **argv)
{
	const char *kills = getenv("PINTLE_KILLS");

	if (argc > 1 && !strcmp(argv[1], "program"))
		for (;;)
			getppid();
	sh = q_shared(sizeof(*sh));
	each_state();
	random_moments(kills ? atol(kills) : q_rounds(60));
	launched_dies_or_lives(true);
	launched_dies_or_lives(false);
	return 0;
}
