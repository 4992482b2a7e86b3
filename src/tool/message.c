/* SPDX-License-Identifier: MIT */
/*
 * What a command says: messages on standard error, results on standard output. See cmd.h. Everything that comes from a
 * command line, a file or a tracee passes the escaper here, so that it cannot drive a terminal.
 */
#include "tool/cmd.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

bool cmd_write_all(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static void say(const struct cmd_call *call, const char *fmt, va_list ap, const char *more)
{
	struct pt_buf text = PT_BUF_INIT, line = PT_BUF_INIT;

	pt_buf_vprintf(&text, fmt, ap);
	pt_buf_printf(&line, "%s: ", call->prefix);
	pt_buf_escaped(&line, text.data, text.len);
	pt_buf_printf(&line, "%s\n", more);
	cmd_write_all(STDERR_FILENO, line.data, line.len);
	pt_buf_done(&text);
	pt_buf_done(&line);
}

int cmd_error(const struct cmd_call *call, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(call, fmt, ap, "");
	va_end(ap);
	return 1;
}

void cmd_note(const struct cmd_call *call, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(call, fmt, ap, "");
	va_end(ap);
}

int cmd_usage_error(const struct cmd_call *call, const char *fmt, ...)
{
	struct pt_buf more = PT_BUF_INIT;
	va_list ap;

	if (call->as_strace)
		pt_buf_printf(&more, "\nTry '%s -h' for more information.", call->prefix);
	else
		pt_buf_printf(&more, " (see '%s --help')", call->prefix);
	va_start(ap, fmt);
	say(call, fmt, ap, pt_buf_str(&more));
	va_end(ap);
	pt_buf_done(&more);
	return call->usage_status;
}

int cmd_print(const struct cmd_call *call, const struct pt_buf *text)
{
	if (!pt_buf_ok(text))
		return cmd_error(call, "out of memory");
	if (cmd_write_all(STDOUT_FILENO, text->data, text->len))
		return 0;
	if (errno != EPIPE)
		cmd_error(call, "cannot write to standard output: %s", strerror(errno));
	return 1;
}

int cmd_parse_pid(const struct cmd_call *call, const char *text, pid_t *ret_pid)
{
	uint64_t v;

	if (text[0] < '1' || text[0] > '9' || !pt_parse_u64(text, &v) || v > INT_MAX)
		return cmd_usage_error(call, "invalid process id: '%s'", text);
	*ret_pid = (pid_t)v;
	return 0;
}
