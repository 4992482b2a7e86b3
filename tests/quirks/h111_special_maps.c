/* SPDX-License-Identifier: MIT */
/*
 * H111: that a map is readable by its permissions does not mean that it can be read: the kernel's own pages ([vvar]), a file's map
 * beyond the file's end. And a reservation of a terabyte must be neither read through nor made to cost memory: what exists of
 * it is asked for.
 */
#include "quirk.h"

enum { PAGE = 4096 };
#define HUGE (UINT64_C(1) << 40)

struct record {
	volatile int ready;
	uint64_t past_end, none, huge, shared, file;
};
static struct record *rec;

static void debuggee(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char *p;

	p = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0); /* the file has one page and a half */
	rec->past_end = (uintptr_t)p;
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(p, "hidden");
	mprotect(p, PAGE, PROT_NONE);
	rec->none = (uintptr_t)p;
	p = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p != MAP_FAILED) {
		strcpy(p + HUGE / 2, "far");
		p[HUGE - 1] = 'z';
	}
	rec->huge = (uintptr_t)p;
	rec->shared = (uintptr_t)mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	((char *)rec->shared)[PAGE] = 's';
	rec->file = (uintptr_t)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	((char *)rec->file)[0] = 'S';
	rec->ready = 1;
	for (;;)
		pause();
}

/* Everything is tried; what can be read, and how much of it. */
static void read_all(struct ptl_session *s, struct ptl_task *t)
{
	static unsigned char buf[1 << 20];
	const struct ptl_map *m;
	struct ptl_maps *maps;
	bool vvar = false;

	OK(s, ptl_maps_read(t, &maps));
	for (size_t i = 0; (m = ptl_maps_get(maps, i)); i++) {
		uint64_t size = m->end - m->start;
		int64_t r;

		if (size >= HUGE) /* to read it is to touch it */
			continue;
		r = ptl_read(t, m->start, buf, size < sizeof(buf) ? size : sizeof(buf));
		if (!strcmp(m->name, "[vvar]")) {
			vvar = true;
			CHECK(r != 0, "[vvar]: 0 bytes and no error");
		} else if (m->start == rec->past_end) {
			CHECK(r == 2 * PAGE, "a file's map: %lld bytes up to the file's end", (long long)r);
		} else if (!strcmp(m->name, "[vsyscall]")) {
			CHECK(r == -PTL_EBADADDR, "[vsyscall]: %lld", (long long)r);
		} else if (m->perms[0] == 'r' && size <= sizeof(buf) && m->name[0] != '[') {
			CHECK(r == (int64_t)size, "%s at %#llx: %lld of %llu", m->name, (unsigned long long)m->start, (long long)r,
				(unsigned long long)size);
		}
	}
	CHECK(vvar, "no [vvar]");
	ptl_maps_free(maps);
}

int main(void)
{
	uint64_t start, end, n = 0, at;
	struct ptl_session *s = q_session(0);
	struct ptl_space *space;
	struct ptl_event ev;
	const char *tmp = getenv("TMPDIR");
	char path[4096], buf[16];
	long before;
	pid_t pid;
	int fd;

	rec = q_shared(sizeof(*rec));
	snprintf(path, sizeof(path), "%s/pintle-h111-XXXXXX", tmp ? tmp : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	CHECK(fd >= 0 && ftruncate(fd, PAGE * 3 / 2) == 0, "no file: %s", strerror(errno));
	pid = q_fork();
	if (!pid)
		debuggee(path);
	UNTIL(rec->ready);
	unlink(path);
	if ((void *)(uintptr_t)rec->huge == MAP_FAILED)
		rec->huge = 0; /* no overcommitment here */
	q_attach(s, pid, &ev);
	CHECK(ptl_read(ev.task, rec->none, buf, 7) == 7 && !strcmp(buf, "hidden"), "what the program has hidden");
	/* Private pages change for this process alone, whatever may be done to them; a shared file's are the file. */
	CHECK(ptl_write(ev.task, rec->past_end + 100, "xyz", 3) == 3, "a private page of a file");
	CHECK(ptl_write(ev.task, rec->file + 200, "XYZ", 3) == 3, "a shared page of a file");
	CHECK(pread(fd, buf, 3, 100) == 3 && memcmp(buf, "xyz", 3), "the file was changed through a private map");
	CHECK(pread(fd, buf, 3, 200) == 3 && !memcmp(buf, "XYZ", 3), "the file was not changed through a shared map");

	OK(NULL, ptl_space_open(pid, &space));
	if (rec->huge) {
		before = q_status(pid, "VmRSS");
		for (at = rec->huge; ptl_space_touched(space, at, rec->huge + HUGE, &start, &end); at = end) {
			CHECK(start >= at && end > start && end <= rec->huge + HUGE, "a range outside of what was asked");
			n++;
		}
		CHECK(n == 2, "two places were touched, %llu were told", (unsigned long long)n);
		CHECK(ptl_space_touched(space, rec->huge, rec->huge + HUGE, &start, &end) && start <= rec->huge + HUGE / 2 &&
				end > rec->huge + HUGE / 2, "not in the middle");
		CHECK(!ptl_space_touched(space, rec->huge + 1, rec->huge + PAGE, &start, &end), "its first page");
		CHECK(q_status(pid, "VmRSS") - before < 1024, "asking cost it memory");
	}
	CHECK(ptl_space_touched(space, rec->shared, rec->shared + 4 * PAGE, &start, &end) && start == rec->shared + PAGE &&
			end == start + PAGE, "the page of the shared map");
	ptl_space_free(space);
	read_all(s, ev.task);
	CHECK(ptl_space_open(0, &space) == -ESRCH && ptl_space_open(-5, &space) == -ESRCH, "nobody's memory");
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	ptl_session_free(s);
	q_kill_and_reap(pid);
	return 0;
}
