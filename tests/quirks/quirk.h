/* SPDX-License-Identifier: MIT */
/*
 * What the programs of this folder share: checks that end the test, children that cannot outlive it, and waits
 * that cannot hang. Each program includes it once; nothing here knows more of pintle than its public headers.
 *
 * PINTLE_N in the environment multiplies the rounds of a test (q_rounds), PINTLE_SEED repeats a random one.
 */
#ifndef QUIRK_H
#define QUIRK_H

#include <pintle/pintle.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { Q_SKIP = 77, Q_LONG_MS = 20000 /* what takes longer hangs */ };
#define Q_NS(ms) ((int64_t)(ms) * 1000000)
#define Q_COUNTOF(a) (sizeof(a) / sizeof((a)[0]))
#define Q_UNUSED __attribute__((unused))

/* --- checks --------------------------------------------------------------------------- */

static uint64_t q_seed;

static void __attribute__((noreturn, format(printf, 3, 4))) q_fail_at(
	const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (q_seed)
		fprintf(stderr, " (PINTLE_SEED=%llu)", (unsigned long long)q_seed);
	fputc('\n', stderr);
	exit(1);
}
#define FAIL(...) q_fail_at(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(cond, ...)                                                                           \
	do {                                                                                       \
		if (!(cond))                                                                       \
			FAIL(__VA_ARGS__);                                                         \
	} while (0)
/* A call on a session that must not fail; its value. */
#define OK(session, call) q_ok_at(__FILE__, __LINE__, session, #call, call)

static Q_UNUSED int64_t q_ok_at(
	const char *file, int line, struct ptl_session *s, const char *what, int64_t r)
{
	if (r < 0)
		q_fail_at(file, line, "%s: %s (%s)", what, ptl_error_name((int)r), s ? ptl_message(s) : "");
	return r;
}

static void __attribute__((noreturn, format(printf, 1, 2), unused)) q_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(Q_SKIP);
}

/* --- time, numbers, shared memory ------------------------------------------------------- */

static Q_UNUSED int64_t q_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static Q_UNUSED void q_sleep_us(long us)
{
	struct timespec t = {us / 1000000, us % 1000000 * 1000};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static Q_UNUSED unsigned q_rounds(unsigned n)
{
	const char *by = getenv("PINTLE_N");

	return by && atoi(by) > 0 ? n * (unsigned)atoi(by) : n;
}

static Q_UNUSED uint32_t q_random(uint32_t below)
{
	static uint64_t x;

	if (!x) {
		const char *given = getenv("PINTLE_SEED");
		struct timespec t;

		clock_gettime(CLOCK_REALTIME, &t);
		q_seed = given ? strtoull(given, NULL, 10)
			       : (uint64_t)t.tv_nsec * 2654435761u + (uint64_t)getpid();
		q_seed += !q_seed;
		x = q_seed * 0x9e3779b97f4a7c15u | 1;
	}
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return below ? (uint32_t)(x >> 16) % below : 0;
}

/* Zeroed memory that forked children write to as well. */
static Q_UNUSED void *q_shared(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED, "no shared memory: %s", strerror(errno));
	return p;
}

/* --- processes ------------------------------------------------------------------------------ */

/* A fork that does not outlive the thread that made it. 0 in the child. */
static Q_UNUSED pid_t q_fork(void)
{
	pid_t parent = getpid(), p;

	fflush(NULL);
	p = fork();
	CHECK(p >= 0, "cannot fork: %s", strerror(errno));
	if (p == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* it has died before that; 0 is one outside of our pid namespace */
		if (getppid() != parent && getppid() != 0)
			_exit(1);
	}
	return p;
}

/* State letter of /proc/TID/stat, '-' if there is none. */
static Q_UNUSED char q_state(pid_t tid)
{
	char path[64], buf[512], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '-';
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return '-';
	buf[n] = '\0';
	p = strrchr(buf, ')');
	return p && p[1] ? p[2] : '?';
}

/* A number of /proc/TID/status, -1 if it is not there. */
static Q_UNUSED long q_status(pid_t tid, const char *key)
{
	char path[64], line[256];
	long v = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':') {
			v = strtol(line + strlen(key) + 1, NULL, 10);
			break;
		}
	if (f)
		fclose(f);
	return v;
}

/* Waits for a condition, or fails the test. */
#define UNTIL(cond)                                                                                \
	do {                                                                                       \
		int64_t q_end = q_now_ms() + Q_LONG_MS;                                            \
		while (!(cond)) {                                                                  \
			CHECK(q_now_ms() < q_end, "in vain waited for: %s", #cond);                \
			q_sleep_us(200);                                                           \
		}                                                                                  \
	} while (0)

/* Waits until the task sleeps in some blocking call. */
static Q_UNUSED void q_until_asleep(pid_t tid)
{
	UNTIL(q_state(tid) == 'S');
}

/* The tids of a process; number written to ret. */
static Q_UNUSED int q_tids(pid_t pid, pid_t *ret, int most)
{
	char path[64];
	struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && n < most && (e = readdir(d)))
		if (atoi(e->d_name) > 0)
			ret[n++] = atoi(e->d_name);
	if (d)
		closedir(d);
	return n;
}

