/* SPDX-License-Identifier: MIT */
/*
 * Loads known values into registers and spins, until somebody gives r15 a value, which becomes its exit status. rbx, rdx, rsi, r8,
 * r12, st0 = 1.5 and xmm1 (its bytes are 0x10 ...), and with the argument "avx" also ymm7 (0x20 ...).
 */
#include <stdio.h>

int main(int argc, char **argv)
{
	static unsigned char bytes[64];
	static const double st = 1.5;
	unsigned long status;

	for (unsigned i = 0; i < 16; i++)
		bytes[i] = (unsigned char)(0x10 + i);
	for (unsigned i = 0; i < 32; i++)
		bytes[16 + i] = (unsigned char)(0x20 + i);
	puts("ready");
	fflush(stdout);
	if (argc > 1)
		__asm__ volatile("vmovdqu 16(%0), %%ymm7" : : "r"(bytes) : "memory");
	__asm__ volatile("movdqu (%1), %%xmm1\n fldl %2\n"
			 "movabs $0x1122334455667788, %%rbx\n movabs $-2, %%rdx\n"
			 "movl $0x5151, %%esi\n movl $8, %%r8d\n xorl %%r15d, %%r15d\n movl $0x1212, %%r12d\n"
			 "1: pause\n testq %%r15, %%r15\n jz 1b\n fstp %%st(0)\n movq %%r15, %0"
			 : "=r"(status)
			 : "r"(bytes), "m"(st)
			 : "rbx", "rdx", "rsi", "r8", "r12", "r15", "memory", "cc");
	return (int)(status & 255);
}
