/* SPDX-License-Identifier: MIT */
/*
 * Stepping over system calls, into signal handlers and out of them: each instruction is told once, though the stops after a call
 * have another code than those after other instructions, and the entry of a handler is a stop at which nothing was executed.
 */
#include "stepping.h"

PIECE(one_call, "mov $39,%eax\n syscall\n xor %eax,%eax");
PIECE(bad_call, "mov $-1,%rax\n syscall\n cmp $-38,%rax\n setne %al\n movzbl %al,%eax");
PIECE(old_call, "mov $20,%eax\n push %rbx\n int $0x80\n pop %rbx\n xor %eax,%eax");
PIECE(three_calls, "mov $39,%eax\n syscall\n mov $39,%eax\n syscall\n mov $24,%eax\n syscall\n xor %eax,%eax");
/* kill(getpid(), SIGUSR1), with a handler of three instructions and a return of two, all inside the piece. */
PIECE(with_handler,
	"push %rbx\n sub $160,%rsp\n"						    /* 2 */
	"lea 2f(%rip),%rax\n mov %rax,(%rsp)\n movq $0x04000000,8(%rsp)\n"	    /* 3 sa_flags: SA_RESTORER */
	"lea 3f(%rip),%rax\n mov %rax,16(%rsp)\n movq $0,24(%rsp)\n"		    /* 3 */
	"xor %ebx,%ebx\n mov $10,%edi\n mov %rsp,%rsi\n xor %edx,%edx\n mov $8,%r10d\n" /* 5 */
	"mov $13,%eax\n syscall\n"						    /* 2 rt_sigaction */
	"mov $39,%eax\n syscall\n mov %eax,%edi\n mov $10,%esi\n mov $62,%eax\n syscall\n" /* 6 */
	"jmp 4f\n"								    /* 1 */
	"2: nop\n nop\n ret\n"							    /* 3 the handler */
	"3: mov $15,%eax\n syscall\n"						    /* 2 rt_sigreturn */
	"4: add $160,%rsp\n pop %rbx\n xor %eax,%eax");				    /* 3 */
/* vfork and exit, by hand; then wait4. */
PIECE(with_child,
	"mov $57,%eax\n syscall\n test %eax,%eax\n jnz 1f\n"	     /* 4, and 2 of the child */
	"xor %edi,%edi\n mov $60,%eax\n syscall\n"		     /* 3 of the child; the last never comes back */
	"1: mov %eax,%edi\n sub $16,%rsp\n xor %esi,%esi\n xor %edx,%edx\n xor %r10d,%r10d\n" /* 5 */
	"mov $61,%eax\n syscall\n add $16,%rsp\n xor %eax,%eax");     /* 4 */

/* A read that a signal interrupts and the kernel makes anew: the instruction is executed twice, and so told. */
static int ends[2];

static void on_signal(int signo)
{
	(void)signo;
	(void)!write(ends[1], "x", 1);
}

static long restarted(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	char c = 0;

	sigaction(SIGUSR1, &action, NULL);
	return read(ends[0], &c, 1) == 1 && c == 'x' ? 0 : 1;
}

static void restart(void)
{
	struct ptl_session *s = q_session(PTL_FOLLOW);
	struct ptl_event ev;
	uint64_t call = 0, again = 0;
	bool sent = false;
	int gate, status = -1;
	pid_t pid;

	CHECK(!pipe(ends), "no pipe");
	pid = piece_child(restarted, &gate);
	q_attach(s, pid, &ev);
	close(gate);
	RESUME(&ev, PTL_STEP);
	for (;;) {
		int r = ptl_wait_for(s, &ev, sent ? Q_NS(Q_LONG_MS) : Q_NS(300));

		if (r == -PTL_ETIMEOUT && !sent) {
			/* it blocks in the read */
			kill(pid, SIGUSR1);
			sent = true;
			continue;
		}
		CHECK(r >= 0, "ptl_wait_for: %s", ptl_error_name(r));
		if (!r)
			break;
		if (ev.kind == PTL_EV_STEPPED && ev.u.stepped.insn.kind == PTL_INSN_SYSCALL && sent && !call)
			call = ev.u.stepped.address;
		else if (ev.kind == PTL_EV_STEPPED && ev.u.stepped.address == call)
			again++;
		if (ev.kind == PTL_EV_EXITED)
			status = ev.u.exited.code;
		RESUME(&ev, PTL_STEP);
	}
	ptl_session_free(s);
	CHECK(sent, "the read did not block");
	CHECK(status == 0, "the interrupted read did not come back as it should (%d)", status);
	/* its write of the handler is another call; the read's own instruction comes twice */
	CHECK(again == 1, "the restarted call's instruction was told %u times", (unsigned)again + 1);
	waitpid(pid, NULL, WNOHANG | __WALL);
}

int main(void)
{
	expect_piece(one_call, 3);
	expect_piece(bad_call, 5);
	expect_piece(old_call, 5);
	expect_piece(three_calls, 7);
	expect_piece(with_handler, 30);
	expect_piece(with_child, 4 + 5 + 5 + 4);
	restart();
	q_check_alone();
	return 0;
}
