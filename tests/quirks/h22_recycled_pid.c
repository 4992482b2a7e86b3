/* SPDX-License-Identifier: MIT */
/*
 * H22: between the end of a task and the answer to its EXITED, the kernel may give its pid to somebody else. Nothing that is then done to
 * the task may reach that other process: not a signal, not a kill, not a detach. The other process is made with
 * the very pid by clone3(2) set_tid.
 */
#include "quirk.h"

#include <linux/sched.h>

static pid_t stranger_with(pid_t pid)
{
	struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1};
	pid_t p = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (p == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return p < 0 ? -errno : p;
}

int main(void)
{
	struct ptl_session *s = q_session(0);
	struct ptl_process *process;
	struct ptl_event ev, again;
	struct ptl_task *t;
	uint32_t serial;
	pid_t pid, other;
	char buf[8];
	int r;

	pid = q_fork();
	if (!pid)
		for (;;)
			pause();
	q_attach(s, pid, &ev);
	serial = ev.serial;
	RESUME(&ev, PTL_RUN);
	kill(pid, SIGKILL);
	q_expect(s, &ev, PTL_EV_EXITED);
	t = ev.task;
	process = ptl_task_process(t);
	other = stranger_with(pid);
	if (other == -EPERM || other == -ENOSYS || other == -EINVAL)
		q_skip("needs clone3 with set_tid (CAP_CHECKPOINT_RESTORE): %s", strerrorname_np(-other));
	CHECK(other == pid, "clone3: %d instead of %d", other, pid);

	CHECK(ptl_task_state(t) == PTL_TASK_EXITED, "state %d", ptl_task_state(t));
	r = ptl_signal(t, SIGKILL);
	CHECK(r == -PTL_EGONE || r == -ESRCH, "a signal to a dead task: %d", r);
	r = ptl_kill(process);
	CHECK(r == -PTL_EGONE || r == -ESRCH, "kill of a dead process: %d", r);
	CHECK(ptl_interrupt(t) >= 0, "an interrupt of a dead task");
	CHECK(ptl_read(t, (uintptr_t)buf, buf, 8) < 0, "the memory of a dead task was read");
	CHECK(ptl_find_task(s, pid) == NULL, "a dead task can still be found by its tid");
	UNTIL(q_state(other) != 'R');
	CHECK(q_state(other) == 'S', "the stranger was hit: it is in state %c", q_state(other));

	/* it can be attached to while the dead one is not answered; the two have different serials */
	OK(s, ptl_attach(s, other, 0));
	q_expect(s, &again, PTL_EV_STARTED);
	CHECK(again.tid == pid && again.serial != serial, "serial %u", again.serial);
	RESUME(&ev, PTL_RUN);
	CHECK(ptl_find_task(s, other) == again.task, "answering the dead one took the other along");
	RESUME(&again, PTL_RUN);
	OK(s, ptl_signal(ptl_find_task(s, other), SIGTERM));
	q_expect(s, &again, PTL_EV_SIGNAL);
	/* the kernel tells of no sender when too many signals are queued on the whole machine */
	CHECK(again.u.signal.info.signo == SIGTERM &&
			(again.u.signal.info.pid == getpid() || !again.u.signal.info.pid),
		"signal %d of %d", again.u.signal.info.signo, again.u.signal.info.pid);
	again.u.signal.deliver = 0;
	RESUME(&again, PTL_RUN);
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	q_check_free(other);
	ptl_session_free(s);
	q_kill_and_reap(other);
	q_check_alone();
	return 0;
}
