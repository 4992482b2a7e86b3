/* SPDX-License-Identifier: MIT */
/*
 * H40: PTRACE_EVENT_EXIT is not sent for every death (five of 1500 SIGKILLs went without it), so the library neither asks for it nor
 * needs it: processes of several threads are killed while they stop at system calls and while they run, and every thread's death is
 * told exactly once, the process's last one as such.
 */
#include "quirk.h"

enum { THREADS = 4 };

static volatile int *up;

static void *work(void *arg)
{
	__atomic_fetch_add(up, 1, __ATOMIC_SEQ_CST);
	for (;;)
		syscall(SYS_getppid);
	return NULL;
}

int main(void)
{
	unsigned rounds = q_rounds(40), i;
	struct ptl_session *s = q_session(0);

	up = q_shared(4096);
	for (i = 0; i < rounds; i++) {
		unsigned n, ends = 0, last = 0, seen = 0, before = q_random(60);
		struct ptl_event ev;
		pid_t pid, ended[THREADS];

		*up = 0;
		pid = q_fork();
		if (!pid) {
			pthread_t t;

			for (n = 1; n < THREADS; n++)
				pthread_create(&t, NULL, work, NULL);
			work(NULL);
		}
		UNTIL(*up == THREADS);
		OK(s, ptl_attach(s, pid, 0));
		while (q_wait(s, &ev)) {
			if (seen++ == before + THREADS) {
				if (i % 2)
					OK(s, ptl_kill(ptl_find_process(s, pid)));
				else
					kill(pid, SIGKILL);
			}
			if (ev.kind == PTL_EV_EXITED) {
				CHECK(ev.u.exited.signo == SIGKILL && !ev.u.exited.unknown, "%d: signal %d", ev.tid,
					ev.u.exited.signo);
				for (n = 0; n < ends; n++)
					CHECK(ended[n] != ev.tid, "two ends of %d", ev.tid);
				CHECK(ends < THREADS, "too many ends");
				ended[ends++] = ev.tid;
				last += ev.u.exited.last;
				CHECK(ev.u.exited.last == (ends == THREADS), "last of its process: %u of %d", ends,
					THREADS);
			}
			RESUME(&ev, PTL_SYSCALL);
		}
		CHECK(ends == THREADS && last == 1, "%u ends, %u last", ends, last);
		CHECK(ended[THREADS - 1] == pid, "the first thread did not end last");
	}
	ptl_session_free(s);
	q_check_alone();
	return 0;
}
