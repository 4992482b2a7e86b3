/* SPDX-License-Identifier: MIT */
/* Names and numbers of calls, classes, errors and signals, from the tables. */
#include "sysdec/walk.h"
#include "sysdec/names.h"

#include <strings.h>

#define X32_BIT 0x40000000u
#define SIGNAL_RT_MIN 32
#define SIGNAL_MAX 64

int ptl_call_abi(uint32_t arch, uint64_t nr, enum ptl_abi *ret_abi, uint32_t *ret_nr)
{
	uint32_t n = (uint32_t)nr; /* the kernel takes 32 bits too */

	if (arch == PTL_ARCH_I386) {
		*ret_abi = PTL_ABI_I386;
		*ret_nr = n;
	} else if (arch == PTL_ARCH_X86_64) {
		*ret_abi = n != UINT32_MAX && (n & X32_BIT) ? PTL_ABI_X32 : PTL_ABI_X86_64;
		*ret_nr = *ret_abi == PTL_ABI_X32 ? n & ~X32_BIT : n;
	} else {
		return -PTL_EUNSUPPORTED;
	}
	return 0;
}

uint32_t ptl_call_limit(enum ptl_abi abi)
{
	return (unsigned int)abi < PTL_ABI_COUNT ? pt_sd_limits[abi] : 0;
}

bool ptl_call_info(enum ptl_abi abi, uint32_t nr, struct ptl_call_info *ret_info)
{
	const struct sd_call *k;

	if (nr >= ptl_call_limit(abi) || pt_sd_numbers[abi][nr] == SD_NO_CALL)
		return false;
	k = &pt_sd_calls[pt_sd_numbers[abi][nr]];
	*ret_info = (struct ptl_call_info){
		.name = pt_sd_text + k->name,
		.classes = k->classes,
		.traits = k->traits,
		.arg_count = k->arg_count,
		.path_args = k->path_args,
		.fd_args = k->fd_args,
	};
	return true;
}

int64_t ptl_call_find(enum ptl_abi abi, const char *name)
{
	uint32_t i, n = ptl_call_limit(abi);

	for (i = 0; i < n; i++) {
		if (pt_sd_numbers[abi][i] != SD_NO_CALL && strcmp(pt_sd_text + pt_sd_calls[pt_sd_numbers[abi][i]].name, name) == 0)
			return i;
	}
	return -1;
}

uint64_t ptl_class_find(const char *name)
{
	const struct sd_class *k;

	for (k = pt_sd_classes; k->name; k++)
		if (strcmp(k->name, name) == 0)
			return k->bits;
	return 0;
}

const char *ptl_class_name(unsigned int i)
{
	unsigned int n;

	for (n = 0; pt_sd_classes[n].name; n++)
		if (n == i)
			return pt_sd_classes[n].name;
	return NULL;
}

const char *ptl_errno_name(int err)
{
	return err > 0 ? pt_sd_set_name(SET_errno, (uint64_t)err, NULL) : NULL;
}

static int find_in_set(unsigned int set, const char *name, int (*compare)(const char *, const char *))
{
	const struct sd_set *s = &pt_sd_sets[set];
	unsigned int i;

	for (i = 0; i < s->count; i++)
		if (compare(pt_sd_text + pt_sd_items[s->first + i].name, name) == 0)
			return (int)pt_sd_items[s->first + i].value;
	return -1;
}

int ptl_errno_find(const char *name)
{
	int err = find_in_set(SET_errno, name, strcmp);

	/* Other spellings of the same numbers. */
	if (err < 0 && strcmp(name, "EWOULDBLOCK") == 0)
		return find_in_set(SET_errno, "EAGAIN", strcmp);
	if (err < 0 && strcmp(name, "EDEADLOCK") == 0)
		return find_in_set(SET_errno, "EDEADLK", strcmp);
	if (err < 0 && strcmp(name, "ENOTSUP") == 0)
		return find_in_set(SET_errno, "EOPNOTSUPP", strcmp);
	return err;
}

const char *ptl_signal_name(int sig)
{
	/* The kernel's first real-time signal is 32; the C library takes two for itself. */
	static const char rt[][9] = {"SIGRTMIN", "SIGRT_1", "SIGRT_2", "SIGRT_3", "SIGRT_4", "SIGRT_5", "SIGRT_6",
		"SIGRT_7", "SIGRT_8", "SIGRT_9", "SIGRT_10", "SIGRT_11", "SIGRT_12", "SIGRT_13", "SIGRT_14", "SIGRT_15",
		"SIGRT_16", "SIGRT_17", "SIGRT_18", "SIGRT_19", "SIGRT_20", "SIGRT_21", "SIGRT_22", "SIGRT_23",
		"SIGRT_24", "SIGRT_25", "SIGRT_26", "SIGRT_27", "SIGRT_28", "SIGRT_29", "SIGRT_30", "SIGRT_31",
		"SIGRT_32"};

	if (sig >= SIGNAL_RT_MIN && sig <= SIGNAL_MAX)
		return rt[sig - SIGNAL_RT_MIN];
	return sig > 0 ? pt_sd_set_name(SET_signal_names, (uint64_t)sig, NULL) : NULL;
}

int ptl_signal_find(const char *name)
{
	const char *plain = strncasecmp(name, "SIG", 3) == 0 ? name + 3 : name;
	uint64_t n;
	int sig;

	if (pt_parse_u64(name, &n))
		return n >= 1 && n <= SIGNAL_MAX ? (int)n : -1;
	for (sig = 1; sig <= SIGNAL_MAX; sig++) {
		const char *known = ptl_signal_name(sig);

		if (known && strcasecmp(known + 3, plain) == 0)
			return sig;
	}
	if (strcasecmp(plain, "IOT") == 0)
		return ptl_signal_find("ABRT");
	if (strcasecmp(plain, "CLD") == 0)
		return ptl_signal_find("CHLD");
	if (strcasecmp(plain, "POLL") == 0)
		return ptl_signal_find("IO");
	return -1;
}