/* No thread of the process is stopped, and none has a tracer. */
static Q_UNUSED void q_check_free(pid_t pid)
{
	pid_t tid[4096];
	int n = q_tids(pid, tid, 4096), i;

	for (i = 0; i < n; i++) {
		long tracer = q_status(tid[i], "TracerPid");
		char state = q_state(tid[i]);

		CHECK(tracer <= 0, "thread %d of %d is still traced by %ld", tid[i], pid, tracer);
		CHECK(state != 't' && state != 'T', "thread %d of %d was left stopped (%c)", tid[i], pid, state);
	}
}

/* The exit status of a child of ours that is not traced (any more); 256 + signal if it was killed. */
static Q_UNUSED int q_reap(pid_t pid)
{
	int64_t end = q_now_ms() + Q_LONG_MS;
	int status;
	pid_t r;

	while ((r = waitpid(pid, &status, WNOHANG | __WALL)) == 0) {
		CHECK(q_now_ms() < end, "child %d does not end; it is in state %c", pid, q_state(pid));
		q_sleep_us(200);
	}
	CHECK(r == pid, "child %d: waitpid: %s", pid, strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static Q_UNUSED void q_kill_and_reap(pid_t pid)
{
	kill(pid, SIGKILL);
	CHECK(q_reap(pid) == 256 + SIGKILL, "child %d did not die of SIGKILL", pid);
}

/* At the end of a test: it has no child and no tracee left. */
static Q_UNUSED void q_check_alone(void)
{
	pid_t r = waitpid(-1, NULL, WNOHANG | __WALL);

	CHECK(r < 0 && errno == ECHILD, "a child or tracee is left (waitpid: %d)", r);
}

/* --- sessions ---------------------------------------------------------------------------------- */

static Q_UNUSED struct ptl_session *q_session(unsigned flags)
{
	struct ptl_session *s;
	int r = ptl_session_new(&s, flags);

	CHECK(r == 0, "ptl_session_new: %s", ptl_error_name(r));
	return s;
}

/* The next event; false when the session has no tracee left. Silence fails the test. */
#define q_wait(s, ev) q_wait_at(__FILE__, __LINE__, s, ev)
static Q_UNUSED bool q_wait_at(const char *file, int line, struct ptl_session *s, struct ptl_event *ev)
{
	int r = ptl_wait_for(s, ev, Q_NS(Q_LONG_MS));

	if (r < 0)
		q_fail_at(file, line, "ptl_wait_for: %s (%s)", ptl_error_name(r), ptl_message(s));
	return r > 0;
}

/* The next event, which must be of this kind. */
#define q_expect(s, ev, kind) q_expect_at(__FILE__, __LINE__, s, ev, kind)
static Q_UNUSED void q_expect_at(const char *file, int line, struct ptl_session *s,
	struct ptl_event *ev, enum ptl_event_kind kind)
{
	if (!q_wait_at(file, line, s, ev))
		q_fail_at(file, line, "no tracee left where %s was expected", ptl_event_name(kind));
	if (ev->kind != kind)
		q_fail_at(file, line, "event %s of %d where %s was expected", ptl_event_name(ev->kind), ev->tid,
			ptl_event_name(kind));
}

/* No event for so long. */
#define q_quiet(s, ms) q_quiet_at(__FILE__, __LINE__, s, ms)
static Q_UNUSED void q_quiet_at(const char *file, int line, struct ptl_session *s, int ms)
{
	struct ptl_event ev;
	int r = ptl_wait_for(s, &ev, Q_NS(ms));

	if (r > 0)
		q_fail_at(file, line, "event %s of %d where none was expected", ptl_event_name(ev.kind), ev.tid);
	if (r != -PTL_ETIMEOUT)
		q_fail_at(file, line, "ptl_wait_for: %s where silence was expected",
			r ? ptl_error_name(r) : "no tracee left");
}

#define RESUME(ev, how) OK((ev)->session, ptl_resume(ev, how))

/* Attaches to a process of one thread and takes its STARTED, which is left unanswered in *ev. */
#define q_attach(s, pid, ev) q_attach_at(__FILE__, __LINE__, s, pid, ev)
static Q_UNUSED void q_attach_at(
	const char *file, int line, struct ptl_session *s, pid_t pid, struct ptl_event *ev)
{
	q_ok_at(file, line, s, "ptl_attach", ptl_attach(s, pid, 0));
	q_expect_at(file, line, s, ev, PTL_EV_STARTED);
	if (ev->u.started.how != PTL_START_ATTACHED || ev->pid != pid)
		q_fail_at(file, line, "STARTED of %d, how %d", ev->pid, ev->u.started.how);
}

#endif
