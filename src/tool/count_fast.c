/* SPDX-License-Identifier: MIT */
/*
 * pintle count --fast: the processor's own counter of instructions, by perf_event_open(2), where there is one.
 *
 * The program is not traced at all. It waits on a pipe until its counter is there, which begins with its execve and
 * covers what it creates.
 */
#include "tool/count.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STATUS_NOT_FOUND = 127, STATUS_NOT_EXECUTABLE = 126, STATUS_NO_METHOD = 2 };

static int open_counter(pid_t pid, bool from_exec)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.disabled = from_exec,
		.enable_on_exec = from_exec,
		.inherit = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
	long fd = syscall(SYS_perf_event_open, &attr, pid, -1, -1, 8 /* PERF_FLAG_FD_CLOEXEC */);

	return fd < 0 ? -errno : (int)fd;
}

static int no_counter(struct count *c, int error)
{
	if (error == -ENOENT || error == -ENODEV || error == -EOPNOTSUPP)
		cmd_error(c->call, "--fast: this machine has no instruction counter, as is usual for a virtual one; without --fast the "
				   "instructions are counted by stepping");
	else if (error == -EACCES || error == -EPERM)
		cmd_error(c->call, "--fast: the kernel does not let this user use the counter (kernel.perf_event_paranoid): %s",
			strerror(-error));
	else
		cmd_error(c->call, "--fast: the counter cannot be used: %s", strerror(-error));
	return STATUS_NO_METHOD;
}

static int read_counter(struct count *c, int fd)
{
	uint64_t value[3] = {0, 0, 0}; /* count, time enabled, time running */

	if (read(fd, value, sizeof(value)) != sizeof(value))
		return cmd_error(c->call, "cannot read the counter: %s", strerror(errno));
	c->total = value[0];
	if (value[2] < value[1])
		return cmd_error(c->call, "the counter was shared with others and ran only part of the time; it cannot tell");
	return 0;
}

/* Waits at the gate for its counter, then becomes the program; tells the errno if it cannot. */
static void __attribute__((noreturn)) become_program(struct count *c, int gate, int report)
{
	char byte;
	int e;

	if (read(gate, &byte, 1) == 1) {
		execvp(c->config.argv[0], c->config.argv);
		e = errno;
		(void)!write(report, &e, sizeof(e));
	}
	_exit(STATUS_NOT_FOUND);
}

static int run_program(struct count *c)
{
	int gate[2], report[2], fd, e = 0, status = 0;
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) || pipe2(report, O_CLOEXEC))
		return cmd_error(c->call, "cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		return cmd_error(c->call, "cannot fork: %s", strerror(errno));
	if (!pid) {
		close(gate[1]);
		become_program(c, gate[0], report[1]);
	}
	close(gate[0]);
	close(report[1]);
	fd = open_counter(pid, true);
	if (fd >= 0)
		(void)!write(gate[1], "", 1);
	close(gate[1]);
	/* ^C reaches the program by itself */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (fd >= 0 && read(report[0], &e, sizeof(e)) == sizeof(e))
		cmd_error(c->call, "cannot execute %s: %s", c->config.argv[0], strerror(e));
	close(report[0]);
	c->main_ended = cmd_wait_child(pid, &c->main_code, &c->main_signo);
	if (fd < 0)
		return no_counter(c, fd);
	if (e)
		status = e == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
	else
		status = read_counter(c, fd);
	close(fd);
	return status;
}

int count_fast(struct count *c)
{
	int fd;

	if (!c->config.argv) {
		fd = open_counter(c->config.pids[0], false);
		if (fd < 0)
			return no_counter(c, fd);
		close(fd);
		cmd_error(c->call, "--fast: not available with -p in this version");
		return STATUS_NO_METHOD;
	}
	if (c->config.no_follow) {
		cmd_error(c->call, "--fast: not available with --no-follow in this version");
		return STATUS_NO_METHOD;
	}
	return run_program(c);
}
