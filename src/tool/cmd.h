/* SPDX-License-Identifier: MIT */
/*
 * Commands: what every subcommand of the tool is made of.
 *
 * One file cmd_NAME.c defines one `const struct command cmd_NAME`; registry.c lists them all.
 * Help, manual page and shell completion are made from these tables, so a thing is said once,
 * here, and nowhere else.
 *
 * A command's run() gets a call: its own command line and how its messages begin. It walks the
 * options with opt_next() and returns the exit status of the tool: 0; 1 for a failure it has
 * reported with cmd_error(); 2 for a wrong command line, reported with cmd_usage_error(); or that
 * of the program it ran.
 */
#ifndef PINTLE_TOOL_CMD_H
#define PINTLE_TOOL_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <pintle/pintle.h>
#include "base/base.h"

/* --- tables ------------------------------------------------------------------------- */

/* One option. A table ends with a row of zeros. */
struct cmd_option {
	char letter;	   /* 0: has only a long form */
	const char *name;  /* long form without the dashes; NULL: has only the letter */
	const char *arg;   /* name of its argument in the help, upper case; NULL: takes none */
	bool optional_arg; /* the long form may go without (--name[=ARG]), the letter always does */
	int id;		   /* what opt_next() answers; > 0, OPT_HELP is taken */
	/*
	 * What it does: lower case, no full stop; lines are broken by the printer. NULL: accepted, not
	 * shown (another spelling). A row that has nothing but `help` begins a group of that name.
	 */
	const char *help;
};

enum {
	OPT_END = 0,	   /* no options left; options_first: call->argv[opt.index] is the first operand */
	OPT_ERROR = -1,	   /* reported already; return call->usage_status */
	OPT_OPERAND = -2,  /* *ret_arg is one; not with options_first, there operands begin at OPT_END */
	OPT_HELP = 0x7fff, /* --help, known to every command: return cmd_show_help(call) */
};

struct cmd_example {
	const char *line; /* "pintle trace -f make" */
	const char *text; /* what it does */
};

struct cmd_call;

struct command {
	const char *name;
	const char *usage;   /* "[OPTIONS] PROGRAM [ARG]..."; further forms after a \n */
	const char *summary; /* one line, lower case, no full stop */
	const char *help;    /* paragraphs of the help and manual page, separated by \n\n */
	const struct cmd_option *options;
	const struct cmd_example *examples; /* ends with {NULL, NULL}; may be NULL */
	bool options_first; /* what follows the first operand belongs to somebody else (a program to run) */
	bool hidden;	    /* not in the list of commands */
	int (*run)(struct cmd_call *call);
};

/* Every command, in the order of the help; ends with NULL. */
extern const struct command *const cmd_registry[];
const struct command *cmd_find(const char *name); /* NULL if there is none */

/* --- a call ------------------------------------------------------------------------- */

struct cmd_call {
	const struct command *command;
	const char *prefix; /* "pintle trace"; argv[0] as given when called by a command's other name */
	bool as_strace;	    /* called as strace: its words and its exit statuses */
	int usage_status;   /* exit status of a wrong command line: 2; 1 as strace */
	int argc;	    /* argv[0] is the command's name, argv[argc] is NULL */
	char **argv;
	const char *log;    /* argument of --log, or NULL; checked */
};

/*
 * "PREFIX: text\n" to standard error in one write; bytes that could harm a terminal are escaped. cmd_error returns 1.
 * cmd_usage_error adds where to find help and returns call->usage_status.
 */
int cmd_error(const struct cmd_call *call, const char *fmt, ...) PT_PRINTF(2, 3);
int cmd_usage_error(const struct cmd_call *call, const char *fmt, ...) PT_PRINTF(2, 3);
/* The same without an exit status: progress, "attached" and the like. */
void cmd_note(const struct cmd_call *call, const char *fmt, ...) PT_PRINTF(2, 3);
/* cmd_error() with the session's sentence on its last failure, or the error's own. */
int cmd_session_error(const struct cmd_call *call, const struct ptl_session *session, int result);
/* Makes the session log to standard error what --log asked for. */
void cmd_log(const struct cmd_call *call, struct ptl_session *session);

/* Help of the call's command to standard output; the exit status. */
int cmd_show_help(const struct cmd_call *call);
/* Help of any command, and the tool's own (command NULL), appended to a buffer. */
void cmd_help_text(struct pt_buf *to, const struct command *command, const char *invocation);

/* Writes all of it to a descriptor; false (errno set) if it could not. */
bool cmd_write_all(int fd, const void *bytes, size_t n);
/* Writes to standard output and answers 0, or says what went wrong and answers 1. A closed pipe is silent. */
int cmd_print(const struct cmd_call *call, const struct pt_buf *text);

/* Waits for an untraced child and reaps it; false if there is none. Its exit status, or the signal that killed it. */
bool cmd_wait_child(pid_t pid, int *ret_code, int *ret_signo);
/* A child that has exited and was not waited for, traced or not; it stays so. 0: none. */
pid_t cmd_find_dead_child(void);
/* Dies of a signal, as the traced program died. Returns if that signal does not kill. */
void cmd_die_of(int signo);

/*
 * A process id from the command line: whole, decimal, 1 ... INT_MAX. 0, or the exit status after
 * "invalid process id: 'x'".
 */
int cmd_parse_pid(const struct cmd_call *call, const char *text, pid_t *ret_pid);

/* --- the option parser ---------------------------------------------------------------- */

/*
 * getopt_long(3)'s rules: letters may be bundled (-ff, -fo FILE), a letter's argument may be glued to it,
 * long options may be shortened as long as one fits, "--" ends the options. struct opt_state = {0} begins.
 */
struct opt_state {
	int index;	    /* of the next word */
	const char *bundle; /* rest of a word of bundled letters */
	bool ended;	    /* "--" was seen */
	/* The option just answered, as it was written: "-s" or "--string-limit", for messages. */
	char written[40];
};

int opt_next(const struct cmd_call *call, struct opt_state *state, const char **ret_arg);

#endif
