/* SPDX-License-Identifier: MIT */
/* pintle trace: the system calls of a program tree, with strace's command line and output. */
#include "tool/cmd.h"

static const struct cmd_option options[] = {{0}};

static int run(struct cmd_call *call)
{
	struct opt_state opt = {0};
	const char *arg;
	int id;

	while ((id = opt_next(call, &opt, &arg)) != OPT_END)
		if (id == OPT_HELP)
			return cmd_show_help(call);
		else if (id == OPT_ERROR)
			return call->usage_status;
	return cmd_error(call, "not available in this version");
}

const struct command cmd_trace = {
	.name = "trace",
	.usage = "[OPTIONS] PROGRAM [ARG]...\n[OPTIONS] -p PID",
	.summary = "system calls of a program and its children, decoded",
	.help = "Shows the system calls that a program makes.",
	.options = options,
	.options_first = true,
	.run = run,
};
