/* SPDX-License-Identifier: MIT */
/*
 * Addresses of sockets, and their parts in network order: a number in network order is
 * shown as the call that makes it, htons(80), inet_addr("127.0.0.1"); with -X raw as its bytes.
 */
#include "sysdec/walk.h"
#include "sysdec/names.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

#define SOCKADDR_MAX 128 /* struct sockaddr_storage */
#define UNIX_PATH 108

static const uint8_t *plain(const struct sd *c, const uint8_t *p, uint64_t v, uint8_t *buf)
{
	if (p)
		return p;
	memcpy(buf, &v, sizeof(v));
	return buf;
}

/* n bytes in network order that have a text; in JSON the plain value (a number, or a quoted string). */
static void network_value(struct sd *c, const uint8_t *p, size_t n, const char *text, const char *json)
{
	if (c->json) {
		pt_sd_put(c, json, strlen(json));
		return;
	}
	if (c->d->opt.names != PTL_NAMES_ABBREV)
		pt_sd_quoted_hex(c, p, n, false);
	if (c->d->opt.names == PTL_NAMES_RAW)
		return;
	if (c->d->opt.names == PTL_NAMES_VERBOSE)
		SD_PUTS(c, " /* ");
	pt_sd_put(c, text, strlen(text));
	if (c->d->opt.names == PTL_NAMES_VERBOSE)
		SD_PUTS(c, " */");
}

void pt_sd_x_port(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	char text[24], json[8];
	uint8_t buf[8];
	unsigned int port;

	p = plain(c, p, v, buf);
	port = (unsigned int)p[0] << 8 | p[1];
	snprintf(text, sizeof(text), "htons(%u)", port);
	snprintf(json, sizeof(json), "%u", port);
	network_value(c, p, 2, text, json);
}

void pt_sd_x_htonl(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	char text[24], json[12];
	uint8_t buf[8];
	uint32_t x;

	p = plain(c, p, v, buf);
	x = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	snprintf(text, sizeof(text), "htonl(%u)", x);
	snprintf(json, sizeof(json), "%u", x);
	network_value(c, p, 4, text, json);
}

void pt_sd_x_in_addr(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	char text[40], json[24];
	uint8_t buf[8];

	p = plain(c, p, v, buf);
	snprintf(text, sizeof(text), "inet_addr(\"%u.%u.%u.%u\")", p[0], p[1], p[2], p[3]);
	snprintf(json, sizeof(json), "\"%u.%u.%u.%u\"", p[0], p[1], p[2], p[3]);
	network_value(c, p, 4, text, json);
}

/* A field with its name: inet_pton(AF_INET6, "::1", &sin6_addr) */
void pt_sd_x_in6_addr(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	char addr[INET6_ADDRSTRLEN];
	size_t len;

	if (!p || n != 16 || !inet_ntop(AF_INET6, p, addr, sizeof(addr))) {
		SD_PUTS(c, "0");
		return;
	}
	len = strlen(addr);
	if (c->json || c->d->opt.names == PTL_NAMES_ABBREV) {
		if (!c->json)
			SD_PUTS(c, "inet_pton(AF_INET6, ");
		pt_sd_putc(c, '"');
		pt_sd_put(c, addr, len);
		pt_sd_putc(c, '"');
		if (c->json)
			return;
		SD_PUTS(c, ", &");
		pt_sd_put(c, pt_sd_text + c->field->name, c->field->name_len);
		pt_sd_putc(c, ')');
		return;
	}
	pt_sd_put(c, pt_sd_text + c->field->name, c->field->name_len);
	pt_sd_putc(c, '=');
	pt_sd_quoted_hex(c, p, n, false);
	if (c->d->opt.names == PTL_NAMES_RAW)
		return;
	SD_PUTS(c, " /* inet_pton(AF_INET6, \"");
	pt_sd_put(c, addr, len);
	SD_PUTS(c, "\") */");
}

/* An interface by its index: if_nametoindex("lo") where the caller knows its name. */
void pt_sd_x_ifindex(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	size_t at, name;
	uint32_t i = (uint32_t)v;

	at = c->o->len;
	if (i && c->d->opt.ifindex_text && (c->json || c->d->opt.names == PTL_NAMES_ABBREV)) {
		pt_sd_value_begin(c, i, false);
		if (!c->json)
			SD_PUTS(c, "if_nametoindex(\"");
		name = c->o->len;
		c->d->opt.ifindex_text(c->d->opt.arg, c->task, i, c->o);
		if (c->o->len > name) {
			if (!c->json)
				SD_PUTS(c, "\")");
			pt_sd_value_end(c);
			return;
		}
		c->o->len = at;
	}
	pt_sd_udec(c, i);
}

