/* SPDX-License-Identifier: MIT */
/*
 * Decoding of system calls: numbers and memory in, text or JSON out.
 *
 * Nothing here needs a live process.  A call is a record (struct ptl_call) and
 * memory is an interface (struct ptl_memory), so a ptrace stop, a core file and a
 * ring in shared memory decode alike.  A decoder belongs to one thread at a time.
 *
 * A call is printed in three pieces, since its end may be far from its start:
 *
 *	openat(AT_FDCWD, "/etc/passwd", O_RDONLY)          = 3
 *	|------------ ptl_decode_entry ---------|
 *	                                        | ptl_decode_exit
 *	                                                     | ptl_decode_result
 *
 *	read(3, "root:x:0:0"..., 4096) = 1234
 *	|-entry-|------- exit --------|   | result
 *
 * Whatever the call needs to remember in between sits in struct
 * ptl_decode_state, which the caller keeps by task.
 *
 * With PTL_DECODE_JSON the same three calls append members of a JSON object, without
 * the braces around: entry and exit together `"syscall":"read","args":{...}`, result
 * `,"result":...` (docs/decoder.md has the schema).
 *
 * All bytes that come from the tracee's memory are escaped: the output holds no
 * control byte, whatever the call. Output is bounded (PTL_DECODE_CALL_MAX).
 */
#ifndef PINTLE_DECODE_H
#define PINTLE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pintle/errors.h>
#include <pintle/text.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Roughly the most that one call may print, in bytes; what is longer is cut with "...". */
#define PTL_DECODE_CALL_MAX (4u << 20)

/* --- A call ------------------------------------------------------------------ */

/* Values of ptl_call.arch: the kernel's AUDIT_ARCH_* (as PTRACE_GET_SYSCALL_INFO tells). */
#define PTL_ARCH_X86_64 0xc000003eu /* with bit 30 set in nr: x32 */
#define PTL_ARCH_I386 0x40000003u

enum ptl_call_flags {
	PTL_CALL_RAW = 1,	 /* all arguments as hex numbers (-e raw=) */
	PTL_CALL_UNABBREVIATED = 2, /* structs in full (-e abbrev=!, -v) */
	PTL_CALL_SHALLOW = 4,	 /* structs as addresses (-e verbose=!) */
};

struct ptl_call {
	uint32_t arch;
	uint32_t flags;	  /* enum ptl_call_flags */
	uint64_t nr;	  /* as the kernel has it, x32 bit included */
	uint64_t args[6]; /* for i386 the upper halves are ignored */
	uint64_t stack_pointer; /* at entry, for what sigreturn restores; 0: not known */
	/* From here on: known at the exit only. */
	int64_t rval;	 /* as the kernel returned it: -errno if is_error */
	bool is_error;
	bool has_result; /* false: the call never returned; the result is `?` */
};

/*
 * Reads up to n bytes of the tracee's memory at addr; returns how many were read
 * (fewer at the edge of what is mapped), or a negative code.
 */
struct ptl_memory {
	int64_t (*read)(void *arg, uint64_t addr, void *buf, size_t n);
	void *arg;
};

/* --- A decoder ---------------------------------------------------------------- */

enum ptl_decode_format { PTL_DECODE_TEXT, PTL_DECODE_JSON };

enum ptl_decode_strings {
	PTL_STRINGS_PLAIN,	/* octal escapes for what is not printable */
	PTL_STRINGS_HEX_NONASCII, /* -x: strings with unprintable characters wholly in hex */
	PTL_STRINGS_HEX_ALL,	/* -xx */
	PTL_STRINGS_HEX_CHARS,	/* --strings-in-hex=non-ascii-chars: only those characters in hex */
};

enum ptl_decode_names {
	PTL_NAMES_ABBREV,  /* O_RDONLY|O_CLOEXEC (-X abbrev) */
	PTL_NAMES_RAW,	   /* 0x80000 (-X raw) */
	PTL_NAMES_VERBOSE, /* 0x80000 (with the names in a comment) (-X verbose) */
};

struct ptl_decode_options {
	enum ptl_decode_format format;
	uint32_t max_string; /* most bytes of a string, most items of an array (-s); strace's default is 32 */
	enum ptl_decode_strings strings;
	enum ptl_decode_names names;
	bool arg_names; /* print the names of arguments (-N) */
	/*
	 * Called for each descriptor printed: appends what is known of it, such as
	 * "</etc/passwd>" or "<socket:[4711]>", already escaped, or nothing.  fd is -100
	 * (AT_FDCWD) for the current directory.  NULL: descriptors stay numbers.
	 * task is what was given to the decode call.
	 */
	void (*fd_text)(void *arg, void *task, int fd, struct ptl_text *out);
	/* The same for process and thread ids, such as "<bash>"; NULL: plain numbers. */
	void (*pid_text)(void *arg, void *task, int pid, struct ptl_text *out);
	/* The name of a network interface, such as "lo", escaped; nothing if unknown. NULL: plain numbers. */
	void (*ifindex_text)(void *arg, void *task, unsigned int ifindex, struct ptl_text *out);
	/* The protocol (NETLINK_ROUTE ...) of a netlink socket, or -1; NULL: what goes through sockets is plain bytes. */
	int (*netlink_protocol)(void *arg, void *task, int fd);
	void *arg; /* handed to the callbacks */
};

