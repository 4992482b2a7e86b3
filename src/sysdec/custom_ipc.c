/* SPDX-License-Identifier: MIT */
/* System V identifiers and messages; priorities of input and output; quota commands; kernel log actions. */
#include "sysdec/walk.h"
#include "sysdec/names.h"

/* The flags of shmget, semget, msgget: names, then the permissions in octal. */
void pt_sd_x_ipc_get(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint32_t flags = (uint32_t)v & ~0777u, mode = (uint32_t)v & 0777;

	if (c->json) {
		pt_sd_open(c, '{');
		SD_KEY(c, "flags");
		pt_sd_set_value(c, SET_ipc_flags, flags, 4);
		SD_KEY(c, "mode");
		pt_sd_udec(c, mode);
		pt_sd_close(c, '}');
		return;
	}
	if (flags) {
		pt_sd_set_value(c, SET_ipc_flags, flags, 4);
		pt_sd_putc(c, '|');
	}
	pt_sd_value_of(c, TYPE_umode, mode);
}

/* x_ipc_cmd[0 shmctl, 1 semctl, 2 msgctl]: with the bit that chose the newer structs, of old. */
void pt_sd_x_ipc_cmd(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	static const unsigned short sets[] = {SET_shmctl_cmds, SET_semctl_cmds, SET_msgctl_cmds};
	enum { IPC_64 = 0x100 };
	unsigned int set = sets[PT_MIN(pt_sd_ref(c, t->q), 2u)];

	if (!c->json && (v & IPC_64))
		SD_PUTS(c, "IPC_64|");
	pt_sd_set_value(c, set, (uint32_t)v & ~(uint32_t)IPC_64, 4);
}

/* x_msgbuf[bytes]: {mtype=1, mtext="..."} */
void pt_sd_x_msgbuf(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint64_t len = pt_sd_ref(c, t->q);
	uint8_t type[8], last;

	if (!v || !pt_sd_read(c, v, type, c->word) ||
		(len && !pt_sd_read(c, v + c->word + PT_MIN(len, c->d->opt.max_string) - 1, &last, 1))) {
		pt_sd_address(c, v);
		return;
	}
	pt_sd_open(c, '{');
	SD_KEY(c, "mtype");
	pt_sd_value_of(c, TYPE_long, pt_sd_load(type, c->word));
	SD_KEY(c, "mtext");
	pt_sd_buffer(c, v + c->word, len, false);
	pt_sd_close(c, '}');
}

static void ioprio_text(struct sd *c, uint32_t v)
{
	size_t len;
	const char *name = pt_sd_set_name(SET_ioprio_classes, v >> 13, &len);

	SD_PUTS(c, "IOPRIO_PRIO_VALUE(");
	if (name) {
		pt_sd_put(c, name, len);
	} else {
		pt_sd_hex(c, v >> 13);
		SD_PUTS(c, " /* IOPRIO_CLASS_??? */");
	}
	SD_PUTS(c, ", ");
	pt_sd_udec(c, v & 0x1fff);
	pt_sd_putc(c, ')');
}

void pt_sd_x_ioprio(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	pt_sd_value_begin(c, (uint32_t)v, false);
	ioprio_text(c, (uint32_t)v);
	pt_sd_value_end(c);
}

void pt_sd_x_ioprio_result(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	if (c->json) {
		pt_sd_x_ioprio(c, t, v, p, n);
		return;
	}
	pt_sd_hex0(c, (uint32_t)v);
	SD_PUTS(c, " (");
	ioprio_text(c, (uint32_t)v);
	pt_sd_putc(c, ')');
}

/* QCMD(Q_GETINFO, USRQUOTA) */
void pt_sd_x_quota_cmd(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint32_t cmd = (uint32_t)v >> 8, type = (uint32_t)v & 0xff;
	bool json = c->json;

	pt_sd_value_begin(c, (uint32_t)v, false);
	c->json = false; /* within the text */
	SD_PUTS(c, "QCMD(");
	pt_sd_set_value(c, SET_quota_cmds, cmd, 4);
	SD_PUTS(c, ", ");
	pt_sd_set_value(c, SET_quota_types, type, 4);
	pt_sd_putc(c, ')');
	c->json = json;
	pt_sd_value_end(c);
}

/* A number first, then its name. */
void pt_sd_x_syslog(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	size_t len;
	const char *name = pt_sd_set_name(SET_syslog_actions, (uint32_t)v, &len);

	pt_sd_value_begin(c, (uint32_t)v, false);
	if (!c->json) {
		pt_sd_udec(c, (uint32_t)v);
		SD_PUTS(c, " /* ");
	}
	if (name)
		pt_sd_put(c, name, len);
	else
		SD_PUTS(c, "SYSLOG_ACTION_???");
	if (!c->json)
		SD_PUTS(c, " */");
	pt_sd_value_end(c);
}
