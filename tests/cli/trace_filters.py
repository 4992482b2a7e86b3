#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which calls are shown: sets, classes, regular expressions, statuses, paths; the same with and without the kernel's filter."""

import os
import re

from trace_util import CALLS, PINTLE, Run, check, done, same


def names(*args):
    """The names of the calls shown, each once, in order."""
    seen = []
    for line in Run("-f", *args).lines:
        m = re.match(r"(?:\d+ +)?([a-z0-9_]+)\(", line)
        if m and m.group(1) not in seen:
            seen.append(m.group(1))
    return seen


for filter in ["--seccomp-bpf=never", "--seccomp-bpf=auto", "--seccomp-bpf"]:
    def ours(*args):
        return names(filter, *args, CALLS, "cegw")

    same("two names " + filter, ours("-e", "trace=chdir,getppid"), ["chdir", "getppid"])
    same("short form", ours("-e", "chdir"), ["chdir"])
    same("--trace", ours("--trace=chdir"), ["chdir"])
    same("the last one counts", ours("-e", "chdir", "-e", "write"), ["write"])
    same("a number", ours("-e", "trace=80"), ["chdir"])
    same("a regular expression", ours("-e", "trace=/^(ch|getpp)"), ["chdir", "getppid"])
    same("a class", ours("-e", "trace=%process"), ["execve", "exit_group"])
    same("none", ours("-e", "trace=none"), [])
    same("of 64-bit programs", ours("-e", "trace=chdir@64"), ["chdir"])
    same("of 32-bit programs", ours("-e", "trace=chdir@32"), [])
    same("unknown, allowed", ours("-e", "trace=?nonsense,chdir"), ["chdir"])
    without = ours("-e", "trace=!%file,write")
    check("getppid" in without and "write" not in without and "chdir" not in without, "negation: " + str(without))
    check("execve" in ours("-e", "trace=all"), "all")
    r = Run("-f", filter, "-e", "chdir", CALLS, "f")
    check(sum("exited with 7" in line for line in r.lines) == 1, "deaths of children show")
    check(any("--- SIGCHLD" in line for line in r.lines), "signals show")

same("-z", Run("-z", "-e", "chdir", CALLS, "cece").lines.count('chdir(".")                              = 0'), 2)
same("-z hides failures", len(Run("-z", "-e", "chdir", CALLS, "cece").lines), 3)
same("-Z", [l[:14] for l in Run("-Z", "-e", "chdir", CALLS, "cece").lines], ['chdir("/nonexi'] * 2 + ["+++ exited wit"])
same("status=unfinished", [l.split("(")[0] for l in Run("-e", "status=unfinished", CALLS, "c").lines],
     ["exit_group", "+++ exited with 0 +++"])
same("status=!successful,unfinished", len(Run("-e", "status=!successful,unfinished", "-e", "chdir", CALLS, "ce").lines), 2)

# Paths: by name, through a link, by descriptor.
open("file", "w").write("x")
os.symlink("file", "link")
real = os.path.realpath("file")
r = Run("-P", real, "-e", "trace=%desc,%file", "cat", real)
shown = [re.match(r"\w+", line).group(0) for line in r.lines if line[0] != "+"]
check("openat" in shown and "read" in shown and "close" in shown, "-P shows what goes on with it: " + str(shown))
check(all("file" in line or re.match(r"\w+\(3", line) for line in r.lines if line[0] != "+"), "-P shows nothing else")
r = Run("-P", "link", "true")
check("Requested path \"link\" resolved into \"%s\"" % real in r.err, "-P tells what it resolves: " + r.err)
same("and keeps quiet about it", Run("-e", "quiet=path-resolution", "-P", "link", "true").err, "")

# A 32-bit call in a 64-bit program would need its own program: see tests/quirks.
same("--syscall-limit", [l[:5] for l in Run("--syscall-limit=2", "-e", "chdir", CALLS, "cccx").lines][:2], ["chdir"] * 2)
r = Run("--syscall-limit=2", "-e", "chdir", CALLS, "cccx")
same("--syscall-limit leaves the program alone", (r.status, sum("chdir" in l for l in r.lines)), (3, 2))
done()
