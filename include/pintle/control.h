/* SPDX-License-Identifier: MIT */
/*
 * Control: launch, attach, wait, resume, detach.
 *
 * A SESSION owns tracees.  A PROCESS is an address space with its thread group, a
 * TASK is one thread of it.  The whole use of a session is one loop:
 *
 *	wait -> event -> look at the stopped task -> resume
 *
 * ptl_wait() yields one event; its task stands still until the event is answered
 * with ptl_resume(), which does right by whatever stop it was (delivers the
 * signal, listens in a group-stop, does nothing after an exit).  Several tasks may
 * be stopped at once; each has at most one unanswered event.
 *
 * Threads.  ptrace(2) belongs to a thread: every call on a session must come from
 * the thread that made it (-PTL_ETHREAD otherwise), except ptl_session_kick().  That
 * thread must not exit while the session lives.  Sessions in different threads do
 * not notice each other.
 *
 * The host program.  The library installs no signal handler, writes nothing, reads
 * no environment, and waits only for its own tracees: children of the host program
 * are never reaped, not even those of the session's thread.
 *
 * Lifetimes.  A task pointer stays valid until its PTL_EV_EXITED event has been
 * resumed (or the task detached); a process pointer until the last of its tasks is
 * gone.  Both are borrowed from the session.  Tids are recycled by the kernel; the
 * pair of tid and serial (ptl_task_serial) is unique within a session.
 *
 * Errors.  Negative results, see errors.h.  The session keeps one English sentence
 * on the last failure (ptl_message).  A task may die at any instant (SIGKILL), so
 * any call on it may answer -ESRCH or -PTL_EGONE: that is news, not a failure; its
 * PTL_EV_EXITED follows from ptl_wait().
 *
 * Sources: ptrace(2), wait(2), seccomp(2), clone(2), execve(2).
 */
#ifndef PINTLE_CONTROL_H
#define PINTLE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <pintle/errors.h>
#include <pintle/insn.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ptl_session;
struct ptl_process;
struct ptl_task;

/* --- events ---------------------------------------------------------------- */

enum ptl_event_kind {
	PTL_EV_STARTED = 1,   /* first stop of a task in this session: u.started */
	PTL_EV_EXEC,	      /* execve succeeded, the new image has not begun: u.exec */
	PTL_EV_FORKED,	      /* the task made a task (fork, vfork, clone): u.forked */
	PTL_EV_STEPPED,	      /* one instruction was executed (answer to PTL_STEP): u.stepped */
	PTL_EV_BREAKPOINT,    /* reserved: a site of ours was hit; today's traps are PTL_EV_SIGNAL */
	PTL_EV_WATCHPOINT,    /* reserved: a watched address was touched */
	PTL_EV_SYSCALL_ENTRY, /* about to make a system call: u.entry */
	PTL_EV_SYSCALL_EXIT,  /* it returned: u.exit */
	PTL_EV_SIGNAL,	      /* a signal is about to be delivered: u.signal */
	PTL_EV_GROUP_STOP,    /* stopped by job control; resume leaves it stopped: u.stop */
	PTL_EV_CONTINUED,     /* job control let it run again (SIGCONT) */
	PTL_EV_INTERRUPTED,   /* answer to ptl_interrupt() */
	PTL_EV_EXITED	      /* the task is gone: u.exited; answer it too, to free it */
};

/* How the task came into the session (u.started.how). */
enum ptl_start_how {
	PTL_START_LAUNCHED, /* we executed it */
	PTL_START_ATTACHED, /* it ran before we came */
	PTL_START_BORN	    /* a followed task made it; it has not executed an instruction yet */
};

enum ptl_birth { PTL_BIRTH_FORK = 1, PTL_BIRTH_VFORK, PTL_BIRTH_CLONE };

/* A signal's details, for any ABI; which members mean something follows from code and signo, see sigaction(2). */
struct ptl_siginfo {
	int signo;
	int code;
	int error;   /* si_errno */
	pid_t pid;   /* sender, or child */
	uid_t uid;
	int status;  /* SIGCHLD */
	uint64_t addr;  /* faults: si_addr */
	uint64_t value; /* si_value */
	unsigned char raw[128]; /* siginfo_t as the kernel gave it */
};

