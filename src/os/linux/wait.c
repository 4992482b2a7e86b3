/* SPDX-License-Identifier: MIT */
/* Waiting for tracees, and the clock. See os.h. */
#include "os/linux/os.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TIMER_SLACK = 50000 /* ns: a sleep ends that much late, prctl(2) PR_SET_TIMERSLACK */ };

int pt_os_wait(pid_t tid, int *ret_status, bool block)
{
	pid_t r = waitpid(tid, ret_status, __WALL | __WNOTHREAD | (block ? 0 : WNOHANG));

	return r < 0 ? -errno : r;
}

int pt_os_peek_any(bool block)
{
	siginfo_t si;

	si.si_pid = 0; /* with WNOHANG it stays so when nothing is there */
	if (waitid(P_ALL, 0, &si,
		    WEXITED | WSTOPPED | WNOWAIT | __WALL | __WNOTHREAD | (block ? 0 : WNOHANG)) < 0)
		return -errno;
	return si.si_pid;
}

int pt_os_sigchld(int64_t timeout_ns, pid_t *ret_tid)
{
	struct timespec ts = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	siginfo_t si;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigtimedwait(&set, &si, timeout_ns < 0 ? NULL : &ts) < 0)
		return errno == EAGAIN ? 0 : -errno;
	*ret_tid = si.si_code == SI_TIMER ? 0 : si.si_pid;
	return 1;
}

int pt_os_tick_new(void **ret_tick)
{
	struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGCHLD};
	timer_t timer;

	ev._sigev_un._tid = pt_os_gettid();
	if (timer_create(CLOCK_MONOTONIC, &ev, &timer) < 0)
		return -errno;
	*ret_tick = timer;
	return 0;
}

void pt_os_tick_free(void *tick)
{
	timer_delete(tick);
}

void pt_os_tick_arm(void *tick, int64_t ns)
{
	struct itimerspec when = {.it_value = {ns / 1000000000, ns % 1000000000}};

	timer_settime(tick, 0, &when, NULL);
}

int pt_os_sigchld_fd(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

void pt_os_nap(int64_t ns)
{
	struct timespec ts = {ns / 1000000000, ns % 1000000000};

	if (ns < TIMER_SLACK)
		sched_yield();
	else
		nanosleep(&ts, NULL);
}

int64_t pt_os_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

pid_t pt_os_gettid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

int pt_os_tgkill(pid_t pid, pid_t tid, int signo)
{
	return syscall(SYS_tgkill, pid, tid, signo) < 0 ? -errno : 0;
}
