/* SPDX-License-Identifier: MIT */
/* A 32-bit program that loads known values into registers and spins, until somebody gives edi a value, which becomes its exit status. */
#include <stdio.h>

int main(void)
{
	unsigned status;

	puts("ready");
	fflush(stdout);
	__asm__ volatile("movl $0x88776655, %%edx\n movl $-3, %%ecx\n movl $0x5151, %%esi\n xorl %%edi, %%edi\n"
			 "movl $0x12345678, %%eax\n"
			 "1: pause\n testl %%edi, %%edi\n jz 1b\n movl %%edi, %0"
			 : "=r"(status)
			 :
			 : "eax", "ecx", "edx", "esi", "edi", "memory", "cc");
	return (int)(status & 255);
}
