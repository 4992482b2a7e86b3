/* SPDX-License-Identifier: MIT */
/* Readers of /proc, and the evidence on a refused attach. See procstat.h. */
#include "os/linux/procstat.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

enum { MAX_GENERATIONS = 4096, MAX_TRACERS = 64 };

int pt_proc_text(int proc, const char *path, char *buf, size_t size)
{
	PT_CLEANUP(pt_closep) int fd = openat(proc, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = 0;

	buf[0] = '\0';
	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		ssize_t n = read(fd, buf + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	return (int)len;
}

int pt_proc_number(int proc, const char *path, int64_t *ret)
{
	char text[64], *end;
	int r = pt_proc_text(proc, path, text, sizeof(text));
	long long v;

	if (r < 0)
		return r;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || errno)
		return -EINVAL;
	*ret = v;
	return 0;
}

/* The kernel escapes newline and backslash in Name:, and nothing else. */
static void unescape_name(char *to, size_t size, const char *from)
{
	size_t n = 0;

	while (*from && *from != '\n' && n < size - 1) {
		if (from[0] == '\\' && (from[1] == 'n' || from[1] == '\\')) {
			to[n++] = from[1] == 'n' ? '\n' : '\\';
			from += 2;
		} else {
			to[n++] = *from++;
		}
	}
	to[n] = '\0';
}

static void three_ids(uint32_t ids[3], const char *text)
{
	unsigned i;
	char *end;

	for (i = 0; i < 3; i++) {
		ids[i] = (uint32_t)strtoul(text, &end, 10);
		if (end == text)
			return;
		text = end;
	}
}

static void status_line(struct pt_proc_status *s, const char *key, size_t n, const char *value)
{
#define IS(word) (n == sizeof(word) - 1 && !memcmp(key, word, sizeof(word) - 1))
	if (IS("Name"))
		unescape_name(s->name, sizeof(s->name), value);
	else if (IS("State"))
		s->state = *value;
	else if (IS("Tgid"))
		s->tgid = atoi(value);
	else if (IS("PPid"))
		s->ppid = atoi(value);
	else if (IS("TracerPid"))
		s->tracer = atoi(value);
	else if (IS("Uid"))
		three_ids(s->uid, value);
	else if (IS("Gid"))
		three_ids(s->gid, value);
	else if (IS("CapPrm"))
		s->cap_permitted = strtoull(value, NULL, 16);
	else if (IS("CapEff"))
		s->cap_effective = strtoull(value, NULL, 16);
	else if (IS("Seccomp"))
		s->seccomp = atoi(value);
	else if (IS("Threads"))
		s->threads = atoi(value);
	else if (IS("Kthread"))
		s->kthread = *value == '1';
	else if (IS("NSpid"))
		snprintf(s->nspid, sizeof(s->nspid), "%.*s", (int)strcspn(value, "\n"), value);
#undef IS
}

/* Kthread: came with 6.8; before, PF_KTHREAD in the flags of stat, the seventh field after the name's bracket. */
static bool is_kthread_by_stat(int proc, pid_t pid)
{
	char path[32], text[512], *p;
	unsigned i;

	snprintf(path, sizeof(path), "%d/stat", pid);
	if (pt_proc_text(proc, path, text, sizeof(text)) <= 0)
		return false;
	p = strrchr(text, ')');
	for (i = 0; p && i < 7; i++)
		p = strchr(p + 1, ' ');
	return p && strtoul(p, NULL, 10) & 0x200000;
}

int pt_proc_status(int proc, pid_t pid, struct pt_proc_status *ret)
{
	char path[32], text[4096];
	const char *line;
	int r;

	memset(ret, 0, sizeof(*ret));
	snprintf(path, sizeof(path), "%d/status", pid);
	r = pt_proc_text(proc, path, text, sizeof(text));
	if (r == -ENOENT || r == 0)
		return -ESRCH;
	if (r < 0)
		return r;
	for (line = text; *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n')) {
		size_t n = strcspn(line, ":\n");

		if (line[n] == ':')
			status_line(ret, line, n, line + n + 1 + strspn(line + n + 1, " \t"));
	}
	if (!strstr(text, "\nKthread:"))
		ret->kthread = is_kthread_by_stat(proc, pid);
	return 0;
}

void pt_proc_wchan(int proc, pid_t pid, char *buf, size_t size)
{
	char path[32];

	snprintf(path, sizeof(path), "%d/wchan", pid);
	if (pt_proc_text(proc, path, buf, size) < 0 || !strcmp(buf, "0"))
		buf[0] = '\0';
}

uint32_t pt_proc_arch(int proc, pid_t pid)
{
	char path[32];
	Elf64_Ehdr head; /* as far as e_machine, both classes look the same */
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/exe", pid);
	/* O_NONBLOCK: whatever a mount namespace puts there, opening it does not block. */
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return 0;
	n = pread(fd, &head, sizeof(head), 0);
	close(fd);
	if (n < 20 || memcmp(head.e_ident, ELFMAG, SELFMAG))
		return 0;
	if (head.e_machine == EM_X86_64 && head.e_ident[EI_CLASS] == ELFCLASS64)
		return AUDIT_ARCH_X86_64;
	return head.e_machine == EM_386 ? AUDIT_ARCH_I386 : 0;
}

static void count_live_threads(int proc, struct pt_facts *f)
{
	char path[64];
	int fd;
	DIR *dir;
	struct dirent *entry;

	snprintf(path, sizeof(path), "%d/task", f->it.tgid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		char text[512], *p;
		int tid = atoi(entry->d_name);

		if (tid <= 0)
			continue;
		snprintf(path, sizeof(path), "%d/task/%d/stat", f->it.tgid, tid);
		if (pt_proc_text(proc, path, text, sizeof(text)) <= 0)
			continue;
		p = strrchr(text, ')');
		if (!p || p[1] != ' ' || p[2] == 'Z' || p[2] == 'X')
			continue;
		f->live_threads++;
		if (!f->live_tid || tid < f->live_tid)
			f->live_tid = tid;
	}
	closedir(dir);
}

/* The caller's tracer, that one's tracer ...: is the process among them? */
static bool is_in_tracer_chain(int proc, pid_t tracer, pid_t tgid)
{
	struct pt_proc_status s;
	unsigned i;

	for (i = 0; tracer > 0 && i < MAX_TRACERS; i++) {
		if (pt_proc_status(proc, tracer, &s))
			return false;
		if (s.tgid == tgid)
			return true;
		tracer = s.tracer;
	}
	return false;
}

static bool is_descendant(int proc, const struct pt_proc_status *it, pid_t of)
{
	struct pt_proc_status s;
	pid_t parent = it->ppid;
	unsigned i;

	for (i = 0; parent > 0 && i < MAX_GENERATIONS; i++) {
		if (parent == of)
			return true;
		if (pt_proc_status(proc, parent, &s))
			return false;
		parent = s.ppid;
	}
	return false;
}

/* A refused call on an id that cannot exist: without a filter it would be ESRCH. */
static bool ptrace_is_filtered(void)
{
	errno = 0;
	return ptrace(PTRACE_PEEKTEXT, INT_MAX, NULL, NULL) == -1 && errno == EPERM;
}

static int compare_user_ns(int proc, pid_t pid)
{
	char path[48];
	struct stat mine, its;

	if (fstatat(proc, "self/ns/user", &mine, 0))
		return -1;
	snprintf(path, sizeof(path), "%d/ns/user", pid);
	if (fstatat(proc, path, &its, 0))
		return -1;
	return mine.st_ino == its.st_ino && mine.st_dev == its.st_dev;
}

static void name_of(int proc, pid_t pid, char *name, size_t size, pid_t *ret_tgid)
{
	struct pt_proc_status s;

	if (pid > 0 && !pt_proc_status(proc, pid, &s)) {
		snprintf(name, size, "%s", s.name);
		if (ret_tgid)
			*ret_tgid = s.tgid;
	}
}

static void gather_it(int proc, struct pt_facts *f)
{
	char path[48];
	struct stat st;
	int r = pt_proc_status(proc, f->pid, &f->it);

	f->exists = !r;
	if (r) {
		f->hidden = !kill(f->pid, 0) || errno == EPERM;
		return;
	}
	/* The folder itself always belongs to the effective user; its files tell whether the process is dumpable. */
	snprintf(path, sizeof(path), "%d/status", f->pid);
	f->owner = fstatat(proc, path, &st, 0) ? f->it.uid[1] : st.st_uid;
	f->same_user_ns = compare_user_ns(proc, f->pid);
	snprintf(path, sizeof(path), "%d/attr/current", f->pid);
	if (pt_proc_text(proc, path, f->label, sizeof(f->label)) > 0)
		f->label[strcspn(f->label, "\n")] = '\0';
	name_of(proc, f->it.tracer, f->tracer_name, sizeof(f->tracer_name), &f->tracer_tgid);
	name_of(proc, f->it.ppid, f->parent_name, sizeof(f->parent_name), NULL);
	if (f->it.state == 'Z' || f->it.state == 'X')
		count_live_threads(proc, f);
	f->descendant = is_descendant(proc, &f->it, f->self);
	f->traces_me = is_in_tracer_chain(proc, f->me.tracer, f->it.tgid);
}

void pt_facts_gather(int proc, pid_t pid, int error, struct pt_facts *ret)
{
	char text[128];
	int64_t n;

	memset(ret, 0, sizeof(*ret));
	ret->pid = pid;
	ret->error = error;
	ret->self = getpid();
	ret->pid_max = pt_proc_number(proc, "sys/kernel/pid_max", &n) || n < 2 || n > INT_MAX ? INT_MAX : (pid_t)n;
	ret->yama = pt_proc_number(proc, "sys/kernel/yama/ptrace_scope", &n) ? -1 : (int)n;
	/* The thread's own credentials count, not the process's. */
	if (pt_proc_status(proc, gettid(), &ret->me))
		(void)pt_proc_status(proc, ret->self, &ret->me);
	/* Empty: nested, and no ids mapped yet. No such file: a kernel without user namespaces. */
	ret->initial_user_ns = pt_proc_text(proc, "self/uid_map", text, sizeof(text)) < 0 ||
		strstr(text, "4294967295") != NULL;
	ret->filtered = ret->me.seccomp == 2 && ptrace_is_filtered();
	if (pid > 0 && pid < ret->pid_max)
		gather_it(proc, ret);
}
