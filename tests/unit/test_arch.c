/* SPDX-License-Identifier: MIT */
/* arch: the register tables hold together; values go in and out of images; calls are restarted; text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/user.h>

#include <pintle/pintle.h>
#include "arch/arch.h"
#include "base/base.h"

static const struct pt_arch *const both[] = {&pt_arch_x86_64, &pt_arch_i386};

/* The processor of an imaginary machine with everything but AMX, in Intel's places. */
static void full_leaf(unsigned component, uint32_t *ret_size, uint32_t *ret_offset)
{
	static const struct {
		uint32_t size, offset;
	} at[PT_COMPONENTS] = {
		[2] = {256, 576}, [3] = {64, 960}, [4] = {64, 1024}, [5] = {64, 1088}, [6] = {512, 1152},
		[7] = {1024, 1664}, [9] = {8, 2688}};

	*ret_size = at[component].size;
	*ret_offset = at[component].offset;
}
#define FULL_SIZE 2696

static void full_image(uint8_t *image, struct pt_layout *layout)
{
	uint64_t enabled = 0x2ff;

	memset(image, 0, FULL_SIZE);
	memcpy(image + 464, &enabled, 8);
	pt_layout_make(layout, image, FULL_SIZE, true, full_leaf);
}

static void finds_architectures(void **state)
{
	assert_ptr_equal(pt_arch_by_audit(0xc000003e), &pt_arch_x86_64);
	assert_ptr_equal(pt_arch_by_audit(0x40000003), &pt_arch_i386);
	assert_null(pt_arch_by_audit(0));
	assert_ptr_equal(pt_arch_by_general_size(216), &pt_arch_x86_64);
	assert_ptr_equal(pt_arch_by_general_size(68), &pt_arch_i386);
	assert_null(pt_arch_by_general_size(0));
}

static void tables_hold_together(void **state)
{
	for (size_t a = 0; a < PT_COUNTOF(both); a++) {
		const struct pt_arch *arch = both[a];

		assert_true(arch->general_size <= PT_GENERAL_MAX);
		for (size_t i = 0; i < arch->reg_count; i++) {
			const struct pt_reg *r = &arch->regs[i];
			unsigned sum = 0;

			for (unsigned k = 0; k < r->pieces; k++) {
				sum += r->piece[k].size;
				if (r->set == PT_SET_GENERAL)
					assert_true(r->piece[k].offset + r->piece[k].size <= arch->general_size);
			}
			assert_int_equal(sum, r->info.size);
			assert_true(r->info.size <= 64);
			/* A name finds its own row, unless it is a synonym for a role; names and DWARF numbers are unique. */
			if (strcmp(r->info.name, "sp") && strcmp(r->info.name, "flags"))
				assert_ptr_equal(pt_arch_find_reg(arch, r->info.name), r);
			for (size_t k = 0; k < i; k++)
				assert_true(r->info.dwarf < 0 || r->info.dwarf != arch->regs[k].info.dwarf);
			assert_ptr_equal(pt_arch_own_reg(arch, &r->info), r);
			assert_null(pt_arch_own_reg(both[!a], &r->info));
		}
		assert_null(pt_arch_find_reg(arch, "nonsense"));
		assert_null(pt_arch_find_reg(arch, ""));
		assert_null(pt_arch_own_reg(arch, (const void *)((const char *)arch->regs + 1)));
	}
}

static void agrees_with_the_c_library(void **state)
{
	struct user_regs_struct u;
	uint8_t *p = (uint8_t *)&u;
	static const struct {
		const char *name;
		size_t offset;
	} want[] = {
#define F(name) {#name, offsetof(struct user_regs_struct, name)}
		F(rax), F(rbx), F(rcx), F(rdx), F(rsi), F(rdi), F(rbp), F(rsp), F(r8), F(r9), F(r10), F(r11),
		F(r12), F(r13), F(r14), F(r15), F(rip), F(cs), F(ss), F(ds), F(es), F(fs), F(gs), F(fs_base),
		F(gs_base), F(orig_rax), {"rflags", offsetof(struct user_regs_struct, eflags)},
		{"pc", offsetof(struct user_regs_struct, rip)}, {"SP", offsetof(struct user_regs_struct, rsp)}};

	assert_int_equal(sizeof(u), pt_arch_x86_64.general_size);
	assert_int_equal(offsetof(struct user, u_debugreg), pt_arch_x86_64.debug_offset);
	for (size_t i = 0; i < PT_COUNTOF(want); i++) {
		const struct pt_reg *r = pt_arch_find_reg(&pt_arch_x86_64, want[i].name);
		uint64_t v = 0, in = UINT64_C(0x1122334455667788);

		assert_non_null(r);
		memset(&u, 0xee, sizeof(u));
		memcpy(p + want[i].offset, &in, 8);
		assert_true(pt_reg_get(r, NULL, &u, sizeof(u), &v));
		assert_true(v == (r->info.size == 8 ? in : 0x7788));
	}
}

