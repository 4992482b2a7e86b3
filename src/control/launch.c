/* SPDX-License-Identifier: MIT */
/*
 * Launching a program, held.
 *
 *	tracer                            child
 *	fork                              set up (group, user, directory, streams)
 *	seize, with all options           read(gate)            <- blocks
 *	[interrupt, collect: SHOW_EXEC]
 *	write(gate)                       [install filter]
 *	                                  execve
 *	collect EVENT_EXEC or death       write(report, errno); _exit(127)
 *
 * Everything that can fail in the child says so in the report pipe (close-on-exec, so that its end of file means success).
 * Between fork and execve only async-signal-safe calls are made: the host may have threads.
 */
#include "control/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

enum { EXIT_NOT_EXECUTED = 127, MAX_GROUPS = 65536, SIGSET_BYTES = 8 };

/* Where a launch failed, as the child reports it. */
enum step { STEP_SETUP, STEP_DIRECTORY, STEP_USER, STEP_STREAMS, STEP_FILTER, STEP_EXEC };

struct report {
	int step;
	int error;
};

/* All the child needs, made before the fork. */
struct plan {
	const struct ptl_launch *how;
	char *file; /* resolved */
	char *const *env;
	struct sock_fprog *filter;
	gid_t *groups;
	int group_count;
	int gate[2], report[2];
};

void ptl_launch_init(struct ptl_launch *how, char *const *argv)
{
	memset(how, 0, sizeof(*how));
	how->argv = argv;
	how->stdio[0] = how->stdio[1] = how->stdio[2] = -1;
}

/* --- finding the program --------------------------------------------------------------------- */

static const char *env_value(char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; *env; env++)
		if (!strncmp(*env, name, n) && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

static int check_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

/* As execvp(3) does: a name with a slash is a path, others are looked for in PATH. Owned by caller. */
static int resolve(const char *file, char *const *env, char **ret)
{
	const char *path = env_value(env, "PATH"), *end;
	int result = -ENOENT, r;
	char *full;

	if (!*file)
		return -ENOENT;
	if (strchr(file, '/')) {
		*ret = strdup(file);
		return *ret ? 0 : -ENOMEM;
	}
	for (path = path ? path : "/bin:/usr/bin"; path; path = *end ? end + 1 : NULL) {
		end = strchrnul(path, ':');
		/* an empty entry is the current directory */
		if (asprintf(&full, "%.*s%s%s", (int)(end - path), path, end > path ? "/" : "", file) < 0)
			return -ENOMEM;
		r = check_file(full);
		if (r == 0) {
			*ret = full;
			return 0;
		}
		free(full);
		if (r == -EACCES)
			result = r;
	}
	return result;
}

/* --- in the child ------------------------------------------------------------------------------- */

static void __attribute__((noreturn)) child_fail(struct plan *plan, int step, int error)
{
	struct report rep = {step, error};

	(void)!write(plan->report[1], &rep, sizeof(rep));
	_exit(EXIT_NOT_EXECUTED);
}

/* Puts how->stdio in place. Sources below 3 are first moved up, so that none is overwritten before it was used. */
static int child_streams(const int want[3])
{
	int from[3], i;

	for (i = 0; i < 3; i++) {
		from[i] = want[i];
		if (from[i] >= 0 && from[i] < 3 && from[i] != i) {
			from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 3);
			if (from[i] < 0)
				return -errno;
		}
	}
	for (i = 0; i < 3; i++) {
		if (from[i] < 0)
			continue;
		if (from[i] == i ? fcntl(i, F_SETFD, 0) < 0 : dup2(from[i], i) < 0)
			return -errno;
	}
	return 0;
}

static int child_user(struct plan *plan)
{
	const struct ptl_launch *how = plan->how;

	/* the raw calls: the C library's would signal the host's other threads, which this child does not have */
	if (how->user_name && syscall(SYS_setgroups, (size_t)plan->group_count, plan->groups) < 0)
		return -errno;
	if (syscall(SYS_setresgid, how->gid, how->gid, how->gid) < 0)
		return -errno;
	return syscall(SYS_setresuid, how->uid, how->uid, how->uid) < 0 ? -errno : 0;
}

