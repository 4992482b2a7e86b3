/* SPDX-License-Identifier: MIT */
/*
 * Instructions that leave a virtual machine are counted as any other, also those around them. (Some hypervisors execute two in a step; that
 * rule is shown by tests/unit/test_step.c, as this machine may not do so.)
 */
#include "stepping.h"

PIECE(cpuid_loop, "push %rbx\n push $0\n mov $300,%r8d\n"
		  "1: xor %eax,%eax\n xor %ecx,%ecx\n cpuid\n incl (%rsp)\n dec %r8d\n jnz 1b\n"
		  "pop %rax\n pop %rbx\n sub $300,%eax");
PIECE(clocks, "mov $300,%r8d\n 1: rdtsc\n dec %r8d\n jnz 1b\n xor %eax,%eax");
PIECE(xgetbv_loop, "mov $300,%r8d\n 1: xor %ecx,%ecx\n xgetbv\n dec %r8d\n jnz 1b\n xor %eax,%eax");

/* vsyscall: the kernel makes the call itself; the instruction after it runs in the same step. */
PIECE(vsyscall, "sub $8,%rsp\n mov $0xffffffffff600400,%rax\n xor %edi,%edi\n call *%rax\n nop\n nop\n add $8,%rsp\n xor %eax,%eax");
PIECE(vsyscall_pushf, "mov $0xffffffffff600400,%rax\n xor %edi,%edi\n sub $8,%rsp\n call *%rax\n pushfq\n pop %rax\n add $8,%rsp\n shr $8,%eax\n and $1,%eax");

int main(void)
{
	expect_piece(cpuid_loop, 3 + 300 * 6 + 3);
	expect_piece(clocks, 1 + 300 * 3 + 1);
	expect_piece(xgetbv_loop, 1 + 300 * 4 + 1);
	if (run_free(vsyscall) == 0) { /* the kernel has that page */
		expect_piece(vsyscall, 8);
		expect_piece(vsyscall_pushf, 9);
	}
	q_check_alone();
	return 0;
}
