/* SPDX-License-Identifier: MIT */
/* pintle mem: the memory of a process: its maps, read, write, search, dump. */
#include "tool/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { OPT_JSON = 1, OPT_RAW, OPT_VERBOSE, OPT_MAX, OPT_STOP, OPT_NO_STOP };
enum { READ_PIECE = 64 << 10 };
#define STOP_TIMEOUT_NS INT64_C(5000000000)

static const struct cmd_option options[] = {
	{'j', "json", NULL, false, OPT_JSON, "one JSON object a line"},
	{'m', "max-count", "N", false, OPT_MAX, "search: stop after N places"},
	{'r', "raw", NULL, false, OPT_RAW, "read: the bytes themselves, to a file or a pipe"},
	{'v', "verbose", NULL, false, OPT_VERBOSE, "read: show equal lines too, instead of one *"},
	{'s', "stop", NULL, false, OPT_STOP,
		"hold all threads of the process still meanwhile (write does so anyway)"},
	{'n', "no-stop", NULL, false, OPT_NO_STOP,
		"write: do not hold the process still, do not even attach to it"},
	{0},
};

static const struct cmd_example examples[] = {
	{"pintle mem 4242 maps", "what is where in process 4242"},
	{"pintle mem 4242 read '[stack]+0x1f000' 256", "bytes of its stack"},
	{"pintle mem 4242 write 0x55d0c7a04010 u32:7", "set an int to 7"},
	{"pintle mem 4242 search '\"secret\"'", "every place where these six bytes are"},
	{"pintle mem 4242 dump memory.core", "all of its memory, as an ELF core file"},
	{NULL, NULL},
};

/* --- reaching the process --------------------------------------------------------------------- */

/* The reason, where the kernel has said no more than a number. */
static int unreachable(const struct mem_request *rq, int result)
{
	struct ptl_diagnosis d;

	if (ptl_diagnose(rq->pid, &d) >= 0 && d.result < 0 && d.cause[0])
		return cmd_error(rq->call, "cannot reach the memory of process %d: %s%s%s",
			(int)rq->pid, d.cause, d.remedy[0] ? "; " : "", d.remedy);
	return cmd_error(rq->call, "cannot reach the memory of process %d: %s", (int)rq->pid,
		ptl_error_text(result));
}

/* Attaches and waits until all threads stand still. The events stay unanswered: detaching puts everything right. */
static int hold_still(struct mem_request *rq)
{
	struct ptl_process_info info;
	struct ptl_event ev;
	int r = ptl_session_new(&rq->session, PTL_FOLLOW_THREADS);

	if (r < 0)
		return cmd_error(rq->call, "%s", ptl_error_text(r));
	cmd_log(rq->call, rq->session);
	r = ptl_attach(rq->session, rq->pid, 0);
	if (r < 0)
		return cmd_session_error(rq->call, rq->session, r);
	while ((r = ptl_wait_for(rq->session, &ev, STOP_TIMEOUT_NS)) > 0 &&
		ev.kind == PTL_EV_EXITED)
		(void)ptl_resume(&ev, PTL_RUN);
	if (r > 0) {
		rq->task = ev.task;
		r = ptl_stop_all(rq->session, STOP_TIMEOUT_NS);
	} else if (r == 0) {
		r = -ESRCH;
	}
	if (r == -PTL_ETIMEOUT || r > 0)
		return cmd_error(rq->call,
			"process %d did not stop within 5 seconds; do it without holding it still",
			(int)rq->pid);
	if (r < 0)
		return cmd_session_error(rq->call, rq->session, r);
	/* the session takes what it can get: a tool may trace some threads and not others */
	if (ptl_process_info(rq->pid, &info) == 0 && info.threads > ptl_task_count(rq->session))
		return cmd_error(rq->call,
			"only %zu of %u threads of process %d could be stopped, the others are traced by "
			"another tool; do it without holding it still",
			ptl_task_count(rq->session), info.threads, (int)rq->pid);
	return 0;
}

static int reach(struct mem_request *rq, bool memory, bool still)
{
	struct ptl_process_info info;
	int r = ptl_process_info(rq->pid, &info), status;

	if (r < 0)
		return cmd_error(rq->call, "there is no process %d", (int)rq->pid);
	if (info.kernel_thread || (strchr("ZX", info.state) && !info.live_thread))
		return unreachable(rq, -ESRCH);
	if (info.live_thread) /* its first thread has exited: /proc shows nothing under that number */
		rq->pid = info.live_thread;
	if (still) {
		status = hold_still(rq);
		if (status)
			return status;
	}
	r = ptl_maps_read_pid(rq->pid, &rq->maps);
	if (r < 0)
		return unreachable(rq, r);
	r = memory ? ptl_space_open(rq->pid, &rq->memory) : 0;
	return r < 0 && !rq->task ? unreachable(rq, r) : 0;
}

