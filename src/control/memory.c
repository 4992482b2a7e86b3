/* SPDX-License-Identifier: MIT */
/*
 * Memory of a process: read, write, strings, maps.
 *
 * There are three ways, and none is enough alone:
 *
 *  - /proc/PID/mem is the rule: one system call for any size, whatever the page protection, and it does not
 *    block on a page that userfaultfd(2) has yet to fill. One descriptor an address space, kept from the first
 *    use to the next execve. Opening it can be refused though the process is traced (it has become undumpable,
 *    Yama, descriptors used up).
 *  - process_vm_readv(2) is nearly twice as fast for much, but blocks where the above does not: so it is used
 *    for pages that are in memory already, as /proc/PID/pagemap tells.
 *  - PTRACE_PEEKDATA is the last resort, a word at a time; it needs a stopped task. PTRACE_POKEDATA is also the
 *    way to write text where the kernel forbids that through /proc/PID/mem (proc_mem.force_override=).
 *
 * Whatever the way, what is answered is the number of bytes before the first that cannot be had.
 */
#include "control/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "os/linux/maps.h"

/* From here on the second way pays for its preparation. */
#define LARGE ((size_t)64 << 10)
#define PAGE ((size_t)4096) /* smaller than a real page does no harm */

void pt_memory_init(struct pt_memory *m)
{
	*m = (struct pt_memory){.fd = -1};
}

void pt_memory_done(struct pt_memory *m)
{
	pt_closep(&m->fd);
	pt_memory_init(m);
}

void pt_memory_forget(struct pt_memory *m)
{
	pt_memory_done(m);
}

/* Whose memory, and what may be done to get it. */
struct view {
	struct pt_memory *memory;
	pid_t pid, tid;
	bool stopped; /* by us: PTRACE_PEEKDATA and PTRACE_POKEDATA are possible */
};

/* The kept descriptor, or -errno. */
static int descriptor(struct view *v)
{
	struct pt_memory *m = v->memory;
	int fd;

	if (m->fd >= 0)
		return m->fd;
	if (m->refused)
		return -EACCES;
	fd = pt_os_mem_open(v->pid, v->tid);
	if (fd >= 0)
		m->fd = fd;
	else
		m->refused = fd == -EACCES || fd == -EPERM;
	return fd;
}

/* --- reading -------------------------------------------------------------------------- */

/* By words, aligned: such a one never crosses a page. */
static int64_t read_words(struct view *v, uint64_t address, uint8_t *to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		uint64_t at = (address + done) & ~UINT64_C(7), word;
		size_t skip = (size_t)(address + done - at), piece = PT_MIN(8 - skip, n - done);
		int r = pt_os_peek(v->tid, at, &word);

		if (r == -ESRCH)
			return done ? (int64_t)done : -ESRCH;
		if (r < 0)
			break;
		memcpy(to + done, (const uint8_t *)&word + skip, piece);
		done += piece;
	}
	return done || !n ? (int64_t)done : -EIO;
}

/* Without the descriptor. */
static int64_t read_otherwise(struct view *v, uint64_t address, uint8_t *to, size_t n)
{
	size_t done = 0;
	int64_t r = 0;

	while ((n - done > 64 || !v->stopped) && done < n &&
		(r = pt_os_vm_read(v->tid, address + done, to + done, n - done, PAGE)) > 0)
		done += (size_t)r;
	if (done == n)
		return (int64_t)done;
	if (r == -ESRCH)
		return done ? (int64_t)done : r;
	if (!v->stopped)
		return done ? (int64_t)done : r == -EPERM ? r : -EIO;
	r = read_words(v, address + done, to + done, n - done);
	return r > 0 ? (int64_t)done + r : done ? (int64_t)done : r;
}

/* Bytes from `address` that are in memory, at most n: whole pages after the first. */
static size_t resident(const uint64_t *pages, size_t count, uint64_t address, size_t n)
{
	size_t i;

	for (i = 0; i < count && pages[i] >> 63; i++)
		;
	return i ? PT_MIN(n, i * PAGE - (size_t)(address % PAGE)) : 0;
}

/*
 * One step of a large read: as much as process_vm_readv gives of what is in memory. 0: use the
 * other way for the next *ret_skip bytes.
 */
static int64_t read_resident(
	struct view *v, int pagemap, uint64_t address, uint8_t *to, size_t n, size_t *ret_skip)
{
	uint64_t pages[512];
	size_t want = PT_MIN(PT_COUNTOF(pages), (address % PAGE + n + PAGE - 1) / PAGE), run, i;
	int64_t got = pt_os_mem_read(
		pagemap, address / PAGE * sizeof(pages[0]), pages, want * sizeof(pages[0]));

