/* SPDX-License-Identifier: MIT */
/*
 * os/linux: the only room that knows <sys/ptrace.h>, <sys/wait.h>, procfs and
 * seccomp. Thin and stateless: each function is one kernel interface, made to answer
 * -errno, with the kernel's oddities said beside it.
 */
#ifndef PINTLE_OS_H
#define PINTLE_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* --- ptrace(2) --------------------------------------------------------------------- */

/* PTRACE_O_*; the values are the kernel's. */
enum pt_trace_option {
	PT_TRACE_SYSGOOD = 0x1,
	PT_TRACE_FORK = 0x2,
	PT_TRACE_VFORK = 0x4,
	PT_TRACE_CLONE = 0x8,
	PT_TRACE_EXEC = 0x10,
	PT_TRACE_SECCOMP = 0x80,
	PT_TRACE_EXITKILL = 0x100000,
	PT_TRACE_SUSPEND_SECCOMP = 0x200000 /* needs CAP_SYS_ADMIN; ends with the tracer */
};

int pt_os_seize(pid_t tid, unsigned options);
int pt_os_interrupt(pid_t tid);
int pt_os_listen(pid_t tid);
int pt_os_detach(pid_t tid, int signo);
int pt_os_setoptions(pid_t tid, unsigned options);

enum pt_os_go { PT_GO_RUN, PT_GO_SYSCALL, PT_GO_STEP };
int pt_os_go(pid_t tid, enum pt_os_go how, int signo);

int pt_os_eventmsg(pid_t tid, unsigned long *ret);
/* 128 bytes of siginfo_t. -EINVAL in a group-stop. */
int pt_os_siginfo(pid_t tid, unsigned char ret[128]);
int pt_os_setsiginfo(pid_t tid, const unsigned char info[128]);

/* Size got (regsets have no fixed size: it is asked, never assumed), or -errno. */
int64_t pt_os_getregset(pid_t tid, unsigned note, void *buf, size_t size);
int pt_os_setregset(pid_t tid, unsigned note, const void *buf, size_t size);
int pt_os_peekuser(pid_t tid, unsigned long offset, uint64_t *ret);
int pt_os_pokeuser(pid_t tid, unsigned long offset, uint64_t value);
int pt_os_peek(pid_t tid, uint64_t addr, uint64_t *ret);
int pt_os_poke(pid_t tid, uint64_t addr, uint64_t word);
int pt_os_getsigmask(pid_t tid, uint64_t *ret);
int pt_os_setsigmask(pid_t tid, uint64_t mask);
/* Address of the task's struct rseq, 0 if it has none; -EINVAL, -EIO: a kernel before 5.13. */
int pt_os_rseq(pid_t tid, uint64_t *ret_address);
/* Syscall User Dispatch (mode != 0: on); -EIO: a kernel before 6.4. */
struct pt_os_dispatch {
	uint64_t mode, selector, offset, length;
};
int pt_os_get_dispatch(pid_t tid, struct pt_os_dispatch *ret);
int pt_os_set_dispatch(pid_t tid, const struct pt_os_dispatch *dispatch);

/* struct ptrace_syscall_info as the kernel lays it out. */
struct pt_os_syscall_info {
	uint8_t op, pad[3]; /* PT_SYSCALL_... */
	uint32_t arch;
	uint64_t ip, sp;
	union {
		struct {
			uint64_t nr, args[6];
		} entry; /* also of a seccomp stop */
		struct {
			int64_t value;
			uint8_t is_error;
		} exit;
	};
	uint64_t more[4]; /* later kernels write more */
};
enum { PT_SYSCALL_NONE, PT_SYSCALL_ENTRY, PT_SYSCALL_EXIT, PT_SYSCALL_SECCOMP };
/* -EIO: the kernel (before 5.3) does not have it. */
int pt_os_syscall_info(pid_t tid, struct pt_os_syscall_info *ret);

/* --- waiting ------------------------------------------------------------------------- */

/*
 * Collects a status of this tid, a tracee of the calling thread (__WALL | __WNOTHREAD). The tid; 0: nothing now
 * (block false); -ECHILD: not (or no longer) a tracee of this thread; -EINTR.
 */
int pt_os_wait(pid_t tid, int *ret_status, bool block);
/* The tid of some child or tracee of this thread that has a status to collect, which stays; 0; -ECHILD; -EINTR. */
int pt_os_peek_any(bool block);

/*
 * Takes one pending SIGCHLD, which must be blocked: 1, and the tid it tells of (0: the kernel had no memory for the name); 0:
 * none within timeout (negative: no limit); -EINTR.
 */
int pt_os_sigchld(int64_t timeout_ns, pid_t *ret_tid);
/*
 * A one-shot timer that ends a pt_os_sigchld() of the calling thread (by a SIGCHLD that names nobody). Armed once for many
 * sleeps, it costs nothing in them; a time-out of each would program the clock each time: 3 us in a virtual machine.
 */
int pt_os_tick_new(void **ret_tick); /* -EAGAIN: the user's limit on queued signals is reached */
void pt_os_tick_free(void *tick);
void pt_os_tick_arm(void *tick, int64_t ns);

