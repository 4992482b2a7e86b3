/* SPDX-License-Identifier: MIT */
/*
 * The command line of `pintle trace`: the table of options, and from it struct trace_config.
 *
 * Names and meanings are strace's (its manual page). What that has and this has not yet is in the table too, so that it
 * is refused by name.
 *
 * Long because of the table, a third of it, and since each option's reader stands beside the others: what one accepts often depends on
 * what another did.
 */
#include "tool/trace.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

extern char **environ;
extern const struct cmd_option trace_option_table[];

enum option_id {
	ID_EXPRESSION = 1, ID_ENV, ID_ATTACH, ID_USER, ID_ARGV0, ID_DETACH_ON, ID_DAEMONIZE, ID_FOLLOW, ID_SEPARATE,
	ID_INTERRUPTIBLE, ID_KILL_ON_EXIT, ID_CALL_LIMIT, ID_SECCOMP,
	ID_TRACE, ID_SIGNAL, ID_STATUS, ID_PATH, ID_SUCCESSFUL, ID_FAILED,
	ID_COLUMN, ID_ABBREV, ID_VERBOSE, ID_RAW, ID_QUIET, ID_DECODE_FDS, ID_DECODE_PIDS, ID_COMM, ID_IP, ID_NR, ID_OUTPUT, ID_APPEND,
	ID_RELATIVE, ID_STRING_LIMIT, ID_TIMESTAMPS, ID_CALL_TIMES, ID_UNABBREVIATED, ID_HEX, ID_NAMES, ID_ARG_NAMES, ID_COLOR,
	ID_ALWAYS_PID, ID_JSON,
	ID_SUMMARY_ONLY, ID_SUMMARY, ID_OVERHEAD, ID_SORT, ID_COLUMNS, ID_WALL_CLOCK, ID_VERSION,
	ID_UNAVAILABLE
};

#define UNAVAILABLE(letter, name, arg) {letter, name, arg, false, ID_UNAVAILABLE, NULL}
#define UNAVAILABLE_OPTIONAL(letter, name) {letter, name, "X", true, ID_UNAVAILABLE, NULL}