	if (got < (int64_t)sizeof(pages[0])) {
		*ret_skip = n;
		return 0;
	}
	want = (size_t)got / sizeof(pages[0]);
	run = resident(pages, want, address, n);
	if (run) {
		got = pt_os_vm_read(v->tid, address, to, run, 0);
		if (got > 0)
			return got;
		*ret_skip = run; /* protected, or just gone */
		return 0;
	}
	for (i = 0; i < want && !(pages[i] >> 63); i++)
		;
	*ret_skip = PT_MIN(n, i * PAGE - (size_t)(address % PAGE));
	return 0;
}

/* With the descriptor. */
static int64_t read_large(struct view *v, int fd, uint64_t address, uint8_t *to, size_t n)
{
	PT_CLEANUP(pt_closep) int pagemap = pt_os_pagemap_open(v->pid, v->tid);
	size_t done = 0, skip;
	int64_t r;

	while (done < n) {
		skip = n - done;
		r = pagemap < 0
			    ? 0
			    : read_resident(v, pagemap, address + done, to + done, n - done, &skip);
		if (r == 0)
			r = pt_os_mem_read(fd, address + done, to + done, skip);
		if (r <= 0)
			return done ? (int64_t)done : r;
		done += (size_t)r;
	}
	return (int64_t)done;
}

static int64_t read_by(struct view *v, int fd, uint64_t address, uint8_t *to, size_t n)
{
	size_t done = 0;
	int64_t r;

	if (n >= LARGE)
		return read_large(v, fd, address, to, n);
	do {
		r = pt_os_mem_read(fd, address + done, to + done, n - done);
		if (r <= 0)
			return done ? (int64_t)done : r;
		done += (size_t)r;
	} while (done < n);
	return (int64_t)done;
}

/* The end of the address space ends a transfer. */
static size_t clip(uint64_t address, size_t n)
{
	return address && n > -address ? (size_t)-address : n;
}

static int64_t read_view(struct view *v, uint64_t address, void *buffer, size_t n)
{
	int64_t r = 0;
	int fd;

	n = clip(address, n);
	if (!n)
		return 0;
	fd = descriptor(v);
	if (fd >= 0)
		r = read_by(v, fd, address, buffer, n);
	if (fd >= 0 && r == 0) { /* the address space is gone: by an execve we have not been told of
				    yet, or for good */
		pt_memory_forget(v->memory);
		fd = descriptor(v);
		r = fd >= 0 ? read_by(v, fd, address, buffer, n) : 0;
		if (r == 0)
			r = -ESRCH;
	}
	if (fd < 0)
		r = read_otherwise(v, address, buffer, n);
	return r;
}

/* --- writing ----------------------------------------------------------------------------- */

static int64_t write_words(struct view *v, uint64_t address, const uint8_t *from, size_t n)
{
	size_t done = 0;

	while (done < n) {
		uint64_t at = (address + done) & ~UINT64_C(7), word;
		size_t skip = (size_t)(address + done - at), piece = PT_MIN(8 - skip, n - done);
		int r = 0;

		if (piece < 8)
			r = pt_os_peek(v->tid, at, &word);
		if (r == 0) {
			memcpy((uint8_t *)&word + skip, from + done, piece);
			r = pt_os_poke(v->tid, at, word);
		}
		if (r == -ESRCH)
			return done ? (int64_t)done : -ESRCH;
		if (r < 0)
			break;
		done += piece;
	}
	return done || !n ? (int64_t)done : -EIO;
}

static int64_t write_view(struct view *v, uint64_t address, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;
	size_t done = 0;
	int64_t r = -EACCES;
	int fd;

	n = clip(address, n);
	if (!n)
		return 0;
	for (unsigned tries = 0; done < n && tries < 2;) {
		fd = descriptor(v);
		r = fd < 0 ? fd : pt_os_mem_write(fd, address + done, from + done, n - done);
		if (r < 0)
			break;
		done += (size_t)r;
		if (r == 0) { /* see read_view */
			pt_memory_forget(v->memory);
			tries++;
		}
	}
	if (done < n && r != 0 && v->stopped) {
		r = write_words(v, address + done, from + done, n - done);
		if (r > 0)
			done += (size_t)r;
	}
	if (!done && (r == 0 || r == -ENOENT))
		r = -ESRCH;
	return done ? (int64_t)done : r;
}

/* --- of a task -------------------------------------------------------------------------- */

static struct view view_of(struct ptl_task *t)
{
	return (struct view){&t->process->memory, t->process->pid, t->tid, t->state == PT_STOPPED};
}

/* Where nothing but PTRACE_PEEKDATA is left, that too may be refused, and says no more than that it failed. */
static bool is_closed(struct ptl_task *t)
{
	uint64_t word;

	return t->process->memory.refused && t->state == PT_STOPPED &&
	       pt_os_peek(t->tid, ptl_pc(t) & ~UINT64_C(7), &word) < 0;
}

