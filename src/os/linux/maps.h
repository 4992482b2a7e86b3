/* SPDX-License-Identifier: MIT */
/* The memory map of a process, from /proc. See maps.c; the public face is in inspect.h. */
#ifndef PINTLE_OS_LINUX_MAPS_H
#define PINTLE_OS_LINUX_MAPS_H

#include <sys/types.h>
#include <pintle/inspect.h>
#include "base/base.h"

/* Caps: more than these is refused with -PTL_ELIMIT. A process has 65,530 maps unless its administrator allows more. */
#define PT_MAPS_TEXT_MAX ((size_t)256 << 20)

/*
 * Reads /proc/PID/task/TID/maps; tid 0: /proc/PID/maps. Address a process by a live thread: the leader's own
 * files are empty once it has exited. -ESRCH, -EACCES, -ENOMEM, -PTL_ELIMIT, -PTL_EBADDATA.
 */
int pt_maps_read(pid_t pid, pid_t tid, struct ptl_maps **ret_maps);

/*
 * The parser alone. `text` is consumed on success. Lines that overlap (the file is not read in one piece while
 * the process changes it) are put in order: what was read later wins. *ret_torn tells whether there were any.
 */
int pt_maps_parse(struct pt_buf *text, struct ptl_maps **ret_maps, bool *ret_torn);

#endif