const struct cmd_option trace_option_table[] = {
	{.help = "What to trace"},
	{'p', "attach", "PID", false, ID_ATTACH, "attach to a running process; may be repeated, and PID may be a list (1,2,3)"},
	{'f', "follow-forks", NULL, false, ID_FOLLOW, "trace what it creates as well, processes and threads; -ff: and write a file for each (-o FILE gives FILE.PID)"},
	{'E', "env", "VAR[=VAL]", false, ID_ENV, "set a variable of the program's environment, or remove it"},
	{'u', "user", "USER", false, ID_USER, "run the program as that user, by name or number"},
	{0, "argv0", "NAME", false, ID_ARGV0, "what the program sees as its own name"},
	{'b', "detach-on", "CALL", false, ID_DETACH_ON, "leave a process alone from that call on; CALL can only be execve"},
	{'D', "daemonize", "WHERE", true, ID_DAEMONIZE, "be a grandchild of the program, not its parent; -DD: in an own process group; -DDD: in an own session"},
	{'I', "interruptible", "WHEN", false, ID_INTERRUPTIBLE, "what signals can end the tracer: 1 anywhere, 2 waiting (while no call is being shown), 3 never, 4 never_tstp (nor stop it)"},
	{0, "kill-on-exit", NULL, false, ID_KILL_ON_EXIT, "kill the launched program and what it started when the tracer ends"},
	{0, "syscall-limit", "N", false, ID_CALL_LIMIT, "detach from everything after N calls were shown"},
	{0, "seccomp-bpf", "WHEN", true, ID_SECCOMP, "let the kernel pick the calls, so that others do not stop: always (the default of the option), auto (otherwise), never; needs -f"},

	{.help = "Which events"},
	{'e', NULL, "EXPR", false, ID_EXPRESSION, "SET=VALUES, where SET is one of the long options trace, signal, status, quiet, abbrev, verbose, raw, decode-fds, decode-pids; VALUES alone is trace=VALUES"},
	{0, "trace", "CALLS", false, ID_TRACE, "these calls: [!][?]NAME,/REGEX,%CLASS,all,none; @64, @32 or @x32 at the end of one limits it to that kind of program"},
	{0, "signal", "SIGNALS", false, ID_SIGNAL, "these signals: [!]NAME,...,all,none"},
	{0, "signals", "SIGNALS", false, ID_SIGNAL, NULL},
	{0, "status", "KINDS", false, ID_STATUS, "calls that ended so: [!]successful,failed,unfinished,unavailable,detached,all,none"},
	{'P', "trace-path", "PATH", false, ID_PATH, "calls that touch PATH, by name or by descriptor; may be repeated"},
	{'z', "successful-only", NULL, false, ID_SUCCESSFUL, "calls that succeeded"},
	{'Z', "failed-only", NULL, false, ID_FAILED, "calls that failed"},

	{.help = "How it looks"},
	{0, "json", NULL, false, ID_JSON, "one JSON object a line instead of text; see docs/json.md"},
	{'a', "columns", "COLUMN", false, ID_COLUMN, "where results begin (40)"},
	{0, "abbrev", "CALLS", false, ID_ABBREV, "shorten the structs of these calls (all)"},
	{'v', "no-abbrev", NULL, false, ID_UNABBREVIATED, "show structs in full"},
	{0, "verbose", "CALLS", false, ID_VERBOSE, "look behind pointers of these calls (all)"},
	{0, "raw", "CALLS", false, ID_RAW, "show arguments of these calls as numbers"},
	{'s', "string-limit", "N", false, ID_STRING_LIMIT, "show at most N bytes of a string (32)"},
	{'x', "strings-in-hex", "WHICH", true, ID_HEX, "hexadecimal strings: -x for those with unprintable characters (non-ascii), -xx for all; non-ascii-chars: only such characters; none"},
	{'X', "const-print-style", "STYLE", false, ID_NAMES, "constants as raw numbers, as names (abbrev), or both (verbose)"},
	{'N', "arg-names", NULL, false, ID_ARG_NAMES, "show the names of arguments"},
	{'y', "decode-fds", "KINDS", true, ID_DECODE_FDS, "tell what descriptors are: path, -yy or all: also socket, dev, pidfd; none"},
	{'Y', NULL, NULL, false, ID_COMM, "tell the names of processes by their ids"},
	{0, "decode-pids", "KINDS", false, ID_DECODE_PIDS, "the same: comm, none"},
	{'i', "instruction-pointer", NULL, false, ID_IP, "show where in the program the call was made"},
	{'n', "syscall-number", NULL, false, ID_NR, "show the call's number"},
	{'t', "absolute-timestamps", "FORMAT", true, ID_TIMESTAMPS, "show the time of day; -tt: with microseconds; -ttt: seconds since 1970. FORMAT: [format:]none|time|unix, [precision:]s|ms|us|ns"},
	{0, "timestamps", "FORMAT", true, ID_TIMESTAMPS, NULL},
	{'r', "relative-timestamps", "PRECISION", true, ID_RELATIVE, "show the time since the line before; PRECISION: s, ms, us (the default), ns"},
	{'T', "syscall-times", "PRECISION", true, ID_CALL_TIMES, "show how long each call took"},
	{0, "always-show-pid", NULL, false, ID_ALWAYS_PID, "show the process id even when there is only one"},
	{0, "color", "WHEN", true, ID_COLOR, "auto: colours on a terminal (the default), always, never"},
	{'q', "quiet", "KINDS", true, ID_QUIET, "leave out: attach, exit, path-resolution, personality, thread-execve, all; -q: attach,personality; -qq: and exit; -qqq: all"},
	{0, "silent", "KINDS", true, ID_QUIET, NULL},
	{0, "silence", "KINDS", true, ID_QUIET, NULL},

	{.help = "Where it goes"},
	{'o', "output", "FILE", false, ID_OUTPUT, "write to FILE, or to a program's input if it begins with | or !"},
	{'A', "output-append-mode", NULL, false, ID_APPEND, "append to FILE"},
	{0, "output-separately", NULL, false, ID_SEPARATE, "a file for each process: FILE.PID"},

	{.help = "The table"},
	{'c', "summary-only", NULL, false, ID_SUMMARY_ONLY, "count calls, errors and time instead of showing them; a table at the end"},
	{'C', "summary", NULL, false, ID_SUMMARY, "the same beside the normal output"},
	{'w', "summary-wall-clock", NULL, false, ID_WALL_CLOCK, "count time from entry to exit, not processor time in the kernel"},
	{'O', "summary-syscall-overhead", "TIME", false, ID_OVERHEAD, "time to subtract from each call for the tracing itself; a number of microseconds, or with unit s, ms, us, ns"},
	{'S', "summary-sort-by", "COLUMN", false, ID_SORT, "order of the table: time, min-time, max-time, avg-time, calls, errors, name, nothing"},
	{'U', "summary-columns", "COLUMNS", false, ID_COLUMNS, "columns of the table: time-percent, total-time, min-time, max-time, avg-time, calls, errors, name"},

	{.help = "Other"},
	{'h', "help", NULL, false, OPT_HELP, "show this help"},
	{'V', "version", NULL, false, ID_VERSION, "show the version"},

	UNAVAILABLE('k', "stack-traces", NULL),
	UNAVAILABLE(0, "stack-trace", NULL),
	UNAVAILABLE(0, "stack-trace-frame-limit", "N"),
	UNAVAILABLE(0, "inject", "X"),
	UNAVAILABLE(0, "fault", "X"),
	UNAVAILABLE(0, "read", "X"),
	UNAVAILABLE(0, "write", "X"),
	UNAVAILABLE(0, "kvm", "X"),
	UNAVAILABLE(0, "namespace", "X"),
	UNAVAILABLE_OPTIONAL(0, "secontext"),
	UNAVAILABLE(0, "pidns-translation", NULL),
	UNAVAILABLE(0, "trace-fds", "X"),
	UNAVAILABLE_OPTIONAL(0, "tips"),
	UNAVAILABLE('d', "debug", NULL),
	{0},
};

enum { MOST_STRING = (1 << 30) - 1 }; /* -s */

/* --- small values ------------------------------------------------------------------------ */

struct parse {
	struct cmd_call *call;
	struct trace_config *c;
	struct opt_state opt;
	/* repeated letters, judged at the end */
	unsigned follow, daemonize, hex, fds, quiet, stamps;
	bool daemonize_set, stamps_set, quiet_set, column_set, sort_set, overhead_set, z_seen;
	const char *b_call;
	size_t pid_cap, path_cap, env_len;
	struct pt_vec env;
};

