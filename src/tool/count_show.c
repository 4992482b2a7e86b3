/* SPDX-License-Identifier: MIT */
/* pintle count: the result as a table or as JSON, and the line of progress on a terminal. */
#include "tool/count.h"
#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 20, VERSION = 1, PROGRESS_NS = 500000000 };

void count_add_number(struct pt_buf *to, uint64_t n, size_t width)
{
	char digits[32], text[48];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n), i, k = 0;

	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			text[k++] = ',';
		text[k++] = digits[i];
	}
	text[k] = '\0';
	pt_buf_printf(to, "%*s", (int)width, text);
}

static int by_count(const void *a, const void *b)
{
	const struct count_row *x = a, *y = b;

	if (x->instructions != y->instructions)
		return x->instructions < y->instructions ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* The opcodes as rows; their names are borrowed. */
static void opcode_rows(const struct count *c, struct pt_vec *rows)
{
	struct count_row *row;
	size_t i;

	for (i = 0; i < COUNT_OPCODES; i++) {
		if (!c->opcodes[i])
			continue;
		row = pt_vec_push(rows);
		if (!row)
			return;
		row->name = (char *)(i ? ptl_insn_mnemonic((uint16_t)i) : "[unknown]");
		row->instructions = c->opcodes[i];
	}
}

static const char *method(const struct count *c)
{
	return c->config.fast ? "counted by the processor" : "counted by single-stepping every instruction";
}

/* --- text ---------------------------------------------------------------------------------- */

static void show_rows(struct count *c, struct pt_vec *rows, const char *title, struct pt_buf *to)
{
	size_t i;

	qsort(rows->data, rows->len, sizeof(struct count_row), by_count);
	pt_buf_printf(to, "%*s       %%  %s\n", WIDTH, "instructions", title);
	for (i = 0; i < rows->len; i++) {
		const struct count_row *row = &PT_VEC_AT(rows, struct count_row, i);

		if (!row->instructions)
			continue;
		count_add_number(to, row->instructions, WIDTH);
		pt_buf_printf(to, "  %6.2f  ", c->total ? 100.0 * (double)row->instructions / (double)c->total : 0);
		pt_buf_escaped(to, row->name, strlen(row->name));
		pt_buf_putc(to, '\n');
	}
}

static void show_tasks(struct count *c, struct pt_buf *to)
{
	size_t i;

	pt_buf_printf(to, "%*s  %8s  %8s  %s\n", WIDTH, "instructions", "process", "thread", "name");
	for (i = 0; i < c->tasks.len; i++) {
		const struct count_task *t = PT_VEC_AT(&c->tasks, struct count_task *, i);

		count_add_number(to, t->instructions, WIDTH);
		pt_buf_printf(to, "  %8d  %8d  ", t->pid, t->tid);
		pt_buf_escaped(to, t->name, strlen(t->name));
		if (!t->ended)
			pt_buf_puts(to, "  (still running)");
		pt_buf_putc(to, '\n');
	}
}

static void show_text(struct count *c, struct pt_vec *opcodes, struct pt_buf *to)
{
	switch (c->config.by) {
	case COUNT_BY_TASK:
		if (c->tasks.len > 1)
			show_tasks(c, to);
		break;
	case COUNT_BY_MODULE:
		show_rows(c, &c->modules, "module", to);
		break;
	case COUNT_BY_OPCODE:
		show_rows(c, opcodes, "opcode", to);
		break;
	}
	count_add_number(to, c->total, c->config.by == COUNT_BY_TASK && c->tasks.len <= 1 ? 0 : WIDTH);
	pt_buf_printf(to, " instruction%s%s, %s", c->total == 1 ? "" : "s", c->cut ? " so far" : "", method(c));
	if (c->processes > 1 || c->tasks.len > c->processes)
		pt_buf_printf(to, " of %zu process%s, %zu thread%s", c->processes, c->processes == 1 ? "" : "es",
			c->tasks.len, c->tasks.len == 1 ? "" : "s");
	pt_buf_putc(to, '\n');
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void rows_json(struct pt_json *j, struct pt_vec *rows, const char *key)
{
	size_t i;

	qsort(rows->data, rows->len, sizeof(struct count_row), by_count);
	pt_json_key(j, key);
	pt_json_array(j);
	for (i = 0; i < rows->len; i++) {
		const struct count_row *row = &PT_VEC_AT(rows, struct count_row, i);

		if (!row->instructions)
			continue;
		pt_json_object(j);
		pt_json_key(j, "name");
		pt_json_bytes(j, row->name, strlen(row->name));
		pt_json_key_uint(j, "instructions", row->instructions);
		pt_json_end(j);
	}
	pt_json_end(j);
}

static void show_json(struct count *c, struct pt_vec *opcodes, struct pt_buf *to)
{
	struct pt_json j;
	size_t i;

	pt_json_init(&j, to);
	pt_json_object(&j);
	pt_json_key_int(&j, "v", VERSION);
	pt_json_key_string(&j, "kind", "count");
	pt_json_key_string(&j, "method", c->config.fast ? "processor" : "single-step");
	pt_json_key_bool(&j, "complete", !c->cut && !c->failed);
	pt_json_key_uint(&j, "instructions", c->total);
	pt_json_key(&j, "tasks");
	pt_json_array(&j);
	for (i = 0; i < c->tasks.len; i++) {
		const struct count_task *t = PT_VEC_AT(&c->tasks, struct count_task *, i);

		pt_json_object(&j);
		pt_json_key_int(&j, "pid", t->pid);
		pt_json_key_int(&j, "tid", t->tid);
		pt_json_key(&j, "name");
		pt_json_bytes(&j, t->name, strlen(t->name));
		pt_json_key_uint(&j, "instructions", t->instructions);
		pt_json_key_bool(&j, "ended", t->ended);
		pt_json_end(&j);
	}
	pt_json_end(&j);
	if (c->config.by == COUNT_BY_MODULE)
		rows_json(&j, &c->modules, "modules");
	if (c->config.by == COUNT_BY_OPCODE)
		rows_json(&j, opcodes, "opcodes");
	pt_json_end(&j);
	pt_buf_putc(to, '\n');
}

void count_show(struct count *c, struct pt_buf *to)
{
	struct pt_vec opcodes = PT_VEC_INIT(struct count_row);

	if (c->opcodes)
		opcode_rows(c, &opcodes);
	(c->config.json ? show_json : show_text)(c, &opcodes, to);
	pt_vec_done(&opcodes);
}

/* --- progress ------------------------------------------------------------------------------------ */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void count_progress(struct count *c)
{
	uint64_t now = now_ns();
	struct pt_buf line = PT_BUF_INIT;

	if (!c->started_ns)
		c->started_ns = c->shown_ns = now;
	if (!c->progress || now - c->shown_ns < PROGRESS_NS)
		return;
	c->shown_ns = now;
	c->progress_shown = true;
	pt_buf_putc(&line, '\r');
	count_add_number(&line, c->total, 0);
	pt_buf_puts(&line, " instructions, ");
	count_add_number(&line, c->total * 1000 / ((now - c->started_ns) / 1000000 + 1), 0);
	pt_buf_puts(&line, "/s ");
	(void)cmd_write_all(STDERR_FILENO, line.data, line.len);
	pt_buf_done(&line);
}

void count_progress_end(struct count *c)
{
	if (c->progress_shown)
		(void)cmd_write_all(STDERR_FILENO, "\r\033[K", 4);
	c->progress_shown = false;
}
