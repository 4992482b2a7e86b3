/* SPDX-License-Identifier: MIT */
/*
 * Inside `pintle trace`: what its files share.
 *
 *	trace_options.c   command line -> struct trace_config     trace_sets.c  the sets in it
 *	trace_start.c     programs launched, processes attached   trace_loop.c  events -> writer
 *	trace_text.c      writer of strace's lines                trace_json.c  writer of JSON lines
 *	trace_log.c       where lines go: files, pipes, batching  trace_summary.c  the table of -c
 *	trace_fds.c       what a descriptor is (-y, -P)           trace_sock.c  the same of sockets
 *
 * An event goes from the loop to the filters here, then to the one writer that the run uses. The writer
 * appends to the task's log; the log decides when bytes leave the process.
 */
#ifndef PINTLE_TOOL_TRACE_H
#define PINTLE_TOOL_TRACE_H

#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include "tool/cmd.h"

/* --- sets ---------------------------------------------------------------------------- */

enum { CALL_LIMIT = 1024 };

/* System calls by table and number. */
struct call_set {
	uint64_t bits[PTL_ABI_COUNT][CALL_LIMIT / 64];
	bool unknown[PTL_ABI_COUNT]; /* numbers that have no name, or are beyond CALL_LIMIT */
};

static inline bool call_set_has(const struct call_set *set, enum ptl_abi abi, uint32_t nr)
{
	return nr < CALL_LIMIT ? set->bits[abi][nr / 64] >> (nr % 64) & 1 : set->unknown[abi];
}

void call_set_fill(struct call_set *set, bool value);
bool call_set_is_full(const struct call_set *set);
bool call_set_is_empty(const struct call_set *set);
/* How many known calls of a table are in it. */
unsigned call_set_count(const struct call_set *set, enum ptl_abi abi);

/*
 * The grammar of -e: [!]VALUE[,VALUE]... Each answers 0, or the exit status after a message. The set is replaced.
 */
int parse_call_set(const struct cmd_call *call, struct call_set *set, const char *text);
int parse_signal_set(const struct cmd_call *call, uint64_t *set, const char *text); /* bit signo - 1 */
/* Words of a table to bits; `what` names the set in the message: "invalid status 'x'". */
struct set_word {
	const char *name;
	unsigned bits;
};
int parse_word_set(const struct cmd_call *call, unsigned *set, unsigned all, const struct set_word *words,
	const char *what, const char *text);

/* --- configuration -------------------------------------------------------------------- */

enum trace_status { STATUS_SUCCESSFUL = 1, STATUS_FAILED = 2, STATUS_UNFINISHED = 4, STATUS_UNAVAILABLE = 8,
	STATUS_DETACHED = 16, STATUS_ALL = 31 };

enum trace_quiet { QUIET_ATTACH = 1, QUIET_EXIT = 2, QUIET_PATH = 4, QUIET_PERSONALITY = 8,
	QUIET_THREAD_EXECVE = 16, QUIET_ALL = 31 };

enum trace_decode { DECODE_PATH = 1, DECODE_SOCKET = 2, DECODE_DEV = 4, DECODE_PIDFD = 8, DECODE_ALL = 15 };

enum trace_clock { CLOCK_NONE, CLOCK_TIME, CLOCK_UNIX };

/* How many digits after the second. */
enum trace_precision { PRECISION_S = 0, PRECISION_MS = 3, PRECISION_US = 6, PRECISION_NS = 9 };

enum trace_daemonize { DAEMONIZE_NO, DAEMONIZE_GRANDCHILD, DAEMONIZE_PGROUP, DAEMONIZE_SESSION };

enum trace_summary_mode { SUMMARY_NO, SUMMARY_ONLY, SUMMARY_TOO };

enum trace_choice { CHOICE_AUTO, CHOICE_NEVER, CHOICE_ALWAYS };

enum summary_column { COLUMN_PERCENT, COLUMN_TOTAL, COLUMN_MIN, COLUMN_MAX, COLUMN_AVG, COLUMN_CALLS, COLUMN_ERRORS,
	COLUMN_NAME, COLUMN_COUNT, COLUMN_NOTHING = COLUMN_COUNT };

