/* SPDX-License-Identifier: MIT */
/* memory.c as a 32-bit program. */
#include "memory.c"
