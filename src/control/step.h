/* SPDX-License-Identifier: MIT */
/*
 * Stepping: PTL_STEP is one instruction of the program's, whatever the processor and the kernel make of it.
 *
 * A bare PTRACE_SINGLESTEP is not that. What is put right here, each with its program in tests/quirks:
 *
 *   rep movsb ...   stops after every round: one instruction, told when it is done (run to a debug register where rounds are many)
 *   mov ss, pop ss  the next instruction runs in the same step, and after several of them one more: each is told
 *   pushf           stores our trap flag where the program sees it: taken out of the stored image
 *   popf, iret      the kernel, which looks ahead for them, then takes its own trap flag for the program's, and leaves it
 *                   set for ever: they are run to a debug register instead
 *   syscall         leaves it in r11: taken out
 *   system calls    the stop comes after the call, with another code; on their way come stops of their own (fork, exec ...)
 *   exit            never comes back: its instruction is told before its end
 *   execve of ours  the rest of the call that started the program is no instruction of its
 *   signal handler  its entry is a stop at which nothing was executed
 *   sigprocmask     a step's trap that finds SIGTRAP blocked takes the program's handler away: kept from it, and from sight
 *   int3, icebp, a trap flag of the program's own: the step, and then the program's SIGTRAP
 *   icebp           does not advance under some hypervisors
 *   cpuid           takes the next instruction along under some hypervisors
 *
 * The rules are one pure function, pt_step_judge(); step.c is the rest: reading what it needs, doing what it says. A plain
 * instruction costs one PTRACE_GETSIGINFO besides the step, which tells both the kind of stop and where the task stands.
 */
#ifndef PINTLE_CONTROL_STEP_H
#define PINTLE_CONTROL_STEP_H

#include <stdbool.h>
#include <stdint.h>
#include <pintle/control.h>
#include <pintle/insn.h>
#include "os/linux/os.h"

/* What pt_step.kind holds besides the classes of insn.h. */
enum {
	PT_STEP_UNKNOWN = 0,	  /* the code could not be read */
	PT_STEP_CALL_REST = 0xff, /* stepped from within a system call: its end is no instruction */
};

enum { PT_STEP_BEHIND = 8 };

struct pt_step {
	bool active;	 /* resumed to execute the instruction below, not answered yet */
	uint8_t kind;	 /* enum ptl_insn_class, or one of the above */
	uint8_t length;	 /* bytes; 0 unknown */
	uint8_t behind_count;
	struct ptl_insn behind[PT_STEP_BEHIND]; /* what may run along in the same step, in order */
	uint16_t mnemonic;
	uint64_t pc;	 /* where it stands */
	bool here_known; /* `here` is where the task stands now */
	uint64_t here;
	bool rewound;	 /* a call is to be made anew: the kernel will go back to it from `here` */
	int8_t bits;	 /* 64, 32; 0: code of a kind not known; -1: not looked up */
	bool program_tf; /* the program has set the trap flag itself */
	bool tf_stuck;	 /* the kernel takes our trap flag for the program's: it must be taken out by hand */
	bool trap_unblocked; /* SIGTRAP was taken out of its blocked signals, or the kernel would set it to its default */
	uint8_t mask_call; /* enum pt_step_mask: the call is run between syscall-stops, as it changes the blocked signals */
	bool inherited;	 /* newborn of a stepped task: our trap flag may be in its copy of r11 */
	bool to_debug_register; /* runs to `target` instead of being stepped */
	uint64_t target, saved_dr, saved_dr7;
	/* what a stop that was judged still has to be told as */
	uint8_t tell;	 /* steps */
	uint8_t told;	 /* of them so far */
	bool then_signal; /* and then the program's own signal */
	bool judged;
};

/* --- the rules (pure) ------------------------------------------------------------- */

struct pt_step_stop {
	bool trap;   /* SIGTRAP; otherwise another signal */
	int code;    /* si_code */
	uint64_t pc; /* where the task stands */
};

enum pt_step_fix {
	PT_FIX_PUSHED = 1 << 0,	  /* the trap flag in the word on top of the stack */
	PT_FIX_CALL = 1 << 1,	  /* after a system call: r11, mappings, restart */
	PT_FIX_ADVANCE = 1 << 2,  /* move pc behind the instruction */
	PT_FIX_FLAG = 1 << 3,	  /* the program may have changed its own trap flag: look */
	PT_FIX_MODE = 1 << 4,	  /* 64- or 32-bit code: look */
	PT_FIX_HANDLER = 1 << 5,  /* a signal handler was entered */
};

struct pt_step_verdict {
	uint8_t done;  /* instructions executed: 0, 1, and those behind that ran along */
	bool signal;   /* and the stop is a signal of the program's own */
	unsigned fix;  /* enum pt_step_fix */
};

struct pt_step_verdict pt_step_judge(const struct pt_step *step, const struct pt_step_stop *stop);

/* --- doing it ------------------------------------------------------------------------ */

struct ptl_task;

void pt_step_init(struct pt_step *step);

enum pt_step_answer {
	PT_STEP_MORE,	/* not done: go on stepping */
	PT_STEP_DONE,	/* tell PTL_EV_STEPPED; ptl_task.again says whether the stop has more to tell */
	PT_STEP_SIGNAL, /* the stop is what it looks like */
};

/* Before a task is stepped: how to. */
enum pt_os_go pt_step_prepare(struct ptl_task *t);
/* At a syscall-stop of one whose mask_call is set. True: the call is done, tell it; false: go on. */
bool pt_step_mask_stop(struct ptl_task *t, bool is_exit);
/* Before a task that may have been stepped is resumed otherwise, or let go: leaves nothing of ours in its registers. */
void pt_step_settle(struct ptl_task *t);
/* At a signal-delivery-stop of a task that was stepped. raw: its siginfo. */
enum pt_step_answer pt_step_stopped(struct ptl_task *t, const unsigned char raw[128]);
/* Which instruction pt_step_stopped() just said was executed. */
void pt_step_fill(const struct ptl_task *t, struct ptl_event *ev);
/* At any other stop: nothing of ours must stay armed. */
void pt_step_other_stop(struct ptl_task *t);
/* An exit: did it execute the system call's instruction it was resumed for? Once. */
bool pt_step_exited(struct ptl_task *t);
/* A task made by a task. */
void pt_step_inherit(struct ptl_task *child, const struct ptl_task *parent);
void pt_step_exec(struct ptl_task *t);
/*
 * Is a step's trap queued behind the present stop, still to come? Then the task must not be let go before it was taken, or it would
 * die of it.
 */
bool pt_step_trap_pending(struct ptl_task *t);

#endif
