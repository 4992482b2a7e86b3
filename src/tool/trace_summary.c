/* SPDX-License-Identifier: MIT */
/*
 * The table of -c and -C: calls, errors and time by system call.
 *
 * Time is the processor time that the task used between entry and exit, which is time in the kernel, for nothing else runs of a
 * task that is in a call; or, with -w, what the clock said. What a stop costs is measured once and taken off (-O).
 */
#include "tool/trace.h"
#include "wire/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct row {
	uint64_t calls, errors;
	int64_t total_ns, min_ns, max_ns;
};

enum { UNKNOWN = CALL_LIMIT, ROWS }; /* the last row: numbers beyond the tables */

struct trace_summary {
	struct row rows[PTL_ABI_COUNT][ROWS];
	int64_t overhead_ns;
};

/* --- time ------------------------------------------------------------------------------------ */

/*
 * Processor time of a task so far. A process's clock is cheap but counts all its threads; a thread's own number is
 * in its schedstat, and is read from there once there are several tasks.
 */
static int64_t cpu_ns(const struct trace *t, struct trace_task *k)
{
	char buf[64];
	ssize_t n;

	if (t->tasks < 2) {
		/* clock_getcpuclockid(3) by hand: it would ask the kernel first whether the process is there */
		clockid_t clock = (clockid_t)(~(unsigned)k->pid << 3 | 2);
		struct timespec ts;

		if (!clock_gettime(clock, &ts))
			return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	}
	if (k->schedstat_fd < 0) {
		snprintf(buf, sizeof(buf), "/proc/%d/task/%d/schedstat", (int)k->pid, (int)k->tid);
		k->schedstat_fd = open(buf, O_RDONLY | O_CLOEXEC);
	}
	n = k->schedstat_fd < 0 ? -1 : pread(k->schedstat_fd, buf, sizeof(buf) - 1, 0);
	if (n <= 0)
		return -1;
	buf[n] = '\0';
	return strtoll(buf, NULL, 10);
}

/* What two readings around nothing differ by. */
static int64_t measure_overhead(void)
{
	int64_t best = INT64_MAX;
	int i;

	for (i = 0; i < 50; i++) {
		int64_t a = trace_now_ns(CLOCK_PROCESS_CPUTIME_ID), b = trace_now_ns(CLOCK_PROCESS_CPUTIME_ID);

		if (b - a < best)
			best = b - a;
	}
	return best;
}

int trace_summary_new(struct trace *t)
{
	t->summary = calloc(1, sizeof(*t->summary));
	if (!t->summary)
		return cmd_error(t->call, "out of memory");
	t->summary->overhead_ns = t->config.overhead_ns >= 0 ? t->config.overhead_ns : measure_overhead();
	return 0;
}

void trace_summary_free(struct trace_summary *s)
{
	free(s);
}

/* --- counting ----------------------------------------------------------------------------------- */

void trace_summary_entry(struct trace *t, struct trace_task *k)
{
	if (!t->config.wall_clock)
		k->entry_cpu_ns = cpu_ns(t, k);
}

void trace_summary_exit(struct trace *t, struct trace_task *k, bool is_error)
{
	struct row *row = &t->summary->rows[k->abi][k->nr < CALL_LIMIT && k->info.name ? k->nr : UNKNOWN];
	int64_t ns = 0;

	if (t->config.wall_clock) {
		ns = trace_now_ns(CLOCK_MONOTONIC) - k->entry_ns;
	} else if (k->entry_cpu_ns >= 0) {
		int64_t now = cpu_ns(t, k);

		ns = now >= 0 ? now - k->entry_cpu_ns : 0;
	}
	ns = PT_MAX(ns - t->summary->overhead_ns, 0);
	if (!row->calls || ns < row->min_ns)
		row->min_ns = ns;
	row->max_ns = PT_MAX(row->max_ns, ns);
	row->total_ns += ns;
	row->calls++;
	row->errors += is_error;
}

/* --- the table -------------------------------------------------------------------------------------- */

struct entry {
	const char *name;
	uint32_t nr;
	const struct row *row;
};

static const struct {
	const char *title;
	int width; /* at least; the name is as wide as the longest */
} heads[COLUMN_COUNT] = {
	[COLUMN_PERCENT] = {"% time", 6},
	[COLUMN_TOTAL] = {"seconds", 11},
	[COLUMN_MIN] = {"shortest", 8},
	[COLUMN_MAX] = {"longest", 8},
	[COLUMN_AVG] = {"usecs/call", 11},
	[COLUMN_CALLS] = {"calls", 9},
	[COLUMN_ERRORS] = {"errors", 9},
	[COLUMN_NAME] = {"syscall", 16},
};

