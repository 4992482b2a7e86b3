/* SPDX-License-Identifier: MIT */
/*
 * pintle count: how many instructions a program executes, exactly, by stepping through it.
 *
 * Signals. Those of the terminal (^C) reach the program as well as the tool, which share a process group: the program decides, the
 * tool only says how far it is. Sent to the tool alone (kill, timeout), they are passed on to the program. A second one ends the
 * count: a program that was started is killed, one that was attached to goes on.
 */
#include "tool/count.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_EVERY = 2048, END_PATIENCE_NS = 2000000000, STATUS_NOT_FOUND = 127, STATUS_NOT_EXECUTABLE = 126 };

enum { SHOW_HELP = -1 };
enum { OPT_PID = 1, OPT_BY, OPT_JSON, OPT_FAST, OPT_NO_FOLLOW, OPT_OUTPUT };

static const struct cmd_option options[] = {
	{'p', "attach", "PID", false, OPT_PID,
		"count in a running process, from now until it ends or you interrupt; may be given several times"},
	{0, "no-follow", NULL, false, OPT_NO_FOLLOW, "leave the processes that it creates alone; its threads are counted"},
	{0, "by", "WHAT", false, OPT_BY, "module (program, library) or opcode, instead of process and thread"},
	{0, "fast", NULL, false, OPT_FAST,
		"let the processor count, at full speed, where it has a counter; only the sum is known then"},
	{0, "json", NULL, false, OPT_JSON, "one JSON object"},
	{'o', "output", "FILE", false, OPT_OUTPUT, "write the result to FILE instead of standard error"},
	{0},
};

static const struct cmd_example examples[] = {
	{"pintle count true", "the instructions of true, and of the dynamic linker that starts it"},
	{"pintle count --by=module ls", "how many of them in which library"},
	{"pintle count -p 4242", "of process 4242, until ^C"},
	{NULL, NULL},
};

/* --- signals ----------------------------------------------------------------------------- */

static const int own_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

static volatile sig_atomic_t caught, caught_count, from_terminal;
static struct ptl_session *volatile kicked;
static struct sigaction found[PT_COUNTOF(own_signals)]; /* dispositions as we were started with */
static sigset_t found_mask;

static void on_signal(int signo, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)context;
	caught = signo;
	from_terminal = info->si_code == SI_KERNEL;
	caught_count++;
	if (kicked)
		ptl_session_kick(kicked);
	errno = saved;
}

static void install_signals(void)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	sigset_t block;
	size_t i;

	sigemptyset(&block);
	sigaddset(&block, SIGCHLD); /* the session's, PTL_OWN_SIGCHLD */
	sigprocmask(SIG_BLOCK, &block, &found_mask);
	for (i = 0; i < PT_COUNTOF(own_signals); i++)
		if (!sigaction(own_signals[i], NULL, &found[i]) &&
			!(own_signals[i] == SIGHUP && found[i].sa_handler == SIG_IGN)) /* nohup(1) stays in force */
			sigaction(own_signals[i], &action, NULL);
}

/* In the child, before it becomes the program. */
static int restore_signals(void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < PT_COUNTOF(own_signals); i++)
		sigaction(own_signals[i], &found[i], NULL);
	return 0;
}

static uint64_t mask_as_found(void)
{
	uint64_t mask = 0;
	int signo;

	for (signo = 1; signo <= 64; signo++)
		if (sigismember(&found_mask, signo) == 1)
			mask |= UINT64_C(1) << (signo - 1);
	return mask;
}

static void kill_all(struct count *c)
{
	struct ptl_task *task;
	size_t pos = 0;

	while ((task = ptl_next_task(c->session, &pos)))
		ptl_kill(ptl_task_process(task));
}

