/* SPDX-License-Identifier: MIT */
/*
 * What kind of stop a wait status tells of: a pure function, the one place where ptrace's overloaded
 * statuses are taken apart.
 *
 * Four kinds of stop share SIGTRAP and the stop signals, so the order of the questions matters
 * (ptrace(2), "Stopped states"): first bits 16-23 (the event), then bit 7 of the signal (TRACESYSGOOD),
 * and only what is left is a signal, about which siginfo decides.
 */
#ifndef PINTLE_CONTROL_CLASSIFY_H
#define PINTLE_CONTROL_CLASSIFY_H

#include <stdbool.h>

enum pt_stop_class {
	PT_STOP_NONE,	   /* not a status that waitpid() gives a tracer (WCONTINUED) */
	PT_STOP_EXITED,	   /* value: exit code */
	PT_STOP_KILLED,	   /* value: signal; core */
	PT_STOP_SYSCALL,   /* entry or exit */
	PT_STOP_SECCOMP,   /* PTRACE_EVENT_SECCOMP */
	PT_STOP_FORK,	   /* PTRACE_EVENT_FORK */
	PT_STOP_VFORK,	   /* PTRACE_EVENT_VFORK */
	PT_STOP_CLONE,	   /* PTRACE_EVENT_CLONE */
	PT_STOP_VFORK_DONE,/* PTRACE_EVENT_VFORK_DONE */
	PT_STOP_EXEC,	   /* PTRACE_EVENT_EXEC */
	PT_STOP_EXIT,	   /* PTRACE_EVENT_EXIT: about to die */
	PT_STOP_TRAP,	   /* PTRACE_EVENT_STOP with SIGTRAP: interrupt, newborn, or SIGCONT while listening */
	PT_STOP_GROUP,	   /* PTRACE_EVENT_STOP with a stop signal; value: the signal */
	PT_STOP_SIGNAL,	   /* about to be delivered; value: the signal. SIGTRAP: see pt_trap_class() */
	PT_STOP_UNKNOWN	   /* an event of a kernel newer than this table; value: its number */
};

struct pt_stop {
	enum pt_stop_class class;
	int value;
	bool core;
};

struct pt_stop pt_classify(int status);

/* What a SIGTRAP about to be delivered is. */
enum pt_trap_class {
	PT_TRAP_STEP,	 /* the answer to PTRACE_SINGLESTEP */
	PT_TRAP_PROGRAM  /* the program's own: int3, icebp, a debug register, kill(2) ... */
};

/*
 * code: si_code of a SIGTRAP; stepping: the task was resumed with PTRACE_SINGLESTEP. A step is reported with TRAP_TRACE, after a
 * system call instruction with TRAP_BRKPT, on entry to a signal handler with code SIGTRAP.
 */
enum pt_trap_class pt_classify_trap(int code, bool stepping);

#endif