static void __attribute__((noreturn)) child_main(struct plan *plan)
{
	const struct ptl_launch *how = plan->how;
	ssize_t n;
	char c;
	int r;

	/* or the end of a tracer that is killed now would never be read there (tests/quirks/h70_filter_dies_with_us) */
	close(plan->gate[1]);
	if ((how->flags & PTL_LAUNCH_NEW_SESSION) && setsid() < 0)
		child_fail(plan, STEP_SETUP, errno);
	if ((how->flags & PTL_LAUNCH_NEW_GROUP) && setpgid(0, 0) < 0)
		child_fail(plan, STEP_SETUP, errno);
	if ((how->flags & PTL_LAUNCH_NO_ASLR) &&
		personality((unsigned long)personality(0xffffffff) | ADDR_NO_RANDOMIZE) < 0)
		child_fail(plan, STEP_SETUP, errno);
	if (how->directory && chdir(how->directory) < 0)
		child_fail(plan, STEP_DIRECTORY, errno);
	r = child_streams(how->stdio);
	if (r < 0)
		child_fail(plan, STEP_STREAMS, -r);
	r = how->child_setup ? how->child_setup(how->child_arg) : 0;
	if (r < 0)
		child_fail(plan, STEP_SETUP, -r);
	if (how->set_user) {
		r = child_user(plan);
		if (r < 0)
			child_fail(plan, STEP_USER, -r);
	}
	if (how->sigmask)
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, how->sigmask, NULL, SIGSET_BYTES);
	close(plan->gate[1]); /* else we would hold open what ends our wait when the tracer is killed */
	do
		n = read(plan->gate[0], &c, 1);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		_exit(EXIT_NOT_EXECUTED); /* the tracer is gone, or could not seize us */
	if (plan->filter) {
		r = pt_os_filter_install(plan->filter);
		if (r < 0)
			child_fail(plan, STEP_FILTER, -r);
	}
	execve(plan->file, how->argv, plan->env);
	child_fail(plan, STEP_EXEC, errno);
}

/* --- in the tracer --------------------------------------------------------------------------------- */

static int failed(struct ptl_session *s, const struct plan *plan, int step, int error)
{
	const char *file = plan->file, *why = ptl_error_text(-error);

	switch (step) {
	case STEP_DIRECTORY:
		return pt_fail(s, -error, "cannot change to directory %s: %s", plan->how->directory, why);
	case STEP_USER:
		return pt_fail(s, -error, "cannot become user %u: %s", (unsigned)plan->how->uid, why);
	case STEP_STREAMS:
		return pt_fail(s, -error, "cannot set up the standard streams of %s: %s", file, why);
	case STEP_FILTER:
		return pt_fail(s, -error, "cannot install the system call filter: %s", why);
	case STEP_EXEC:
		if (error == ENOENT && access(file, F_OK) == 0)
			return pt_fail(s, -error,
				"cannot execute %s: the interpreter or loader it names does not exist", file);
		return pt_fail(s, -error, "cannot execute %s: %s", file, why);
	}
	return pt_fail(s, -error, "cannot set up the start of %s: %s", file, why);
}