/* What came since the last look. True: count no further. */
static bool look_at_signals(struct count *c, unsigned *seen)
{
	unsigned count = (unsigned)caught_count;
	struct pt_buf text = PT_BUF_INIT;

	if (count == *seen)
		return false;
	*seen = count;
	if (!c->config.argv) {
		c->cut = true;
		return true;
	}
	count_progress_end(c);
	if (count > 1) {
		cmd_note(c->call, "killing the program");
		kill_all(c);
		return false;
	}
	count_add_number(&text, c->total, 0);
	cmd_note(c->call, "%s instructions so far; a second signal kills the program", pt_buf_str(&text));
	pt_buf_done(&text);
	if (!from_terminal && !c->main_ended)
		kill(c->main_pid, caught);
	return false;
}

/* --- tasks ------------------------------------------------------------------------------------ */

static void read_name(struct count_task *t)
{
	char path[64];
	ssize_t n;
	int fd;
	struct pt_buf text = PT_BUF_INIT;

	pt_buf_printf(&text, "/proc/%d/task/%d/comm", t->pid, t->tid);
	memcpy(path, pt_buf_str(&text), PT_MIN(text.len + 1, sizeof(path)));
	pt_buf_done(&text);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, t->name, sizeof(t->name) - 1);
	close(fd);
	t->name[n > 0 ? n - (t->name[n - 1] == '\n') : 0] = '\0';
}

static struct count_task *task_new(struct count *c, const struct ptl_event *ev)
{
	struct count_task **slot = pt_vec_push(&c->tasks), *t = calloc(1, sizeof(*t));

	if (!slot || !t) {
		if (slot)
			c->tasks.len--;
		free(t);
		if (!c->failed)
			cmd_error(c->call, "out of memory");
		c->failed = true;
		return NULL;
	}
	*slot = t;
	t->tid = ev->tid;
	t->pid = ev->pid;
	read_name(t);
	c->processes += ev->tid == ev->pid;
	ptl_task_set_data(ev->task, t);
	return t;
}

static void on_exited(struct count *c, struct count_task *t, const struct ptl_event *ev)
{
	if (t)
		t->ended = true;
	if (ev->tid == c->main_pid && !ev->u.exited.superseded_by) {
		c->main_ended = true;
		c->main_code = ev->u.exited.code;
		c->main_signo = ev->u.exited.signo;
	}
	if (ev->u.exited.last)
		count_where_forget(ptl_task_process(ev->task));
}

static void handle(struct count *c, const struct ptl_event *ev)
{
	struct count_task *t = ptl_task_data(ev->task);

	if (!t)
		t = task_new(c, ev);
	switch (ev->kind) {
	case PTL_EV_STEPPED:
		c->total++;
		if (t)
			t->instructions++;
		if (c->config.by != COUNT_BY_TASK)
			count_where(c, ev);
		break;
	case PTL_EV_EXEC:
		if (t) {
			t->tid = ev->tid;
			t->pid = ev->pid;
			read_name(t);
		}
		count_where_exec(ev);
		break;
	case PTL_EV_EXITED:
		on_exited(c, t, ev);
		break;
	case PTL_EV_STARTED:
	case PTL_EV_FORKED:
	case PTL_EV_SYSCALL_ENTRY:
	case PTL_EV_SYSCALL_EXIT:
	case PTL_EV_SIGNAL:
	case PTL_EV_GROUP_STOP:
	case PTL_EV_CONTINUED:
	case PTL_EV_INTERRUPTED:
	case PTL_EV_BREAKPOINT:
	case PTL_EV_WATCHPOINT:
		break;
	}
}

static int loop(struct count *c)
{
	struct ptl_event ev;
	unsigned seen = 0, since = 0;
	int r;

	count_progress(c);
	for (;;) {
		if ((unsigned)caught_count != seen && look_at_signals(c, &seen))
			return 0;
		r = ptl_wait(c->session, &ev);
		if (r == -EINTR)
			continue;
		if (r <= 0)
			return r;
		handle(c, &ev);
		if (++since == PROGRESS_EVERY) {
			since = 0;
			count_progress(c);
		}
		r = ptl_resume(&ev, PTL_STEP);
		if (r < 0)
			return r;
	}
}

/* --- the beginning and the end -------------------------------------------------------------------- */

