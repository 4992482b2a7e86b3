/* SPDX-License-Identifier: MIT */
/*
 * Inspect: memory, registers, maps and signals of a tracee.
 *
 * Addresses in the tracee are uint64_t, never pointers of ours. Unless said otherwise the task must be
 * stopped (-PTL_ERUNNING), -ESRCH or -PTL_EGONE say that it died meanwhile.
 */
#ifndef PINTLE_INSPECT_H
#define PINTLE_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pintle/control.h>
#include <pintle/text.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- memory (the task may be running: the process's memory is read as it is) ----- */

/*
 * Reads up to n bytes at address. Number of bytes read, which is less than n when the rest is not mapped or not readable
 * (the readable part is complete); -PTL_EBADADDR if not even the first byte could be had, also when
 * address + n passes the end of the address space and its first byte is unreadable. Never blocks on a page whose owner does not answer
 * where the kernel gives a choice: /proc/PID/mem is used first (userfaultfd: it fails at once).
 */
PTL_API int64_t ptl_read(struct ptl_task *task, uint64_t address, void *buffer, size_t n);

/*
 * Writes n bytes, also to private pages that are read-only or executable (a copy is made, their file does not change). Pages that
 * are shared and writable change for all who share them, a file's included, as if the tracee had written; other shared ones
 * are refused.
 * Bytes written, fewer than n if the rest is not mapped; -PTL_EBADADDR if none.
 */
PTL_API int64_t ptl_write(struct ptl_task *task, uint64_t address, const void *bytes, size_t n);

/*
 * Reads a NUL-terminated string of at most size - 1 bytes. Length without NUL; *ret_ended tells whether its NUL was
 * found (otherwise it is longer, or the memory ends). buffer is always NUL-terminated. -PTL_EBADADDR.
 */
PTL_API int64_t ptl_read_string(
	struct ptl_task *task, uint64_t address, char *buffer, size_t size, bool *ret_ended);

/* --- memory of any process, without a session ------------------------------------ */

struct ptl_space;

/*
 * The process is neither attached to nor stopped. The handle means the address space the process has now: after an execve it
 * goes over to the new one. Owned by caller: ptl_space_free. -ESRCH, -EACCES (see ptl_diagnose).
 */
PTL_API PTL_MUST_CHECK int ptl_space_open(pid_t pid, struct ptl_space **ret_space);
PTL_API void ptl_space_free(struct ptl_space *space);
/* As ptl_read and ptl_write. */
PTL_API int64_t ptl_space_read(struct ptl_space *space, uint64_t address, void *buffer, size_t n);
PTL_API int64_t ptl_space_write(
	struct ptl_space *space, uint64_t address, const void *bytes, size_t n);
/*
 * The first range within [address, end) whose pages exist, in memory or swapped out; false if there is none. What a
 * program has reserved and never touched is not among them: it reads as zeroes where no file is behind it, but
 * reading it costs the process memory, and there may be terabytes of it. Where the kernel does not
 * tell, the answer is all of it.
 */
PTL_API bool ptl_space_touched(struct ptl_space *space, uint64_t address, uint64_t end,
	uint64_t *ret_start, uint64_t *ret_end);

/* --- maps ------------------------------------------------------------------------- */

struct ptl_map {
	uint64_t start, end; /* [start, end) */
	uint64_t offset;     /* in the file */
	char perms[5];	     /* "r-xp" */
	uint32_t dev_major, dev_minor;
	uint64_t inode;
	const char *name; /* path or "[heap]"...; "" for none. Bytes of the file system's: may be hostile; as /proc escapes them (\012) */
	bool deleted;
};

struct ptl_maps;

/* The memory map, copied; the task may be running, then parts may be older than others. Owned by caller: ptl_maps_free. */
PTL_API PTL_MUST_CHECK int ptl_maps_read(struct ptl_task *task, struct ptl_maps **ret_maps);
/* The same of any process, without a session: -EPERM, -ESRCH. */
PTL_API PTL_MUST_CHECK int ptl_maps_read_pid(pid_t pid, struct ptl_maps **ret_maps);
PTL_API void ptl_maps_free(struct ptl_maps *maps);
PTL_API size_t ptl_maps_count(const struct ptl_maps *maps);
/* Sorted by address. Borrowed from maps. NULL past the end. */
PTL_API const struct ptl_map *ptl_maps_get(const struct ptl_maps *maps, size_t index);
/* The map that holds an address; NULL if none does. */
PTL_API const struct ptl_map *ptl_maps_find(const struct ptl_maps *maps, uint64_t address);

/* --- registers ---------------------------------------------------------------------- */

