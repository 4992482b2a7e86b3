/* SPDX-License-Identifier: MIT */
/*
 * H56: detaching inside a system call. At the entry stop the call is still to be made, at the exit stop its result
 * stands, in between it must go on as if nothing had been; the kernel's own "make it again" results (-512 ... -516), which
 * are in the register at that moment, must come through.
 * Time limit: 120 s
 *
 * A program sits in each of many blocking calls, one after the other. We attach, detach at one of the points below,
 * and only then give the call what it waits for: it must return what it returns untraced, once, and a call with a time
 * limit must not end early. Nine of these calls answer EINTR to any stop, of which the program must see nothing.
 */
#include "quirk.h"

#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

enum point { AT_START, AT_INTERRUPT, WHILE_RUNNING, AT_EXIT, AT_ENTRY, AT_NEXT_ENTRY, POINTS };
static const char *const point_names[] = {
	"first stop", "interrupt", "running", "exit stop", "entry stop of the call made again", "entry stop"};

enum { SLEEP_MS = 150, WORD = 0x5a };

struct shared {
	volatile long ready;  /* about to make the call */
	volatile long result; /* -errno */
	volatile long done;
	volatile long elapsed_ms;
	volatile int word; /* futex */
};

static struct shared *sh;
static int to_tracee[2]; /* pipe: waker writes */
static int pair[2];	 /* sockets: waker writes to pair[1] */
static int event_fd, sem;

static long back(long r)
{
	return r < 0 ? -errno : r;
}

/* --- the calls, each with what wakes it ------------------------------------------------------- */

static void wake_none(pid_t pid)
{
	(void)pid;
}

static void wake_pipe(pid_t pid)
{
	(void)pid;
	CHECK(write(to_tracee[1], "x", 1) == 1, "write");
}

static void wake_socket(pid_t pid)
{
	(void)pid;
	CHECK(write(pair[1], "x", 1) == 1, "write");
}

static void wake_sem(pid_t pid)
{
	struct sembuf up = {0, 1, 0};

	(void)pid;
	CHECK(semop(sem, &up, 1) == 0, "semop");
}

