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

/* include/uapi/asm-generic/ipcbuf.h and shmbuf.h, sembuf.h, msgbuf.h of x86: the 64-bit layouts that both ABIs use by IPC_64 */
struct pintle_ipc64_perm {
	int key;
	__u32 uid, gid, cuid, cgid, mode;
	unsigned short seq, pad;
	unsigned long unused[2];
};
#ifdef __x86_64__
#define PINTLE_IPC_TIME(name) long name
#else
#define PINTLE_IPC_TIME(name) unsigned long name, name##_high
#endif
struct pintle_shmid64_ds {
	struct pintle_ipc64_perm shm_perm;
	unsigned long shm_segsz;
	PINTLE_IPC_TIME(shm_atime);
	PINTLE_IPC_TIME(shm_dtime);
	PINTLE_IPC_TIME(shm_ctime);
	int shm_cpid, shm_lpid;
	unsigned long shm_nattch, unused[2];
};
struct pintle_semid64_ds {
	struct pintle_ipc64_perm sem_perm;
	unsigned long sem_otime, unused1, sem_ctime, unused2;
	unsigned long sem_nsems, unused3, unused4;
};
struct pintle_msqid64_ds {
	struct pintle_ipc64_perm msg_perm;
	PINTLE_IPC_TIME(msg_stime);
	PINTLE_IPC_TIME(msg_rtime);
	PINTLE_IPC_TIME(msg_ctime);
	unsigned long msg_cbytes, msg_qnum, msg_qbytes;
	int msg_lspid, msg_lrpid;
	unsigned long unused[2];
};

/* include/linux/types.h: struct ustat */
struct ustat {
	int f_tfree;
	unsigned long f_tinode;
	char f_fname[6], f_fpack[6];
};

/* include/uapi/linux/perf_event.h: struct perf_event_attr, its bit fields as one word */
struct pintle_perf_event_attr {
	__u32 type, size;
	__u64 config, sample_period, sample_type, read_format, flags;
};

/* include/linux/syslog.h */
#define SYSLOG_ACTION_CLOSE 0
#define SYSLOG_ACTION_OPEN 1
#define SYSLOG_ACTION_READ 2
#define SYSLOG_ACTION_READ_ALL 3
#define SYSLOG_ACTION_READ_CLEAR 4
#define SYSLOG_ACTION_CLEAR 5
#define SYSLOG_ACTION_CONSOLE_OFF 6
#define SYSLOG_ACTION_CONSOLE_ON 7
#define SYSLOG_ACTION_CONSOLE_LEVEL 8
#define SYSLOG_ACTION_SIZE_UNREAD 9
#define SYSLOG_ACTION_SIZE_BUFFER 10

/* mm/swapfile.c and include/linux/swap.h */
#define SWAP_FLAG_PREFER 0x8000
#define SWAP_FLAG_DISCARD 0x10000
#define SWAP_FLAG_DISCARD_ONCE 0x20000
#define SWAP_FLAG_DISCARD_PAGES 0x40000

/* include/uapi/linux/shm.h: SHM_REMAP and its like are there; include/linux/ptrace.h names these so */
#define PTRACE_PEEKUSR 3
#define PTRACE_POKEUSR 6

/* include/linux/key.h */
#define KEY_POS_VIEW 0x01000000
#define KEY_POS_READ 0x02000000
#define KEY_POS_WRITE 0x04000000
#define KEY_POS_SEARCH 0x08000000
#define KEY_POS_LINK 0x10000000
#define KEY_POS_SETATTR 0x20000000
#define KEY_USR_VIEW 0x00010000
#define KEY_USR_READ 0x00020000
#define KEY_USR_WRITE 0x00040000
#define KEY_USR_SEARCH 0x00080000
#define KEY_USR_LINK 0x00100000
#define KEY_USR_SETATTR 0x00200000
#define KEY_GRP_VIEW 0x00000100
#define KEY_GRP_READ 0x00000200
#define KEY_GRP_WRITE 0x00000400
#define KEY_GRP_SEARCH 0x00000800
#define KEY_GRP_LINK 0x00001000
#define KEY_GRP_SETATTR 0x00002000
#define KEY_OTH_VIEW 0x00000001
#define KEY_OTH_READ 0x00000002
#define KEY_OTH_WRITE 0x00000004
#define KEY_OTH_SEARCH 0x00000008
#define KEY_OTH_LINK 0x00000010
#define KEY_OTH_SETATTR 0x00000020
/* include/linux/socket.h: struct msghdr, mmsghdr, cmsghdr, ucred, linger, with the ABI's own pointers */
struct pintle_msghdr {
	void *msg_name;
	int msg_namelen;
	void *msg_iov;
	unsigned long msg_iovlen;
	void *msg_control;
	unsigned long msg_controllen;
	unsigned int msg_flags;
};
struct pintle_mmsghdr {
	struct pintle_msghdr msg_hdr;
	unsigned int msg_len;
};
struct pintle_cmsghdr {
	unsigned long cmsg_len;
	int cmsg_level, cmsg_type;
};
struct pintle_ucred {
	__u32 pid, uid, gid;
};
struct pintle_linger {
	int l_onoff, l_linger;
};
#define SCM_RIGHTS 1
#define SCM_CREDENTIALS 2
#define SCM_SECURITY 3
#define SCM_PIDFD 4
#define SOCK_PACKET 10
#define MSG_PROBE 0x10
#define MSG_NO_SHARED_FRAGS 0x80000
#define MSG_SENDPAGE_NOPOLICY 0x10000
#define MSG_SENDPAGE_DECRYPTED 0x100000
#define MSG_SPLICE_PAGES 0x8000000
#define MSG_SOCK_DEVMEM 0x2000000
#define SOL_MCTP 285
#define SOL_SMC 286
#define SOL_VSOCK 287
#define SOL_TLS 282
#define SOL_XDP 283
#define SOL_MPTCP 284
#define SOL_NFC 280
#define SOL_KCM 281
#define SOL_ALG 279
#define SOL_CAIF 278
#define SOL_IUCV 277
#define SOL_RDS 276
#define SOL_PNPIPE 275
#define SOL_PPPOL2TP 273
#define SOL_LLC 268
#define SOL_NETBEUI 267
#define SOL_IPX 256
#define SOL_AX25 257
#define SOL_ATALK 258
#define SOL_NETROM 259
#define SOL_ROSE 260
#define SOL_DCCP 269
#define SOL_UDPLITE 136
#define SOL_SCTP 132
#define SOL_UDP 17
#define SOL_TCP 6
#define SOL_IPV6 41
#define SOL_ICMPV6 58
#define AF_MCTP 45
#define AF_SMC 43
#define AF_XDP 44

