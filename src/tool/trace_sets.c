/* SPDX-License-Identifier: MIT */
/*
 * The sets of the command line: -e trace=, abbrev=, verbose=, raw=, signal=, status=, quiet=, decode-fds=.
 *
 * All share one grammar, [!]VALUE[,VALUE]..., where a leading ! takes what the values do not name, and "all" and
 * "none" have their meaning. What a value is differs from set to set.
 */
#include "tool/trace.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* --- sets of system calls ------------------------------------------------------------ */

static void set_bit(struct call_set *set, unsigned abi, uint32_t nr)
{
	set->bits[abi][nr / 64] |= UINT64_C(1) << (nr % 64);
}

static void fill_abi(struct call_set *set, unsigned abi, bool value)
{
	memset(set->bits[abi], value ? 0xff : 0, sizeof(set->bits[abi]));
	set->unknown[abi] = value;
}

void call_set_fill(struct call_set *set, bool value)
{
	unsigned abi;

	for (abi = 0; abi < PTL_ABI_COUNT; abi++)
		fill_abi(set, abi, value);
}

static bool is_uniform(const struct call_set *set, bool value)
{
	unsigned abi, i;

	for (abi = 0; abi < PTL_ABI_COUNT; abi++) {
		if (set->unknown[abi] != value)
			return false;
		for (i = 0; i < CALL_LIMIT / 64; i++)
			if (set->bits[abi][i] != (value ? UINT64_MAX : 0))
				return false;
	}
	return true;
}

bool call_set_is_full(const struct call_set *set)
{
	return is_uniform(set, true);
}

bool call_set_is_empty(const struct call_set *set)
{
	return is_uniform(set, false);
}

unsigned call_set_count(const struct call_set *set, enum ptl_abi abi)
{
	struct ptl_call_info info;
	uint32_t nr, limit = PT_MIN(ptl_call_limit(abi), (uint32_t)CALL_LIMIT);
	unsigned n = 0;

	for (nr = 0; nr < limit; nr++)
		n += call_set_has(set, abi, nr) && ptl_call_info(abi, nr, &info);
	return n;
}

/* Adds the calls of the tables in `abis` that a predicate wants; false if there were none. */
static bool add_matching(struct call_set *set, unsigned abis,
	bool (*wanted)(const struct ptl_call_info *info, const void *arg), const void *arg)
{
	struct ptl_call_info info;
	bool found = false;
	unsigned abi;
	uint32_t nr;

	for (abi = 0; abi < PTL_ABI_COUNT; abi++) {
		uint32_t limit = PT_MIN(ptl_call_limit((enum ptl_abi)abi), (uint32_t)CALL_LIMIT);

		if (!(abis & 1u << abi))
			continue;
		for (nr = 0; nr < limit; nr++)
			if (ptl_call_info((enum ptl_abi)abi, nr, &info) && wanted(&info, arg)) {
				set_bit(set, abi, nr);
				found = true;
			}
	}
	return found;
}

static bool is_named(const struct ptl_call_info *info, const void *arg)
{
	return !strcmp(info->name, arg);
}

static bool is_in_class(const struct ptl_call_info *info, const void *arg)
{
	return info->classes & *(const uint64_t *)arg;
}

static bool is_matched(const struct ptl_call_info *info, const void *arg)
{
	return !regexec(arg, info->name, 0, NULL, 0);
}

static uint64_t find_class(const char *name)
{
	return ptl_class_find(strcmp(name, "network") ? name : "net"); /* it has two names */
}

