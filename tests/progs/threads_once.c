/* SPDX-License-Identifier: MIT */
/* Three threads, one after the other, each of which makes a few calls and is joined: the same calls in the same order each time. */
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *work(void *arg)
{
	const char *text = arg;

	syscall(SYS_getppid);
	return write(1, text, strlen(text)) < 0 ? arg : NULL;
}

int main(void)
{
	static char *const texts[] = {"one\n", "two\n", "three\n"};
	pthread_t t;
	int i;

	for (i = 0; i < 3; i++)
		if (pthread_create(&t, NULL, work, texts[i]) || pthread_join(t, NULL))
			return 1;
	return 0;
}
