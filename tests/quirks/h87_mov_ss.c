/* SPDX-License-Identifier: MIT */
/* After mov ss the processor runs one more instruction before it stops: both are told, whatever the second is. */
#include "stepping.h"

#define SS "mov %ss,%eax\n mov %eax,%ss\n"

PIECE(and_nop, SS "nop\n xor %eax,%eax");
PIECE(and_jump, SS "jmp 1f\n nop\n 1: xor %eax,%eax");
PIECE(and_call, SS "call 1f\n jmp 2f\n 1: ret\n 2: xor %eax,%eax");
PIECE(and_system_call, "mov $39,%eax\n mov %ss,%ecx\n mov %ecx,%ss\n syscall\n xor %eax,%eax");
PIECE(and_again, SS "mov %eax,%ss\n nop\n xor %eax,%eax");
PIECE(and_repeated, "lea -64(%rsp),%rdi\n mov $3,%ecx\n" SS "rep stosb\n mov %ecx,%eax");
PIECE(from_memory, "mov %ss,%eax\n push %rax\n mov (%rsp),%ss\n nop\n pop %rax\n xor %eax,%eax");

/* The addresses told are those of both. */
static void addresses(void)
{
	struct ptl_session *s = q_session(PTL_FOLLOW);
	struct ptl_event ev;
	uint64_t told[8];
	unsigned n = 0;
	int gate;
	pid_t pid = piece_child(and_nop, &gate);

	q_attach(s, pid, &ev);
	close(gate);
	RESUME(&ev, PTL_STEP);
	while (q_wait(s, &ev)) {
		if (ev.kind == PTL_EV_STEPPED && ev.u.stepped.address - (uintptr_t)and_nop < 8 && n < 8)
			told[n++] = ev.u.stepped.address - (uintptr_t)and_nop;
		RESUME(&ev, PTL_STEP);
	}
	ptl_session_free(s);
	CHECK(n >= 4 && told[0] == 0 && told[1] == 2 && told[2] == 4 && told[3] == 5, "%u told, at %u %u %u %u", n,
		(unsigned)told[0], (unsigned)told[1], (unsigned)told[2], (unsigned)told[3]);
	waitpid(pid, NULL, WNOHANG | __WALL);
}

int main(void)
{
	expect_piece(and_nop, 4);
	expect_piece(and_jump, 4);
	expect_piece(and_call, 6);
	expect_piece(and_system_call, 5);
	expect_piece(and_again, 5);
	expect_piece(and_repeated, 6);
	expect_piece(from_memory, 6);
	addresses();
	q_check_alone();
	return 0;
}
