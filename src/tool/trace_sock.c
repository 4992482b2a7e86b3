/* SPDX-License-Identifier: MIT */
/*
 * What a socket is connected to, for -yy: "<TCP:[127.0.0.1:5->127.0.0.1:6]>".
 *
 * The descriptor itself tells its protocol (the attribute system.sockprotoname of the socket file system), the kernel's
 * socket diagnostics (sock_diag(7)) the addresses, by inode. They are asked each time, for the addresses of a socket change; what they said
 * last is kept for sockets that they no longer know (a connection that was reset). They know the sockets of our own network
 * namespace alone; others are shown by their inode.
 */
#include "tool/trace.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/netlink_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <unistd.h>

struct query {
	uint64_t inode;
	const char *name; /* of the protocol */
	struct pt_buf *out;
	bool found;
};

/* One message of the dump; sets q->found and appends when it is the socket looked for. */
typedef void (*handle_fn)(struct query *q, const struct nlmsghdr *h);

/* Sends a dump request and walks the answers. */
static void dump(struct query *q, const void *request, size_t size, handle_fn handle)
{
	static const struct timeval patience = {1, 0};
	_Alignas(struct nlmsghdr) char buf[16384];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, request, size, 0) != (ssize_t)size)
		goto out;
	while (!q->found) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);
		const struct nlmsghdr *h;
		unsigned left;

		if (n <= 0)
			break;
		left = (unsigned)n;
		for (h = (const struct nlmsghdr *)buf; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
				goto out;
			if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY && !q->found)
				handle(q, h);
		}
	}
out:
	close(fd);
}

/* --- inet ----------------------------------------------------------------------------------------- */

static void put_address(struct pt_buf *out, int family, const void *address, uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop(family, address, text, sizeof(text)))
		return;
	pt_buf_printf(out, family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, ntohs(port));
}

static void handle_inet(struct query *q, const struct nlmsghdr *h)
{
	static const unsigned char zero[16];
	const struct inet_diag_msg *m = NLMSG_DATA(h);
	int family;
	size_t width;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || m->idiag_inode != q->inode)
		return;
	family = m->idiag_family;
	width = family == AF_INET6 ? 16 : 4;
	q->found = true;
	pt_buf_printf(q->out, "<%s:[", q->name);
	put_address(q->out, family, m->id.idiag_src, m->id.idiag_sport);
	if (m->id.idiag_dport || memcmp(m->id.idiag_dst, zero, width)) {
		pt_buf_puts(q->out, "->");
		put_address(q->out, family, m->id.idiag_dst, m->id.idiag_dport);
	}
	pt_buf_puts(q->out, "]>");
}

static void query_inet(struct query *q, unsigned char family, unsigned char protocol)
{
	const struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 r;
	} request = {
		.h = {.nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_DUMP | NLM_F_REQUEST},
		.r = {.sdiag_family = family, .sdiag_protocol = protocol, .idiag_states = ~0u},
	};

	dump(q, &request, sizeof(request), handle_inet);
}

/* --- unix -------------------------------------------------------------------------------------------- */

static void put_unix_name(struct pt_buf *out, const char *name, size_t len)
{
	if (!len)
		return;
	pt_buf_puts(out, name[0] ? ",\"" : ",@\"");
	if (!name[0]) {
		name++;
		len--;
	} else {
		len = strnlen(name, len);
	}
	pt_buf_escaped(out, name, len);
	pt_buf_putc(out, '"');
}

static void handle_unix(struct query *q, const struct nlmsghdr *h)
{
	const struct unix_diag_msg *m = NLMSG_DATA(h);
	const struct rtattr *a;
	const char *name = NULL;
	size_t name_len = 0;
	uint32_t peer = 0;
	unsigned left;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || m->udiag_ino != q->inode)
		return;
	left = (unsigned)(h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)));
	for (a = (const struct rtattr *)(m + 1); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == UNIX_DIAG_NAME) {
			name = RTA_DATA(a);
			name_len = RTA_PAYLOAD(a);
		} else if (a->rta_type == UNIX_DIAG_PEER && RTA_PAYLOAD(a) >= sizeof(peer)) {
			memcpy(&peer, RTA_DATA(a), sizeof(peer));
		}
	}
	q->found = true;
	pt_buf_printf(q->out, "<%s:[%llu", q->name, (unsigned long long)q->inode);
	if (peer)
		pt_buf_printf(q->out, "->%u", peer);
	put_unix_name(q->out, name, name_len);
	pt_buf_puts(q->out, "]>");
}

static void query_unix(struct query *q)
{
	const struct {
		struct nlmsghdr h;
		struct unix_diag_req r;
	} request = {
		.h = {.nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_DUMP | NLM_F_REQUEST},
		.r = {.sdiag_family = AF_UNIX, .udiag_states = ~0u, .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER},
	};

	dump(q, &request, sizeof(request), handle_unix);
}

