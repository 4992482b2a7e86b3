/* SPDX-License-Identifier: MIT */
/*
 * H8, and the reason why ptl_attach() may be called harmless: of 31 blocking calls nine return EINTR to the program when a tracer
 * merely stops and resumes it, though no signal came. Here each of the 31 blocks in a process of its own, which is attached to
 * and detached from, then attached to, interrupted and resumed several times: none may see EINTR, each must be
 * blocked as before (or have ended by its own timeout). A signal that a handler takes, however, must show.
 */
#include "quirk.h"

#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>

enum { BLOCKED = -999, NOT_HERE = -998, LIMIT_S = 30 /* of the calls that take a time: longer than the test */ };

static struct timespec limit = {LIMIT_S, 0};
static volatile long *result; /* one a call */
static int ipc_sem, ipc_msg; /* made before the forks, so that they can be removed */
static int pipes[2], pair[2];

static long c_nanosleep(void)
{
	return syscall(SYS_nanosleep, &limit, NULL);
}

static long c_clock_nanosleep(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += LIMIT_S;
	return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static long poll_for(int ms)
{
	struct pollfd p = {pipes[0], POLLIN, 0};

	return syscall(SYS_poll, &p, 1, ms);
}

static long c_poll_limited(void)
{
	return poll_for(LIMIT_S * 1000);
}

static long c_poll(void)
{
	return poll_for(-1);
}

static long c_ppoll(void)
{
	struct pollfd p = {pipes[0], POLLIN, 0};
	struct timespec t = limit;

	return syscall(SYS_ppoll, &p, 1, &t, NULL, 8);
}

static long c_select(void)
{
	struct timeval t = {LIMIT_S, 0};
	fd_set f;

	FD_ZERO(&f);
	FD_SET(pipes[0], &f);
	return syscall(SYS_select, pipes[0] + 1, &f, NULL, NULL, &t);
}

static long c_epoll_wait(void)
{
	struct epoll_event e;

	return syscall(SYS_epoll_wait, epoll_create1(0), &e, 1, LIMIT_S * 1000);
}

static long c_epoll_pwait2(void)
{
	struct epoll_event e;

	return syscall(441, epoll_create1(0), &e, 1, &limit, NULL, 8);
}

static long c_read_pipe(void)
{
	char c;

	return read(pipes[0], &c, 1);
}

static long c_recv(void)
{
	char c;

	return recv(pair[0], &c, 1, 0);
}

static long c_recv_timeout(void)
{
	struct timeval t = {LIMIT_S, 0};
	int own[2];
	char c;

	socketpair(AF_UNIX, SOCK_STREAM, 0, own);
	setsockopt(own[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	return recv(own[0], &c, 1, 0);
}

static long c_accept(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	bind(fd, &(struct sockaddr){AF_UNIX, ""}, sizeof(sa_family_t)); /* a name of the kernel's choice */
	listen(fd, 1);
	return accept(fd, NULL, NULL);
}

static long futex_for(const struct timespec *t)
{
	int word = 0;

	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, t, NULL, 0);
}

static long c_futex(void)
{
	return futex_for(NULL);
}

static long c_futex_limited(void)
{
	return futex_for(&limit);
}

static long sem_for(const struct timespec *t)
{
	struct sembuf take = {0, -1, 0};

	return syscall(SYS_semtimedop, ipc_sem, &take, 1, t);
}

static long c_semop(void)
{
	struct sembuf take = {0, -1, 0};

	return syscall(SYS_semop, ipc_sem, &take, 1);
}

static long c_semtimedop(void)
{
	return sem_for(&limit);
}

static long c_msgrcv(void)
{
	char buf[64];

	return msgrcv(ipc_msg, buf, 8, 0, 0);
}

static long sigwait_for(const struct timespec *t)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return syscall(SYS_rt_sigtimedwait, &set, NULL, t, 8);
}

static long c_sigtimedwait(void)
{
	return sigwait_for(&limit);
}

static long c_sigwaitinfo(void)
{
	return sigwait_for(NULL);
}

static long c_sigsuspend(void)
{
	sigset_t set;

	sigemptyset(&set);
	return syscall(SYS_rt_sigsuspend, &set, 8);
}

static long c_pause(void)
{
	return pause();
}

static long c_io_getevents(void)
{
	aio_context_t ctx = 0;
	struct io_event e;

	if (syscall(SYS_io_setup, 1, &ctx) < 0)
		return NOT_HERE;
	return syscall(SYS_io_getevents, ctx, 1, 1, &e, &limit);
}

static long c_inotify(void)
{
	char buf[64];

	return read(inotify_init(), buf, sizeof(buf));
}

static long c_mq_timedreceive(void)
{
	struct mq_attr at = {.mq_maxmsg = 1, .mq_msgsize = 8};
	struct timespec t;
	char name[32], buf[8];
	mqd_t q;

	snprintf(name, sizeof(name), "/pintle-%d", getpid());
	q = mq_open(name, O_CREAT | O_RDWR, 0600, &at);
	if (q < 0)
		return NOT_HERE;
	mq_unlink(name);
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += LIMIT_S;
	return mq_timedreceive(q, buf, 8, NULL, &t);
}

static long c_wait4(void)
{
	pid_t p = q_fork();

	if (!p)
		for (;;)
			pause();
	return waitpid(p, NULL, 0);
}

static long c_timerfd(void)
{
	struct itimerspec t = {.it_value = limit};
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	char buf[8];

	timerfd_settime(fd, 0, &t, NULL);
	return read(fd, buf, 8);
}

static long c_eventfd(void)
{
	char buf[8];

	return read(eventfd(0, 0), buf, 8);
}

static int temporary(int *ret_other)
{
	char name[] = "lockXXXXXX"; /* the runner gives each test a folder of its own */
	int fd = mkstemp(name);

	*ret_other = open(name, O_RDWR);
	unlink(name);
	return fd;
}

static long c_flock(void)
{
	int other, fd = temporary(&other);

	flock(fd, LOCK_EX);
	return flock(other, LOCK_EX);
}

static long c_setlkw(void)
{
	struct flock l = {F_WRLCK, SEEK_SET, 0, 0, 0};
	int other, fd = temporary(&other);

	fcntl(fd, F_OFD_SETLK, &l);
	return fcntl(other, F_OFD_SETLKW, &l);
}

static long c_io_uring_enter(void)
{
	char params[120] = {0};
	long fd = syscall(425, 4, params);

	return fd < 0 ? NOT_HERE : syscall(426, fd, 0, 1, 1 /* GETEVENTS */, NULL, 8);
}

static long c_send_full(void)
{
	static char buf[65536];
	int own[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, own);
	while (send(own[0], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	return send(own[0], buf, sizeof(buf), 0);
}

static const struct {
	const char *name;
	long (*call)(void);
} calls[] = {
	{"nanosleep", c_nanosleep},
	{"clock_nanosleep", c_clock_nanosleep},
	{"poll, limited", c_poll_limited},
	{"poll", c_poll},
	{"ppoll", c_ppoll},
	{"select", c_select},
	{"epoll_wait", c_epoll_wait},
	{"epoll_pwait2", c_epoll_pwait2},
	{"read of a pipe", c_read_pipe},
	{"recv", c_recv},
	{"recv with SO_RCVTIMEO", c_recv_timeout},
	{"accept", c_accept},
	{"futex", c_futex},
	{"futex, limited", c_futex_limited},
	{"semop", c_semop},
	{"semtimedop", c_semtimedop},
	{"msgrcv", c_msgrcv},
	{"rt_sigtimedwait, limited", c_sigtimedwait},
	{"rt_sigtimedwait", c_sigwaitinfo},
	{"rt_sigsuspend", c_sigsuspend},
	{"pause", c_pause},
	{"io_getevents", c_io_getevents},
	{"read of inotify", c_inotify},
	{"mq_timedreceive", c_mq_timedreceive},
	{"wait4", c_wait4},
	{"read of a timerfd", c_timerfd},
	{"read of an eventfd", c_eventfd},
	{"flock", c_flock},
	{"fcntl F_OFD_SETLKW", c_setlkw},
	{"io_uring_enter", c_io_uring_enter},
	{"send to a full socket", c_send_full},
};
enum { CALLS = Q_COUNTOF(calls) };
_Static_assert(CALLS == 31, "the finding is about 31 calls");

/* It is blocked in a call, or has come back from it. The kernel says the call's number only of one that sleeps in it. */
static bool settled(int i, pid_t pid)
{
	char path[64], buf[16] = "";
	int fd;

	if (result[i] != BLOCKED)
		return true;
	if (q_state(pid) != 'S')
		return false;
	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true; /* a kernel without that file: asleep is all that can be known */
	(void)!read(fd, buf, sizeof(buf) - 1);
	close(fd);
	return buf[0] >= '0' && buf[0] <= '9';
}

/* Waits until it is settled. Those that are shown their calls stop again where a call is made anew. */
static void until_settled(struct ptl_session *s, int i, pid_t pid)
{
	int64_t end = q_now_ms() + Q_LONG_MS;
	struct ptl_event ev;
	int r;

	while (!settled(i, pid)) {
		CHECK(q_now_ms() < end, "%s: in state %c", calls[i].name, q_state(pid));
		r = ptl_wait_for(s, &ev, Q_NS(1));
		if (r > 0) {
			CHECK(ev.kind == PTL_EV_SYSCALL_ENTRY || ev.kind == PTL_EV_SYSCALL_EXIT, "%s",
				ptl_event_name(ev.kind));
			RESUME(&ev, PTL_RUN);
		}
	}
}

static void check_untouched(struct ptl_session *s, const pid_t pid[CALLS], const char *after)
{
	int i;

	for (i = 0; i < CALLS; i++)
		until_settled(s, i, pid[i]);
	q_sleep_us(2000);
	for (i = 0; i < CALLS; i++) {
		until_settled(s, i, pid[i]);
		CHECK(result[i] == BLOCKED || result[i] == NOT_HERE, "%s saw %s after %s", calls[i].name,
			result[i] < 0 ? strerrorname_np((int)-result[i]) : "its end", after);
	}
}

static void on_signal(int sig)
{
}

int main(void)
{
	static const int unheard[] = {SIGWINCH, SIGCONT, SIGURG, SIGUSR1};
	struct ptl_session *s = q_session(0);
	unsigned rounds = q_rounds(3), k, missing = 0;
	struct ptl_event ev;
	struct ptl_task *t;
	pid_t pid[CALLS];
	size_t pos;
	int i;

	result = q_shared(CALLS * sizeof(*result));
	CHECK(pipe(pipes) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "no pipes");
	ipc_sem = semget(IPC_PRIVATE, 1, 0600);
	ipc_msg = msgget(IPC_PRIVATE, 0600);
	for (i = 0; i < CALLS; i++) {
		result[i] = BLOCKED;
		pid[i] = q_fork();
		if (!pid[i]) {
			struct sigaction sa = {.sa_handler = on_signal};
			sigset_t set;
			long r;

			sigaction(SIGUSR1, &sa, NULL); /* without SA_RESTART */
			sigemptyset(&set);
			sigaddset(&set, SIGUSR2);
			sigprocmask(SIG_BLOCK, &set, NULL);
			errno = 0;
			r = calls[i].call();
			result[i] = r == -1 ? -errno : r;
			for (;;)
				pause();
		}
	}
	check_untouched(s, pid, "nothing at all");

	for (k = 0; k < rounds; k++) {
		for (i = 0; i < CALLS; i++)
			OK(s, ptl_attach(s, pid[i], 0));
		OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
		check_untouched(s, pid, "attach and detach");
	}
	for (i = 0; i < CALLS; i++)
		OK(s, ptl_attach(s, pid[i], 0));
	for (i = 0; i < CALLS;) {
		CHECK(q_wait(s, &ev), "no tracee left");
		/* those that are shown calls tell of the ones that are made again */
		CHECK(ev.kind == PTL_EV_STARTED || ev.kind == PTL_EV_SYSCALL_ENTRY, "%s",
			ptl_event_name(ev.kind));
		RESUME(&ev, i % 2 ? PTL_RUN : PTL_SYSCALL);
		i += ev.kind == PTL_EV_STARTED;
	}
	for (k = 0; k < rounds; k++) {
		while (ptl_wait_for(s, &ev, Q_NS(5)) > 0) {
			CHECK(ev.kind == PTL_EV_SYSCALL_ENTRY || ev.kind == PTL_EV_SYSCALL_EXIT, "%s",
				ptl_event_name(ev.kind));
			RESUME(&ev, PTL_RUN);
		}
		for (pos = 0; (t = ptl_next_task(s, &pos));)
			OK(s, ptl_interrupt(t));
		for (i = 0; i < CALLS; i++) {
			CHECK(q_wait(s, &ev), "no tracee left");
			CHECK(ev.kind == PTL_EV_INTERRUPTED || ev.kind == PTL_EV_SYSCALL_ENTRY ||
					ev.kind == PTL_EV_SYSCALL_EXIT, "%s", ptl_event_name(ev.kind));
			RESUME(&ev, PTL_RUN);
		}
		check_untouched(s, pid, "interrupt and resume");
		CHECK(OK(s, ptl_stop_all(s, Q_NS(Q_LONG_MS))) == 0, "some did not stop");
		OK(s, ptl_resume_all(s));
		check_untouched(s, pid, "stop_all and resume_all");
	}

	/* signals that the program ignores, which the kernel tells of only because of us; and one that we drop */
	for (k = 0; k < Q_COUNTOF(unheard); k++) {
		for (i = 0; i < CALLS; i++)
			kill(pid[i], unheard[k]);
		for (i = 0; i < CALLS;) {
			CHECK(q_wait(s, &ev), "no tracee left");
			if (ev.kind == PTL_EV_SIGNAL) {
				CHECK(ev.u.signal.info.signo == unheard[k], "signal %d",
					ev.u.signal.info.signo);
				if (unheard[k] == SIGUSR1)
					ev.u.signal.deliver = 0;
				i++;
			}
			RESUME(&ev, PTL_RUN);
		}
		check_untouched(s, pid, sigabbrev_np(unheard[k]));
	}

	/* a signal with a handler ends them all, also when an interrupt comes with it: that EINTR is the program's to see */
	for (i = 0; i < CALLS; i++) {
		missing += result[i] == NOT_HERE;
		kill(pid[i], SIGUSR1);
		if (i % 3 == 0)
			OK(s, ptl_interrupt(ptl_find_task(s, pid[i])));
	}
	for (i = 0; i < CALLS;) {
		CHECK(q_wait(s, &ev), "no tracee left");
		i += ev.kind == PTL_EV_SIGNAL;
		RESUME(&ev, PTL_RUN);
	}
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	for (i = 0; i < CALLS; i++)
		if (result[i] != NOT_HERE) {
			UNTIL(result[i] != BLOCKED);
			CHECK(result[i] == -EINTR, "%s ended with %ld, not EINTR, by a signal", calls[i].name,
				result[i]);
		}
	printf("%d calls, %u not available here\n", CALLS, missing);
	ptl_session_free(s);
	for (i = 0; i < CALLS; i++) {
		q_check_free(pid[i]);
		q_kill_and_reap(pid[i]);
	}
	semctl(ipc_sem, 0, IPC_RMID);
	msgctl(ipc_msg, IPC_RMID, NULL);
	q_check_alone();
	return 0;
}
