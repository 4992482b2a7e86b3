/* SPDX-License-Identifier: MIT */
/*
 * What goes through sockets: msghdr with its address, vectors and control messages.
 *
 * The kernel overwrites the length of an address that it returns. The length at entry is kept
 * (types that are `kept`) and shown beside: msg_namelen=128 => 16.
 */
#include "sysdec/walk.h"
#include "sysdec/names.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <netinet/in.h>

#define CONTROL_MAX 65536
#define MMSGS_KEPT 14	/* lengths kept of recvmmsg: two in each of the words from KEPT_LENGTHS on */
#define KEPT_LENGTHS 6
#define KEPT_TIMEOUT 13 /* two words */
#define MSGHDR_SIZE 64	/* at most, with the length behind it */

enum { M_NAME, M_NAMELEN, M_IOV, M_IOVLEN, M_CONTROL, M_CONTROLLEN, M_FLAGS, M_COUNT };

struct msg {
	uint64_t v[M_COUNT];
};

static uint64_t field_of(struct sd *c, unsigned int record, unsigned int i, const uint8_t *p)
{
	const struct sd_field *f = &pt_sd_fields[pt_sd_structs[record].first + i];

	return pt_sd_load(p + f->off[c->abi], f->size[c->abi]);
}

static void load_msg(struct sd *c, const uint8_t *p, struct msg *ret)
{
	unsigned int i;

	for (i = 0; i < M_COUNT; i++)
		ret->v[i] = field_of(c, STRUCT_msghdr, i, p);
}

static bool read_msg(struct sd *c, uint64_t addr, struct msg *ret)
{
	uint8_t buf[MSGHDR_SIZE];

	if (!addr || !pt_sd_read(c, addr, buf, pt_sd_structs[STRUCT_msghdr].size[c->abi]))
		return false;
	load_msg(c, buf, ret);
	return true;
}

/* --- Control messages ---------------------------------------------------------------------------- */

/* Kept to itself by the kernel (include/linux/socket.h; net/ipv4/ip_sockglue.c sends it at the level of IP as well). */
#define SCM_SECURITY 3
#define SCM_PIDFD 4

enum cmsg_form { CM_FDS, CM_INTS, CM_BYTES, CM_STRING, CM_OBJECT, CM_SOCKADDR, CM_TIMES, CM_BYTE };

static const struct {
	uint32_t level, type;
	enum cmsg_form form;
	unsigned int object; /* type of the data of CM_OBJECT, of an item of CM_TIMES */
} cmsg_forms[] = {
	{SOL_SOCKET, SCM_RIGHTS, CM_FDS, 0},
	{SOL_SOCKET, SCM_CREDENTIALS, CM_OBJECT, TYPE_ucred},
	{SOL_SOCKET, SCM_SECURITY, CM_STRING, 0},
	{SOL_SOCKET, SCM_PIDFD, CM_FDS, 0},
	{SOL_SOCKET, SO_TIMESTAMP_OLD, CM_OBJECT, TYPE_timeval},
	{SOL_SOCKET, SO_TIMESTAMPNS_OLD, CM_OBJECT, TYPE_timespec},
	{SOL_SOCKET, SO_TIMESTAMPING_OLD, CM_TIMES, TYPE_timespec},
	{SOL_SOCKET, SO_TIMESTAMP_NEW, CM_OBJECT, TYPE_timeval64},
	{SOL_SOCKET, SO_TIMESTAMPNS_NEW, CM_OBJECT, TYPE_timespec64},
	{SOL_SOCKET, SO_TIMESTAMPING_NEW, CM_TIMES, TYPE_timespec64},
	{SOL_IP, IP_PKTINFO, CM_OBJECT, TYPE_in_pktinfo},
	{SOL_IP, IP_TTL, CM_INTS, 0},
	{SOL_IP, IP_TOS, CM_BYTE, 0},
	{SOL_IP, IP_CHECKSUM, CM_INTS, 0},
	{SOL_IP, IP_RECVOPTS, CM_BYTES, 0},
	{SOL_IP, IP_RETOPTS, CM_BYTES, 0},
	{SOL_IP, IP_ORIGDSTADDR, CM_SOCKADDR, 0},
	{SOL_IP, SCM_SECURITY, CM_STRING, 0},
};

