/* SPDX-License-Identifier: MIT */
/*
 * How a trace begins: processes attached (-p), the program found and launched as asked for (-E, -u, --argv0), as our child or, with
 * -D, as our grandparent; and whether the kernel's filter picks the calls.
 */
#include "tool/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

enum { STATUS_NOT_FOUND = 127, STATUS_NOT_EXECUTABLE = 126, FILTER_MOST_CALLS = 150 };

/* --- the program's file ----------------------------------------------------------------------- */

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* Looks along PATH; t->file is then what to execute. 0, or the exit status after a message. */
static int find_program(struct trace *t)
{
	const char *name = t->config.argv[0], *path = getenv("PATH");
	struct stat st;

	if (strchr(name, '/') || !*name) {
		t->file = strdup(name);
	} else if (strlen(name) >= PATH_MAX) {
		errno = ENAMETOOLONG;
	} else {
		if (!path)
			path = "/usr/local/bin:/bin:/usr/bin";
		for (; !t->file; path++) {
			size_t len = strcspn(path, ":");
			char *candidate;

			if (asprintf(&candidate, "%.*s%s%s", (int)len, path, len ? "/" : "", name) < 0)
				break;
			if (is_program(candidate))
				t->file = candidate;
			else
				free(candidate);
			path += len;
			if (!*path)
				break;
		}
		if (!t->file)
			errno = ENOENT;
	}
	if (t->file && !stat(t->file, &st))
		return 0;
	if (t->call->as_strace && errno == ENAMETOOLONG)
		return cmd_error(t->call, "exec: %s", strerror(errno));
	if (t->call->as_strace)
		return cmd_error(t->call, "Can't stat '%s': %s", name, strerror(errno));
	cmd_error(t->call, "cannot execute '%s': %s", name, strerror(errno));
	return errno == ENOENT || errno == ENOTDIR ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
}

/* --- the user ------------------------------------------------------------------------------------ */

/* USER by name, or UID:GID. */
static int find_user(struct trace *t, struct ptl_launch *how)
{
	const char *user = t->config.user, *colon = user[0] >= '0' && user[0] <= '9' ? strchr(user, ':') : NULL;
	const struct passwd *pw;
	uint64_t uid, gid;
	char number[24];

	if (geteuid())
		return cmd_error(t->call, "%s", t->call->as_strace ? "You must be root to use the -u option"
								   : "only root can use -u");
	if (colon) {
		snprintf(number, sizeof(number), "%.*s", (int)(colon - user), user);
		if (!pt_parse_u64(number, &uid) || !pt_parse_u64(colon + 1, &gid) || uid >= UINT32_MAX || gid >= UINT32_MAX)
			return cmd_usage_error(t->call, "invalid user: '%s'", user);
		how->uid = (uid_t)uid;
		how->gid = (gid_t)gid;
	} else {
		pw = getpwnam(user);
		if (!pw)
			return cmd_error(t->call, "%s '%s'", t->call->as_strace ? "Cannot find user" : "there is no user", user);
		how->uid = pw->pw_uid;
		how->gid = pw->pw_gid;
		how->user_name = user;
	}
	how->set_user = true;
	return 0;
}

/* --- the kernel's filter --------------------------------------------------------------------------- */

/* Capability number 19 is CAP_SYS_PTRACE, 21 CAP_SYS_ADMIN: of the effective ones, from /proc. */
static uint64_t effective_capabilities(void)
{
	unsigned long long caps = 0;
	char line[128];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	if (f)
		fclose(f);
	return caps;
}

/*
 * May the filter be used without being asked for? Only if the program's fate with it is the same as without. Every task under it
 * must be followed, to its end, and nothing may be asked (-n) of calls that do not stop. Without CAP_SYS_ADMIN the filter takes set-user-id programs their rights; that is no loss only if
 * tracing takes them as well, which is so without CAP_SYS_PTRACE.
 */