struct trace_config {
	/* what to run */
	char **argv;	       /* NULL: attach only */
	const char *argv0;
	pid_t *pids;
	size_t pid_count;
	char **environment;    /* owned vector; the strings are not */
	const char *user;
	enum trace_daemonize daemonize;
	int interruptible;     /* 0: the default, else -I */
	bool follow, separate, kill_on_exit, detach_on_exec;
	enum trace_choice seccomp;
	uint64_t call_limit;   /* 0: none */
	/* which events */
	struct call_set trace, abbrev, verbose, raw;
	bool trace_is_full, raw_is_empty;
	uint64_t signals;      /* bit signo - 1 */
	unsigned status, quiet, decode_fds;
	const char **paths;    /* -P: as given, then those of real_paths that differ */
	size_t path_count;
	char **real_paths;     /* owned; of each given path, or NULL */
	size_t given_paths;
	/* how lines look */
	struct ptl_decode_options decode;
	unsigned column;
	enum trace_clock clock;
	enum trace_precision clock_precision;
	bool relative, call_times;
	enum trace_precision relative_precision, call_precision;
	bool show_ip, show_nr, pid_names, always_pid, json;
	enum trace_choice color;
	/* where they go */
	const char *output;    /* NULL: standard error */
	bool append;
	/* the table */
	enum trace_summary_mode summary;
	bool wall_clock;
	int64_t overhead_ns;   /* -1: measure it */
	enum summary_column sort_by, columns[COLUMN_COUNT];
	unsigned column_count;
};

/*
 * Reads the command line. 0: go on; otherwise *ret_status is the exit status (help and version were printed, or an error
 * reported). trace_config_done in any case.
 */
int trace_options(struct cmd_call *call, struct trace_config *config, int *ret_status);
void trace_config_done(struct trace_config *config);

/* --- logs ----------------------------------------------------------------------------- */

struct trace_task;

/* A stream of lines: the file, pipe or terminal that one or all tasks are shown on. */
struct trace_log {
	struct pt_buf text;	 /* not yet written */
	int64_t line;		 /* where the current line began, relative to text.data: negative once parts of it are written */
	struct trace_task *open; /* whose line is not finished yet, or NULL */
	int fd;
	bool prompt; /* somebody may be looking: write before a tracee goes on */
	bool owned;  /* fd is to be closed */
};

struct trace;

int trace_log_open(struct trace *t); /* the shared log; 0, or the exit status after a message */
/*
 * The log of a task: the shared one, or with -ff its own, opened now; `again` goes on in a file of this run. NULL: it could not
 * be opened, the run ends.
 */
struct trace_log *trace_log_of(struct trace *t, pid_t tid, bool again);
void trace_log_free_own(struct trace *t, struct trace_log *log);
/* Writes what is there. On failure sets t->ending, once with a message. */
void trace_log_flush(struct trace *t, struct trace_log *log);
/* Before a tracee goes on. */
void trace_log_settle(struct trace *t, struct trace_log *log);
void trace_log_flush_all(struct trace *t);
/* Flushes and closes all, waits for a program we pipe to. */
void trace_log_close(struct trace *t);

/* --- tasks ------------------------------------------------------------------------------ */

struct trace_task {
	struct ptl_task *task;
	pid_t tid, pid;
	uint32_t serial;
	struct trace_log *log;
	/* the call it is in, or was in last */
	struct ptl_call call;
	struct ptl_decode_state decode;
	struct ptl_call_info info;
	enum ptl_abi abi;
	uint32_t nr;
	uint64_t ip;
	bool in_call;	/* between entry and exit */
	bool shown;	/* this call goes to the writer */
	bool begun;	/* its entry was written, or is held */
	bool broken;	/* its line was ended by somebody else's: "<... resumed>" comes next */
	bool is_execve;
	bool seccomp;	/* its entry was reported by the filter: an exit stop must be asked for */
	int64_t entry_ns;  /* CLOCK_MONOTONIC, when times are asked for */
	struct timespec entry_wall;
	int64_t entry_cpu_ns;
	struct pt_buf held; /* a line that may yet be dropped (-e status), or a JSON object in the making */
	int64_t held_start; /* of its column 0 */
	/* its life */
	uint32_t arch;	/* of the program, 0: not known yet */
	bool hidden;	/* nothing of it is shown until it executes the program (-D) */
	bool attached;	/* it ran before us: on ^C it lives on */
	int schedstat_fd; /* -c: its processor time; -1 not open */
	pid_t superseder; /* thread that took over this task's id */
	char comm[17];
};

/* --- writers ---------------------------------------------------------------------------- */

/* What can be shown; one const struct a format. A writer never blocks and never fails: trouble shows at the log. */
struct trace_writer {
	void (*entry)(struct trace *t, struct trace_task *k);
	void (*exit)(struct trace *t, struct trace_task *k, int64_t elapsed_ns);
	/* the call will never return: the task dies (died), or goes out of our sight */
	void (*cut)(struct trace *t, struct trace_task *k, bool died);
	void (*signal)(struct trace *t, struct trace_task *k, const struct ptl_siginfo *info);
	void (*stopped)(struct trace *t, struct trace_task *k, int signo);
	void (*exited)(struct trace *t, struct trace_task *k, const struct ptl_event *ev);
	void (*superseded)(struct trace *t, struct trace_task *k, pid_t by);
	/* its execve gives it another id (to), and with -ff another log: called before */
	void (*moves)(struct trace *t, struct trace_task *k, pid_t to);
	void (*attached)(struct trace *t, struct trace_task *k, unsigned threads, bool born, pid_t parent);
	void (*detached)(struct trace *t, struct trace_task *k);
	void (*personality)(struct trace *t, struct trace_task *k, uint32_t arch);
};