static int bad_argument(struct parse *p, const char *arg)
{
	return cmd_usage_error(p->call, "invalid %s argument: '%s'", p->opt.written, arg);
}

static bool parse_count(const char *arg, uint64_t max, uint64_t *ret)
{
	return isdigit((unsigned char)arg[0]) && pt_parse_u64(arg, ret) && *ret <= max;
}

static bool parse_precision(const char *arg, enum trace_precision *ret)
{
	static const struct {
		const char *name;
		enum trace_precision precision;
	} known[] = {{"s", PRECISION_S}, {"ms", PRECISION_MS}, {"us", PRECISION_US}, {"ns", PRECISION_NS}};
	size_t i;

	for (i = 0; i < PT_COUNTOF(known); i++)
		if (!strcmp(arg, known[i].name)) {
			*ret = known[i].precision;
			return true;
		}
	return false;
}

/* NUMBER[s|ms|us|ns], microseconds if there is no unit. */
static bool parse_duration(const char *arg, int64_t *ret_ns)
{
	static const int64_t unit[] = {[PRECISION_S] = 1000000000, [PRECISION_MS] = 1000000, [PRECISION_US] = 1000,
		[PRECISION_NS] = 1};
	enum trace_precision precision = PRECISION_US;
	char *end;
	double v;

	if (!isdigit((unsigned char)arg[0]) && arg[0] != '.')
		return false;
	errno = 0;
	v = strtod(arg, &end);
	if (end == arg || errno || (*end && !parse_precision(end, &precision)))
		return false;
	v *= (double)unit[precision];
	if (!(v >= 0 && v < 9e18))
		return false;
	*ret_ns = (int64_t)v;
	return true;
}

/* [[format:]FORMAT][,[precision:]PRECISION], in any order; of two the later counts. */
static bool parse_timestamps(const char *arg, enum trace_clock *clock, enum trace_precision *precision)
{
	static const struct {
		const char *name;
		enum trace_clock clock;
	} clocks[] = {{"none", CLOCK_NONE}, {"time", CLOCK_TIME}, {"unix", CLOCK_UNIX}};
	char copy[256], *rest = copy, *item;

	if (strlen(arg) >= sizeof(copy))
		return false;
	strcpy(copy, arg);
	if (*clock == CLOCK_NONE)
		*clock = CLOCK_TIME;
	while ((item = strsep(&rest, ","))) {
		bool is_format = !strncmp(item, "format:", 7), is_precision = !strncmp(item, "precision:", 10);
		size_t i;

		if (!*item)
			continue;
		item += is_format ? 7 : is_precision ? 10 : 0;
		for (i = 0; !is_precision && i < PT_COUNTOF(clocks); i++)
			if (!strcmp(item, clocks[i].name))
				break;
		if (!is_precision && i < PT_COUNTOF(clocks))
			*clock = clocks[i].clock;
		else if (is_format || !parse_precision(item, precision))
			return false;
	}
	return true;
}

static bool parse_choice(const char *arg, enum trace_choice *ret)
{
	static const char *const names[] = {[CHOICE_AUTO] = "auto", [CHOICE_NEVER] = "never", [CHOICE_ALWAYS] = "always"};
	size_t i;

	for (i = 0; i < PT_COUNTOF(names); i++)
		if (!strcmp(arg, names[i])) {
			*ret = (enum trace_choice)i;
			return true;
		}
	return false;
}

/* --- lists -------------------------------------------------------------------------------- */

static void *grow(void *items, size_t len, size_t *cap, size_t item)
{
	if (len < *cap)
		return items;
	*cap = *cap ? *cap * 2 : 8;
	return reallocarray(items, *cap, item);
}

/* Ids separated by commas and white space, as pidof and pgrep print them. */
static int add_pids(struct parse *p, const char *text)
{
	static const char separators[] = ", \t\n";
	struct trace_config *c = p->c;
	size_t n = 0;

	while (*(text += strspn(text, separators))) {
		size_t len = strcspn(text, separators);
		char word[32];
		uint64_t v = 0;
		pid_t *grown;

		snprintf(word, sizeof(word), "%.*s", (int)PT_MIN(len, sizeof(word) - 1), text);
		if (len >= sizeof(word) || !isdigit((unsigned char)word[0]) || !pt_parse_u64(word, &v) || !v ||
			v > 0x7fffffff) {
			cmd_error(p->call, "%cnvalid process id: '%.*s'", p->call->as_strace ? 'I' : 'i', (int)len,
				text);
			return p->call->usage_status;
		}
		grown = grow(c->pids, c->pid_count, &p->pid_cap, sizeof(*c->pids));
		if (!grown)
			return cmd_error(p->call, "out of memory");
		c->pids = grown;
		c->pids[c->pid_count++] = (pid_t)v;
		text += len;
		n++;
	}
	if (n)
		return 0;
	cmd_error(p->call, "%cnvalid process id: ''", p->call->as_strace ? 'I' : 'i');
	return p->call->usage_status;
}

static int add_path(struct parse *p, const char *path)
{
	struct trace_config *c = p->c;
	const char **grown = grow(c->paths, c->path_count, &p->path_cap, sizeof(*c->paths));

	if (!grown)
		return cmd_error(p->call, "out of memory");
	c->paths = grown;
	c->paths[c->path_count++] = path;
	return 0;
}

