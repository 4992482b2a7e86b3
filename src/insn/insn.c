/* SPDX-License-Identifier: MIT */
/*
 * insn: Zydis behind one small interface. Bytes in, length and class out; nothing is allocated, no more than 15 bytes
 * are looked at. The only file that includes Zydis.
 */
#include <pintle/insn.h>

#include <errno.h>
#include <Zydis/Zydis.h>

#include "base/base.h"

/* By mnemonic, which alone decides for these; the rest goes by Zydis's categories and by the prefixes. */
static const struct {
	uint16_t mnemonic;
	uint8_t kind;
} special[] = {
	{ZYDIS_MNEMONIC_SYSCALL, PTL_INSN_SYSCALL},
	{ZYDIS_MNEMONIC_SYSENTER, PTL_INSN_SYSCALL},
	{ZYDIS_MNEMONIC_INT3, PTL_INSN_TRAP},
	{ZYDIS_MNEMONIC_INTO, PTL_INSN_TRAP},
	{ZYDIS_MNEMONIC_INT1, PTL_INSN_ICEBP},
	{ZYDIS_MNEMONIC_IRET, PTL_INSN_IRET},
	{ZYDIS_MNEMONIC_IRETD, PTL_INSN_IRET},
	{ZYDIS_MNEMONIC_IRETQ, PTL_INSN_IRET},
	{ZYDIS_MNEMONIC_PUSHF, PTL_INSN_PUSHF},
	{ZYDIS_MNEMONIC_PUSHFD, PTL_INSN_PUSHF},
	{ZYDIS_MNEMONIC_PUSHFQ, PTL_INSN_PUSHF},
	{ZYDIS_MNEMONIC_POPF, PTL_INSN_POPF},
	{ZYDIS_MNEMONIC_POPFD, PTL_INSN_POPF},
	{ZYDIS_MNEMONIC_POPFQ, PTL_INSN_POPF},
	{ZYDIS_MNEMONIC_CPUID, PTL_INSN_CPUID},
	{ZYDIS_MNEMONIC_XBEGIN, PTL_INSN_BRANCH},
	{ZYDIS_MNEMONIC_XABORT, PTL_INSN_BRANCH},
};

static uint8_t classify(const ZydisDecodedInstruction *in)
{
	size_t i;

	for (i = 0; i < PT_COUNTOF(special); i++)
		if (special[i].mnemonic == in->mnemonic)
			return special[i].kind;
	if (in->mnemonic == ZYDIS_MNEMONIC_INT)
		return in->raw.imm[0].value.u == 0x80 ? PTL_INSN_SYSCALL : PTL_INSN_TRAP;
	/* mov to ss is 8e /2; pop ss is 17. lss does not hold back interrupts. */
	if (in->mnemonic == ZYDIS_MNEMONIC_MOV && in->opcode == 0x8e && in->raw.modrm.reg == 2)
		return PTL_INSN_SS;
	if (in->mnemonic == ZYDIS_MNEMONIC_POP && in->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
		in->opcode == 0x17)
		return PTL_INSN_SS;
	if (in->attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE))
		return PTL_INSN_REP;
	if (in->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return PTL_INSN_FAR;
	switch (in->meta.category) {
	case ZYDIS_CATEGORY_CALL:
		return PTL_INSN_CALL;
	case ZYDIS_CATEGORY_RET:
		return in->opcode == 0xca || in->opcode == 0xcb ? PTL_INSN_FAR : PTL_INSN_RET;
	case ZYDIS_CATEGORY_COND_BR:
		return PTL_INSN_BRANCH;
	case ZYDIS_CATEGORY_UNCOND_BR:
		return PTL_INSN_JUMP;
	default:
		return PTL_INSN_PLAIN;
	}
}

int ptl_insn_decode(const void *bytes, size_t n, int bits, struct ptl_insn *ret_insn)
{
	ZydisDecoder decoder;
	ZydisDecodedInstruction in;
	ZyanStatus status;

	if (bits != 64 && bits != 32)
		return -EINVAL;
	/* Fills a small struct: cheaper than keeping one, and there are no globals. */
	status = bits == 64 ? ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)
			    : ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
	if (!ZYAN_SUCCESS(status))
		return -PTL_EUNSUPPORTED;
	status = ZydisDecoderDecodeInstruction(
		&decoder, NULL, bytes, PT_MIN(n, (size_t)PTL_INSN_MAX_LENGTH), &in);
	if (status == ZYDIS_STATUS_NO_MORE_DATA)
		return n < PTL_INSN_MAX_LENGTH ? -PTL_EPARTIAL : -PTL_EBADDATA;
	if (!ZYAN_SUCCESS(status))
		return -PTL_EBADDATA;
	ret_insn->length = in.length;
	ret_insn->kind = classify(&in);
	ret_insn->mnemonic = (uint16_t)in.mnemonic;
	return 0;
}

const char *ptl_insn_mnemonic(uint16_t mnemonic)
{
	const char *s = mnemonic <= ZYDIS_MNEMONIC_MAX_VALUE ?
		ZydisMnemonicGetString((ZydisMnemonic)mnemonic) : NULL;

	return s ? s : "invalid";
}

const char *ptl_insn_class_name(unsigned kind)
{
	static const char *const names[] = {
		[PTL_INSN_PLAIN] = "plain",
		[PTL_INSN_JUMP] = "jump",
		[PTL_INSN_BRANCH] = "branch",
		[PTL_INSN_CALL] = "call",
		[PTL_INSN_RET] = "return",
		[PTL_INSN_FAR] = "far",
		[PTL_INSN_SYSCALL] = "system call",
		[PTL_INSN_TRAP] = "trap",
		[PTL_INSN_ICEBP] = "icebp",
		[PTL_INSN_IRET] = "interrupt return",
		[PTL_INSN_PUSHF] = "pushf",
		[PTL_INSN_POPF] = "popf",
		[PTL_INSN_SS] = "stack segment",
		[PTL_INSN_REP] = "repeated",
		[PTL_INSN_CPUID] = "cpuid",
	};

	return kind < PT_COUNTOF(names) && names[kind] ? names[kind] : "invalid";
}
