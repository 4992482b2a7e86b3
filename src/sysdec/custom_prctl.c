/* SPDX-License-Identifier: MIT */
/* Personalities, classic BPF filters, and the parameters of io_uring. */
#include "sysdec/walk.h"
#include "sysdec/names.h"

/* 0xffffffff asks for the personality without setting one. */
void pt_sd_x_personality(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	if ((uint32_t)v == UINT32_MAX && !c->json)
		SD_PUTS(c, "0xffffffff");
	else
		pt_sd_set_value(c, SET_personality_flags, v, 4);
}

void pt_sd_x_personality_result(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	if (c->json) {
		pt_sd_set_value(c, SET_personality_flags, v, 4);
		return;
	}
	pt_sd_hex0(c, (uint32_t)v);
	SD_PUTS(c, " (");
	pt_sd_set_value(c, SET_personality_flags, v, 4);
	pt_sd_putc(c, ')');
}

/* Two registers on i386. */
void pt_sd_x_fanotify_mask(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	if (c->word == 4)
		v = (uint32_t)v | c->args[3] << 32;
	pt_sd_set_value(c, SET_fanotify_masks, v, 8);
}

/* --- Classic BPF (linux/filter.h): struct sock_filter {u16 code; u8 jt, jf; u32 k} ------------------ */

#define FILTER_SIZE 8
#define FILTERS 4096 /* BPF_MAXINSNS */

static void code_part(struct sd *c, unsigned int set, uint32_t v)
{
	size_t len;
	const char *name = pt_sd_set_name(set, v, &len);

	if (name)
		pt_sd_put(c, name, len);
	else
		pt_sd_hex(c, v);
}

static void bpf_code(struct sd *c, uint32_t code)
{
	enum { LD, LDX, ST, STX, ALU, JMP, RET, MISC };
	static const char classes[][9] = {"BPF_LD", "BPF_LDX", "BPF_ST", "BPF_STX", "BPF_ALU", "BPF_JMP", "BPF_RET", "BPF_MISC"};
	uint32_t class = code & 7, rest;

	pt_sd_put(c, classes[class], strlen(classes[class]));
	rest = code & ~7u;
	switch (class) {
	case LD:
	case LDX:
		pt_sd_putc(c, '|');
		code_part(c, SET_bpf_sizes, code & 0x18);
		pt_sd_putc(c, '|');
		code_part(c, SET_bpf_modes, code & 0xe0);
		rest = code & ~0xffu;
		break;
	case ALU:
	case JMP:
		pt_sd_putc(c, '|');
		code_part(c, SET_bpf_sources, code & 8);
		pt_sd_putc(c, '|');
		code_part(c, class == ALU ? SET_bpf_alu_ops : SET_bpf_jump_ops, code & 0xf0);
		rest = code & ~0xffu;
		break;
	case RET:
		pt_sd_putc(c, '|');
		code_part(c, SET_bpf_return_values, code & 0x18);
		rest = code & ~0x1fu;
		break;
	case MISC:
		pt_sd_putc(c, '|');
		code_part(c, SET_bpf_misc_ops, code & 0xf8);
		rest = code & ~0xffu;
		break;
	}
	if (rest) {
		pt_sd_putc(c, '|');
		pt_sd_hex(c, rest);
	}
}

static void show_filter(struct sd *c, const uint8_t *p)
{
	uint32_t code = (uint32_t)pt_sd_load(p, 2), k = (uint32_t)pt_sd_load(p + 4, 4);
	bool jump = p[2] || p[3];

	if (c->json) {
		pt_sd_open(c, '{');
		SD_KEY(c, "code");
		pt_sd_value_begin(c, code, false);
		bpf_code(c, code);
		pt_sd_value_end(c);
		SD_KEY(c, "jt");
		pt_sd_udec(c, p[2]);
		SD_KEY(c, "jf");
		pt_sd_udec(c, p[3]);
		SD_KEY(c, "k");
		pt_sd_udec(c, k);
		pt_sd_close(c, '}');
		return;
	}
	if (jump)
		SD_PUTS(c, "BPF_JUMP(");
	else
		SD_PUTS(c, "BPF_STMT(");
	bpf_code(c, code);
	SD_PUTS(c, ", ");
	if ((code & 0x1f) == 6) { /* BPF_RET|BPF_K: of a seccomp filter, an action and its data */
		size_t len;
		const char *name = pt_sd_set_name(SET_seccomp_actions, k & 0xffff0000, &len);

		if (name) {
			pt_sd_put(c, name, len);
			if (k & 0xffff) {
				pt_sd_putc(c, '|');
				pt_sd_hex(c, k & 0xffff);
			}
		} else {
			pt_sd_hex0(c, k);
		}
	} else {
		pt_sd_hex0(c, k);
	}
	if (jump) {
		SD_PUTS(c, ", ");
		pt_sd_hex0(c, p[2]);
		SD_PUTS(c, ", ");
		pt_sd_hex0(c, p[3]);
	}
	pt_sd_putc(c, ')');
}

/* x_bpf_filter[len]: the address; the program with -v. */
void pt_sd_x_bpf_filter(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint64_t len = pt_sd_ref(c, t->q), i;
	uint8_t buf[FILTER_SIZE];

	if ((!c->full && !c->json) || !v || !len || len > FILTERS || !pt_sd_read(c, v, buf, sizeof(buf))) {
		pt_sd_address(c, v);
		return;
	}
	pt_sd_open(c, '[');
	for (i = 0; i < len; i++) {
		if (!pt_sd_budget(c) || !pt_sd_read(c, v + i * FILTER_SIZE, buf, sizeof(buf))) {
			pt_sd_more(c);
			break;
		}
		pt_sd_sep(c);
		show_filter(c, buf);
	}
	pt_sd_close(c, ']');
}

/* --- io_uring ------------------------------------------------------------------------------------------ */

/* What was asked for after a failure, what was made after success. */
void pt_sd_x_uring_params(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	pt_sd_at(c, &pt_sd_types[pt_sd_failed(c) ? TYPE_uring_params_in : TYPE_uring_params], v);
}