/* An array of the data: items of `size` bytes, shown as `type`. */
static void cmsg_array(struct sd *c, unsigned int type, size_t size, const uint8_t *p, size_t n)
{
	size_t i;

	pt_sd_open(c, '[');
	for (i = 0; (i + 1) * size <= n; i++) {
		if (i == pt_sd_max_items(c) || !pt_sd_budget(c)) {
			pt_sd_more(c);
			break;
		}
		pt_sd_sep(c);
		pt_sd_object(c, &pt_sd_types[type], p + i * size, size);
	}
	pt_sd_close(c, ']');
}

static size_t find_form(uint32_t level, uint32_t type)
{
	size_t i;

	for (i = 0; i < PT_COUNTOF(cmsg_forms); i++)
		if (cmsg_forms[i].level == level && cmsg_forms[i].type == type)
			break;
	return i;
}

/* Is there anything to show? Of descriptors only whole ones count. */
static bool has_data(uint32_t level, uint32_t type, size_t n)
{
	size_t i = find_form(level, type);

	return n >= (i < PT_COUNTOF(cmsg_forms) && cmsg_forms[i].form == CM_FDS ? 4u : 1u);
}

static void cmsg_data(struct sd *c, uint32_t level, uint32_t type, const uint8_t *p, size_t n)
{
	size_t i = find_form(level, type), max = c->d->opt.max_string, size;

	if (i == PT_COUNTOF(cmsg_forms)) {
		pt_sd_quoted_hex(c, p, PT_MIN(n, max), n > max);
		return;
	}
	size = pt_sd_size(c, &pt_sd_types[cmsg_forms[i].object]);
	switch (cmsg_forms[i].form) {
	case CM_FDS:
		cmsg_array(c, TYPE_fd, 4, p, n);
		return;
	case CM_INTS:
		cmsg_array(c, TYPE_uint, 4, p, n);
		return;
	case CM_BYTE:
		cmsg_array(c, TYPE_hex8, 1, p, PT_MIN(n, (size_t)1));
		return;
	case CM_BYTES:
		cmsg_array(c, TYPE_hex8, 1, p, n);
		return;
	case CM_STRING:
		pt_sd_quoted(c, p, PT_MIN(n, max), n > max);
		return;
	case CM_SOCKADDR:
		if (n >= 2) {
			pt_sd_sockaddr_bytes(c, p, n);
			return;
		}
		break;
	case CM_OBJECT:
		if (n >= size) {
			pt_sd_object(c, &pt_sd_types[cmsg_forms[i].object], p, size);
			return;
		}
		break;
	case CM_TIMES:
		if (n >= 3 * size) {
			cmsg_array(c, cmsg_forms[i].object, size, p, 3 * size);
			return;
		}
		break;
	}
	if (c->json)
		pt_sd_quoted_hex(c, p, n, false);
	else
		SD_PUTS(c, "???");
}

static void show_cmsgs(struct sd *c, uint64_t addr, uint64_t len)
{
	size_t head = pt_sd_structs[STRUCT_cmsghdr].size[c->abi], align = c->word, at = 0, total;
	uint8_t *buf;

	total = (size_t)PT_MIN(len, (uint64_t)CONTROL_MAX);
	/* Not the scratch: showing a string uses that. */
	buf = total >= head ? malloc(total) : NULL;
	if (!addr || !buf || !pt_sd_read(c, addr, buf, total)) {
		free(buf);
		pt_sd_address(c, addr);
		return;
	}
	pt_sd_open(c, '[');
	while (total - at >= head) {
		const uint8_t *p = buf + at;
		uint64_t size = field_of(c, STRUCT_cmsghdr, 0, p), have;
		uint32_t level = (uint32_t)field_of(c, STRUCT_cmsghdr, 1, p), type = (uint32_t)field_of(c, STRUCT_cmsghdr, 2, p);

		pt_sd_sep(c);
		pt_sd_open(c, '{');
		SD_KEY(c, "cmsg_len");
		pt_sd_udec(c, size);
		SD_KEY(c, "cmsg_level");
		pt_sd_set_value(c, SET_socket_levels, level, 4);
		SD_KEY(c, "cmsg_type");
		if (level == SOL_SOCKET)
			pt_sd_set_value(c, SET_scm_types, type, 4);
		else if (level == SOL_IP)
			pt_sd_set_value(c, SET_ip_cmsg_types, type, 4);
		else
			pt_sd_value_of(c, TYPE_hex, type);
		have = PT_MIN(size, (uint64_t)(total - at));
		if (have > head && has_data(level, type, (size_t)have - head)) {
			SD_KEY(c, "cmsg_data");
			cmsg_data(c, level, type, p + head, (size_t)have - head);
		}
		pt_sd_close(c, '}');
		if (size < head || size >= total - at || !pt_sd_budget(c)) {
			at = size < head ? at + head : total;
			break;
		}
		at += ((size_t)size + align - 1) & ~(align - 1);
		if (at >= total)
			break;
	}
	if (len > CONTROL_MAX) {
		pt_sd_more(c);
	} else if (at < total && !c->json) {
		SD_PUTS(c, ", ... /* ");
		pt_sd_hex(c, addr + at);
		SD_PUTS(c, " */");
	}
	pt_sd_close(c, ']');
	free(buf);
}