static int memory_error(struct mem_request *rq, const char *verb, uint64_t address, int64_t r)
{
	const struct ptl_map *map = ptl_maps_find(rq->maps, address);

	if (r != -PTL_EBADADDR)
		return cmd_error(rq->call, "cannot %s memory of process %d at 0x%" PRIx64 ": %s",
			verb, (int)rq->pid, address, ptl_error_text((int)r));
	return cmd_error(rq->call, "cannot %s memory of process %d at 0x%" PRIx64 ": %s%s", verb,
		(int)rq->pid, address,
		map ? "the kernel refuses access to " : "nothing is mapped there",
		map ? map->name[0] ? map->name : "this map" : "");
}

/* --- maps --------------------------------------------------------------------------------------- */

static void map_json(struct pt_buf *out, const struct ptl_map *map)
{
	struct pt_json j;

	mem_json(&j, out, "map");
	pt_json_key_hex(&j, "start", map->start);
	pt_json_key_hex(&j, "end", map->end);
	pt_json_key_string(&j, "perms", map->perms);
	pt_json_key_hex(&j, "offset", map->offset);
	pt_json_key(&j, "device");
	pt_json_array(&j);
	pt_json_uint(&j, map->dev_major);
	pt_json_uint(&j, map->dev_minor);
	pt_json_end(&j);
	pt_json_key_uint(&j, "inode", map->inode);
	pt_json_key(&j, "name");
	pt_json_bytes(&j, map->name, strlen(map->name));
	pt_json_key_bool(&j, "deleted", map->deleted);
	mem_json_end(&j);
}

static int show_maps(struct mem_request *rq)
{
	struct pt_buf out = PT_BUF_INIT;
	const struct ptl_map *map;
	int status;

	for (size_t i = 0; (map = ptl_maps_get(rq->maps, i)); i++) {
		if (rq->json) {
			map_json(&out, map);
			continue;
		}
		pt_buf_printf(&out,
			"0x%012" PRIx64 "-0x%012" PRIx64 " %s %10" PRIu64 "K 0x%08" PRIx64,
			map->start, map->end, map->perms, (map->end - map->start) >> 10,
			map->offset);
		if (map->name[0])
			pt_buf_puts(&out, "  ");
		pt_buf_escaped(&out, map->name, strlen(map->name));
		pt_buf_puts(&out, map->deleted ? " (deleted)\n" : "\n");
	}
	status = cmd_print(rq->call, &out);
	pt_buf_done(&out);
	return status;
}

/* --- read and write ------------------------------------------------------------------------------- */

static void show_bytes(struct mem_request *rq, struct mem_hexdump *h, struct pt_buf *out,
	uint64_t address, const void *bytes, size_t n)
{
	struct pt_buf hex = PT_BUF_INIT;
	struct pt_json j;

	if (rq->raw) {
		pt_buf_add(out, bytes, n);
	} else if (rq->json) {
		mem_json(&j, out, "bytes");
		pt_json_key_hex(&j, "address", address);
		mem_hex(&hex, bytes, n);
		pt_json_key_string(&j, "hex", pt_buf_str(&hex));
		mem_json_end(&j);
		pt_buf_done(&hex);
	} else {
		mem_hexdump(out, h, address, bytes, n);
	}
}

static int read_bytes(struct mem_request *rq)
{
	struct mem_hexdump h = {.verbose = rq->verbose};
	struct pt_buf out = PT_BUF_INIT;
	unsigned char piece[READ_PIECE];
	uint64_t address, done = 0;
	int64_t n = 0;
	int status = mem_find_address(rq, rq->address, &address);

	while (!status && done < rq->size) {
		n = mem_read(
			rq, address + done, piece, (size_t)PT_MIN(rq->size - done, sizeof(piece)));
		if (n <= 0)
			break;
		show_bytes(rq, &h, &out, address + done, piece, (size_t)n);
		status = cmd_print(rq->call, &out);
		pt_buf_clear(&out);
		done += (uint64_t)n;
	}
	pt_buf_done(&out);
	if (status)
		return status;
	if (done && !rq->raw && !rq->json) { /* where it ended, as hexdump tells it */
		pt_buf_printf(&out, "%016" PRIx64 "\n", address + done);
		status = cmd_print(rq->call, &out);
		pt_buf_done(&out);
	}
	if (status || done == rq->size)
		return status;
	/* n is 0 where the address space ends */
	status = memory_error(rq, "read", address + done, n ? n : -PTL_EBADADDR);
	if (done)
		cmd_note(rq->call, "%" PRIu64 " of %" PRIu64 " bytes were read", done, rq->size);
	return status;
}

