/* SPDX-License-Identifier: MIT */
/*
 * The extended state is written in full length only (H104: a shorter write is EFAULT, whatever its
 * parts), and the kernel ignores what is written into a component whose bit in the image's header
 * is clear (H105). A task that has not used its vector registers yet gets values into them all the
 * same; one that has, shows what it loaded.
 */
#include "hold.h"
#include <cpuid.h>
#include <sys/mman.h>

static volatile unsigned char *shared; /* 64 bytes given to the tracee, 64 it gives back */

static bool has_avx(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE) && (c & bit_AVX);
}

/*
 * Loads ymm7 and xmm1, st0 = 1.5, then spins until told to go on, and stores both again. No call
 * between: nobody else touches the registers.
 */
static void load_and_spin(void *arg)
{
	bool avx = arg != NULL;
	static const double st = 1.5;

	__asm__ volatile("fldl %0" : : "m"(st));
	if (avx)
		__asm__ volatile("vmovdqu (%0), %%ymm7\n movdqu (%0), %%xmm1\n movb $1, 128(%0)\n"
				 "1: cmpb $0, 129(%0)\n je 1b\n vmovdqu %%ymm7, 64(%0)\n movdqu "
				 "%%xmm1, 96(%0)"
				 :
				 : "r"(shared)
				 : "memory", "xmm1", "xmm7");
	else
		__asm__ volatile("movdqu (%0), %%xmm7\n movdqu (%0), %%xmm1\n movb $1, 128(%0)\n"
				 "1: cmpb $0, 129(%0)\n je 1b\n movdqu %%xmm7, 64(%0)\n movdqu "
				 "%%xmm1, 96(%0)"
				 :
				 : "r"(shared)
				 : "memory", "xmm1", "xmm7");
	__asm__ volatile("fstp %st(0)");
}

/* Vector state in its initial configuration (vzeroall and fninit), then spins as above. */
static void spin_clean(void *arg)
{
	if (arg)
		__asm__ volatile("vzeroall");
	__asm__ volatile("fninit");
	__asm__ volatile("movb $1, 128(%0)\n1: cmpb $0, 129(%0)\n je 1b\n movdqu %%xmm9, 64(%0)"
			 :
			 : "r"(shared)
			 : "memory");
}

static void run(void (*body)(void *arg), bool avx, unsigned char want_first)
{
	const char *wide = avx ? "ymm7" : "xmm7";
	unsigned width = avx ? 32 : 16;
	const struct ptl_reg_info *reg;
	unsigned char v[64], back[64];
	struct ptl_session *s;
	struct ptl_event ev;
	struct ptl_task *t;
	pid_t pid;

	for (int i = 0; i < 64; i++)
		shared[i] = (unsigned char)(0x10 + i);
	memset((void *)(shared + 64), 0, 66);
	pid = spawn(body, avx ? "" : NULL);
	while (!shared[128])
		usleep(1000);
	CHECK(ptl_session_new(&s, 0) == 0);
	t = hold(s, pid, &ev);

	if (body == load_and_spin) {
		reg = ptl_reg_find(t, wide);
		CHECK(reg && reg->size == width);
		CHECK(ptl_reg_read(t, reg, v, width) == 0);
		CHECK(!memcmp(v, (void *)shared, width));
		reg = ptl_reg_find(t, "st0");
		CHECK(reg && ptl_reg_read(t, reg, v, 10) == 0);
		CHECK(!memcmp(v, "\0\0\0\0\0\0\0\xc0\xff\x3f", 10)); /* 1.5 */
		for (unsigned i = 0; i < width; i++)
			v[i] = (unsigned char)(0xa0 + i);
		CHECK(ptl_reg_write(t, ptl_reg_find(t, wide), v, width) == 0);
	}
	/* After fninit the x87 component is surely not in use; of the others, the C library may have used some. */
	if (body == spin_clean) {
		CHECK(ptl_set(t, "fctrl", 0x27f) == 0);
		reg = ptl_reg_find(t, "st3");
		CHECK(ptl_reg_parse(reg, "-2.5", v) == 0);
		CHECK(ptl_reg_write(t, reg, v, 10) == 0);
	}
	memset(back, 0x77, 16);
	reg = ptl_reg_find(t, "xmm9");
	CHECK(reg && ptl_reg_write(t, reg, back, 16) == 0);
	if (ptl_reg_find(t, "zmm20")) /* where there is AVX-512: a component in another place */
		CHECK(ptl_reg_write(t, ptl_reg_find(t, "zmm20"), (void *)shared, 64) == 0);
	CHECK(ptl_reg_flush(t) == 0);
	CHECK(ptl_reg_read(t, reg, v, 16) == 0 && !memcmp(v, back, 16));
	if (ptl_reg_find(t, "zmm20")) {
		CHECK(ptl_reg_read(t, ptl_reg_find(t, "zmm20"), v, 64) == 0);
		CHECK(!memcmp(v, (void *)shared, 64));
	}
	/* A value the processor would refuse is refused, by name, and nothing has changed. */
	CHECK(ptl_set(t, "mxcsr", 0xffffffff) == 0);
	memset(v, 0x11, 16);
	CHECK(ptl_reg_write(t, reg, v, 16) == 0);
	CHECK(ptl_reg_flush(t) == -PTL_EREGVALUE);
	CHECK(strstr(ptl_message(s), "mxcsr") != NULL);
	CHECK(ptl_reg_read(t, reg, v, 16) == 0 && !memcmp(v, back, 16));

	shared[129] = 1;
	CHECK(release(s, pid) == 0);
	ptl_session_free(s);
	CHECK(shared[64] == want_first);
	if (body == load_and_spin)
		CHECK(shared[96] == 0x10 && shared[111] == 0x1f); /* xmm1 was not touched */
}

int main(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	run(load_and_spin, has_avx(), 0xa0);
	run(spin_clean, has_avx(), 0x77);
	if (!has_avx())
		printf("no AVX here: SSE alone was checked\n");
	return 0;
}
