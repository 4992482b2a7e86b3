/* SPDX-License-Identifier: MIT */
/*
 * H68: -512 ... -516 at an exit stop mean that the kernel will make the call again; the program never sees them. Some calls
 * come back under another name, restart_syscall (219). What the library shows is what the kernel left, in both
 * cases: the value as it is, and the entry of the call made again; and the program gets what it would have got.
 */
#include "quirk.h"

#include <linux/futex.h>
#include <poll.h>

enum { ERESTARTSYS_ = 512, ERESTARTNOHAND_ = 514, RESTART_BLOCK = 516, LIMIT_MS = 300 };

static volatile long *sh; /* [0] result, [1] ms, [2] done */

static long call_of(int which)
{
	struct timespec t = {0, LIMIT_MS * 1000000}, end;
	static int word;
	long r = -1;

	switch (which) {
	case 0:
		r = syscall(SYS_nanosleep, &t, NULL);
		break;
	case 1:
		r = syscall(SYS_poll, NULL, 0, LIMIT_MS);
		break;
	case 2:
		r = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, NULL, 0);
		break;
	case 3:
		r = syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL);
		break;
	case 4: /* absolute time: made again by its own name */
		clock_gettime(CLOCK_MONOTONIC, &end);
		end.tv_nsec += LIMIT_MS * 1000000;
		if (end.tv_nsec >= 1000000000) {
			end.tv_sec++;
			end.tv_nsec -= 1000000000;
		}
		r = syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
		break;
	case 5: /* no time limit of its own: a child that lives so long */
		if (fork() == 0) {
			nanosleep(&t, NULL);
			_exit(0);
		}
		r = syscall(SYS_wait4, -1, NULL, 0, NULL) > 0 ? 0 : -1;
		break;
	}
	return r < 0 ? -errno : r;
}

static const struct {
	const char *name;
	uint64_t nr;
	long again;	 /* what the interrupted call shows */
	uint64_t second; /* the call it is made again as */
	long result;
} calls[] = {
	{"nanosleep", SYS_nanosleep, -RESTART_BLOCK, SYS_restart_syscall, 0},
	{"poll", SYS_poll, -RESTART_BLOCK, SYS_restart_syscall, 0},
	{"futex", SYS_futex, -RESTART_BLOCK, SYS_restart_syscall, -ETIMEDOUT},
	{"clock_nanosleep", SYS_clock_nanosleep, -RESTART_BLOCK, SYS_restart_syscall, 0},
	{"clock_nanosleep, absolute", SYS_clock_nanosleep, -ERESTARTNOHAND_, SYS_clock_nanosleep, 0},
	{"wait4", SYS_wait4, -ERESTARTSYS_, SYS_wait4, 0},
};

enum { MOST = 64 };

/* What was shown of the task: entries and exits, the rest left out. */
struct shown {
	struct {
		bool entry;
		int64_t value; /* number or result */
	} list[MOST];
	int n;
};

static void print_shown(const struct shown *w)
{
	for (int i = 0; i < w->n; i++)
		fprintf(stderr, "  %s %lld\n", w->list[i].entry ? "entry" : "exit", (long long)w->list[i].value);
}

/* Until the program is past the call. interrupt: once, when it has slept in it for a while. */
static void watch(struct ptl_session *s, pid_t pid, bool interrupt, struct shown *w)
{
	struct ptl_event ev;
	int r;

	while (w->n < MOST) {
		r = ptl_wait_for(s, &ev, Q_NS(40));
		if (r == -PTL_ETIMEOUT) {
			if (sh[2] && q_state(pid) == 'S')
				return;
			if (interrupt && q_state(pid) == 'S')
				OK(s, ptl_interrupt(ptl_find_task(s, pid)));
			interrupt = false;
			continue;
		}
		OK(s, r);
		switch (ev.kind) {
		case PTL_EV_SYSCALL_ENTRY:
			w->list[w->n].entry = true;
			w->list[w->n++].value = (int64_t)ev.u.entry.nr;
			break;
		case PTL_EV_SYSCALL_EXIT:
			w->list[w->n++].value = ev.u.exit.value;
			break;
		case PTL_EV_INTERRUPTED:
		case PTL_EV_SIGNAL: /* SIGCHLD, which the program ignores */
			break;
		default:
			FAIL("%s", ptl_event_name(ev.kind));
		}
		RESUME(&ev, PTL_SYSCALL);
	}
}

/* attached: the interrupt is the one that attaching needs; otherwise it comes while system calls are watched. */
static void one(unsigned which, bool attached)
{
	struct ptl_session *s = q_session(0);
	struct shown w = {.n = 0};
	struct ptl_event ev;
	int i = 0;
	bool ok;
	pid_t pid;

	memset((void *)sh, 0, 4096);
	pid = q_fork();
	if (pid == 0) {
		int64_t start = q_now_ms();

		while (!attached && !sh[3])
			;
		sh[0] = call_of((int)which);
		sh[1] = q_now_ms() - start;
		sh[2] = 1;
		for (;;)
			pause();
	}
	if (attached)
		q_until_asleep(pid);
	q_attach(s, pid, &ev);
	RESUME(&ev, PTL_SYSCALL);
	sh[3] = 1;
	watch(s, pid, !attached, &w);
	if (!attached) {
		while (i < w.n && !(!w.list[i].entry && w.list[i].value == calls[which].again))
			i++;
		ok = i > 0 && i < w.n && w.list[i - 1].entry && w.list[i - 1].value == (int64_t)calls[which].nr;
		i++;
	} else {
		ok = true;
	}
	ok = ok && i + 1 < w.n && w.list[i].entry && w.list[i].value == (int64_t)calls[which].second;
	ok = ok && !w.list[i + 1].entry &&
		(calls[which].result < 0 ? w.list[i + 1].value == calls[which].result : w.list[i + 1].value >= 0);
	if (!ok)
		print_shown(&w);
	CHECK(ok, "%s%s: that was shown", calls[which].name, attached ? ", attached" : "");
	OK(s, ptl_detach_all(s, -1));
	ptl_session_free(s);
	CHECK(sh[0] == calls[which].result, "%s: the program saw %ld", calls[which].name, sh[0]);
	CHECK(sh[1] >= LIMIT_MS - 1, "%s: over after %ld ms", calls[which].name, sh[1]);
	q_check_free(pid);
	q_kill_and_reap(pid);
}

int main(void)
{
	unsigned i;

	sh = q_shared(4096);
	for (i = 0; i < Q_COUNTOF(calls); i++) {
		one(i, true);
		one(i, false);
	}
	return 0;
}
