/* SPDX-License-Identifier: MIT */
/*
 * H74: calls that return never, elsewhere or twice. rt_sigreturn returns to where the signal came, with that place's registers;
 * execve returns in the new image; exit and exit_group do not return; a vfork parent returns after its child has gone on;
 * fork and clone return once more in the newborn, which never entered them.
 */
#include "quirk.h"

#include <sys/wait.h>

static void handler(int signo)
{
	(void)signo;
}

static void *thread_main(void *arg)
{
	syscall(SYS_getpriority, 2, 0);
	return arg;
}

/* Calls with a mark (lseek of descriptor -1) before each part. */
static int program(char *self)
{
	pthread_t t;
	int status;
	pid_t pid;

	syscall(SYS_lseek, -1, 1, 0);
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	syscall(SYS_lseek, -1, 2, 0);
	pid = fork();
	if (pid == 0)
		syscall(SYS_exit, 3); /* one thread's exit is the process's here */
	if (waitpid(pid, &status, 0) != pid || status != 3 << 8)
		return 70;
	syscall(SYS_lseek, -1, 3, 0);
	pid = vfork();
	if (pid == 0) {
		execl(self, "h74", "small", NULL);
		_exit(71);
	}
	if (waitpid(pid, &status, 0) != pid || status != 4 << 8)
		return 72;
	syscall(SYS_lseek, -1, 4, 0);
	if (pthread_create(&t, NULL, thread_main, self) || pthread_join(t, NULL))
		return 73;
	syscall(SYS_lseek, -1, 5, 0);
	execl(self, "h74", "last", NULL);
	return 74;
}

/* One line a thing seen, "w" the task: m main, a b c ... newborns in order. */
struct log {
	char text[64][48];
	int n;
};

static char letter_of(struct ptl_event *ev)
{
	static char next = 'a';

	if (!ptl_task_data(ev->task)) {
		static char letters[64], *l = letters;

		*l = ev->kind == PTL_EV_STARTED && ev->u.started.how == PTL_START_LAUNCHED ? 'm' : next++;
		ptl_task_set_data(ev->task, l++);
	}
	return *(char *)ptl_task_data(ev->task);
}

static const char *call_name(uint64_t nr)
{
	static const struct {
		uint64_t nr;
		const char *name;
	} names[] = {{SYS_rt_sigreturn, "rt_sigreturn"}, {SYS_fork, "birth"}, {SYS_clone, "birth"}, {SYS_vfork, "birth"},
		{SYS_clone3, "birth"}, {SYS_execve, "execve"}, {SYS_exit, "exit"}, {SYS_exit_group, "exit_group"},
		{SYS_tgkill, "tgkill"}, {SYS_getpriority, "getpriority"}};

	for (size_t i = 0; i < Q_COUNTOF(names); i++)
		if (names[i].nr == nr)
			return names[i].name;
	return NULL;
}

/* Position of a line, after `from`; the test fails without it. */
static int find(const struct log *log, int from, const char *line)
{
	for (int i = from; i < log->n; i++)
		if (!strcmp(log->text[i], line))
			return i;
	for (int i = 0; i < log->n; i++)
		fprintf(stderr, "%2d %s\n", i, log->text[i]);
	FAIL("no \"%s\" after line %d", line, from);
}

static bool has(const struct log *log, const char *line)
{
	for (int i = 0; i < log->n; i++)
		if (!strcmp(log->text[i], line))
			return true;
	return false;
}

#define LOG(...)                                                                                   \
	do {                                                                                       \
		CHECK(log.n < 64, "too much is seen");                                             \
		snprintf(log.text[log.n++], sizeof(log.text[0]), __VA_ARGS__);                     \
	} while (0)

