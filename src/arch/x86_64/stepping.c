/* SPDX-License-Identifier: MIT */
/* What a stepper must know of the processor and of the kernel's entries. See arch.h. */
#include "arch/arch.h"

#include "base/base.h"

/* The kernel's user code segments (asm/segment.h there). Others come from a local table and may be anything. */
enum { CS_32 = 0x23, CS_64 = 0x33 };

#define VSYSCALL_PAGE UINT64_C(0xffffffffff600000)

int pt_arch_code_bits(uint64_t cs)
{
	return cs == CS_64 ? 64 : cs == CS_32 ? 32 : 0;
}

bool pt_arch_is_emulated_page(uint64_t pc)
{
	return (pc & ~UINT64_C(0xfff)) == VSYSCALL_PAGE;
}

/*
 * mmap mprotect munmap mremap shmat shmdt remap_file_pages pkey_mprotect, of x86-64; then munmap mmap mprotect mremap mmap2 ipc
 * remap_file_pages pkey_mprotect shmat shmdt of i386. In one list, since a call of 64-bit code may be either kind: what it means in the other is
 * harmless here.
 */
static const uint16_t mappers[] = {9, 10, 11, 25, 30, 67, 216, 329, 91, 90, 125, 163, 192, 117, 257, 380, 397, 398};

bool pt_arch_changes_maps(uint64_t nr)
{
	size_t i;

	for (i = 0; i < PT_COUNTOF(mappers); i++)
		if (mappers[i] == nr)
			return true;
	return false;
}

/* The frame is a ucontext_t: <sys/ucontext.h>, uc_mcontext.gregs. */
bool pt_arch_is_sigreturn(uint64_t nr)
{
	return nr == 15;
}

bool pt_arch_is_sigprocmask(uint64_t nr)
{
	return nr == 14;
}

/* clone vfork clone3; vfork clone of i386 */
bool pt_arch_may_share_memory(uint64_t nr)
{
	return nr == 56 || nr == 58 || nr == 435 || nr == 190 || nr == 120;
}