/* VAR=VAL sets, VAR removes, in a copy of our environment. */
static int change_environment(struct parse *p, const char *text)
{
	struct pt_vec *env = &p->env;
	size_t name = strcspn(text, "="), i;
	char **slot;

	if (!env->len) {
		for (i = 0; environ[i]; i++) {
			slot = pt_vec_push(env);
			if (!slot)
				return cmd_error(p->call, "out of memory");
			*slot = environ[i];
		}
	}
	for (i = 0; i < env->len;) {
		const char *have = PT_VEC_AT(env, char *, i);

		if (!strncmp(have, text, name) && have[name] == '=')
			pt_vec_remove(env, i);
		else
			i++;
	}
	if (text[name] == '=') {
		slot = pt_vec_push(env);
		if (!slot)
			return cmd_error(p->call, "out of memory");
		*slot = (char *)text;
	}
	p->c->environment = environ; /* marks that it was changed, see settle() */
	return 0;
}

/* --- sets of words -------------------------------------------------------------------------- */

static const struct set_word status_words[] = {
	{"successful", STATUS_SUCCESSFUL}, {"failed", STATUS_FAILED}, {"unfinished", STATUS_UNFINISHED},
	{"unavailable", STATUS_UNAVAILABLE}, {"detached", STATUS_DETACHED}, {NULL, 0}};

static const struct set_word quiet_words[] = {
	{"attach", QUIET_ATTACH}, {"attaches", QUIET_ATTACH}, {"exit", QUIET_EXIT}, {"exits", QUIET_EXIT},
	{"path-resolution", QUIET_PATH}, {"path-resolve", QUIET_PATH}, {"pathresolution", QUIET_PATH},
	{"personality", QUIET_PERSONALITY}, {"personalities", QUIET_PERSONALITY},
	{"thread-execve", QUIET_THREAD_EXECVE}, {"thread-exec", QUIET_THREAD_EXECVE}, {"threadexecve", QUIET_THREAD_EXECVE},
	{"superseded", QUIET_THREAD_EXECVE}, {NULL, 0}};

static const struct set_word decode_words[] = {
	{"path", DECODE_PATH}, {"socket", DECODE_SOCKET}, {"dev", DECODE_DEV}, {"pidfd", DECODE_PIDFD}, {NULL, 0}};

static const struct set_word pid_words[] = {{"comm", 1}, {NULL, 0}};

static int set_quiet(struct parse *p, const char *text)
{
	p->quiet_set = true;
	return parse_word_set(p->call, &p->c->quiet, QUIET_ALL, quiet_words, "quiet", text);
}

static int set_decode_pids(struct parse *p, const char *text)
{
	unsigned bits = 0;
	int r;

	if (strstr(text, "pidns")) {
		cmd_error(p->call, "decode-pids=pidns is not available yet");
		return p->call->usage_status;
	}
	r = parse_word_set(p->call, &bits, 1, pid_words, "decode-pids", text);
	p->c->pid_names = bits;
	return r;
}

static int set_trace(struct parse *p, const char *text)
{
	return parse_call_set(p->call, &p->c->trace, text);
}

static int set_abbrev(struct parse *p, const char *text)
{
	return parse_call_set(p->call, &p->c->abbrev, text);
}

static int set_verbose(struct parse *p, const char *text)
{
	return parse_call_set(p->call, &p->c->verbose, text);
}

static int set_raw(struct parse *p, const char *text)
{
	return parse_call_set(p->call, &p->c->raw, text);
}

static int set_signal(struct parse *p, const char *text)
{
	return parse_signal_set(p->call, &p->c->signals, text);
}

static int set_status(struct parse *p, const char *text)
{
	return parse_word_set(p->call, &p->c->status, STATUS_ALL, status_words, "status", text);
}

static int set_decode_fds(struct parse *p, const char *text)
{
	p->fds = 0;
	return parse_word_set(p->call, &p->c->decode_fds, DECODE_ALL, decode_words, "decode-fds", text);
}

/* Qualifiers of -e; NULL: known, not available yet. */
static const struct {
	const char *name;
	int (*set)(struct parse *p, const char *text);
} qualifiers[] = {
	{"trace", set_trace}, {"t", set_trace},
	{"abbrev", set_abbrev}, {"a", set_abbrev},
	{"verbose", set_verbose}, {"v", set_verbose},
	{"raw", set_raw}, {"x", set_raw},
	{"signal", set_signal}, {"signals", set_signal}, {"s", set_signal},
	{"status", set_status},
	{"quiet", set_quiet}, {"silent", set_quiet}, {"silence", set_quiet}, {"q", set_quiet},
	{"decode-fds", set_decode_fds}, {"decode-fd", set_decode_fds},
	{"decode-pids", set_decode_pids}, {"decode-pid", set_decode_pids},
	{"read", NULL}, {"reads", NULL}, {"r", NULL}, {"write", NULL}, {"writes", NULL}, {"w", NULL},
	{"inject", NULL}, {"fault", NULL}, {"kvm", NULL}, {"namespace", NULL}, {"trace-fds", NULL}, {"trace-fd", NULL},
};