static void parts_of_registers(void **state)
{
	static const struct {
		const char *name;
		uint64_t value;
	} want[] = {{"rax", UINT64_C(0x1122334455667788)}, {"eax", 0x55667788}, {"ax", 0x7788}, {"al", 0x88},
		{"ah", 0x77}, {"AH", 0x77}};
	uint8_t general[216] = {0};
	uint64_t v;

	pt_role_put(&pt_arch_x86_64, general, PT_ROLE_RET, want[0].value);
	for (size_t i = 0; i < PT_COUNTOF(want); i++) {
		v = 0;
		assert_true(pt_reg_get(pt_arch_find_reg(&pt_arch_x86_64, want[i].name), NULL, general,
			sizeof(general), &v));
		assert_true(v == want[i].value);
	}
	v = 0xab;
	assert_true(pt_reg_put(pt_arch_find_reg(&pt_arch_x86_64, "ah"), NULL, general, sizeof(general), &v));
	assert_true(pt_role_get(&pt_arch_x86_64, general, PT_ROLE_RET) == UINT64_C(0x112233445566ab88));
	/* An image that is too short has no such register. */
	assert_false(pt_reg_get(pt_arch_find_reg(&pt_arch_x86_64, "gs"), NULL, general, 208, &v));
	assert_true(pt_reg_get(pt_arch_find_reg(&pt_arch_x86_64, "gs"), NULL, general, 210, &v));
}

static void vectors(void **state)
{
	static uint8_t image[FULL_SIZE];
	struct pt_layout layout;
	uint8_t value[64], back[64];
	uint64_t in_use;

	full_image(image, &layout);
	for (unsigned i = 0; i < 64; i++)
		value[i] = (uint8_t)(i + 1);
	assert_true(pt_reg_put(pt_arch_find_reg(&pt_arch_x86_64, "zmm3"), &layout, image, sizeof(image), value));
	assert_memory_equal(image + 160 + 48, value, 16);
	assert_memory_equal(image + 576 + 48, value + 16, 16);
	assert_memory_equal(image + 1152 + 96, value + 32, 32);
	memcpy(&in_use, image + 512, 8);
	assert_int_equal(in_use, 1 << 1 | 1 << 2 | 1 << 6);
	assert_true(pt_reg_get(pt_arch_find_reg(&pt_arch_x86_64, "ymm3"), &layout, image, sizeof(image), back));
	assert_memory_equal(back, value, 32);
	assert_true(pt_reg_put(pt_arch_find_reg(&pt_arch_x86_64, "xmm31"), &layout, image, sizeof(image), value));
	assert_memory_equal(image + 1664 + 15 * 64, value, 16);
	assert_true(pt_reg_put(pt_arch_find_reg(&pt_arch_x86_64, "pkru"), &layout, image, sizeof(image), value));
	assert_memory_equal(image + 2688, value, 4);
	assert_true(pt_reg_put(pt_arch_find_reg(&pt_arch_x86_64, "k7"), &layout, image, sizeof(image), value));
	assert_memory_equal(image + 1088 + 56, value, 8);
	memcpy(&in_use, image + 512, 8);
	assert_int_equal(in_use, 1 << 1 | 1 << 2 | 1 << 6 | 1 << 7 | 1 << 9 | 1 << 5);
}

