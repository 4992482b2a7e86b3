/* SPDX-License-Identifier: MIT */
/* sysdec: calls as text and as JSON, on a memory that is not there. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include "sysdec_fake.h"

static int options(void **state)
{
	(void)state;
	fake_options = (struct ptl_decode_options){.max_string = 32};
	fake_flags = 0;
	reset();
	return 0;
}

static void files(void **state)
{
	uint64_t a;

	check(call64("openat", AT, STR("/etc/passwd"), O_RDONLY | O_CLOEXEC), 3,
		"openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXECMARK) = 3");
	check(call64("openat", 5, STR("x"), O_WRONLY | O_CREAT | O_APPEND, 0644), -ENOENT,
		"openat(5, \"x\", O_WRONLY|O_CREAT|O_APPEND, 0644) = -1 ENOENT (No such file or directory)");
	check(call64("openat", AT, STR("x"), 0x20000000), 3, "openat(AT_FDCWD, \"x\", O_RDONLY|0x20000000) = 3");
	check(call64("openat", AT, 0x123, 3), -EFAULT, "openat(AT_FDCWD, 0x123, O_ACCMODE) = -1 EFAULT (Bad address)");
	check(call64("openat", AT, 0, 0), -EFAULT, "openat(AT_FDCWD, NULL, O_RDONLY) = -1 EFAULT (Bad address)");
	a = BYTES("root:x:0");
	check(call64("read", 3, a, 4096), 8, "read(3, MARK\"root:x:0\", 4096) = 8");
	check(call64("read", 3, a, 4096), -EIO, "read(3, MARK%#lx, 4096) = -1 EIO (Input/output error)", (long)a);
	check(call64("read", 3, a, 4096), 0, "read(3, \"\", 4096) = 0");
	check(call64("write", 1, BYTES("a\0b\"\\\n\1777\033x"), 10), 10, "write(1, \"a\\0b\\\"\\\\\\n\\1777\\33x\", 10) = 10");
	check(call64("lseek", 1, (uint64_t)-5, 9), -EINVAL, "lseek(1, -5, 0x9 /* SEEK_??? */) = -1 EINVAL (Invalid argument)");
	check(call64("pipe2", OBJ((int[]){3, 4}), 0), 0, "pipe2(MARK[3, 4], 0) = 0");
	check(call64("mknod", STR("/x"), S_IFCHR | 0666, 0x501), 0, "mknod(\"/x\", S_IFCHR|0666, makedev(0x5, 0x1)) = 0");
	check(call64("mknod", STR("/x"), S_IFREG | 0666, 0x501), 0, "mknod(\"/x\", S_IFREG|0666) = 0");
	check(call64("fchownat", AT, STR("x"), (uint32_t)-1, 5, 0x100), 0, "fchownat(AT_FDCWD, \"x\", -1, 5, AT_SYMLINK_NOFOLLOW) = 0");
	check(call64("umask", 022), 0, "umask(022) = 000");
	check(call64("sendfile", 1, 3, OBJ((uint64_t){5}), 10), 10, "sendfile(1, 3, [5]MARK => [5], 10) = 10");
	check(call64("exit_group", 1), 0, "exit_group(1) = ?");
}

static void stats(void **state)
{
	struct stat st = {.st_mode = S_IFREG | 0644, .st_size = 5, .st_mtim = {100, 0}};
	uint64_t a = OBJ(st);

	check(call64("fstat", 3, a), 0, "fstat(3, MARK{st_mode=S_IFREG|0644, st_size=5, ...}) = 0");
	st.st_mode = S_IFCHR | S_ISVTX;
	st.st_rdev = 0x103;
	a = OBJ(st);
	check(call64("newfstatat", AT, STR(""), a, 0x1000), 0,
		"newfstatat(AT_FDCWD, \"\", {st_mode=S_IFCHR|S_ISVTX|000, st_rdev=makedev(0x1, 0x3), ...}, AT_EMPTY_PATH) = 0");
	fake_flags = PTL_CALL_SHALLOW;
	check(call64("fstat", 3, a), 0, "fstat(3, %#lx) = 0", (long)a);
	fake_flags = PTL_CALL_RAW;
	check(call64("fstat", 3, 0x1000), 0, "fstat(0x3, 0x1000MARK) = 0");
}