static int write_bytes(struct mem_request *rq)
{
	struct pt_buf out = PT_BUF_INIT;
	struct pt_json j;
	uint64_t address, done = 0;
	int64_t n = 0;
	int status = mem_find_address(rq, rq->address, &address);

	if (status)
		return status;
	while (done < rq->bytes.len && (n = mem_write(rq, address + done, rq->bytes.data + done,
						rq->bytes.len - done)) > 0)
		done += (uint64_t)n;
	if (rq->json) {
		mem_json(&j, &out, "written");
		pt_json_key_hex(&j, "address", address);
		pt_json_key_uint(&j, "bytes", done);
		mem_json_end(&j);
	} else if (done) {
		pt_buf_printf(&out, "%" PRIu64 " byte%s written at 0x%" PRIx64 "\n", done,
			done == 1 ? "" : "s", address);
	}
	status = cmd_print(rq->call, &out);
	pt_buf_done(&out);
	return done < rq->bytes.len
		       ? memory_error(rq, "write", address + done, n ? n : -PTL_EBADADDR)
		       : status;
}

/* --- the verbs ---------------------------------------------------------------------------------------- */

static int want_nothing(struct mem_request *rq, char **words)
{
	return 0;
}

static int want_read(struct mem_request *rq, char **words)
{
	int status = mem_check_address(rq->call, words[0]);

	rq->address = words[0];
	if (!status)
		status = mem_parse_size(rq->call, words[1], &rq->size);
	if (!status && rq->raw && isatty(STDOUT_FILENO))
		status = cmd_usage_error(rq->call, "--raw writes no bytes to a terminal");
	return status;
}

static int want_write(struct mem_request *rq, char **words)
{
	int status = mem_check_address(rq->call, words[0]);

	rq->address = words[0];
	return status ? status : mem_parse_bytes(rq->call, words[1], &rq->bytes);
}

static int want_search(struct mem_request *rq, char **words)
{
	return mem_parse_bytes(rq->call, words[0], &rq->bytes);
}

static int want_dump(struct mem_request *rq, char **words)
{
	int status;

	rq->file = words[0];
	if (!words[1])
		return 0;
	if (!words[2])
		return cmd_usage_error(rq->call, "dump: how many bytes at '%s'?", words[1]);
	rq->address = words[1];
	status = mem_check_address(rq->call, words[1]);
	return status ? status : mem_parse_size(rq->call, words[2], &rq->size);
}

