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
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
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

void trace_put_path(struct pt_buf *to, const char *path, size_t len)
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
			bool digit_next = i + 1 < len && path[i + 1] >= '0' && path[i + 1] <= '7';

			pt_buf_printf(to, digit_next ? "\\%03o" : "\\%o", c);
		} else {
			pt_buf_putc(to, (char)c);
		}
	}
}

/* A file without a name any more: the kernel says so behind the path. A file can be called that, too. */
static bool cut_deleted(const char *proc, const char *path, size_t *len)
{
	static const char suffix[] = " (deleted)";
	size_t n = sizeof(suffix) - 1;
	struct stat st;

	if (*len < n || memcmp(path + *len - n, suffix, n) || stat(proc, &st) || st.st_nlink)
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
	trace_put_path(to, path, len);
	pt_buf_printf(to, "<%s %u:%u>>", S_ISCHR(st.st_mode) ? "char" : "block", major(st.st_rdev), minor(st.st_rdev));
	return true;
}

int trace_netlink_protocol(void *arg, void *task, int fd)
{
	const struct trace_task *k = task;
	unsigned long inode, found;
	char proc[64], text[256];
	int protocol = -1, p;
	ssize_t n;
	FILE *f;

	proc_path(proc, sizeof(proc), k->tid, fd);
	n = getxattr(proc, "system.sockprotoname", text, sizeof(text) - 1);
	if (n <= 0 || strncmp(text, "NETLINK", (size_t)n) != 0)
		return -1;
	n = readlink(proc, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "socket:[%lu]", &inode) != 1)
		return -1;
	/* Of the tracee's network namespace: address, protocol, ..., inode last */
	snprintf(proc, sizeof(proc), "/proc/%d/net/netlink", (int)k->tid);
	f = fopen(proc, "re");
	while (f && protocol < 0 && fgets(text, sizeof(text), f)) {
		if (sscanf(text, "%*s %d %*s %*s %*s %*s %*s %*s %*s %lu", &p, &found) == 2 && found == inode)
			protocol = p;
	}
	if (f)
		fclose(f);
	return protocol;
}

void trace_ifindex_text(void *arg, void *task, unsigned int ifindex, struct ptl_text *out)
{
	char name[IF_NAMESIZE];

	/* Of our own network namespace, as everybody's tools show it. */
	if (if_indextoname(ifindex, name))
		trace_put_path(out, name, strlen(name));
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
	deleted = path[0] == '/' && cut_deleted(proc, path, &len);
	if (path[0] == '/' && !deleted && kinds & DECODE_DEV && put_device(out, proc, path, len))
		return;
	pt_buf_putc(out, '<');
	trace_put_path(out, path, len);
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
	trace_put_path(out, comm, (size_t)n);
	pt_buf_putc(out, '>');
}

void trace_read_comm(struct trace_task *k)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", (int)k->pid, (int)k->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, k->comm, sizeof(k->comm) - 1);
	close(fd);
	if (n > 0)
		k->comm[(size_t)n - (k->comm[n - 1] == '\n')] = '\0';
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
			cmd_note(t->call, "Requested path \"%s\" resolved into \"%s\"", c->paths[i], real);
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

/* Descriptors behind an address: poll's array, select's sets. */
enum { MOST_POLLED = 4096, MOST_SELECTED = 16384 };

static bool polls_wanted(const struct trace_config *c, const struct trace_task *k)
{
	struct {
		int fd;
		short events, revents;
	} items[64];
	uint64_t left = PT_MIN((uint32_t)k->call.args[1], (uint64_t)MOST_POLLED), address = k->call.args[0];

	while (left) {
		size_t n = PT_MIN(left, PT_COUNTOF(items)), i;

		if (ptl_read(k->task, address, items, n * sizeof(items[0])) != (int64_t)(n * sizeof(items[0])))
			return false;
		for (i = 0; i < n; i++)
			if (fd_is_wanted(c, k, items[i].fd))
				return true;
		left -= n;
		address += n * sizeof(items[0]);
	}
	return false;
}

static bool selects_wanted(const struct trace_config *c, const struct trace_task *k)
{
	int32_t given = (int32_t)k->call.args[0];
	unsigned limit = given < 0 ? 0 : PT_MIN((unsigned)given, (unsigned)MOST_SELECTED), set, fd;
	unsigned char bits[MOST_SELECTED / 8];

	for (set = 1; set <= 3; set++) {
		int64_t n = k->call.args[set] ? ptl_read(k->task, k->call.args[set], bits, (limit + 7) / 8) : 0;

		for (fd = 0; n > 0 && fd < PT_MIN(limit, (unsigned)n * 8); fd++)
			if (bits[fd / 8] >> (fd % 8) & 1 && fd_is_wanted(c, k, (int)fd))
				return true;
	}
	return false;
}

static const struct {
	const char *name;
	bool (*wanted)(const struct trace_config *c, const struct trace_task *k);
} sets_of_fds[] = {
	{"poll", polls_wanted}, {"ppoll", polls_wanted}, {"ppoll_time64", polls_wanted},
	{"select", selects_wanted}, {"_newselect", selects_wanted}, {"pselect6", selects_wanted},
	{"pselect6_time64", selects_wanted},
};

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
	for (i = 0; k->info.name && i < PT_COUNTOF(sets_of_fds); i++)
		if (!strcmp(k->info.name, sets_of_fds[i].name))
			return sets_of_fds[i].wanted(c, k);
	return false;
}