/* --- netlink -------------------------------------------------------------------------------------------- */

static const char *netlink_name(unsigned protocol)
{
	static const char *const names[] = {
		[NETLINK_ROUTE] = "ROUTE", [NETLINK_USERSOCK] = "USERSOCK", [NETLINK_FIREWALL] = "FIREWALL",
		[NETLINK_SOCK_DIAG] = "SOCK_DIAG", [NETLINK_NFLOG] = "NFLOG", [NETLINK_XFRM] = "XFRM", [NETLINK_SELINUX] = "SELINUX",
		[NETLINK_ISCSI] = "ISCSI", [NETLINK_AUDIT] = "AUDIT", [NETLINK_FIB_LOOKUP] = "FIB_LOOKUP",
		[NETLINK_CONNECTOR] = "CONNECTOR", [NETLINK_NETFILTER] = "NETFILTER", [NETLINK_IP6_FW] = "IP6_FW",
		[NETLINK_DNRTMSG] = "DNRTMSG", [NETLINK_KOBJECT_UEVENT] = "KOBJECT_UEVENT", [NETLINK_GENERIC] = "GENERIC",
		[NETLINK_SCSITRANSPORT] = "SCSITRANSPORT", [NETLINK_ECRYPTFS] = "ECRYPTFS", [NETLINK_RDMA] = "RDMA",
		[NETLINK_CRYPTO] = "CRYPTO", [NETLINK_SMC] = "SMC"};

	return protocol < PT_COUNTOF(names) ? names[protocol] : NULL;
}

static void handle_netlink(struct query *q, const struct nlmsghdr *h)
{
	const struct netlink_diag_msg *m = NLMSG_DATA(h);
	const char *name;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || m->ndiag_ino != q->inode)
		return;
	q->found = true;
	name = netlink_name(m->ndiag_protocol);
	if (name)
		pt_buf_printf(q->out, "<%s:[%s:%u]>", q->name, name, m->ndiag_portid);
	else
		pt_buf_printf(q->out, "<%s:[%u:%u]>", q->name, m->ndiag_protocol, m->ndiag_portid);
}

static void query_netlink(struct query *q)
{
	const struct {
		struct nlmsghdr h;
		struct netlink_diag_req r;
	} request = {
		.h = {.nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_DUMP | NLM_F_REQUEST},
		.r = {.sdiag_family = AF_NETLINK, .sdiag_protocol = NDIAG_PROTO_ALL},
	};

	dump(q, &request, sizeof(request), handle_netlink);
}

/* --- all --------------------------------------------------------------------------------------------------- */

enum { MOST_KEPT = 4096 };

void trace_sock_forget(struct trace *t)
{
	size_t pos = 0;
	void *text;

	while ((text = pt_map_next(&t->sockets, &pos)))
		free(text);
	pt_map_done(&t->sockets);
}

static void keep(struct trace *t, uint64_t inode, const char *text, size_t len)
{
	char *copy = strndup(text, len), *old = pt_map_find(&t->sockets, inode);

	if (!copy)
		return;
	if (!old && t->sockets.len >= MOST_KEPT)
		trace_sock_forget(t);
	if (pt_map_put(&t->sockets, inode, copy) < 0)
		free(copy);
	else
		free(old);
}

static void query(struct query *q)
{
	if (!strcmp(q->name, "TCP"))
		query_inet(q, AF_INET, IPPROTO_TCP);
	else if (!strcmp(q->name, "TCPv6"))
		query_inet(q, AF_INET6, IPPROTO_TCP);
	else if (!strcmp(q->name, "UDP"))
		query_inet(q, AF_INET, IPPROTO_UDP);
	else if (!strcmp(q->name, "UDPv6"))
		query_inet(q, AF_INET6, IPPROTO_UDP);
	else if (!strncmp(q->name, "UNIX", 4))
		query_unix(q);
	else if (!strcmp(q->name, "NETLINK"))
		query_netlink(q);
}

bool trace_sock_text(struct trace *t, const char *proc_fd_path, uint64_t inode, struct pt_buf *out)
{
	char name[64];
	struct query q = {.inode = inode, .name = name, .out = out};
	ssize_t n = getxattr(proc_fd_path, "system.sockprotoname", name, sizeof(name) - 1);
	size_t from = out->len;
	const char *kept;

	if (n <= 0)
		return false;
	name[n] = '\0';
	if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/")])
		return false;
	query(&q);
	if (q.found && pt_buf_ok(out))
		keep(t, inode, out->data + from, out->len - from);
	else if ((kept = pt_map_find(&t->sockets, inode)))
		pt_buf_puts(out, kept);
	else
		pt_buf_printf(out, "<%s:[%llu]>", name, (unsigned long long)inode);
	return true;
}