static int start(struct count *c)
{
	const struct count_config *config = &c->config;
	unsigned flags = PTL_OWN_SIGCHLD | PTL_KEEP_CPU | PTL_FOLLOW_THREADS | PTL_EXITKILL;
	uint64_t mask;
	struct ptl_launch how;
	struct ptl_task *task;
	size_t i;
	int r;

	if (!config->no_follow)
		flags |= PTL_FOLLOW_FORKS;
	install_signals();
	r = ptl_session_new(&c->session, flags);
	if (r < 0)
		return cmd_error(c->call, "%s", ptl_error_text(r));
	kicked = c->session;
	cmd_log(c->call, c->session);
	for (i = 0; i < config->pid_count; i++) {
		r = ptl_attach(c->session, config->pids[i], 0);
		if (r < 0 && r != -PTL_EALREADY)
			return cmd_session_error(c->call, c->session, r);
	}
	if (!config->argv)
		return 0;
	mask = mask_as_found();
	ptl_launch_init(&how, config->argv);
	how.sigmask = &mask;
	how.child_setup = restore_signals;
	r = ptl_launch(c->session, &how, &task);
	if (r < 0) {
		cmd_session_error(c->call, c->session, r);
		return r == -ENOENT || r == -ENOTDIR ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
	}
	c->main_pid = ptl_task_tid(task);
	return 0;
}

static int show(struct count *c, int fd)
{
	struct pt_buf text = PT_BUF_INIT;
	int status = 0;

	count_progress_end(c);
	count_show(c, &text);
	if (!pt_buf_ok(&text))
		status = cmd_error(c->call, "out of memory");
	else if (!cmd_write_all(fd, text.data, text.len))
		status = cmd_error(c->call, "cannot write the result: %s", strerror(errno));
	pt_buf_done(&text);
	return status;
}

static int count(struct count *c, int fd)
{
	struct ptl_task *task;
	size_t pos = 0;
	int status = c->config.fast ? count_fast(c) : start(c), r;

	if (!status && !c->config.fast) {
		r = loop(c);
		if (r < 0)
			status = cmd_session_error(c->call, c->session, r);
		c->cut |= r < 0;
		while (c->config.by == COUNT_BY_MODULE && (task = ptl_next_task(c->session, &pos)))
			count_where_forget(ptl_task_process(task));
		r = ptl_detach_all(c->session, END_PATIENCE_NS);
		if (r < 0)
			status = cmd_session_error(c->call, c->session, r);
	}
	kicked = NULL;
	ptl_session_free(c->session);
	if (status && !c->tasks.len)
		return status;
	r = show(c, fd);
	if (status || r)
		return status ? status : r;
	if (c->main_signo)
		cmd_die_of(c->main_signo);
	return c->main_signo ? 128 + c->main_signo : c->main_code;
}

/* --- command line ------------------------------------------------------------------------------------ */

static int parse_by(struct count *c, const char *arg)
{
	if (!strcmp(arg, "module"))
		c->config.by = COUNT_BY_MODULE;
	else if (!strcmp(arg, "opcode"))
		c->config.by = COUNT_BY_OPCODE;
	else
		return cmd_usage_error(c->call, "invalid argument of --by: '%s'; it is module or opcode", arg);
	return 0;
}

static int add_pid(struct count *c, const char *arg)
{
	pid_t *more, pid;
	int r = cmd_parse_pid(c->call, arg, &pid);

	if (r)
		return r;
	more = realloc(c->config.pids, (c->config.pid_count + 1) * sizeof(*more));
	if (!more)
		return cmd_error(c->call, "out of memory");
	c->config.pids = more;
	more[c->config.pid_count++] = pid;
	return 0;
}

