/* SPDX-License-Identifier: MIT */
/* The kernel answers EPERM to nearly everything it refuses. ptl_attach() answers a code and a sentence for each. */
#include "quirk.h"

static void refused(const char *what, pid_t pid, unsigned flags, int code, const char *words)
{
	struct ptl_session *s = q_session(0);
	int r = ptl_attach(s, pid, flags);

	CHECK(r == code, "%s: answers %s, expected %s (%s)", what, ptl_error_name(r), ptl_error_name(code), ptl_message(s));
	CHECK(strstr(ptl_message(s), words), "%s: '%s' does not say '%s'", what, ptl_message(s), words);
	CHECK(ptl_task_count(s) == 0, "%s: a task is left", what);
	ptl_session_free(s);
}

static pid_t sibling;

static void *thread(void *arg)
{
	(void)arg;
	__atomic_store_n(&sibling, gettid(), __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return NULL;
}

int main(void)
{
	struct ptl_session *s;
	struct ptl_event ev;
	pthread_t t;
	FILE *f;
	char comm[32] = "";
	pid_t pid;

	refused("pid 0", 0, 0, -ESRCH, "0 is not a process id");
	refused("pid -1", -1, 0, -ESRCH, "-1 is not a process id");
	refused("above pid_max", 0x7ffffffe, 0, -ESRCH, "is no process id");
	refused("unknown flags", getppid(), 0x80, -EINVAL, "unknown attach flags");
	refused("ourselves", getpid(), 0, -PTL_ESELF, "is the tracer itself; start the tracer in a process of its own");
	CHECK(!pthread_create(&t, NULL, thread, NULL), "no thread");
	UNTIL(__atomic_load_n(&sibling, __ATOMIC_SEQ_CST));
	refused("our thread", sibling, PTL_ATTACH_THREAD, -PTL_ESELF, "is a thread of the tracer itself");

	pid = q_fork();
	if (!pid)
		_exit(0);
	UNTIL(q_state(pid) == 'Z');
	refused("zombie", pid, 0, -PTL_EZOMBIE, "is a zombie: it is dead, and its parent");
	CHECK(q_reap(pid) == 0, "the zombie's status was lost");
	refused("no process", pid, 0, -ESRCH, "no process or thread has the id");

	pid = q_fork();
	if (!pid)
		for (;;)
			pause();
	s = q_session(0);
	q_attach(s, pid, &ev);
	refused("traced by another session of ours", pid, 0, -PTL_EALREADY, "is traced by this process already");
	CHECK(ptl_attach(s, pid, 0) == -PTL_EALREADY, "attached twice");
	RESUME(&ev, PTL_RUN);
	/* another process finds it traced */
	{
		pid_t other = q_fork();

		if (!other) {
			char words[64];

			snprintf(words, sizeof(words), "is traced by %d (h17_refused) already; end that tracer", getppid());
			refused("traced by another process", pid, 0, -PTL_ETRACED, words);
			_exit(0);
		}
		CHECK(q_reap(other) == 0, "see above");
	}
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	ptl_session_free(s);
	q_kill_and_reap(pid);

	f = fopen("/proc/2/comm", "re");
	if (f && fscanf(f, "%31s", comm) == 1 && !strcmp(comm, "kthreadd"))
		refused("kernel thread", 2, 0, -PTL_EKERNELTASK, "2 (kthreadd) is a kernel thread");
	if (f)
		fclose(f);
	q_check_alone();
	return 0;
}