/* The result of an access that may have failed, with its sentence. */
static int64_t answer(struct ptl_task *t, int64_t r, const char *verb, uint64_t address)
{
	if (r >= 0)
		return r;
	if (r == -EIO && is_closed(t))
		r = -EACCES;
	if (r == -EIO)
		return pt_fail(t->session, -PTL_EBADADDR,
			"cannot %s memory of task %d at 0x%llx: nothing is there", verb, t->tid,
			(unsigned long long)address);
	if (r == -ESRCH && pt_check_thread(t->session) < 0)
		return -PTL_ETHREAD;
	return pt_fail(t->session, (int)r, "cannot %s memory of task %d: %s", verb, t->tid,
		ptl_error_text((int)r));
}

int64_t ptl_read(struct ptl_task *t, uint64_t address, void *buffer, size_t n)
{
	struct view v = view_of(t);

	if (t->state == PT_EXITED)
		return -PTL_EGONE;
	return answer(t, read_view(&v, address, buffer, n), "read", address);
}

int64_t ptl_read_string(
	struct ptl_task *t, uint64_t address, char *buffer, size_t size, bool *ret_ended)
{
	size_t done = 0;

	if (!size)
		return -EINVAL;
	*ret_ended = false;
	buffer[0] = '\0';
	while (done < size - 1) {
		/* No further than the page: what is behind it may not be there, or not be needed. */
		uint64_t at = address + done;
		size_t want = PT_MIN(size - 1 - done, PAGE - (size_t)(at % PAGE));
		int64_t got = at < address ? 0 : ptl_read(t, at, buffer + done, want);
		const char *end;

		if (got <= 0 && !done)
			return got < 0 ? got : -PTL_EBADADDR;
		if (got <= 0)
			break;
		end = memchr(buffer + done, '\0', (size_t)got);
		if (end) {
			*ret_ended = true;
			return end - buffer;
		}
		done += (size_t)got;
		if ((size_t)got < want)
			break;
	}
	buffer[done] = '\0';
	return (int64_t)done;
}

int64_t ptl_write(struct ptl_task *t, uint64_t address, const void *bytes, size_t n)
{
	struct view v = view_of(t);

	if (t->state == PT_EXITED)
		return -PTL_EGONE;
	return answer(t, write_view(&v, address, bytes, n), "write", address);
}

int ptl_maps_read(struct ptl_task *t, struct ptl_maps **ret_maps)
{
	int r;

	if (t->state == PT_EXITED)
		return -PTL_EGONE;
	r = pt_maps_read(t->process->pid, t->tid, ret_maps);
	return r < 0 ? pt_fail(t->session, r, "cannot read the maps of task %d: %s", t->tid,
			       ptl_error_text(r))
		     : r;
}

/* --- of any process ------------------------------------------------------------------------ */

struct ptl_space {
	struct pt_memory kept;
	struct view view;
};

int ptl_space_open(pid_t pid, struct ptl_space **ret_space)
{
	struct ptl_space *m;
	int fd;

	if (pid <= 0)
		return -ESRCH;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	pt_memory_init(&m->kept);
	m->view = (struct view){&m->kept, pid, pid, false};
	fd = descriptor(&m->view);
	if (fd < 0) {
		free(m);
		return fd == -ENOENT ? -ESRCH : fd;
	}
	*ret_space = m;
	return 0;
}

void ptl_space_free(struct ptl_space *m)
{
	if (!m)
		return;
	pt_memory_done(&m->kept);
	free(m);
}

static int64_t bare(int64_t r)
{
	return r == -EIO ? -PTL_EBADADDR : r;
}

int64_t ptl_space_read(struct ptl_space *m, uint64_t address, void *buffer, size_t n)
{
	return bare(read_view(&m->view, address, buffer, n));
}

int64_t ptl_space_write(struct ptl_space *m, uint64_t address, const void *bytes, size_t n)
{
	return bare(write_view(&m->view, address, bytes, n));
}

bool ptl_space_touched(struct ptl_space *m, uint64_t address, uint64_t end, uint64_t *ret_start,
	uint64_t *ret_end)
{
	/* not kept: like the other one it would go on showing an address space that is gone */
	PT_CLEANUP(pt_closep) int pagemap = pt_os_pagemap_open(m->view.pid, m->view.tid);
	int r;

	if (address >= end)
		return false;
	r = pagemap < 0 ? pagemap
			: pt_os_pagemap_next(pagemap, address & ~(uint64_t)(PAGE - 1), end,
				  ret_start, ret_end);
	if (r == 0)
		return false;
	if (r < 0) {
		*ret_start = address;
		*ret_end = end;
	}
	*ret_start = PT_MAX(*ret_start, address);
	*ret_end = PT_MIN(*ret_end, end);
	return true;
}
