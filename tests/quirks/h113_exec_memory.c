/* SPDX-License-Identifier: MIT */
/*
 * H113: a descriptor of /proc/PID/mem goes on showing the address space it was opened for, which after an execve is empty. So it is
 * opened anew: at the event, and also when a running process has executed before the event was taken. And reading a file's private
 * map makes no copies of its pages.
 */
#include "quirk.h"

enum { FILE_SIZE = 32 << 20 };

struct record {
	volatile int go, ready;
	uint64_t file;
};
static struct record *rec;
static const char old_word[] = "the old program";

static uint64_t word_of(struct ptl_task *t, uint64_t at)
{
	uint64_t w = 0;

	return ptl_read(t, at, &w, sizeof(w)) == sizeof(w) ? w : 0;
}

static void old_program(const char *self)
{
	rec->ready = 1;
	while (!rec->go)
		q_sleep_us(200);
	execl(self, self, "sleep", (char *)NULL);
	_exit(9);
}

/* Traced, with the event taken or not; then through a handle without a session. */
static void through_execve(const char *self, bool event)
{
	struct ptl_session *s = q_session(0);
	struct ptl_space *space;
	struct ptl_maps *maps;
	struct ptl_event ev;
	struct ptl_task *t;
	uint64_t at;
	char buf[16];
	pid_t pid;

	memset(rec, 0, sizeof(*rec));
	pid = q_fork();
	if (!pid)
		old_program(self);
	UNTIL(rec->ready);
	q_attach(s, pid, &ev);
	t = ev.task;
	OK(NULL, ptl_space_open(pid, &space));
	CHECK(ptl_read(t, (uintptr_t)old_word, buf, 16) == 16 && !strcmp(buf, old_word), "the old program's memory");
	CHECK(ptl_space_read(space, (uintptr_t)old_word, buf, 16) == 16 && !strcmp(buf, old_word), "without a session");
	RESUME(&ev, PTL_RUN);
	rec->go = 1;
	if (event) {
		q_expect(s, &ev, PTL_EV_EXEC);
	} else { /* it has executed, and nobody has looked */
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		UNTIL(({
			int fd = open(path, O_RDONLY | O_CLOEXEC);
			char line[8192];
			ssize_t n = read(fd, line, sizeof(line) - 1);

			close(fd);
			line[n > 0 ? n : 0] = '\0';
			n > 0 && !strcmp(line + strlen(line) + 1, "sleep");
		}));
	}
	/* the new image is somewhere else: its entry in the maps tells where */
	OK(s, ptl_maps_read(t, &maps));
	at = ptl_maps_get(maps, 0)->start;
	CHECK(word_of(t, at) != 0 && ((char *)&(uint64_t){word_of(t, at)})[1] == 'E', "the new program's first page");
	CHECK(ptl_space_read(space, at, buf, 4) == 4 && !memcmp(buf, "\177ELF", 4), "the new program's, without a session");
	CHECK(ptl_maps_find(maps, (uintptr_t)old_word) || ptl_read(t, (uintptr_t)old_word, buf, 1) == -PTL_EBADADDR,
		"the old program's memory is still shown");
	ptl_maps_free(maps);
	kill(pid, SIGKILL);
	do
		CHECK(q_wait(s, &ev), "no end");
	while (ev.kind != PTL_EV_EXITED && ptl_resume(&ev, PTL_RUN) >= 0);
	RESUME(&ev, PTL_RUN);
	ptl_session_free(s);
	(void)waitpid(pid, NULL, __WALL);
	CHECK(ptl_space_read(space, at, buf, 4) == -ESRCH, "memory of a dead process");
	CHECK(ptl_space_write(space, at, buf, 4) == -ESRCH, "memory of a dead process");
	ptl_space_free(space);
}

static long private_dirty(pid_t pid)
{
	return q_status(pid, "RssAnon"); /* pages of its own */
}

static void no_copies(const char *path)
{
	static char buf[256 << 10];
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	long before;
	pid_t pid;

	memset(rec, 0, sizeof(*rec));
	pid = q_fork();
	if (!pid) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		rec->file = (uintptr_t)mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		rec->ready = 1;
		for (;;)
			pause();
	}
	UNTIL(rec->ready);
	q_attach(s, pid, &ev);
	before = private_dirty(pid);
	for (size_t i = 0; i < FILE_SIZE; i += sizeof(buf))
		CHECK(ptl_read(ev.task, rec->file + i, buf, sizeof(buf)) == sizeof(buf), "a file's map");
	CHECK(private_dirty(pid) - before < 256, "reading %d KiB made %ld KiB of copies", FILE_SIZE >> 10,
		private_dirty(pid) - before);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	ptl_session_free(s);
	q_kill_and_reap(pid);
}

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	char path[4096], self[4096];
	ssize_t n;
	int fd;

	if (argc == 2) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	CHECK(n > 0, "no /proc/self/exe");
	self[n] = '\0';
	rec = q_shared(sizeof(*rec));
	through_execve(self, true);
	through_execve(self, false);
	snprintf(path, sizeof(path), "%s/pintle-h113-XXXXXX", tmp ? tmp : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	CHECK(fd >= 0 && ftruncate(fd, FILE_SIZE) == 0, "no file: %s", strerror(errno));
	no_copies(path);
	unlink(path);
	return 0;
}
