/* SPDX-License-Identifier: MIT */
/*
 * H23: pids are few and come round fast. In a pid namespace with room for some hundred, (1) a tree is followed until every number has
 * been used many times: births and deaths must match, and no pair of tid and serial may come twice; (2) by pids of processes that come and go
 * all the time, sessions are attached: each attempt fails clearly or takes one process, which ends unharmed.
 */
#include "quirk.h"

#include <sys/mount.h>

enum { PID_MAX = 400, TIDS = 1024 };

/* --- followed until the numbers have come round -------------------------------------------- */

static void forker(void)
{
	unsigned n = q_rounds(900);

	for (unsigned i = 0; i < n; i++) {
		pid_t p = fork();
		int status;

		if (!p)
			_exit((int)(i % 200));
		if (p < 0 || waitpid(p, &status, 0) != p || status != (int)(i % 200) << 8)
			_exit(1);
	}
	_exit(33);
}

static void followed(void)
{
	struct ptl_session *s = q_session(PTL_FOLLOW);
	static uint32_t serial_of[TIDS], uses[TIDS];
	unsigned born = 0, died = 0, most = 0;
	struct ptl_event ev;
	int go[2];
	pid_t pid;
	char c;

	CHECK(pipe(go) == 0, "pipe");
	pid = q_fork();
	if (!pid) {
		close(go[1]);
		(void)!read(go[0], &c, 1);
		forker();
	}
	close(go[0]);
	q_attach(s, pid, &ev);
	serial_of[ev.tid] = ev.serial;
	close(go[1]);
	RESUME(&ev, PTL_RUN);
	while (q_wait(s, &ev)) {
		CHECK(ev.tid > 0 && ev.tid < TIDS, "tid %d in a namespace of %d", ev.tid, PID_MAX);
		switch (ev.kind) {
		case PTL_EV_STARTED:
			CHECK(ev.serial > serial_of[ev.tid], "tid %d: serial %u after %u", ev.tid, ev.serial,
				serial_of[ev.tid]);
			serial_of[ev.tid] = ev.serial;
			uses[ev.tid]++;
			most = uses[ev.tid] > most ? uses[ev.tid] : most;
			born++;
			break;
		case PTL_EV_EXITED:
			CHECK(ev.serial == serial_of[ev.tid], "tid %d: serial %u of the last life", ev.tid,
				ev.serial);
			CHECK(!ev.u.exited.unknown, "the status of %d was lost", ev.tid);
			died++;
			if (ev.tid == pid)
				CHECK(ev.u.exited.code == 33, "the program failed (%d)", ev.u.exited.code);
			break;
		default:
			break;
		}
		RESUME(&ev, PTL_RUN);
	}
	CHECK(born == q_rounds(900) && died == born + 1, "%u born, %u died", born, died);
	CHECK(most >= 2, "no number came twice");
	ptl_session_free(s);
}

/* --- attached to by numbers that may be anybody's ---------------------------------------------- */

static volatile int *enough;

static int brief(void)
{
	q_sleep_us(q_random(600));
	return 7;
}

static void churn(void)
{
	int status;

	for (unsigned i = 0; !*enough; i++) {
		pid_t p = fork();

		if (!p)
			_exit(brief());
		if (i % 4 == 3)
			while (waitpid(-1, &status, 0) > 0)
				if (!WIFEXITED(status) || WEXITSTATUS(status) != 7)
					_exit(1);
	}
	while (waitpid(-1, &status, 0) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 7)
			_exit(1);
	_exit(0);
}

static void attached(void)
{
	struct ptl_session *s = q_session(0);
	unsigned rounds = q_rounds(400), i, taken = 0, ended = 0;
	struct ptl_event ev;
	pid_t by = q_fork();

	if (!by)
		churn();
	for (i = 0; i < rounds; i++) {
		pid_t pid = 2 + (pid_t)q_random(PID_MAX - 2);
		int r;

		if (pid == by)
			continue;
		r = ptl_attach(s, pid, 0);
		if (r < 0) {
			CHECK(r == -ESRCH || r == -PTL_EZOMBIE || r == -PTL_ESELF || r == -EPERM,
				"attach to %d: %s (%s)", pid, ptl_error_name(r), ptl_message(s));
			CHECK(ptl_task_count(s) == 0, "refused, but there is a tracee");
			continue;
		}
		taken++;
		CHECK(q_wait(s, &ev), "the tracee was lost");
		CHECK(ev.tid == pid, "event of %d, not %d", ev.tid, pid);
		if (ev.kind == PTL_EV_EXITED) {
			CHECK(ev.u.exited.code == 7, "it ended with %d", ev.u.exited.code);
			ended++;
		}
		if (i % 2)
			RESUME(&ev, PTL_RUN);
		OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	}
	*enough = 1;
	CHECK(q_reap(by) == 0, "a process was harmed");
	printf("%u attempts, %u attached, %u of them ended at once\n", rounds, taken, ended);
	ptl_session_free(s);
}

int main(void)
{
	pid_t init;

	enough = q_shared(4096);
	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		q_skip("needs CAP_SYS_ADMIN to make a pid namespace: %s", strerrorname_np(errno));
	init = fork(); /* of the namespace: what is left of it dies with it */
	if (!init) {
		FILE *f;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
				mount("proc", "/proc", "proc", 0, NULL) == 0, "no /proc: %s", strerror(errno));
		f = fopen("/proc/sys/kernel/pid_max", "w");
		if (!f || fprintf(f, "%d", PID_MAX) < 0 || fclose(f) != 0)
			q_skip("needs a pid_max of each namespace (Linux 6.14)");
		followed();
		attached();
		q_check_alone();
		exit(0);
	}
	return q_reap(init);
}
