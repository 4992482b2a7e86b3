/* SPDX-License-Identifier: MIT */
/*
 * H61: that a process is traced does not mean that its memory may be opened: the kernel asks anew (Yama; other rights than at the
 * attach; a process that has become undumpable; no descriptors left). A descriptor opened before goes on to work; without one
 * there is process_vm_readv(2), which may be refused likewise, and then a word at a time by PTRACE_PEEKDATA and PTRACE_POKEDATA,
 * which also write text where /proc/PID/mem may not (H62: proc_mem.force_override=, which is chosen when the kernel boots
 * and cannot be shown here). An undumpable process refuses even these, and that is said.
 */
#include "quirk.h"

#include <sys/uio.h>

enum { SIZE = 128 << 10, PAGE = 4096 };

struct record {
	volatile int hide, hidden, end, value;
};
static struct record *rec;
static unsigned char *block; /* of the debuggee: SIZE bytes, then nothing */

/* mov $42, %eax; ret. Never inlined, and in a page that is not writable. */
int answer(void);
__asm__(".pushsection .text\n.globl answer\nanswer: movl $42, %eax\nret\n.popsection");

static void debuggee(void)
{
	while (!rec->end) {
		if (rec->hide && !rec->hidden) {
			prctl(PR_SET_DUMPABLE, 0);
			rec->hidden = 1;
		}
		rec->value = answer();
		q_sleep_us(500);
	}
	_exit(rec->value);
}

static bool is_refused(pid_t pid)
{
	struct iovec local = {&(char){0}, 1}, remote = {block, 1};
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd < 0 && process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0;
}

/* Everything that can be read and written, by whatever way is left. */
static void look(struct ptl_session *s, struct ptl_task *t)
{
	static unsigned char got[SIZE + 100];
	char text[32];
	bool ended;
	uint64_t at = (uintptr_t)block;
	unsigned char value;

	CHECK(ptl_read(t, at + 5, got, 3) == 3 && !memcmp(got, block + 5, 3), "3 bytes, unaligned");
	CHECK(ptl_read(t, at + PAGE - 9, got, 4001) == 4001 && !memcmp(got, block + PAGE - 9, 4001),
		"4001 bytes across a page's border");
	CHECK(ptl_read(t, at, got, SIZE + 100) == SIZE && !memcmp(got, block, SIZE), "all there is, and no more");
	CHECK(ptl_read(t, at + SIZE - 3, got, 10) == 3, "three bytes up to the end");
	CHECK(ptl_read(t, at + SIZE, got, 8) == -PTL_EBADADDR, "nothing behind it");
	CHECK(ptl_read_string(t, at + SIZE - 7, text, sizeof(text), &ended) == 6 && ended && !strcmp(text, "pintle"),
		"a string that ends with the memory");
	/* Text: the constant of answer(), in the middle of a word. */
	OK(s, ptl_read(t, (uintptr_t)&answer + 1, &value, 1));
	value++;
	CHECK(ptl_write(t, (uintptr_t)&answer + 1, &value, 1) == 1, "one byte of text");
	CHECK(ptl_write(t, at + SIZE, &value, 1) == -PTL_EBADADDR, "writing where nothing is");
}

static void stop(struct ptl_session *s, struct ptl_task *t, struct ptl_event *ev)
{
	OK(s, ptl_interrupt(t));
	q_expect(s, ev, PTL_EV_INTERRUPTED);
}

/* Held, its memory not yet looked at. */
static pid_t start(struct ptl_session *s, struct ptl_event *ev)
{
	pid_t pid;

	memset(rec, 0, sizeof(*rec));
	pid = q_fork();
	if (!pid)
		debuggee();
	UNTIL(rec->value == 42);
	q_attach(s, pid, ev);
	return pid;
}

static void end(struct ptl_session *s, pid_t pid, int value)
{
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	rec->end = 1;
	CHECK(q_reap(pid) == value, "it was not left as it was");
	ptl_session_free(s);
	q_check_alone();
}

/* It becomes undumpable while it is traced. */
static void undumpable(bool opened_before)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	struct ptl_task *t;
	char byte = 1;
	pid_t pid = start(s, &ev);

	t = ev.task;
	if (opened_before)
		CHECK(ptl_read(t, (uintptr_t)block, &byte, 1) == 1, "cannot read before");
	RESUME(&ev, PTL_RUN);
	rec->hide = 1;
	UNTIL(rec->hidden);
	CHECK(is_refused(pid), "an undumpable process opens its memory");
	if (opened_before) {
		CHECK(ptl_read(t, (uintptr_t)block + 1, &byte, 1) == 1, "the kept descriptor is of no use");
		stop(s, t, &ev);
		look(s, t);
		RESUME(&ev, PTL_RUN);
		UNTIL(rec->value == 43);
		stop(s, t, &ev);
	} else {
		CHECK(ptl_read(t, (uintptr_t)block, &byte, 1) == -EPERM, "running: what way is there?");
		stop(s, t, &ev);
		CHECK(ptl_read(t, (uintptr_t)block, &byte, 1) == -EACCES, "stopped: what way is there?");
		CHECK(ptl_write(t, (uintptr_t)block, &byte, 1) == -EACCES, "stopped: what way to write is there?");
		CHECK(strstr(ptl_message(s), "Permission denied"), "it is said so: %s", ptl_message(s));
	}
	end(s, pid, opened_before ? 43 : 42);
}

/* No descriptor to be had, or (as root) the rights given up that the attach took. */
static void by_words(bool rights)
{
	struct ptl_session *s = q_session(0);
	struct rlimit before, none;
	struct ptl_event ev;
	pid_t pid = start(s, &ev);

	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = 0;
	if (rights) {
		CHECK(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0, "cannot become nobody");
		CHECK(is_refused(pid), "root's process opens its memory to nobody");
	} else {
		setrlimit(RLIMIT_NOFILE, &none);
	}
	look(s, ev.task);
	setrlimit(RLIMIT_NOFILE, &before);
	RESUME(&ev, PTL_RUN);
	UNTIL(rec->value == 43);
	end(s, pid, 43);
}

/* In a process of its own, which may give up its rights. */
static void apart(void (*body)(bool), bool arg, bool as_nobody)
{
	pid_t pid = q_fork();

	if (!pid) {
		if (as_nobody && geteuid() == 0) { /* CAP_SYS_PTRACE opens everything */
			CHECK(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0,
				"cannot become nobody");
			prctl(PR_SET_DUMPABLE, 1);
		}
		body(arg);
		exit(0);
	}
	if (q_reap(pid) != 0)
		exit(1);
}

int main(void)
{
	rec = q_shared(sizeof(*rec));
	block = mmap(NULL, SIZE + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(block != MAP_FAILED && munmap(block + SIZE, PAGE) == 0, "no memory");
	for (int i = 0; i < SIZE; i++)
		block[i] = (unsigned char)(i * 7 + i / 256);
	memcpy(block + SIZE - 7, "pintle", 7);
	apart(undumpable, true, true);
	apart(undumpable, false, true);
	apart(by_words, false, false);
	if (geteuid() == 0)
		apart(by_words, true, false);
	else
		printf("not root: the way by words alone was not gone\n");
	return 0;
}
