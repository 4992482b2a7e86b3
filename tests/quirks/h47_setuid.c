/* SPDX-License-Identifier: MIT */
/*
 * A set-user-id program under a tracer: it gets its rights only if the tracer could have had them anyway. Under another user's tracer
 * it runs with the caller's rights, and the dynamic linker still treats it as privileged (AT_SECURE); it is traced to its end either way.
 */
#include "other_user.h"

#include <sys/auxv.h>

/* Runs the set-user-id copy; its exit status: bit 0 effective user is root, bit 1 AT_SECURE. */
static int run(const char *path, bool step)
{
	char *argv[] = {(char *)path, (char *)"inner", NULL};
	struct ptl_session *s = q_session(PTL_FOLLOW | PTL_EXITKILL);
	struct ptl_launch how;
	struct ptl_event ev;
	uint64_t steps = 0;
	int status = -1;

	ptl_launch_init(&how, argv);
	if (!geteuid()) {
		how.set_user = true;
		how.uid = how.gid = Q_USER;
	}
	OK(s, ptl_launch(s, &how, NULL));
	while (q_wait(s, &ev)) {
		steps += ev.kind == PTL_EV_STEPPED;
		if (ev.kind == PTL_EV_EXITED)
			status = ev.u.exited.signo ? 256 + ev.u.exited.signo : ev.u.exited.code;
		RESUME(&ev, step && steps < 2000 ? PTL_STEP : PTL_SYSCALL);
	}
	CHECK(!step || steps == 2000, "%llu steps", (unsigned long long)steps);
	ptl_session_free(s);
	return status;
}

int main(int argc, char **argv)
{
	char path[PATH_MAX];
	pid_t pid;
	int free_status, r;

	if (argc > 1 && !strcmp(argv[1], "inner"))
		_exit((geteuid() == 0) | (getauxval(AT_SECURE) ? 2 : 0));
	if (geteuid())
		q_skip("needs root, to make a set-user-id program");
	q_copy_self(path, "pintle-h47", 04755);
	pid = q_fork();
	if (!pid) {
		q_become_user();
		execl(path, path, "inner", (char *)NULL);
		_exit(100);
	}
	free_status = q_reap(pid);
	if (free_status != 3) {
		unlink(path);
		q_skip("needs a /tmp where set-user-id programs work");
	}
	r = run(path, false);
	CHECK(r == 3, "under root's tracer: %d, and %d without a tracer", r, free_status);
	r = run(path, true);
	CHECK(r == 3, "stepped by root's tracer: %d", r);
	pid = q_fork();
	if (!pid) {
		q_become_user();
		r = run(path, false);
		CHECK(r == 2, "under its user's own tracer: %d; the rights of root should be ignored, AT_SECURE set", r);
		r = run(path, true);
		CHECK(r == 2, "stepped by its user's own tracer: %d", r);
		_exit(0);
	}
	r = q_reap(pid);
	unlink(path);
	CHECK(r == 0, "see above");
	q_check_alone();
	return 0;
}
