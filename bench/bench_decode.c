/* SPDX-License-Identifier: MIT */
/*
 * What decoding costs without a tracee: calls per second and nanoseconds for each of a dozen typical
 * calls, entry, exit and result, on memory that is a plain copy.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <pintle/decode.h>

static int64_t read_plain(void *arg, uint64_t addr, void *buf, size_t n)
{
	(void)arg;
	memcpy(buf, (const void *)(uintptr_t)addr, n);
	return (int64_t)n;
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

#define P(x) (uint64_t)(uintptr_t)(x)

int main(int argc, char **argv)
{
	static char page[8192], path[512] = "/usr/lib/x86_64-linux-gnu/libc.so.6";
	static struct stat st = {.st_mode = S_IFREG | 0644, .st_size = 123456};
	static struct pollfd fds[2] = {{3, POLLIN, POLLIN}, {4, POLLIN, 0}};
	static const struct timespec ts = {1, 500};
	static uint64_t act[4] = {0x401000, 0x14000000, 0x402000, 2};
	static const struct {
		const char *name;
		uint64_t args[6];
		int64_t rval;
	} calls[] = {
		{"read", {3, P(page), 4096}, 832},
		{"write", {1, P(page), 60}, 60},
		{"close", {3}, 0},
		{"openat", {(uint64_t)-100, P(path), O_RDONLY | O_CLOEXEC}, 3},
		{"openat", {(uint64_t)-100, P(path), O_RDWR | O_CREAT | O_TRUNC, 0644}, -2},
		{"newfstatat", {3, P(""), P(&st), 0x1000}, 0},
		{"mmap", {0, 8192, 3, 0x22, (uint64_t)-1, 0}, 0x7f0123456000},
		{"mprotect", {0x7f0123456000, 4096, 1}, 0},
		{"rt_sigaction", {2, P(act), 0, 8}, 0},
		{"futex", {0x7f0123456000, 0x80, 2, P(&ts)}, 0},
		{"poll", {P(fds), 2, 1000}, 1},
		{"getpid", {0}, 4711},
	};
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 200000, r;
	struct ptl_decode_options options = {.max_string = 32};
	struct ptl_memory mem = {read_plain, NULL};
	struct ptl_text out = PTL_TEXT_INIT;
	struct ptl_decode_state state = {{0}};
	struct ptl_decoder *d;
	double total = 0;
	size_t i;

	memset(page, 'x', sizeof(page));
	if (ptl_decoder_new(&options, &d) < 0)
		return 1;
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		struct ptl_call call = {.arch = PTL_ARCH_X86_64, .rval = calls[i].rval, .has_result = true};
		double t;

		call.nr = (uint64_t)ptl_call_find(PTL_ABI_X86_64, calls[i].name);
		call.is_error = call.rval < 0;
		memcpy(call.args, calls[i].args, sizeof(call.args));
		t = now_ns();
		for (r = 0; r < rounds; r++) {
			ptl_text_clear(&out);
			if (ptl_decode_entry(d, &state, &call, &mem, NULL, &out) < 0 ||
				ptl_decode_exit(d, &state, &call, &mem, NULL, &out) < 0 ||
				ptl_decode_result(d, &state, &call, &mem, NULL, &out) < 0)
				return 1;
		}
		t = (now_ns() - t) / (double)rounds;
		total += t;
		printf("decode %-14s %6.0f ns  %s\n", calls[i].name, t, out.data);
	}
	total /= (double)(sizeof(calls) / sizeof(*calls));
	printf("decode mean           %6.0f ns, %.2f million calls a second\n", total, 1000 / total);
	ptl_text_done(&out);
	ptl_decoder_free(d);
	return 0;
}