static void lesser_machines(void **state)
{
	static uint8_t image[FULL_SIZE];
	struct pt_layout layout;
	uint64_t enabled = 7;
	uint8_t value[64];
	const struct pt_reg *ymm = pt_arch_find_reg(&pt_arch_i386, "ymm7"),
			    *zmm = pt_arch_find_reg(&pt_arch_i386, "zmm7"),
			    *xmm = pt_arch_find_reg(&pt_arch_i386, "xmm7");

	memcpy(image + 464, &enabled, 8);
	pt_layout_make(&layout, image, 832, true, full_leaf);
	assert_true(pt_reg_present(ymm, &layout));
	assert_false(pt_reg_present(zmm, &layout));
	assert_false(pt_reg_get(zmm, &layout, image, 832, value));
	/* What does not fit the image is not there, whatever the processor says. */
	pt_layout_make(&layout, image, 831, true, full_leaf);
	assert_false(pt_reg_present(ymm, &layout));
	assert_true(pt_reg_present(xmm, &layout));
	/* The fallback: no header, so nothing is marked. */
	memset(image, 0, sizeof(image));
	memset(value, 0x5a, sizeof(value));
	pt_layout_make(&layout, image, 512, false, full_leaf);
	assert_false(pt_reg_present(ymm, &layout));
	assert_true(pt_reg_put(xmm, &layout, image, 512, value));
	assert_int_equal(image[512], 0);
	/* Nothing at all. */
	pt_layout_make(&layout, image, 0, true, full_leaf);
	assert_false(pt_reg_present(xmm, &layout));
	assert_false(pt_reg_present(xmm, NULL));
	assert_false(pt_reg_get(xmm, NULL, image, 512, value));
}

static void roles_of_i386(void **state)
{
	uint8_t general[68] = {0};

	pt_role_put(&pt_arch_i386, general, PT_ROLE_NR, (uint64_t)-1);
	assert_true(pt_role_get_signed(&pt_arch_i386, general, PT_ROLE_NR) == -1);
	assert_true(pt_role_get(&pt_arch_i386, general, PT_ROLE_NR) == 0xffffffff);
	pt_role_put(&pt_arch_i386, general, PT_ROLE_PC, 0x8048000);
	assert_int_equal(general[48] | general[49] << 8 | general[50] << 16 | general[51] << 24, 0x8048000);
}

static void restarts_only_what_it_may(void **state)
{
	static const struct {
		const struct pt_arch *task, *call;
		int64_t nr, ret;
		bool restarted;
	} cases[] = {
		{&pt_arch_x86_64, &pt_arch_x86_64, 232, -EINTR, true},	/* epoll_wait */
		{&pt_arch_x86_64, &pt_arch_x86_64, 232, 0, false},
		{&pt_arch_x86_64, &pt_arch_x86_64, 232, -512, false},	/* the kernel does it */
		{&pt_arch_x86_64, &pt_arch_x86_64, 3, -EINTR, false},	/* close: it is closed */
		{&pt_arch_x86_64, &pt_arch_x86_64, -1, -EINTR, false},	/* in no call */
		{&pt_arch_x86_64, &pt_arch_x86_64, 256, -EINTR, false}, /* migrate_pages */
		{&pt_arch_x86_64, &pt_arch_i386, 256, -EINTR, true},	/* int 0x80 in 64-bit code: epoll_wait */
		{&pt_arch_i386, &pt_arch_i386, 256, -EINTR, true},
		{&pt_arch_i386, &pt_arch_i386, 6, -EINTR, false}, /* close */
		{&pt_arch_i386, &pt_arch_i386, -1, -EINTR, false},
	};

	for (size_t i = 0; i < PT_COUNTOF(cases); i++) {
		uint8_t general[PT_GENERAL_MAX] = {0}, before[PT_GENERAL_MAX];
		const struct pt_arch *task = cases[i].task;

		pt_role_put(task, general, PT_ROLE_PC, 0x401002);
		pt_role_put(task, general, PT_ROLE_NR, (uint64_t)cases[i].nr);
		pt_role_put(task, general, PT_ROLE_RET, (uint64_t)cases[i].ret);
		memcpy(before, general, sizeof(before));
		assert_int_equal(pt_arch_restart_eintr(task, cases[i].call, general), cases[i].restarted);
		if (!cases[i].restarted) {
			assert_memory_equal(before, general, sizeof(before));
			continue;
		}
		assert_int_equal(pt_role_get(task, general, PT_ROLE_PC), 0x401002);
		assert_true(pt_role_get_signed(task, general, PT_ROLE_RET) == -514); /* ERESTARTNOHAND */
		assert_int_equal(pt_role_get(task, general, PT_ROLE_NR), cases[i].nr);
	}
	assert_true(pt_result_is_restart(-516));
	assert_false(pt_result_is_restart(-515));
	assert_false(pt_result_is_restart(512));
	assert_true(pt_arch_uses_restart_block(&pt_arch_x86_64, 35));
	assert_false(pt_arch_uses_restart_block(&pt_arch_x86_64, 39));
}

