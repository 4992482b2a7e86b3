/* SPDX-License-Identifier: MIT */
/* The ways into another process's memory that need no stop: /proc/PID/mem, process_vm_readv(2). See
 * os.h. */
#include "os/linux/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
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

/* --- which pages are there -------------------------------------------------------------- */

enum { PAGE_SHIFT = 12 };

/* ioctl PAGEMAP_SCAN, Linux 6.7; newer than the C library's headers of Debian 12. */
struct scan {
	uint64_t size, flags, start, end, walk_end, regions, region_count, max_pages;
	uint64_t inverted, all_of, any_of, returned;
};
struct region {
	uint64_t start, end, categories;
};
#define PAGEMAP_SCAN _IOWR('f', 16, struct scan)
#define PAGE_IS_PRESENT (UINT64_C(1) << 3)
#define PAGE_IS_SWAPPED (UINT64_C(1) << 4)

static int next_by_scan(int fd, uint64_t start, uint64_t end, struct region *ret)
{
	struct scan scan = {.size = sizeof(scan),
		.start = start,
		.end = end,
		.regions = (uintptr_t)ret,
		.region_count = 1,
		.any_of = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
		/* nothing is asked about a page: so that neighbours are one region */
		.returned = 0};
	int r = ioctl(fd, PAGEMAP_SCAN, &scan);

	return r < 0 ? -errno : r;
}

/* Bit 63: in memory, bit 62: swapped out. */
static int next_by_reading(int fd, uint64_t start, uint64_t end, struct region *ret)
{
	uint64_t pages[1024];
	bool found = false;

	while (start < end) {
		uint64_t want = (end - start) >> PAGE_SHIFT;
		int64_t got = pt_os_mem_read(fd, (start >> PAGE_SHIFT) * 8, pages,
			(want < 1024 ? want : 1024) * sizeof(pages[0]));

		if (got < 0)
			return (int)got;
		if (got < 8)
			break;
		for (int64_t i = 0; i < got / 8; i++, start += UINT64_C(1) << PAGE_SHIFT) {
			bool there = pages[i] >> 62;

			if (there && !found)
				ret->start = start;
			if (!there && found)
				return 1;
			found = there;
			if (found)
				ret->end = start + (UINT64_C(1) << PAGE_SHIFT);
		}
	}
	return found;
}

int pt_os_pagemap_next(int fd, uint64_t start, uint64_t end, uint64_t *ret_start, uint64_t *ret_end)
{
	struct region region = {0};
	int r = next_by_scan(fd, start, end, &region);

	if (r < 0)
		r = next_by_reading(fd, start, end, &region);
	if (r > 0) {
		*ret_start = region.start;
		*ret_end = region.end;
	}
	return r;
}
