/* SPDX-License-Identifier: MIT */
/*
 * H28: a child made by fork inherits the breakpoint instructions that a tracer has put into its parent, and dies of them when it is not
 * traced. The library plants none by itself; here is what it gives to one who does: with PTL_FOLLOW_FORKS every child is held
 * before its first instruction, its copy is mended and it is let go; fifty of them meet the place, none dies, and the parent hits it
 * each time.
 */
#include "quirk.h"

enum { FORKS = 50 };

static volatile int *hits; /* by the program itself: how often it came through */

__attribute__((noinline, aligned(16))) static void place(void)
{
	__asm__ volatile("nop\n nop\n nop");
	++*hits;
}

static void program(int go[2])
{
	int status;
	char c;

	close(go[1]);
	(void)!read(go[0], &c, 1);
	for (int i = 0; i < FORKS; i++) {
		pid_t p = fork();

		if (!p) {
			place();
			_exit(11);
		}
		place();
		if (p < 0 || waitpid(p, &status, 0) != p || status != 11 << 8)
			_exit(1); /* the child died of it */
	}
	_exit(22);
}

int main(void)
{
	struct ptl_session *s = q_session(PTL_FOLLOW_FORKS);
	unsigned char original, trap = 0xcc;
	uint64_t at = (uintptr_t)place, pc;
	unsigned trapped = 0, mended = 0;
	bool stepping = false;
	struct ptl_event ev;
	int go[2];
	pid_t pid;

	hits = q_shared(4096);
	CHECK(pipe(go) == 0, "pipe");
	pid = q_fork();
	if (!pid)
		program(go);
	close(go[0]);
	q_attach(s, pid, &ev);
	CHECK(ptl_read(ev.task, at, &original, 1) == 1, "read");
	/* what compilers put first: endbr64 or a nop; stepping over it is no matter of this test */
	CHECK(ptl_write(ev.task, at, &trap, 1) == 1, "write");
	close(go[1]);
	RESUME(&ev, PTL_RUN);
	while (q_wait(s, &ev)) {
		enum ptl_resume_how how = PTL_RUN;

		switch (ev.kind) {
		case PTL_EV_STARTED:
			CHECK(ptl_write(ev.task, at, &original, 1) == 1, "write to the newborn");
			OK(s, ptl_detach_task(ev.task, Q_NS(Q_LONG_MS)));
			mended++;
			continue;
		case PTL_EV_SIGNAL:
			if (ev.u.signal.info.signo != SIGTRAP) {
				how = stepping ? PTL_STEP : PTL_RUN;
				break;
			}
			pc = ptl_pc(ev.task);
			CHECK(ev.tid == pid && pc == at + 1, "trap of %d at 0x%llx", ev.tid,
				(unsigned long long)pc);
			trapped++;
			/* over it: restore, step, put it back */
			ev.u.signal.deliver = 0;
			CHECK(ptl_write(ev.task, at, &original, 1) == 1, "write");
			OK(s, ptl_set(ev.task, "rip", at));
			stepping = true;
			how = PTL_STEP;
			break;
		case PTL_EV_STEPPED:
			CHECK(stepping, "a step nobody asked for");
			CHECK(ptl_write(ev.task, at, &trap, 1) == 1, "write");
			stepping = false;
			break;
		case PTL_EV_EXITED:
			CHECK(ev.tid == pid && ev.u.exited.code == 22, "%d ended with %d, signal %d", ev.tid,
				ev.u.exited.code, ev.u.exited.signo);
			break;
		default:
			break;
		}
		RESUME(&ev, how);
	}
	CHECK(trapped == FORKS && mended == FORKS, "%u hits, %u children mended", trapped, mended);
	CHECK(*hits == 2 * FORKS, "the place was passed %d times", *hits);
	ptl_session_free(s);
	q_check_alone();
	return 0;
}