enum ptl_reg_group {
	PTL_REG_GENERAL, /* rax ... rip, rflags, segments, fs_base, gs_base, orig_rax; eax ... for i386 tasks */
	PTL_REG_FLOAT,	 /* st0-7 (10 bytes), fctrl fstat ftag fop fip fdp, mxcsr */
	PTL_REG_VECTOR,	 /* xmm (16 bytes), ymm (32), zmm (64), k0-7 */
	PTL_REG_SYSTEM	 /* dr0-dr7, pkru */
};

enum ptl_reg_type { PTL_REG_UINT, PTL_REG_X87, PTL_REG_BYTES };

struct ptl_reg_info {
	const char *name; /* lower case, the psABI's; static */
	unsigned size;	  /* bytes */
	enum ptl_reg_group group;
	enum ptl_reg_type type;
	int dwarf; /* DWARF number, -1 if none */
	/*
	 * A part of another that is not one (eax, ax, al, mm0). Vector registers of one number overlap without being
	 * aliases: the widest that is present holds the others (zmm0, ymm0, xmm0).
	 */
	bool alias;
};

/* Registers of the task's architecture that this machine and process have: index 0 ...; NULL past the last. Static storage. */
PTL_API const struct ptl_reg_info *ptl_reg_at(struct ptl_task *task, size_t index);
/* By name ("rip", "pc", "sp", "eflags" and the like are known too). NULL if there is none. */
PTL_API const struct ptl_reg_info *ptl_reg_find(struct ptl_task *task, const char *name);

/*
 * Value of a register, little-endian, exactly info->size bytes. The cache is filled once a stop.
 * -PTL_ENOREG; -PTL_EUNSUPPORTED for one that this process's state does not have.
 */
PTL_API PTL_MUST_CHECK int ptl_reg_read(
	struct ptl_task *task, const struct ptl_reg_info *reg, void *ret_value, size_t size);
/*
 * Changes the cached value; it reaches the task when it is resumed, or at ptl_reg_flush(). -PTL_EREGSIZE: size is not the register's.
 */
PTL_API PTL_MUST_CHECK int ptl_reg_write(
	struct ptl_task *task, const struct ptl_reg_info *reg, const void *value, size_t size);
/*
 * Writes the changed registers now and reads them back. -PTL_EREGVALUE with a sentence that names the first
 * register the kernel refused or altered; all are then as they were before the flush.
 */
PTL_API PTL_MUST_CHECK int ptl_reg_flush(struct ptl_task *task);

/*
 * A value as text: whole numbers in hexadecimal, flags by name ("0x246 [PF ZF IF]"), x87 in decimal with its
 * raw bits, bytes as one hexadecimal number with the highest byte first. info->size bytes are read at value.
 */
PTL_API void ptl_reg_format(struct ptl_text *to, const struct ptl_reg_info *reg, const void *value);
/*
 * The other way: "0x..." of any length, decimal (negative ones as two's complement), for x87 also
 * a decimal fraction. -EINVAL: no such number; -PTL_EREGSIZE: it does not fit. info->size bytes are
 * written to ret_value.
 */
PTL_API PTL_MUST_CHECK int ptl_reg_parse(
	const struct ptl_reg_info *reg, const char *text, void *ret_value);

/* Shorthand for registers of at most 8 bytes, by name. */
PTL_API PTL_MUST_CHECK int ptl_get(struct ptl_task *task, const char *name, uint64_t *ret_value);
PTL_API PTL_MUST_CHECK int ptl_set(struct ptl_task *task, const char *name, uint64_t value);

/* The two every stop is asked for, without names. 0 if the task is gone or a kernel worker. */
PTL_API uint64_t ptl_pc(struct ptl_task *task);
PTL_API uint64_t ptl_sp(struct ptl_task *task);

/* --- signals -------------------------------------------------------------------------- */

/* Details of the signal the task is stopped by. -PTL_ESTATE: not stopped by a signal. */
PTL_API PTL_MUST_CHECK int ptl_siginfo_get(struct ptl_task *task, struct ptl_siginfo *ret_info);

/* Blocked signals, bit signo - 1. */
PTL_API PTL_MUST_CHECK int ptl_sigmask_get(struct ptl_task *task, uint64_t *ret_mask);
PTL_API PTL_MUST_CHECK int ptl_sigmask_set(struct ptl_task *task, uint64_t mask);

/* --- remote system calls ---------------------------------------------------------------- */

/*
 * Makes the stopped task execute a system call of its own architecture, and puts everything back: registers, signal
 * mask, an interrupted call's restart. Signals that arrive meanwhile wait. *ret_value is what the kernel
 * returned (-errno on error). The task stands where it stood. -PTL_ESTATE: at a system call's entry, or exiting;
 * -EPERM: a seccomp filter of the tracee's could kill it for this call.
 */
PTL_API PTL_MUST_CHECK int ptl_inject_syscall(
	struct ptl_task *task, uint64_t nr, const uint64_t args[6], int64_t *ret_value);

#ifdef __cplusplus
}
#endif
#endif
