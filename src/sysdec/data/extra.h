/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's exported headers do not have: constants and layouts that it
 * keeps to itself though calls show them.  Read by tools/sysdec/extract.py after all
 * other headers; each names the kernel file it comes from.
 */
#include <linux/types.h>

/* include/linux/errno.h */
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ENOIOCTLCMD 515
#define ERESTART_RESTARTBLOCK 516
#define EPROBE_DEFER 517
#define EOPENSTALE 518
#define ENOPARAM 519
