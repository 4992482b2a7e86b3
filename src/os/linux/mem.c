/* SPDX-License-Identifier: MIT */
/* The ways into another process's memory that need no stop: /proc/PID/mem, process_vm_readv(2). See
 * os.h. */
#include "os/linux/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Linux transfers at most this much at a time. */
#define TRANSFER_MAX ((size_t)0x7ffff000)

static int open_file(pid_t pid, pid_t tid, const char *name, int flags)
{
	char path[64];
	int fd;

	/* by thread: what belongs to the process is empty once its leader has exited */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)pid, (int)tid, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int pt_os_mem_open(pid_t pid, pid_t tid)
{
	return open_file(pid, tid, "mem", O_RDWR);
}

int pt_os_pagemap_open(pid_t pid, pid_t tid)
{
	return open_file(pid, tid, "pagemap", O_RDONLY);
}

/* Offsets are signed: the upper half of the address space, where a program has nothing but
 * [vsyscall], cannot be said. */
static int64_t result(ssize_t r)
{
	return r >= 0 ? r : errno == EINVAL || errno == EFAULT ? -EIO : -errno;
}

int64_t pt_os_mem_read(int fd, uint64_t address, void *buffer, size_t n)
{
	return result(pread(fd, buffer, n < TRANSFER_MAX ? n : TRANSFER_MAX, (off_t)address));
}

int64_t pt_os_mem_write(int fd, uint64_t address, const void *bytes, size_t n)
{
	return result(pwrite(fd, bytes, n < TRANSFER_MAX ? n : TRANSFER_MAX, (off_t)address));
}

int64_t pt_os_vm_read(pid_t tid, uint64_t address, void *buffer, size_t n, size_t page)
{
	enum { PIECES = 64 };
	struct iovec local = {buffer, 0}, remote[PIECES];
	unsigned count = 0;
	ssize_t r;

	for (; n && count < PIECES; count++) {
		size_t piece = page ? page - (size_t)(address & (page - 1)) : n;

		piece = piece < n ? piece : n;
		remote[count] = (struct iovec){(void *)(uintptr_t)address, piece};
		local.iov_len += piece;
		address += piece;
		n -= piece;
	}
	r = process_vm_readv(tid, &local, 1, remote, count, 0);
	return r >= 0 ? r : errno == EFAULT ? -EIO : -errno;
}