/* What is not there, or ends midway, is shown as far as it goes and then as an address. */
static void unreadable(void **state)
{
	uint64_t one = OBJ((uint64_t[]){0, 0}), half = OBJ((uint64_t){0}), a;

	check(call64("nanosleep", half, 0), -EFAULT, "nanosleep(%#lx, NULL) = -1 EFAULT (Bad address)", (long)half);
	check(call64("writev", 1, one, 2), -EFAULT,
		"writev(1, [{iov_base=NULL, iov_len=0}, ... /* %#lx */], 2) = -1 EFAULT (Bad address)", (long)one + 16);
	check(call64("readv", 0, one, 2), -EFAULT,
		"readv(0, MARK[{iov_base=NULL, iov_len=0}, ... /* %#lx */], 2) = -1 EFAULT (Bad address)", (long)one + 16);
	a = OBJ((uint64_t){STR("x")});
	check(call64("execve", 0x123, a, a), -EFAULT,
		"execve(0x123, [\"x\", ... /* %#lx */], %#lx /* 1 var, unterminated */) = -1 EFAULT (Bad address)", (long)a + 8, (long)a);
	check(call64("poll", OBJ(((struct pollfd[]){{0, 1, 0}})), 2, 0), -EFAULT,
		"poll([{fd=0, events=POLLIN}, ... /* 0x60000 */], 2, 0) = -1 EFAULT (Bad address)");
	a = BYTES("ABC");
	check(call64("chdir", a), -EFAULT, "chdir(%#lx) = -1 EFAULT (Bad address)", (long)a);
	check(call64("openat2", AT, 0, half, 8), -EINVAL, "openat2(AT_FDCWD, NULL, %#lx, 8) = -1 EINVAL (Invalid argument)", (long)half);
	check(call64("write", 1, 0xffffffffffffff00, 32), -EFAULT, "write(1, 0xffffffffffffff00, 32) = -1 EFAULT (Bad address)");
}

static void strings(void **state)
{
	uint64_t a = STR("abcdefghij");

	fake_options.max_string = 4;
	check(call64("write", 1, a, 10), 10, "write(1, \"abcd\"..., 10) = 10");
	check(call64("chdir", a), 0, "chdir(\"abcdefghij\") = 0"); /* a path is not cut */
	check(call64("execve", a, OBJ((uint64_t[]){a, a, 0}), OBJ((uint64_t[]){a, 0})), 0,
		"execve(\"abcdefghij\", [\"abcd\"..., \"abcd\"...], %#lx /* 1 var */) = 0", 3 * (long)FAKE_PAGE + FAKE_PAGE - 16);
	fake_options.max_string = 32;
	fake_options.strings = PTL_STRINGS_HEX_NONASCII;
	check(call64("write", 1, BYTES("a\n"), 2), 2, "write(1, \"a\\n\", 2) = 2");
	check(call64("write", 1, BYTES("a\1"), 2), 2, "write(1, \"\\x61\\x01\", 2) = 2");
	fake_options.strings = PTL_STRINGS_HEX_CHARS;
	check(call64("write", 1, BYTES("a\1"), 2), 2, "write(1, \"a\\x01\", 2) = 2");
}

