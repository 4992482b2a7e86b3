/* SPDX-License-Identifier: MIT */
/* maps: the parser of /proc/PID/maps on sound, torn and malformed text, and on this process. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "os/linux/maps.h"

static int parse(const char *text, struct ptl_maps **maps, bool *torn)
{
	struct pt_buf b = PT_BUF_INIT;
	int r;

	pt_buf_puts(&b, text);
	r = pt_maps_parse(&b, maps, torn);
	pt_buf_done(&b);
	return r;
}

static void sound_lines(void **state)
{
	struct ptl_maps *maps;
	const struct ptl_map *m;
	bool torn;

	assert_int_equal(parse("00400000-00401000 r-xp 00001000 fe:0a 4711   /tmp/a b\\012c\n"
			       "7f0000000000-7f0000002000 rw-s 00000000 00:01 99   /dev/zero (deleted)\n"
			       "7f0000002000-7f0000003000 ---p 00000000 00:00 0 \n"
			       "7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0   [stack]\n"
			       "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0    [vsyscall]\n",
				 &maps, &torn), 0);
	assert_false(torn);
	assert_int_equal(ptl_maps_count(maps), 5);
	m = ptl_maps_get(maps, 0);
	assert_true(m->start == 0x400000 && m->end == 0x401000 && m->offset == 0x1000);
	assert_true(m->dev_major == 0xfe && m->dev_minor == 10 && m->inode == 4711 && !m->deleted);
	assert_string_equal(m->perms, "r-xp");
	assert_string_equal(m->name, "/tmp/a b\\012c");
	m = ptl_maps_get(maps, 1);
	assert_string_equal(m->name, "/dev/zero");
	assert_true(m->deleted);
	assert_string_equal(ptl_maps_get(maps, 2)->name, "");
	assert_null(ptl_maps_get(maps, 5));
	assert_null(ptl_maps_find(maps, 0x3fffff));
	assert_ptr_equal(ptl_maps_find(maps, 0x400000), ptl_maps_get(maps, 0));
	assert_ptr_equal(ptl_maps_find(maps, 0x400fff), ptl_maps_get(maps, 0));
	assert_null(ptl_maps_find(maps, 0x401000));
	assert_ptr_equal(ptl_maps_find(maps, 0x7f0000002000), ptl_maps_get(maps, 2));
	assert_ptr_equal(ptl_maps_find(maps, 0xffffffffff600fff), ptl_maps_get(maps, 4));
	assert_null(ptl_maps_find(maps, UINT64_MAX));
	ptl_maps_free(maps);
}

static void no_lines(void **state)
{
	struct ptl_maps *maps;
	bool torn;

	assert_int_equal(parse("", &maps, &torn), 0);
	assert_int_equal(ptl_maps_count(maps), 0);
	assert_null(ptl_maps_find(maps, 0));
	ptl_maps_free(maps);
	ptl_maps_free(NULL);
}

static void torn_lines(void **state)
{
	struct ptl_maps *maps;
	bool torn;

	/* A map was split after its first half had been read, and one came twice. */
	assert_int_equal(parse("1000-5000 rw-p 00000000 00:00 0 \n"
			       "3000-5000 r--p 00000000 00:00 0 \n"
			       "8000-9000 r--p 00000000 00:00 0 \n"
			       "8000-9000 rw-p 00000000 00:00 0 \n",
				 &maps, &torn), 0);
	assert_true(torn);
	assert_int_equal(ptl_maps_count(maps), 3);
	assert_true(ptl_maps_get(maps, 0)->start == 0x1000 && ptl_maps_get(maps, 0)->end == 0x3000);
	assert_true(ptl_maps_get(maps, 1)->start == 0x3000 && ptl_maps_get(maps, 1)->end == 0x5000);
	assert_string_equal(ptl_maps_get(maps, 2)->perms, "rw-p");
	ptl_maps_free(maps);
}

static void malformed_lines(void **state)
{
	static const char *const bad[] = {"x\n", "\n", "1000-2000 r-xp 0 00:00 0", "1000-2000\n",
		"2000-1000 r-xp 00000000 00:00 0 \n", "1000-1000 r-xp 00000000 00:00 0 \n",
		"1000-2000 r-x\n", "1000-2000 r-xpp00000000 00:00 0 \n", "1000-2000 r-xp 00000000 00-00 0 \n",
		"1000-2000 r-xp 00000000 00:00 x \n", "10000000000000000-2 r-xp 00000000 00:00 0 \n",
		"1000-2000 r-xp 00000000 00:00 99999999999999999999999 \n"};
	struct ptl_maps *maps;
	bool torn;

	for (size_t i = 0; i < PT_COUNTOF(bad); i++)
		assert_int_equal(parse(bad[i], &maps, &torn), -PTL_EBADDATA);
}

static void own_maps(void **state)
{
	struct ptl_maps *maps;
	const struct ptl_map *m;
	int on_stack;

	assert_int_equal(ptl_maps_read_pid(getpid(), &maps), 0);
	m = ptl_maps_find(maps, (uint64_t)(uintptr_t)&on_stack);
	assert_non_null(m);
	assert_string_equal(m->name, "[stack]");
	m = ptl_maps_find(maps, (uint64_t)(uintptr_t)own_maps);
	assert_non_null(m);
	assert_int_equal(m->perms[2], 'x');
	ptl_maps_free(maps);
	assert_int_equal(pt_maps_read(getpid(), getpid(), &maps), 0);
	assert_non_null(ptl_maps_find(maps, (uint64_t)(uintptr_t)&on_stack));
	ptl_maps_free(maps);
	assert_int_equal(ptl_maps_read_pid(0, &maps), -ESRCH);
	assert_int_equal(ptl_maps_read_pid(-1, &maps), -ESRCH);
	assert_int_equal(ptl_maps_read_pid(0x7fffffff, &maps), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sound_lines), cmocka_unit_test(no_lines),
		cmocka_unit_test(torn_lines), cmocka_unit_test(malformed_lines), cmocka_unit_test(own_maps)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
