/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's exported headers do not have: constants and layouts that it
 * keeps to itself though calls show them.  Read by tools/sysdec/extract.py after all
 * other headers; each names the kernel file it comes from.
 */
#include <linux/types.h>

/* include/linux/errno.h */
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ENOIOCTLCMD 515
#define ERESTART_RESTARTBLOCK 516
#define EPROBE_DEFER 517
#define EOPENSTALE 518
#define ENOPARAM 519

/* include/linux/statfs.h */
#define ST_RDONLY 0x0001
#define ST_NOSUID 0x0002
#define ST_NODEV 0x0004
#define ST_NOEXEC 0x0008
#define ST_SYNCHRONOUS 0x0010
#define ST_VALID 0x0020
#define ST_MANDLOCK 0x0040
#define ST_NOATIME 0x0400
#define ST_NODIRATIME 0x0800
#define ST_RELATIME 0x1000
#define ST_NOSYMFOLLOW 0x2000

/* include/linux/fcntl.h; fs/fhandle.c: the head alone, since the rest is of any length */
struct file_handle {
	__u32 handle_bytes;
	int handle_type;
};

/* arch/x86/kernel/sys_ia32.c */
struct mmap_args {
	unsigned int addr, len, prot, flags, fd, offset;
};

/* include/uapi/linux/capability.h: two struct __user_cap_data_struct in a row, as version 3 has it */
struct pintle_cap_data {
	__u32 effective, permitted, inheritable;
	__u32 upper[3];
};

/* include/uapi/linux/times.h, with clock_t of the ABI */
struct tms {
	long tms_utime, tms_stime, tms_cutime, tms_cstime;
};

/* include/linux/signal_types.h: struct sigaction of rt_sigaction; struct old_sigaction of i386 */
struct pintle_sigaction {
	unsigned long sa_handler, sa_flags, sa_restorer;
	unsigned char sa_mask[8];
};
struct pintle_old_sigaction {
	unsigned int sa_handler, sa_mask, sa_flags, sa_restorer;
};

/* include/linux/compat.h: itimerspec of the ABI's own long */
struct pintle_itimerspec {
	struct { long tv_sec, tv_nsec; } it_interval, it_value;
};

/* include/uapi/asm-generic/siginfo.h: struct sigevent */
#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD 2
#define SIGEV_THREAD_ID 4
struct sigevent {
	void *sigev_value;
	int sigev_signo, sigev_notify;
	union {
		int _pad[16 - sizeof(void *) / 4 - 2];
		int _tid;
		struct {
			void (*_function)(void *);
			void *_attribute;
		} _sigev_thread;
	} _sigev_un;
};

/* include/uapi/linux/timex.h: struct __kernel_timex; include/linux/time32.h: struct old_timex32 */
struct pintle_timex {
	unsigned int modes;
	long offset, freq, maxerror, esterror;
	int status;
	long constant, precision, tolerance;
	struct { long tv_sec, tv_usec; } time;
	long tick, ppsfreq, jitter;
	int shift;
	long stabil, jitcnt, calcnt, errcnt, stbcnt;
	int tai;
	int unused[11];
};

/* include/uapi/linux/eventpoll.h: struct epoll_event, packed on x86-64; data is a union */
struct pintle_epoll_data {
	union {
		__u32 u32;
		__u64 u64;
	};
} __attribute__((packed));
struct pintle_epoll_event {
	__u32 events;
	struct pintle_epoll_data data;
} __attribute__((packed));

/* fs/select.c: struct sigset_argpack */
struct sigmask_arg {
	void *sigmask;
	unsigned long sigsetsize;
};

/* include/linux/sched/coredump.h */
#define SUID_DUMP_DISABLE 0
#define SUID_DUMP_USER 1
#define SUID_DUMP_ROOT 2

/* include/uapi/linux/fanotify.h, in the kernels that had it */
#define FAN_DIR_MODIFY 0x00080000

/* include/uapi/linux/aio_abi.h of the kernel: struct __aio_sigset */
struct aio_sigset {
	void *sigmask;
	unsigned long sigsetsize;
};
