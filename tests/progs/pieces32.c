/* SPDX-License-Identifier: MIT */
/*
 * 32-bit code that looks at its flags in the ways in which a stepper could betray itself, and executes exactly 25 instructions.
 * Exit status 1: it has seen a trap flag. No C library, so nothing else runs in it.
 */
__asm__(".globl _start\n"
	"_start:\n"
	"	pushfl\n	popl %eax\n	test $0x100, %eax\n	jnz bad\n"		     /* 4 */
	"	pushfl\n	popfl\n	pushfl\n	popl %eax\n	test $0x100, %eax\n	jnz bad\n" /* 6 */
	"	push %ss\n	pop %ss\n	pushfl\n	popl %eax\n"			     /* 4 */
	"	test $0x100, %eax\n	jnz bad\n"					     /* 2 */
	"	lea buffer, %edi\n	mov $1000, %ecx\n	rep stosb\n"		     /* 3 */
	"	mov $20, %eax\n	int $0x80\n"						     /* 2: getpid */
	"	into\n"									     /* 1: no overflow, no trap */
	"	xor %ebx, %ebx\n"							     /* 1 */
	"	mov $1, %eax\n	int $0x80\n"						     /* 2: exit */
	"bad:	mov $1, %ebx\n"
	"	mov $1, %eax\n	int $0x80\n"
	".bss\n"
	"buffer: .skip 1000\n");
