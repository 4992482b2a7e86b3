/* SPDX-License-Identifier: MIT */
/*
 * Ordinary children of the tool (a program that reads our output, one we no longer trace), and the tool's own end after its
 * program's. See cmd.h.
 */
#include "tool/cmd.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

bool cmd_wait_child(pid_t pid, int *ret_code, int *ret_signo)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	*ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	*ret_signo = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return true;
}

void cmd_die_of(int signo)
{
	struct rlimit none = {0, 0}; /* no core file of ours over the program's */
	sigset_t set;

	setrlimit(RLIMIT_CORE, &none);
	signal(signo, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signo);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(signo);
}

pid_t cmd_find_dead_child(void)
{
	siginfo_t info = {0};

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WNOTHREAD) ? 0 : info.si_pid;
}
