/* SPDX-License-Identifier: MIT */
/* Counts the instructions that a program executes: the whole use of the library in one loop. */
#include <pintle/pintle.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct ptl_session *s;
	struct ptl_event ev;
	unsigned long n = 0;
	int r = ptl_start(&s, argv + 1, 0);

	for (; r >= 0 && (r = ptl_wait(s, &ev)) > 0; r = ptl_resume(&ev, PTL_STEP))
		n += ev.kind == PTL_EV_STEPPED;
	if (r == 0) printf("%lu instructions\n", n);
	return ptl_finish(s, r);
}
