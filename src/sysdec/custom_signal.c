/* SPDX-License-Identifier: MIT */
/* Signals: sets of them, handlers, siginfo. */
#include "sysdec/walk.h"
#include "sysdec/names.h"

/* --- sigset: [INT CHLD], ~[KILL STOP] ---------------------------------------------------- */

static void signal_short(struct sd *c, int sig)
{
	const char *name = ptl_signal_name(sig);

	if (!c->json && c->d->opt.names == PTL_NAMES_RAW) {
		if (!c->first)
			pt_sd_putc(c, ' ');
		c->first = false;
		pt_sd_udec(c, (uint64_t)sig);
		return;
	}
	if (c->json) {
		pt_sd_sep(c);
		pt_sd_putc(c, '"');
		pt_sd_put(c, name, strlen(name));
		pt_sd_putc(c, '"');
		return;
	}
	if (!c->first)
		pt_sd_putc(c, ' ');
	c->first = false;
	if (c->d->opt.names == PTL_NAMES_VERBOSE) {
		pt_sd_udec(c, (uint64_t)sig);
		SD_PUTS(c, " /* ");
	}
	pt_sd_put(c, name + 3, strlen(name + 3));
	if (c->d->opt.names == PTL_NAMES_VERBOSE)
		SD_PUTS(c, " */");
}

static void show_sigset(struct sd *c, uint64_t set, unsigned int signals)
{
	/* Two thirds of all and more: what is not in it is shorter. */
	bool inverse = !c->json && (unsigned int)__builtin_popcountll(set) >= signals * 2 / 3;
	unsigned int i;

	if (inverse) {
		pt_sd_putc(c, '~');
		set = ~set;
	}
	pt_sd_open(c, '[');
	for (i = 0; i < signals; i++)
		if (set >> i & 1)
			signal_short(c, (int)i + 1);
	pt_sd_close(c, ']');
}

/* x_sigset[size]: size as the call got it; as a field the whole of it. */
void pt_sd_x_sigset(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint8_t buf[8];
	uint64_t size;

	if (p) {
		show_sigset(c, pt_sd_load(p, PT_MIN(n, 8u)), 64);
		return;
	}
	size = pt_sd_ref(c, t->q);
	if (size != sizeof(buf) || !pt_sd_read(c, v, buf, sizeof(buf)))
		pt_sd_address(c, v);
	else
		show_sigset(c, pt_sd_load(buf, sizeof(buf)), 64);
}

/* The 32 signals of old calls, by value or as a field; x_oldset at an address. */
void pt_sd_x_oldset(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	uint8_t buf[4];

	if (!pt_sd_read(c, v, buf, sizeof(buf)))
		pt_sd_address(c, v);
	else
		show_sigset(c, pt_sd_load(buf, sizeof(buf)), 32);
}

void pt_sd_x_oldsigset(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	show_sigset(c, (uint32_t)v, 32);
}

void pt_sd_x_handler(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	static const char *const names[] = {"SIG_DFL", "SIG_IGN"};
	uint64_t err = c->word == 4 ? UINT32_MAX : UINT64_MAX;
	const char *name = v < 2 ? names[v] : v == err ? "SIG_ERR" : NULL;

	if (c->json && name) {
		pt_sd_putc(c, '"');
		pt_sd_put(c, name, strlen(name));
		pt_sd_putc(c, '"');
	} else if (c->d->opt.names == PTL_NAMES_RAW && !c->json) {
		pt_sd_hex0(c, v);
	} else if (!name) {
		pt_sd_address(c, v);
	} else if (c->d->opt.names == PTL_NAMES_VERBOSE) {
		pt_sd_hex0(c, v);
		SD_PUTS(c, " /* ");
		pt_sd_put(c, name, strlen(name));
		SD_PUTS(c, " */");
	} else {
		pt_sd_put(c, name, strlen(name));
	}
}

/* signal's old handler: 0 (SIG_DFL) */
void pt_sd_x_handler_result(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	if (c->json) {
		pt_sd_x_handler(c, t, v, p, n);
		return;
	}
	pt_sd_hex0(c, v);
	if (v < 2) {
		SD_PUTS(c, " (");
		pt_sd_x_handler(c, t, v, p, n);
		pt_sd_putc(c, ')');
	}
}

/* --- siginfo --------------------------------------------------------------------------------- */

enum { SIG_ILL = 4, SIG_TRAP = 5, SIG_BUS = 7, SIG_FPE = 8, SIG_SEGV = 11, SIG_CHLD = 17, SIG_POLL = 29, SIG_SYS = 31 };

/* Byte offsets of siginfo, 64-bit and 32-bit: the union begins at 16 and 12. */
struct siginfo_view {
	const uint8_t *p;
	unsigned int at; /* of the union */
	unsigned int word;
};

static int32_t info_int(const struct siginfo_view *s, unsigned int off)
{
	return (int32_t)pt_sd_load(s->p + s->at + off, 4);
}

