/* SPDX-License-Identifier: MIT */
/*
 * What the system tells of a process without tracing it: for people, and for tools such as `pintle doctor`.
 */
#ifndef PINTLE_PROCINFO_H
#define PINTLE_PROCINFO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <pintle/errors.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ptl_process_info {
	pid_t pid;	 /* as asked: a process's or a thread's */
	pid_t tgid;	 /* its process */
	pid_t parent, tracer; /* 0: none, or one of another pid namespace */
	char state;	 /* R S D T t Z X I, see proc(5) */
	char name[64];	 /* comm; the process's own words: any bytes but NUL */
	char parent_name[64], tracer_name[64];
	uint32_t uid[3], gid[3]; /* real, effective, saved */
	uint64_t cap_permitted, cap_effective; /* bit: number of the capability */
	int seccomp;	 /* 0 none, 1 strict, 2 filters */
	unsigned threads;
	pid_t live_thread; /* a live one, when the first has exited; else 0 */
	uint32_t arch;	 /* AUDIT_ARCH_X86_64 or AUDIT_ARCH_I386 of its executable; 0: other, or not to be read */
	bool dumpable;	 /* /proc belongs to its user; not to be told apart for root's processes: true */
	bool kernel_thread;
	char wait_channel[64]; /* the kernel function it sleeps in, "" if none or not to be read */
	char namespace_pids[64]; /* its ids from this pid namespace inwards, tab between them */
	char label[128]; /* its security module's profile, "" if none */
};

/* -ESRCH, -EINVAL (no process id); -ENOENT: /proc is not mounted. */
PTL_API PTL_MUST_CHECK int ptl_process_info(pid_t pid, struct ptl_process_info *ret_info);

#ifdef __cplusplus
}
#endif
#endif
