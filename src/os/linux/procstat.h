/* SPDX-License-Identifier: MIT */
/*
 * What /proc tells of a process, for people and for the diagnosis of refused attaches: never on a hot path.
 *
 * Every reader takes the descriptor of a folder that looks like /proc, so that machines which are not at hand
 * (Yama, other kernels) can be put in its place by a test.
 */
#ifndef PINTLE_PROCSTAT_H
#define PINTLE_PROCSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PT_CAP_SYS_PTRACE = 19 };

struct pt_proc_status {
	char name[64]; /* comm; any bytes but NUL: escape it when shown */
	char state;
	pid_t tgid, ppid, tracer;
	uint32_t uid[3], gid[3]; /* real, effective, saved */
	uint64_t cap_permitted, cap_effective;
	int seccomp; /* 0 none, 1 strict, 2 filters */
	int threads;
	bool kthread;
	char nspid[64]; /* ids from this pid namespace inwards, tab between them */
};

/* Text of a file below the folder, cut at size - 1, NUL-terminated. Its length, or -errno. */
int pt_proc_text(int proc, const char *path, char *buf, size_t size);
/* The first number in a file. */
int pt_proc_number(int proc, const char *path, int64_t *ret);
/* Of a process or a thread. -ESRCH: there is none. */
int pt_proc_status(int proc, pid_t pid, struct pt_proc_status *ret);
/* The kernel function it sleeps in, "" if it runs or that may not be known. */
void pt_proc_wchan(int proc, pid_t pid, char *buf, size_t size);
/* AUDIT_ARCH_X86_64 or AUDIT_ARCH_I386, by the executable; 0: neither, or not to be read. */
uint32_t pt_proc_arch(int proc, pid_t pid);

/* Everything that can decide whether this caller may trace that process. */
struct pt_facts {
	bool general;  /* of the caller and the machine, of no process in particular */
	pid_t pid;
	int error;     /* errno of the refusal; 0: nothing was tried */
	pid_t pid_max; /* ids stay below */
	bool exists;
	bool hidden; /* it exists, but /proc does not show it */
	struct pt_proc_status it;
	unsigned live_threads; /* not dead; counted when the given one is */
	pid_t live_tid;	       /* one of them */
	uint32_t owner;	       /* of the files in /proc/PID: root's when the process is not dumpable */
	int same_user_ns;      /* 1, 0; -1: not to be known, which itself means no access */
	char label[128];       /* its security module's profile, "" if none */
	char tracer_name[64], parent_name[64];
	pid_t tracer_tgid;
	/* the caller */
	pid_t self;
	struct pt_proc_status me;
	bool initial_user_ns;
	bool traces_me;	   /* it is the caller's tracer, or that one's, and so on */
	bool descendant;   /* of the caller */
	bool filtered;	   /* a seccomp filter refuses ptrace(2) */
	int yama;	   /* kernel.yama.ptrace_scope; -1: there is no Yama */
};

/* Looks only. error: the errno that ptrace(2) gave, or 0. */
void pt_facts_gather(int proc, pid_t pid, int error, struct pt_facts *ret);

#endif
