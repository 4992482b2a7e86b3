/* SPDX-License-Identifier: MIT */
/* Escaping and number parsing: whatever the bytes, what comes out is harmless to a terminal. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Printable ASCII, or well-formed UTF-8 above U+009F: nothing that a terminal obeys. */
static size_t harmless(const unsigned char *p, size_t left)
{
	unsigned need = *p >= 0xf0 && *p < 0xf5 ? 4 : *p >= 0xe0 ? 3 : 2, i;

	if (*p < 0x80)
		return *p >= 0x20 && *p != 0x7f;
	if (*p < 0xc2 || *p > 0xf4 || need > left || (*p == 0xc2 && p[1] < 0xa0))
		return 0;
	for (i = 1; i < need; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return need;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pt_buf b = PT_BUF_INIT;
	char *text = malloc(size + 1);
	uint64_t number;
	size_t i, n;

	pt_buf_escaped(&b, data, size);
	for (i = 0; i < b.len; i += n) {
		n = harmless((const unsigned char *)b.data + i, b.len - i);
		if (!n)
			abort();
	}
	if (text) {
		memcpy(text, data, size);
		text[size] = '\0';
		if (pt_parse_u64(text, &number) && !size)
			abort();
	}
	free(text);
	pt_buf_done(&b);
	return 0;
}
