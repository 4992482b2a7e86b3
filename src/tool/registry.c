/* SPDX-License-Identifier: MIT */
/* The list of commands, in the order in which the help shows them. A new command adds one line to each half. */
#include "tool/cmd.h"

#include <string.h>

extern const struct command cmd_count;
extern const struct command cmd_doctor;
extern const struct command cmd_mem;
extern const struct command cmd_regs;
extern const struct command cmd_tables;
extern const struct command cmd_trace;

const struct command *const cmd_registry[] = {
	&cmd_trace,
	&cmd_count,
	&cmd_doctor,
	&cmd_mem,
	&cmd_regs,
	&cmd_tables,
	NULL,
};

const struct command *cmd_find(const char *name)
{
	size_t i;

	for (i = 0; cmd_registry[i]; i++)
		if (!strcmp(cmd_registry[i]->name, name))
			return cmd_registry[i];
	return NULL;
}