struct ptl_event {
	enum ptl_event_kind kind;
	struct ptl_session *session;
	struct ptl_task *task;
	pid_t tid;
	pid_t pid;	   /* thread group, as known when the event was made */
	uint32_t serial;   /* of the task */
	uint32_t sequence; /* internal: which stop this event stands for */
	union {
		struct {
			enum ptl_start_how how;
			pid_t parent; /* tid of the creator, 0 if not known */
			int stop_signo; /* != 0: it is in a job-control stop, and resuming leaves it there */
		} started;
		struct {
			uint64_t address;     /* of the instruction that was executed */
			struct ptl_insn insn; /* length 0: its code could not be read */
		} stepped;
		struct {
			pid_t former_tid; /* differs from tid when a non-leader executed */
			uint32_t former_serial;
		} exec;
		struct {
			enum ptl_birth how;
			pid_t child; /* tid of the newborn */
			struct ptl_task *child_task; /* NULL when births of this kind are not followed */
		} forked;
		struct {
			uint32_t arch; /* AUDIT_ARCH_X86_64 or AUDIT_ARCH_I386: of this call, not of the program */
			uint64_t nr;
			uint64_t args[6];
			uint64_t ip, sp;
			bool seccomp; /* reported by our filter */
		} entry;
		struct {
			int64_t value; /* as the kernel left it: -errno on error */
			bool is_error;
			/* -512 .. -516: the kernel will restart the call, the program never sees this */
		} exit;
		struct {
			struct ptl_siginfo info;
			int deliver; /* = info.signo; set it to 0 to suppress, to another to replace */
		} signal;
		struct {
			int signo;
		} stop;
		struct {
			int code;   /* exit status, if signo == 0 */
			int signo;  /* signal that killed it */
			bool core;  /* core dumped */
			bool last;  /* the process has no other task in this session */
			pid_t superseded_by; /* != 0: vanished in the execve of that former tid */
			bool unknown; /* the status was lost (reaped by somebody else) */
		} exited;
	} u;
};

/* "STARTED", "EXEC" ... Static storage, never NULL. */
PTL_API const char *ptl_event_name(enum ptl_event_kind kind);

/* --- session ---------------------------------------------------------------- */

enum ptl_session_flags {
	/* Follow what the tracees create. Without these, a new task runs free. */
	PTL_FOLLOW_THREADS = 1 << 0,
	PTL_FOLLOW_FORKS = 1 << 1, /* fork, vfork and clone of processes */
	PTL_FOLLOW = PTL_FOLLOW_THREADS | PTL_FOLLOW_FORKS,
	/* Launched programs (and what they create) die with the tracer. Never applies to attached ones. */
	PTL_EXITKILL = 1 << 2,
	/*
	 * The caller has blocked SIGCHLD in every thread of the process and leaves it to this
	 * session: waiting then costs the same with ten thousand tracees as with one, bounded waits
	 * have no latency, and ptl_session_fd() works. For programs, not for libraries.
	 */
	PTL_OWN_SIGCHLD = 1 << 3,
	/*
	 * Where tracer and tracee would bounce between two otherwise idle processors, keep both on
	 * one: the session's thread follows the tracee's processor by its own affinity and, where the
	 * scheduler would move the tracee away, a helper thread of lowest priority holds the other
	 * processor. Judged by measurement, dropped where it does not pay. The tracees' affinity is
	 * never touched. Restored when the session ends.
	 */
	PTL_KEEP_CPU = 1 << 4
};

/* *ret_session: owned by the caller, ptl_session_free(). -ENOMEM, -EINVAL (unknown flag). */
PTL_API PTL_MUST_CHECK int ptl_session_new(struct ptl_session **ret_session, unsigned flags);

/*
 * Detaches what is still traced (as ptl_detach_all), then frees. NULL is allowed. Launched
 * programs that run on belong to the caller as ordinary children. What runs under a filter (ptl_launch.only)
 * cannot go on without the session, and is killed.
 */
