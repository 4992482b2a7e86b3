/* SPDX-License-Identifier: MIT */
/*
 * control, from inside: what a session, a process and a task are made of, and who may
 * change what. The outside is <pintle/control.h>.
 *
 * THE LIFE OF ONE STOP. Data flows one way:
 *
 *	wait.c     collects a raw wait status of a task                 RUNNING -> READY
 *	classify.c says what kind of stop a status is (pure)
 *	event.c    makes the event of it when ptl_wait() hands it out   READY -> STOPPED
 *	           (or swallows it: our own doings, then back to RUNNING)
 *	resume.c   answers it                                           STOPPED -> RUNNING
 *
 *	            collect            hand out            answer
 *	  RUNNING ----------> READY -----------> STOPPED ----------> RUNNING
 *	     |                  |    swallow        |                   |
 *	     |<-----------------+-------------------+--- killed --------+
 *	     v
 *	   READY (death) --> EXITED --answer--> freed
 *
 * INVARIANTS
 *  - A task is in session->running exactly when its state is RUNNING; in session->ready
 *    exactly when READY. Newest resumed stands first in running (see wait.c).
 *  - task->status is valid in READY and STOPPED. In a synthetic death it is not.
 *  - Nothing of a stop is read before it is handed out: the task may die in between.
 *  - interrupt_owed: PTRACE_INTERRUPT was issued while the task ran as far as we knew, and no stop was
 *    seen since. Any stop takes it away (ptrace_stop() in the kernel), unless the task stood already when it
 *    was issued: then it comes after the next resume. Nothing tells which; so when such a task is resumed from
 *    a stop of another kind the interrupt is interrupt_stray: its stop may come and means nothing.
 */
#ifndef PINTLE_CONTROL_INTERNAL_H
#define PINTLE_CONTROL_INTERNAL_H

#include "base/base.h"
#include "control/classify.h"
#include "control/memory.h"
#include "control/code.h"
#include "control/regs.h"
#include "control/step.h"
#include "os/linux/os.h"

#include <pintle/control.h>
#include <pintle/inspect.h>

enum pt_task_state { PT_RUNNING, PT_READY, PT_STOPPED, PT_EXITED };

struct pt_link {
	struct pt_link *prev, *next;
};

/* Where a task stands on its way to its first event. */
enum pt_phase {
	PT_PHASE_LIVE,	    /* PTL_EV_STARTED was handed out */
	PT_PHASE_NEWBORN,   /* made by a tracee; no stop seen yet */
	PT_PHASE_ATTACHING, /* seized, interrupt owed */
	PT_PHASE_LAUNCHED,  /* held by ptl_launch: its STARTED is due */
	PT_PHASE_UNWANTED   /* made by a tracee, but not followed: detached at its first stop */
};

struct ptl_task {
	struct pt_link link; /* session->running or session->ready */
	struct ptl_session *session;
	struct ptl_process *process;
	pid_t tid;
	uint32_t serial;
	uint32_t sequence; /* counts stops: an event of an earlier one is stale */
	enum pt_task_state state;
	enum pt_phase phase;
	int status;	      /* raw wait status of the present stop */
	struct pt_stop stop;  /* the same, classified; set when handed out */
	int inject;	      /* signal to deliver at resume */
	enum ptl_resume_how how; /* as it was resumed last */
	pid_t parent;		 /* tid of its creator, 0 unknown */
	pid_t superseded_by;	 /* synthetic death: vanished in that tid's execve */
	pid_t former_tid;	 /* at an exec stop */
	uint32_t arch;		 /* AUDIT_ARCH_* of the last system call or regset; 0 unknown */
	bool interrupt_owed;
	bool interrupt_stray;
	bool interrupt_wanted; /* the caller waits for PTL_EV_INTERRUPTED */
	bool interrupted;      /* the present stop came without a cause that the program could know of */
	bool listening;	       /* in a job-control stop, PTRACE_LISTEN */
	bool born;	       /* made by a tracee */
	bool again;	       /* STARTED was handed out at a stop that is an event of its own, still to come */
	bool silent;	       /* stopped by ptl_stop_all(), no event of it */
	bool filtered;	       /* carries our seccomp filter: entries come by it */
	bool before_exec;      /* launched with PTL_LAUNCH_SHOW_EXEC and not there yet */
	bool in_syscall;       /* entry seen, exit not: only for kernels without PTRACE_GET_SYSCALL_INFO */
	bool awaited;	       /* counted in process->attaching: attached, no stop seen yet */
	signed char kernel_worker; /* -1: not looked up yet */
	struct pt_regs_cache regs;
	struct pt_step step;
	void *data;
};

struct ptl_process {
	struct ptl_session *session;
	pid_t pid;
	size_t tasks;
	size_t attaching;   /* tasks that are awaited */
	bool whole;	    /* attached as a whole: every thread belongs to us */
	bool launched;
	uint64_t starttime; /* tells a recycled pid */
	struct pt_memory memory;
	struct pt_code code;
	void *data;
};

