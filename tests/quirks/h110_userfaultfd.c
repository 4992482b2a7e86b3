/* SPDX-License-Identifier: MIT */
/*
 * H110: a page whose contents userfaultfd(2) has yet to supply. process_vm_readv(2) waits for it, perhaps for ever;
 * /proc/PID/mem fails at once. No read of ours waits, small or large, with the task running or stopped.
 */
#include "quirk.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

enum { PAGE = 4096, PAGES = 64 };

struct record {
	volatile int ready;
	volatile int error;
};
static struct record *rec;
static unsigned char *area;

static void debuggee(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {.range = {(uintptr_t)area, PAGES * PAGE}, .mode = UFFDIO_REGISTER_MODE_MISSING};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0 || ioctl(fd, UFFDIO_REGISTER, &reg) < 0)
		rec->error = errno;
	rec->ready = 1;
	for (;;)
		pause();
}

int main(void)
{
	static unsigned char got[PAGES * PAGE];
	struct ptl_session *s = q_session(0);
	struct ptl_space *space;
	struct ptl_event ev;
	struct ptl_task *t;
	pid_t pid;

	rec = q_shared(sizeof(*rec));
	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED, "no memory");
	memset(area, 7, 20 * PAGE); /* the rest is missing */
	pid = q_fork();
	if (!pid)
		debuggee();
	UNTIL(rec->ready);
	if (rec->error) {
		q_kill_and_reap(pid);
		q_skip("needs userfaultfd (root, or vm.unprivileged_userfaultfd=1): %s", strerror(rec->error));
	}
	alarm(20); /* a read that waits ends the test */
	q_attach(s, pid, &ev);
	t = ev.task;
	OK(NULL, ptl_space_open(pid, &space));
	for (int round = 0; round < 2; round++) {
		CHECK(ptl_read(t, (uintptr_t)area + 20 * PAGE, got, 8) == -PTL_EBADADDR, "a missing page was read");
		CHECK(ptl_read(t, (uintptr_t)area + 19 * PAGE, got, 2 * PAGE) == PAGE, "up to the missing page");
		CHECK(ptl_read(t, (uintptr_t)area, got, PAGES * PAGE) == 20 * PAGE, "all up to the missing page");
		CHECK(ptl_space_read(space, (uintptr_t)area, got, PAGES * PAGE) == 20 * PAGE, "the same without a session");
		CHECK(got[20 * PAGE - 1] == 7, "wrong bytes");
		if (round == 0)
			RESUME(&ev, PTL_RUN);
	}
	ptl_space_free(space);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	ptl_session_free(s);
	q_kill_and_reap(pid);
	return 0;
}
