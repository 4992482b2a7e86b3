/* SPDX-License-Identifier: MIT */
/*
 * H109: process_vm_readv(2) gives up at the first piece that it cannot read whole, and is refused pages that /proc/PID/mem reads. A
 * large read, which goes by it where that is faster, answers every byte up to the first that is not there.
 */
#include "quirk.h"

#include <sys/uio.h>

enum { PAGE = 4096, PAGES = 512 };

static unsigned char *area;
static unsigned char got[PAGES * PAGE + 64];

static void check(struct ptl_task *t, size_t from, size_t n, size_t want)
{
	int64_t r;

	memset(got, 0, sizeof(got));
	r = ptl_read(t, (uintptr_t)area + from, got, n);
	CHECK(r == (int64_t)want, "%zu bytes from %zu: %lld, not %zu", n, from, (long long)r, want);
	CHECK(!memcmp(got, area + from, want), "%zu bytes from %zu: other bytes", n, from);
	CHECK(!got[want], "%zu bytes from %zu: written beyond what was read", n, from);
}

int main(void)
{
	struct iovec local = {got, PAGES * PAGE}, remote;
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	ssize_t r;
	pid_t pid;

	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED, "no memory");
	for (size_t i = 0; i < PAGES * PAGE; i++)
		area[i] = (unsigned char)(i * 2654435761u >> 13);
	madvise(area + 100 * PAGE, 50 * PAGE, MADV_DONTNEED); /* never touched again: zeroes */
	pid = q_fork();
	if (!pid) {
		mprotect(area + 200 * PAGE, PAGE, PROT_NONE); /* still there, for a tracer */
		munmap(area + 400 * PAGE, PAGE);
		for (;;)
			pause();
	}
	q_until_asleep(pid);
	/* What the kernel does. */
	remote = (struct iovec){area + 300 * PAGE, 200 * PAGE};
	r = process_vm_readv(pid, &local, 1, &remote, 1, 0);
	CHECK(r == 100 * PAGE || (r < 0 && errno == EFAULT), "one piece with a hole: %zd", r);
	remote = (struct iovec){area + 200 * PAGE, PAGE};
	CHECK(process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0, "it reads a protected page");
	/* What the library does; running, then stopped. */
	q_attach(s, pid, &ev);
	for (int stopped = 1; stopped >= 0; stopped--) {
		struct ptl_task *t = ev.task;

		check(t, 0, PAGES * PAGE, 400 * PAGE);
		check(t, 1, PAGES * PAGE - 1, 400 * PAGE - 1);
		check(t, 150 * PAGE + 7, 100 * PAGE, 100 * PAGE);
		check(t, 90 * PAGE, 70 * PAGE, 70 * PAGE);
		check(t, 399 * PAGE + 4000, 64 << 10, 96);
		check(t, 401 * PAGE, 111 * PAGE + 5, 111 * PAGE);
		CHECK(ptl_read(t, (uintptr_t)area + 400 * PAGE, got, 100000) == -PTL_EBADADDR, "nothing is there");
		if (stopped) {
			RESUME(&ev, PTL_RUN);
			ev.task = t;
		}
	}
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	ptl_session_free(s);
	q_kill_and_reap(pid);
	return 0;
}
