/* SPDX-License-Identifier: MIT */
/* Memory of a process. See memory.h. */
#include "control/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void pt_memory_init(struct pt_memory *m)
{
	m->fd = -1;
}

void pt_memory_done(struct pt_memory *m)
{
	pt_closep(&m->fd);
	m->fd = -1;
}

void pt_memory_forget(struct pt_memory *m)
{
	pt_memory_done(m);
}

int64_t ptl_read(struct ptl_task *t, uint64_t address, void *buffer, size_t n)
{
	struct pt_memory *m = &t->process->memory;
	size_t got = 0;
	ssize_t r;

	if (m->fd < 0) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/task/%d/mem", t->process->pid, t->tid);
		m->fd = open(path, O_RDWR | O_CLOEXEC);
		if (m->fd < 0)
			return -errno;
	}
	while (got < n) {
		r = pread(m->fd, (char *)buffer + got, n - got, (off_t)(address + got));
		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return got || !n ? (int64_t)got : -PTL_EBADADDR;
}
