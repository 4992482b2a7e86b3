/* SPDX-License-Identifier: MIT */
/*
 * H4: syscall stops, steps, interrupts, breakpoints and plain signals all come as SIGTRAP. A program that sends itself SIGTRAP in every
 * way and with every si_code there is, is told apart from our own stops: each is one PTL_EV_SIGNAL with that code,
 * and reaches the program's handler, whichever way the program is run.
 */
#include "quirk.h"

#include <linux/perf_event.h>
#include <ucontext.h>

/* si_code values a program can send itself by rt_sigqueueinfo(2): all of them. Those ptrace itself uses come first. */
static const int codes[] = {0x80 /* SI_KERNEL */, 1 /* TRAP_BRKPT */, 2 /* TRAP_TRACE */, 3, 4, 5, 6,
	SIGTRAP, SIGTRAP | 0x80, SIGTRAP | 1 << 8, SIGTRAP | 3 << 8, SIGTRAP | 4 << 8, SIGTRAP | 6 << 8,
	SIGTRAP | 7 << 8, SIGTRAP | 128 << 8, SIGSTOP | 128 << 8, SI_USER, SI_QUEUE, SI_TIMER, SI_MESGQ,
	SI_ASYNCIO, SI_SIGIO, SI_TKILL, -60};

enum { MOST = 64 };

/* What the program saw. The tracer sees the same list. */
struct record {
	volatile int n;
	volatile int code[MOST];
};

static struct record *rec;
static volatile int watched;

static void on_trap(int sig, siginfo_t *si, void *context)
{
	greg_t *rip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	/* under some hypervisors icebp traps without moving on, for ever (H88) */
	if (*(unsigned char *)*rip == 0xf1)
		++*rip;
	if (rec->n < MOST)
		rec->code[rec->n] = si->si_code;
	rec->n++;
}

/* A debug register that the program sets up itself: the kernel sends SIGTRAP with TRAP_PERF. */
static void watch_itself(void)
{
	struct perf_event_attr at = {.type = PERF_TYPE_BREAKPOINT, .size = sizeof(at)};
	int fd;

	at.bp_type = 2; /* HW_BREAKPOINT_W */
	at.bp_addr = (uintptr_t)&watched;
	at.bp_len = sizeof(watched);
	at.sample_period = 1;
	at.sigtrap = 1;
	at.remove_on_exec = 1;
	at.exclude_kernel = 1;
	fd = (int)syscall(SYS_perf_event_open, &at, 0, -1, -1, 8 /* CLOEXEC */);
	if (fd < 0)
		return; /* no such breakpoints here: one kind less */
	watched = 1;
	close(fd);
}

static void program(void)
{
	struct sigaction sa = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	siginfo_t si;

	sigaction(SIGTRAP, &sa, NULL);
	kill(getpid(), SIGTRAP);
	syscall(SYS_tgkill, getpid(), gettid(), SIGTRAP);
	sigqueue(getpid(), SIGTRAP, (union sigval){0});
	__asm__ volatile("int3");
	__asm__ volatile(".byte 0xf1"); /* icebp */
	watch_itself();
	for (size_t i = 0; i < Q_COUNTOF(codes); i++) {
		memset(&si, 0, sizeof(si));
		si.si_signo = SIGTRAP;
		si.si_code = codes[i];
		syscall(SYS_rt_sigqueueinfo, getpid(), SIGTRAP, &si);
	}
	_exit(rec->n > MOST);
}

static void one(enum ptl_resume_how how)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	int n = 0, entries = 0, exits = 0, seen[MOST], i;
	pid_t pid;
	int go[2];
	char c;

	memset(rec, 0, sizeof(*rec));
	CHECK(pipe(go) == 0, "pipe");
	pid = q_fork();
	if (!pid) {
		close(go[1]);
		(void)!read(go[0], &c, 1);
		program();
	}
	close(go[0]);
	q_attach(s, pid, &ev);
	close(go[1]);
	RESUME(&ev, how);
	while (q_wait(s, &ev) && ev.kind != PTL_EV_EXITED) {
		switch (ev.kind) {
		case PTL_EV_SYSCALL_ENTRY:
			entries++;
			break;
		case PTL_EV_SYSCALL_EXIT:
			exits++;
			break;
		case PTL_EV_SIGNAL:
			CHECK(ev.u.signal.info.signo == SIGTRAP, "signal %d", ev.u.signal.info.signo);
			CHECK(n < MOST, "more signals than were sent: code 0x%x", ev.u.signal.info.code);
			seen[n++] = ev.u.signal.info.code;
			break;
		default:
			FAIL("%s is not what the program did", ptl_event_name(ev.kind));
		}
		RESUME(&ev, how);
	}
	CHECK(ev.u.exited.code == 0 && !ev.u.exited.signo, "code %d signal %d", ev.u.exited.code,
		ev.u.exited.signo);
	RESUME(&ev, PTL_RUN);
	CHECK(n == rec->n && n >= (int)Q_COUNTOF(codes) + 5, "%d signals seen, %d delivered", n, rec->n);
	for (i = 0; i < n; i++)
		CHECK(seen[i] == rec->code[i], "signal %d: code %d seen, %d delivered", i, seen[i],
			rec->code[i]);
	/* only exit_group(2) does not return */
	if (how == PTL_SYSCALL)
		CHECK(entries == exits + 1 && exits > n, "%d entries, %d exits", entries, exits);
	else
		CHECK(!entries && !exits, "system calls seen without being asked for");
	ptl_session_free(s);
}

int main(void)
{
	rec = q_shared(sizeof(*rec));
	one(PTL_RUN);
	one(PTL_SYSCALL);
	q_check_alone();
	return 0;
}