/* 0, SHOW_HELP, or the exit status after a message. */
static int parse(struct count *c)
{
	struct cmd_call *call = c->call;
	struct opt_state opt = {0};
	const char *arg;
	int id, r;

	while ((id = opt_next(call, &opt, &arg)) != OPT_END) {
		r = 0;
		switch (id) {
		case OPT_PID:
			r = add_pid(c, arg);
			break;
		case OPT_BY:
			r = parse_by(c, arg);
			break;
		case OPT_JSON:
			c->config.json = true;
			break;
		case OPT_FAST:
			c->config.fast = true;
			break;
		case OPT_NO_FOLLOW:
			c->config.no_follow = true;
			break;
		case OPT_OUTPUT:
			c->config.output = arg;
			break;
		case OPT_HELP:
			return SHOW_HELP;
		default:
			return call->usage_status;
		}
		if (r)
			return r;
	}
	if (opt.index < call->argc)
		c->config.argv = call->argv + opt.index;
	if (!c->config.argv && !c->config.pid_count)
		return cmd_usage_error(call, "there is no program to count in, and no process (-p)");
	if (c->config.argv && c->config.pid_count)
		return cmd_usage_error(call, "a program and -p cannot be counted at once");
	if (c->config.fast && c->config.by != COUNT_BY_TASK)
		return cmd_usage_error(call, "--fast cannot be combined with --by: the processor's counter knows only the sum");
	return 0;
}

static int run(struct cmd_call *call)
{
	struct count c = {.call = call, .tasks = PT_VEC_INIT(struct count_task *), .modules = PT_VEC_INIT(struct count_row)};
	int fd = STDERR_FILENO, status;
	size_t i;

	status = parse(&c);
	if (status == SHOW_HELP) {
		free(c.config.pids);
		return cmd_show_help(call);
	}
	if (!status && c.config.by == COUNT_BY_OPCODE) {
		c.opcodes = calloc(COUNT_OPCODES, sizeof(*c.opcodes));
		if (!c.opcodes)
			status = cmd_error(call, "out of memory");
	}
	if (!status && c.config.output) {
		/* before the program runs, so that its work is not lost by a wrong name */
		fd = open(c.config.output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
		if (fd < 0)
			status = cmd_error(call, "cannot open '%s': %s", c.config.output, strerror(errno));
	}
	if (!status) {
		c.progress = isatty(STDERR_FILENO) && !c.config.fast;
		status = count(&c, fd);
	}
	if (fd > STDERR_FILENO && close(fd) && !status)
		status = cmd_error(call, "cannot write the result: %s", strerror(errno));
	for (i = 0; i < c.tasks.len; i++)
		free(PT_VEC_AT(&c.tasks, struct count_task *, i));
	for (i = 0; i < c.modules.len; i++)
		free(PT_VEC_AT(&c.modules, struct count_row, i).name);
	pt_vec_done(&c.tasks);
	pt_vec_done(&c.modules);
	free(c.opcodes);
	free(c.config.pids);
	return status;
}

const struct command cmd_count = {
	.name = "count",
	.usage = "[OPTIONS] PROGRAM [ARG]...\n[OPTIONS] -p PID",
	.summary = "exact number of instructions that a program executes",
	.help = "Counts the instructions that a program executes in user mode, exactly, with all threads and all processes that it "
		"creates, by stepping through every one of them. That takes no hardware counter, and about 20 microseconds an "
		"instruction. The result says how it was found.\n\n"
		"One instruction is one, also a repeated one (rep movsb), and one whose system call does not come back. A system call "
		"that a signal interrupted and the kernel makes again was executed twice. What the kernel does is not counted. "
		"The program runs as it would without: it does not see the trap flag by which it is stepped.\n\n"
		"^C reaches the program too: the count so far is shown, and counting goes on until the program ends. A second ^C "
		"kills it. With -p, ^C ends the count and the program goes on. Should pintle itself be killed (SIGKILL) while it steps, a "
		"process it has attached to dies of the step it was left in (SIGTRAP): no tracer that steps can prevent that.\n\n"
		"Limits: a program that ignores SIGTRAP finds it set to its default when it is stepped, and so may a 32-bit one that blocks "
		"it; a critical section by rseq(2) does not get through if it is stepped (the C library has none).\n\n"
		"Exit status: the program's own, or the signal that killed it; 127 or 126 if it could not be started; with -p 0; "
		"1 for other failures, 2 for a wrong command line or a method that this machine does not have.",
	.options = options,
	.examples = examples,
	.options_first = true,
	.run = run,
};
