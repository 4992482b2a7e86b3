/* SPDX-License-Identifier: MIT */
/*
 * pintle mem: the file of a dump. See mem.h.
 *
 * A range is written as its bytes. A whole address space is written as an ELF core file (elf(5)), which is what every
 * debugger knows: one PT_LOAD a segment, page-aligned in the file. It has memory only, no registers.
 *
 *   map      ......XXXXXX.XX..........................XXX....     X: pages with contents
 *   segments [0   ][1                                ][2    ]     p_memsz; p_filesz ends with the last X
 *
 * Gaps of less than GAP stay within a segment; they, and pages of zeroes, become holes of the file. Maps that are
 * skipped or could not be read have segments without contents: the file shows that they are there and not dumped.
 */
#include "tool/mem.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 4096, GAP = 1 << 20 };

struct segment {
	uint64_t start, data_end, end;
	uint64_t read_end; /* behind the last byte that could be read */
	uint64_t offset;   /* in the file */
	const struct ptl_map *map;
};
struct part {
	uint64_t start, end;
	size_t segment;
};

struct dump {
	struct mem_request *rq;
	struct pt_vec segments, parts;
	int fd;
	size_t first; /* segment of the map that is being planned */
	/* While writing: the address of the file's offset `offset`, and what has been read. */
	uint64_t base, offset, read_end;
	uint64_t bytes; /* dumped, holes of zeroes counted */
};

/* --- the plan -------------------------------------------------------------------------------------- */

static struct segment *last_segment(struct dump *d)
{
	return &PT_VEC_AT(&d->segments, struct segment, d->segments.len - 1);
}

static int add_segment(struct dump *d, const struct ptl_map *map, uint64_t start, uint64_t data_end)
{
	struct segment *s;

	if (d->segments.len > d->first)
		last_segment(d)->end = start;
	s = pt_vec_push(&d->segments);
	if (!s)
		return cmd_error(d->rq->call, "out of memory");
	*s = (struct segment){.start = start,
		.data_end = data_end,
		.end = map->end,
		.read_end = start,
		.map = map};
	return 0;
}

static int plan_part(void *arg, const struct ptl_map *map, uint64_t start, uint64_t end)
{
	struct dump *d = arg;
	struct part *p;
	int status = 0;

	/* the map's first segment begins with the map */
	if (d->segments.len == d->first)
		status = add_segment(d, map, map->start, map->start);
	if (!status && start - last_segment(d)->data_end >= GAP)
		status = add_segment(d, map, start, start);
	if (status)
		return status;
	last_segment(d)->data_end = end;
	p = pt_vec_push(&d->parts);
	if (!p)
		return cmd_error(d->rq->call, "out of memory");
	*p = (struct part){start, end, d->segments.len - 1};
	return 0;
}

static int plan(struct dump *d)
{
	const struct ptl_map *map;
	int status = 0;

	for (size_t i = 0; !status && (map = ptl_maps_get(d->rq->maps, i)); i++) {
		d->first = d->segments.len;
		status = mem_each_part(d->rq, map, plan_part, d);
		if (!status && d->segments.len == d->first)
			status = add_segment(d, map, map->start, map->start);
	}
	return status;
}

/* --- the headers ------------------------------------------------------------------------------------ */

/* Both classes of ELF from one description: `wide` says how long an address is. */
static void put(struct pt_buf *to, uint64_t v, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		pt_buf_putc(to, (char)(v >> 8 * i));
}

static void put_file_header(struct pt_buf *to, bool wide, size_t segments)
{
	unsigned word = wide ? 8 : 4;
	size_t size = wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	size_t phent = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	bool many = segments >= PN_XNUM; /* then the number is in the only section header */

	pt_buf_puts(to, ELFMAG);
	put(to, wide ? ELFCLASS64 : ELFCLASS32, 1);
	put(to, ELFDATA2LSB, 1);
	put(to, EV_CURRENT, 1);
	put(to, 0, EI_NIDENT - EI_OSABI);
	put(to, ET_CORE, 2);
	put(to, wide ? EM_X86_64 : EM_386, 2);
	put(to, EV_CURRENT, 4);
	put(to, 0, word);                                  /* e_entry */
	put(to, size, word);                               /* e_phoff */
	put(to, many ? size + segments * phent : 0, word); /* e_shoff */
	put(to, 0, 4);                                     /* e_flags */
	put(to, size, 2);
	put(to, phent, 2);
	put(to, many ? PN_XNUM : segments, 2);
	put(to, wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr), 2);
	put(to, many, 2);
	put(to, 0, 2); /* e_shstrndx */
}