static uint64_t info_word(const struct siginfo_view *s, unsigned int off)
{
	return pt_sd_load(s->p + s->at + off, s->word);
}

static void key_pid_uid(struct sd *c, const struct siginfo_view *s)
{
	SD_KEY(c, "si_pid");
	pt_sd_value_of(c, TYPE_pid, (uint32_t)info_int(s, 0));
	SD_KEY(c, "si_uid");
	pt_sd_value_of(c, TYPE_uid, (uint32_t)info_int(s, 4));
}

static void key_sigval(struct sd *c, const struct siginfo_view *s, unsigned int off)
{
	uint64_t v = info_word(s, off);

	if (!v && !c->json && !c->full)
		return;
	SD_KEY(c, "si_int");
	pt_sd_dec(c, (int32_t)v);
	SD_KEY(c, "si_ptr");
	pt_sd_address(c, v);
}

static void code_value(struct sd *c, int32_t signo, int32_t code)
{
	unsigned int set = SET_si_codes;

	if (code > 0 && code < 0x80) {
		switch (signo) {
		case SIG_ILL: set = SET_sigill_codes; break;
		case SIG_FPE: set = SET_sigfpe_codes; break;
		case SIG_SEGV: set = SET_sigsegv_codes; break;
		case SIG_BUS: set = SET_sigbus_codes; break;
		case SIG_TRAP: set = SET_sigtrap_codes; break;
		case SIG_CHLD: set = SET_sigchld_codes; break;
		case SIG_POLL: set = SET_sigpoll_codes; break;
		case SIG_SYS: set = SET_sigsys_codes; break;
		}
	}
	pt_sd_set_value(c, set, (uint32_t)code, 4);
}

static void show_child(struct sd *c, const struct siginfo_view *s, int32_t code)
{
	/* After pid, uid and status the times stand at the next word. */
	unsigned int times = s->word == 8 ? 16 : 12;
	int32_t status = info_int(s, 8);

	key_pid_uid(c, s);
	SD_KEY(c, "si_status");
	if (code == 1) /* CLD_EXITED */
		pt_sd_dec(c, status);
	else
		pt_sd_value_of(c, TYPE_signal, (uint32_t)status);
	SD_KEY(c, "si_utime");
	pt_sd_x_ticks(c, NULL, info_word(s, times), NULL, 0);
	SD_KEY(c, "si_stime");
	pt_sd_x_ticks(c, NULL, info_word(s, times + s->word), NULL, 0);
}

static void show_fault(struct sd *c, const struct siginfo_view *s, int32_t signo, int32_t code)
{
	SD_KEY(c, "si_addr");
	pt_sd_address(c, info_word(s, 0));
	if (signo == SIG_BUS && (code == 4 || code == 5)) { /* BUS_MCEERR_* */
		SD_KEY(c, "si_addr_lsb");
		pt_sd_udec(c, pt_sd_load(s->p + s->at + s->word, 2));
	} else if (signo == SIG_SEGV && code == 3) { /* SEGV_BNDERR */
		SD_KEY(c, "si_lower");
		pt_sd_address(c, info_word(s, 2 * s->word));
		SD_KEY(c, "si_upper");
		pt_sd_address(c, info_word(s, 3 * s->word));
	} else if (signo == SIG_SEGV && code == 4) { /* SEGV_PKUERR */
		SD_KEY(c, "si_pkey");
		pt_sd_udec(c, (uint32_t)info_int(s, 2 * s->word));
	}
}

static void show_syscall(struct sd *c, const struct siginfo_view *s)
{
	uint32_t nr = (uint32_t)info_int(s, s->word), arch = (uint32_t)info_int(s, s->word + 4), plain;
	struct ptl_call_info info;
	enum ptl_abi abi;

	SD_KEY(c, "si_call_addr");
	pt_sd_address(c, info_word(s, 0));
	SD_KEY(c, "si_syscall");
	if (ptl_call_abi(arch, nr, &abi, &plain) == 0 && ptl_call_info(abi, plain, &info)) {
		pt_sd_value_begin(c, nr, false);
		SD_PUTS(c, "__NR_");
		pt_sd_put(c, info.name, strlen(info.name));
		pt_sd_value_end(c);
	} else {
		pt_sd_udec(c, nr);
	}
	SD_KEY(c, "si_arch");
	pt_sd_set_value(c, SET_audit_arch, arch, 4);
}

