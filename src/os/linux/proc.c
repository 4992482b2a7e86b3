/* SPDX-License-Identifier: MIT */
/* What control needs of /proc, and processor affinity. See os.h. */
#include "os/linux/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Bytes read, NUL-terminated; the kernel makes these files in one piece. */
static int read_small(pid_t tid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd, e;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	e = errno;
	close(fd);
	if (n < 0)
		return -e;
	buf[n] = '\0';
	return (int)n;
}

/* Names are given with the newline before them; the kernel escapes those in Name:, so none can be forged. */
static const char *field(const char *text, const char *name)
{
	const char *p = strstr(text, name);

	return p ? p + strlen(name) : NULL;
}

static long number(const char *text, const char *name)
{
	const char *p = field(text, name);

	return p ? strtol(p, NULL, 10) : 0;
}

static uint64_t mask(const char *text, const char *name)
{
	const char *p = field(text, name);

	return p ? strtoull(p, NULL, 16) : 0;
}

int pt_os_status(pid_t tid, struct pt_os_status *ret)
{
	char buf[4096];
	const char *p;
	int r = read_small(tid, "status", buf, sizeof(buf));

	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	ret->tgid = (pid_t)number(buf, "\nTgid:");
	ret->ppid = (pid_t)number(buf, "\nPPid:");
	ret->tracer = (pid_t)number(buf, "\nTracerPid:");
	ret->threads = (int)number(buf, "\nThreads:");
	p = field(buf, "\nState:");
	while (p && (*p == '\t' || *p == ' '))
		p++;
	ret->state = p ? *p : '?';
	ret->ignored = mask(buf, "\nSigIgn:");
	ret->caught = mask(buf, "\nSigCgt:");
	ret->pending =
		(mask(buf, "\nSigPnd:") | mask(buf, "\nShdPnd:")) & ~mask(buf, "\nSigBlk:");
	ret->seccomp = (int)number(buf, "\nSeccomp:");
	ret->filters = (int)number(buf, "\nSeccomp_filters:");
	return ret->tgid ? 0 : -ESRCH;
}

/* Field n, counted from 1 as in proc(5), of /proc/TID/stat; the name in brackets may hold anything. */
static int stat_field(pid_t tid, int n, uint64_t *ret)
{
	char buf[1024], *p;
	int r = read_small(tid, "stat", buf, sizeof(buf)), i;

	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	p = strrchr(buf, ')');
	for (i = 2; p && i < n; i++)
		p = strchr(p + 1, ' ');
	if (!p)
		return -ESRCH;
	*ret = strtoull(p + 1, NULL, 10);
	return 0;
}

uint64_t pt_os_starttime(pid_t tid)
{
	uint64_t v;

	return stat_field(tid, 22, &v) < 0 ? 0 : v;
}

int pt_os_task_cpu(pid_t tid)
{
	uint64_t v;
	int r = stat_field(tid, 39, &v);

	return r < 0 ? r : (int)v;
}

bool pt_os_is_kernel_worker(pid_t tid)
{
	uint64_t flags;

	return stat_field(tid, 9, &flags) == 0 && (flags & 0x4010) != 0;
}

int pt_os_task_count(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	return stat(path, &st) < 0 || st.st_nlink < 2 ? 0 : (int)st.st_nlink - 2;
}

static int each_number(const char *folder, int (*fn)(void *arg, pid_t id), void *arg)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	int r = 0;

	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (r == 0 && (e = readdir(dir))) {
		long id = strtol(e->d_name, NULL, 10);

		if (id > 0)
			r = fn(arg, (pid_t)id);
	}
	closedir(dir);
	return r;
}

int pt_os_each_task(pid_t pid, int (*fn)(void *arg, pid_t tid), void *arg)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	return each_number(path, fn, arg);
}

int pt_os_each_process(int (*fn)(void *arg, pid_t pid), void *arg)
{
	return each_number("/proc", fn, arg);
}

bool pt_os_hurry(void)
{
	struct sched_param first = {.sched_priority = 1};

	return sched_getscheduler(0) == SCHED_OTHER &&
		sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first) == 0;
}

/* struct sched_attr of <linux/sched/types.h>, which collides with the C library's <sched.h>. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* Back to an ordinary thread of its nice value, with a time slice of so many ns (0: the kernel's own; before 6.12 always that). */
static void ordinary(uint64_t slice_ns)
{
	struct attributes a = {.size = sizeof(a), .policy = SCHED_OTHER, .runtime = slice_ns};

	a.nice = getpriority(PRIO_PROCESS, 0);
	syscall(SYS_sched_setattr, 0, &a, 0);
}

void pt_os_unhurry(void)
{
	ordinary(100000);
}

void pt_os_calm(void)
{
	ordinary(0);
}

int pt_os_getcpu(void)
{
	return sched_getcpu();
}

int pt_os_getaffinity(pid_t tid, struct pt_os_cpuset *ret)
{
	memset(ret, 0, sizeof(*ret));
	return sched_getaffinity(tid, sizeof(*ret), (cpu_set_t *)ret) < 0 ? -errno : 0;
}

int pt_os_setaffinity(pid_t tid, const struct pt_os_cpuset *set)
{
	return sched_setaffinity(tid, sizeof(*set), (const cpu_set_t *)set) < 0 ? -errno : 0;
}
