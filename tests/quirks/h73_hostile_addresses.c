/* SPDX-License-Identifier: MIT */
/*
 * H73: an address or a length that comes from a tracee's registers may be anything: nowhere, in the kernel, at the end of the
 * address space, with a length that runs over it. What is answered is what is there, to the byte, and nothing is written beyond
 * what was asked for.
 */
#include "quirk.h"

enum { PAGE = 4096, PAGES = 64, BUF = 300 << 10, MARGIN = 64 };

static unsigned char *area; /* PAGES pages of the debuggee; every fifth is not there */
static struct ptl_task *task;

static bool is_there(uint64_t at)
{
	return at >= (uintptr_t)area && at < (uintptr_t)area + PAGES * PAGE && (at - (uintptr_t)area) / PAGE % 5 != 4;
}

/* How much of it can be had, within the area. */
static int64_t expected(uint64_t at, size_t n)
{
	size_t i = 0;

	while (i < n && at + i >= at && is_there(at + i))
		i += PAGE - (at + i) % PAGE < n - i ? PAGE - (at + i) % PAGE : n - i;
	return n == 0 ? 0 : i ? (int64_t)i : -PTL_EBADADDR;
}

static unsigned char value_at(uint64_t at)
{
	return (unsigned char)((at - (uintptr_t)area) * 131 >> 3 | 1);
}

static void check_read(uint64_t at, size_t n)
{
	static unsigned char buf[BUF + 2 * MARGIN];
	int64_t want = expected(at, n), got;

	memset(buf, 0xee, n + 2 * MARGIN);
	got = ptl_read(task, at, buf + MARGIN, n);
	CHECK(got == want, "read of %zu at %#llx: %lld, not %lld", n, (unsigned long long)at, (long long)got, (long long)want);
	for (int64_t i = 0; i < got; i++)
		CHECK(buf[MARGIN + i] == value_at(at + (uint64_t)i), "wrong byte at %#llx", (unsigned long long)at + (uint64_t)i);
	for (size_t i = 0; i < MARGIN; i++)
		CHECK(buf[i] == 0xee && buf[MARGIN + n + i] == 0xee, "written outside of the buffer, %zu at %#llx", n,
			(unsigned long long)at);
}

/* The same bytes again: the debuggee does not change. */
static void check_write(uint64_t at, size_t n)
{
	static unsigned char buf[BUF];
	int64_t want = expected(at, n), got;

	for (size_t i = 0; i < n; i++)
		buf[i] = value_at(at + i);
	got = ptl_write(task, at, buf, n);
	CHECK(got == want, "write of %zu at %#llx: %lld, not %lld", n, (unsigned long long)at, (long long)got, (long long)want);
}

/* No byte of the area is 0: a string ends where the area does. */
static void check_string(uint64_t at, size_t size)
{
	static char buf[BUF + MARGIN];
	int64_t want = expected(at, size - 1), got;
	bool ended = true;

	memset(buf, 0x55, size + MARGIN);
	got = ptl_read_string(task, at, buf, size, &ended);
	if (size == 1)
		want = 0;
	CHECK(got == want && !ended, "string of %zu at %#llx: %lld, not %lld", size, (unsigned long long)at, (long long)got,
		(long long)want);
	CHECK(buf[got < 0 ? 0 : got] == '\0' && buf[size] == 0x55, "string of %zu at %#llx: no end, or too long", size,
		(unsigned long long)at);
}

static void absurd(void)
{
	static const uint64_t where[] = {0, 1, PAGE - 1, UINT64_MAX, UINT64_MAX - 7, UINT64_MAX - PAGE, 0xffffffff81000000,
		0xffff888000000000, 0x8000000000000000, 0x7fffffffffffffff, 0x0000800000000000, 0x00007ffffffff000,
		0xffffffffff600000, 0xdeadbeefdeadbeef};
	static const size_t sizes[] = {1, 7, 8, 9, 4096, 4097, 65536, 200000};
	static unsigned char buf[BUF];

	for (unsigned i = 0; i < Q_COUNTOF(where); i++)
		for (unsigned j = 0; j < Q_COUNTOF(sizes); j++) {
			CHECK(ptl_read(task, where[i], buf, sizes[j]) == -PTL_EBADADDR, "something is at %#llx",
				(unsigned long long)where[i]);
			CHECK(ptl_write(task, where[i], buf, sizes[j]) == -PTL_EBADADDR, "%#llx can be written",
				(unsigned long long)where[i]);
		}
	/* a length far beyond everything, where the buffer is never reached: the first byte is not there */
	CHECK(ptl_read(task, 0, buf, SIZE_MAX) == -PTL_EBADADDR, "all of the address space");
	CHECK(ptl_read(task, UINT64_MAX, buf, SIZE_MAX) == -PTL_EBADADDR, "all behind its last byte");
}

int main(void)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	pid_t pid;

	area = mmap(NULL, (PAGES + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED, "no memory");
	munmap(area, (PAGES + 2) * PAGE);
	area += PAGE; /* surely nothing on both sides, while nothing else is mapped */
	pid = q_fork();
	if (!pid) {
		CHECK(mmap(area, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area,
			"no memory");
		for (size_t i = 0; i < PAGES * PAGE; i++)
			area[i] = value_at((uintptr_t)area + i);
		for (size_t i = 4; i < PAGES; i += 5)
			munmap(area + i * PAGE, PAGE);
		mprotect(area, PAGE, PROT_NONE);	  /* a tracer reads this all the same */
		mprotect(area + 3 * PAGE, PAGE, PROT_READ); /* and writes this */
		for (;;)
			pause();
	}
	q_until_asleep(pid);
	q_attach(s, pid, &ev);
	task = ev.task;
	absurd();
	for (unsigned n = q_rounds(20000); n; n--) {
		uint64_t at = (uintptr_t)area - PAGE + q_random((PAGES + 2) * PAGE);
		size_t size = q_random(8) ? q_random(3 * PAGE) : q_random(BUF);

		if (q_random(3) == 0) /* near a border */
			at = (at & ~(uint64_t)(PAGE - 1)) - 8 + q_random(16);
		if (at < (uintptr_t)area - PAGE || at >= (uintptr_t)area + (PAGES + 1) * PAGE)
			continue;
		check_read(at, size);
		if (n % 4 == 0)
			check_write(at, size);
		check_string(at, size + 1);
	}
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	ptl_session_free(s);
	q_kill_and_reap(pid);
	return 0;
}