/* Until the child stands at its execve event (or, for SHOW_EXEC, is interrupted in its read). */
static int run_to_start(struct ptl_session *s, struct ptl_task *t, struct plan *plan)
{
	bool show = plan->how->flags & PTL_LAUNCH_SHOW_EXEC;
	struct pt_stop stop;
	struct report rep;
	int r = 0;

	if (show) {
		r = pt_interrupt(t);
		if (r >= 0)
			r = pt_wait_task(t, -1);
		if (r < 0)
			return r;
	}
	if (write(plan->gate[1], "", 1) != 1)
		return -errno;
	for (;;) {
		if (t->state == PT_RUNNING)
			r = pt_wait_task(t, -1);
		if (r < 0)
			return r;
		stop = pt_classify(t->status);
		if (stop.class == PT_STOP_EXITED || stop.class == PT_STOP_KILLED) {
			/* the descriptor was ours alone to write to besides the child's, so this does not block */
			close(plan->report[1]);
			plan->report[1] = -1;
			if (read(plan->report[0], &rep, sizeof(rep)) == sizeof(rep))
				return failed(s, plan, rep.step, rep.error);
			return pt_fail(s, -PTL_EEXEC, "cannot execute %s: it was killed before it began", plan->file);
		}
		if (stop.class == PT_STOP_EXEC || (show && stop.class == PT_STOP_TRAP))
			return 0;
		/* signals to our fork before it is the program: let them act */
		t->stop = stop;
		pt_mark_stopped(t);
		r = pt_go(t, PTL_RUN, stop.class == PT_STOP_SIGNAL ? stop.value : 0);
		if (r < 0)
			return r;
	}
}

