/* SPDX-License-Identifier: MIT */
/*
 * H31: a child that is killed by somebody else before, at or just after its first stop, which it then never reports, or its death first.
 * Every birth that was told has its one death with the right signal, the maker goes on, and nothing is left behind.
 */
#include "quirk.h"

struct record {
	volatile pid_t newest; /* which the killer shoots at */
	volatile int done;
	volatile uint32_t killed, lived;
};

static struct record *rec;

static void killer(void)
{
	while (!rec->done) {
		pid_t p = rec->newest;

		if (p) {
			q_sleep_us(q_random(200));
			kill(p, SIGKILL);
			rec->newest = 0;
		}
	}
	_exit(0);
}

static void maker(unsigned n, int go[2])
{
	char c;

	close(go[1]);
	(void)!read(go[0], &c, 1);
	for (unsigned i = 0; i < n; i++) {
		volatile pid_t *mine = &rec->newest;
		int status;
		pid_t p = (pid_t)syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, NULL, mine, NULL, NULL);

		if (!p)
			_exit(4);
		if (p < 0 || waitpid(p, &status, 0) != p)
			_exit(1);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			rec->killed++;
		else if (WIFEXITED(status) && WEXITSTATUS(status) == 4)
			rec->lived++;
		else
			_exit(2);
		*mine = 0;
	}
	_exit(27);
}

static void one(unsigned flags, enum ptl_resume_how how)
{
	struct ptl_session *s = q_session(flags);
	unsigned n = q_rounds(150), forked = 0, started = 0, exited = 0, killed = 0, unknown = 0;
	struct ptl_event ev;
	pid_t pid, by;
	int go[2];

	memset(rec, 0, sizeof(*rec));
	CHECK(pipe(go) == 0, "pipe");
	pid = q_fork();
	if (!pid)
		maker(n, go);
	close(go[0]);
	by = q_fork();
	if (!by) {
		close(go[1]);
		killer();
	}
	q_attach(s, pid, &ev);
	close(go[1]);
	RESUME(&ev, how);
	while (q_wait(s, &ev)) {
		if (ev.kind == PTL_EV_FORKED)
			forked++;
		else if (ev.kind == PTL_EV_STARTED)
			started++;
		else if (ev.kind == PTL_EV_EXITED && ev.tid == pid)
			CHECK(ev.u.exited.code == 27, "the maker failed: %d", ev.u.exited.code);
		else if (ev.kind == PTL_EV_EXITED) {
			CHECK(ev.u.exited.unknown || ev.u.exited.signo == SIGKILL || ev.u.exited.code == 4,
				"status %d signal %d", ev.u.exited.code, ev.u.exited.signo);
			killed += ev.u.exited.signo == SIGKILL;
			unknown += ev.u.exited.unknown;
			exited++;
		}
		RESUME(&ev, how);
	}
	rec->done = 1;
	CHECK(q_reap(by) == 0, "the killer failed");
	CHECK(forked == n && exited == n && started <= n, "%u of %u told, %u started, %u ended", forked, n, started,
		exited);
	CHECK(!unknown, "%u deaths without a status", unknown);
	CHECK(killed == rec->killed && rec->killed + rec->lived == n, "%u killed, the maker saw %u", killed,
		rec->killed);
	printf("%u births, %u killed, %u before they started\n", forked, killed, forked - started);
	ptl_session_free(s);
	q_check_alone();
}

int main(void)
{
	sigset_t set;

	rec = q_shared(sizeof(*rec));
	one(PTL_FOLLOW, PTL_RUN);
	one(PTL_FOLLOW, PTL_SYSCALL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	one(PTL_FOLLOW | PTL_OWN_SIGCHLD, PTL_RUN);
	return 0;
}
