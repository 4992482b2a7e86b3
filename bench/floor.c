/* SPDX-License-Identifier: MIT */
/*
 * The floor: what ptrace itself costs, by the barest loop that there is.
 *
 *	floor syscall PROGRAM...   stops at each call's entry and exit, does nothing there
 *	floor step PROGRAM...      stops after each instruction; prints "N instructions, NS each" to standard error
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	int status, step;
	long n = 0;
	double t;
	pid_t p;

	if (argc < 3)
		return 2;
	step = !strcmp(argv[1], "step");
	p = fork();
	if (p == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	waitpid(p, &status, 0);
	ptrace(PTRACE_SETOPTIONS, p, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC);
	if (step) { /* count from the program's first instruction, as the peer does */
		ptrace(PTRACE_CONT, p, 0, 0);
		waitpid(p, &status, __WALL);
	}
	t = now();
	for (;;) {
		ptrace(step ? PTRACE_SINGLESTEP : PTRACE_SYSCALL, p, 0, 0);
		if (waitpid(p, &status, __WALL) < 0 || WIFEXITED(status) || WIFSIGNALED(status))
			break;
		n++;
	}
	if (step)
		fprintf(stderr, "%ld instructions, %.1f ns each\n", n, (now() - t) / (double)n);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