static void show_siginfo(struct sd *c, const struct siginfo_view *s)
{
	int32_t signo = (int32_t)pt_sd_load(s->p, 4), err = (int32_t)pt_sd_load(s->p + 4, 4);
	int32_t code = (int32_t)pt_sd_load(s->p + 8, 4);

	pt_sd_open(c, '{');
	if (!signo && !c->json) {
		pt_sd_close(c, '}');
		return;
	}
	SD_KEY(c, "si_signo");
	pt_sd_value_of(c, TYPE_signal, (uint32_t)signo);
	SD_KEY(c, "si_code");
	code_value(c, signo, code);
	if (err) {
		const char *name = ptl_errno_name(err);

		SD_KEY(c, "si_errno");
		if (name && !c->json)
			pt_sd_put(c, name, strlen(name));
		else
			pt_sd_dec(c, err);
	}
	if (code == -2) { /* SI_TIMER */
		SD_KEY(c, "si_timerid");
		pt_sd_hex0(c, (uint32_t)info_int(s, 0));
		SD_KEY(c, "si_overrun");
		pt_sd_dec(c, info_int(s, 4));
		key_sigval(c, s, 8);
	} else if (code <= 0) {
		key_pid_uid(c, s);
		if (code != 0 && code != -6) /* neither SI_USER nor SI_TKILL */
			key_sigval(c, s, 8);
	} else if (code == 0x80) { /* SI_KERNEL */
		switch (signo) {
		case SIG_ILL: case SIG_FPE: case SIG_SEGV: case SIG_BUS: case SIG_TRAP:
			show_fault(c, s, signo, code);
		}
	} else {
		switch (signo) {
		case SIG_CHLD:
			show_child(c, s, code);
			break;
		case SIG_ILL: case SIG_FPE: case SIG_SEGV: case SIG_BUS: case SIG_TRAP:
			show_fault(c, s, signo, code);
			break;
		case SIG_POLL:
			SD_KEY(c, "si_band");
			pt_sd_dec(c, s->word == 8 ? (int64_t)info_word(s, 0) : info_int(s, 0));
			SD_KEY(c, "si_fd");
			pt_sd_value_of(c, TYPE_fd, (uint32_t)info_int(s, s->word));
			break;
		case SIG_SYS:
			show_syscall(c, s);
			break;
		default:
			key_pid_uid(c, s);
			key_sigval(c, s, 8);
		}
	}
	pt_sd_close(c, '}');
}

void pt_sd_x_siginfo(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	struct siginfo_view s = {.at = c->abi ? 12 : 16, .word = c->abi ? 4 : 8};
	uint8_t buf[128];

	if (p) {
		if (n < sizeof(buf))
			return;
	} else if (!pt_sd_read(c, v, buf, sizeof(buf))) {
		pt_sd_address(c, v);
		return;
	} else {
		p = buf;
	}
	s.p = p;
	show_siginfo(c, &s);
}

int ptl_decode_siginfo(struct ptl_decoder *d, void *task, const void *siginfo, size_t n, struct ptl_text *out)
{
	struct ptl_call call = {0};
	struct sd c = {.o = out, .d = d, .task = task, .call = &call, .word = 8, .items = SD_ITEMS_MAX, .first = true,
		.json = d->opt.format == PTL_DECODE_JSON};
	uint8_t buf[128] = {0};
	struct siginfo_view s = {buf, 16, 8};

	memcpy(buf, siginfo, PT_MIN(n, sizeof(buf)));
	show_siginfo(&c, &s);
	if (out->failed)
		return -12; /* ENOMEM */
	out->data[out->len] = '\0';
	return 0;
}

/* sigreturn restores what lies on the stack: {mask=[INT]}. Its place is the kernel's signal frame (asm/sigframe.h). */
void pt_sd_x_sigreturn(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	/* Of uc_sigmask from the stack pointer at entry: x86-64; i386's rt_sigreturn and sigreturn. */
	enum { MASK_64 = 296, MASK_RT_32 = 248, MASK_OLD_32 = 80, NR_SIGRETURN_32 = 119 };
	bool old = c->word == 4 && (uint32_t)c->call->nr == NR_SIGRETURN_32;
	uint64_t at = c->call->stack_pointer + (c->word == 8 ? MASK_64 : old ? MASK_OLD_32 : MASK_RT_32);
	uint8_t buf[8];
	size_t size = old ? 4 : 8;

	if (!c->call->stack_pointer || !pt_sd_read(c, at, buf, size)) {
		if (c->json)
			SD_PUTS(c, "null");
		return;
	}
	pt_sd_open(c, '{');
	SD_KEY(c, "mask");
	show_sigset(c, pt_sd_load(buf, size), old ? 32 : 64);
	pt_sd_close(c, '}');
}

/* A mask as a result: 0x2 (mask [INT]); x_sigmask_result[1]: the one before. */
void pt_sd_x_sigmask_result(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	if (c->json) {
		show_sigset(c, (uint32_t)v, 32);
		return;
	}
	pt_sd_hex0(c, (uint32_t)v);
	if (pt_sd_ref(c, t->q))
		SD_PUTS(c, " (old mask ");
	else
		SD_PUTS(c, " (mask ");
	show_sigset(c, (uint32_t)v, 32);
	pt_sd_putc(c, ')');
}

void pt_sd_x_sigval(struct sd *c, const struct sd_type *t, uint64_t v, const uint8_t *p, size_t n)
{
	pt_sd_open(c, '{');
	SD_KEY(c, "sival_int");
	pt_sd_dec(c, (int32_t)v);
	SD_KEY(c, "sival_ptr");
	pt_sd_address(c, v);
	pt_sd_close(c, '}');
}