static const struct verb {
	const char *name, *words; /* what follows it */
	unsigned least, most;     /* words */
	unsigned options;         /* bit per option that means something here */
	bool memory;              /* needs more than the maps */
	bool stops;               /* unless told not to */
	int (*want)(struct mem_request *rq, char **words);
	int (*act)(struct mem_request *rq);
} verbs[] = {
	{"maps", "", 0, 0, 1 << OPT_JSON | 1 << OPT_STOP, false, false, want_nothing, show_maps},
	{"read", " ADDR N", 2, 2, 1 << OPT_JSON | 1 << OPT_STOP | 1 << OPT_RAW | 1 << OPT_VERBOSE,
		true, false, want_read, read_bytes},
	{"write", " ADDR BYTES", 2, 2, 1 << OPT_JSON | 1 << OPT_STOP | 1 << OPT_NO_STOP, true, true,
		want_write, write_bytes},
	{"search", " BYTES", 1, 1, 1 << OPT_JSON | 1 << OPT_STOP | 1 << OPT_MAX, true, false,
		want_search, mem_search},
	{"dump", " FILE [ADDR N]", 1, 3, 1 << OPT_JSON | 1 << OPT_STOP, true, false, want_dump,
		mem_dump},
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < PT_COUNTOF(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

/* --- the command line ---------------------------------------------------------------------------------- */

enum { WORDS_MAX = 5 }; /* PID VERB and three more */

struct line {
	char *words[WORDS_MAX + 1];
	unsigned count, given; /* given: bit per option */
};

static const char *option_name(int id)
{
	for (size_t i = 0; options[i].id; i++)
		if (options[i].id == id)
			return options[i].name;
	return "";
}

/* 0, the exit status of a usage error, or -1 when the help was shown. */
static int parse_options(struct cmd_call *call, struct mem_request *rq, struct line *line)
{
	struct opt_state opt = {0};
	const char *arg;
	int id;

	while ((id = opt_next(call, &opt, &arg)) != OPT_END) {
		switch (id) {
		case OPT_MAX:
			if (!mem_number(arg, &rq->max_hits) || !rq->max_hits)
				return cmd_usage_error(call, "invalid number: '%s'", arg);
			break;
		case OPT_OPERAND:
			if (line->count == WORDS_MAX)
				return cmd_usage_error(call, "too many arguments: '%s'", arg);
			line->words[line->count++] = (char *)arg;
			continue;
		case OPT_HELP:
			return cmd_show_help(call) ? 1 : -1;
		case OPT_ERROR:
			return call->usage_status;
		}
		line->given |= 1U << id;
	}
	rq->json = line->given >> OPT_JSON & 1;
	rq->raw = line->given >> OPT_RAW & 1;
	rq->verbose = line->given >> OPT_VERBOSE & 1;
	return 0;
}

static int parse_line(struct cmd_call *call, struct mem_request *rq, struct line *line,
	const struct verb **ret_verb)
{
	int status = parse_options(call, rq, line);
	const struct verb *v;

	if (status)
		return status;
	if (!line->count)
		return cmd_usage_error(call, "a process id is missing");
	status = cmd_parse_pid(call, line->words[0], &rq->pid);
	if (status)
		return status;
	if (line->count < 2)
		return cmd_usage_error(
			call, "what to do is missing: maps, read, write, search or dump");
	*ret_verb = v = find_verb(line->words[1]);
	if (!v)
		return cmd_usage_error(call,
			"unknown: '%s'; known are maps, read, write, search and dump",
			line->words[1]);
	if (line->count - 2 < v->least || line->count - 2 > v->most)
		return cmd_usage_error(call, "it is: %s PID %s%s", call->prefix, v->name, v->words);
	for (int id = OPT_JSON; id <= OPT_NO_STOP; id++)
		if (line->given >> id & ~v->options >> id & 1)
			return cmd_usage_error(
				call, "--%s means nothing to %s", option_name(id), v->name);
	if (rq->raw && rq->json)
		return cmd_usage_error(call, "--raw and --json contradict each other");
	if ((line->given >> OPT_STOP & 1) && (line->given >> OPT_NO_STOP & 1))
		return cmd_usage_error(call, "--stop and --no-stop contradict each other");
	return v->want(rq, line->words + 2);
}

static int run(struct cmd_call *call)
{
	struct mem_request rq = {.call = call,
		.max_hits = UINT64_MAX,
		.bytes = PT_BUF_INIT,
		.skips = PT_VEC_INIT(struct mem_skip)};
	struct line line = {0};
	const struct verb *verb = NULL;
	int status = parse_line(call, &rq, &line, &verb);

	if (!status)
		status = reach(&rq, verb->memory,
			(line.given >> OPT_STOP & 1) ||
				(verb->stops && !(line.given >> OPT_NO_STOP & 1)));
	if (!status)
		status = verb->act(&rq);
	ptl_space_free(rq.memory);
	ptl_maps_free(rq.maps);
	ptl_session_free(rq.session); /* the process goes on */
	pt_vec_done(&rq.skips);
	pt_buf_done(&rq.bytes);
	return status < 0 ? 0 : status;
}

const struct command cmd_mem = {
	.name = "mem",
	.usage = "[OPTIONS] PID maps\n[OPTIONS] PID read ADDR N\n[OPTIONS] PID write ADDR BYTES\n"
		 "[OPTIONS] PID search BYTES\n[OPTIONS] PID dump FILE [ADDR N]",
	.summary = "look into the memory of a process, and change it",
	.help = "maps, read, search and dump do not stop the process, nor attach to it, unless "
		"--stop is given. write holds "
		"it still for a moment, so that no thread sees half of the change, unless "
		"--no-stop is given; it goes on as "
		"if nothing had been.\n\n"
		"ADDR is a number, hexadecimal with 0x or decimal, or NAME or NAME+OFFSET, where "
		"NAME is a file's path or "
		"last name, or [stack], [heap] and the like, as in maps, and stands for the first "
		"address it is mapped at. "
		"N is a number of bytes.\n\n"
		"BYTES are pairs of hexadecimal digits in the order of memory (7f454c46, or '7f 45 "
		"4c 46'), a string in double "
		"quotes with the escapes of C ('\"a\\n\\x00\"'), or a number of 1, 2, 4 or 8 "
		"bytes: u8:, u16:, u32:, "
		"u64: (u32:-1).\n\n"
		"write also changes pages that the program may only read or execute; files stay as "
		"they are, unless the "
		"program has mapped them shared and writable.\n\n"
		"search and dump go over all that the program may read. Pages that it has reserved "
		"and never touched are "
		"zeroes: search does not look there, in the file of dump they are holes. What "
		"cannot be read, memory "
		"of devices, and the untouched part of a file's map of more than 1 GiB are "
		"skipped; what was skipped is "
		"said. dump writes an ELF core file of memory alone, without registers; or with "
		"ADDR and N just these bytes.",
	.options = options,
	.examples = examples,
	.run = run,
};
