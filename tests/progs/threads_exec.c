/* SPDX-License-Identifier: MIT */
/* Two threads wait, a third one executes a program: what becomes of the others is the tracer's to tell. */
#include <pthread.h>
#include <unistd.h>

static int gate[2];

static void *waits(void *arg)
{
	char c = 0;

	if (write(gate[1], "", 1) == 1) /* it is there */
		for (;;)
			pause();
	return arg + c;
}

static void *executes(void *arg)
{
	char c;

	if (read(gate[0], &c, 1) == 1)
		execl("/bin/true", "true", (char *)NULL);
	return arg;
}

int main(void)
{
	pthread_t a, b;

	if (pipe(gate) || pthread_create(&a, NULL, waits, NULL) || pthread_create(&b, NULL, executes, NULL))
		return 1;
	for (;;)
		pause();
}
