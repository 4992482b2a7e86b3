/* SPDX-License-Identifier: MIT */
/*
 * Namespaces. H63: the owner of a user namespace may trace what is in it. H64: in a pid namespace the tracee has other ids than the tracer
 * sees: events speak of the tracer's, what the tracee's own calls return is the inner one, and ptl_process_info() knows both.
 */
#include "other_user.h"

static int inner_user_ns(pid_t pid)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;

	q_attach(s, pid, &ev);
	CHECK(ptl_pc(ev.task), "no registers");
	RESUME(&ev, PTL_RUN);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	ptl_session_free(s);
	q_check_free(pid);
	return 0;
}

static void user_namespace(void)
{
	struct ptl_diagnosis d;
	pid_t pid = q_fork();

	if (!pid) {
		q_become_user();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWUSER))
			_exit(1);
		for (;;)
			pause();
	}
	UNTIL(q_state(pid) == 'S' || q_state(pid) == 'Z');
	if (q_state(pid) == 'Z') {
		(void)q_reap(pid);
		printf("no user namespaces here: H63 not shown\n");
		return;
	}
	{
		pid_t tracer = q_fork();

		if (!tracer) {
			q_become_user();
			CHECK(ptl_diagnose(pid, &d) == 0 && d.result == 0, "diagnosed: %s", d.cause);
			_exit(inner_user_ns(pid));
		}
		CHECK(q_reap(tracer) == 0, "the owner of a user namespace may not trace what is in it");
	}
	q_kill_and_reap(pid);
}

static void __attribute__((noreturn)) first_in_namespace(void)
{
	/* by hand, so that the call's result is the one that is looked at */
	long r = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (!r)
		_exit(0);
	waitpid((pid_t)r, NULL, 0);
	_exit(getpid() == 1 ? (int)r : 100);
}

static void pid_namespace(void)
{
	struct ptl_session *s = q_session(PTL_FOLLOW);
	struct ptl_process_info info;
	struct ptl_event ev;
	pid_t pid, child = 0;
	int go[2], status = -1;
	int64_t value = 0;
	bool in_clone = false;
	char c, both[32];

	CHECK(!pipe2(go, O_CLOEXEC), "no pipe");
	if (unshare(CLONE_NEWPID)) {
		printf("no pid namespaces here: H64 not shown\n");
		ptl_session_free(s);
		return;
	}
	pid = q_fork();
	if (!pid) {
		close(go[1]);
		(void)!read(go[0], &c, 1);
		first_in_namespace();
	}
	q_until_asleep(pid);
	q_attach(s, pid, &ev);
	close(go[1]);
	RESUME(&ev, PTL_SYSCALL);
	while (q_wait(s, &ev)) {
		if (ev.kind == PTL_EV_FORKED) {
			child = ev.u.forked.child;
			in_clone = true;
			CHECK(ptl_process_info(child, &info) == 0, "no information on %d", child);
			snprintf(both, sizeof(both), "%d\t2", child);
			CHECK(!strcmp(info.namespace_pids, both), "ids '%s', expected '%s'", info.namespace_pids, both);
		} else if (ev.kind == PTL_EV_SYSCALL_EXIT && ev.tid == pid && in_clone) {
			value = ev.u.exit.value;
			in_clone = false;
		} else if (ev.kind == PTL_EV_EXITED && ev.tid == pid) {
			status = ev.u.exited.code;
		}
		RESUME(&ev, PTL_SYSCALL);
	}
	CHECK(child > 2, "the child's id for us is %d", child);
	CHECK(value == 2, "its parent was told %lld, inside it is 2", (long long)value);
	CHECK(status == 2, "the first process of the namespace ended with %d", status);
	ptl_session_free(s);
	(void)waitpid(pid, NULL, WNOHANG | __WALL);
	close(go[0]);
}

int main(void)
{
	if (geteuid())
		q_skip("needs root, to make namespaces and to be another user");
	user_namespace();
	pid_namespace();
	q_check_alone();
	return 0;
}
