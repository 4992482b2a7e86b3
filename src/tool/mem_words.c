/* SPDX-License-Identifier: MIT */
/* pintle mem: what the words of its command line mean, and how addresses and bytes are shown. See mem.h. */
#include "tool/mem.h"

#include <ctype.h>
#include <string.h>

/* --- numbers and addresses ---------------------------------------------------------------- */

bool mem_number(const char *text, uint64_t *ret)
{
	return !(text[0] == '0' && isdigit((unsigned char)text[1])) && pt_parse_u64(text, ret);
}

int mem_parse_size(const struct cmd_call *call, const char *text, uint64_t *ret)
{
	if (!mem_number(text, ret))
		return cmd_usage_error(
			call, "invalid size: '%s' (decimal, or hexadecimal with 0x)", text);
	if (!*ret)
		return cmd_usage_error(call, "a size of 0 bytes");
	return 0;
}

/* A word of nothing but hexadecimal digits is a forgotten 0x, not the name of a file. */
int mem_check_address(const struct cmd_call *call, const char *text)
{
	const char *plus = strrchr(text, '+');
	uint64_t v;

	if (!*text || *text == '+')
		return cmd_usage_error(call, "invalid address: '%s'", text);
	if (!mem_number(text, &v) && !text[strspn(text, "0123456789abcdefABCDEF")])
		return cmd_usage_error(
			call, "invalid address: '%s' (hexadecimal numbers begin with 0x)", text);
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && !mem_number(text, &v) && !plus)
		return cmd_usage_error(call, "invalid address: '%s'", text);
	return 0;
}

static const char *base_name(const struct ptl_map *map)
{
	const char *slash = map->name[0] == '/' ? strrchr(map->name, '/') : NULL;

	return slash ? slash + 1 : map->name;
}

static bool is_called(const struct ptl_map *map, const char *name, size_t n)
{
	const char *base = base_name(map);

	return n && ((strlen(map->name) == n && !memcmp(map->name, name, n)) ||
			    (strlen(base) == n && !memcmp(base, name, n)));
}

/* The lowest map of that name, 0 maps: NULL. *ret_other: one of another file that has the same last name. */
static const struct ptl_map *find_module(
	const struct ptl_maps *maps, const char *name, size_t n, const struct ptl_map **ret_other)
{
	const struct ptl_map *map, *found = NULL;

	*ret_other = NULL;
	for (size_t i = 0; (map = ptl_maps_get(maps, i)); i++) {
		if (!is_called(map, name, n))
			continue;
		if (!found)
			found = map;
		else if (strcmp(found->name, map->name))
			*ret_other = map;
	}
	return found;
}

int mem_find_address(struct mem_request *rq, const char *text, uint64_t *ret)
{
	const struct ptl_map *map, *other;
	const char *plus = strrchr(text, '+');
	uint64_t offset = 0;

	if (mem_number(text, ret))
		return 0;
	map = find_module(rq->maps, text, strlen(text), &other);
	if (!map && plus) { /* a name may have a '+' of its own: libstdc++.so.6 */
		if (!mem_number(plus + 1, &offset))
			return cmd_usage_error(rq->call, "invalid offset in '%s'", text);
		map = find_module(rq->maps, text, (size_t)(plus - text), &other);
	}
	if (!map)
		return cmd_error(rq->call, "nothing of that name is mapped in process %d: '%s'",
			(int)rq->pid, text);
	if (other)
		return cmd_error(
			rq->call, "'%s' means two files: %s and %s", text, map->name, other->name);
	if (__builtin_add_overflow(map->start, offset, ret))
		return cmd_error(rq->call, "'%s' lies behind the end of the address space", text);
	return 0;
}

void mem_name(
	struct pt_buf *to, const struct ptl_maps *maps, const struct ptl_map *map, uint64_t address)
{
	const struct ptl_map *first, *other;
	const char *name = base_name(map);

	if (!map->name[0])
		return;
	first = find_module(maps, name, strlen(name), &other);
	if (other) { /* two of one last name: in full */
		name = map->name;
		first = find_module(maps, name, strlen(name), &other);
	}
	pt_buf_puts(to, name);
	pt_buf_putc(to, '+');
	pt_buf_hex(to, address - (first ? first->start : map->start));
}

/* --- bytes -------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Of a quoted string, from behind its first quote to the last character: C's escapes. */
static bool parse_quoted(const char *p, const char *end, struct pt_buf *to)
{
	static const char from[] = "abfnrtve\\\"'", into[] = "\a\b\f\n\r\t\v\033\\\"'";

	while (p < end) {
		const char *known;
		unsigned v = 0, n = 0;

		if (*p == '"')
			return false;
		if (*p != '\\') {
			pt_buf_putc(to, *p++);
			continue;
		}
		if (++p == end)
			return false;
		known = strchr(from, *p);
		if (known) {
			pt_buf_putc(to, into[known - from]);
			p++;
			continue;
		}
		if (*p == 'x') {
			for (p++; p < end && n < 2 && hex_digit(*p) >= 0; p++, n++)
				v = v * 16 + (unsigned)hex_digit(*p);
		} else {
			for (; p < end && n < 3 && *p >= '0' && *p <= '7'; p++, n++)
				v = v * 8 + (unsigned)(*p - '0');
		}
		if (!n || v > 255)
			return false;
		pt_buf_putc(to, (char)v);
	}
	return true;
}