static int expression(struct parse *p, const char *text)
{
	size_t name = strcspn(text, "="), i;

	if (text[name] && text[0] != '/')
		for (i = 0; i < PT_COUNTOF(qualifiers); i++) {
			if (strlen(qualifiers[i].name) != name || strncmp(qualifiers[i].name, text, name))
				continue;
			if (qualifiers[i].set)
				return qualifiers[i].set(p, text + name + 1);
			cmd_error(p->call, "option -e %s is not available yet", qualifiers[i].name);
			return p->call->as_strace ? 1 : 2;
		}
	return set_trace(p, text);
}

/* --- the table's columns ------------------------------------------------------------------------ */

static const struct {
	const char *name;
	enum summary_column column;
} column_words[] = {
	{"time-percent", COLUMN_PERCENT}, {"time_percent", COLUMN_PERCENT}, {"time", COLUMN_PERCENT},
	{"total-time", COLUMN_TOTAL}, {"total_time", COLUMN_TOTAL}, {"time-total", COLUMN_TOTAL}, {"time_total", COLUMN_TOTAL},
	{"min-time", COLUMN_MIN}, {"min_time", COLUMN_MIN}, {"shortest", COLUMN_MIN}, {"time-min", COLUMN_MIN}, {"time_min", COLUMN_MIN},
	{"max-time", COLUMN_MAX}, {"max_time", COLUMN_MAX}, {"longest", COLUMN_MAX}, {"time-max", COLUMN_MAX}, {"time_max", COLUMN_MAX},
	{"avg-time", COLUMN_AVG}, {"avg_time", COLUMN_AVG}, {"time-avg", COLUMN_AVG}, {"time_avg", COLUMN_AVG},
	{"calls", COLUMN_CALLS}, {"count", COLUMN_CALLS}, {"errors", COLUMN_ERRORS}, {"error", COLUMN_ERRORS},
	{"name", COLUMN_NAME}, {"syscall", COLUMN_NAME}, {"syscall-name", COLUMN_NAME}, {"syscall_name", COLUMN_NAME},
	{"nothing", COLUMN_NOTHING}, {"none", COLUMN_NOTHING},
};

static bool find_column(const char *name, enum summary_column *ret)
{
	size_t i;

	for (i = 0; i < PT_COUNTOF(column_words); i++)
		if (!strcmp(name, column_words[i].name)) {
			*ret = column_words[i].column;
			return true;
		}
	return false;
}

static int set_columns(struct parse *p, const char *text)
{
	struct trace_config *c = p->c;
	char *copy = strdup(text), *rest = copy, *item;
	unsigned seen = 0;
	int r = 0;

	if (!copy)
		return cmd_error(p->call, "out of memory");
	c->column_count = 0;
	while (!r && (item = strsep(&rest, ","))) {
		enum summary_column column;

		if (!find_column(item, &column) || column == COLUMN_NOTHING)
			r = cmd_usage_error(p->call, "unknown column name: '%s'", item);
		else if (seen & 1u << column)
			r = cmd_usage_error(p->call,
				"call summary column has been provided more than once: '%s' (-U option residual: '%s')", item,
				text + (item - copy));
		else {
			c->columns[c->column_count++] = column;
			seen |= 1u << column;
		}
	}
	if (!r && !(seen & 1u << COLUMN_NAME))
		c->columns[c->column_count++] = COLUMN_NAME;
	p->column_set = true;
	free(copy);
	return r;
}

/* --- one option ------------------------------------------------------------------------------------ */

static int set_daemonize(struct parse *p, const char *arg)
{
	static const struct {
		const char *name;
		enum trace_daemonize how;
	} known[] = {{"grandchild", DAEMONIZE_GRANDCHILD}, {"pgroup", DAEMONIZE_PGROUP}, {"pgrp", DAEMONIZE_PGROUP},
		{"session", DAEMONIZE_SESSION}};
	size_t i;

	if (!arg && p->opt.written[1] != '-') {
		p->daemonize++;
		return 0;
	}
	if (!arg)
		arg = known[0].name;
	for (i = 0; i < PT_COUNTOF(known); i++)
		if (!strcasecmp(arg, known[i].name)) {
			p->daemonize_set = true;
			p->c->daemonize = known[i].how;
			return 0;
		}
	return bad_argument(p, arg);
}

static int set_interruptible(struct parse *p, const char *arg)
{
	static const char *const names[] = {"", "anywhere", "waiting", "never", "never_tstp"};
	int i;

	if (!strcmp(arg, "always"))
		arg = names[1];
	for (i = 1; i < (int)PT_COUNTOF(names); i++)
		if (!strcmp(arg, names[i]) || (arg[0] == '0' + i && !arg[1])) {
			p->c->interruptible = i;
			return 0;
		}
	return bad_argument(p, arg);
}

static int set_hex(struct parse *p, const char *arg)
{
	static const struct {
		const char *name;
		unsigned level;
	} known[] = {{"none", 0}, {"non-ascii-chars", 1}, {"non-ascii", 2}, {"all", 3}};
	size_t i;

	if (!arg) { /* the letter counts up; the long form alone is all */
		p->hex = p->opt.written[1] == '-' ? 3 : PT_MIN(PT_MAX(p->hex, 1u) + 1, 3u);
		return 0;
	}
	for (i = 0; i < PT_COUNTOF(known); i++)
		if (!strcmp(arg, known[i].name)) {
			p->hex = known[i].level;
			return 0;
		}
	return bad_argument(p, arg);
}

