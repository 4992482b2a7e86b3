/* SPDX-License-Identifier: MIT */
/*
 * What a descriptor or process id of a tracee is (-y, -yy, -Y), and whether a call touches a path of interest (-P).
 *
 * All comes from /proc, read while the task stands still.
 */
#include "tool/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { FD_CWD = -100, PATH_BYTES = PATH_MAX + 16 };

/* /proc/TID/fd/N, or of the current directory */
static void proc_path(char *to, size_t size, pid_t tid, int fd)
{
	if (fd == FD_CWD)
		snprintf(to, size, "/proc/%d/cwd", (int)tid);
	else
		snprintf(to, size, "/proc/%d/fd/%d", (int)tid, fd);
}

/* The path as strace shows it between < and >: C escapes in octal, the angles escaped too. */
static void put_path(struct pt_buf *to, const char *path, size_t len)
{
	static const char named[] = "\t\n\v\f\r", letters[] = "tnvfr";
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)path[i];
		const char *at = c ? strchr(named, c) : NULL;

		if (at) {
			pt_buf_putc(to, '\\');
			pt_buf_putc(to, letters[at - named]);
		} else if (c == '"' || c == '\\') {
			pt_buf_putc(to, '\\');
			pt_buf_putc(to, (char)c);
		} else if (c < 0x20 || c >= 0x7f || c == '<' || c == '>') {
			bool digit_next = i + 1 < len && path[i + 1] >= '0' && path[i + 1] <= '9';

			pt_buf_printf(to, digit_next ? "\\%03o" : "\\%o", c);
		} else {
			pt_buf_putc(to, (char)c);
		}
	}
}

static bool cut_suffix(const char *path, size_t *len, const char *suffix)
{
	size_t n = strlen(suffix);

	if (*len < n || memcmp(path + *len - n, suffix, n))
		return false;
	*len -= n;
	return true;
}

/* The process a pidfd is for, from its fdinfo; 0 if that cannot be read, -1 if it is gone. */
static int pidfd_pid(pid_t tid, int fd)
{
	char path[64], text[512], *at;
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)tid, fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return 0;
	n = read(info, text, sizeof(text) - 1);
	close(info);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strstr(text, "\nPid:");
	return at ? atoi(at + 5) : 0;
}

static bool put_device(struct pt_buf *to, const char *proc, const char *path, size_t len)
{
	struct stat st;

	if (stat(proc, &st) || !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
		return false;
	pt_buf_putc(to, '<');
	put_path(to, path, len);
	pt_buf_printf(to, "<%s %u:%u>>", S_ISCHR(st.st_mode) ? "char" : "block", major(st.st_rdev), minor(st.st_rdev));
	return true;
}

void trace_fd_text(void *arg, void *task, int fd, struct ptl_text *out)
{
	struct trace *t = arg;
	const struct trace_task *k = task;
	unsigned kinds = t->config.decode_fds;
	char proc[64], path[PATH_BYTES];
	unsigned long inode;
	bool deleted;
	ssize_t n;
	size_t len;

	if (fd < 0 && fd != FD_CWD)
		return;
	proc_path(proc, sizeof(proc), k->tid, fd);
	n = readlink(proc, path, sizeof(path) - 1);
	if (n <= 0)
		return;
	path[n] = '\0';
	len = (size_t)n;
	if (kinds & DECODE_SOCKET && sscanf(path, "socket:[%lu]", &inode) == 1 && trace_sock_text(t, proc, inode, out))
		return;
	if (kinds & DECODE_PIDFD && !strcmp(path, "anon_inode:[pidfd]")) {
		int pid = pidfd_pid(k->tid, fd);

		if (pid > 0) {
			pt_buf_printf(out, "<pid:%d>", pid);
			return;
		}
	}
	if (!(kinds & DECODE_PATH))
		return;
	deleted = path[0] == '/' && cut_suffix(path, &len, " (deleted)");
	if (path[0] == '/' && !deleted && kinds & DECODE_DEV && put_device(out, proc, path, len))
		return;
	pt_buf_putc(out, '<');
	put_path(out, path, len);
	pt_buf_puts(out, deleted ? ">(deleted)" : ">");
}

void trace_pid_text(void *arg, void *task, int pid, struct ptl_text *out)
{
	char path[64], comm[32];
	ssize_t n;
	int fd;

	if (pid <= 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, comm, sizeof(comm));
	close(fd);
	if (n > 0 && comm[n - 1] == '\n')
		n--;
	if (n <= 0)
		return;
	pt_buf_putc(out, '<');
	put_path(out, comm, (size_t)n);
	pt_buf_putc(out, '>');
}

/* --- -P ------------------------------------------------------------------------------------------ */

int trace_paths_prepare(struct trace *t)
{
	struct trace_config *c = &t->config;
	size_t given = c->path_count, i;

	if (!given)
		return 0;
	c->paths = reallocarray(c->paths, 2 * given, sizeof(*c->paths));
	c->real_paths = calloc(given, sizeof(*c->real_paths));
	if (!c->paths || !c->real_paths)
		return cmd_error(t->call, "out of memory");
	c->given_paths = given;
	for (i = 0; i < given; i++) {
		char *real = realpath(c->paths[i], NULL);

		c->real_paths[i] = real; /* owned */
		if (!real || !strcmp(real, c->paths[i]))
			continue;
		if (!(c->quiet & QUIET_PATH))
			cmd_note(t->call, "Requested path '%s' resolved into '%s'", c->paths[i], real);
		c->paths[c->path_count++] = real;
	}
	return 0;
}

static bool is_wanted(const struct trace_config *c, const char *path)
{
	size_t i;

	for (i = 0; i < c->path_count; i++)
		if (!strcmp(c->paths[i], path))
			return true;
	return false;
}

static bool fd_is_wanted(const struct trace_config *c, const struct trace_task *k, int fd)
{
	char proc[64], path[PATH_BYTES];
	ssize_t n;

	if (fd < 0)
		return false;
	proc_path(proc, sizeof(proc), k->tid, fd);
	n = readlink(proc, path, sizeof(path) - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	return is_wanted(c, path);
}

bool trace_path_match(struct trace *t, struct trace_task *k)
{
	const struct trace_config *c = &t->config;
	char path[PATH_BYTES];
	bool ended;
	unsigned i;

	for (i = 0; i < 6; i++) {
		if (k->info.path_args >> i & 1 &&
			ptl_read_string(k->task, k->call.args[i], path, sizeof(path), &ended) >= 0 && ended && is_wanted(c, path))
			return true;
		if (k->info.fd_args >> i & 1 && fd_is_wanted(c, k, (int)k->call.args[i]))
			return true;
	}
	return false;
}
