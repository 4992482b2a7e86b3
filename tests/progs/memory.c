/* SPDX-License-Identifier: MIT */
/*
 * Has things in its memory, says where, and sleeps until its word is no longer 42, which becomes its exit status. With an
 * argument, that file is mapped too. Needles are made at run time, so that none is in its file.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, BLOCK = 1 << 20 };

static volatile int word = 42;

static void *map(size_t n, int flags)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED)
		exit(99);
	return p;
}

static void needle(char *to)
{
	memcpy(to, "zeedle", 6);
	*to = 'n';
}

static void *sleeper(void *arg)
{
	for (;;)
		pause();
	return arg;
}

int main(int argc, char **argv)
{
	struct timespec nap = {0, 20000000};
	size_t far_size = (size_t)(sizeof(void *) > 4 ? UINT64_C(1) << 40 : 64 << 20);
	char *block, *hidden, *end, *far;
	pthread_t t;

	if (argc > 1) {
		int fd = open(argv[1], O_RDONLY);

		if (fd < 0 || mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
			return 98;
	}
	block = map(BLOCK, 0);
	hidden = map(PAGE, 0);
	end = map(2 * PAGE, 0);
	far = map(far_size, MAP_NORESERVE);
	for (size_t i = 0; i < BLOCK; i++)
		block[i] = (char)(i >> 8 ^ i);
	memset(block + 8192, 0, 8192);
	memset(block + 100, 'a', 7);
	needle(block + (256 << 10) - 3); /* across a border of any power of two */
	needle(block + 5 * PAGE - 1);
	needle(hidden + 16);
	needle(end + PAGE - 6);
	needle(far + far_size / 2);
	mprotect(hidden, PAGE, PROT_NONE);
	pthread_create(&t, NULL, sleeper, NULL);
	munmap(end + PAGE, PAGE); /* last, so that nothing takes its place */
	printf("{\"word\": %ju, \"block\": %ju, \"hidden\": %ju, \"end\": %ju, \"far\": %ju, \"far_size\": %ju, \"main\": %ju}\n",
		(uintmax_t)(uintptr_t)&word, (uintmax_t)(uintptr_t)block, (uintmax_t)(uintptr_t)hidden, (uintmax_t)(uintptr_t)end,
		(uintmax_t)(uintptr_t)far, (uintmax_t)far_size, (uintmax_t)(uintptr_t)main);
	fflush(stdout);
	while (word == 42)
		nanosleep(&nap, NULL);
	return word & 255;
}
