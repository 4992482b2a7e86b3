/* SPDX-License-Identifier: MIT */
/*
 * H112: the kernel makes the text of /proc/PID/maps a few KiB at a time and lets the process go on between: while threads map and
 * unmap, a map appears twice, half, or merged with its neighbour. What a caller gets is sorted and without overlap, and
 * what does not change is always in it.
 */
#include "quirk.h"

enum { PAGE = 4096, THREADS = 3, STEADY = 200 };

struct record {
	volatile uint64_t turns;
	uint64_t steady[STEADY];
};
static struct record *rec;

static void *churn(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	char *p[32] = {0};

	for (;;) {
		unsigned i = (seed = seed * 1103515245 + 12345) >> 16 & 31;

		if (p[i])
			munmap(p[i], 3 * PAGE);
		p[i] = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (seed >> 8 & 1)
			mprotect(p[i] + PAGE, PAGE, PROT_READ | PROT_WRITE);
		rec->turns++;
	}
	return NULL;
}

static void debuggee(void)
{
	pthread_t t;

	for (int i = 0; i < STEADY; i++) { /* no two can be merged: every other is of another kind */
		char *p = mmap(NULL, PAGE, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		rec->steady[i] = (uintptr_t)p;
	}
	for (long i = 1; i < THREADS; i++)
		pthread_create(&t, NULL, churn, (void *)(i * 977));
	churn((void *)13L);
}

static void check(const struct ptl_maps *maps)
{
	const struct ptl_map *m;
	uint64_t end = 0;

	for (size_t i = 0; (m = ptl_maps_get(maps, i)); i++) {
		CHECK(m->start < m->end, "an empty map");
		CHECK(m->start >= end, "maps overlap at %#llx", (unsigned long long)m->start);
		end = m->end;
		CHECK(ptl_maps_find(maps, m->start) == m && ptl_maps_find(maps, m->end - 1) == m, "a map is not found");
	}
	for (int i = 0; i < STEADY; i++) {
		m = ptl_maps_find(maps, rec->steady[i]);
		CHECK(m && m->start <= rec->steady[i] && m->end >= rec->steady[i] + PAGE, "a map that never changed is missing");
		CHECK(m->perms[1] == (i & 1 ? '-' : 'w'), "its permissions are %s", m->perms);
	}
}

int main(void)
{
	struct ptl_session *s = q_session(PTL_FOLLOW_THREADS);
	struct ptl_maps *maps, *again;
	struct ptl_event ev;
	pid_t pid;

	rec = q_shared(sizeof(*rec));
	pid = q_fork();
	if (!pid)
		debuggee();
	UNTIL(rec->turns > 1000);
	for (unsigned n = q_rounds(200); n; n--) {
		OK(NULL, ptl_maps_read_pid(pid, &maps));
		check(maps);
		ptl_maps_free(maps);
	}
	/* Stopped, it is exact: twice the same. */
	OK(s, ptl_attach(s, pid, 0));
	q_expect(s, &ev, PTL_EV_STARTED);
	CHECK(ptl_stop_all(s, Q_NS(Q_LONG_MS)) == 0, "it does not stop");
	OK(s, ptl_maps_read(ev.task, &maps));
	OK(s, ptl_maps_read(ev.task, &again));
	check(maps);
	CHECK(ptl_maps_count(maps) == ptl_maps_count(again), "it changes while it is stopped");
	for (size_t i = 0; i < ptl_maps_count(maps); i++)
		CHECK(ptl_maps_get(maps, i)->start == ptl_maps_get(again, i)->start &&
				ptl_maps_get(maps, i)->end == ptl_maps_get(again, i)->end, "it changes while it is stopped");
	ptl_maps_free(maps);
	ptl_maps_free(again);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	ptl_session_free(s);
	q_kill_and_reap(pid);
	return 0;
}
