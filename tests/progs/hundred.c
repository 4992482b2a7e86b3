/* SPDX-License-Identifier: MIT */
/*
 * Executes exactly 100 instructions and exits with status 7: 50 nops, a loop of 15 times 3, the rest setting up and the system
 * call. No C library, so nothing else runs in it.
 */
__asm__(".globl _start\n"
	"_start:\n"
	".rept 50\n\tnop\n.endr\n"     /* 50 */
	"	mov $15, %ecx\n"	/* 1 */
	"1:	nop\n"
	"	dec %ecx\n"
	"	jnz 1b\n"		/* 45 */
	"	nop\n"			/* 1 */
	"	mov $7, %edi\n"	/* 1 */
	"	mov $231, %eax\n"	/* 1: exit_group */
	"	syscall\n");		/* 1 */