/* A pipe out of the way of the standard streams, which the caller may have closed and the child will put in place. */
static int pipe_above(int ret[2])
{
	int i, fd, r = pipe2(ret, O_CLOEXEC);

	for (i = 0; r >= 0 && i < 2; i++) {
		if (ret[i] > STDERR_FILENO)
			continue;
		fd = fcntl(ret[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (fd < 0)
			return -1;
		close(ret[i]);
		ret[i] = fd;
	}
	return r;
}

static int make_plan(struct ptl_session *s, struct plan *plan)
{
	const struct ptl_launch *how = plan->how;
	const char *file = how->file ? how->file : how->argv[0];
	int r;

	plan->env = how->environ_ ? how->environ_ : environ;
	r = resolve(file, plan->env, &plan->file);
	if (r < 0)
		return pt_fail(s, r, "cannot execute %s: %s", file,
			r == -ENOENT ? "there is no such program" : ptl_error_text(r));
	if (!(how->flags & PTL_LAUNCH_SHOW_EXEC)) {
		/* plain mistakes are told before anything is started */
		r = check_file(plan->file);
		if (r < 0)
			return pt_fail(s, r, "cannot execute %s: %s", plan->file, ptl_error_text(r));
	}
	if (how->set_user && how->user_name) {
		plan->group_count = MAX_GROUPS;
		plan->groups = calloc(MAX_GROUPS, sizeof(gid_t));
		if (!plan->groups)
			return -ENOMEM;
		if (getgrouplist(how->user_name, how->gid, plan->groups, &plan->group_count) < 0)
			return pt_fail(s, -PTL_ELIMIT, "user %s is in too many groups", how->user_name);
	}
	if (how->only) {
		if (!(s->flags & PTL_FOLLOW_FORKS) || !(s->flags & PTL_FOLLOW_THREADS) ||
			!(s->flags & PTL_EXITKILL))
			return pt_fail(s, -EINVAL,
				"a system call filter needs PTL_FOLLOW and PTL_EXITKILL: a task without its tracer would fail under it");
		plan->filter = pt_os_filter_new(how->only->native, how->only->native_len,
			how->only->compat, how->only->compat_len);
		if (!plan->filter)
			return pt_fail(s, -PTL_ELIMIT, "the set of system calls does not fit a filter");
	}
	if (pipe_above(plan->gate) < 0 || pipe_above(plan->report) < 0)
		return pt_fail(s, -errno, "cannot make a pipe: %s", ptl_error_text(-errno));
	return 0;
}

static void free_plan(struct plan *plan)
{
	free(plan->file);
	free(plan->groups);
	pt_os_filter_free(plan->filter);
	for (int i = 0; i < 2; i++) {
		pt_closep(&plan->gate[i]);
		pt_closep(&plan->report[i]);
	}
}

/* Ends a child that could not be made ours, and reaps it. */
static void abandon(struct ptl_session *s, pid_t pid, struct ptl_task *t)
{
	int status;

	kill(pid, SIGKILL);
	if (t) {
		while (t->state != PT_READY || (pt_classify(t->status).class != PT_STOP_EXITED &&
						       pt_classify(t->status).class != PT_STOP_KILLED)) {
			pt_mark_running(t);
			if (pt_wait_task(t, -1) < 0)
				break;
		}
		pt_task_free(t);
	} else {
		while (pt_os_wait(pid, &status, true) == -EINTR)
			;
	}
}

static int start(struct ptl_session *s, struct plan *plan, struct ptl_task **ret)
{
	struct ptl_process *p;
	struct ptl_task *t = NULL;
	pid_t pid = _Fork(); /* runs no handlers of the host's pthread_atfork() */
	int r;

	if (pid < 0)
		return pt_fail(s, -errno, "cannot fork: %s", ptl_error_text(-errno));
	if (pid == 0)
		child_main(plan);
	p = pt_process_get(s, pid);
	if (p) {
		p->launched = true;
		r = pt_os_seize(pid, pt_options(s, p, plan->filter != NULL));
		if (r < 0)
			(void)pt_fail(s, r, "cannot trace the new process: %s", ptl_error_text(r));
		else
			t = pt_task_new(s, pid, pid, PT_PHASE_LAUNCHED);
		if (r >= 0 && !t)
			r = -ENOMEM;
		if (!t)
			pt_process_put(p);
	} else {
		r = -ENOMEM;
	}
	if (r >= 0) {
		t->filtered = plan->filter != NULL;
		s->has_filter |= t->filtered;
		t->before_exec = true;
		r = run_to_start(s, t, plan);
	}
	if (r < 0) {
		abandon(s, pid, t);
		return r;
	}
	p->starttime = pt_os_starttime(pid);
	*ret = t;
	return 0;
}

int ptl_launch(struct ptl_session *s, const struct ptl_launch *how, struct ptl_task **ret_task)
{
	struct plan plan = {.how = how, .gate = {-1, -1}, .report = {-1, -1}};
	struct ptl_task *t = NULL;
	int r = pt_check_thread(s);

	if (r < 0)
		return r;
	if (!how->argv || !how->argv[0])
		return pt_fail(s, -EINVAL, "no program was named");
	r = make_plan(s, &plan);
	if (r >= 0)
		r = start(s, &plan, &t);
	free_plan(&plan);
	if (r < 0)
		return r;
	if (!s->launch_pid)
		s->launch_pid = t->tid;
	if (ret_task)
		*ret_task = t;
	return 0;
}

/* --- for small programs ------------------------------------------------------------------------------ */

int ptl_start(struct ptl_session **ret, char *const *argv, unsigned flags)
{
	struct ptl_launch how;
	int r = ptl_session_new(ret, flags);

	if (r < 0) {
		*ret = NULL;
		return r;
	}
	ptl_launch_init(&how, argv);
	return ptl_launch(*ret, &how, NULL);
}

int ptl_finish(struct ptl_session *s, int result)
{
	struct pt_stop end = {PT_STOP_EXITED, 0, false};

	if (result < 0) {
		char line[sizeof(s->message) + 16];
		int n = snprintf(line, sizeof(line), "ERROR: %s\n",
			s && *ptl_message(s) ? ptl_message(s) : ptl_error_text(result));

		/* the library's one exception to writing nothing: see the header */
		(void)!write(STDERR_FILENO, line, (size_t)n);
	}
	if (s && s->launch_pid)
		end = pt_classify(s->launch_status);
	ptl_session_free(s);
	if (result < 0)
		return result == -ENOENT ? 127 : result == -EACCES || result == -ENOEXEC ? 126 : 1;
	return end.class == PT_STOP_KILLED ? 128 + end.value : end.value;
}
