/* SPDX-License-Identifier: MIT */
/* sysdec: sockets, fcntl and ioctl, on a memory that is not there. */
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "sysdec_fake.h"

static int options(void **state)
{
	(void)state;
	fake_options = (struct ptl_decode_options){.max_string = 32};
	fake_flags = 0;
	reset();
	return 0;
}

static void addresses(void **state)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr = {htonl(0x7f000001)}};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(53), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	uint64_t a = OBJ(in);

	check(call64("socket", AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 3, "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3");
	check(call64("socket", AF_UNIX, SOCK_DGRAM, 0), 3, "socket(AF_UNIX, SOCK_DGRAM, 0) = 3");
	check(call64("connect", 3, a, 16), 0, "connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0");
	check(call64("connect", 3, a, 12), -EINVAL,
		"connect(3, {sa_family=AF_INET, sa_data=\"\\0P\\177\\0\\0\\1\\0\\0\\0\\0\"}, 12) = -1 EINVAL (Invalid argument)");
	check(call64("connect", 3, a, 1), -EINVAL, "connect(3, %#lx, 1) = -1 EINVAL (Invalid argument)", (long)a);
	check(call64("connect", 3, a, (uint32_t)-1), -EINVAL, "connect(3, %#lx, -1) = -1 EINVAL (Invalid argument)", (long)a);
	check(call64("bind", 3, OBJ(in6), 28), 0,
		"bind(3, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"::1\", &sin6_addr), "
		"sin6_scope_id=0}, 28) = 0");
	check(call64("bind", 3, BYTES("\1\0/tmp/x\0?"), 10), 0, "bind(3, {sa_family=AF_UNIX, sun_path=\"/tmp/x\"}, 10) = 0");
	check(call64("bind", 3, BYTES("\1\0\0abc"), 6), 0, "bind(3, {sa_family=AF_UNIX, sun_path=@\"abc\"}, 6) = 0");
	check(call64("bind", 3, BYTES("\1\0"), 2), 0, "bind(3, {sa_family=AF_UNIX}, 2) = 0");
	check(call64("accept4", 3, a, OBJ((int){16}), SOCK_NONBLOCK), 4,
		"accept4(3, MARK{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, [16], SOCK_NONBLOCK) = 4");
	check(call64("accept", 3, 0, 0), -EAGAIN, "accept(3, MARKNULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)");
	fake_options.names = PTL_NAMES_RAW;
	check(call64("connect", 3, a, 16), 0, "connect(3, {sa_family=0x2, sin_port=\"\\x00\\x50\", sin_addr=\"\\x7f\\x00\\x00\\x01\"}, 16) = 0");
}

static void sockopts(void **state)
{
	uint64_t four = OBJ((int){4}), three = OBJ((int){3}), value = OBJ((int){ECONNREFUSED});

	check(call64("setsockopt", 3, SOL_SOCKET, SO_REUSEADDR, OBJ((int){1}), 4), 0, "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0");
	check(call64("setsockopt", 3, SOL_SOCKET, SO_REUSEADDR, value, 3), -EINVAL,
		"setsockopt(3, SOL_SOCKET, SO_REUSEADDR, %#lx, 3) = -1 EINVAL (Invalid argument)", (long)value);
	check(call64("getsockopt", 3, SOL_SOCKET, SO_ERROR, value, four), 0, "getsockopt(3, SOL_SOCKET, SO_ERROR, MARK[ECONNREFUSED], [4]) = 0");
	check(call64("getsockopt", 3, SOL_SOCKET, SO_ERROR, value, three), 0,
		"getsockopt(3, SOL_SOCKET, SO_ERROR, MARK\"\\x6f\\x00\\x00\", [3]) = 0");
	check(call64("setsockopt", 3, SOL_SOCKET, SO_LINGER, OBJ((struct linger){1, 5}), 8), 0,
		"setsockopt(3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=5}, 8) = 0");
	check(call64("setsockopt", 3, IPPROTO_TCP, 1, OBJ((int){1}), 4), 0, "setsockopt(3, SOL_TCP, TCP_NODELAY, [1], 4) = 0");
	check(call64("getsockopt", 3, 999, 5, value, four), -EBADF,
		"getsockopt(3, 0x3e7 /* SOL_??? */, 5, MARK%#lx, [4]) = -1 EBADF (Bad file descriptor)", (long)value);
}

