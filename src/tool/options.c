/* SPDX-License-Identifier: MIT */
/*
 * The option parser over a command's table. See cmd.h. The words of its messages are those of
 * getopt_long(3), which people and scripts know.
 */
#include "tool/cmd.h"

#include <stdio.h>
#include <string.h>

static const struct cmd_option help_option = {0, "help", NULL, false, OPT_HELP, "show this help"};

static const struct cmd_option *find_letter(const struct command *cmd, char letter)
{
	const struct cmd_option *o;

	for (o = cmd->options; o && (o->id || o->help); o++)
		if (o->letter == letter && o->id)
			return o;
	return NULL;
}

struct long_match {
	const struct cmd_option *exact, *first;
	unsigned n; /* different meanings that fit */
	struct pt_buf names;
};

static void consider(struct long_match *m, const struct cmd_option *o, const char *name, size_t len)
{
	if (!o->name || strncmp(o->name, name, len))
		return;
	if (!o->name[len])
		m->exact = o;
	pt_buf_printf(&m->names, " '--%s'", o->name);
	if (m->first && m->first->id == o->id && !m->first->arg == !o->arg)
		return; /* two spellings of one option do not contradict each other */
	if (!m->first)
		m->first = o;
	m->n++;
}

/* Appends every option whose name begins so; an exact one wins. */
static const struct cmd_option *find_long(
	const struct cmd_call *call, const char *name, size_t len, struct long_match *m)
{
	const struct cmd_option *o;

	*m = (struct long_match){.names = PT_BUF_INIT};
	for (o = call->command->options; o && (o->id || o->help); o++)
		if (o->id)
			consider(m, o, name, len);
	if (!m->exact)
		consider(m, &help_option, name, len);
	if (m->exact)
		return m->exact;
	return m->n == 1 ? m->first : NULL;
}

static int long_option(const struct cmd_call *call, struct opt_state *st, const char *word,
	const char **ret_arg)
{
	const char *eq = strchr(word, '=');
	size_t len = eq ? (size_t)(eq - word) : strlen(word);
	struct long_match m;
	const struct cmd_option *o = find_long(call, word, len, &m);
	int id = OPT_ERROR;

	if (!o && m.n > 1)
		cmd_usage_error(call, "option '--%.*s' is ambiguous; possibilities:%s", (int)len, word,
			pt_buf_str(&m.names));
	else if (!o)
		cmd_usage_error(call, "unrecognized option '--%s'", word);
	else if (eq && !o->arg)
		cmd_usage_error(call, "option '--%s' doesn't allow an argument", o->name);
	else if (!eq && o->arg && !o->optional_arg && !call->argv[st->index])
		cmd_usage_error(call, "option '--%s' requires an argument", o->name);
	else {
		id = o->id;
		snprintf(st->written, sizeof(st->written), "--%s", o->name);
		if (eq)
			*ret_arg = eq + 1;
		else if (o->arg && !o->optional_arg)
			*ret_arg = call->argv[st->index++];
	}
	pt_buf_done(&m.names);
	return id;
}

static int letter_option(const struct cmd_call *call, struct opt_state *st, const char **ret_arg)
{
	char letter = *st->bundle++;
	const struct cmd_option *o = find_letter(call->command, letter);

	if (!*st->bundle)
		st->bundle = NULL;
	if (!o) {
		cmd_usage_error(call, "invalid option -- '%c'", letter);
		return OPT_ERROR;
	}
	snprintf(st->written, sizeof(st->written), "-%c", letter);
	if (!o->arg || o->optional_arg)
		return o->id;
	if (st->bundle) {
		*ret_arg = st->bundle;
		st->bundle = NULL;
	} else if (call->argv[st->index]) {
		*ret_arg = call->argv[st->index++];
	} else {
		cmd_usage_error(call, "option requires an argument -- '%c'", letter);
		return OPT_ERROR;
	}
	return o->id;
}

int opt_next(const struct cmd_call *call, struct opt_state *st, const char **ret_arg)
{
	const char *word;

	*ret_arg = NULL;
	if (!st->index)
		st->index = 1;
	if (st->bundle)
		return letter_option(call, st, ret_arg);
	word = call->argv[st->index];
	if (!word)
		return OPT_END;
	if (!st->ended && !strcmp(word, "--")) {
		st->ended = true;
		word = call->argv[++st->index];
		if (!word)
			return OPT_END;
	}
	if (st->ended || word[0] != '-' || !word[1]) {
		if (call->command->options_first)
			return OPT_END;
		st->index++;
		*ret_arg = word;
		return OPT_OPERAND;
	}
	st->index++;
	if (word[1] == '-')
		return long_option(call, st, word + 2, ret_arg);
	st->bundle = word + 1;
	return letter_option(call, st, ret_arg);
}
