/* SPDX-License-Identifier: MIT */
/* What the tests share that need another user than root, and a copy of their own program with other permissions. */
#ifndef OTHER_USER_H
#define OTHER_USER_H

#include "quirk.h"

#include <limits.h>
#include <sys/stat.h>

enum { Q_USER = 65534 };

static Q_UNUSED void q_become_user(void)
{
	CHECK(!setresgid(Q_USER, Q_USER, Q_USER) && !setresuid(Q_USER, Q_USER, Q_USER), "cannot become another user");
	prctl(PR_SET_DUMPABLE, 1);
}

/* Copies our own executable into the test's folder, reachable for all. */
static Q_UNUSED void q_copy_self(char path[PATH_MAX], const char *name, mode_t mode)
{
	char buf[65536];
	ssize_t n;
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), out;

	snprintf(path, PATH_MAX, "/tmp/%s-%d", name, getpid());
	unlink(path);
	out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	CHECK(in >= 0 && out >= 0, "cannot copy the program to %s: %s", path, strerror(errno));
	while ((n = read(in, buf, sizeof(buf))) > 0)
		CHECK(write(out, buf, (size_t)n) == n, "cannot write %s", path);
	CHECK(!fchmod(out, mode), "cannot chmod %s", path);
	close(in);
	close(out);
}

#endif