struct ptl_session {
	unsigned flags;
	pid_t owner;	     /* tid of the only thread that may use it */
	uintptr_t owner_self; /* pthread_self() of it, which costs nothing to compare */
	struct pt_map tasks; /* tid -> struct ptl_task */
	struct pt_map processes;
	struct pt_map undetached; /* tids of dead first threads of processes that were let go: to be reaped without a word */
	struct pt_map early; /* tids of newborns that lived and died before their creator's event was collected */
	struct pt_link running, ready; /* heads */
	size_t running_count;
	uint32_t next_serial;
	bool no_syscall_info; /* the kernel has no PTRACE_GET_SYSCALL_INFO */
	int sigchld_fd;	      /* -1 until asked for */
	volatile int kicked;
	bool maker_killed; /* a task was, since wait.c last looked for newborns whose maker was */
	bool has_filter; /* a launched program carries our seccomp filter */
	bool hurried; /* pt_os_calm() is due */
	/* wait.c: when the whole list was last looked through, and what that cost */
	int64_t scanned_at, scan_cost;
	size_t hot;	      /* running tasks worth looking at before sleeping */
	unsigned hot_skipped; /* waits since it was worth none */
	bool hot_owed;	      /* as scan_owed, for those worth looking at */
	int64_t hot_at;	      /* when they were looked at last */
	void *tick;	      /* ends a sleep in which something is owed; NULL: none could be had */
	bool no_tick;
	int64_t tick_armed;   /* ns it was set to; 0: it is not */
	bool scan_owed; /* a SIGCHLD was taken since: another may have merged with it */
	struct pt_cpu *cpu; /* affinity.c, PTL_KEEP_CPU */
	struct pt_log log;
	char message[512];
	int launch_status; /* wait status of the first launched process, for ptl_finish() */
	pid_t launch_pid;
};

#define PT_TASK_OF(l) ((struct ptl_task *)(l)) /* link is the first member */

/* --- session.c: tables and lists ----------------------------------------------------- */

/* The sentence for the last failure; answers `result`. */
int pt_fail(struct ptl_session *s, int result, const char *fmt, ...) PT_PRINTF(3, 4);
/* -PTL_ETHREAD from any thread but the owner. */
int pt_check_thread(struct ptl_session *s);
/* The same for calls that are made at every stop, without a system call: does not know a forked copy of the owner. */
int pt_check_caller(struct ptl_session *s);

struct ptl_process *pt_process_get(struct ptl_session *s, pid_t pid); /* found or made; NULL: no memory */
void pt_process_put(struct ptl_process *p); /* freed if it has no task */
/* A new running task of a process (made as needed); NULL: no memory. */
struct ptl_task *pt_task_new(struct ptl_session *s, pid_t tid, pid_t pid, enum pt_phase phase);
void pt_task_free(struct ptl_task *t); /* and its process with the last of its tasks */
/* Gives the task another tid and process (execve by a thread that is not the leader). */
int pt_task_rekey(struct ptl_task *t, pid_t tid);

void pt_list_init(struct pt_link *head);
void pt_mark_running(struct ptl_task *t);
void pt_mark_ready(struct ptl_task *t, int status);
void pt_mark_stopped(struct ptl_task *t);
void pt_mark_exited(struct ptl_task *t);

/* --- wait.c ------------------------------------------------------------------------------ */

/* Takes a status that was collected for a tid into the tables. The task may be unknown yet. */
bool pt_is_end(const struct ptl_task *t); /* READY: is what was collected its end? */
int pt_take_status(struct ptl_session *s, pid_t tid, int status);
/* Collects until at least one task is ready: 1. 0: nothing to wait for. -PTL_ETIMEOUT, -EINTR. */
int pt_collect(struct ptl_session *s, int64_t timeout_ns);
/*
 * Waits for this running task alone until it stops or dies, READY. Other tasks are left alone. deadline: pt_os_now()
 * time, negative: none. -PTL_ETIMEOUT. -PTL_EZOMBIE: it is the first thread of its process, and dead, which is told
 * only after the end of all the others.
 */
int pt_wait_task(struct ptl_task *t, int64_t deadline);
/*
 * The same for all tasks of a list, which is put in another order. All are looked at in turn: in an execve one of them
 * stops or dies only after others have been reaped. Number of those that did not in time; *ret_dead: of those
 * that are such first threads.
 */
int pt_wait_tasks(struct ptl_task **list, size_t n, int64_t deadline, size_t *ret_dead);

/* --- event.c -------------------------------------------------------------------------------- */

/* READY -> STOPPED or EXITED with an event: 1. Swallowed and resumed: 0. */
int pt_hand_out(struct ptl_task *t, struct ptl_event *ret);
/* Are tasks that this process makes, threads or processes, to be reported? */
bool pt_is_followed(const struct ptl_session *s, const struct ptl_process *p, bool thread);
/*
 * The task that a task at a fork, vfork or clone stop has made; entered in the tables, UNWANTED if not followed. -ESRCH:
 * its maker died under our hands. -ENOMEM.
 */
int pt_newborn(struct ptl_task *t, enum pt_stop_class birth, pid_t *ret_tid, struct ptl_task **ret_child);

/* --- resume.c --------------------------------------------------------------------------------- */

/* Lets a stopped task go on. 0 also if it died. */
int pt_go(struct ptl_task *t, enum ptl_resume_how how, int signo);
/* PTRACE_INTERRUPT to a running task unless one is owed already. 0 also if it died. */
int pt_interrupt(struct ptl_task *t);
unsigned pt_options(const struct ptl_session *s, const struct ptl_process *p, bool filtered);

/* --- restart.c ----------------------------------------------------------------------------------- */

/*
 * Before a stopped task is resumed or detached with this signal: if its stop made a blocking call fail with EINTR though
 * nothing came that the program would know of without us, puts the call back, so that it runs again.
 */
void pt_restart_interrupted_call(struct ptl_task *t, int signo);

/* --- attach.c ---------------------------------------------------------------------------------------- */

/* Seizes threads of the process that are not ours yet; number found, or negative. */
int pt_attach_scan(struct ptl_process *p);

/* --- affinity.c ---------------------------------------------------------------------------------------- */

int pt_cpu_init(struct ptl_session *s);
void pt_cpu_done(struct ptl_session *s);
void pt_cpu_note_stop(struct ptl_session *s, struct ptl_task *t);

#endif