static void wake_futex(pid_t pid)
{
	(void)pid;
	sh->word = 1;
	syscall(SYS_futex, &sh->word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void wake_event(pid_t pid)
{
	uint64_t one = 1;

	(void)pid;
	CHECK(write(event_fd, &one, 8) == 8, "write");
}

static void wake_signal(pid_t pid)
{
	CHECK(kill(pid, SIGUSR2) == 0, "kill");
}

static const struct timespec sleep_time = {0, SLEEP_MS * 1000000};

static long c_nanosleep(void)
{
	return back(syscall(SYS_nanosleep, &sleep_time, NULL));
}

static long c_clock_nanosleep(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += SLEEP_MS * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return back(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
}

static long c_poll_time(void)
{
	return back(poll(NULL, 0, SLEEP_MS));
}

static long c_poll(void)
{
	struct pollfd p = {to_tracee[0], POLLIN, 0};
	long r = back(poll(&p, 1, -1));
	char c;

	return r == 1 ? back(read(to_tracee[0], &c, 1)) : r;
}

static long c_select(void)
{
	fd_set set;
	char c;
	long r;

	FD_ZERO(&set);
	FD_SET(to_tracee[0], &set);
	r = back(select(to_tracee[0] + 1, &set, NULL, NULL, NULL));
	return r == 1 ? back(read(to_tracee[0], &c, 1)) : r;
}

static long c_read(void)
{
	char c = 0;
	long r = back(read(to_tracee[0], &c, 1));

	return r == 1 && c != 'x' ? -1000 : r;
}

static long c_recv(void)
{
	char c;

	return back(recv(pair[0], &c, 1, 0));
}

static long c_recv_timeo(void)
{
	struct timeval limit = {60, 0};
	char c;

	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return back(recv(pair[0], &c, 1, 0));
}

static long c_epoll_wait(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int e = epoll_create1(EPOLL_CLOEXEC);
	char c;
	long r;

	if (e < 0 || epoll_ctl(e, EPOLL_CTL_ADD, to_tracee[0], &ev) < 0)
		return -1001;
	r = back(epoll_wait(e, &ev, 1, -1));
	return r == 1 ? back(read(to_tracee[0], &c, 1)) : r;
}

static long c_epoll_pwait2(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int e = epoll_create1(EPOLL_CLOEXEC);
	struct timespec limit = {60, 0};
	char c;
	long r;

	if (e < 0 || epoll_ctl(e, EPOLL_CTL_ADD, to_tracee[0], &ev) < 0)
		return -1001;
	r = back(syscall(SYS_epoll_pwait2, e, &ev, 1, &limit, NULL, 8));
	return r == 1 ? back(read(to_tracee[0], &c, 1)) : r;
}

static long c_semop(void)
{
	struct sembuf down = {0, -1, 0};

	return back(semop(sem, &down, 1));
}

static long c_semtimedop(void)
{
	struct sembuf down = {0, -1, 0};
	struct timespec limit = {60, 0};

	return back(semtimedop(sem, &down, 1, &limit));
}

static long c_futex(void)
{
	long r = back(syscall(SYS_futex, &sh->word, FUTEX_WAIT, 0, NULL, NULL, 0));

	return r == -EAGAIN && sh->word == 1 ? 0 : r; /* woken while it was about to wait again */
}

static long c_futex_time(void)
{
	struct timespec limit = {60, 0};
	long r = back(syscall(SYS_futex, &sh->word, FUTEX_WAIT, 0, &limit, NULL, 0));

	return r == -EAGAIN && sh->word == 1 ? 0 : r;
}

static long c_sigtimedwait(void)
{
	struct timespec limit = {60, 0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return back(sigtimedwait(&set, NULL, &limit));
}

static long c_sigwaitinfo(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return back(sigwaitinfo(&set, NULL));
}

static long c_io_getevents(void)
{
	struct timespec limit = {60, 0};
	aio_context_t ctx = 0;
	struct iocb cb = {.aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = (uint32_t)to_tracee[0], .aio_buf = POLLIN};
	struct iocb *list[1] = {&cb};
	struct io_event ev;
	char c;
	long r;

	if (syscall(SYS_io_setup, 1, &ctx) < 0)
		return -errno;
	if (syscall(SYS_io_submit, ctx, 1, list) != 1)
		return -1002;
	r = back(syscall(SYS_io_getevents, ctx, 1, 1, &ev, &limit));
	return r == 1 ? back(read(to_tracee[0], &c, 1)) : r;
}

static long c_io_uring_enter(void)
{
	struct io_uring_params params;
	struct io_uring_sqe *sqe;
	char *sq, c;
	int fd;
	long r;

	memset(&params, 0, sizeof(params));
	fd = (int)syscall(SYS_io_uring_setup, 2, &params);
	if (fd < 0)
		return -errno;
	sq = mmap(NULL, params.sq_off.array + params.sq_entries * 4, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, fd, (off_t)IORING_OFF_SQ_RING);
	sqe = mmap(NULL, params.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		(off_t)IORING_OFF_SQES);
	if (sq == MAP_FAILED || sqe == MAP_FAILED)
		return -1003;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_POLL_ADD;
	sqe->fd = to_tracee[0];
	sqe->poll32_events = POLLIN;
	*(uint32_t *)(sq + params.sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(sq + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 0, 0, NULL, 0) != 1)
		return -1004;
	r = back(syscall(SYS_io_uring_enter, fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	return r == 0 ? back(read(to_tracee[0], &c, 1)) : r;
}

static long c_eventfd(void)
{
	uint64_t v;

	return back(read(event_fd, &v, 8));
}

static long c_timerfd(void)
{
	struct itimerspec when = {.it_value = sleep_time};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	uint64_t v;

	if (fd < 0 || timerfd_settime(fd, 0, &when, NULL) < 0)
		return -1005;
	return back(read(fd, &v, 8));
}

static long c_wait4(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct timespec t = sleep_time;

		nanosleep(&t, NULL);
		_exit(3);
	}
	return waitpid(child, &status, 0) == child && status == 3 << 8 ? 0 : -1006;
}

static const struct blocker {
	const char *name;
	long (*call)(void);
	void (*wake)(pid_t pid);
	long expect;
	bool timed; /* takes SLEEP_MS, wakes itself */
} blockers[] = {
	{"nanosleep", c_nanosleep, wake_none, 0, true},
	{"clock_nanosleep", c_clock_nanosleep, wake_none, 0, true},
	{"poll, time limit", c_poll_time, wake_none, 0, true},
	{"timerfd", c_timerfd, wake_none, 8, true},
	{"wait4", c_wait4, wake_none, 0, true},
	{"poll", c_poll, wake_pipe, 1, false},
	{"select", c_select, wake_pipe, 1, false},
	{"read", c_read, wake_pipe, 1, false},
	{"recv", c_recv, wake_socket, 1, false},
	{"recv, SO_RCVTIMEO", c_recv_timeo, wake_socket, 1, false},
	{"epoll_wait", c_epoll_wait, wake_pipe, 1, false},
	{"epoll_pwait2", c_epoll_pwait2, wake_pipe, 1, false},
	{"semop", c_semop, wake_sem, 0, false},
	{"semtimedop", c_semtimedop, wake_sem, 0, false},
	{"futex", c_futex, wake_futex, 0, false},
	{"futex, time limit", c_futex_time, wake_futex, 0, false},
	{"sigtimedwait", c_sigtimedwait, wake_signal, SIGUSR2, false},
	{"sigwaitinfo", c_sigwaitinfo, wake_signal, SIGUSR2, false},
	{"io_getevents", c_io_getevents, wake_pipe, 1, false},
	{"io_uring_enter", c_io_uring_enter, wake_pipe, 1, false},
	{"eventfd", c_eventfd, wake_event, 8, false},
};

static pid_t begin(const struct blocker *b)
{
	pid_t pid;

	memset(sh, 0, sizeof(*sh));
	pid = q_fork();
	if (pid == 0) {
		int64_t before;
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGUSR2);
		sigprocmask(SIG_BLOCK, &set, NULL);
		before = q_now_ms();
		sh->ready = 1;
		sh->result = b->call();
		sh->elapsed_ms = q_now_ms() - before;
		sh->done = 1;
		for (;;)
			getppid(); /* the calls after it, for AT_NEXT_ENTRY */
	}
	UNTIL(sh->ready);
	q_until_asleep(pid);
	return pid;
}

/* --- getting to the point ------------------------------------------------------------------------- */

static bool is_at(enum point point, const struct ptl_event *ev, int *exits)
{
	if (ev->kind == PTL_EV_SYSCALL_EXIT)
		(*exits)++;
	switch (point) {
	case AT_START:
		return ev->kind == PTL_EV_STARTED;
	case AT_INTERRUPT:
		return ev->kind == PTL_EV_INTERRUPTED;
	case AT_EXIT: /* the call that was going on, interrupted */
		return ev->kind == PTL_EV_SYSCALL_EXIT;
	case AT_ENTRY: /* and made again */
		return ev->kind == PTL_EV_SYSCALL_ENTRY;
	case AT_NEXT_ENTRY: /* a call of the program's after the blocking one */
		return ev->kind == PTL_EV_SYSCALL_ENTRY && *exits;
	case WHILE_RUNNING:
	case POINTS:
		break;
	}
	return false;
}

/* True if the point was reached; false if it does not come for this call (the program is let go of all the same). */
static bool detach_at(pid_t pid, enum point point, const struct blocker *b, bool *woken)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	bool reached = false, interrupted = false;
	int r, exits = 0;

	OK(s, ptl_attach(s, pid, 0));
	for (;;) {
		r = ptl_wait_for(s, &ev, Q_NS(point == WHILE_RUNNING ? 2 : 20));
		if (r == -PTL_ETIMEOUT) {
			if (point == WHILE_RUNNING)
				reached = true;
			if (reached || interrupted)
				break;
			if (point == AT_NEXT_ENTRY) {
				b->wake(pid);
				*woken = true;
			} else {
				OK(s, ptl_interrupt(ptl_find_task(s, pid)));
			}
			interrupted = true;
			continue;
		}
		OK(s, r);
		CHECK(ev.kind != PTL_EV_EXITED && ev.kind != PTL_EV_SIGNAL, "%s: %s", b->name, ptl_event_name(ev.kind));
		reached = is_at(point, &ev, &exits);
		if (reached)
			break;
		RESUME(&ev, point == AT_INTERRUPT ? PTL_RUN : PTL_SYSCALL);
	}
	OK(s, ptl_detach(ptl_find_process(s, pid), Q_NS(Q_LONG_MS)));
	ptl_session_free(s);
	return reached;
}

int main(void)
{
	unsigned rounds = q_rounds(1), i, j, tried = 0, absent = 0;

	sh = q_shared(sizeof(*sh));
	CHECK(pipe2(to_tracee, O_CLOEXEC) == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "pipes");
	event_fd = eventfd(0, EFD_CLOEXEC);
	sem = semget(IPC_PRIVATE, 1, 0600);
	for (i = 0; i < Q_COUNTOF(blockers); i++) {
		const struct blocker *b = &blockers[i];

		for (j = 0; j < POINTS * rounds; j++) {
			enum point point = (enum point)(j % POINTS);
			bool woken = false, reached;
			pid_t pid = begin(b);

			reached = detach_at(pid, point, b, &woken);
			q_check_free(pid);
			if (!woken) {
				/* a call that was broken off would be over by now */
				q_sleep_us(2000);
				CHECK(b->timed || !sh->done, "%s, detached at the %s: ended with %ld", b->name,
					point_names[point], sh->result);
				b->wake(pid);
			}
			UNTIL(sh->done);
			q_check_free(pid);
			q_kill_and_reap(pid);
			if (sh->done && sh->result == -ENOSYS) {
				absent++; /* io_uring and aio may be switched off */
				break;
			}
			CHECK(sh->result == b->expect, "%s, detached at the %s: result %ld instead of %ld", b->name,
				point_names[point], sh->result, b->expect);
			CHECK(!b->timed || sh->elapsed_ms >= SLEEP_MS - 1, "%s, detached at the %s: over after %ld ms",
				b->name, point_names[point], sh->elapsed_ms);
			tried += reached;
		}
	}
	semctl(sem, 0, IPC_RMID);
	printf("%u detaches in %zu calls, %u of them not on this kernel\n", tried, Q_COUNTOF(blockers), absent);
	CHECK(tried >= Q_COUNTOF(blockers) * rounds * 4, "most points were not reached");
	return 0;
}
