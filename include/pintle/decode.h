/* SPDX-License-Identifier: MIT */
/* Decode: system calls as text and JSON. */
#ifndef PINTLE_DECODE_H
#define PINTLE_DECODE_H

#include <pintle/errors.h>

#endif
