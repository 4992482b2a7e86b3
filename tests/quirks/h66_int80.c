/* SPDX-License-Identifier: MIT */
/*
 * H66: a 64-bit program makes system calls of the 32-bit table by `int $0x80`. Its registers, their number and its code
 * segment all say 64 bit, and number 20 would read as writev instead of getpid. Only PTRACE_GET_SYSCALL_INFO tells. Arguments are
 * the low halves of the registers.
 */
#include "quirk.h"

#include <linux/audit.h>

static char *low; /* below 4 GiB */

static long int80(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "0"(nr), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return r;
}

static void debuggee(int fd)
{
	while (!*(volatile char *)low)
		q_sleep_us(200);
	syscall(SYS_getpid);
	int80(20, 0, 0, 0);
	int80(4, fd | (long)0xdeadbeef00000000, (long)(uintptr_t)low | 1L << 40, 6 | 1L << 63);
	int80(6, 9999, 0, 0);
	syscall(SYS_getpid);
	_exit(3);
}

int main(void)
{
	static const struct {
		uint32_t arch;
		uint64_t nr;
	} want[] = {{AUDIT_ARCH_X86_64, SYS_getpid}, {AUDIT_ARCH_I386, 20}, {AUDIT_ARCH_I386, 4}, {AUDIT_ARCH_I386, 6},
		{AUDIT_ARCH_X86_64, SYS_getpid}};
	const uint64_t none[6] = {0};
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	char got[8] = "";
	unsigned n = 0;
	int64_t value;
	uint64_t v;
	int fd[2];
	pid_t pid;

	low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(low != MAP_FAILED && pipe2(fd, O_CLOEXEC) == 0, "no memory below 4 GiB, or no pipe");
	pid = q_fork();
	if (!pid)
		debuggee(fd[1]);
	q_attach(s, pid, &ev);
	memcpy(low, "pintle", 6);
	for (;; q_expect(s, &ev, PTL_EV_SYSCALL_ENTRY)) {
		if (ev.kind == PTL_EV_SYSCALL_ENTRY && ev.u.entry.nr == SYS_exit_group && ev.u.entry.arch == AUDIT_ARCH_X86_64)
			break;
		if (ev.kind != PTL_EV_SYSCALL_ENTRY ||
			(n == 0 && ev.u.entry.nr != SYS_getpid)) { /* the end of its sleep */
			do {
				RESUME(&ev, PTL_SYSCALL);
				CHECK(q_wait(s, &ev), "it has gone");
			} while (ev.kind != PTL_EV_SYSCALL_ENTRY || ev.u.entry.nr != SYS_getpid);
		}
		CHECK(n < Q_COUNTOF(want), "more calls than were made");
		CHECK(ev.u.entry.arch == want[n].arch && ev.u.entry.nr == want[n].nr, "call %u: arch %#x nr %llu", n,
			ev.u.entry.arch, (unsigned long long)ev.u.entry.nr);
		/* what runs it is 64-bit code all the same */
		CHECK(ptl_task_arch(ev.task) == AUDIT_ARCH_X86_64 && ptl_reg_find(ev.task, "r15"), "not 64-bit code");
		OK(s, ptl_get(ev.task, "orig_rax", &v));
		CHECK(v == want[n].nr, "orig_rax %llu", (unsigned long long)v);
		if (want[n].nr == 4)
			CHECK(ev.u.entry.args[0] == (uint64_t)fd[1] && ev.u.entry.args[1] == (uintptr_t)low && ev.u.entry.args[2] == 6,
				"arguments not cut to 32 bits");
		RESUME(&ev, PTL_SYSCALL);
		q_expect(s, &ev, PTL_EV_SYSCALL_EXIT);
		value = want[n].nr == 4 ? 6 : want[n].nr == 6 ? -EBADF : pid;
		CHECK(ev.u.exit.value == value && ev.u.exit.is_error == (value < 0), "call %u returned %lld", n,
			(long long)ev.u.exit.value);
		/* A call of ours is of the code's kind, not of the last call's. */
		OK(s, ptl_inject_syscall(ev.task, SYS_getppid, none, &value));
		CHECK(value == getpid(), "getppid answers %lld", (long long)value);
		RESUME(&ev, PTL_SYSCALL);
		n++;
	}
	CHECK(n == Q_COUNTOF(want), "only %u calls", n);
	RESUME(&ev, PTL_RUN);
	q_expect(s, &ev, PTL_EV_EXITED);
	CHECK(ev.u.exited.code == 3, "exit status %d", ev.u.exited.code);
	RESUME(&ev, PTL_RUN);
	CHECK(read(fd[0], got, 6) == 6 && !memcmp(got, "pintle", 6), "its write wrote something else");
	ptl_session_free(s);
	(void)waitpid(pid, NULL, 0);
	return 0;
}