static void memory_calls(void **state)
{
	check(call64("mmap", 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0), 0x7f0000000000,
		"mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000");
	check(call64("mmap", 0, 1, 0, 0x24, 3, 0x1000), -EINVAL,
		"mmap(NULL, 1, PROT_NONE, 0x4 /* MAP_??? */|MAP_ANONYMOUS, 3, 0x1000) = -1 EINVAL (Invalid argument)");
	check(call64("mmap", 0, 1, 1, 0x40022 | 21 << 26, 3, 0), 0x1000,
		"mmap(NULL, 1, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, 3, 0) = 0x1000");
	check(call64("mprotect", 0x1000, 1, 0x10), 0, "mprotect(0x1000, 1, 0x10 /* PROT_??? */) = 0");
	check(call64("brk", 0), 0x5000, "brk(NULL) = 0x5000");
	check(call64("mremap", 0x1000, 1, 2, 1, 5), 0x1000, "mremap(0x1000, 1, 2, MREMAP_MAYMOVE) = 0x1000");
	check(call32("mmap2", 0, 4096, 1, 2, 3, 1), (int32_t)0xf7000000, "mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0x1000) = 0xf7000000");
}

static void signals(void **state)
{
	uint64_t act[] = {1, 0x14000004, 0x4444, 6}, full = ~0x10000ull, a;

	check(call64("rt_sigaction", SIGINT, OBJ(act), 0, 8), 0,
		"rt_sigaction(SIGINT, {sa_handler=SIG_IGN, sa_mask=[INT QUIT], sa_flags=SA_RESTORER|SA_RESTART|SA_SIGINFO, "
		"sa_restorer=0x4444}, MARKNULL, 8) = 0");
	check(call64("rt_sigprocmask", 0, OBJ(full), 0, 8), 0, "rt_sigprocmask(SIG_BLOCK, ~[CHLD], NULL, 8) = 0");
	a = OBJ(full);
	check(call64("rt_sigsuspend", a, 4), -EINVAL, "rt_sigsuspend(%#lx, 4) = -1 EINVAL (Invalid argument)", (long)a);
	check(call64("kill", 7, 0), 0, "kill(7, 0) = 0");
	check(call64("tgkill", 1, 2, 34), 0, "tgkill(1, 2, SIGRT_2) = 0");
	check(call64("pause", 0), -514, "pause() = ? ERESTARTNOHAND (To be restarted if no handler)");
	check(call64("rt_sigtimedwait", OBJ(full), 0, 0, 8), 17, "rt_sigtimedwait(~[CHLD], MARKNULL, NULL, 8) = 17 (SIGCHLD)");
}

static void processes(void **state)
{
	uint64_t cl[11] = {0x1200000, 0, 0x1000, 0, 17}, a;

	check(call64("wait4", (uint64_t)-1, OBJ((int){0x300}), 1, 0), 77,
		"wait4(-1, MARK[{WIFEXITED(s) && WEXITSTATUS(s) == 3}], WNOHANG, NULL) = 77");
	check(call64("wait4", (uint64_t)-1, OBJ((int){0x8b}), 0, 0), 77,
		"wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}], 0, NULL) = 77");
	check(call64("wait4", (uint64_t)-1, 0x1000, 1, 0), 0, "wait4(-1, 0x1000, WNOHANG, NULL) = 0");
	check(call64("clone", 0x1200011, 0, 0, 0x7000, 0), 5,
		"clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLDMARK, child_tidptr=0x7000) = 5");
	check(call64("clone3", OBJ(cl), 88), 5,
		"clone3({flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID, child_tid=0x1000, exit_signal=SIGCHLD, stack=NULL, "
		"stack_size=0}MARK, 88) = 5");
	a = OBJ((int){42});
	cl[0] = 0x100000;
	cl[3] = a;
	check(call64("clone3", OBJ(cl), 88), 42,
		"clone3({flags=CLONE_PARENT_SETTID, parent_tid=%#lx, exit_signal=SIGCHLD, stack=NULL, stack_size=0}"
		"MARK => {parent_tid=[42]}, 88) = 42", (long)a);
	check(call64("prlimit64", 0, 3, 0, OBJ((uint64_t[]){8 << 20, UINT64_MAX})), 0,
		"prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0");
	check(call64("sched_getaffinity", 0, 128, OBJ((uint64_t){5})), 8, "sched_getaffinity(0, 128, MARK[0 2]) = 8");
	check(call64("getgroups", 2, OBJ((int[]){4, 5})), 2, "getgroups(2, [4, 5]) = 2");
	check(call64("set_robust_list", 0x1000, 24), 0, "set_robust_list(0x1000, 24) = 0");
}