extern const struct trace_writer trace_text_writer, trace_json_writer;

/* --- the whole --------------------------------------------------------------------------- */

struct trace_summary;

struct trace {
	const struct cmd_call *call;
	struct trace_config config;
	struct ptl_session *session;
	struct ptl_decoder *decoder;
	struct ptl_memory memory; /* of the task `current` */
	struct ptl_task *current; /* whose event is being handled */
	const struct trace_writer *writer; /* NULL: the summary is all there is to see */
	struct trace_log shared;
	struct trace_log **own_logs; /* -ff */
	size_t own_log_count;
	pid_t pipe_pid; /* program that reads our output, or 0 */
	struct trace_summary *summary;
	struct pt_map sockets; /* what was last known of each, by inode; -yy */
	size_t tasks;	/* alive; decides about "[pid N]" */
	bool print_pid; /* in front of each line of a file */
	bool color;
	int64_t last_line_ns; /* -r */
	time_t minute;	      /* since 1970, for which `local` holds; -t */
	struct tm local;
	uint64_t calls_shown;
	/* the launched program */
	char *file; /* what is executed; owned */
	struct rlimit found_files; /* RLIMIT_NOFILE as we were started with */
	pid_t main_pid;
	bool main_started; /* it is the program, no longer our fork */
	int exec_error;	   /* why it never became that */
	bool main_ended;
	int main_code, main_signo; /* how */
	bool filtered; /* it carries a seccomp filter */
	int gate;      /* -D: a byte written here lets it go */
	/* the end */
	bool limit_reached; /* --syscall-limit */
	bool timer_on;	    /* lines wait in memory */
	bool ending;   /* stop as soon as possible: detach, write, go */
	int status;    /* exit status for that case */
	int fatal_signal; /* that ends us, or 0 */
	unsigned signals_seen; /* of those under the filter, where the first does not end us */
};

int trace_daemonize(struct trace *t);	 /* -D; only the tracer returns. 0, or the exit status after a message */
int trace_start(struct trace *t);	 /* launch and attach; the same */
void trace_loop(struct trace *t);	 /* until there is nothing left to trace, or t->ending */
void trace_end_tracees(struct trace *t); /* lets go, kills or outlasts what is left, by the rules of each */

/* trace_signals.c */
void trace_install_signals(struct trace *t); /* handlers and masks by -I */
void trace_restore_signals(void);	     /* in a child before exec: as we found them; async-signal-safe */
uint64_t trace_found_mask(void);	     /* signals that were blocked when we started, bit signo - 1 */
bool trace_wants_attention(void);	     /* a signal or a tick came since the last call */
int trace_caught_signal(unsigned *ret_count); /* the first fatal one, or 0; how many came */
bool trace_signal_reached(pid_t program); /* the program got that signal as well: it came from the terminal we share */
void trace_timer(bool on);		     /* ticks end waits with -EINTR: every 50 ms, or (off) every 250 */

int64_t trace_now_ns(clockid_t clock);

/* trace_fds.c: callbacks of the decoder, and the filter of -P. */
void trace_fd_text(void *arg, void *task, int fd, struct pt_buf *out);
void trace_pid_text(void *arg, void *task, int pid, struct pt_buf *out);
/* A path as it stands between < and >: C escapes in octal, the angles escaped too. */
void trace_put_path(struct pt_buf *to, const char *path, size_t len);
void trace_read_comm(struct trace_task *k); /* its name now; as it was, if it is gone */
int trace_netlink_protocol(void *arg, void *task, int fd);
void trace_ifindex_text(void *arg, void *task, unsigned int ifindex, struct pt_buf *out);
bool trace_path_match(struct trace *t, struct trace_task *k);
int trace_paths_prepare(struct trace *t);
/* Text of a socket by its inode, from the kernel; false if it is not known there. trace_sock.c */
bool trace_sock_text(struct trace *t, const char *proc_fd_path, uint64_t inode, struct pt_buf *out);
void trace_sock_forget(struct trace *t);

/* trace_summary.c */
int trace_summary_new(struct trace *t);
void trace_summary_free(struct trace_summary *s);
void trace_summary_entry(struct trace *t, struct trace_task *k);
void trace_summary_exit(struct trace *t, struct trace_task *k, bool is_error);
void trace_summary_print(struct trace *t);

/* A number at least that wide, filled from the left. */
void trace_put_padded(struct pt_buf *to, uint64_t v, unsigned width, char fill);

#endif