static int set_names(struct parse *p, const char *arg)
{
	static const char *const names[] = {[PTL_NAMES_ABBREV] = "abbrev", [PTL_NAMES_RAW] = "raw", [PTL_NAMES_VERBOSE] = "verbose"};
	size_t i;

	for (i = 0; i < PT_COUNTOF(names); i++)
		if (!strcmp(arg, names[i])) {
			p->c->decode.names = (enum ptl_decode_names)i;
			return 0;
		}
	return bad_argument(p, arg);
}

static int set_timestamps(struct parse *p, const char *arg)
{
	if (!arg && p->opt.written[1] != '-') {
		p->stamps++;
		return 0;
	}
	p->stamps_set = true;
	if (parse_timestamps(arg ? arg : "time", &p->c->clock, &p->c->clock_precision))
		return 0;
	return bad_argument(p, arg);
}

static int set_precision(struct parse *p, const char *arg, bool *on, enum trace_precision *precision)
{
	*on = true;
	*precision = PRECISION_US;
	if (!arg || parse_precision(arg, precision))
		return 0;
	return bad_argument(p, arg);
}

static int set_successful(struct parse *p, unsigned status)
{
	if (p->z_seen && p->c->status != status)
		cmd_note(p->call, "Only the last of -z/--successful-only/-Z/--failed-only options will take effect. See status "
				  "qualifier for more complex filters.");
	p->z_seen = true;
	p->c->status = status;
	return 0;
}

static int show_version(struct parse *p, int *ret_done)
{
	struct pt_buf text = PT_BUF_INIT;
	int r;

	pt_buf_printf(&text, "pintle trace -- version %s\n", ptl_version());
	r = cmd_print(p->call, &text);
	pt_buf_done(&text);
	*ret_done = 1;
	return r;
}

/* 0; or the exit status; *ret_done: there is nothing more to do. */
static int one_option(struct parse *p, int id, const char *arg, int *ret_done)
{
	struct trace_config *c = p->c;
	uint64_t v;

	switch ((enum option_id)id) {
	case ID_EXPRESSION:
		return expression(p, arg);
	case ID_ENV:
		return change_environment(p, arg);
	case ID_ATTACH:
		return add_pids(p, arg);
	case ID_USER:
		c->user = arg;
		return 0;
	case ID_ARGV0:
		c->argv0 = arg;
		return 0;
	case ID_DETACH_ON:
		p->b_call = arg;
		if (strcmp(arg, "execve")) {
			cmd_error(p->call, "Syscall '%s' for -b isn't supported", arg);
			return p->call->usage_status;
		}
		c->detach_on_exec = true;
		return 0;
	case ID_DAEMONIZE:
		return set_daemonize(p, arg);
	case ID_FOLLOW:
		p->follow++;
		return 0;
	case ID_SEPARATE:
		c->separate = true;
		return 0;
	case ID_INTERRUPTIBLE:
		return set_interruptible(p, arg);
	case ID_KILL_ON_EXIT:
		c->kill_on_exit = true;
		return 0;
	case ID_CALL_LIMIT:
		if (!parse_count(arg, INT64_MAX, &c->call_limit) || !c->call_limit)
			return bad_argument(p, arg);
		return 0;
	case ID_SECCOMP:
		c->seccomp = CHOICE_ALWAYS;
		return !arg || parse_choice(arg, &c->seccomp) ? 0 : bad_argument(p, arg);
	case ID_TRACE:
		return set_trace(p, arg);
	case ID_SIGNAL:
		return set_signal(p, arg);
	case ID_STATUS:
		return set_status(p, arg);
	case ID_PATH:
		return add_path(p, arg);
	case ID_SUCCESSFUL:
		return set_successful(p, STATUS_SUCCESSFUL);
	case ID_FAILED:
		return set_successful(p, STATUS_FAILED);
	case ID_COLUMN:
		if (!parse_count(arg, INT32_MAX, &v))
			return bad_argument(p, arg);
		c->column = (unsigned)v;
		return 0;
	case ID_ABBREV:
		return set_abbrev(p, arg);
	case ID_VERBOSE:
		return set_verbose(p, arg);
	case ID_RAW:
		return set_raw(p, arg);
	case ID_QUIET:
		if (arg)
			return set_quiet(p, arg);
		p->quiet++;
		return 0;
	case ID_DECODE_FDS:
		if (arg)
			return set_decode_fds(p, arg);
		p->fds++;
		return 0;
	case ID_DECODE_PIDS:
		return set_decode_pids(p, arg);
	case ID_COMM:
		c->pid_names = true;
		return 0;
	case ID_IP:
		c->show_ip = true;
		return 0;
	case ID_NR:
		c->show_nr = true;
		return 0;
	case ID_OUTPUT:
		c->output = arg;
		return 0;
	case ID_APPEND:
		c->append = true;
		return 0;
	case ID_RELATIVE:
		return set_precision(p, arg, &c->relative, &c->relative_precision);
	case ID_STRING_LIMIT:
		if (!parse_count(arg, MOST_STRING, &v))
			return bad_argument(p, arg);
		c->decode.max_string = (uint32_t)v;
		return 0;
	case ID_TIMESTAMPS:
		return set_timestamps(p, arg);
	case ID_CALL_TIMES:
		return set_precision(p, arg, &c->call_times, &c->call_precision);
	case ID_UNABBREVIATED:
		call_set_fill(&c->abbrev, false);
		return 0;
	case ID_HEX:
		return set_hex(p, arg);
	case ID_NAMES:
		return set_names(p, arg);
	case ID_ARG_NAMES:
		c->decode.arg_names = true;
		return 0;
	case ID_COLOR:
		c->color = CHOICE_AUTO;
		return !arg || parse_choice(arg, &c->color) ? 0 : bad_argument(p, arg);
	case ID_ALWAYS_PID:
		c->always_pid = true;
		return 0;
	case ID_JSON:
		c->json = true;
		return 0;
	case ID_SUMMARY_ONLY:
	case ID_SUMMARY:
		if (c->summary && c->summary != (id == ID_SUMMARY ? SUMMARY_TOO : SUMMARY_ONLY))
			return cmd_usage_error(p->call, "-c/--summary-only and -C/--summary are mutually exclusive");
		c->summary = id == ID_SUMMARY ? SUMMARY_TOO : SUMMARY_ONLY;
		return 0;
	case ID_OVERHEAD:
		p->overhead_set = true;
		return parse_duration(arg, &c->overhead_ns) ? 0 : bad_argument(p, arg);
	case ID_SORT:
		p->sort_set = true;
		if (find_column(arg, &c->sort_by))
			return 0;
		return cmd_usage_error(p->call, "invalid sortby: '%s'", arg);
	case ID_COLUMNS:
		return set_columns(p, arg);
	case ID_WALL_CLOCK:
		c->wall_clock = true;
		return 0;
	case ID_VERSION:
		return show_version(p, ret_done);
	case ID_UNAVAILABLE:
		cmd_error(p->call, "option %s is not available yet", p->opt.written);
		return p->call->as_strace ? 1 : 2;
	}
	return cmd_error(p->call, "option %s is not handled", p->opt.written); /* not reached: the table names only ids above */
}