static void waiting(void **state)
{
	struct pollfd p[] = {{0, POLLIN, POLLIN}, {-1, 5, 0}};
	uint64_t sets = OBJ((uint64_t){3}), ts = OBJ((uint64_t[]){0, 5});

	check(call64("poll", OBJ(p), 2, 10), 1, "poll([{fd=0, events=POLLIN}, {fd=-1}], 2, 10MARK) = 1 ([{fd=0, revents=POLLIN}])");
	check(call64("poll", OBJ(p), 1, 0), 0, "poll([{fd=0, events=POLLIN}], 1, 0) = 0 (Timeout)");
	check(call64("pselect6", 3, sets, 0, 0, ts, 0), 2,
		"pselect6(3, [0 1], NULL, NULL, {tv_sec=0, tv_nsec=5}, NULL) = 2 (in [0 1], left {tv_sec=0, tv_nsec=5})");
	check(call64("epoll_wait", 3, OBJ((uint32_t[]){1, 7, 0}), 16, (uint64_t)-1), 1,
		"epoll_wait(3, MARK[{events=EPOLLIN, data={u32=7, u64=7}}], 16, -1) = 1");
	check(call64("futex", 0x1000, 0x81, 1), 1, "futex(0x1000, FUTEX_WAKE_PRIVATE, 1) = 1");
	check(call64("futex", 0x1000, 0x189, 6, ts, 0, UINT32_MAX), -EAGAIN,
		"futex(0x1000, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 6, {tv_sec=0, tv_nsec=5}, FUTEX_BITSET_MATCH_ANY) "
		"= -1 EAGAIN (Resource temporarily unavailable)");
	check(call64("futex", 0x1000, 0x7d, 1, 2, 3, 4), -ENOSYS,
		"futex(0x1000, 0x7d /* FUTEX_??? */, 1, 0x2, 0x3, 0x4) = -1 ENOSYS (Function not implemented)");
	check(call64("nanosleep", ts, 0x2000), 0, "nanosleep({tv_sec=0, tv_nsec=5}MARK, 0x2000) = 0");
	check(call64("nanosleep", ts, ts), -516,
		"nanosleep({tv_sec=0, tv_nsec=5}, {tv_sec=0, tv_nsec=5}) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)");
}

/* The same structs in the 32-bit layout, registers cut to 32 bits, 64-bit values in two registers. */
static void i386(void **state)
{
	check(call32("nanosleep", OBJ((uint32_t[]){1, 2}), 0), 0, "nanosleep({tv_sec=1, tv_nsec=2}, NULL) = 0");
	check(call32("clock_nanosleep_time64", 0, 0, OBJ((uint64_t[]){1, 2}), 0), 0,
		"clock_nanosleep_time64(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=2}, NULL) = 0");
	check(call32("ftruncate64", 3, 1, 2), 0, "ftruncate64(3, 8589934593) = 0");
	check(call32("pread64", 3, BYTES("ab"), 2, 0xfffffffb, 0xffffffff), 2, "pread64(3, \"ab\", 2, -5) = 2");
	check(call32("read", 0xffffffff00000003, 0xffffffff00000000 | BYTES("ab"), 0xff00000002), 2, "read(3, \"ab\", 2) = 2");
	check(call32("writev", 1, OBJ((uint32_t[]){(uint32_t)BYTES("xyz"), 3}), 1), 3,
		"writev(1, [{iov_base=\"xyz\", iov_len=3}], 1) = 3");
	check(call32("setresuid", 65535, 5, 0x10007), 0, "setresuid(-1, 5, 7) = 0");
	check(call32("rt_sigprocmask", 2, OBJ((uint64_t){0x10002}), 0, 8), 0, "rt_sigprocmask(SIG_SETMASK, [INT CHLD], NULL, 8) = 0");
}