static void put_segment(struct pt_buf *to, bool wide, const struct segment *s)
{
	unsigned word = wide ? 8 : 4;
	uint32_t flags = (s->map->perms[0] == 'r' ? PF_R : 0) |
			 (s->map->perms[1] == 'w' ? PF_W : 0) |
			 (s->map->perms[2] == 'x' ? PF_X : 0);

	put(to, PT_LOAD, 4);
	if (wide)
		put(to, flags, 4);
	put(to, s->offset, word);
	put(to, s->start, word);
	put(to, 0, word); /* p_paddr */
	put(to, s->data_end - s->start, word);
	put(to, s->end - s->start, word);
	if (!wide)
		put(to, flags, 4);
	put(to, PAGE, word);
}

/* The section header that holds the number of segments. */
static void put_count(struct pt_buf *to, bool wide, size_t segments)
{
	size_t from = to->len, size = wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	size_t info = wide ? offsetof(Elf64_Shdr, sh_info) : offsetof(Elf32_Shdr, sh_info);

	while (to->len - from < info)
		pt_buf_putc(to, 0);
	put(to, segments, 4);
	while (to->len - from < size && pt_buf_ok(to))
		pt_buf_putc(to, 0);
}

/* Gives every segment its place; the length of the file. */
static uint64_t place(struct dump *d, bool wide)
{
	uint64_t at = (wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)) +
		      d->segments.len * (wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) +
		      sizeof(Elf64_Shdr);

	for (size_t i = 0; i < d->segments.len; i++) {
		struct segment *s = &PT_VEC_AT(&d->segments, struct segment, i);

		at = (at + PAGE - 1) & ~(uint64_t)(PAGE - 1);
		s->offset = at;
		at += s->data_end - s->start;
	}
	return at;
}

/* --- writing --------------------------------------------------------------------------------------- */

static int write_failed(struct dump *d)
{
	return cmd_error(d->rq->call, "cannot write to %s: %s; the file is incomplete", d->rq->file,
		strerror(errno));
}

static int write_at(struct dump *d, uint64_t offset, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		ssize_t done = pwrite(d->fd, p, n, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return write_failed(d);
		p += done;
		offset += (uint64_t)done;
		n -= (size_t)done;
	}
	return 0;
}

static int write_piece(void *arg, uint64_t address, const unsigned char *bytes, size_t n)
{
	static const unsigned char zeroes[PAGE];
	struct dump *d = arg;
	int status = 0;

	d->bytes += n;
	d->read_end = address + n;
	/* what is between two pages of zeroes in one go */
	for (size_t i = 0, run; !status && i < n; i += run) {
		bool zero = !memcmp(bytes + i, zeroes, PT_MIN(n - i, PAGE));

		run = 0;
		do
			run += PT_MIN(n - i - run, PAGE);
		while (i + run < n &&
			!memcmp(bytes + i + run, zeroes, PT_MIN(n - i - run, PAGE)) == zero);
		if (!zero)
			status = write_at(d, d->offset + (address + i - d->base), bytes + i, run);
	}
	return status;
}

static int write_headers(struct dump *d, bool wide)
{
	struct pt_buf head = PT_BUF_INIT;
	int status;

	put_file_header(&head, wide, d->segments.len);
	for (size_t i = 0; i < d->segments.len; i++)
		put_segment(&head, wide, &PT_VEC_AT(&d->segments, struct segment, i));
	put_count(&head, wide, d->segments.len);
	status = pt_buf_ok(&head) ? write_at(d, 0, head.data, head.len)
				  : cmd_error(d->rq->call, "out of memory");
	pt_buf_done(&head);
	return status;
}

