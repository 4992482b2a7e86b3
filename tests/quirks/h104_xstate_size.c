/* SPDX-License-Identifier: MIT */
/*
 * H104: the size of the extended register set (NT_X86_XSTATE) depends on the machine and must be asked for. A short read is
 * allowed in whole words; a write must have the full length, whatever components it changes. So a change of one xmm
 * register, by name, is a write of everything that was read.
 */
#include "quirk.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static unsigned char image[65536];

static long get(pid_t tid, size_t n, size_t *ret_n)
{
	struct iovec v = {image, n};
	long r = ptrace(PTRACE_GETREGSET, tid, (void *)NT_X86_XSTATE, &v);

	*ret_n = v.iov_len;
	return r;
}

static long set(pid_t tid, size_t n)
{
	struct iovec v = {image, n};

	return ptrace(PTRACE_SETREGSET, tid, (void *)NT_X86_XSTATE, &v);
}

int main(void)
{
	struct ptl_session *s = q_session(0);
	const struct ptl_reg_info *reg;
	unsigned char v[64], back[64];
	struct ptl_event ev;
	size_t full, n;
	pid_t pid = q_fork();

	if (!pid)
		for (;;)
			pause();
	q_until_asleep(pid);
	q_attach(s, pid, &ev);
	if (get(pid, sizeof(image), &full) < 0)
		q_skip("needs a processor with XSAVE");
	/* What the kernel does. */
	CHECK(full >= 576 && full % 8 == 0 && full < sizeof(image), "%zu bytes", full);
	CHECK(get(pid, 576, &n) == 0 && n == 576, "a short read");
	CHECK(get(pid, 100, &n) < 0 && errno == EINVAL, "a read of half a word");
	get(pid, sizeof(image), &n);
	CHECK(set(pid, full - 8) < 0 && errno == EFAULT, "a short write");
	CHECK(set(pid, 576) < 0 && errno == EFAULT, "a write of the SSE part alone");
	CHECK(set(pid, full) == 0, "a full write");
	/* What the library does. */
	for (size_t i = 0; (reg = ptl_reg_at(ev.task, i)); i++) {
		if (reg->group != PTL_REG_VECTOR)
			continue;
		CHECK(reg->size <= sizeof(v), "%s has %u bytes", reg->name, reg->size);
		for (unsigned b = 0; b < reg->size; b++)
			v[b] = (unsigned char)(i + b);
		/* k0-k7 have as many bits as the machine's widest vector has bytes */
		OK(s, ptl_reg_write(ev.task, reg, v, reg->size));
		OK(s, ptl_reg_flush(ev.task));
		OK(s, ptl_reg_read(ev.task, reg, back, reg->size));
		CHECK(!memcmp(v, back, reg->size), "%s was not set", reg->name);
	}
	reg = ptl_reg_find(ev.task, "xmm0");
	CHECK(reg && ptl_reg_write(ev.task, reg, v, 8) == -PTL_EREGSIZE, "half of xmm0");
	OK(s, ptl_detach_all(s, Q_NS(Q_LONG_MS)));
	ptl_session_free(s);
	q_kill_and_reap(pid);
	return 0;
}
