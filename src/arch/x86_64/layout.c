/* SPDX-License-Identifier: MIT */
/*
 * x86: where the components of an XSAVE image are.
 *
 * The image's own sizes are asked, never assumed: which components there are comes from the image
 * (the kernel puts XCR0 into it for tracers), where each begins from the processor (CPUID leaf
 * 0xD), because that differs by machine. The first two are the legacy area, whose offsets are
 * absolute.
 */
#include "arch/x86_64/x86.h"

#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

void pt_layout_make(struct pt_layout *ret_layout, const void *image, size_t n, bool sparse,
	void (*leaf)(unsigned component, uint32_t *ret_size, uint32_t *ret_offset))
{
	uint64_t enabled = 0;

	memset(ret_layout, 0, sizeof(*ret_layout));
	ret_layout->size = (uint32_t)n;
	ret_layout->sparse = sparse && n >= X86_HEADER_END;
	if (n < X86_LEGACY_SIZE)
		return;
	ret_layout->present = 1 << X86_X87 | 1 << X86_SSE;
	ret_layout->at[X86_X87].size = ret_layout->at[X86_SSE].size = X86_LEGACY_SIZE;
	if (!ret_layout->sparse)
		return;
	memcpy(&enabled, (const uint8_t *)image + X86_XCR0_OFFSET, sizeof(enabled));
	for (unsigned i = 2; i < PT_COMPONENTS; i++) {
		uint32_t size = 0, offset = 0;

		if (!(enabled >> i & 1))
			continue;
		leaf(i, &size, &offset);
		if (!size || offset < X86_HEADER_END || offset > n || size > n - offset)
			continue;
		ret_layout->at[i].size = size;
		ret_layout->at[i].offset = offset;
		ret_layout->present |= UINT64_C(1) << i;
	}
}

static void native_leaf(unsigned component, uint32_t *ret_size, uint32_t *ret_offset)
{
#if defined(__x86_64__) || defined(__i386__)
	unsigned a, b, c, d;

	if (__get_cpuid_count(0xd, component, &a, &b, &c, &d)) {
		*ret_size = a;
		*ret_offset = b;
	}
#endif
}

void pt_layout_native(struct pt_layout *ret_layout, const void *image, size_t n, bool sparse)
{
	pt_layout_make(ret_layout, image, n, sparse, native_leaf);
}