/* --- the whole line ---------------------------------------------------------------------------------- */

/* Options that -c silences. */
static void note_useless(struct parse *p)
{
	const struct trace_config *c = p->c;
	const struct {
		bool given;
		const char *what;
	} useless[] = {
		{c->show_ip, "-i/--instruction-pointer"},
		{c->show_nr, "-n/--syscall-number"},
		{c->relative, "-r/--relative-timestamps"},
		{c->clock != CLOCK_NONE, "-t/--absolute-timestamps"},
		{c->call_times, "-T/--syscall-times"},
		{c->decode_fds, "-y/--decode-fds"},
	};
	size_t i;

	for (i = 0; i < PT_COUNTOF(useless); i++)
		if (useless[i].given)
			cmd_note(p->call, "%s has no effect with -c/--summary-only", useless[i].what);
}

/* What the counted letters mean. */
static void settle_counts(struct parse *p)
{
	static const unsigned quiet[] = {0, QUIET_ATTACH | QUIET_PERSONALITY,
		QUIET_ATTACH | QUIET_PERSONALITY | QUIET_EXIT, QUIET_ALL};
	static const enum ptl_decode_strings hex[] = {PTL_STRINGS_PLAIN, PTL_STRINGS_HEX_CHARS, PTL_STRINGS_HEX_NONASCII,
		PTL_STRINGS_HEX_ALL};
	struct trace_config *c = p->c;

	c->follow = p->follow > 0;
	if (p->follow > 1)
		c->separate = true;
	if (p->daemonize)
		c->daemonize = (enum trace_daemonize)PT_MIN(p->daemonize, 3u);
	c->decode.strings = hex[p->hex];
	if (p->quiet)
		c->quiet = quiet[PT_MIN(p->quiet, 3u)];
	if (p->fds)
		c->decode_fds = p->fds > 1 ? DECODE_ALL : DECODE_PATH;
	if (p->stamps) {
		c->clock = p->stamps > 2 ? CLOCK_UNIX : CLOCK_TIME;
		c->clock_precision = p->stamps > 1 ? PRECISION_US : PRECISION_S;
	}
}

/* Options that exclude each other. strace does not point to its help then. */
static int conflict(const struct parse *p, const char *what)
{
	if (!p->call->as_strace)
		return cmd_usage_error(p->call, "%s", what);
	return cmd_error(p->call, "%s", what);
}