/* x_scope[address]: an interface, if the address is of a link or of a multicast group within one */
void pt_sd_x_scope(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint64_t head = pt_sd_ref(c, t->q);
	uint8_t a = head & 0xff, b = head >> 8 & 0xff;

	if ((a == 0xfe && (b & 0xc0) == 0x80) || (a == 0xff && (b & 0xf) <= 2))
		pt_sd_x_ifindex(c, t, v, p, n);
	else
		pt_sd_udec(c, (uint32_t)v);
}

/* 0x%08x, zeros kept, though without 0x for zero itself: printf's %#010x is not meant, but %#08x. */
void pt_sd_x_padded_hex(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	char text[16];

	snprintf(text, sizeof(text), "%#08x", (uint32_t)v);
	if (c->json)
		pt_sd_putc(c, '"');
	pt_sd_put(c, text, strlen(text));
	if (c->json)
		pt_sd_putc(c, '"');
}

/* A protocol of Ethernet in network order: htons(ETH_P_ALL) */
void pt_sd_x_ether_protocol(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	char text[64], json[8];
	uint8_t buf[8];
	const char *name;
	unsigned int proto;

	p = plain(c, p, v, buf);
	proto = (unsigned int)p[0] << 8 | p[1];
	name = pt_sd_set_name(SET_ether_protocols, proto, NULL);
	if (name)
		snprintf(text, sizeof(text), "htons(%s)", name);
	else
		snprintf(text, sizeof(text), "htons(%#x /* ETH_P_??? */)", proto);
	snprintf(json, sizeof(json), "%u", proto);
	network_value(c, p, 2, text, json);
}

/* x_hardware_address[length]: [0x61, 0x62] */
void pt_sd_x_hardware_address(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint64_t len = pt_sd_ref(c, t->q);
	size_t i, have = (size_t)PT_MIN(len, (uint64_t)n);

	pt_sd_open(c, '[');
	for (i = 0; p && i < have; i++) {
		pt_sd_sep(c);
		pt_sd_value_of(c, TYPE_hex8, p[i]);
	}
	if (have < len)
		pt_sd_more(c);
	pt_sd_close(c, ']');
}

/* x_hardware_text[length]: 61:62:63 */
void pt_sd_x_hardware_text(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	size_t i, have = (size_t)PT_MIN(pt_sd_ref(c, t->q), (uint64_t)n);

	if (c->json)
		pt_sd_putc(c, '"');
	for (i = 0; p && i < have; i++) {
		if (i)
			pt_sd_putc(c, ':');
		pt_sd_putc(c, digits[p[i] >> 4]);
		pt_sd_putc(c, digits[p[i] & 15]);
	}
	if (c->json)
		pt_sd_putc(c, '"');
}

/* --- Whole addresses --------------------------------------------------------------------------- */

static const struct {
	uint16_t family;
	uint8_t min;
	unsigned int type;
} layouts[] = {
	{AF_INET, 16, TYPE_sockaddr_in},
	{AF_INET6, 28, TYPE_sockaddr_in6},
	{AF_INET6, 24, TYPE_sockaddr_in6_old},
	{AF_NETLINK, 12, TYPE_sockaddr_nl},
	{AF_PACKET, 20, TYPE_sockaddr_ll},
	{AF_ALG, 88, TYPE_sockaddr_alg},
	{AF_VSOCK, 16, TYPE_sockaddr_vm},
};

/* An abstract name starts with a NUL, and every byte of it counts. */
static void unix_path(struct sd *c, const uint8_t *p, size_t n)
{
	const uint8_t *nul;

	if (n == 0)
		return;
	SD_KEY(c, "sun_path");
	n = PT_MIN(n, (size_t)UNIX_PATH);
	if (p[0] == '\0') {
		if (!c->json) {
			pt_sd_putc(c, '@');
			p++;
			n--;
		}
		pt_sd_quoted(c, p, n, false);
		return;
	}
	nul = memchr(p, '\0', n);
	pt_sd_quoted(c, p, nul ? (size_t)(nul - p) : n, false);
}