PTL_API void ptl_session_free(struct ptl_session *session);

/* One sentence on the last failed call, without a full stop or newline; "" if none. Borrowed until the next failure. */
PTL_API const char *ptl_message(const struct ptl_session *session);

/* Log lines by layer ("control", "os", ...); level 0 off, 1 errors, 2 info, 3 debug. layer NULL: all. -EINVAL: no such layer. */
PTL_API int ptl_session_log(struct ptl_session *session, const char *layer, int level,
	void (*sink)(void *arg, const char *layer, const char *line), void *arg);

/*
 * A descriptor that polls readable when ptl_wait() may have something (PTL_OWN_SIGCHLD only;
 * -PTL_EUNSUPPORTED otherwise). Borrowed; do not read from it.
 */
PTL_API int ptl_session_fd(struct ptl_session *session);

/* --- launch and attach -------------------------------------------------------- */

/* A set of system calls by number, for the kernel-side filter. Bit nr%8 of byte nr/8. */
struct ptl_syscall_set {
	const unsigned char *native; /* AUDIT_ARCH_X86_64 */
	size_t native_len;	     /* bytes */
	const unsigned char *compat; /* AUDIT_ARCH_I386 */
	size_t compat_len;
};

enum ptl_launch_flags {
	/*
	 * PTL_EV_STARTED comes before the execve(2) that starts the program, so that PTL_SYSCALL shows
	 * that call. Failure to execute then shows as that call's result and an exit with status 127.
	 * Otherwise PTL_EV_STARTED comes at the program's first instruction and ptl_launch() itself
	 * reports failure.
	 */
	PTL_LAUNCH_SHOW_EXEC = 1 << 0,
	PTL_LAUNCH_NO_ASLR = 1 << 1, /* ADDR_NO_RANDOMIZE; inherited by its children */
	PTL_LAUNCH_NEW_GROUP = 1 << 2, /* its own process group (setpgid) */
	PTL_LAUNCH_NEW_SESSION = 1 << 3 /* setsid */
};

struct ptl_launch {
	const char *file;	 /* searched in PATH of `environ_` if it has no slash; NULL: argv[0] */
	char *const *argv;	 /* NULL-terminated, at least one */
	char *const *environ_;	 /* NULL: the caller's */
	const char *directory;	 /* NULL: the caller's */
	const uint64_t *sigmask; /* signals it starts with blocked, bit signo - 1; NULL: the calling thread's */
	int stdio[3];		 /* descriptors to become 0, 1, 2; -1: the caller's (so {0} is wrong, see ptl_launch_init) */
	unsigned flags;		 /* ptl_launch_flags */
	bool set_user;		 /* become uid/gid below, with supplementary groups of `user_name` */
	uid_t uid;
	gid_t gid;
	const char *user_name;
	/*
	 * Only these calls stop (PTL_SYSCALL), by a seccomp filter that the program carries for ever.
	 * Needs PTL_FOLLOW_FORKS and PTL_EXITKILL (-EINVAL otherwise): a task that outlives its tracer under such a
	 * filter gets ENOSYS. Unless the caller has CAP_SYS_ADMIN, it sets no_new_privs, under which set-user-id
	 * programs keep the caller's rights.
	 */
	const struct ptl_syscall_set *only;
	/* Run in the child just before execve; only async-signal-safe calls are allowed. May be NULL. Negative -errno stops the launch. */
	int (*child_setup)(void *arg);
	void *child_arg;
};

/* Defaults: everything of the caller's. */
PTL_API void ptl_launch_init(struct ptl_launch *how, char *const *argv);

/*
 * Starts a program, held. Blocks until it stands at its first instruction (or before its execve).
 * ret_task may be NULL. Its PTL_EV_STARTED is the first event of it that ptl_wait() yields.
 * -errno of execve(2), chdir(2), setuid(2)... with a sentence that names the file; nothing is left
 * behind. The program is an ordinary child of the caller otherwise, and is reaped by this session.
 */
PTL_API PTL_MUST_CHECK int ptl_launch(struct ptl_session *session, const struct ptl_launch *how,
	struct ptl_task **ret_task);