int pt_os_sigchld_fd(void); /* a descriptor that polls readable while SIGCHLD is pending */

/* Leaves the processor to others for about so long; for less than the timers' slack just to whoever is next. */
void pt_os_nap(int64_t ns);
int64_t pt_os_now(void); /* CLOCK_MONOTONIC, ns */

/* --- processes --------------------------------------------------------------------------- */

pid_t pt_os_gettid(void);
int pt_os_tgkill(pid_t pid, pid_t tid, int signo);

/* What /proc/TID/status says. */
struct pt_os_status {
	pid_t tgid, ppid, tracer;
	int threads;	  /* of the process, zombies too */
	char state;	  /* R S D T t Z X I */
	uint64_t ignored, caught; /* signals */
	uint64_t pending; /* signals queued for the thread or its process that are not blocked */
	int seccomp;	  /* 0: none, 1: strict, 2: filters */
	int filters;	  /* how many; 0 if the kernel (before 5.9) does not say */
};
int pt_os_status(pid_t tid, struct pt_os_status *ret);
uint64_t pt_os_starttime(pid_t tid);	/* 0 if unknown */
int pt_os_task_cpu(pid_t tid);		/* processor it ran on last, or -errno */
bool pt_os_is_kernel_worker(pid_t tid); /* PF_IO_WORKER or PF_USER_WORKER */

int pt_os_task_count(pid_t pid); /* threads of the process, zombies too; 0 if it is gone */
/* Calls fn for each tid of the process; stops when fn answers non-zero, and answers that. -errno if the folder cannot be read. */
int pt_os_each_task(pid_t pid, int (*fn)(void *arg, pid_t tid), void *arg);
/* The same for every process that /proc shows. */
int pt_os_each_process(int (*fn)(void *arg, pid_t pid), void *arg);

/* --- memory ----------------------------------------------------------------------------------- */

/* A descriptor of the task's address space as it is now: after an execve it shows the old one. */
int pt_os_mem_open(pid_t pid, pid_t tid);
/*
 * Bytes transferred, fewer than n where what follows is not mapped; -EIO: not even the first could be had; 0: the address
 * space is gone. Page protection does not count (a private copy is made of a page that is written). A page that
 * userfaultfd(2) has yet to fill answers -EIO instead of blocking.
 */
int64_t pt_os_mem_read(int fd, uint64_t address, void *buffer, size_t n);
int64_t pt_os_mem_write(int fd, uint64_t address, const void *bytes, size_t n);
/*
 * process_vm_readv: faster for much, but it obeys page protection, blocks on a page of userfaultfd(2), and answers -EIO for a whole piece of
 * which one byte is missing: so it is cut into pieces at pages of size `page`, or, with 0, not at all. May transfer less than n.
 */
int64_t pt_os_vm_read(pid_t tid, uint64_t address, void *buffer, size_t n, size_t page);
/* A descriptor of /proc/PID/pagemap: 8 bytes a page, the highest bit says whether it is in memory now. */
int pt_os_pagemap_open(pid_t pid, pid_t tid);
/* The first run of pages within [start, end), both at page borders, that are in memory or swapped out: 1; 0: none. */
int pt_os_pagemap_next(int fd, uint64_t start, uint64_t end, uint64_t *ret_start, uint64_t *ret_end);

/* --- seccomp(2) ----------------------------------------------------------------------------- */

struct sock_fprog;
/*
 * A filter program that answers SECCOMP_RET_TRACE for the calls of two bit sets (bit nr%8 of byte nr/8) and allows the rest.
 * NULL: no memory, or too scattered a set. Owned by caller: pt_os_filter_free.
 */
struct sock_fprog *pt_os_filter_new(const unsigned char *native, size_t native_len,
	const unsigned char *compat, size_t compat_len);
void pt_os_filter_free(struct sock_fprog *prog);
/* Async-signal-safe. Installs it in the caller; sets no_new_privs if it must. */
int pt_os_filter_install(const struct sock_fprog *prog);

/* --- processors -------------------------------------------------------------------------------- */

/*
 * Lets the calling thread finish a bounded piece of work ahead of the tasks it wakes meanwhile: round sixty detached busy threads,
 * each woken before the last is let go, an ordinary thread is put back twice or thrice, 15 ms each. True if the kernel
 * permits it (CAP_SYS_NICE) and pt_os_unhurry() is to follow. That leaves the thread with a short time slice, so that it is not put back
 * on its way out either; pt_os_calm() undoes it, when there is time.
 */
bool pt_os_hurry(void);
void pt_os_unhurry(void);
void pt_os_calm(void);

int pt_os_getcpu(void);
enum { PT_OS_MAXCPUS = 1024 };
struct pt_os_cpuset {
	unsigned long bits[PT_OS_MAXCPUS / (8 * sizeof(long))];
};
int pt_os_getaffinity(pid_t tid, struct pt_os_cpuset *ret);
int pt_os_setaffinity(pid_t tid, const struct pt_os_cpuset *set);

#endif