/* Classes that may be written without their %, as older scripts do. */
static bool is_old_class(const char *name)
{
	static const char *const names[] = {"file", "desc", "memory", "process", "signal", "ipc", "network", "net"};
	size_t i;

	for (i = 0; i < PT_COUNTOF(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool add_number(struct call_set *set, unsigned abis, const char *text)
{
	uint64_t nr;
	unsigned abi;
	bool found = false;
	struct ptl_call_info info;

	if (!pt_parse_u64(text, &nr) || nr >= CALL_LIMIT)
		return false;
	for (abi = 0; abi < PTL_ABI_COUNT; abi++)
		if (abis & 1u << abi && ptl_call_info((enum ptl_abi)abi, (uint32_t)nr, &info)) {
			set_bit(set, abi, (uint32_t)nr);
			found = true;
		}
	return found;
}

/* One value; 1 if it names anything, 0 if not, negative after a message. */
static int add_value(const struct cmd_call *call, struct call_set *set, unsigned abis, const char *value)
{
	uint64_t classes = 0;
	unsigned abi;

	if (!strcmp(value, "all")) {
		for (abi = 0; abi < PTL_ABI_COUNT; abi++)
			if (abis & 1u << abi)
				fill_abi(set, abi, true);
		return 1;
	}
	if (isdigit((unsigned char)value[0]))
		return add_number(set, abis, value);
	if (value[0] == '/') {
		regex_t re;
		int r = regcomp(&re, value + 1, REG_EXTENDED | REG_NOSUB);
		bool found;

		if (r) {
			char why[128];

			regerror(r, &re, why, sizeof(why));
			cmd_error(call, "invalid regular expression '%s': %s", value + 1, why);
			return -1;
		}
		found = add_matching(set, abis, is_matched, &re);
		regfree(&re);
		return found;
	}
	if (value[0] == '%')
		classes = find_class(value + 1);
	else if (is_old_class(value))
		classes = find_class(value);
	if (classes) {
		add_matching(set, abis, is_in_class, &classes);
		return 1;
	}
	return add_matching(set, abis, is_named, value);
}

/* VALUE[@64|@32|@x32]: cuts the suffix off; 0 if it is none of them. */
static unsigned cut_personality(char *value, const char **ret_bad)
{
	static const struct {
		const char *name;
		enum ptl_abi abi;
	} known[] = {{"64", PTL_ABI_X86_64}, {"32", PTL_ABI_I386}, {"x32", PTL_ABI_X32}};
	char *at = value[0] == '/' ? NULL : strchr(value, '@');
	size_t i;

	if (value[0] == '/') { /* an @ may be part of the expression: only a whole suffix counts */
		at = strrchr(value, '@');
		for (i = 0; at && i < PT_COUNTOF(known); i++)
			if (!strcmp(at + 1, known[i].name))
				break;
		if (!at || i == PT_COUNTOF(known))
			return (1u << PTL_ABI_COUNT) - 1;
	}
	if (!at)
		return (1u << PTL_ABI_COUNT) - 1;
	for (i = 0; i < PT_COUNTOF(known); i++)
		if (!strcmp(at + 1, known[i].name)) {
			*at = '\0';
			return 1u << known[i].abi;
		}
	*ret_bad = at + 1;
	return 0;
}

static void invert(struct call_set *set)
{
	unsigned abi, i;

	for (abi = 0; abi < PTL_ABI_COUNT; abi++) {
		set->unknown[abi] = !set->unknown[abi];
		for (i = 0; i < CALL_LIMIT / 64; i++)
			set->bits[abi][i] = ~set->bits[abi][i];
	}
}

static int add_item(const struct cmd_call *call, struct call_set *set, char *item)
{
	bool optional = false;
	const char *bad = NULL;
	char *whole = strdup(item);
	unsigned abis;
	int r;

	while (*item == '?') {
		optional = true;
		item++;
	}
	abis = cut_personality(item, &bad);
	if (!whole) {
		r = cmd_error(call, "out of memory");
	} else if (!abis) {
		r = cmd_usage_error(call, "incorrect personality designator '%s' in qualification '%s'", bad, whole);
	} else {
		r = add_value(call, set, abis, item);
		if (!r && !optional)
			cmd_error(call, "invalid system call '%s'", whole);
		r = r < 0 || (!r && !optional) ? call->usage_status : 0;
	}
	free(whole);
	return r;
}

int parse_call_set(const struct cmd_call *call, struct call_set *set, const char *text)
{
	const char *values = text;
	bool inverted = false;
	char *copy, *item, *rest;
	int r = 0, items = 0;

	while (*values == '!') {
		inverted = !inverted;
		values++;
	}
	call_set_fill(set, false);
	if (strcmp(values, "none")) {
		copy = strdup(values);
		if (!copy)
			return cmd_error(call, "out of memory");
		for (rest = copy; !r && (item = strsep(&rest, ","));)
			if (*item) {
				r = add_item(call, set, item);
				items++;
			}
		free(copy);
		if (!r && !items) {
			cmd_error(call, "invalid system call '%s'", text);
			r = call->usage_status;
		}
	}
	if (!r && inverted)
		invert(set);
	return r;
}

/* The two words that stand for a whole set, and only alone. */
static bool is_all_or_none(const char *values, bool *ret_all)
{
	*ret_all = !strcmp(values, "all");
	return *ret_all || !strcmp(values, "none");
}

/* --- signals --------------------------------------------------------------------------- */

int parse_signal_set(const struct cmd_call *call, uint64_t *set, const char *text)
{
	const char *values = text;
	bool inverted = false, all;
	char *copy, *item, *rest;
	uint64_t bits = 0;
	int r = 0, items = 0;

	while (*values == '!') {
		inverted = !inverted;
		values++;
	}
	if (is_all_or_none(values, &all)) {
		*set = all != inverted ? UINT64_MAX : 0;
		return 0;
	}
	copy = strdup(values);
	if (!copy)
		return cmd_error(call, "out of memory");
	for (rest = copy; !r && (item = strsep(&rest, ","));) {
		int signo;

		if (!*item)
			continue;
		items++;
		signo = ptl_signal_find(item);
		if (signo >= 1 && signo <= 64)
			bits |= UINT64_C(1) << (signo - 1);
		else if (strcmp(item, "0")) {
			cmd_error(call, "invalid signal '%s'", item);
			r = call->usage_status;
		}
	}
	free(copy);
	if (!r && !items) {
		cmd_error(call, "invalid signal '%s'", text);
		r = call->usage_status;
	}
	if (!r)
		*set = inverted ? ~bits : bits;
	return r;
}

/* --- sets of words ---------------------------------------------------------------------- */

int parse_word_set(const struct cmd_call *call, unsigned *set, unsigned all, const struct set_word *words,
	const char *what, const char *text)
{
	const char *values = text;
	bool inverted = false, whole;
	char *copy, *item, *rest;
	unsigned bits = 0;
	int r = 0, items = 0;

	while (*values == '!') {
		inverted = !inverted;
		values++;
	}
	if (is_all_or_none(values, &whole)) {
		*set = whole != inverted ? all : 0;
		return 0;
	}
	copy = strdup(values);
	if (!copy)
		return cmd_error(call, "out of memory");
	for (rest = copy; !r && (item = strsep(&rest, ","));) {
		const struct set_word *w = words;

		if (!*item)
			continue;
		items++;
		while (w->name && strcmp(w->name, item))
			w++;
		bits |= w->bits;
		if (!w->name) {
			cmd_error(call, "invalid %s '%s'", what, item);
			r = call->usage_status;
		}
	}
	free(copy);
	if (!r && !items) {
		cmd_error(call, "invalid %s '%s'", what, text);
		r = call->usage_status;
	}
	if (!r)
		*set = inverted ? all & ~bits : bits;
	return r;
}
