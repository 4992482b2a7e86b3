/* SPDX-License-Identifier: MIT */
/* ptrace(2), request by request. See os.h. */
#include "os/linux/os.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static long req(int request, pid_t tid, uintptr_t addr, uintptr_t data)
{
	long r = ptrace((enum __ptrace_request)request, tid, addr, data);

	return r < 0 ? -errno : r;
}

int pt_os_seize(pid_t tid, unsigned options)
{
	return (int)req(PTRACE_SEIZE, tid, 0, options);
}

int pt_os_interrupt(pid_t tid)
{
	return (int)req(PTRACE_INTERRUPT, tid, 0, 0);
}

int pt_os_listen(pid_t tid)
{
	return (int)req(PTRACE_LISTEN, tid, 0, 0);
}

int pt_os_detach(pid_t tid, int signo)
{
	return (int)req(PTRACE_DETACH, tid, 0, (uintptr_t)signo);
}

int pt_os_setoptions(pid_t tid, unsigned options)
{
	return (int)req(PTRACE_SETOPTIONS, tid, 0, options);
}

int pt_os_go(pid_t tid, enum pt_os_go how, int signo)
{
	static const int requests[] = {[PT_GO_RUN] = PTRACE_CONT,
		[PT_GO_SYSCALL] = PTRACE_SYSCALL,
		[PT_GO_STEP] = PTRACE_SINGLESTEP};

	return (int)req(requests[how], tid, 0, (uintptr_t)signo);
}

int pt_os_eventmsg(pid_t tid, unsigned long *ret)
{
	return (int)req(PTRACE_GETEVENTMSG, tid, 0, (uintptr_t)ret);
}

int pt_os_siginfo(pid_t tid, unsigned char ret[128])
{
	return (int)req(PTRACE_GETSIGINFO, tid, 0, (uintptr_t)ret);
}

int pt_os_setsiginfo(pid_t tid, const unsigned char info[128])
{
	return (int)req(PTRACE_SETSIGINFO, tid, 0, (uintptr_t)info);
}

int64_t pt_os_getregset(pid_t tid, unsigned note, void *buf, size_t size)
{
	struct iovec iov = {buf, size};
	long r = req(PTRACE_GETREGSET, tid, note, (uintptr_t)&iov);

	return r < 0 ? r : (int64_t)iov.iov_len;
}

int pt_os_setregset(pid_t tid, unsigned note, const void *buf, size_t size)
{
	struct iovec iov = {(void *)(uintptr_t)buf, size};

	return (int)req(PTRACE_SETREGSET, tid, note, (uintptr_t)&iov);
}

/* The C library's PEEK wrappers answer the word itself: errno alone tells failure. */
static int peek(int request, pid_t tid, uintptr_t addr, uint64_t *ret)
{
	long r;

	errno = 0;
	r = ptrace((enum __ptrace_request)request, tid, addr, 0);
	if (r == -1 && errno)
		return -errno;
	*ret = (uint64_t)r;
	return 0;
}

int pt_os_peekuser(pid_t tid, unsigned long offset, uint64_t *ret)
{
	return peek(PTRACE_PEEKUSER, tid, offset, ret);
}

int pt_os_pokeuser(pid_t tid, unsigned long offset, uint64_t value)
{
	return (int)req(PTRACE_POKEUSER, tid, offset, value);
}

int pt_os_peek(pid_t tid, uint64_t addr, uint64_t *ret)
{
	return peek(PTRACE_PEEKDATA, tid, addr, ret);
}

int pt_os_poke(pid_t tid, uint64_t addr, uint64_t word)
{
	return (int)req(PTRACE_POKEDATA, tid, addr, word);
}

int pt_os_getsigmask(pid_t tid, uint64_t *ret)
{
	return (int)req(PTRACE_GETSIGMASK, tid, sizeof(*ret), (uintptr_t)ret);
}

int pt_os_setsigmask(pid_t tid, uint64_t mask)
{
	return (int)req(PTRACE_SETSIGMASK, tid, sizeof(mask), (uintptr_t)&mask);
}

/* Requests that the C library's header of Debian 12 does not have yet. */
enum { SET_DISPATCH = 0x4210, GET_DISPATCH = 0x4211, GET_RSEQ = 0x420f };

int pt_os_rseq(pid_t tid, uint64_t *ret_address)
{
	struct {
		uint64_t address;
		uint32_t size, signature, flags, pad;
	} c = {0};
	long r = req(GET_RSEQ, tid, sizeof(c), (uintptr_t)&c);

	if (r < 0)
		return (int)r;
	*ret_address = c.address;
	return 0;
}

int pt_os_get_dispatch(pid_t tid, struct pt_os_dispatch *ret)
{
	long r = req(GET_DISPATCH, tid, sizeof(*ret), (uintptr_t)ret);

	return r < 0 ? (int)r : 0;
}

int pt_os_set_dispatch(pid_t tid, const struct pt_os_dispatch *dispatch)
{
	return (int)req(SET_DISPATCH, tid, sizeof(*dispatch), (uintptr_t)dispatch);
}

int pt_os_syscall_info(pid_t tid, struct pt_os_syscall_info *ret)
{
	long r = req(PTRACE_GET_SYSCALL_INFO, tid, sizeof(*ret), (uintptr_t)ret);

	return r < 0 ? (int)r : 0;
}