/* What i386 packs into one number is shown as the call that is meant. */
static void calls_for_many(void **state)
{
	uint64_t a = BYTES("abc");

	check(call32("socketcall", 9, OBJ((uint32_t[]){3, (uint32_t)a, 3, 0})), 3, "send(3, \"abc\", 3, 0) = 3");
	check(call32("socketcall", 10, OBJ((uint32_t[]){3, (uint32_t)a, 64, 0})), 3, "recv(3, MARK\"abc\", 64, 0) = 3");
	check(call32("ipc", 23, 5, 100, 01600), 7, "shmget(0x5, 100, IPC_CREAT|0600) = 7");
	check(call32("ipc", 3, 1, 2, 16, OBJ((uint32_t){5})), 0, "semctl(1, 2, SETVAL, 0x5) = 0");
	check(call32("ipc", 99, 1, 2, 3, 4, 5), -ENOSYS,
		"ipc(99, 0x1, 0x2, 0x3, 0x4, 0x5) = -1 ENOSYS (Function not implemented)");
	check(call32("socketcall", 1, 0x1000), -EFAULT, "socketcall(SYS_SOCKET, 0x1000) = -1 EFAULT (Bad address)");
}

static void styles(void **state)
{
	uint64_t a = STR("x");

	fake_options.names = PTL_NAMES_RAW;
	check(call64("openat", AT, a, O_RDWR), 3, "openat(-100, \"x\", 0x2) = 3");
	check(call64("sched_getscheduler", 0), 0, "sched_getscheduler(0) = 0 (SCHED_OTHER)");
	check(call64("rt_sigprocmask", 0, OBJ((uint64_t){0x10002}), 0, 8), 0, "rt_sigprocmask(0, [2 17], NULL, 8) = 0");
	check(call64("personality", 0x40008), 0, "personality(0x8|0x40000) = 0 (0)");
	check(call64("prlimit64", 0, 3, OBJ((uint64_t[]){8192, UINT64_MAX}), 0), 0,
		"prlimit64(0, 0x3, {rlim_cur=8192, rlim_max=18446744073709551615}, NULL) = 0");
	fake_options.names = PTL_NAMES_VERBOSE;
	check(call64("openat", AT, a, O_RDWR | O_CLOEXEC), 3, "openat(-100 /* AT_FDCWD */, \"x\", 0x80002 /* O_RDWR|O_CLOEXEC */) = 3");
	check(call64("openat", AT, a, 0), 3, "openat(-100 /* AT_FDCWD */, \"x\", 0 /* O_RDONLY */) = 3");
	check(call64("rt_sigprocmask", 0, OBJ((uint64_t){2}), 0, 8), 0,
		"rt_sigprocmask(0 /* SIG_BLOCK */, [2 /* INT */], NULL, 8) = 0");
	check(call64("personality", 0x40008), 0,
		"personality(0x8 /* PER_LINUX32 */|0x40000 /* ADDR_NO_RANDOMIZE */) = 0 (0 /* PER_LINUX */)");
	fake_options.names = PTL_NAMES_ABBREV;
	fake_options.arg_names = true;
	check(call64("dup2", 3, 4), 4, "dup2(oldfd=3, newfd=4) = 4");
}

static void fd_text(void *arg, void *task, int fd, struct ptl_text *out)
{
	(void)arg;
	(void)task;
	if (fd == 3)
		ptl_text_add(out, "</a>", 4);
}

static void descriptors(void **state)
{
	fake_options.fd_text = fd_text;
	check(call64("dup2", 3, 4), 3, "dup2(3</a>, 4) = 3</a>");
	fake_options.format = PTL_DECODE_JSON;
	check(call64("close", 3), 0, "\"syscall\":\"close\",\"args\":{\"fd\":{\"value\":3,\"text\":\"</a>\"}},\"result\":0");
}