/* include/uapi/linux/in6.h: struct sockaddr_in6 as RFC 2133 had it, without a scope */
struct pintle_sockaddr_in6_old {
	unsigned short sin6_family, sin6_port;
	__u32 sin6_flowinfo;
	unsigned char sin6_addr[16];
};

/* include/uapi/linux/time_types.h: struct __kernel_sock_timeval */
struct pintle_timeval64 {
	__s64 tv_sec, tv_usec;
};

/* include/uapi/asm-generic/termbits.h: the kernel's termios, which libc's of the same name is not */
struct pintle_termios {
	unsigned int c_iflag, c_oflag, c_cflag, c_lflag;
	unsigned char c_line, c_cc[19];
};
struct pintle_termios2 {
	unsigned int c_iflag, c_oflag, c_cflag, c_lflag;
	unsigned char c_line, c_cc[19];
	unsigned int c_ispeed, c_ospeed;
};
struct pintle_termio {
	unsigned short c_iflag, c_oflag, c_cflag, c_lflag;
	unsigned char c_line, c_cc[8];
};
/* The speeds of input: those of output, IBSHIFT bits up */
#include <asm/termbits.h>
#define IB50 (B50 << IBSHIFT)
#define IB75 (B75 << IBSHIFT)
#define IB110 (B110 << IBSHIFT)
#define IB134 (B134 << IBSHIFT)
#define IB150 (B150 << IBSHIFT)
#define IB200 (B200 << IBSHIFT)
#define IB300 (B300 << IBSHIFT)
#define IB600 (B600 << IBSHIFT)
#define IB1200 (B1200 << IBSHIFT)
#define IB1800 (B1800 << IBSHIFT)
#define IB2400 (B2400 << IBSHIFT)
#define IB4800 (B4800 << IBSHIFT)
#define IB9600 (B9600 << IBSHIFT)
#define IB19200 (B19200 << IBSHIFT)
#define IB38400 (B38400 << IBSHIFT)
#define IB57600 (B57600 << IBSHIFT)
#define IB115200 (B115200 << IBSHIFT)
#define IB230400 (B230400 << IBSHIFT)
#define IB460800 (B460800 << IBSHIFT)
#define IB500000 (B500000 << IBSHIFT)
#define IB576000 (B576000 << IBSHIFT)
#define IB921600 (B921600 << IBSHIFT)
#define IB1000000 (B1000000 << IBSHIFT)
#define IB1152000 (B1152000 << IBSHIFT)
#define IB1500000 (B1500000 << IBSHIFT)
#define IB2000000 (B2000000 << IBSHIFT)
#define IB2500000 (B2500000 << IBSHIFT)
#define IB3000000 (B3000000 << IBSHIFT)
#define IB3500000 (B3500000 << IBSHIFT)
#define IB4000000 (B4000000 << IBSHIFT)
#define IBOTHER (BOTHER << IBSHIFT)

/* include/uapi/linux/if.h: struct ifreq, its members by the names under which they are shown */
struct pintle_hwaddr {
	unsigned short sa_family;
	unsigned char sa_data[14];
};
struct pintle_ifreq {
	char ifr_name[16];
	union {
		unsigned char ifr_addr[16];
		struct pintle_hwaddr ifr_hwaddr;
		unsigned short ifr_flags;
		int ifr_number;
		char ifr_newname[16];
		unsigned char map[sizeof(long) == 8 ? 24 : 16];
	};
};

/* include/uapi/linux/inotify.h has it for CONFIG_INOTIFY_USER alone; asm-generic/ioctls.h needs asm/termbits.h for the others */
#include <linux/ioctl.h>
#define INOTIFY_IOC_SETNEXTWD _IOW('I', 0, __s32)
#define TCGETS2 _IOR('T', 0x2A, struct termios2)
#define TCSETS2 _IOW('T', 0x2B, struct termios2)
#define TCSETSW2 _IOW('T', 0x2C, struct termios2)
#define TCSETSF2 _IOW('T', 0x2D, struct termios2)
