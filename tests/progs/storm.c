/* SPDX-License-Identifier: MIT */
/*
 * Makes N children or threads, each of which makes one getpriority() call whose second argument numbers it, and ends; at
 * most 32 of them live at a time. Prints how many it made. storm forks|threads|mixed N
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ALIVE = 32 };

static void mark(long i)
{
	syscall(SYS_getpriority, 12345, i); /* an invalid `which`: fails, and nothing else makes it */
}

static void *thread(void *arg)
{
	mark((long)arg);
	return NULL;
}

static int forks(int n)
{
	int alive = 0, i;

	for (i = 0; i < n; i++) {
		pid_t p = fork();

		if (p < 0)
			return 1;
		if (p == 0) {
			mark(i);
			_exit(0);
		}
		if (++alive == ALIVE) {
			wait(NULL);
			alive--;
		}
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

static int threads(int n)
{
	pthread_t t[ALIVE];
	int i, k;

	for (i = 0; i < n; i += ALIVE) {
		int some = n - i < ALIVE ? n - i : ALIVE;

		for (k = 0; k < some; k++)
			if (pthread_create(&t[k], NULL, thread, (void *)(long)(i + k)))
				return 1;
		for (k = 0; k < some; k++)
			pthread_join(t[k], NULL);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 0;

	if (n <= 0)
		return 2;
	if (!strcmp(argv[1], "forks") ? forks(n) : threads(n))
		return 1;
	printf("%d made\n", n);
	return 0;
}