static void json(void **state)
{
	struct stat st = {.st_mode = S_IFREG | 0644, .st_size = 5};

	(void)st;
	fake_options.format = PTL_DECODE_JSON;
	check(call64("openat", AT, STR("/x\"\n\300"), O_WRONLY | O_CLOEXEC | 0x20000000), -ENOENT,
		"\"syscall\":\"openat\",\"args\":{\"dfd\":{\"value\":-100,\"text\":\"AT_FDCWD\"},\"filename\":"
		"{\"hex\":\"2f78220ac0\",\"text\":\"/x\\\"\\n\\ufffd\"},\"flags\":{\"value\":537395201,\"flags\":[\"O_WRONLY\",\"O_CLOEXEC\","
		"\"0x20000000\"]}},\"result\":-1,\"errno\":\"ENOENT\"");
	check(call64("pipe2", OBJ((int[]){3, 4}), 0), 0,
		"\"syscall\":\"pipe2\",\"args\":{\"fildes\":[3,4],\"flags\":{\"value\":0,\"flags\":[]}},\"result\":0");
	check(call64("nanosleep", OBJ((uint64_t[]){1, 2}), 0), 0,
		"\"syscall\":\"nanosleep\",\"args\":{\"rqtp\":{\"tv_sec\":1,\"tv_nsec\":2},\"rmtp\":null},\"result\":0");
	check(call64("exit_group", 1), 0, "\"syscall\":\"exit_group\",\"args\":{\"status\":1},\"result\":null");
	fake_options.max_string = 2;
	check(call64("write", 1, BYTES("abc"), 3), 3,
		"\"syscall\":\"write\",\"args\":{\"fd\":1,\"buf\":{\"bytes\":\"ab\",\"cut\":true},\"count\":3},\"result\":3");
}

/* An exit whose entry was never seen does the work of both. */
static void exit_alone(void **state)
{
	struct ptl_memory mem = {fake_read, NULL};
	struct ptl_call call = call64("close", 3);
	struct ptl_decode_state st = {{0}};
	struct ptl_text out = PTL_TEXT_INIT;
	struct ptl_decoder *d;

	(void)state;
	assert_int_equal(ptl_decoder_new(&fake_options, &d), 0);
	call.has_result = true;
	assert_int_equal(ptl_decode_exit(d, &st, &call, &mem, NULL, &out), 0);
	assert_string_equal(out.data, "close(3)");
	ptl_text_clear(&out);
	call.nr = 0x1ff;
	assert_int_equal(ptl_decode_entry(d, &st, &call, &mem, NULL, &out), 0);
	assert_string_equal(out.data, "syscall_0x1ff(0x3, 0, 0, 0, 0, 0");
	ptl_text_done(&out);
	ptl_decoder_free(d);
}

static void siginfos(void **state)
{
	siginfo_t si = {.si_signo = SIGCHLD, .si_code = CLD_EXITED};
	struct ptl_text out = PTL_TEXT_INIT;
	struct ptl_decoder *d;

	(void)state;
	si.si_pid = 7;
	si.si_status = 3;
	assert_int_equal(ptl_decoder_new(&fake_options, &d), 0);
	assert_int_equal(ptl_decode_siginfo(d, NULL, &si, sizeof(si), &out), 0);
	assert_string_equal(out.data,
		"{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=7, si_uid=0, si_status=3, si_utime=0, si_stime=0}");
	ptl_text_clear(&out);
	memset(&si, 0, sizeof(si));
	si.si_signo = SIGSEGV;
	si.si_code = SEGV_MAPERR;
	si.si_addr = (void *)0x10;
	assert_int_equal(ptl_decode_siginfo(d, NULL, &si, sizeof(si), &out), 0);
	assert_string_equal(out.data, "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10}");
	ptl_text_done(&out);
	ptl_decoder_free(d);
}

