/* SPDX-License-Identifier: MIT */
/*
 * A memory editor: poke PID ADDRESS [VALUE] attaches, shows the word (8 bytes) there, writes a new one, reads it back, and
 * lets the process go on as if nothing had been.
 */
#include <inttypes.h>
#include <pintle/pintle.h>
#include <stdio.h>
#include <stdlib.h>

static int show(struct ptl_task *task, uint64_t address)
{
	uint64_t word;
	int64_t n = ptl_read(task, address, &word, sizeof(word));

	if (n != sizeof(word))
		return n < 0 ? (int)n : -PTL_EBADADDR;
	printf("0x%" PRIx64 ": 0x%" PRIx64 "\n", address, word);
	return 0;
}

int main(int argc, char **argv)
{
	struct ptl_session *s;
	struct ptl_event ev;
	uint64_t address, value;
	int r;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: poke PID ADDRESS [VALUE]\n");
		return 2;
	}
	address = strtoull(argv[2], NULL, 0);
	r = ptl_session_new(&s, 0);
	if (r < 0)
		return 1;
	r = ptl_attach(s, atoi(argv[1]), 0);
	if (r >= 0)
		r = ptl_wait(s, &ev); /* its first thread stands still */
	if (r > 0)
		r = show(ev.task, address);
	if (r == 0 && argc == 4) {
		int64_t n;

		value = strtoull(argv[3], NULL, 0);
		n = ptl_write(ev.task, address, &value, sizeof(value));
		r = n == sizeof(value) ? show(ev.task, address) : n < 0 ? (int)n : -PTL_EBADADDR;
	}
	if (r < 0)
		fprintf(stderr, "poke: %s\n", *ptl_message(s) ? ptl_message(s) : ptl_error_text(r));
	ptl_session_free(s); /* detaches */
	return r < 0;
}
