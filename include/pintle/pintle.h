/* SPDX-License-Identifier: MIT */
/* libpintle: process control for Linux.  This header includes all the others. */
#ifndef PINTLE_PINTLE_H
#define PINTLE_PINTLE_H

#include <pintle/errors.h>
#include <pintle/control.h>
#include <pintle/inspect.h>
#include <pintle/decode.h>
#include <pintle/insn.h>
#include <pintle/procinfo.h>

#define PTL_VERSION_MAJOR 0
#define PTL_VERSION_MINOR 1
#define PTL_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is running, "0.1.0".  Static storage. */
PTL_API const char *ptl_version(void);

#ifdef __cplusplus
}
#endif
#endif
