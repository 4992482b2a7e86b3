/* SPDX-License-Identifier: MIT */
/*
 * H67: the size of the general register set tells the kind of code a task is running at the moment: 216 bytes are x86-64, 68
 * are i386. A program can change over at any time by a far jump; this one does, and comes back. Two calls that look wrong
 * and are not: number -1, which is legal and answers ENOSYS, and one with the bit of x32, which few kernels know.
 */
#include "quirk.h"

#include <elf.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

enum { CODE = 0, CODE64 = 256, DATA = 2048, STACK = 8000, SIZE = 8192 };
/* Offsets into the data: said to be there, told to go on, what getpid answered. */
enum { THERE = DATA, GO = DATA + 1, RESULT = DATA + 4 };

static unsigned char *low; /* SIZE bytes below 4 GiB, of the debuggee */

static size_t put32(unsigned char *p, uint32_t v)
{
	memcpy(p, &v, 4);
	return 4;
}

/* The 32-bit code; see the debuggee. */
static void write_code(uint64_t back)
{
	static const unsigned char load[] = {0xb8, 0xbb, 0xb9, 0xba, 0xbe, 0xbf}; /* mov $..., eax ebx ecx edx esi edi */
	uint32_t at = (uint32_t)(uintptr_t)low;
	unsigned char *p = low + CODE;

	for (unsigned i = 0; i < sizeof(load); i++) {
		*p++ = load[i];
		p += put32(p, 0x11111111u * (i + 1) + 0x80000000u);
	}
	*p++ = 0xc6, *p++ = 0x05; /* movb $1, THERE */
	p += put32(p, at + THERE);
	*p++ = 1;
	*p++ = 0x80, *p++ = 0x3d; /* 1: cmpb $0, GO */
	p += put32(p, at + GO);
	*p++ = 0;
	*p++ = 0x74, *p++ = 0xf7; /* je 1b */
	*p++ = 0xb8;		  /* mov $20, %eax */
	p += put32(p, 20);
	*p++ = 0xcd, *p++ = 0x80; /* int $0x80 */
	*p++ = 0xa3;		  /* mov %eax, RESULT */
	p += put32(p, at + RESULT);
	*p++ = 0x89, *p++ = 0x1d; /* mov %ebx, RESULT + 4 */
	p += put32(p, at + RESULT + 4);
	*p++ = 0xea; /* ljmp $0x33, $CODE64 */
	p += put32(p, at + CODE64);
	*p++ = 0x33, *p++ = 0;
	p = low + CODE64;
	*p++ = 0x48, *p++ = 0xb8; /* movabs $back, %rax; jmp *%rax */
	memcpy(p, &back, 8);
	p[8] = 0xff, p[9] = 0xe0;
}

static uint64_t saved_sp;

static void debuggee(void)
{
	uint64_t back;

	syscall(-1L);
	syscall(0x40000000L | SYS_getpid);
	syscall(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, 0x123456789000);
	__asm__("leaq 9f(%%rip), %0" : "=r"(back));
	write_code(back);
	/* 32-bit code needs its data segments, which 64-bit code does without, and a stack that it can reach. */
	__asm__ volatile("pushq %%rbp\n"
			 "subq $128, %%rsp\n"
			 "movq %%rsp, %0\n"
			 "movl $0x2b, %%eax\n movl %%eax, %%ds\n movl %%eax, %%es\n"
			 "movq %2, %%rsp\n"
			 "pushq $0x23\n pushq %1\n lretq\n"
			 "9: xorl %%eax, %%eax\n movl %%eax, %%ds\n movl %%eax, %%es\n"
			 "movq %0, %%rsp\n"
			 "addq $128, %%rsp\n popq %%rbp\n"
			 : "+m"(saved_sp)
			 : "r"((uint64_t)(uintptr_t)low), "r"((uint64_t)(uintptr_t)low + STACK)
			 : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
	_exit(*(volatile int *)(low + RESULT) == getpid() ? 5 : 6);
}

static int64_t general_size(pid_t tid)
{
	unsigned char image[512];
	struct iovec v = {image, sizeof(image)};

	return ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &v) < 0 ? -1 : (int64_t)v.iov_len;
}