static void messages(void **state)
{
	uint64_t data = BYTES("hello"), control;
	struct iovec iov = {(void *)data, 5};
	struct msghdr m = {.msg_iov = (void *)OBJ(iov), .msg_iovlen = 1};
	struct {
		size_t len; /* struct cmsghdr, whose open end does not go into the middle of another */
		int level, type;
		int fds[2];
	} rights = {sizeof(rights), SOL_SOCKET, SCM_RIGHTS, {7, 8}}, hostile = {1ul << 62, SOL_SOCKET, SCM_RIGHTS, {9, 10}};

	check(call64("sendmsg", 3, OBJ(m), MSG_NOSIGNAL), 5,
		"sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"hello\", iov_len=5}], msg_iovlen=1, msg_controllen=0, "
		"msg_flags=0}, MSG_NOSIGNAL) = 5");
	check(call64("recvmsg", 3, OBJ(m), 0), 2,
		"recvmsg(3, MARK{msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"he\", iov_len=5}], msg_iovlen=1, msg_controllen=0, "
		"msg_flags=0}, 0) = 2");
	check(call64("recvmsg", 3, OBJ(m), 0), -EAGAIN,
		"recvmsg(3, MARK{msg_namelen=0}, 0) = -1 EAGAIN (Resource temporarily unavailable)");
	control = OBJ(rights);
	m.msg_control = (void *)control;
	m.msg_controllen = sizeof(rights);
	check(call64("sendmsg", 3, OBJ(m), 0), 5,
		"sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"hello\", iov_len=5}], msg_iovlen=1, msg_control=[{cmsg_len=24, "
		"cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[7, 8]}], msg_controllen=24, msg_flags=0}, 0) = 5");
	m.msg_control = (void *)OBJ(hostile);
	check(call64("sendmsg", 3, OBJ(m), 0), -EINVAL,
		"sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"hello\", iov_len=5}], msg_iovlen=1, "
		"msg_control=[{cmsg_len=4611686018427387904, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[9, 10]}], "
		"msg_controllen=24, msg_flags=0}, 0) = -1 EINVAL (Invalid argument)");
	/* Lengths that no memory has. */
	m.msg_iovlen = 1ul << 60;
	m.msg_controllen = 1ul << 60;
	m.msg_namelen = 0x7fffffff;
	free(decode(call64("sendmsg", 3, OBJ(m), 0), 0, 0));
	free(decode(call64("sendmmsg", 3, OBJ(m), 0xffffffff), 1 << 30, 0));
	free(decode(call64("recvmmsg", 3, OBJ(m), 0xffffffff), 1 << 30, 0));
}

static void control(void **state)
{
	struct winsize w = {24, 80, 0, 0};

	check(call64("fcntl", 3, F_GETFL), O_RDWR | O_NONBLOCK, "fcntl(3, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK)");
	check(call64("fcntl", 3, F_SETFD, FD_CLOEXEC), 0, "fcntl(3, F_SETFD, FD_CLOEXEC) = 0");
	check(call64("fcntl", 3, F_SETLK, OBJ((struct flock){F_WRLCK, SEEK_SET, 1, 2, 0})), 0,
		"fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=1, l_len=2}) = 0");
	check(call64("fcntl", 3, 999, 5), -EINVAL, "fcntl(3, 0x3e7 /* F_??? */, 0x5) = -1 EINVAL (Invalid argument)");
	check(call64("ioctl", 1, TIOCGWINSZ, OBJ(w)), 0, "ioctl(1, TIOCGWINSZ, MARK{ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0");
	check(call64("ioctl", 1, TCGETS, 0x1000), -ENOTTY, "ioctl(1, TCGETS, MARK0x1000) = -1 ENOTTY (Inappropriate ioctl for device)");
	check(call64("ioctl", 1, FIONREAD, OBJ((int){7})), 0, "ioctl(1, FIONREAD, MARK[7]) = 0");
	check(call64("ioctl", 1, 0xc0dedead, 5), -ENOTTY,
		"ioctl(1, _IOC(_IOC_READ|_IOC_WRITE, 0xde, 0xad, 0xde), 0x5) = -1 ENOTTY (Inappropriate ioctl for device)");
}

static int route(void *arg, void *task, int fd)
{
	return fd == 3 ? NETLINK_ROUTE : -1;
}

static void netlink(void **state)
{
	struct {
		struct nlmsghdr h;
		char bytes[4];
	} two[2] = {{{20, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, "\1\2\3\4"}, {{20, NLMSG_DONE, NLM_F_MULTI, 2, 7}, {0}}};
	uint64_t a;

	fake_options.netlink_protocol = route;
	a = OBJ(two);
	check(call64("sendto", 3, a, 20, 0, 0, 0), 20,
		"sendto(3, [{nlmsg_len=20, nlmsg_type=RTM_GETADDR, nlmsg_flags=NLM_F_REQUEST|NLM_F_DUMP, nlmsg_seq=1, nlmsg_pid=0}, "
		"{ifa_family=AF_UNIX, ...}], 20, 0, NULL, 0) = 20");
	check(call64("sendto", 3, a, 40, 0, 0, 0), 40,
		"sendto(3, [[{nlmsg_len=20, nlmsg_type=RTM_GETADDR, nlmsg_flags=NLM_F_REQUEST|NLM_F_DUMP, nlmsg_seq=1, nlmsg_pid=0}, "
		"{ifa_family=AF_UNIX, ...}], [{nlmsg_len=20, nlmsg_type=NLMSG_DONE, nlmsg_flags=NLM_F_MULTI, nlmsg_seq=2, nlmsg_pid=7}, 0]], "
		"40, 0, NULL, 0) = 40");
	/* A length that would not go on, and one that goes beyond what is there. */
	two[0].h.nlmsg_len = 0;
	two[1].h.nlmsg_len = 0xfffffffd;
	free(decode(call64("sendto", 3, OBJ(two), 40, 0, 0, 0), 40, 0));
	free(decode(call64("sendto", 3, OBJ(two[1]), 20, 0, 0, 0), 20, 0));
	check(call64("sendto", 4, BYTES("abcd"), 4, 0, 0, 0), 4, "sendto(4, \"abcd\", 4, 0, NULL, 0) = 4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(addresses, options),
		cmocka_unit_test_setup(sockopts, options),
		cmocka_unit_test_setup(messages, options),
		cmocka_unit_test_setup(control, options),
		cmocka_unit_test_setup(netlink, options),
	};

	return cmocka_run_group_tests_name("sysdec_net", tests, NULL, NULL);
}