/* One read a string, one a struct: reads are what decoding costs. */
static void few_reads(void **state)
{
	struct stat st = {0};

	fake_reads = 0;
	free(decode(call64("openat", AT, STR("/etc/passwd"), O_RDONLY), 3, 0));
	assert_int_equal(fake_reads, 1);
	free(decode(call64("fstat", 3, OBJ(st)), 0, 0));
	assert_int_equal(fake_reads, 2);
	free(decode(call64("write", 1, BYTES("0123456789012345678901234567890123456789"), 40), 40, 0));
	assert_int_equal(fake_reads, 3);
	free(decode(call64("poll", OBJ(((struct pollfd[]){{0, 1, 0}})), 1, 0), 0, 0));
	assert_int_equal(fake_reads, 4);
}

static void lookups(void **state)
{
	struct ptl_call_info info;
	enum ptl_abi abi;
	uint32_t nr;

	(void)state;
	assert_int_equal(ptl_call_find(PTL_ABI_X86_64, "openat"), 257);
	assert_int_equal(ptl_call_find(PTL_ABI_I386, "openat"), 295);
	assert_int_equal(ptl_call_find(PTL_ABI_X32, "execveat"), 545);
	assert_int_equal(ptl_call_find(PTL_ABI_X86_64, "mmap2"), -1);
	assert_int_equal(ptl_call_find(PTL_ABI_X86_64, "statmount"), 457);
	assert_true(ptl_call_info(PTL_ABI_X86_64, 257, &info));
	assert_string_equal(info.name, "openat");
	assert_int_equal(info.arg_count, 4);
	assert_int_equal(info.path_args, 2);
	assert_int_equal(info.fd_args, 1);
	assert_true(info.classes & ptl_class_find("file"));
	assert_true(info.classes & ptl_class_find("desc"));
	assert_false(info.classes & ptl_class_find("net"));
	assert_true(ptl_call_info(PTL_ABI_X86_64, 4, &info));
	assert_true(info.classes & ptl_class_find("stat"));
	assert_true(info.classes & ptl_class_find("%stat"));
	assert_int_equal(ptl_class_find("nonsense"), 0);
	assert_true(ptl_call_info(PTL_ABI_X86_64, 231, &info));
	assert_true(info.traits & PTL_CALL_NEVER_RETURNS);
	assert_false(ptl_call_info(PTL_ABI_X86_64, 10000, &info));
	assert_int_equal(ptl_call_abi(PTL_ARCH_X86_64, 0x40000000 + 545, &abi, &nr), 0);
	assert_int_equal(abi, PTL_ABI_X32);
	assert_int_equal(nr, 545);
	assert_int_equal(ptl_call_abi(PTL_ARCH_X86_64, (uint64_t)-1, &abi, &nr), 0);
	assert_int_equal(abi, PTL_ABI_X86_64);
	assert_true(ptl_call_abi(0x1234, 0, &abi, &nr) < 0);
	assert_string_equal(ptl_errno_name(2), "ENOENT");
	assert_null(ptl_errno_name(4000));
	assert_int_equal(ptl_errno_find("EAGAIN"), EAGAIN);
	assert_int_equal(ptl_errno_find("EWOULDBLOCK"), EAGAIN);
	assert_int_equal(ptl_errno_find("ENOPE"), -1);
	assert_string_equal(ptl_signal_name(9), "SIGKILL");
	assert_string_equal(ptl_signal_name(64), "SIGRT_32");
	assert_null(ptl_signal_name(65));
	assert_int_equal(ptl_signal_find("int"), SIGINT);
	assert_int_equal(ptl_signal_find("SIGCHLD"), SIGCHLD);
	assert_int_equal(ptl_signal_find("9"), 9);
	assert_int_equal(ptl_signal_find("SIGNOPE"), -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, options)
	const struct CMUnitTest tests[] = {
		TEST(files), TEST(stats), TEST(strings), TEST(unreadable), TEST(memory_calls), TEST(signals), TEST(processes), TEST(waiting),
		TEST(i386), TEST(calls_for_many), TEST(styles), TEST(descriptors), TEST(json), TEST(exit_alone), TEST(siginfos), TEST(few_reads),
		TEST(lookups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