static int64_t average_ns(const struct row *r)
{
	return r->calls ? r->total_ns / (int64_t)r->calls : 0;
}

static int compare(const void *pa, const void *pb, void *arg)
{
	const struct entry *a = pa, *b = pb;
	const enum summary_column by = *(const enum summary_column *)arg;
	int64_t x = 0, y = 0;

	switch (by) {
	case COLUMN_PERCENT:
	case COLUMN_TOTAL:
		x = a->row->total_ns;
		y = b->row->total_ns;
		break;
	case COLUMN_MIN:
		x = a->row->min_ns;
		y = b->row->min_ns;
		break;
	case COLUMN_MAX:
		x = a->row->max_ns;
		y = b->row->max_ns;
		break;
	case COLUMN_AVG:
		x = average_ns(a->row);
		y = average_ns(b->row);
		break;
	case COLUMN_CALLS:
		x = (int64_t)a->row->calls;
		y = (int64_t)b->row->calls;
		break;
	case COLUMN_ERRORS:
		x = (int64_t)a->row->errors;
		y = (int64_t)b->row->errors;
		break;
	case COLUMN_NAME: {
		int r = strcmp(a->name, b->name);

		if (r)
			return r;
		break;
	}
	case COLUMN_NOTHING:
		break;
	}
	if (x != y)
		return x < y ? 1 : -1;
	return a->nr < b->nr ? -1 : a->nr > b->nr;
}

static void put_cell(struct pt_buf *to, enum summary_column column, const struct entry *e, int64_t all_ns, int name_width,
	bool last)
{
	const struct row *r = e->row;

	switch (column) {
	case COLUMN_PERCENT:
		pt_buf_printf(to, "%6.2f", all_ns ? 100.0 * (double)r->total_ns / (double)all_ns : r->calls && e->nr == ROWS ? 100.0 : 0.0);
		break;
	case COLUMN_TOTAL:
		pt_buf_printf(to, "%11.6f", (double)r->total_ns / 1e9);
		break;
	case COLUMN_MIN:
		pt_buf_printf(to, "%8.6f", (double)r->min_ns / 1e9);
		break;
	case COLUMN_MAX:
		pt_buf_printf(to, "%8.6f", (double)r->max_ns / 1e9);
		break;
	case COLUMN_AVG:
		pt_buf_printf(to, "%11lld", (long long)(average_ns(r) / 1000));
		break;
	case COLUMN_CALLS:
		pt_buf_printf(to, "%9llu", (unsigned long long)r->calls);
		break;
	case COLUMN_ERRORS:
		if (r->errors)
			pt_buf_printf(to, "%9llu", (unsigned long long)r->errors);
		else
			pt_buf_printf(to, "%9s", "");
		break;
	case COLUMN_NAME:
		pt_buf_printf(to, "%-*s", last ? 0 : name_width, e->name);
		break;
	case COLUMN_COUNT:
		break;
	}
}

static void put_row(struct pt_buf *to, const struct trace_config *c, const struct entry *e, int64_t all_ns, int name_width)
{
	unsigned i;

	for (i = 0; i < c->column_count; i++) {
		if (i)
			pt_buf_putc(to, ' ');
		put_cell(to, c->columns[i], e, all_ns, name_width, i + 1 == c->column_count);
	}
	pt_buf_putc(to, '\n');
}

static void put_heads(struct pt_buf *to, const struct trace_config *c, int name_width, bool rule)
{
	unsigned i;

	for (i = 0; i < c->column_count; i++) {
		enum summary_column column = c->columns[i];
		int width = column == COLUMN_NAME ? name_width : heads[column].width;
		bool left = column == COLUMN_NAME;

		if (i)
			pt_buf_putc(to, ' ');
		if (rule)
			while (width--)
				pt_buf_putc(to, '-');
		else if (left)
			pt_buf_printf(to, "%-*s", i + 1 == c->column_count ? 0 : width, heads[column].title);
		else
			pt_buf_printf(to, "%*s", width, heads[column].title);
	}
	pt_buf_putc(to, '\n');
}

/* Collects the rows that count anything, in the order of -S, and their sum. NULL: out of memory. */
static struct entry *sorted_rows(const struct trace *t, enum ptl_abi abi, size_t *ret_n, struct row *sum)
{
	struct entry *entries = calloc(ROWS, sizeof(*entries));
	enum summary_column by = t->config.sort_by;
	size_t n = 0, i;