static void check_text(const char *name, const char *text, int result, const char *shown)
{
	const struct ptl_reg_info *reg = &pt_arch_find_reg(&pt_arch_x86_64, name)->info;
	struct ptl_text t = PTL_TEXT_INIT;
	uint8_t value[64];

	memset(value, 0xee, sizeof(value));
	assert_int_equal(ptl_reg_parse(reg, text, value), result);
	if (result == 0) {
		ptl_reg_format(&t, reg, value);
		assert_string_equal(t.data, shown);
	}
	for (size_t i = result ? 0 : reg->size; i < sizeof(value); i++)
		assert_int_equal(value[i], 0xee);
	ptl_text_done(&t);
}

static void text(void **state)
{
	check_text("rax", "0", 0, "0x0");
	check_text("rax", "18446744073709551615", 0, "0xffffffffffffffff");
	check_text("rax", "18446744073709551616", -PTL_EREGSIZE, NULL);
	check_text("rax", "-1", 0, "0xffffffffffffffff");
	check_text("rax", "-9223372036854775809", -PTL_EREGSIZE, NULL);
	check_text("rax", "0x00000000000000000001f", 0, "0x1f");
	check_text("rax", "0x1ffffffffffffffff", -PTL_EREGSIZE, NULL);
	check_text("al", "-128", 0, "0x80");
	check_text("al", "-129", -PTL_EREGSIZE, NULL);
	check_text("al", "255", 0, "0xff");
	check_text("al", "256", -PTL_EREGSIZE, NULL);
	check_text("rax", "", -EINVAL, NULL);
	check_text("rax", "-", -EINVAL, NULL);
	check_text("rax", "0x", -EINVAL, NULL);
	check_text("rax", "12a", -EINVAL, NULL);
	check_text("rax", " 1", -EINVAL, NULL);
	check_text("rflags", "0x246", 0, "0x246 [PF ZF IF]");
	check_text("rflags", "0", 0, "0x0 []");
	check_text("mxcsr", "0x1f80", 0, "0x1f80 [IM DM ZM OM UM PM]");
	check_text("xmm0", "0x102", 0, "0x00000000000000000000000000000102");
	check_text("xmm0", "-2", 0, "0xfffffffffffffffffffffffffffffffe");
	check_text("st0", "1", 0, "1 (raw 0x3fff8000000000000000)");
	check_text("st0", "-2.5", 0, "-2.5 (raw 0xc000a000000000000000)");
	check_text("st0", "0x3fff8000000000000000", 0, "1 (raw 0x3fff8000000000000000)");
	check_text("st0", "0x3fff4000000000000000", 0, "invalid (raw 0x3fff4000000000000000)");
	check_text("st0", "inf", 0, "inf (raw 0x7fff8000000000000000)");
	check_text("st0", "-nan", 0, "-nan (raw 0xffffc000000000000000)");
	check_text("st0", "0", 0, "0 (raw 0x00000000000000000000)");
	check_text("st0", "3e-4951", 0, "3.6451995318824746e-4951 (raw 0x00000000000000000001)");
	check_text("st0", "1e9999", -PTL_EREGSIZE, NULL);
	check_text("st0", "one", -EINVAL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_architectures), cmocka_unit_test(tables_hold_together),
		cmocka_unit_test(agrees_with_the_c_library), cmocka_unit_test(parts_of_registers),
		cmocka_unit_test(vectors), cmocka_unit_test(lesser_machines), cmocka_unit_test(roles_of_i386),
		cmocka_unit_test(restarts_only_what_it_may), cmocka_unit_test(text)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
