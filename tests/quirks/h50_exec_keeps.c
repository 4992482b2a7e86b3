/* SPDX-License-Identifier: MIT */
/*
 * H50: what an execve keeps and what it drops. Kept: that it is traced, the options, the signal mask, ignored signals.
 * Dropped: int3 in the old text, debug registers, handlers, the memory itself (so what was open to read it must be
 * opened anew, H113).
 *
 * The program executes itself without address randomisation, so that every address means the same before and after.
 */
#include "quirk.h"

#include <ucontext.h>

static volatile int never_before_exec; /* in .data of either image: 0 at first */
static char secret[16] = "written by file";

static void __attribute__((noinline)) spot(void)
{
	__asm__ volatile("nop; nop; nop; nop" ::: "memory");
}

static void handler(int signo)
{
	(void)signo;
}

/* Before the exec it says where things are, by the arguments of a call that does nothing. */
static int before(char *self)
{
	sigset_t set;

	signal(SIGUSR1, handler);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_SETMASK, &set, NULL);
	never_before_exec = 1;
	strcpy(secret, "of the old one");
	syscall(SYS_lseek, -1, (long)spot, (long)secret);
	execl(self, "h50", "after", NULL);
	return 90;
}

/* The new image runs over the same spot; a trap left there, in text or debug register, would kill it. */
static int after(void)
{
	struct sigaction a;
	sigset_t set;
	int status;
	pid_t pid;

	if (never_before_exec || strcmp(secret, "written by file") != 0)
		return 91;
	spot();
	if (sigaction(SIGUSR1, NULL, &a) < 0 || a.sa_handler != SIG_DFL)
		return 92;
	if (sigaction(SIGUSR2, NULL, &a) < 0 || a.sa_handler != SIG_IGN)
		return 93;
	sigprocmask(SIG_SETMASK, NULL, &set);
	if (!sigismember(&set, SIGALRM) || !sigismember(&set, SIGRTMIN + 3) || sigismember(&set, SIGUSR1))
		return 94;
	pid = fork(); /* which is to be followed as before */
	if (pid == 0)
		_exit(6);
	if (waitpid(pid, &status, 0) != pid || status != 6 << 8)
		return 95;
	return 42;
}

static void look_at_new(struct ptl_event *ev, uint64_t at_spot, uint64_t at_secret, const unsigned char old[4])
{
	struct ptl_session *s = ev->session;
	unsigned char now[4];
	uint64_t mask, dr;
	char text[16];

	/* the new image's bytes, and not what the old descriptor leads to */
	CHECK(ptl_read(ev->task, at_secret, text, sizeof(text)) == sizeof(text) &&
			!memcmp(text, "written by file", sizeof(text)),
		"the old memory is read after the exec");
	CHECK(ptl_read(ev->task, at_spot, now, 4) == 4 && !memcmp(now, old, 4), "the text is not the file's: %02x %02x",
		now[0], now[1]);
	OK(s, ptl_sigmask_get(ev->task, &mask));
	CHECK(mask == (UINT64_C(1) << (SIGALRM - 1) | UINT64_C(1) << (SIGRTMIN + 3 - 1)), "signal mask 0x%llx",
		(unsigned long long)mask);
	if (ptl_get(ev->task, "dr7", &dr) >= 0)
		CHECK((dr & 0xff) == 0, "dr7 is 0x%llx after the exec", (unsigned long long)dr);
}

int main(int argc, char **argv)
{
	char self[256], *args[] = {self, "before", NULL};
	uint64_t at_spot = 0, at_secret = 0;
	unsigned char old[4], trap = 0xcc;
	bool armed = false, told = false;
	int execs = 0, births = 0, code = -1;
	struct ptl_session *s;
	struct ptl_launch how;
	struct ptl_event ev;
	uint32_t serial = 0;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	uint64_t value;

	CHECK(n > 0, "readlink");
	self[n] = 0;
	if (argc > 1)
		return !strcmp(argv[1], "before") ? before(self) : after();
	s = q_session(PTL_FOLLOW);
	ptl_launch_init(&how, args);
	how.flags = PTL_LAUNCH_NO_ASLR;
	OK(s, ptl_launch(s, &how, NULL));
	while (q_wait(s, &ev)) {
		switch (ev.kind) {
		case PTL_EV_SYSCALL_ENTRY:
			if (ev.u.entry.nr != SYS_lseek || (int)ev.u.entry.args[0] != -1 || told)
				break;
			told = true;
			serial = ev.serial;
			at_spot = ev.u.entry.args[1];
			at_secret = ev.u.entry.args[2];
			CHECK(ptl_read(ev.task, at_spot, old, 4) == 4, "reading the old text");
			CHECK(ptl_write(ev.task, at_spot, &trap, 1) == 1, "writing the old text");
			/* where the machine has them: break on execution of the third byte */
			armed = ptl_set(ev.task, "dr0", at_spot + 2) >= 0 && ptl_set(ev.task, "dr7", 1) >= 0 &&
				ptl_reg_flush(ev.task) >= 0 && ptl_get(ev.task, "dr7", &value) >= 0 && (value & 1);
			break;
		case PTL_EV_EXEC:
			execs++;
			CHECK(told && ev.serial == serial && ev.u.exec.former_tid == ev.tid, "exec of task %d.%u", ev.tid,
				ev.serial);
			look_at_new(&ev, at_spot, at_secret, old);
			break;
		case PTL_EV_FORKED:
			births++;
			break;
		case PTL_EV_SIGNAL:
			CHECK(ev.u.signal.info.signo == SIGCHLD, "signal %d, code %d at 0x%llx", ev.u.signal.info.signo,
				ev.u.signal.info.code, (unsigned long long)ptl_pc(ev.task));
			break;
		case PTL_EV_EXITED:
			if (ev.pid == ev.tid && execs && ev.serial == serial)
				code = ev.u.exited.signo ? 256 + ev.u.exited.signo : ev.u.exited.code;
			break;
		default:
			break;
		}
		RESUME(&ev, PTL_SYSCALL);
	}
	ptl_session_free(s);
	CHECK(execs == 1 && births == 1, "%d execs, %d births", execs, births);
	CHECK(code == 42, "the program ended with %d", code);
	printf("debug register armed before the exec: %s\n", armed ? "yes" : "no, this machine has none");
	q_check_alone();
	return 0;
}
