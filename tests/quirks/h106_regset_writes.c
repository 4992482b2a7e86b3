/* SPDX-License-Identifier: MIT */
/*
 * H106: the kernel takes a general register set one register after the other, stops at the first that it does not like, and keeps
 * those before; some bits of the flags it drops without a word. A change made by name is taken whole or not at all, and what was
 * refused is named. A pc that no code can be at is taken: the program dies of it, not the tracer.
 */
#include "quirk.h"

#include <elf.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

static pid_t pid;

static struct user_regs_struct now(void)
{
	struct user_regs_struct u;
	struct iovec v = {&u, sizeof(u)};

	CHECK(ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &v) == 0, "PTRACE_GETREGSET: %s", strerror(errno));
	return u;
}

static long put(struct user_regs_struct u)
{
	struct iovec v = {&u, sizeof(u)};

	return ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &v);
}

/* r12 and r8, on both sides of what is refused, do not change either. */
static void refused(struct ptl_session *s, struct ptl_task *t, const char *name, uint64_t value)
{
	struct user_regs_struct before = now(), after;
	uint64_t v;
	int r;

	OK(s, ptl_set(t, "r12", 0x1212));
	OK(s, ptl_set(t, name, value));
	OK(s, ptl_set(t, "r8", 0x0808));
	r = ptl_reg_flush(t);
	CHECK(r == -PTL_EREGVALUE, "%s = %#llx: %s", name, (unsigned long long)value, r < 0 ? ptl_error_name(r) : "taken");
	CHECK(strstr(ptl_message(s), name), "%s is not named: %s", name, ptl_message(s));
	after = now();
	CHECK(!memcmp(&before, &after, sizeof(before)), "%s: something has changed all the same", name);
	/* the cache shows what is, not what was wanted */
	OK(s, ptl_get(t, "r12", &v));
	CHECK(v == before.r12, "r12 reads %#llx", (unsigned long long)v);
	OK(s, ptl_reg_flush(t));
}

int main(void)
{
	struct ptl_session *s = q_session(0);
	struct user_regs_struct u, got;
	struct ptl_event ev;
	uint64_t v;

	pid = q_fork();
	if (!pid)
		for (;;)
			pause();
	q_until_asleep(pid);
	q_attach(s, pid, &ev);
	/* What the kernel does: r12 comes before cs in the set. */
	u = got = now();
	u.r12 = 0x5555;
	u.cs = 0x10;
	CHECK(put(u) < 0 && errno == EIO, "a code segment of the kernel's is taken");
	CHECK(now().r12 == 0x5555, "nothing of the refused set was taken: then this library does too much");
	put(got);
	u = got;
	u.eflags |= 3 << 12; /* IOPL */
	CHECK(put(u) == 0 && (now().eflags & 3 << 12) == 0, "the I/O privilege level is taken or refused");
	put(got);
	/* What the library does. */
	refused(s, ev.task, "cs", 0x10);
	refused(s, ev.task, "fs_base", UINT64_C(1) << 60);
	refused(s, ev.task, "rflags", got.eflags | 3 << 12);
	refused(s, ev.task, "ss", 0x18);
	CHECK(ptl_set(ev.task, "cs", 0x12345) == -PTL_EREGSIZE || ptl_reg_find(ev.task, "cs")->size > 2, "17 bits of cs");
	/* All good ones together. */
	OK(s, ptl_set(ev.task, "r12", 0x1212));
	OK(s, ptl_set(ev.task, "al", 0x77));
	OK(s, ptl_set(ev.task, "ah", 0x66));
	OK(s, ptl_set(ev.task, "r8d", (uint64_t)-1));
	OK(s, ptl_reg_flush(ev.task));
	u = now();
	CHECK(u.r12 == 0x1212 && (u.rax & 0xffff) == 0x6677 && (u.rax >> 16) == (got.rax >> 16), "rax %#llx",
		(unsigned long long)u.rax);
	/* As gdb and lldb have it, a part is a part: the upper half stays. */
	CHECK((u.r8 & 0xffffffff) == 0xffffffff && u.r8 >> 32 == got.r8 >> 32, "r8 %#llx", (unsigned long long)u.r8);
	/* An unanswered change reaches the task at resume; this one kills it. */
	OK(s, ptl_set(ev.task, "rip", UINT64_C(0x8000000000000000)));
	OK(s, ptl_get(ev.task, "pc", &v));
	CHECK(v == UINT64_C(0x8000000000000000), "pc %#llx", (unsigned long long)v);
	RESUME(&ev, PTL_RUN);
	q_expect(s, &ev, PTL_EV_SIGNAL);
	CHECK(ev.u.signal.info.signo == SIGSEGV, "signal %d", ev.u.signal.info.signo);
	RESUME(&ev, PTL_RUN);
	q_expect(s, &ev, PTL_EV_EXITED);
	CHECK(ev.u.exited.signo == SIGSEGV, "it did not die of it");
	RESUME(&ev, PTL_RUN);
	ptl_session_free(s);
	return 0;
}