static int write_parts(struct dump *d)
{
	int status = 0;

	for (size_t i = 0; !status && i < d->parts.len; i++) {
		const struct part *p = &PT_VEC_AT(&d->parts, struct part, i);
		struct segment *s = &PT_VEC_AT(&d->segments, struct segment, p->segment);

		d->base = s->start;
		d->offset = s->offset;
		d->read_end = s->read_end;
		status = mem_each_piece(d->rq, s->map, p->start, p->end, write_piece, d);
		s->read_end = d->read_end;
	}
	return status;
}

static int dump_all(struct dump *d, uint64_t *ret_length)
{
	struct ptl_process_info info;
	bool wide = ptl_process_info(d->rq->pid, &info) < 0 || info.arch != AUDIT_ARCH_I386;
	int status = plan(d);

	if (status)
		return status;
	*ret_length = place(d, wide);
	if (!wide && *ret_length > UINT32_MAX)
		return cmd_error(d->rq->call,
			"process %d has more memory than a 32-bit core file can hold",
			(int)d->rq->pid);
	/* First as planned, so that a file that a full disk cut short is of use; then as it came. */
	status = write_headers(d, wide);
	if (!status)
		status = write_parts(d);
	for (size_t i = 0; i < d->segments.len; i++) {
		struct segment *s = &PT_VEC_AT(&d->segments, struct segment, i);

		s->data_end = s->read_end;
	}
	return status ? status : write_headers(d, wide);
}

static int dump_range(struct dump *d, uint64_t *ret_length)
{
	static const struct ptl_map nowhere = {.name = ""};
	uint64_t address;
	int status = mem_find_address(d->rq, d->rq->address, &address);

	if (status)
		return status;
	if (__builtin_add_overflow(address, d->rq->size, ret_length))
		return cmd_error(d->rq->call,
			"0x%" PRIx64 " and %" PRIu64
			" bytes reach behind the end of the address space",
			address, d->rq->size);
	d->base = address;
	status = mem_each_piece(d->rq, &nowhere, address, *ret_length, write_piece, d);
	*ret_length = d->rq->size;
	return !status && !d->bytes
		       ? cmd_error(d->rq->call, "nothing can be read at 0x%" PRIx64, address)
		       : status;
}

static int report(struct dump *d)
{
	struct pt_buf out = PT_BUF_INIT;
	int status;

	mem_report_skips(d->rq, d->rq->json ? &out : NULL);
	if (d->rq->json) {
		struct pt_json j;

		mem_json(&j, &out, "dumped");
		pt_json_key(&j, "file");
		pt_json_bytes(&j, d->rq->file, strlen(d->rq->file));
		pt_json_key_uint(&j, "bytes", d->bytes);
		mem_json_end(&j);
	} else {
		pt_buf_printf(&out, "dumped %" PRIu64 " bytes to ", d->bytes);
		pt_buf_escaped(&out, d->rq->file, strlen(d->rq->file));
		pt_buf_putc(&out, '\n');
	}
	status = cmd_print(d->rq->call, &out);
	pt_buf_done(&out);
	return status;
}

int mem_dump(struct mem_request *rq)
{
	struct dump d = {.rq = rq,
		.segments = PT_VEC_INIT(struct segment),
		.parts = PT_VEC_INIT(struct part),
		/* for the owner alone: there may be secrets in it */
		.fd = open(rq->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
	uint64_t length = 0;
	int status;

	if (d.fd < 0)
		return cmd_error(rq->call, "cannot open %s: %s", rq->file, strerror(errno));
	status = rq->address ? dump_range(&d, &length) : dump_all(&d, &length);
	if (!status && ftruncate(d.fd, (off_t)length) < 0) /* a last hole */
		status = write_failed(&d);
	if (close(d.fd) < 0 && !status)
		status = write_failed(&d);
	if (!status)
		status = report(&d);
	pt_vec_done(&d.segments);
	pt_vec_done(&d.parts);
	return status;
}