static bool filter_is_harmless(const struct trace_config *c)
{
	uint64_t caps = effective_capabilities();
	bool admin = caps >> 21 & 1, ptracer = caps >> 19 & 1;

	return c->follow && !c->pid_count && !c->user && !c->detach_on_exec && !c->call_limit && !c->daemonize &&
	       !c->path_count && !c->show_nr && (admin || !ptracer) && call_set_count(&c->trace, PTL_ABI_X86_64) <= FILTER_MOST_CALLS &&
	       !c->trace.unknown[PTL_ABI_X86_64];
}

static bool wants_filter(const struct trace *t)
{
	const struct trace_config *c = &t->config;

	switch (c->seccomp) {
	case CHOICE_NEVER:
		return false;
	case CHOICE_ALWAYS:
		return c->argv && !c->pid_count && !c->daemonize && !c->trace_is_full;
	case CHOICE_AUTO:
		break;
	}
	return c->argv && filter_is_harmless(c);
}

/* --- launch ------------------------------------------------------------------------------------------ */

/* A descriptor for each process, with -ff for each task: as many as we may have. The program gets back what we found. */
static void raise_file_limit(struct rlimit *found)
{
	struct rlimit more;

	if (getrlimit(RLIMIT_NOFILE, found))
		return;
	more = *found;
	more.rlim_cur = PT_MIN(more.rlim_max, (rlim_t)1 << 20);
	if (more.rlim_cur > found->rlim_cur)
		setrlimit(RLIMIT_NOFILE, &more);
}

static int child_setup(void *arg)
{
	const struct trace *t = arg;

	trace_restore_signals();
	setrlimit(RLIMIT_NOFILE, &t->found_files);
	return 0;
}

static int launch(struct trace *t)
{
	struct trace_config *c = &t->config;
	struct ptl_launch how;
	struct ptl_syscall_set only = {
		.native = (const unsigned char *)c->trace.bits[PTL_ABI_X86_64], .native_len = CALL_LIMIT / 8,
		.compat = (const unsigned char *)c->trace.bits[PTL_ABI_I386], .compat_len = CALL_LIMIT / 8};
	uint64_t mask = trace_found_mask();
	struct ptl_task *task;
	int r;

	if (c->argv0)
		c->argv[0] = (char *)c->argv0;
	ptl_launch_init(&how, c->argv);
	how.file = t->file;
	how.environ_ = c->environment ? c->environment : environ;
	how.flags = PTL_LAUNCH_SHOW_EXEC;
	how.sigmask = &mask;
	how.child_setup = child_setup;
	how.child_arg = t;
	if (c->user && (r = find_user(t, &how)))
		return r;
	if (t->filtered)
		how.only = &only;
	r = ptl_launch(t->session, &how, &task);
	if (r < 0) {
		cmd_session_error(t->call, t->session, r);
		return t->call->as_strace ? 1 : r == -ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
	}
	t->main_pid = ptl_task_tid(task);
	return 0;
}

/* --- attach ------------------------------------------------------------------------------------------- */

static int attach(struct trace *t)
{
	const struct trace_config *c = &t->config;
	size_t i, done = 0;

	for (i = 0; i < c->pid_count; i++) {
		size_t before = ptl_task_count(t->session);
		int r = ptl_attach(t->session, c->pids[i], c->follow ? 0 : PTL_ATTACH_THREAD);
		struct trace_task named = {.tid = c->pids[i], .pid = c->pids[i], .log = &t->shared};

		if (r == -PTL_EALREADY)
			continue; /* named twice, or a thread of one named before */
		if (r < 0) {
			if (t->call->as_strace)
				cmd_error(t->call, "attach: ptrace(PTRACE_SEIZE, %d): %s", (int)c->pids[i], ptl_error_text(r));
			else
				cmd_session_error(t->call, t->session, r);
			continue;
		}
		done++;
		if (t->writer)
			t->writer->attached(t, &named, (unsigned)(ptl_task_count(t->session) - before), false, 0);
	}
	return done || c->argv ? 0 : 1;
}

