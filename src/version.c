/* SPDX-License-Identifier: MIT */
/* The library's version, as it was built. */
#include <pintle/pintle.h>

#define STR2(x) #x
#define STR(x) STR2(x)

const char *ptl_version(void)
{
	return STR(PTL_VERSION_MAJOR) "." STR(PTL_VERSION_MINOR) "." STR(PTL_VERSION_PATCH);
}
