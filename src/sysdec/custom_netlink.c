/* SPDX-License-Identifier: MIT */
/*
 * Netlink messages: a row of them, each a header and a payload.
 *
 *	[{nlmsg_len=20, nlmsg_type=RTM_GETADDR, ...}, "\x00..."]	one message
 *	[[{...}, "..."], [{...}, "..."]]				several
 *
 * Whether a socket is one of netlink, and of which protocol, the caller's netlink_protocol tells.
 * Of payloads, errors are decoded; others are bytes.
 */
#include "sysdec/walk.h"
#include "sysdec/names.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#define PACKET_MAX 65536

static void show_type(struct sd *c, int protocol, uint32_t type)
{
	unsigned int set = SET_netlink_types;

	if (type >= NLMSG_MIN_TYPE) {
		if (protocol == NETLINK_ROUTE)
			set = SET_route_types;
		else if (protocol == NETLINK_SOCK_DIAG)
			set = SET_sock_diag_types;
		else if (protocol == NETLINK_GENERIC)
			set = SET_generic_types;
	}
	pt_sd_set_value(c, set, type, 2);
}

/* The upper flags mean what the kind of the request makes them: get, new, delete. */
static unsigned int flags_set(int protocol, uint32_t type)
{
	if (protocol == NETLINK_ROUTE && type >= RTM_BASE) {
		switch (type & 3) {
		case 0:
			return SET_netlink_new_flags;
		case 1:
			return SET_netlink_delete_flags;
		case 2:
			return SET_netlink_get_flags;
		}
	} else if (protocol == NETLINK_SOCK_DIAG && type >= NLMSG_MIN_TYPE) {
		return SET_netlink_get_flags;
	}
	return type == NLMSG_ERROR ? SET_netlink_error_flags : SET_netlink_flags;
}

static void show_header(struct sd *c, int protocol, const struct nlmsghdr *h)
{
	pt_sd_open(c, '{');
	SD_KEY(c, "nlmsg_len");
	pt_sd_udec(c, h->nlmsg_len);
	SD_KEY(c, "nlmsg_type");
	show_type(c, protocol, h->nlmsg_type);
	SD_KEY(c, "nlmsg_flags");
	pt_sd_set_value(c, flags_set(protocol, h->nlmsg_type), h->nlmsg_flags, 2);
	SD_KEY(c, "nlmsg_seq");
	pt_sd_udec(c, h->nlmsg_seq);
	SD_KEY(c, "nlmsg_pid");
	pt_sd_udec(c, h->nlmsg_pid);
	pt_sd_close(c, '}');
}

static void show_bytes(struct sd *c, const uint8_t *p, size_t n)
{
	size_t max = c->d->opt.max_string;

	pt_sd_quoted_hex(c, p, PT_MIN(n, max), n > max);
}

static void show_errno(struct sd *c, int32_t error)
{
	const char *name = error < 0 && error > -4096 ? ptl_errno_name(-error) : NULL;

	if (!name || c->json || c->d->opt.names == PTL_NAMES_RAW) {
		pt_sd_dec(c, error);
		return;
	}
	pt_sd_putc(c, '-');
	pt_sd_put(c, name, strlen(name));
}

/* p: what stands behind the header */
static void show_payload(struct sd *c, int protocol, const struct nlmsghdr *h, const uint8_t *p, size_t n)
{
	struct nlmsghdr inner;
	int32_t error;

	if (h->nlmsg_type == NLMSG_DONE && n == sizeof(error)) {
		memcpy(&error, p, sizeof(error));
		pt_sd_dec(c, error);
		return;
	}
	if (h->nlmsg_type != NLMSG_ERROR || n < sizeof(error) + sizeof(inner)) {
		show_bytes(c, p, n);
		return;
	}
	memcpy(&error, p, sizeof(error));
	memcpy(&inner, p + sizeof(error), sizeof(inner));
	p += sizeof(error) + sizeof(inner);
	n -= sizeof(error) + sizeof(inner);
	pt_sd_open(c, '{');
	SD_KEY(c, "error");
	show_errno(c, error);
	SD_KEY(c, "msg");
	if (n && inner.nlmsg_len > sizeof(inner)) {
		pt_sd_open(c, '[');
		pt_sd_sep(c);
		show_header(c, protocol, &inner);
		pt_sd_sep(c);
		show_bytes(c, p, PT_MIN(n, inner.nlmsg_len - sizeof(inner)));
		pt_sd_close(c, ']');
	} else {
		show_header(c, protocol, &inner);
	}
	pt_sd_close(c, '}');
}

/* One message of at most n bytes, n that of a header at least. */
static void show_message(struct sd *c, int protocol, const uint8_t *p, size_t n)
{
	struct nlmsghdr h;
	size_t len;

	memcpy(&h, p, sizeof(h));
	len = PT_MIN((size_t)h.nlmsg_len, n);
	if (len <= sizeof(h)) {
		show_header(c, protocol, &h);
		return;
	}
	pt_sd_open(c, '[');
	pt_sd_sep(c);
	show_header(c, protocol, &h);
	pt_sd_sep(c);
	show_payload(c, protocol, &h, p + sizeof(h), len - sizeof(h));
	pt_sd_close(c, ']');
}

/* The bytes that a message takes, NLMSG_ALIGN'ed; 0: no message follows it. */
static size_t step(const uint8_t *p, size_t n)
{
	struct nlmsghdr h;
	size_t len;

	memcpy(&h, p, sizeof(h));
	if (h.nlmsg_len < sizeof(h))
		return 0;
	len = ((size_t)h.nlmsg_len + NLMSG_ALIGNTO - 1) & ~(size_t)(NLMSG_ALIGNTO - 1);
	return len < n ? len : 0;
}

static void show_messages(struct sd *c, int protocol, const uint8_t *p, size_t n)
{
	size_t at = 0, next, shown = 0;

	if (!step(p, n)) {
		show_message(c, protocol, p, n);
		return;
	}
	pt_sd_open(c, '[');
	for (;;) {
		pt_sd_sep(c);
		if (shown++ == pt_sd_max_items(c) || !pt_sd_budget(c)) {
			c->first = true;
			pt_sd_more(c);
			break;
		}
		if (n - at < sizeof(struct nlmsghdr)) {
			show_bytes(c, p + at, n - at);
			break;
		}
		show_message(c, protocol, p + at, n - at);
		next = step(p + at, n - at);
		if (!next)
			break;
		at += next;
	}
	pt_sd_close(c, ']');
}

void pt_sd_packet(struct sd *c, uint64_t addr, uint64_t n)
{
	int protocol = -1;
	uint8_t *buf;

	if (addr && n && c->d->opt.netlink_protocol)
		protocol = c->d->opt.netlink_protocol(c->d->opt.arg, c->task, (int)c->args[0]);
	if (protocol < 0 || n > PACKET_MAX) {
		pt_sd_buffer(c, addr, n, false);
		return;
	}
	buf = malloc((size_t)n); /* not the scratch: strings are shown while it is read */
	if (!buf || !pt_sd_read(c, addr, buf, (size_t)n))
		pt_sd_address(c, addr);
	else if (n < sizeof(struct nlmsghdr) || protocol == NETLINK_KOBJECT_UEVENT)
		show_bytes(c, buf, (size_t)n);
	else
		show_messages(c, protocol, buf, (size_t)n);
	free(buf);
}

/* x_packet[length]: what is sent or received in one piece */
void pt_sd_x_packet(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	if (t->x == SD_OUT && pt_sd_failed(c))
		pt_sd_address(c, v);
	else
		pt_sd_packet(c, v, pt_sd_ref(c, t->q));
}