/* x_cmsgs[length] */
void pt_sd_x_cmsgs(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	show_cmsgs(c, v, pt_sd_ref(c, t->q));
}

/* --- msghdr ------------------------------------------------------------------------------------------ */

/* The vectors, whose bytes may be messages of netlink. */
static void show_iovecs(struct sd *c, uint64_t addr, uint64_t count, uint64_t left)
{
	c->packets = true;
	pt_sd_iovecs(c, addr, count, left);
	c->packets = false;
}

/* left: bytes of the vectors that hold something; namelen: the length at entry, if kept. */
static void show_msg(struct sd *c, const struct msg *m, uint64_t left, const uint32_t *namelen)
{
	int32_t len = (int32_t)m->v[M_NAMELEN];

	pt_sd_open(c, '{');
	SD_KEY(c, "msg_name");
	pt_sd_sockaddr(c, m->v[M_NAME], namelen ? PT_MIN((int32_t)*namelen, len) : len);
	SD_KEY(c, "msg_namelen");
	if (namelen && *namelen != (uint32_t)len && !c->json) {
		pt_sd_dec(c, (int32_t)*namelen);
		SD_PUTS(c, " => ");
	}
	pt_sd_dec(c, len);
	SD_KEY(c, "msg_iov");
	if (!m->v[M_IOV])
		pt_sd_address(c, 0);
	else
		show_iovecs(c, m->v[M_IOV], m->v[M_IOVLEN], left);
	SD_KEY(c, "msg_iovlen");
	pt_sd_udec(c, m->v[M_IOVLEN]);
	if (m->v[M_CONTROLLEN]) {
		SD_KEY(c, "msg_control");
		show_cmsgs(c, m->v[M_CONTROL], m->v[M_CONTROLLEN]);
	}
	SD_KEY(c, "msg_controllen");
	pt_sd_udec(c, m->v[M_CONTROLLEN]);
	SD_KEY(c, "msg_flags");
	pt_sd_set_value(c, SET_send_flags, m->v[M_FLAGS], 4);
	pt_sd_close(c, '}');
}

void pt_sd_x_msghdr_sent(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	struct msg m;

	if (read_msg(c, v, &m))
		show_msg(c, &m, UINT64_MAX, NULL);
	else
		pt_sd_address(c, v);
}

static bool kept_length(const struct sd *c, unsigned int i, uint32_t *ret)
{
	if (i >= MMSGS_KEPT || !(c->saved->valid >> (8 + i) & 1))
		return false;
	*ret = (uint32_t)(c->saved->words[KEPT_LENGTHS + i / 2] >> (i % 2 * 32));
	return true;
}

static void keep_length(struct sd *c, unsigned int i, uint32_t len)
{
	uint64_t *w = &c->saved->words[KEPT_LENGTHS + i / 2];

	*w = i % 2 ? (*w & 0xffffffff) | (uint64_t)len << 32 : len;
	c->saved->valid |= 1u << (8 + i);
}

void pt_sd_x_msghdr_received(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint32_t len;
	struct msg m;
	bool kept;

	if (c->saving) {
		if (read_msg(c, v, &m))
			keep_length(c, 0, (uint32_t)m.v[M_NAMELEN]);
		return;
	}
	kept = kept_length(c, 0, &len);
	if (pt_sd_failed(c) && kept) {
		pt_sd_open(c, '{');
		SD_KEY(c, "msg_namelen");
		pt_sd_dec(c, (int32_t)len);
		pt_sd_close(c, '}');
	} else if (pt_sd_failed(c) || !read_msg(c, v, &m)) {
		pt_sd_address(c, v);
	} else {
		show_msg(c, &m, (uint64_t)c->call->rval, kept ? &len : NULL);
	}
}

/* --- Arrays of messages --------------------------------------------------------------------------------- */