enum ptl_attach_flags {
	PTL_ATTACH_THREAD = 1 << 0, /* this thread alone, not its thread group */
};

/*
 * Attaches to a running process, all its threads, also while it creates more, and interrupts them: each yields
 * PTL_EV_STARTED (PTL_START_ATTACHED). pid may be any thread of it. The program sees nothing: a blocking call that the
 * stop interrupted is put back. A process in job-control stop stays stopped.
 * -PTL_ETRACED, -PTL_EZOMBIE, -PTL_EKERNELTASK, -PTL_ESELF, -PTL_EALREADY, -EPERM, -ESRCH, each with a
 * sentence that names cause and remedy.
 */
PTL_API PTL_MUST_CHECK int ptl_attach(struct ptl_session *session, pid_t pid, unsigned flags);

/*
 * Detaches every task of the process, leaving it exactly as it was: running stays running, stopped stays stopped,
 * signals held by unanswered events are delivered. Waits for running tasks to stop, at most timeout_ns (-1: no limit):
 * -PTL_ETIMEOUT then (a vfork parent and a task in uninterruptible sleep cannot be stopped); what could be detached is,
 * and calling again goes on. The process's tasks and unanswered events are gone after success.
 */
PTL_API int ptl_detach(struct ptl_process *process, int64_t timeout_ns);
PTL_API int ptl_detach_task(struct ptl_task *task, int64_t timeout_ns);
PTL_API int ptl_detach_all(struct ptl_session *session, int64_t timeout_ns);

/* --- the loop ------------------------------------------------------------------ */

/*
 * The next event. 1: *ret_event is set. 0: the session has no tracee left. -EINTR: the thread caught a signal of
 * the host program's. Blocks.
 */
PTL_API PTL_MUST_CHECK int ptl_wait(struct ptl_session *session, struct ptl_event *ret_event);

/* The same, at most timeout_ns (0: look only; negative: no limit); -PTL_ETIMEOUT. */
PTL_API PTL_MUST_CHECK int ptl_wait_for(
	struct ptl_session *session, struct ptl_event *ret_event, int64_t timeout_ns);

/* Makes a blocked ptl_wait() of that session return -EINTR. The one call allowed from any thread, and from a signal handler (PTL_OWN_SIGCHLD only). */
PTL_API int ptl_session_kick(struct ptl_session *session);

enum ptl_resume_how {
	PTL_RUN,     /* until something happens */
	PTL_SYSCALL, /* also stop at the next system call's entry or exit */
	/*
	 * One instruction of the program's, also a repeated one (rep), and one that never comes back (exit). The program does not
	 * see that it is stepped. A signal's handler is entered on the way, and its first instruction executed.
	 */
	PTL_STEP
};

/*
 * Answers an event: the task goes on as `how` says. 1; or 0 if there was nothing to resume (after an exit, a group-stop).
 * -PTL_ESTALE: answered before. -ESRCH never: a task that died meanwhile is reported by its PTL_EV_EXITED.
 * Registers changed since the stop are written back here.
 */
PTL_API int ptl_resume(struct ptl_event *event, enum ptl_resume_how how);

/* The same for a task whose event is not at hand. */
PTL_API int ptl_resume_task(struct ptl_task *task, enum ptl_resume_how how);

/* Asks a running task to stop; PTL_EV_INTERRUPTED follows, or whatever stopped it first. 0 also if it is stopped already. */
PTL_API int ptl_interrupt(struct ptl_task *task);

/*
 * Stops every running task of the session and collects the stops, at most timeout_ns (-1: no limit). Stops that are
 * more than the answer to this become events for ptl_wait() as usual; the others are silent, and these tasks
 * go on at ptl_resume_all(). Number of tasks that could not be stopped in time, or negative.
 */
PTL_API int ptl_stop_all(struct ptl_session *session, int64_t timeout_ns);
/* Resumes the tasks that ptl_stop_all() stopped and that have no unanswered event, each as it was resumed last. */
PTL_API int ptl_resume_all(struct ptl_session *session);