void pt_sd_sockaddr_bytes(struct sd *c, const uint8_t *p, size_t n)
{
	uint64_t family = pt_sd_load(p, 2);
	size_t i;

	for (i = 0; i < PT_COUNTOF(layouts); i++) {
		if (layouts[i].family == family && n >= layouts[i].min) {
			pt_sd_object(c, &pt_sd_types[layouts[i].type], p, pt_sd_size(c, &pt_sd_types[layouts[i].type]));
			return;
		}
	}
	pt_sd_open(c, '{');
	SD_KEY(c, "sa_family");
	pt_sd_set_value(c, SET_address_families, family, 2);
	if (family == AF_UNIX) {
		unix_path(c, p + 2, n - 2);
	} else if (n > 2) {
		SD_KEY(c, "sa_data");
		pt_sd_quoted(c, p + 2, n - 2, false);
	}
	pt_sd_close(c, '}');
}

void pt_sd_sockaddr(struct sd *c, uint64_t addr, int32_t len)
{
	uint8_t buf[SOCKADDR_MAX] = {0};
	size_t n = (size_t)PT_MIN(len, SOCKADDR_MAX);

	if (!addr || len < 2 || !pt_sd_budget(c) || !pt_sd_read(c, addr, buf, n))
		pt_sd_address(c, addr);
	else
		pt_sd_sockaddr_bytes(c, buf, n);
}

/* x_sockaddr[length] */
void pt_sd_x_sockaddr(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	pt_sd_sockaddr(c, v, (int32_t)pt_sd_ref(c, t->q));
}

/*
 * x_sockaddr_out[argument]: the argument points to the length, which the kernel makes that of the whole address,
 * though it writes no more than there was room for.
 */
void pt_sd_x_sockaddr_out(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	unsigned int slot = SD_REF_INDEX(t->q) & 7;
	uint8_t word[4];
	int32_t room, len;

	if (pt_sd_failed(c) || !(c->saved->valid & 1u << slot) || !pt_sd_read(c, c->args[slot], word, sizeof(word))) {
		pt_sd_address(c, v);
		return;
	}
	room = (int32_t)c->saved->words[slot];
	len = (int32_t)pt_sd_load(word, sizeof(word));
	pt_sd_sockaddr(c, v, PT_MIN(room, len));
}

/* --- Options --------------------------------------------------------------------------------------- */

/* x_optval[length]: an int, or bytes */
void pt_sd_x_optval(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	int32_t len = (int32_t)pt_sd_ref(c, t->q);
	uint8_t word[4];

	if (!v || len <= 0) {
		pt_sd_address(c, v);
	} else if (len != 4) {
		pt_sd_buffer(c, v, (uint64_t)len, false);
	} else if (pt_sd_read(c, v, word, sizeof(word))) {
		pt_sd_open(c, '[');
		pt_sd_dec(c, (int32_t)pt_sd_load(word, sizeof(word)));
		pt_sd_close(c, ']');
	} else {
		pt_sd_address(c, v);
	}
}

/* x_optval_set[length]: an int, or bytes if too few for one; more are a mistake */
void pt_sd_x_optval_set(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	if (pt_sd_ref(c, t->q) > 4)
		pt_sd_address(c, v);
	else
		pt_sd_x_optval(c, t, v, p, n);
}

/* x_icmp_filter[length]: the types that are filtered out, or, if they are most, those that are not */
void pt_sd_x_icmp_filter(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	int32_t len = (int32_t)pt_sd_ref(c, t->q);
	uint8_t word[4];
	uint32_t bits;
	unsigned int i;
	bool invert;

	if (!v || len < 4 || !pt_sd_read(c, v, word, sizeof(word))) {
		pt_sd_address(c, v);
		return;
	}
	bits = (uint32_t)pt_sd_load(word, sizeof(word));
	invert = !c->json && __builtin_popcount(bits) > 16;
	if (invert) {
		pt_sd_putc(c, '~');
		bits = ~bits;
	}
	pt_sd_open(c, '[');
	for (i = 0; i < 32; i++) {
		size_t l = 0;
		const char *name = pt_sd_set_name(SET_icmp_types, i, &l);

		if (!(bits >> i & 1))
			continue;
		if (c->json)
			pt_sd_sep(c);
		else if (!c->first)
			pt_sd_putc(c, ' ');
		c->first = false;
		if (c->json || !name) {
			pt_sd_udec(c, i);
		} else {
			pt_sd_put(c, name, l);
		}
	}
	pt_sd_close(c, ']');
}