/* --- -D: the program in the place where we were started -------------------------------------------------- */

/* What becomes the program: waits until the tracer has it, then executes. */
static void __attribute__((noreturn)) become_program(struct trace *t, int gate)
{
	const struct trace_config *c = &t->config;
	struct ptl_launch how;
	char c1;

	ptl_launch_init(&how, c->argv);
	if (c->user && find_user(t, &how))
		_exit(1);
	if (c->argv0)
		c->argv[0] = (char *)c->argv0;
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	if (read(gate, &c1, 1) != 1)
		_exit(1); /* it has said why */
	prctl(PR_SET_PTRACER, 0);
	if (how.set_user && ((how.user_name ? initgroups(how.user_name, how.gid) : setgroups(0, NULL)) || setresgid(how.gid, how.gid, how.gid) ||
				    setresuid(how.uid, how.uid, how.uid))) {
		cmd_error(t->call, "cannot become user %u: %s", (unsigned)how.uid, strerror(errno));
		_exit(1);
	}
	execve(t->file, c->argv, c->environment ? c->environment : environ);
	cmd_error(t->call, "cannot execute '%s': %s", t->file, strerror(errno));
	_exit(STATUS_NOT_EXECUTABLE);
}

int trace_daemonize(struct trace *t)
{
	const enum trace_daemonize how = t->config.daemonize;
	int ends[2], code, signo;
	pid_t program = getpid(), middle;
	int r;

	if (!how)
		return 0;
	r = find_program(t);
	if (r)
		return r;
	if (pipe2(ends, O_CLOEXEC))
		return cmd_error(t->call, "cannot make a pipe: %s", strerror(errno));
	middle = fork();
	if (middle < 0)
		return cmd_error(t->call, "cannot fork: %s", strerror(errno));
	if (middle) {
		close(ends[1]);
		cmd_wait_child(middle, &code, &signo);
		become_program(t, ends[0]);
	}
	if (how == DAEMONIZE_PGROUP)
		setpgid(0, 0);
	if (how == DAEMONIZE_SESSION)
		setsid();
	if (fork())
		_exit(0);
	close(ends[0]);
	t->gate = ends[1];
	t->main_pid = program;
	return 0;
}

static int attach_program(struct trace *t)
{
	struct trace_task named = {.tid = t->main_pid, .pid = t->main_pid, .log = &t->shared};
	int r = ptl_attach(t->session, t->main_pid, t->config.follow ? 0 : PTL_ATTACH_THREAD);

	if (r < 0)
		return cmd_session_error(t->call, t->session, r);
	if (t->writer)
		t->writer->attached(t, &named, 1, false, 0);
	if (write(t->gate, "", 1) != 1)
		return cmd_error(t->call, "the program has gone");
	close(t->gate);
	return 0;
}

/*
 * What the program closes is closed: were our copies of its input and output open, who is at their other end would wait for us. Standard
 * error stays, for messages.
 */
static void let_go_of_streams(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int trace_start(struct trace *t)
{
	const struct trace_config *c = &t->config;
	unsigned flags = PTL_OWN_SIGCHLD | PTL_KEEP_CPU;
	int r;

	if (c->argv && !c->daemonize) {
		r = find_program(t);
		if (r)
			return r;
	}
	t->filtered = wants_filter(t);
	if (c->follow)
		flags |= PTL_FOLLOW;
	if (t->filtered || c->kill_on_exit)
		flags |= PTL_EXITKILL;
	trace_install_signals(t);
	raise_file_limit(&t->found_files);
	r = ptl_session_new(&t->session, flags);
	if (r < 0)
		return cmd_error(t->call, "%s", ptl_error_text(r));
	cmd_log(t->call, t->session);
	r = attach(t);
	if (!r && c->argv)
		r = c->daemonize ? attach_program(t) : launch(t);
	if (!r)
		let_go_of_streams();
	return r;
}