/* The next call's entry, then its exit. */
static void next_call(struct ptl_session *s, struct ptl_event *ev, uint32_t arch, uint64_t nr, int64_t value)
{
	RESUME(ev, PTL_SYSCALL);
	CHECK(q_wait(s, ev), "it has gone");
	CHECK(ev->kind != PTL_EV_SIGNAL, "signal %d at %#llx", ev->u.signal.info.signo,
		(unsigned long long)ptl_pc(ev->task));
	CHECK(ev->kind == PTL_EV_SYSCALL_ENTRY, "event %s", ptl_event_name(ev->kind));
	CHECK(ev->u.entry.nr == nr, "call %lld where %lld was expected", (long long)ev->u.entry.nr, (long long)nr);
	CHECK(ev->u.entry.arch == arch, "arch %#x", ev->u.entry.arch);
	RESUME(ev, PTL_SYSCALL);
	q_expect(s, ev, PTL_EV_SYSCALL_EXIT);
	CHECK(ev->u.exit.value == value || (nr & 0x40000000 && ev->u.exit.value == ev->pid), "call %lld returned %lld",
		(long long)nr, (long long)ev->u.exit.value);
}

/* A base of its own in gs: what is written to the 32-bit set must not touch it, nor fs_base, which 64-bit code needs. */
static void check_bases(pid_t tid, const unsigned long want[2])
{
	for (int i = 0; i < 2; i++) {
		errno = 0;
		CHECK((unsigned long)ptrace(PTRACE_PEEKUSER, tid, (void *)(8L * (21 + i)), NULL) == want[i] && !errno,
			"%cs_base was changed", "fg"[i]);
	}
}

static void look_at_i386(struct ptl_session *s, struct ptl_task *t)
{
	static const char *const names[] = {"eax", "ebx", "ecx", "edx", "esi", "edi"};
	const uint64_t none[6] = {0};
	unsigned long base[2];
	uint64_t v, pc;
	int64_t value;

	for (int i = 0; i < 2; i++)
		base[i] = (unsigned long)ptrace(PTRACE_PEEKUSER, ptl_task_tid(t), (void *)(8L * (21 + i)), NULL);
	CHECK(base[0] && base[1] == 0x123456789000, "bases %#lx %#lx", base[0], base[1]);
	CHECK(ptl_task_arch(t) == AUDIT_ARCH_I386, "arch %#x", ptl_task_arch(t));
	CHECK(general_size(ptl_task_tid(t)) == 68, "the set has %lld bytes", (long long)general_size(ptl_task_tid(t)));
	CHECK(!ptl_reg_find(t, "rax") && !ptl_reg_find(t, "r8") && !ptl_reg_find(t, "xmm8"), "it has 64-bit registers");
	for (unsigned i = 0; i < Q_COUNTOF(names); i++) {
		OK(s, ptl_get(t, names[i], &v));
		CHECK(v == (uint32_t)(0x11111111u * (i + 1) + 0x80000000u), "%s is %#llx", names[i], (unsigned long long)v);
	}
	OK(s, ptl_get(t, "cs", &v));
	CHECK(v == 0x23, "cs %#llx", (unsigned long long)v);
	OK(s, ptl_get(t, "sp", &v));
	CHECK(v == (uintptr_t)low + STACK && ptl_sp(t) == v, "esp %#llx", (unsigned long long)v);
	pc = ptl_pc(t);
	CHECK(pc > (uintptr_t)low && pc < (uintptr_t)low + CODE64, "eip %#llx", (unsigned long long)pc);
	/* too large for it, and negative */
	CHECK(ptl_set(t, "ebx", UINT64_C(1) << 32) == -PTL_EREGSIZE, "33 bits into ebx");
	OK(s, ptl_set(t, "ebx", (uint64_t)-2));
	/* A call of ours: by the 32-bit table, from whatever int $0x80 there is. */
	OK(s, ptl_inject_syscall(t, 20, none, &value));
	CHECK(value == ptl_task_tid(t), "getpid answers %lld", (long long)value);
	CHECK(ptl_pc(t) == pc, "it stands elsewhere");
	check_bases(ptl_task_tid(t), base);
	OK(s, ptl_get(t, "eax", &v));
	CHECK(v == 0x91111111u, "eax is %#llx after a call of ours", (unsigned long long)v);
}

