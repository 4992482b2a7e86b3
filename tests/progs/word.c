/* SPDX-License-Identifier: MIT */
/* Prints the address of a word, and ends with its low byte as exit status once somebody else has changed it from 0x1122334455667788. */
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <signal.h>
#include <time.h>

static volatile uint64_t word = 0x1122334455667788;

int main(void)
{
	struct timespec nap = {0, 1000000};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	printf("%#lx\n", (unsigned long)&word);
	fflush(stdout);
	while (word == 0x1122334455667788)
		nanosleep(&nap, NULL);
	return (int)(word & 0x7f);
}
