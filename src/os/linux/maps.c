/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/maps, see proc_pid_maps(5).
 *
 * The kernel makes the text a few KiB per read(2) and lets the process go on between, so that a map
 * may appear twice, split or merged, if it is not stopped. What contradicts itself is read again,
 * and when the process is too lively for that, overlaps are cut so that the result is at least
 * sorted and without overlap.
 *
 * Names are file names: anything but '/', NUL and newline (which the kernel writes as \012) may be
 * in them.
 */
#include "os/linux/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ptl_maps {
	struct pt_vec maps; /* struct ptl_map */
	struct pt_buf text; /* the names are in it */
};

#define READ_AGAIN 4

/* --- parsing ---------------------------------------------------------------------- */

/* A number in the given base, then the character `after`. */
static bool number(const char **p, unsigned base, char after, uint64_t *ret)
{
	const char *s = *p;
	uint64_t v = 0;

	for (;; s++) {
		unsigned d = *s >= '0' && *s <= '9'   ? (unsigned)(*s - '0')
			     : *s >= 'a' && *s <= 'f' ? (unsigned)(*s - 'a' + 10)
						      : 99;

		if (d >= base)
			break;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
			__builtin_add_overflow(v, (uint64_t)d, &v))
			return false;
	}
	if (s == *p || *s != after)
		return false;
	*p = s + 1;
	*ret = v;
	return true;
}

/* One line, NUL-terminated; it becomes the map's name. */
static bool parse_line(char *line, struct ptl_map *map)
{
	static const char deleted[] = " (deleted)";
	const char *p = line;
	uint64_t major, minor;
	size_t n;

	if (!number(&p, 16, '-', &map->start) || !number(&p, 16, ' ', &map->end))
		return false;
	if (strnlen(p, 5) < 5 || p[4] != ' ')
		return false;
	memcpy(map->perms, p, 4);
	p += 5;
	if (!number(&p, 16, ' ', &map->offset) || !number(&p, 16, ':', &major) ||
		!number(&p, 16, ' ', &minor))
		return false;
	map->dev_major = (uint32_t)major;
	map->dev_minor = (uint32_t)minor;
	/* The inode is followed by the name, or by nothing at all. */
	if (!number(&p, 10, ' ', &map->inode) && !number(&p, 10, '\0', &map->inode))
		return false;
	if (p[-1]) {
		while (*p == ' ')
			p++;
		map->name = p;
	} else {
		map->name = p - 1;
	}
	n = strlen(map->name);
	if (n >= sizeof(deleted) - 1 && !strcmp(map->name + n - (sizeof(deleted) - 1), deleted)) {
		line[map->name - line + (ptrdiff_t)(n - (sizeof(deleted) - 1))] = '\0';
		map->deleted = true;
	}
	return map->start < map->end;
}

static int by_address(const void *a, const void *b)
{
	const struct ptl_map *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->name < y->name ? -1
				 : x->name > y->name; /* the names are in the order of reading */
}

/* Sorts, and cuts overlaps: the map that begins higher, or was read later, keeps its range. */
static bool put_in_order(struct pt_vec *maps)
{
	struct ptl_map *m = maps->data;
	bool torn = false;
	size_t kept = 0;

	for (size_t i = 1; i < maps->len && !torn; i++)
		torn = m[i].start < m[i - 1].end;
	if (!torn)
		return false;
	qsort(m, maps->len, sizeof(*m), by_address);
	for (size_t i = 0; i < maps->len; i++) {
		if (kept && m[kept - 1].end > m[i].start)
			m[kept - 1].end = m[i].start;
		if (kept && m[kept - 1].end == m[kept - 1].start)
			kept--;
		m[kept++] = m[i];
	}
	maps->len = kept;
	return true;
}

int pt_maps_parse(struct pt_buf *text, struct ptl_maps **ret_maps, bool *ret_torn)
{
	struct ptl_maps *maps = calloc(1, sizeof(*maps));
	char *line, *end, *last;

	if (!maps)
		return -ENOMEM;
	maps->maps = (struct pt_vec)PT_VEC_INIT(struct ptl_map);
	last = text->data ? text->data + text->len : NULL;
	for (line = text->data; line < last; line = end + 1) {
		struct ptl_map *map = pt_vec_push(&maps->maps);

		end = memchr(line, '\n', (size_t)(last - line));
		if (!map || !end) {
			ptl_maps_free(maps);
			return map ? -PTL_EBADDATA : -ENOMEM;
		}
		*end = '\0';
		if (!parse_line(line, map)) {
			ptl_maps_free(maps);
			return -PTL_EBADDATA;
		}
	}
	*ret_torn = put_in_order(&maps->maps);
	maps->text = *text;
	*text = (struct pt_buf)PT_BUF_INIT;
	*ret_maps = maps;
	return 0;
}

/* --- reading ------------------------------------------------------------------------ */

static int read_text(const char *path, struct pt_buf *text)
{
	PT_CLEANUP(pt_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	for (;;) {
		size_t room = 32768;
		char *to = pt_buf_reserve(text, room);
		ssize_t n;

		if (!to)
			return -ENOMEM;
		n = read(fd, to, room);
		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text->len += (size_t)n;
		text->data[text->len] = '\0';
		if (text->len > PT_MAPS_TEXT_MAX)
			return -PTL_ELIMIT;
	}
}

int pt_maps_read(pid_t pid, pid_t tid, struct ptl_maps **ret_maps)
{
	struct ptl_maps *maps;
	char path[64];
	bool torn;
	int r;

	if (tid)
		snprintf(path, sizeof(path), "/proc/%d/task/%d/maps", (int)pid, (int)tid);
	else
		snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	for (unsigned tries = 0;; tries++) {
		struct pt_buf text = PT_BUF_INIT;

		r = read_text(path, &text);
		if (r == 0)
			r = pt_maps_parse(&text, &maps, &torn);
		pt_buf_done(&text);
		if (r < 0)
			return r;
		if (!torn || tries == READ_AGAIN)
			break;
		ptl_maps_free(maps);
	}
	*ret_maps = maps;
	return 0;
}

/* --- public face ---------------------------------------------------------------------- */

int ptl_maps_read_pid(pid_t pid, struct ptl_maps **ret_maps)
{
	return pid > 0 ? pt_maps_read(pid, 0, ret_maps) : -ESRCH;
}

void ptl_maps_free(struct ptl_maps *maps)
{
	if (!maps)
		return;
	pt_vec_done(&maps->maps);
	pt_buf_done(&maps->text);
	free(maps);
}

size_t ptl_maps_count(const struct ptl_maps *maps)
{
	return maps->maps.len;
}

const struct ptl_map *ptl_maps_get(const struct ptl_maps *maps, size_t index)
{
	return index < maps->maps.len ? &PT_VEC_AT(&maps->maps, struct ptl_map, index) : NULL;
}

const struct ptl_map *ptl_maps_find(const struct ptl_maps *maps, uint64_t address)
{
	const struct ptl_map *m = maps->maps.data;
	size_t low = 0, high = maps->maps.len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (address < m[mid].start)
			high = mid;
		else if (address >= m[mid].end)
			low = mid + 1;
		else
			return &m[mid];
	}
	return NULL;
}
