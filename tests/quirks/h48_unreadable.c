/* SPDX-License-Identifier: MIT */
/*
 * A program whose file its user may execute but not read (mode 0111): its user's tracer can run it, with registers and steps, but may not look
 * into its memory; and one that runs already cannot be attached to.
 */
#include "other_user.h"

static void launched(const char *path)
{
	char *argv[] = {(char *)path, (char *)"inner", NULL};
	struct ptl_session *s = q_session(PTL_FOLLOW | PTL_EXITKILL);
	struct ptl_launch how;
	struct ptl_event ev;
	unsigned steps = 0;
	uint64_t word, pc;
	int64_t r;

	ptl_launch_init(&how, argv);
	OK(s, ptl_launch(s, &how, NULL));
	q_expect(s, &ev, PTL_EV_STARTED);
	pc = ptl_pc(ev.task);
	CHECK(pc, "no registers");
	r = ptl_read(ev.task, pc, &word, sizeof(word));
	CHECK(r < 0, "memory that the kernel guards was read (%lld)", (long long)r);
	CHECK(*ptl_message(s), "no sentence about that");
	RESUME(&ev, PTL_STEP);
	while (steps < 300) {
		q_expect(s, &ev, PTL_EV_STEPPED);
		CHECK(ev.u.stepped.insn.length == 0, "its code was decoded");
		steps++;
		RESUME(&ev, PTL_STEP);
	}
	while (q_wait(s, &ev)) {
		if (ev.kind == PTL_EV_EXITED)
			CHECK(!ev.u.exited.signo && ev.u.exited.code == 42, "ended with %d, signal %d", ev.u.exited.code, ev.u.exited.signo);
		RESUME(&ev, PTL_RUN);
	}
	ptl_session_free(s);
}

static void attached(const char *path)
{
	struct ptl_session *s = q_session(0);
	pid_t pid = q_fork();
	int r;

	if (!pid) {
		execl(path, path, "sleep", (char *)NULL);
		_exit(100);
	}
	q_until_asleep(pid);
	UNTIL(q_state(pid) == 'S');
	r = ptl_attach(s, pid, 0);
	CHECK(r == -EPERM, "attach answers %s", ptl_error_name(r));
	CHECK(strstr(ptl_message(s), "is not dumpable"), "the sentence: %s", ptl_message(s));
	ptl_session_free(s);
	q_kill_and_reap(pid);
}

int main(int argc, char **argv)
{
	char path[PATH_MAX];
	pid_t pid;
	int r;

	if (argc > 1 && !strcmp(argv[1], "sleep"))
		for (;;)
			sleep(1000);
	if (argc > 1)
		_exit(42);
	if (geteuid())
		q_skip("needs root, to make a program that its user cannot read");
	q_copy_self(path, "pintle-h48", 0111);
	pid = q_fork();
	if (!pid) {
		q_become_user();
		launched(path);
		attached(path);
		_exit(0);
	}
	r = q_reap(pid);
	unlink(path);
	CHECK(r == 0, "see above");
	q_check_alone();
	return 0;
}
