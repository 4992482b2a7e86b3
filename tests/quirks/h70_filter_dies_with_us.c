/* SPDX-License-Identifier: MIT */
/*
 * H70: a seccomp filter that lets unselected calls pass cannot be taken off again, is inherited, and answers ENOSYS to the
 * selected ones once there is no tracer. So nothing that carries one may outlive its tracer:
 *  - ptl_launch() refuses the filter without PTL_EXITKILL and without following everything;
 *  - a tracer that is killed takes the whole tree along, at whatever moment, and none of it ever sees ENOSYS;
 *  - a filtered task cannot be detached; a session that is freed ends it;
 *  - attaching never installs one.
 */
#include "quirk.h"

struct shared {
	volatile long calls, enosys, pids[4], at;
};

static struct shared *sh;
static unsigned char bits[64];
static const struct ptl_syscall_set only = {bits, sizeof(bits), bits, sizeof(bits)};

/* A tree of four processes and a thread each, all of which make the selected call all the time. */
static void *call_forever(void *arg)
{
	(void)arg;
	for (;;) {
		if (syscall(SYS_getpgid, 0) < 0 && errno == ENOSYS)
			__atomic_add_fetch(&sh->enosys, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&sh->calls, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void __attribute__((noreturn)) tree(int fd)
{
	pthread_t t;
	int i;

	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (sh == MAP_FAILED)
		_exit(1);
	sh->pids[0] = getpid();
	for (i = 1; i < 4; i++)
		if (fork() == 0) {
			sh->pids[i] = getpid();
			break;
		}
	pthread_create(&t, NULL, call_forever, NULL);
	call_forever(NULL);
	_exit(1);
}

static struct ptl_session *launch(unsigned flags, int fd, int expect)
{
	char number[16], *argv[] = {"/proc/self/exe", number, NULL};
	struct ptl_session *s = q_session(flags);
	struct ptl_launch how;
	int r;

	snprintf(number, sizeof(number), "%d", fd);
	ptl_launch_init(&how, argv);
	how.only = &only;
	r = ptl_launch(s, &how, NULL);
	CHECK(r == expect, "flags 0x%x: %s (%s)", flags, ptl_error_name(r), ptl_message(s));
	return s;
}

static void refused(unsigned flags, int fd)
{
	struct ptl_session *s = launch(flags, fd, -EINVAL);

	CHECK(*ptl_message(s), "refused without a word");
	ptl_session_free(s);
	q_check_alone();
}

static bool gone(pid_t pid)
{
	char state = q_state(pid);

	return state == '-' || state == 'Z' || state == 'X';
}

static bool all_there(void)
{
	return sh->pids[0] && sh->pids[1] && sh->pids[2] && sh->pids[3];
}

static void killed_at_random(int fd, long rounds)
{
	long n, calls = 0;
	int i;

	for (n = 0; n < rounds; n++) {
		pid_t tracer;

		memset(sh, 0, sizeof(*sh));
		(void)q_random(2);
		tracer = q_fork();
		if (tracer == 0) {
			struct ptl_session *s = launch(PTL_FOLLOW | PTL_EXITKILL, fd, 0);
			struct ptl_event ev;

			while (q_wait(s, &ev)) {
				sh->at += ev.kind == PTL_EV_SYSCALL_ENTRY && ev.u.entry.seccomp;
				RESUME(&ev, PTL_SYSCALL);
			}
			_exit(1);
		}
		/* one in four before the tree is complete */
		if (q_random(4))
			UNTIL(all_there() && sh->at > 10);
		q_sleep_us(q_random(4000));
		q_kill_and_reap(tracer);
		for (i = 0; i < 4; i++)
			if (sh->pids[i])
				UNTIL(gone((pid_t)sh->pids[i]));
		q_sleep_us(500);
		for (i = 0; i < 4; i++)
			CHECK(!sh->pids[i] || gone((pid_t)sh->pids[i]), "round %ld: process %d outlives its tracer", n, i);
		CHECK(!sh->enosys, "round %ld: %ld of %ld calls failed with ENOSYS", n, sh->enosys, sh->calls);
		calls += sh->calls;
	}
	printf("%ld tracers killed, %ld calls, none failed\n", rounds, calls);
	CHECK(calls > rounds * 4, "next to nothing was called");
}

static void not_detached(int fd)
{
	struct ptl_session *s;
	struct ptl_event ev;
	pid_t pid;
	int r, i;

	memset(sh, 0, sizeof(*sh));
	s = launch(PTL_FOLLOW | PTL_EXITKILL, fd, 0);
	while (!all_there() || sh->calls < 20) {
		CHECK(q_wait(s, &ev), "gone");
		RESUME(&ev, PTL_SYSCALL);
	}
	pid = (pid_t)sh->pids[0];
	r = ptl_detach(ptl_find_process(s, pid), Q_NS(1000));
	CHECK(r == -PTL_ESTATE && *ptl_message(s), "detach of a filtered process: %s", ptl_error_name(r));
	CHECK(q_status(pid, "TracerPid") == getpid(), "it is not traced any more");
	ptl_session_free(s);
	for (i = 0; i < 4; i++)
		CHECK(gone((pid_t)sh->pids[i]), "process %d is left, state %c", i, q_state((pid_t)sh->pids[i]));
	CHECK(!sh->enosys, "%ld calls failed with ENOSYS", sh->enosys);
}

static void attach_installs_none(void)
{
	struct ptl_session *s = q_session(PTL_FOLLOW | PTL_EXITKILL);
	struct ptl_event ev;
	pid_t pid = q_fork();

	if (pid == 0)
		for (;;)
			getppid();
	q_attach(s, pid, &ev);
	RESUME(&ev, PTL_SYSCALL);
	q_expect(s, &ev, PTL_EV_SYSCALL_ENTRY);
	CHECK(q_status(pid, "Seccomp") == 0, "seccomp mode %ld", q_status(pid, "Seccomp"));
	ptl_session_free(s);
	q_check_free(pid);
	q_kill_and_reap(pid);
}

int main(int argc, char **argv)
{
	int fd;

	bits[SYS_getpgid / 8] |= 1 << SYS_getpgid % 8;
	if (argc > 1)
		tree(atoi(argv[1]));
	fd = memfd_create("h70", 0); /* not close-on-exec: the program finds its counters there */
	CHECK(fd >= 0 && ftruncate(fd, sizeof(*sh)) == 0, "memfd");
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(sh != MAP_FAILED, "mmap");
	refused(PTL_FOLLOW, fd);
	refused(PTL_EXITKILL, fd);
	refused(PTL_FOLLOW_THREADS | PTL_EXITKILL, fd);
	refused(PTL_FOLLOW_FORKS | PTL_EXITKILL, fd);
	killed_at_random(fd, q_rounds(60));
	not_detached(fd);
	attach_installs_none();
	q_check_alone();
	return 0;
}
