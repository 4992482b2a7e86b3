/* SPDX-License-Identifier: MIT */
/* The kept way into a process's memory: one descriptor of /proc/PID/mem an address space. See memory.c. */
#ifndef PINTLE_CONTROL_MEMORY_H
#define PINTLE_CONTROL_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include "arch/arch.h"

struct pt_memory {
	int fd;	      /* -1 until first used */
	bool refused; /* it could not be opened: do not try at every read */
	uint64_t syscall_insn; /* where inject.c found a system call instruction of syscall_arch; 0: not yet */
	const struct pt_arch *syscall_arch;
};

void pt_memory_init(struct pt_memory *m);
void pt_memory_done(struct pt_memory *m);
void pt_memory_forget(struct pt_memory *m); /* at execve: the descriptor shows the old address space */

#endif
