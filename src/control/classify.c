/* SPDX-License-Identifier: MIT */
/* See classify.h. */
#include "control/classify.h"

#include <signal.h>

enum { EVENT_STOP = 128, SYSGOOD = 0x80 };

/* By PTRACE_EVENT_*, <linux/ptrace.h>. */
static const enum pt_stop_class events[] = {
	[1] = PT_STOP_FORK,
	[2] = PT_STOP_VFORK,
	[3] = PT_STOP_CLONE,
	[4] = PT_STOP_EXEC,
	[5] = PT_STOP_VFORK_DONE,
	[6] = PT_STOP_EXIT,
	[7] = PT_STOP_SECCOMP,
};

struct pt_stop pt_classify(int status)
{
	int low = status & 0xff, sig = status >> 8 & 0xff, event = status >> 16 & 0xff;

	if ((low & 0x7f) == 0)
		return (struct pt_stop){PT_STOP_EXITED, sig, false};
	if (status == 0xffff)
		return (struct pt_stop){PT_STOP_NONE, 0, false}; /* continued */
	if (low != 0x7f)
		return (struct pt_stop){PT_STOP_KILLED, low & 0x7f, (low & 0x80) != 0};
	if (event == EVENT_STOP)
		return (struct pt_stop){
			sig == SIGTRAP ? PT_STOP_TRAP : PT_STOP_GROUP, sig, false};
	if (event)
		return event < (int)(sizeof(events) / sizeof(events[0])) && events[event]
			? (struct pt_stop){events[event], 0, false}
			: (struct pt_stop){PT_STOP_UNKNOWN, event, false};
	if (sig == (SIGTRAP | SYSGOOD))
		return (struct pt_stop){PT_STOP_SYSCALL, 0, false};
	return (struct pt_stop){PT_STOP_SIGNAL, sig, false};
}

enum pt_trap_class pt_classify_trap(int code, bool stepping)
{
	if (!stepping)
		return PT_TRAP_PROGRAM;
	switch (code) {
	case TRAP_TRACE:
	case TRAP_BRKPT:
	case SIGTRAP:
		return PT_TRAP_STEP;
	}
	return PT_TRAP_PROGRAM;
}