/* Pairs of digits, in the order of memory; blanks between the pairs. */
static bool parse_pairs(const char *p, struct pt_buf *to)
{
	while (*p) {
		if (*p == ' ') {
			p++;
			continue;
		}
		if (hex_digit(p[0]) < 0 || hex_digit(p[1]) < 0)
			return false;
		pt_buf_putc(to, (char)(hex_digit(p[0]) << 4 | hex_digit(p[1])));
		p += 2;
	}
	return true;
}

/* "u32:VALUE": a number of so many bits, lowest byte first as x86 has it. 1, 0: something else, -1: does not fit. */
static int parse_integer(const char *text, struct pt_buf *to)
{
	static const struct {
		const char *prefix;
		unsigned size;
	} kinds[] = {{"u8:", 1}, {"u16:", 2}, {"u32:", 4}, {"u64:", 8}};

	for (unsigned i = 0; i < PT_COUNTOF(kinds); i++) {
		size_t n = strlen(kinds[i].prefix);
		uint64_t v, most = UINT64_MAX >> (64 - 8 * kinds[i].size);
		bool negative = !strncmp(text, kinds[i].prefix, n) && text[n] == '-';

		if (strncmp(text, kinds[i].prefix, n))
			continue;
		if (!mem_number(text + n + negative, &v) || v > (negative ? most / 2 + 1 : most))
			return -1;
		v = negative ? -v : v;
		for (unsigned b = 0; b < kinds[i].size; b++)
			pt_buf_putc(to, (char)(v >> 8 * b));
		return 1;
	}
	return 0;
}

int mem_parse_bytes(const struct cmd_call *call, const char *text, struct pt_buf *to)
{
	size_t n = strlen(text);
	int integer = parse_integer(text, to);

	if (integer < 0)
		return cmd_usage_error(call, "'%s' is not a number of that size", text);
	if (!integer && text[0] == '"' &&
		!(n >= 2 && text[n - 1] == '"' && parse_quoted(text + 1, text + n - 1, to)))
		return cmd_usage_error(call, "not a quoted string: %s", text);
	if (!integer && !strncmp(text, "0x", 2))
		return cmd_usage_error(call,
			"'%s': bytes are written in the order of memory, without 0x; a number is "
			"u32:%s",
			text, text);
	if (!integer && text[0] != '"' && !parse_pairs(text, to))
		return cmd_usage_error(call,
			"'%s' is neither pairs of hexadecimal digits nor a string in double quotes "
			"nor a number u8:, u16:, "
			"u32:, u64:",
			text);
	return to->len ? 0 : cmd_usage_error(call, "no bytes given");
}

void mem_hex(struct pt_buf *to, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++) {
		pt_buf_putc(to, "0123456789abcdef"[p[i] >> 4]);
		pt_buf_putc(to, "0123456789abcdef"[p[i] & 15]);
	}
}

static void hexdump_line(struct pt_buf *to, uint64_t address, const unsigned char *p, size_t n)
{
	size_t from = to->len;

	pt_buf_printf(to, "%016llx ", (unsigned long long)address);
	for (size_t i = 0; i < n; i++) {
		pt_buf_puts(to, i && i % 8 == 0 ? "  " : " ");
		mem_hex(to, p + i, 1);
	}
	pt_buf_pad(to, 16 + 2 + 16 * 3 + 2, from);
	pt_buf_putc(to, '|');
	for (size_t i = 0; i < n; i++)
		pt_buf_putc(to, p[i] >= ' ' && p[i] <= '~' ? (char)p[i] : '.');
	pt_buf_puts(to, "|\n");
}

void mem_hexdump(
	struct pt_buf *to, struct mem_hexdump *h, uint64_t address, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0, row; i < n; i += row) {
		row = PT_MIN(n - i, sizeof(h->last));
		if (!h->verbose && h->any && row == sizeof(h->last) &&
			!memcmp(p + i, h->last, row)) {
			if (!h->starred)
				pt_buf_puts(to, "*\n");
			h->starred = true;
			continue;
		}
		hexdump_line(to, address + i, p + i, row);
		h->starred = false;
		h->any = row == sizeof(h->last);
		memcpy(h->last, p + i, row);
	}
}

/* --- JSON ------------------------------------------------------------------------------- */

void mem_json(struct pt_json *j, struct pt_buf *to, const char *kind)
{
	pt_json_init(j, to);
	pt_json_object(j);
	pt_json_key_int(j, "v", 1);
	pt_json_key_string(j, "kind", kind);
}

void mem_json_end(struct pt_json *j)
{
	pt_json_end(j);
	pt_buf_putc(j->out, '\n');
}
