/* SPDX-License-Identifier: MIT */
/* Waiting for ordinary children of the tool: a program that reads our output, one we no longer trace. See cmd.h. */
#include "tool/cmd.h"

#include <errno.h>
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
