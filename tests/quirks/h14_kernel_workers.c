/* SPDX-License-Identifier: MIT */
/*
 * H14: io_uring's workers stand in /proc/PID/task and can be traced, but have no user registers. Attaching takes and
 * stops them like threads, says what they are, gives no address for them, and the I/O they do ends well.
 */
#include "quirk.h"

#include <linux/io_uring.h>

static volatile int *result; /* 0: not yet */
static int pipes[2];

/* One asynchronous read(2), for which the kernel makes a worker; by hand, so that no library is needed. */
static void target(void)
{
	struct io_uring_params p = {0};
	int fd = (int)syscall(SYS_io_uring_setup, 4, &p);
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	char *sq, *cq, buf[8] = "";

	if (fd < 0) {
		*result = -errno;
		_exit(0);
	}
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*cqe), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		IORING_OFF_CQ_RING);
	sqe = mmap(NULL, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		IORING_OFF_SQES);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_READ;
	sqe->flags = IOSQE_ASYNC;
	sqe->fd = pipes[0];
	sqe->addr = (uintptr_t)buf;
	sqe->len = 4;
	sqe->off = (uint64_t)-1;
	((uint32_t *)(sq + p.sq_off.array))[0] = 0;
	__atomic_store_n((uint32_t *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 0, 0, NULL, 8) != 1) {
		*result = -1;
		_exit(1);
	}
	*result = 1;
	while (!__atomic_load_n((uint32_t *)(cq + p.cq_off.tail), __ATOMIC_ACQUIRE))
		syscall(SYS_io_uring_enter, fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 8);
	cqe = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
	_exit(cqe->res == 4 && !memcmp(buf, "data", 4) ? 23 : 1);
}

int main(void)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	int i, n, workers = 0, normal = 0;
	pid_t pid, tid[16];

	result = q_shared(4096);
	CHECK(pipe(pipes) == 0, "pipe");
	pid = q_fork();
	if (!pid)
		target();
	UNTIL(*result);
	if (*result < 0) {
		CHECK(q_reap(pid) == 0, "io_uring failed: %d", *result);
		q_skip("needs io_uring: io_uring_setup says %s", strerrorname_np(-*result));
	}
	UNTIL(q_tids(pid, tid, 16) > 1);
	n = q_tids(pid, tid, 16);
	OK(s, ptl_attach(s, pid, 0));
	for (i = 0; i < n; i++) {
		q_expect(s, &ev, PTL_EV_STARTED);
		if (ptl_task_is_kernel_worker(ev.task)) {
			workers++;
			CHECK(ev.tid != pid, "the program itself is no worker");
			CHECK(ptl_pc(ev.task) == 0 && ptl_sp(ev.task) == 0, "a worker has no addresses");
		} else {
			normal++;
			CHECK(ptl_pc(ev.task) != 0, "a thread has a pc");
		}
		RESUME(&ev, PTL_RUN);
	}
	CHECK(workers >= 1 && normal == 1, "%d workers, %d threads", workers, normal);
	q_quiet(s, 2);
	CHECK(OK(s, ptl_stop_all(s, Q_NS(Q_LONG_MS))) == 0, "the workers did not stop");
	OK(s, ptl_resume_all(s));
	/* the read is done by a traced worker */
	CHECK(write(pipes[1], "data", 4) == 4, "write");
	while (q_wait(s, &ev)) {
		CHECK(ev.kind == PTL_EV_EXITED || ev.kind == PTL_EV_STARTED || ev.kind == PTL_EV_FORKED, "%s",
			ptl_event_name(ev.kind));
		if (ev.kind == PTL_EV_EXITED && ev.tid == pid)
			CHECK(ev.u.exited.code == 23, "the read failed: code %d signal %d", ev.u.exited.code,
				ev.u.exited.signo);
		RESUME(&ev, PTL_RUN);
	}
	ptl_session_free(s);
	q_check_alone();
	return 0;
}
