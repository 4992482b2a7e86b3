/* SPDX-License-Identifier: MIT */
/*
 * Two processes that trace each other, or three in a ring, could on some kernels never be woken or killed again. The last of them to
 * attach is refused, with a sentence; all go on and can be killed.
 */
#include "quirk.h"

enum { MOST = 3 };

static struct shared {
	pid_t pid[MOST];
	int attached[MOST]; /* result + 1000000; 0: not yet */
	char message[MOST][256];
	int go[MOST];
} *sh;

/* Process number i of n attaches to the next when told to, and runs its tracees until it is killed. */
static void __attribute__((noreturn)) member(unsigned i, unsigned n)
{
	struct ptl_session *s;
	struct ptl_event ev;
	int r;

	__atomic_store_n(&sh->pid[i], getpid(), __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&sh->go[i], __ATOMIC_SEQ_CST))
		q_sleep_us(1000);
	s = q_session(PTL_FOLLOW);
	r = ptl_attach(s, sh->pid[(i + 1) % n], 0);
	snprintf(sh->message[i], sizeof(sh->message[i]), "%s", ptl_message(s));
	__atomic_store_n(&sh->attached[i], r + 1000000, __ATOMIC_SEQ_CST);
	for (;;) {
		r = ptl_wait_for(s, &ev, Q_NS(50));
		if (r > 0)
			(void)ptl_resume(&ev, PTL_RUN);
	}
}

static void ring(unsigned n)
{
	unsigned i;
	pid_t pid[MOST];

	memset(sh, 0, sizeof(*sh));
	for (i = 0; i < n; i++) {
		pid[i] = q_fork();
		if (!pid[i])
			member(i, n);
	}
	for (i = 0; i < n; i++)
		UNTIL(__atomic_load_n(&sh->pid[i], __ATOMIC_SEQ_CST));
	for (i = 0; i < n; i++) {
		__atomic_store_n(&sh->go[i], 1, __ATOMIC_SEQ_CST);
		UNTIL(__atomic_load_n(&sh->attached[i], __ATOMIC_SEQ_CST));
		if (i + 1 < n)
			CHECK(sh->attached[i] == 1000000, "ring of %u: %u could not attach: %s", n, i, sh->message[i]);
	}
	CHECK(sh->attached[n - 1] == 1000000 - PTL_ESELF, "ring of %u: the last attach answers %s", n,
		ptl_error_name(sh->attached[n - 1] - 1000000));
	CHECK(strstr(sh->message[n - 1], "could never be woken again; trace it from a process that it does not trace"),
		"the sentence: %s", sh->message[n - 1]);
	/* the tracer before its tracee, or its death would be told to the tracer first */
	for (i = 0; i < n; i++)
		q_kill_and_reap(pid[i]);
}

int main(void)
{
	sh = q_shared(sizeof(*sh));
	ring(2);
	ring(3);
	q_check_alone();
	return 0;
}
