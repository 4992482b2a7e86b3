/* SPDX-License-Identifier: MIT */
/* Requests of ioctl: by name, or by the parts that the number is made of. */
#include "sysdec/walk.h"
#include "sysdec/names.h"

/* The kernel's layout of a request (asm-generic/ioctl.h). */
#define REQUEST_NR(v) ((v) & 0xff)
#define REQUEST_TYPE(v) ((v) >> 8 & 0xff)
#define REQUEST_SIZE(v) ((v) >> 16 & 0x3fff)
#define REQUEST_DIR(v) ((v) >> 30 & 3)

static void show_parts(struct sd *c, uint32_t v)
{
	static const char *const dirs[] = {"_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE"};
	const char *dir = dirs[REQUEST_DIR(v)];

	SD_PUTS(c, "_IOC(");
	if (c->d->opt.names == PTL_NAMES_RAW && !c->json)
		pt_sd_hex0(c, REQUEST_DIR(v));
	else
		pt_sd_put(c, dir, strlen(dir));
	SD_PUTS(c, ", ");
	pt_sd_hex0(c, REQUEST_TYPE(v));
	SD_PUTS(c, ", ");
	pt_sd_hex0(c, REQUEST_NR(v));
	SD_PUTS(c, ", ");
	pt_sd_hex0(c, REQUEST_SIZE(v));
	pt_sd_putc(c, ')');
}

void pt_sd_x_ioctl_request(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	size_t len = 0;
	const char *name = pt_sd_set_name(SET_ioctl_requests + c->abi, (uint32_t)v, &len);

	v = (uint32_t)v;
	if (!c->json && c->d->opt.names == PTL_NAMES_RAW) {
		pt_sd_hex0(c, v);
		return;
	}
	pt_sd_value_begin(c, v, false);
	if (!c->json && c->d->opt.names == PTL_NAMES_VERBOSE) {
		pt_sd_hex0(c, v);
		SD_PUTS(c, " /* ");
	}
	if (name)
		pt_sd_put(c, name, len);
	else
		show_parts(c, (uint32_t)v);
	if (!c->json && c->d->opt.names == PTL_NAMES_VERBOSE)
		SD_PUTS(c, " */");
	pt_sd_value_end(c);
}

/* c_cc of a terminal, by index: [[VINTR]=0x3, [VQUIT]=0x1c] */
void pt_sd_x_control_characters(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	size_t i;

	pt_sd_open(c, '[');
	for (i = 0; p && i < n; i++) {
		size_t len = 0;
		const char *name = pt_sd_set_name(SET_control_characters, i, &len);

		pt_sd_sep(c);
		if (c->json) {
			pt_sd_udec(c, p[i]);
			continue;
		}
		pt_sd_putc(c, '[');
		if (name)
			pt_sd_put(c, name, len);
		else
			pt_sd_udec(c, i);
		SD_PUTS(c, "]=");
		pt_sd_hex0(c, p[i]);
	}
	pt_sd_close(c, ']');
}

/* A socket's address that is part of a struct */
void pt_sd_x_sockaddr_here(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	if (p && n >= 2)
		pt_sd_sockaddr_bytes(c, p, n);
	else
		SD_PUTS(c, "{}");
}

/* x_following[length]: bytes behind the struct */
void pt_sd_x_following(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	int32_t len = (int32_t)pt_sd_ref(c, t->q);

	pt_sd_buffer(c, c->args[c->slot] + c->cur->size[c->abi], len > 0 ? (uint64_t)len : 0, false);
}