int main(void)
{
	struct ptl_session *s = q_session(0);
	struct ptl_event ev;
	struct ptl_task *t;
	pid_t pid;

	low = mmap(NULL, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(low != MAP_FAILED, "no memory below 4 GiB");
	pid = q_fork();
	if (!pid) {
		raise(SIGSTOP);
		debuggee();
	}
	UNTIL(q_state(pid) == 'T');
	q_attach(s, pid, &ev);
	t = ev.task;
	RESUME(&ev, PTL_SYSCALL);
	if (ev.u.started.stop_signo == 0)
		q_expect(s, &ev, PTL_EV_GROUP_STOP);
	kill(pid, SIGCONT);
	/* out of kill(2), with SIGCONT, to the call with number -1 */
	for (;;) {
		CHECK(q_wait(s, &ev), "it has gone");
		if (ev.kind == PTL_EV_SYSCALL_ENTRY && (int)ev.u.entry.nr == -1)
			break;
		RESUME(&ev, PTL_SYSCALL);
	}
	CHECK(ev.u.entry.arch == AUDIT_ARCH_X86_64, "arch %#x", ev.u.entry.arch);
	RESUME(&ev, PTL_SYSCALL);
	q_expect(s, &ev, PTL_EV_SYSCALL_EXIT);
	CHECK(ev.u.exit.value == -ENOSYS, "call -1 returned %lld", (long long)ev.u.exit.value);
	next_call(s, &ev, AUDIT_ARCH_X86_64, 0x40000000 | SYS_getpid, -ENOSYS);
	next_call(s, &ev, AUDIT_ARCH_X86_64, SYS_arch_prctl, 0);
	CHECK(ptl_task_arch(t) == AUDIT_ARCH_X86_64 && general_size(pid) == 216, "not 64-bit code");
	CHECK(ptl_reg_find(t, "rax") != NULL, "no rax");

	RESUME(&ev, PTL_SYSCALL);
	UNTIL(((volatile unsigned char *)low)[THERE]);
	OK(s, ptl_interrupt(t));
	q_expect(s, &ev, PTL_EV_INTERRUPTED);
	look_at_i386(s, t);
	((volatile unsigned char *)low)[GO] = 1;
	next_call(s, &ev, AUDIT_ARCH_I386, 20, pid);
	next_call(s, &ev, AUDIT_ARCH_X86_64, SYS_getpid, pid);
	CHECK(ptl_task_arch(t) == AUDIT_ARCH_X86_64 && general_size(pid) == 216, "still 32-bit code");
	CHECK(ptl_reg_find(t, "r15"), "the registers of 64-bit code");
	CHECK(*(uint32_t *)(low + RESULT + 4) == (uint32_t)-2, "ebx was not set: %#x", *(uint32_t *)(low + RESULT + 4));
	RESUME(&ev, PTL_RUN);
	q_expect(s, &ev, PTL_EV_EXITED);
	CHECK(ev.u.exited.code == 5, "exit status %d, signal %d", ev.u.exited.code, ev.u.exited.signo);
	RESUME(&ev, PTL_RUN);
	ptl_session_free(s);
	return 0;
}
