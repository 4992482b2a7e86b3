/* SPDX-License-Identifier: MIT */
/*
 * What the tests of stepping share: a child runs a piece of assembly code under PTL_STEP, and the steps told from within the piece are
 * counted. What the piece returns is checked by the child itself and by running it without a tracer as well.
 */
#ifndef STEPPING_H
#define STEPPING_H

#include "quirk.h"

/* A piece: between the labels NAME and NAME_end; called as a function, its value in rax. */
#define PIECE(name, body)                                                                          \
	extern const char name##_end[];                                                            \
	long name(void);                                                                           \
	__asm__(".text\n.globl " #name "\n" #name ":\n" body "\n.globl " #name "_end\n" #name      \
		"_end:\n\tret\n")

struct stepped {
	unsigned inside;   /* steps told from within the piece */
	uint64_t total;
	unsigned signals;  /* signal events */
	int signo, code;   /* of the last one */
	int exit;	   /* exit status of the child; 256 + signal if it was killed */
};

static Q_UNUSED void __attribute__((noreturn)) run_piece(int gate, long (*piece)(void))
{
	char c;

	(void)!read(gate, &c, 1);
	_exit((int)piece() & 0x7f);
}

/* Forks a child that waits at a gate, then runs the piece and exits with its value. */
static Q_UNUSED pid_t piece_child(long (*piece)(void), int *ret_gate)
{
	int gate[2];
	pid_t pid;

	CHECK(!pipe2(gate, O_CLOEXEC), "no pipe");
	pid = q_fork();
	if (!pid) {
		close(gate[1]);
		run_piece(gate[0], piece);
	}
	close(gate[0]);
	*ret_gate = gate[1];
	q_until_asleep(pid);
	return pid;
}

/* Its exit status without a tracer. */
static Q_UNUSED int run_free(long (*piece)(void))
{
	int gate;
	pid_t pid = piece_child(piece, &gate);

	close(gate);
	return q_reap(pid);
}

/* Steps it from the gate to its end. */
static Q_UNUSED struct stepped step_through(long (*piece)(void), const char *end)
{
	struct ptl_session *s = q_session(PTL_FOLLOW);
	struct stepped result = {0};
	struct ptl_event ev;
	uint64_t from = (uintptr_t)piece, to = (uintptr_t)end;
	int gate;
	pid_t pid = piece_child(piece, &gate);

	q_attach(s, pid, &ev);
	close(gate);
	RESUME(&ev, PTL_STEP);
	while (q_wait(s, &ev)) {
		if (ev.kind == PTL_EV_STEPPED) {
			result.total++;
			result.inside += ev.u.stepped.address >= from && ev.u.stepped.address < to;
		} else if (ev.kind == PTL_EV_SIGNAL) {
			result.signals++;
			result.signo = ev.u.signal.info.signo;
			result.code = ev.u.signal.info.code;
		} else if (ev.kind == PTL_EV_EXITED && ev.tid == pid) {
			result.exit = ev.u.exited.signo ? 256 + ev.u.exited.signo : ev.u.exited.code;
		}
		RESUME(&ev, PTL_STEP);
	}
	ptl_session_free(s);
	if (q_state(pid) != '-') /* attached: its end is told to us as its parent too */
		(void)waitpid(pid, NULL, WNOHANG | __WALL);
	return result;
}

/* The piece behaves as it does without a tracer, and so many instructions of it are told. */
#define expect_piece(piece, count) expect_piece_at(__FILE__, __LINE__, #piece, piece, piece##_end, count)
static Q_UNUSED void expect_piece_at(
	const char *file, int line, const char *name, long (*piece)(void), const char *end, unsigned count)
{
	int free_exit = run_free(piece);
	struct stepped r = step_through(piece, end);

	if (r.exit != free_exit)
		q_fail_at(file, line, "%s: exit status %d when stepped, %d when not", name, r.exit, free_exit);
	if (r.inside != count)
		q_fail_at(file, line, "%s: %u instructions told, %u executed", name, r.inside, count);
}

#endif
