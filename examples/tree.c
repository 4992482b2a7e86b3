/* SPDX-License-Identifier: MIT */
/*
 * Traces the system calls of a program and of all that it starts, one line a call, to standard error. The decoder knows nothing of
 * processes: it is handed numbers and a way to read memory.
 */
#include <pintle/pintle.h>
#include <stdio.h>
#include <stdlib.h>

/* A call between its entry and its exit, kept by task. */
struct record {
	struct ptl_call call;
	struct ptl_decode_state state;
	struct ptl_text text;
};

static int64_t read_task(void *task, uint64_t address, void *buffer, size_t n)
{
	return ptl_read(task, address, buffer, n);
}

static void on_call(struct ptl_decoder *decoder, struct ptl_event *ev, struct record *rec)
{
	struct ptl_memory memory = {read_task, ev->task};
	int i;

	if (ev->kind == PTL_EV_SYSCALL_ENTRY) {
		rec->call = (struct ptl_call){.arch = ev->u.entry.arch, .nr = ev->u.entry.nr,
			.stack_pointer = ev->u.entry.sp};
		for (i = 0; i < 6; i++)
			rec->call.args[i] = ev->u.entry.args[i];
		ptl_text_clear(&rec->text);
		ptl_decode_entry(decoder, &rec->state, &rec->call, &memory, ev->task, &rec->text);
		return;
	}
	rec->call.has_result = ev->kind == PTL_EV_SYSCALL_EXIT;
	rec->call.rval = rec->call.has_result ? ev->u.exit.value : 0;
	rec->call.is_error = rec->call.has_result && ev->u.exit.is_error;
	ptl_decode_exit(decoder, &rec->state, &rec->call, &memory, ev->task, &rec->text);
	ptl_text_add(&rec->text, " = ", 3);
	ptl_decode_result(decoder, &rec->state, &rec->call, &memory, ev->task, &rec->text);
	fprintf(stderr, "%d %s\n", ev->tid, rec->text.data);
	ptl_text_clear(&rec->text);
}

int main(int argc, char **argv)
{
	struct ptl_decode_options options = {.max_string = 32};
	struct ptl_decoder *decoder;
	struct ptl_session *s;
	struct ptl_event ev;
	struct record *rec;
	int r = ptl_decoder_new(&options, &decoder);

	if (r < 0)
		return 1;
	r = ptl_start(&s, argv + 1, PTL_FOLLOW);
	for (; r >= 0 && (r = ptl_wait(s, &ev)) > 0; r = ptl_resume(&ev, PTL_SYSCALL)) {
		rec = ptl_task_data(ev.task);
		if (!rec && (rec = calloc(1, sizeof(*rec))))
			ptl_task_set_data(ev.task, rec);
		if (!rec)
			break;
		if (ev.kind == PTL_EV_SYSCALL_ENTRY || (ev.kind == PTL_EV_SYSCALL_EXIT && rec->text.len))
			on_call(decoder, &ev, rec);
		if (ev.kind != PTL_EV_EXITED)
			continue;
		if (rec->text.len) /* a call that never returned: exit_group */
			on_call(decoder, &ev, rec);
		if (ev.u.exited.signo)
			fprintf(stderr, "%d killed by %s\n", ev.tid, ptl_signal_name(ev.u.exited.signo));
		else
			fprintf(stderr, "%d exited with %d\n", ev.tid, ev.u.exited.code);
		ptl_text_done(&rec->text);
		free(rec);
	}
	ptl_decoder_free(decoder);
	return ptl_finish(s, r);
}
