/* SPDX-License-Identifier: MIT */
/*
 * pintle tables: the tables of all commands as one JSON object. Manual pages and shell completions are made from it
 * (tools/docs.py), so that they cannot say anything else than --help does. Hidden: for builders, not users.
 */
#include "tool/cmd.h"
#include "wire/json.h"

#include <string.h>

static void one_option(struct pt_json *j, const struct cmd_option *o)
{
	char letter[2] = {o->letter, '\0'};

	if (!o->help)
		return;
	pt_json_object(j);
	if (!o->id) {
		pt_json_key_string(j, "group", o->help);
	} else {
		if (o->letter)
			pt_json_key_string(j, "letter", letter);
		if (o->name)
			pt_json_key_string(j, "name", o->name);
		if (o->arg) {
			pt_json_key_string(j, "arg", o->arg);
			pt_json_key_bool(j, "optional_arg", o->optional_arg);
		}
		pt_json_key_string(j, "help", o->help);
	}
	pt_json_end(j);
}

static void one_command(struct pt_json *j, const struct command *c)
{
	const struct cmd_option *o;
	const struct cmd_example *e;

	pt_json_object(j);
	pt_json_key_string(j, "name", c->name);
	pt_json_key_string(j, "usage", c->usage);
	pt_json_key_string(j, "summary", c->summary);
	pt_json_key_string(j, "help", c->help ? c->help : "");
	pt_json_key_bool(j, "options_first", c->options_first);
	pt_json_key(j, "options");
	pt_json_array(j);
	for (o = c->options; o && (o->id || o->help); o++)
		one_option(j, o);
	pt_json_end(j);
	pt_json_key(j, "examples");
	pt_json_array(j);
	for (e = c->examples; e && e->line; e++) {
		pt_json_object(j);
		pt_json_key_string(j, "line", e->line);
		pt_json_key_string(j, "text", e->text);
		pt_json_end(j);
	}
	pt_json_end(j);
	pt_json_end(j);
}

static int run(struct cmd_call *call)
{
	struct pt_buf text = PT_BUF_INIT;
	struct pt_json j;
	size_t i;
	int r;

	if (call->argc > 1)
		return strcmp(call->argv[1], "--help") ? cmd_usage_error(call, "takes no arguments") : cmd_show_help(call);
	pt_json_init(&j, &text);
	pt_json_object(&j);
	pt_json_key_string(&j, "version", ptl_version());
	pt_json_key(&j, "commands");
	pt_json_array(&j);
	for (i = 0; cmd_registry[i]; i++)
		if (!cmd_registry[i]->hidden)
			one_command(&j, cmd_registry[i]);
	pt_json_end(&j);
	pt_json_end(&j);
	pt_buf_putc(&text, '\n');
	r = cmd_print(call, &text);
	pt_buf_done(&text);
	return r;
}

const struct command cmd_tables = {
	.name = "tables",
	.usage = "",
	.summary = "the tables of all commands, as JSON",
	.help = "What the manual pages and shell completions are made from.",
	.hidden = true,
	.run = run,
};
