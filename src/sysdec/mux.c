/* SPDX-License-Identifier: MIT */
/*
 * i386's calls whose registers do not hold the arguments.  socketcall takes a number and the
 * address of the arguments; ipc a number and arguments in an order of its own (ipc/syscall.c): both
 * are shown as the call that they ask for. The old select and mmap take an address alone.
 */
#include "sysdec/walk.h"
#include "sysdec/names.h"

/* By socketcall's number: the call, and how many arguments it takes. */
static const struct {
	uint16_t call;
	uint8_t count;
} socket_calls[] = {
	[1] = {CALL_socket, 3}, [2] = {CALL_bind, 3}, [3] = {CALL_connect, 3}, [4] = {CALL_listen, 2},
	[5] = {CALL_accept, 3}, [6] = {CALL_getsockname, 3}, [7] = {CALL_getpeername, 3}, [8] = {CALL_socketpair, 4},
	[9] = {CALL_send, 4}, [10] = {CALL_recv, 4}, [11] = {CALL_sendto, 6}, [12] = {CALL_recvfrom, 6},
	[13] = {CALL_shutdown, 2}, [14] = {CALL_setsockopt, 5}, [15] = {CALL_getsockopt, 5}, [16] = {CALL_sendmsg, 3},
	[17] = {CALL_recvmsg, 3}, [18] = {CALL_accept4, 4}, [19] = {CALL_recvmmsg, 5}, [20] = {CALL_sendmmsg, 4},
};

static uint16_t socketcall(struct sd *c)
{
	uint32_t nr = (uint32_t)c->args[0];
	uint8_t buf[6 * 4];
	unsigned int i;

	if (nr >= PT_COUNTOF(socket_calls) || !socket_calls[nr].count)
		return SD_NO_CALL;
	if (!pt_sd_read(c, c->args[1], buf, socket_calls[nr].count * 4u))
		return SD_NO_CALL;
	for (i = 0; i < socket_calls[nr].count; i++)
		c->args[i] = pt_sd_load(buf + i * 4, 4);
	return socket_calls[nr].call;
}

enum { FIRST = 1, SECOND, THIRD, PTR, FIFTH, AT_PTR /* what ptr points to */, NOTHING = 0 };

/* By ipc's number: the call, and which of ipc's arguments are its own. */
static const struct {
	uint16_t call;
	uint8_t args[5];
} ipc_calls[] = {
	[1] = {CALL_semop, {FIRST, PTR, SECOND}}, [2] = {CALL_semget, {FIRST, SECOND, THIRD}},
	[3] = {CALL_semctl, {FIRST, SECOND, THIRD, AT_PTR}}, [4] = {CALL_semtimedop, {FIRST, PTR, SECOND, FIFTH}},
	[11] = {CALL_msgsnd, {FIRST, PTR, SECOND, THIRD}}, [12] = {CALL_msgrcv, {FIRST, PTR, SECOND, FIFTH, THIRD}},
	[13] = {CALL_msgget, {FIRST, SECOND}}, [14] = {CALL_msgctl, {FIRST, SECOND, PTR}},
	[21] = {CALL_shmat, {FIRST, PTR, SECOND}}, [22] = {CALL_shmdt, {PTR}},
	[23] = {CALL_shmget, {FIRST, SECOND, THIRD}}, [24] = {CALL_shmctl, {FIRST, SECOND, PTR}},
};

static uint16_t ipc(struct sd *c)
{
	enum { MSGRCV = 12 };
	uint32_t nr = (uint32_t)c->args[0] & 0xffff, version = (uint32_t)c->args[0] >> 16;
	uint64_t own[6] = {0};
	uint8_t buf[8];
	unsigned int i;

	if (nr >= PT_COUNTOF(ipc_calls) || !ipc_calls[nr].args[0])
		return SD_NO_CALL;
	for (i = 0; i < 5; i++) {
		uint8_t from = ipc_calls[nr].args[i];

		if (from == AT_PTR) {
			if (!pt_sd_read(c, c->args[PTR], buf, 4))
				return SD_NO_CALL;
			own[i] = pt_sd_load(buf, 4);
		} else if (from) {
			own[i] = c->args[from];
		}
	}
	/* The oldest form hands message and type in a struct. */
	if (nr == MSGRCV && version == 0) {
		if (!pt_sd_read(c, c->args[PTR], buf, 8))
			return SD_NO_CALL;
		own[1] = pt_sd_load(buf, 4);
		own[3] = pt_sd_load(buf + 4, 4);
	}
	memcpy(c->args, own, sizeof(own));
	return ipc_calls[nr].call;
}

/* The old select and mmap take a pointer to what others take in registers. */
static uint16_t by_pointer(struct sd *c, uint16_t call, unsigned int count)
{
	uint8_t buf[6 * 4];
	unsigned int i;

	if (!pt_sd_read(c, c->args[0], buf, count * 4u))
		return SD_NO_CALL;
	for (i = 0; i < count; i++)
		c->args[i] = pt_sd_load(buf + i * 4, 4);
	return call;
}

uint16_t pt_sd_demux(struct sd *c, uint16_t call)
{
	if (call == CALL_select)
		return by_pointer(c, call, 5);
	if (call == CALL_mmap)
		return by_pointer(c, call, 6);
	if (call == CALL_socketcall)
		return socketcall(c);
	if (call == CALL_ipc)
		return ipc(c);
	return SD_NO_CALL;
}