static void show_mmsgs(struct sd *c, uint64_t addr, uint64_t count, bool received, bool lengths)
{
	size_t size = pt_sd_structs[STRUCT_mmsghdr].size[c->abi], max = pt_sd_max_items(c);
	uint8_t buf[MSGHDR_SIZE];
	uint64_t i;

	if (!addr || !count) {
		if (addr)
			SD_PUTS(c, "[]");
		else
			pt_sd_address(c, addr);
		return;
	}
	for (i = 0; i < count; i++) {
		uint32_t sent, len;
		struct msg m;

		if (i == max || !pt_sd_budget(c)) {
			pt_sd_more(c);
			break;
		}
		if (!pt_sd_read(c, addr + i * size, buf, size)) {
			if (!i) {
				pt_sd_address(c, addr);
				return;
			}
			if (!c->json) {
				SD_PUTS(c, ", ... /* ");
				pt_sd_hex(c, addr + i * size);
				SD_PUTS(c, " */");
			}
			break;
		}
		if (!i)
			pt_sd_open(c, '[');
		load_msg(c, buf, &m);
		sent = (uint32_t)field_of(c, STRUCT_mmsghdr, 1, buf);
		pt_sd_sep(c);
		pt_sd_open(c, '{');
		SD_KEY(c, "msg_hdr");
		show_msg(c, &m, received ? sent : UINT64_MAX, received && kept_length(c, (unsigned int)PT_MIN(i, (uint64_t)MMSGS_KEPT), &len) ? &len : NULL);
		if (lengths) {
			SD_KEY(c, "msg_len");
			pt_sd_udec(c, sent);
		}
		pt_sd_close(c, '}');
	}
	pt_sd_close(c, ']');
}

/* x_mmsghdrs_sent[count]: on success those that were */
void pt_sd_x_mmsghdrs_sent(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	bool failed = pt_sd_failed(c);

	show_mmsgs(c, v, failed ? pt_sd_ref(c, t->q) : (uint64_t)c->call->rval, false, !failed);
}

/* x_mmsghdrs_received[count] */
void pt_sd_x_mmsghdrs_received(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	size_t size = pt_sd_structs[STRUCT_mmsghdr].size[c->abi];
	struct msg m;
	unsigned int i;

	if (!c->saving) {
		if (pt_sd_failed(c))
			pt_sd_address(c, v);
		else
			show_mmsgs(c, v, (uint64_t)c->call->rval, true, true);
		return;
	}
	for (i = 0; i < MMSGS_KEPT && i < pt_sd_ref(c, t->q) && read_msg(c, v + i * size, &m); i++)
		keep_length(c, i, (uint32_t)m.v[M_NAMELEN]);
	/* The kernel counts the timeout down in place. */
	if (c->args[4] && pt_sd_read(c, c->args[4], &c->saved->words[KEPT_TIMEOUT], 16))
		c->saved->valid |= 1u << 7;
}

/* x_recvmmsg_timeout[1 if always of 64 bits]: as it was at entry */
void pt_sd_x_recvmmsg_timeout(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	const struct sd_type *k = &pt_sd_types[pt_sd_ref(c, t->q) ? TYPE_timespec64 : TYPE_timespec];

	if (c->saved->valid >> 7 & 1)
		pt_sd_object(c, k, (const uint8_t *)&c->saved->words[KEPT_TIMEOUT], pt_sd_size(c, k));
	else
		pt_sd_address(c, v);
}

static void left_of_timeout(struct sd *c, unsigned int type)
{
	const struct sd_type *k = &pt_sd_types[type];
	uint8_t buf[16];

	if (c->call->is_error)
		return;
	if (c->call->rval == 0) {
		pt_sd_aux_begin(c);
		if (c->json)
			SD_PUTS(c, "\"Timeout\"");
		else
			SD_PUTS(c, "Timeout");
		pt_sd_aux_end(c);
		return;
	}
	if (!c->args[4] || !pt_sd_read(c, c->args[4], buf, pt_sd_size(c, k)))
		return;
	pt_sd_aux_begin(c);
	if (c->json) {
		pt_sd_open(c, '{');
		SD_KEY(c, "left");
	} else {
		SD_PUTS(c, "left ");
	}
	pt_sd_object(c, k, buf, pt_sd_size(c, k));
	if (c->json)
		pt_sd_close(c, '}');
	pt_sd_aux_end(c);
}

void pt_sd_aux_recvmmsg(struct sd *c)
{
	left_of_timeout(c, TYPE_timespec);
}

void pt_sd_aux_recvmmsg64(struct sd *c)
{
	left_of_timeout(c, TYPE_timespec64);
}