int main(int argc, char **argv)
{
	char self[256], *args[] = {self, "program", NULL};
	static struct log log;
	uint64_t open[128] = {0}; /* by letter: number + 1 */
	struct ptl_session *s;
	struct ptl_launch how;
	struct ptl_event ev;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int i, fork_exit, child_exit;

	CHECK(n > 0, "readlink");
	self[n] = 0;
	if (argc > 1)
		return !strcmp(argv[1], "program") ? program(self) : !strcmp(argv[1], "small") ? 4 : 5;
	s = q_session(PTL_FOLLOW);
	ptl_launch_init(&how, args);
	OK(s, ptl_launch(s, &how, NULL));
	while (q_wait(s, &ev)) {
		char who = letter_of(&ev);
		uint64_t *call = &open[(int)who], result = 0;
		const char *name = NULL;

		switch (ev.kind) {
		case PTL_EV_SYSCALL_ENTRY:
			CHECK(!*call, "%c enters call %llu inside call %llu", who, (unsigned long long)ev.u.entry.nr,
				(unsigned long long)*call - 1);
			*call = ev.u.entry.nr + 1;
			name = call_name(ev.u.entry.nr);
			if (name)
				LOG("%c > %s", who, name);
			if (ev.u.entry.nr == SYS_lseek && (int)ev.u.entry.args[0] == -1)
				LOG("%c mark %d", who, (int)ev.u.entry.args[1]);
			break;
		case PTL_EV_SYSCALL_EXIT:
			CHECK(*call, "%c: an exit without its entry, result %lld", who, (long long)ev.u.exit.value);
			name = call_name(*call - 1);
			OK(s, ptl_get(ev.task, "rax", &result));
			CHECK((int64_t)result == ev.u.exit.value, "rax is not the result");
			if (name)
				LOG("%c < %s%s", who, name, ev.u.exit.value == 0 ? " 0" : ev.u.exit.is_error ? " error" : "");
			*call = 0;
			break;
		case PTL_EV_EXEC:
			CHECK(*call == SYS_execve + 1, "an exec outside execve");
			LOG("%c exec", who);
			break;
		case PTL_EV_FORKED:
			LOG("%c forked", who);
			break;
		case PTL_EV_STARTED:
			if (who != 'm')
				LOG("%c born", who);
			else
				*call = SYS_execve + 1; /* it stands in the call that brought it in */
			break;
		case PTL_EV_EXITED:
			LOG("%c ends %d", who, ev.u.exited.signo ? 256 + ev.u.exited.signo : ev.u.exited.code);
			break;
		default:
			break;
		}
		RESUME(&ev, PTL_SYSCALL);
	}
	ptl_session_free(s);
	/* rt_sigreturn: an exit of its own, whose value is the interrupted place's rax: tgkill's 0 */
	i = find(&log, find(&log, 0, "m mark 1"), "m < tgkill 0");
	CHECK(!strcmp(log.text[i + 1], "m > rt_sigreturn"), "%s", log.text[i + 1]);
	CHECK(!strcmp(log.text[i + 2], "m < rt_sigreturn 0"), "%s", log.text[i + 2]);
	/* fork: the newborn begins behind the call, whose exit only its maker has; exit does not return */
	i = find(&log, i, "m mark 2");
	(void)find(&log, find(&log, i, "m > birth"), "m < birth");
	(void)find(&log, find(&log, find(&log, i, "a born"), "a > exit"), "a ends 3");
	CHECK(!has(&log, "a < birth") && !has(&log, "a < birth 0") && !has(&log, "a < exit 0"), "the newborn returned");
	/* vfork: the parent's call ends after the child has gone on to another image */
	i = find(&log, i, "m mark 3");
	child_exit = find(&log, find(&log, find(&log, i, "b born"), "b exec"), "b < execve 0");
	fork_exit = find(&log, find(&log, i, "m > birth"), "m < birth");
	/* the kernel lets the parent go when the old memory is given up, just before the exec stop */
	CHECK(fork_exit > find(&log, i, "b > execve"), "vfork's parent went on before its child");
	(void)child_exit;
	(void)find(&log, find(&log, i, "b > exit_group"), "b ends 4");
	/* a thread */
	i = find(&log, i, "m mark 4");
	(void)find(&log, find(&log, i, "m > birth"), "m < birth");
	(void)find(&log, find(&log, find(&log, i, "c born"), "c > exit"), "c ends 0");
	/* execve's exit is in the new image, exit_group's nowhere */
	i = find(&log, i, "m mark 5");
	i = find(&log, find(&log, find(&log, i, "m > execve"), "m exec"), "m < execve 0");
	(void)find(&log, find(&log, i, "m > exit_group"), "m ends 5");
	CHECK(!has(&log, "m < exit_group 0"), "exit_group returned");
	q_check_alone();
	return 0;
}
