/* SPDX-License-Identifier: MIT */
/* Decoding instructions: at every place of the input, for both kinds of code, an answer within its limits and no byte beyond the end. */
#include <stdlib.h>
#include <string.h>

#include <pintle/insn.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const uint8_t *at, size_t n, int bits)
{
	struct ptl_insn insn = {0};
	int r = ptl_insn_decode(at, n, bits, &insn);

	if (r != 0 && r != -PTL_EBADDATA && r != -PTL_EPARTIAL)
		abort();
	if (r == -PTL_EPARTIAL && n >= PTL_INSN_MAX_LENGTH)
		abort();
	if (r)
		return;
	if (!insn.length || insn.length > n || insn.length > PTL_INSN_MAX_LENGTH || insn.kind < PTL_INSN_PLAIN ||
		insn.kind > PTL_INSN_CPUID)
		abort();
	if (!strcmp(ptl_insn_mnemonic(insn.mnemonic), "invalid") || !*ptl_insn_class_name(insn.kind))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at;

	for (at = 0; at < size && at < 4096; at++) {
		/* in a block of its own, so that a sanitizer sees a byte too many */
		size_t n = size - at < PTL_INSN_MAX_LENGTH + 1 ? size - at : PTL_INSN_MAX_LENGTH + 1;
		uint8_t *copy = malloc(n);

		if (!copy)
			return 0;
		memcpy(copy, data + at, n);
		look(copy, n, 64);
		look(copy, n, 32);
		free(copy);
	}
	return 0;
}