struct ptl_decoder;

/* Options are copied.  0, or -ENOMEM. The decoder is owned by the caller. */
PTL_API PTL_MUST_CHECK int ptl_decoder_new(
	const struct ptl_decode_options *options, struct ptl_decoder **ret_decoder);
PTL_API void ptl_decoder_free(struct ptl_decoder *d);

/* What a call remembers from entry to exit.  Zero it (= {0}) before the first use; reuse needs nothing. */
struct ptl_decode_state {
	uint64_t opaque[20];
};

/*
 * The three pieces.  Each appends to out and returns 0, or -ENOMEM when out could
 * not grow.  mem is read during the call only; task goes to the callbacks.
 *
 * entry: "name(" and the arguments that are known; those the kernel still has to
 * write come with exit.  If entry was never seen (a tracer attached in the middle
 * of a call), hand a zeroed state to exit: it then does the work of both.
 * exit: the remaining arguments and ")".
 * result: what stands after "= ": a number in the fitting base, with what the call
 * adds to it, or `-1 ENOENT (No such file or directory)`, `?`,
 * `? ERESTARTSYS (To be restarted if SA_RESTART is set)`.
 */
PTL_API int ptl_decode_entry(struct ptl_decoder *d, struct ptl_decode_state *st,
	const struct ptl_call *call, const struct ptl_memory *mem, void *task, struct ptl_text *out);
PTL_API int ptl_decode_exit(struct ptl_decoder *d, struct ptl_decode_state *st,
	const struct ptl_call *call, const struct ptl_memory *mem, void *task, struct ptl_text *out);
PTL_API int ptl_decode_result(struct ptl_decoder *d, struct ptl_decode_state *st,
	const struct ptl_call *call, const struct ptl_memory *mem, void *task, struct ptl_text *out);

/*
 * A siginfo as PTRACE_GETSIGINFO gives it (n bytes of the tracer's own layout):
 * `{si_signo=SIGCHLD, si_code=CLD_EXITED, ...}`, or the JSON object.
 */
PTL_API int ptl_decode_siginfo(
	struct ptl_decoder *d, void *task, const void *siginfo, size_t n, struct ptl_text *out);

/*
 * Bytes as the decoder shows strings: quoted and escaped, in the decoder's format and
 * string style. n is not limited by max_string.
 */
PTL_API int ptl_decode_quoted(struct ptl_decoder *d, const void *bytes, size_t n, struct ptl_text *out);

/* --- What is known of calls --------------------------------------------------- */

/* Three sets of numbers; the index of every table below. */
enum ptl_abi { PTL_ABI_X86_64, PTL_ABI_I386, PTL_ABI_X32, PTL_ABI_COUNT };

enum ptl_call_traits {
	PTL_CALL_NEVER_RETURNS = 1,    /* exit, exit_group */
	PTL_CALL_RETURNS_ELSEWHERE = 2, /* rt_sigreturn: the result is not the call's own */
	PTL_CALL_DECODED = 4,	       /* described in full, not by argument count alone */
};

struct ptl_call_info {
	const char *name; /* static */
	uint64_t classes; /* bits as ptl_class_find returns them */
	uint32_t traits;  /* enum ptl_call_traits */
	uint8_t arg_count;
	uint8_t path_args; /* bit i: argument i is the address of a path (-P) */
	uint8_t fd_args;   /* bit i: argument i is a descriptor, AT_FDCWD included */
};

/* The table and the plain number of a call. 0, or -PTL_EUNSUPPORTED for another architecture. */
PTL_API int ptl_call_abi(uint32_t arch, uint64_t nr, enum ptl_abi *ret_abi, uint32_t *ret_nr);
/* One more than the highest number known. */
PTL_API uint32_t ptl_call_limit(enum ptl_abi abi);
/* false if there is no such call; its text name is then syscall_0xNNN. */
PTL_API bool ptl_call_info(enum ptl_abi abi, uint32_t nr, struct ptl_call_info *ret_info);
/* The number of a call in one table, or -1. Names of the other tables are no error. */
PTL_API int64_t ptl_call_find(enum ptl_abi abi, const char *name);
/* The bits of a class, by strace's name without the first '%': "file", "%stat"; 0 if there is none. */
PTL_API uint64_t ptl_class_find(const char *name);
/* Names of all classes, for help and completion: NULL past the last. */
PTL_API const char *ptl_class_name(unsigned int i);

/* --- Names -------------------------------------------------------------------- */

/* "ENOENT"; NULL if unknown. ERESTARTSYS and its like are known too. err > 0. */
PTL_API const char *ptl_errno_name(int err);
/* The number, or -1. */
PTL_API int ptl_errno_find(const char *name);
/* "SIGINT", "SIGRT_1"; NULL if there is no such signal. Static. */
PTL_API const char *ptl_signal_name(int sig);
/* "SIGINT" or "INT" (any case), "SIGRTMIN", "SIGRT_1", or a number in decimal; -1 if none. */
PTL_API int ptl_signal_find(const char *name);

#ifdef __cplusplus
}
#endif
#endif
