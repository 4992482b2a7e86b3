/* SPDX-License-Identifier: MIT */
/* pintle count, inside: what is counted, how it is shown. */
#ifndef PINTLE_TOOL_COUNT_H
#define PINTLE_TOOL_COUNT_H

#include "tool/cmd.h"

enum count_by { COUNT_BY_TASK, COUNT_BY_MODULE, COUNT_BY_OPCODE };

struct count_config {
	enum count_by by;
	bool json, fast, no_follow;
	const char *output; /* NULL: standard error */
	pid_t *pids;
	size_t pid_count;
	char **argv; /* NULL: attached */
};

/* One thread that was counted; kept after its end. */
struct count_task {
	pid_t tid, pid;
	uint64_t instructions;
	char name[16];
	bool ended;
};

/* One place (module) or kind (opcode) of instructions. */
struct count_row {
	char *name;
	uint64_t instructions;
};

struct count {
	struct cmd_call *call;
	struct count_config config;
	struct ptl_session *session;
	struct pt_vec tasks;   /* struct count_task *, in the order of their births */
	struct pt_vec modules; /* struct count_row */
	uint64_t *opcodes;     /* by mnemonic; NULL unless asked for */
	uint64_t total;
	size_t processes;
	pid_t main_pid;
	bool main_ended;
	int main_code, main_signo;
	bool cut;	  /* ended before the program did */
	bool failed;	  /* a message has said why; some counts are missing */
	uint64_t started_ns, shown_ns;
	bool progress, progress_shown;
};

enum { COUNT_OPCODES = 65536 }; /* every value of ptl_insn.mnemonic */

/* --- count_where.c: which module, which opcode --------------------------------------- */

/* The instruction an event tells of, by --by. */
void count_where(struct count *c, const struct ptl_event *ev);
/* The process has executed another program; its next instruction told is the old program's last. */
void count_where_exec(const struct ptl_event *ev);
void count_where_forget(struct ptl_process *process);

/* --- count_show.c -------------------------------------------------------------------- */

/* The result as text or JSON, appended. */
void count_show(struct count *c, struct pt_buf *to);
void count_progress(struct count *c);
void count_progress_end(struct count *c);
/* 1,234,567 */
void count_add_number(struct pt_buf *to, uint64_t n, size_t width);

/* --- count_fast.c --------------------------------------------------------------------- */

/* Runs the program under the processor's own counter. The exit status; sets c->total. */
int count_fast(struct count *c);

#endif