static int check(struct parse *p)
{
	struct trace_config *c = p->c;
	struct cmd_call *call = p->call;
	bool pipe = c->output && (c->output[0] == '|' || c->output[0] == '!');

	if (p->stamps && p->stamps_set)
		return conflict(p, "-t and --absolute-timestamps cannot be provided simultaneously");
	if (p->quiet && p->quiet_set)
		return conflict(p, "-q and -e quiet/--quiet cannot be provided simultaneously");
	if (p->daemonize && p->daemonize_set)
		return conflict(p, "-D and --daemonize cannot be provided simultaneously");
	if (!c->argv && !c->pid_count)
		return cmd_usage_error(call, "must have PROG [ARGS] or -p PID");
	if (!c->argv && c->daemonize)
		return cmd_usage_error(call, "PROG [ARGS] must be specified with -D/--daemonize");
	if (p->daemonize > 3)
		return cmd_usage_error(call, "Too many -D's (%u), maximum supported -D count is 3", p->daemonize);
	if (!c->argv && (c->user || c->environment || c->argv0))
		return cmd_usage_error(call, "PROG [ARGS] must be specified with %s",
			c->user ? "-u/--user" : c->environment ? "-E/--env" : "--argv0");
	if (!c->argv && c->kill_on_exit)
		return cmd_usage_error(call, "PROG [ARGS] must be specified with --kill-on-exit");
	if (c->summary && c->separate)
		return cmd_usage_error(call,
			"(-c/--summary-only or -C/--summary) and -ff/--output-separately are mutually exclusive");
	if (!c->summary && c->wall_clock)
		return cmd_usage_error(
			call, "-w/--summary-wall-clock must be given with (-c/--summary-only or -C/--summary)");
	if (!c->summary && p->column_set)
		return cmd_usage_error(
			call, "-U/--summary-columns must be given with (-c/--summary-only or -C/--summary)");
	if (pipe && p->follow > 1)
		return cmd_usage_error(call, "piping the output and -ff/--output-separately are mutually exclusive");
	if (c->seccomp == CHOICE_ALWAYS && (c->detach_on_exec || c->call_limit || c->daemonize)) {
		cmd_note(call, "--seccomp-bpf is not enabled because it is not compatible with %s",
			c->detach_on_exec ? "-b" : c->daemonize ? "-D" : "--syscall-limit");
		c->seccomp = CHOICE_NEVER;
	}
	if (c->seccomp == CHOICE_ALWAYS && !c->follow) {
		cmd_note(call, "--seccomp-bpf cannot be used without -f/--follow-forks, disabling");
		c->seccomp = CHOICE_NEVER;
	}
	if (c->seccomp == CHOICE_ALWAYS && c->pid_count)
		cmd_note(call, "--seccomp-bpf is not enabled for processes attached with -p");
	if (!c->output && c->append)
		cmd_note(call, "-A/--output-append-mode has no effect without -o/--output");
	if (!c->output && c->separate) {
		if (p->follow < 2)
			cmd_note(call, "--output-separately has no effect without -o/--output");
		c->separate = false;
	}
	if (!c->summary && p->sort_set)
		cmd_note(call, "-S/--summary-sort-by has no effect without (-c/--summary-only or -C/--summary)");
	if (c->summary == SUMMARY_ONLY)
		note_useless(p);
	return 0;
}

static void defaults(struct trace_config *c)
{
	static const enum summary_column columns[] = {
		COLUMN_PERCENT, COLUMN_TOTAL, COLUMN_AVG, COLUMN_CALLS, COLUMN_ERRORS, COLUMN_NAME};

	call_set_fill(&c->trace, true);
	call_set_fill(&c->abbrev, true);
	call_set_fill(&c->verbose, true);
	c->signals = UINT64_MAX;
	c->status = STATUS_ALL;
	c->column = 40;
	c->decode.max_string = 32;
	c->overhead_ns = -1;
	c->sort_by = COLUMN_PERCENT;
	memcpy(c->columns, columns, sizeof(columns));
	c->column_count = PT_COUNTOF(columns);
}

/* Walks the options; fills p. 0, or the exit status; *ret_done as in one_option(). */
static int walk(struct parse *p, int *ret_done)
{
	const char *arg;
	int id, r = 0;

	while (!r && !*ret_done && (id = opt_next(p->call, &p->opt, &arg)) != OPT_END) {
		if (id == OPT_ERROR)
			return p->call->usage_status;
		if (id == OPT_HELP) {
			*ret_done = 1;
			return cmd_show_help(p->call);
		}
		r = one_option(p, id, arg, ret_done);
	}
	return r;
}

int trace_options(struct cmd_call *call, struct trace_config *config, int *ret_status)
{
	struct parse p = {.call = call, .c = config, .env = PT_VEC_INIT(char *)};
	int done = 0;

	defaults(config);
	*ret_status = walk(&p, &done);
	if (*ret_status || done)
		goto out;
	settle_counts(&p);
	if (call->argv[p.opt.index])
		config->argv = call->argv + p.opt.index;
	*ret_status = check(&p);
	if (*ret_status)
		goto out;
	config->raw_is_empty = call_set_is_empty(&config->raw);
	config->trace_is_full = call_set_is_full(&config->trace);
	/* Lines of a program we start go elsewhere: on the terminal then is what the program says, and nothing of ours. */
	if (config->output && config->argv && !p.quiet && !p.quiet_set)
		config->quiet |= QUIET_ATTACH | QUIET_PERSONALITY;
	if (!config->interruptible)
		config->interruptible = config->daemonize ? 4 : config->output && config->argv ? 3 : 2;
	if (config->environment) {
		pt_vec_push(&p.env); /* the NULL at the end */
		config->environment = p.env.data;
		p.env.data = NULL;
		if (!config->environment)
			*ret_status = cmd_error(call, "out of memory");
	}
out:
	if (p.env.data) {
		config->environment = NULL;
		pt_vec_done(&p.env);
	}
	return *ret_status || done;
}

void trace_config_done(struct trace_config *config)
{
	size_t i;

	free(config->pids);
	free(config->paths);
	for (i = 0; i < config->given_paths; i++)
		free(config->real_paths[i]);
	free(config->real_paths);
	if (config->environment != environ)
		free(config->environment);
}
