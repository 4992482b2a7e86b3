/* SPDX-License-Identifier: MIT */
/*
 * The program that is traced: makes one kind of system call N times and prints what one took it, in ns.
 *
 *	calls getppid|openat|mix|spin N
 *
 * mix: openat of a missing file, read and write of a byte, fstat, getppid. spin: N rounds of a loop of four instructions, no call.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	long n = argc > 2 ? atol(argv[2]) : 0, i, calls = n;
	int in = open("/dev/zero", O_RDONLY | O_CLOEXEC), out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	volatile long sink __attribute__((unused)) = 0; /* keeps the loop of no calls */
	struct stat st;
	char byte = 'x';
	double t;

	if (n <= 0)
		return 2;
	t = now();
	if (!strcmp(argv[1], "getppid")) {
		for (i = 0; i < n; i++)
			syscall(SYS_getppid);
	} else if (!strcmp(argv[1], "openat")) {
		for (i = 0; i < n; i++)
			open("/usr/share/no/such/file/as/this", O_RDONLY | O_CLOEXEC);
	} else if (!strcmp(argv[1], "mix")) {
		for (i = 0; i < n; i += 5) {
			open("/usr/share/no/such/file/as/this", O_RDONLY | O_CLOEXEC);
			if (read(in, &byte, 1) != 1 || write(out, &byte, 1) != 1 || fstat(in, &st))
				return 1;
			syscall(SYS_getppid);
		}
		calls = i;
	} else {
		for (i = 0; i < n; i++)
			sink += i;
	}
	t = now() - t;
	printf("%.1f\n", t / (double)calls);
	return 0;
}
