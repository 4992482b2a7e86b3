/* SPDX-License-Identifier: MIT */
/*
 * Netlink messages: a row of them, each a header and a payload.
 *
 *	[{nlmsg_len=20, nlmsg_type=RTM_GETADDR, ...}, "\x00..."]	one message
 *	[[{...}, "..."], [{...}, "..."]]				several
 *
 * Whether a socket is one of netlink, and of which protocol, the caller's netlink_protocol tells.
 * Of payloads, errors, links and addresses are decoded; others, and what attributes hold, are bytes.
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

/* --- Links and addresses ---------------------------------------------------------------------------- */

static const struct {
	uint16_t type; /* the first of the four kinds: new, delete, get, set */
	unsigned int head, attributes;
} route_forms[] = {
	{RTM_NEWLINK, TYPE_ifinfomsg, SET_link_attributes},
	{RTM_NEWADDR, TYPE_ifaddrmsg, SET_address_attributes},
};

static void show_attribute(struct sd *c, unsigned int set, const uint8_t *p, size_t n)
{
	struct nlattr a;

	memcpy(&a, p, sizeof(a));
	pt_sd_open(c, '[');
	pt_sd_sep(c);
	pt_sd_open(c, '{');
	SD_KEY(c, "nla_len");
	pt_sd_udec(c, a.nla_len);
	SD_KEY(c, "nla_type");
	pt_sd_set_value(c, set, a.nla_type & NLA_TYPE_MASK, 2);
	pt_sd_close(c, '}');
	n = PT_MIN(n, (size_t)a.nla_len);
	if (n > sizeof(a)) {
		pt_sd_sep(c);
		show_bytes(c, p + sizeof(a), n - sizeof(a));
	}
	pt_sd_close(c, ']');
}

/* Attributes in a row: one alone, several in brackets of their own. */
static void show_attributes(struct sd *c, unsigned int set, const uint8_t *p, size_t n)
{
	bool several = false;
	struct nlattr a;
	size_t len, shown = 0;

	for (;;) {
		if (n < sizeof(a)) {
			show_bytes(c, p, n);
			break;
		}
		memcpy(&a, p, sizeof(a));
		len = ((size_t)a.nla_len + NLA_ALIGNTO - 1) & ~(size_t)(NLA_ALIGNTO - 1);
		if (!shown && len >= sizeof(a) && len < n) {
			several = true;
			pt_sd_open(c, '[');
		}
		if (several)
			pt_sd_sep(c);
		if (shown++ == pt_sd_max_items(c) || !pt_sd_budget(c)) {
			c->first = true;
			pt_sd_more(c);
			break;
		}
		show_attribute(c, set, p, n);
		if (len < sizeof(a) || len >= n)
			break;
		p += len;
		n -= len;
		if (several && n < sizeof(a))
			pt_sd_sep(c);
	}
	if (several)
		pt_sd_close(c, ']');
}

/* The struct of a link or address, then its attributes; false if it is neither. n > 0 */
static bool show_route(struct sd *c, uint32_t type, const uint8_t *p, size_t n)
{
	size_t i, size;

	for (i = 0; i < PT_COUNTOF(route_forms) && route_forms[i].type != (type & ~3u); i++)
		;
	if (i == PT_COUNTOF(route_forms))
		return false;
	size = pt_sd_size(c, &pt_sd_types[route_forms[i].head]);
	if (n < size) {
		/* Too short for the struct; a request may be no more than its first field. */
		const struct sd_field *family = &pt_sd_fields[pt_sd_structs[pt_sd_types[route_forms[i].head].p].first];

		pt_sd_open(c, '{');
		pt_sd_key(c, pt_sd_text + family->name, family->name_len);
		pt_sd_set_value(c, SET_address_families, p[0], 1);
		if (!c->json)
			pt_sd_more(c);
		pt_sd_close(c, '}');
		return true;
	}
	pt_sd_object(c, &pt_sd_types[route_forms[i].head], p, size);
	size = NLMSG_ALIGN(size);
	if (n > size) {
		pt_sd_sep(c);
		show_attributes(c, route_forms[i].attributes, p + size, n - size);
	}
	return true;
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
	if (protocol == NETLINK_ROUTE && h->nlmsg_type >= RTM_BASE && show_route(c, h->nlmsg_type, p, n))
		return;
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
