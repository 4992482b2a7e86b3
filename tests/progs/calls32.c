/* SPDX-License-Identifier: MIT */
/* calls.c as a 32-bit program. */
#include "calls.c"
