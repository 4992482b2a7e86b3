/* SPDX-License-Identifier: MIT */
/*
 * The trap flag by which a program is stepped is not for its eyes: pushf, the r11 of a system call, of a forked child, and of
 * a signal's frame do not show it; a stepped popf does not leave it set; and when the tracer lets go, it is gone.
 */
#include "stepping.h"

/* Each answers 1 if it has seen a trap flag. */
PIECE(pushf64, "pushfq\n pop %rax\n shr $8,%eax\n and $1,%eax");
PIECE(pushf16, "sub $6,%rsp\n pushfw\n pop %ax\n add $6,%rsp\n shr $8,%eax\n and $1,%eax");
PIECE(pushf_high, "pushfq\n movzbl 1(%rsp),%eax\n pop %rcx\n and $1,%eax");
PIECE(pushf_popf, "pushfq\n popfq\n pushfq\n pop %rax\n shr $8,%eax\n and $1,%eax");
PIECE(popf_again, "pushfq\n orq $1,(%rsp)\n popfq\n setc %al\n xor $1,%al\n movzbl %al,%eax");
PIECE(call_r11, "mov $39,%eax\n syscall\n mov %r11,%rax\n shr $8,%eax\n and $1,%eax");
PIECE(call_int80, "mov $20,%eax\n mov $0,%r11d\n int $0x80\n mov %r11,%rax\n shr $8,%eax\n and $1,%eax");
PIECE(movss_pushf, "mov %ss,%eax\n mov %eax,%ss\n pushfq\n pop %rax\n shr $8,%eax\n and $1,%eax");
PIECE(iret_flags, "mov %rsp,%rdx\n mov %ss,%eax\n push %rax\n push %rdx\n pushfq\n mov %cs,%eax\n push %rax\n"
		  "lea 1f(%rip),%rax\n push %rax\n iretq\n"
		  "1: pushfq\n pop %rax\n shr $8,%eax\n and $1,%eax");

/* fork by hand: both see their r11; the child's finding comes as its exit status. */
PIECE(fork_r11, "mov $57,%eax\n syscall\n mov %r11,%rcx\n shr $8,%ecx\n and $1,%ecx\n test %eax,%eax\n jnz 1f\n"
		"mov %ecx,%edi\n mov $60,%eax\n syscall\n"
		"1: mov %ecx,%eax");

static volatile int frame_flags;

static void on_signal(int signo, siginfo_t *info, void *context)
{
	const ucontext_t *u = context;

	(void)signo;
	(void)info;
	frame_flags |= (int)(u->uc_mcontext.gregs[REG_EFL] >> 8 & 1);
	frame_flags |= (int)(u->uc_mcontext.gregs[REG_R11] >> 7 & 2);
}

static long signal_frames(void)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	unsigned i;

	sigaction(SIGUSR1, &action, NULL);
	for (i = 0; i < 5; i++)
		syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
	return frame_flags;
}

/* A loop that looks at its flags in all these ways, until told to end; 1 if it saw one. */
static volatile sig_atomic_t over;

static void end_loop(int signo)
{
	(void)signo;
	over = 1;
}

static long look_for_ever(void)
{
	long seen = 0;

	signal(SIGTERM, end_loop);
	signal(SIGALRM, SIG_IGN);
	while (!over)
		seen |= pushf64() | pushf16() | pushf_popf() | call_r11() | popf_again();
	return seen;
}

/* Attach, step a while, let go at a random moment; the program must run on, and never have seen anything. */
static void let_go(void)
{
	struct ptl_session *s;
	struct ptl_event ev;
	unsigned round, i, steps;
	int gate;
	pid_t pid = piece_child(look_for_ever, &gate);

	close(gate);
	for (round = 0; round < q_rounds(60); round++) {
		s = q_session(PTL_FOLLOW);
		q_attach(s, pid, &ev);
		steps = q_random(80);
		for (i = 0; i < steps; i++) {
			RESUME(&ev, PTL_STEP);
			q_expect(s, &ev, PTL_EV_STEPPED);
		}
		if (round % 3 == 0)
			RESUME(&ev, PTL_STEP); /* let go in the midst of a step */
		else if (round % 3 == 1)
			RESUME(&ev, PTL_RUN);
		OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
		ptl_session_free(s);
		CHECK(q_state(pid) != 'Z' && q_state(pid) != '-', "round %u: the program died when it was let go", round);
	}
	kill(pid, SIGTERM);
	i = (unsigned)q_reap(pid);
	CHECK(i == 0, "the program ended with %u", i);
}

int main(void)
{
	struct stepped r;

	expect_piece(pushf64, 4);
	expect_piece(pushf16, 6);
	expect_piece(pushf_high, 4);
	expect_piece(pushf_popf, 6);
	expect_piece(popf_again, 6);
	expect_piece(call_r11, 5);
	expect_piece(call_int80, 6);
	expect_piece(movss_pushf, 6);
	expect_piece(iret_flags, 14);
	expect_piece(fork_r11, 8 + 8);
	CHECK(run_free(signal_frames) == 0, "a trap flag without a tracer");
	r = step_through(signal_frames, (const char *)signal_frames + 1);
	CHECK(r.exit == 0, "a signal frame shows the trap flag (%d)", r.exit);
	CHECK(r.signals == 5, "%u signals, 5 sent", r.signals);
	let_go();
	q_check_alone();
	return 0;
}
