/* SPDX-License-Identifier: MIT */
/*
 * The tool: finds the command and runs it. `pintle COMMAND ...`, or by the name the tool was called by: a link named
 * strace is `pintle trace`.
 */
#include "tool/cmd.h"

#include <stdio.h>
#include <string.h>

/* The tool's own line, before a command is known. */
static const struct command no_command = {.name = "pintle", .options = NULL, .options_first = true};

static bool log_is_wellformed(const char *text)
{
	static const char *const levels[] = {"off", "error", "info", "debug"};
	char word[64];
	size_t i;

	for (;;) {
		size_t len = strcspn(text, ",");
		char *level;
		bool known = false;

		if (len >= sizeof(word))
			return false;
		memcpy(word, text, len);
		word[len] = '\0';
		level = strchr(word, ':');
		if (!level)
			return false;
		*level++ = '\0';
		for (i = 0; i < PT_COUNTOF(levels); i++)
			known |= !strcmp(level, levels[i]);
		if (!known)
			return false;
		known = !strcmp(word, "all");
		for (i = 0; i < PT_LOG_LAYERS; i++)
			known |= !strcmp(word, pt_log_layer_name((enum pt_log_layer)i));
		if (!known)
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

static int run(const struct command *command, const char *prefix, const char *log, int argc, char **argv)
{
	struct cmd_call call = {
		.command = command, .prefix = prefix, .usage_status = 2, .argc = argc, .argv = argv, .log = log};

	return command->run(&call);
}

static int help_on(const struct cmd_call *tool, const char *name)
{
	const struct command *command = name ? cmd_find(name) : NULL;
	struct pt_buf text = PT_BUF_INIT;
	char invocation[64];
	int r;

	if (name && !command)
		return cmd_usage_error(tool, "there is no command '%s'", name);
	snprintf(invocation, sizeof(invocation), "pintle %s", name ? name : "");
	cmd_help_text(&text, command, invocation);
	r = cmd_print(tool, &text);
	pt_buf_done(&text);
	return r;
}

static int show_version(const struct cmd_call *tool)
{
	struct pt_buf text = PT_BUF_INIT;
	int r;

	pt_buf_printf(&text, "pintle %s\n", ptl_version());
	r = cmd_print(tool, &text);
	pt_buf_done(&text);
	return r;
}

int main(int argc, char **argv)
{
	struct cmd_call tool = {.command = &no_command, .prefix = "pintle", .usage_status = 2, .argc = argc, .argv = argv};
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const struct command *command;
	const char *log = NULL;
	char prefix[64];
	int i;

	name = name ? name + 1 : argc > 0 ? argv[0] : "pintle";
	if (!strcmp(name, "strace")) {
		struct cmd_call call = {.command = cmd_find("trace"), .prefix = argv[0], .as_strace = true,
			.usage_status = 1, .argc = argc, .argv = argv};

		return call.command->run(&call);
	}
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return help_on(&tool, argv[i + 1]);
		if (!strcmp(argv[i], "--version") || !strcmp(argv[i], "-V"))
			return show_version(&tool);
		if (strncmp(argv[i], "--log=", 6))
			return cmd_usage_error(&tool, "unrecognized option '%s'", argv[i]);
		log = argv[i] + 6;
		if (!log_is_wellformed(log))
			return cmd_usage_error(&tool, "invalid --log argument: '%s'", log);
	}
	if (i >= argc)
		return cmd_usage_error(&tool, "which command?");
	if (!strcmp(argv[i], "help"))
		return help_on(&tool, argv[i + 1]);
	command = cmd_find(argv[i]);
	if (!command)
		return cmd_usage_error(&tool, "there is no command '%s'", argv[i]);
	snprintf(prefix, sizeof(prefix), "pintle %s", command->name);
	return run(command, prefix, log, argc - i, argv + i);
}