/* SIGKILL to the whole process; its exits are reported as usual. */
PTL_API int ptl_kill(struct ptl_process *process);
/* Sends a signal to a task (tgkill) from the caller, as kill(1) would. */
PTL_API int ptl_signal(struct ptl_task *task, int signo);

/* --- what a session knows -------------------------------------------------------- */

enum ptl_task_state {
	PTL_TASK_RUNNING,
	PTL_TASK_STOPPED, /* has an unanswered event, or was stopped by ptl_stop_all() */
	PTL_TASK_EXITED	  /* its PTL_EV_EXITED is not yet answered */
};

PTL_API pid_t ptl_task_tid(const struct ptl_task *task);
PTL_API uint32_t ptl_task_serial(const struct ptl_task *task);
PTL_API enum ptl_task_state ptl_task_state(const struct ptl_task *task);
PTL_API struct ptl_process *ptl_task_process(const struct ptl_task *task);
PTL_API struct ptl_session *ptl_task_session(const struct ptl_task *task);
/* AUDIT_ARCH_X86_64 or AUDIT_ARCH_I386, by the code segment the task ran last. */
PTL_API uint32_t ptl_task_arch(struct ptl_task *task);
/* A kernel worker of the process (io_uring): it is traced like a thread but has no user registers. */
PTL_API bool ptl_task_is_kernel_worker(struct ptl_task *task);
/* One pointer of the caller's per task and per process; NULL at first. */
PTL_API void ptl_task_set_data(struct ptl_task *task, void *data);
PTL_API void *ptl_task_data(const struct ptl_task *task);
PTL_API pid_t ptl_process_pid(const struct ptl_process *process);
PTL_API void ptl_process_set_data(struct ptl_process *process, void *data);
PTL_API void *ptl_process_data(const struct ptl_process *process);
PTL_API struct ptl_task *ptl_find_task(struct ptl_session *session, pid_t tid);
PTL_API struct ptl_process *ptl_find_process(struct ptl_session *session, pid_t pid);
PTL_API size_t ptl_task_count(const struct ptl_session *session);
/* Iterates over all tasks, in no order: start with *pos = 0; NULL at the end. Not across calls that wait. */
PTL_API struct ptl_task *ptl_next_task(const struct ptl_session *session, size_t *pos);

/* --- for small programs ------------------------------------------------------------ */

/*
 * ptl_session_new() and ptl_launch() in one: argv[0] is searched in PATH. Even on failure, unless memory ran out,
 * *ret_session is a session (without tracees) that knows the reason, for ptl_finish().
 */
PTL_API PTL_MUST_CHECK int ptl_start(
	struct ptl_session **ret_session, char *const *argv, unsigned flags);

/*
 * The last line of a small program's main: frees the session and answers its exit status: the launched
 * program's own (128 + signal if it was killed), or, when `result` is negative, 127 (not found), 126 (not
 * executable) or 1, after writing "ERROR: sentence" to stderr. The only function of the library that writes anything.
 */
PTL_API int ptl_finish(struct ptl_session *session, int result);

/* Why a process cannot be traced, or "" if it can. `diagnosis` lines are for people. See doctor. */
struct ptl_diagnosis {
	int result;	     /* what ptl_attach() would answer; 0: nothing stands in the way, and cause is a remark or "" */
	char cause[256];     /* one sentence */
	char remedy[256];    /* one sentence, "" if there is none */
};

/* Looks only; attaches to nothing. pid 0: of the caller and the machine in general. */
PTL_API int ptl_diagnose(pid_t pid, struct ptl_diagnosis *ret_diagnosis);

/* One feature of the running kernel or machine that the library can use. */
struct ptl_feature {
	const char *name;  /* "PTRACE_SEIZE" ...; static */
	bool present;
	char detail[160];  /* value, or why not */
};

/* Probes feature number `index` (0 ...). 1, or 0 past the last. May fork a short-lived child of its own; that child is reaped. */
PTL_API int ptl_feature_probe(unsigned index, struct ptl_feature *ret_feature);

#ifdef __cplusplus
}
#endif
#endif
