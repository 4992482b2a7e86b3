/* SPDX-License-Identifier: MIT */
/* Help as text, made from the tables of the commands. See cmd.h. */
#include "tool/cmd.h"

#include <string.h>

enum { WIDTH = 80, OPTION_COLUMN = 26 };

/* Appends text broken into lines that begin at a column; the current line already stands there. \n\n is a paragraph. */
static void wrap(struct pt_buf *to, const char *text, size_t column)
{
	size_t at = column;

	while (*text) {
		size_t word;

		if (*text == '\n') {
			while (*text == '\n') {
				pt_buf_putc(to, '\n');
				text++;
			}
			pt_buf_pad(to, column, to->len);
			at = column;
			continue;
		}
		if (*text == ' ') {
			text++;
			continue;
		}
		word = strcspn(text, " \n");
		if (at > column) {
			if (at + 1 + word > WIDTH) {
				pt_buf_putc(to, '\n');
				pt_buf_pad(to, column, to->len);
				at = column;
			} else {
				pt_buf_putc(to, ' ');
				at++;
			}
		}
		pt_buf_add(to, text, word);
		at += word;
		text += word;
	}
	pt_buf_putc(to, '\n');
}

static void option_text(struct pt_buf *to, const struct cmd_option *o)
{
	size_t from = to->len;

	if (!o->id) {
		pt_buf_printf(to, "\n%s:\n", o->help);
		return;
	}
	if (o->letter)
		pt_buf_printf(to, "  -%c", o->letter);
	if (o->letter && o->arg && !o->optional_arg)
		pt_buf_printf(to, " %s", o->arg);
	if (o->name) {
		pt_buf_printf(to, "%s--%s", o->letter ? ", " : "      ", o->name);
		if (o->arg)
			pt_buf_printf(to, o->optional_arg ? "[=%s]" : "=%s", o->arg);
	}
	if (to->len - from > OPTION_COLUMN - 2) {
		pt_buf_putc(to, '\n');
		from = to->len;
	}
	pt_buf_pad(to, OPTION_COLUMN, from);
	wrap(to, o->help, OPTION_COLUMN);
}

static void usage_text(struct pt_buf *to, const char *usage, const char *invocation)
{
	const char *lead = "usage: ";

	while (*usage) {
		size_t len = strcspn(usage, "\n");

		pt_buf_printf(to, "%s%s %.*s\n", lead, invocation, (int)len, usage);
		usage += len;
		usage += *usage == '\n';
		lead = "   or: ";
	}
}

static void tool_text(struct pt_buf *to)
{
	size_t i;

	pt_buf_puts(to, "usage: pintle [--log=LAYER:LEVEL] COMMAND [ARG]...\n"
			"   or: pintle help [COMMAND]\n"
			"   or: pintle --version\n\nCommands:\n");
	for (i = 0; cmd_registry[i]; i++) {
		size_t from = to->len;

		if (cmd_registry[i]->hidden)
			continue;
		pt_buf_printf(to, "  %s", cmd_registry[i]->name);
		pt_buf_pad(to, 12, from);
		pt_buf_printf(to, "%s\n", cmd_registry[i]->summary);
	}
	pt_buf_puts(to, "\n'pintle help COMMAND' tells about one of them. A link named strace to this program\n"
			"is 'pintle trace'. --log=LAYER:LEVEL[,...] logs to standard error what the library\n"
			"does; layers: control, os, sysdec, all; levels: off, error, info, debug.\n");
}

void cmd_help_text(struct pt_buf *to, const struct command *command, const char *invocation)
{
	const struct cmd_option *o;
	const struct cmd_example *e;

	if (!command) {
		tool_text(to);
		return;
	}
	usage_text(to, command->usage, invocation);
	pt_buf_putc(to, '\n');
	if (command->help)
		wrap(to, command->help, 0);
	for (o = command->options; o && (o->id || o->help); o++) {
		if (o == command->options && o->id)
			pt_buf_puts(to, "\nOptions:\n");
		if (o->help)
			option_text(to, o);
	}
	if (command->examples && command->examples->line)
		pt_buf_puts(to, "\nExamples:\n");
	for (e = command->examples; e && e->line; e++)
		pt_buf_printf(to, "  %s\n      %s\n", e->line, e->text);
}

int cmd_show_help(const struct cmd_call *call)
{
	struct pt_buf text = PT_BUF_INIT;
	int r;

	cmd_help_text(&text, call->command, call->prefix);
	r = cmd_print(call, &text);
	pt_buf_done(&text);
	return r;
}