	*sum = (struct row){0};
	for (i = 0; entries && i < ROWS; i++) {
		const struct row *r = &t->summary->rows[abi][i];
		struct ptl_call_info info = {.name = "unknown"};

		if (!r->calls)
			continue;
		if (i < UNKNOWN)
			ptl_call_info(abi, (uint32_t)i, &info);
		entries[n++] = (struct entry){info.name, (uint32_t)i, r};
		sum->min_ns = sum->calls ? PT_MIN(sum->min_ns, r->min_ns) : r->min_ns;
		sum->max_ns = PT_MAX(sum->max_ns, r->max_ns);
		sum->total_ns += r->total_ns;
		sum->calls += r->calls;
		sum->errors += r->errors;
	}
	if (entries)
		qsort_r(entries, n, sizeof(*entries), compare, &by);
	*ret_n = n;
	return entries;
}

/* The same as an object, for --json: all columns. */
static void put_json(struct trace *t, enum ptl_abi abi, struct pt_buf *to)
{
	static const char *const names[PTL_ABI_COUNT] = {
		[PTL_ABI_X86_64] = "x86_64", [PTL_ABI_I386] = "i386", [PTL_ABI_X32] = "x32"};
	struct row sum;
	size_t n, i;
	struct entry *entries = sorted_rows(t, abi, &n, &sum);
	struct pt_json j;

	pt_json_init(&j, to);
	pt_json_object(&j);
	pt_json_key_int(&j, "v", 1);
	pt_json_key_string(&j, "kind", "summary");
	pt_json_key_int(&j, "ts", trace_now_ns(CLOCK_REALTIME));
	pt_json_key_string(&j, "abi", names[abi]);
	pt_json_key_string(&j, "time", t->config.wall_clock ? "wall" : "cpu");
	pt_json_key(&j, "calls");
	pt_json_array(&j);
	for (i = 0; entries && i < n; i++) {
		const struct row *r = entries[i].row;

		pt_json_object(&j);
		pt_json_key_string(&j, "syscall", entries[i].name);
		pt_json_key_uint(&j, "calls", r->calls);
		pt_json_key_uint(&j, "errors", r->errors);
		pt_json_key_int(&j, "total", r->total_ns);
		pt_json_key_int(&j, "min", r->min_ns);
		pt_json_key_int(&j, "max", r->max_ns);
		pt_json_end(&j);
	}
	pt_json_end(&j);
	pt_json_end(&j);
	pt_buf_putc(to, '\n');
	free(entries);
}

static void put_table(struct trace *t, enum ptl_abi abi, struct pt_buf *to)
{
	const struct trace_config *c = &t->config;
	struct row sum;
	struct entry total = {"total", ROWS, &sum};
	int width = heads[COLUMN_NAME].width;
	size_t n, i;
	struct entry *entries = sorted_rows(t, abi, &n, &sum);

	for (i = 0; entries && i < n; i++)
		width = PT_MAX(width, (int)strlen(entries[i].name));
	put_heads(to, c, width, false);
	put_heads(to, c, width, true);
	for (i = 0; entries && i < n; i++)
		put_row(to, c, &entries[i], sum.total_ns, width);
	put_heads(to, c, width, true);
	put_row(to, c, &total, sum.total_ns, width);
	free(entries);
}

static bool has_calls(const struct trace_summary *s, unsigned abi)
{
	unsigned i;

	for (i = 0; i < ROWS; i++)
		if (s->rows[abi][i].calls)
			return true;
	return false;
}

void trace_summary_print(struct trace *t)
{
	static const char *const modes[PTL_ABI_COUNT] = {
		[PTL_ABI_X86_64] = "64 bit", [PTL_ABI_I386] = "32 bit", [PTL_ABI_X32] = "x32"};
	struct pt_buf *to = &t->shared.text;
	unsigned abi;

	for (abi = 0; abi < PTL_ABI_COUNT; abi++) {
		if (!has_calls(t->summary, abi))
			continue;
		if (t->config.json) {
			put_json(t, (enum ptl_abi)abi, to);
			continue;
		}
		if (abi != PTL_ABI_X86_64)
			pt_buf_printf(to, "System call usage summary for %s mode:\n", modes[abi]);
		put_table(t, (enum ptl_abi)abi, to);
	}
	trace_log_flush(t, &t->shared);
}
