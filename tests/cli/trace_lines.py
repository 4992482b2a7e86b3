#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lines of `pintle trace`: their parts, columns, times, colours, prefixes, and what is said of ends and signals."""

import os
import re

from trace_util import CALLS, PINTLE, Run, check, done, like, same

EXIT0 = "+++ exited with 0 +++"
some = "trace=chdir,getppid"

r = Run("-e", some, CALLS, "cge")
same("status", r.status, 0)
like("lines", r.lines, r'chdir\("\."\)                              = 0\n'
     r"getppid\(\)                               = \d+\n"
     r'chdir\("/nonexistent/\\33\[31m"\)           = -1 ENOENT \(No such file or directory\)\n' + re.escape(EXIT0))
same("no message with -o", r.err, "")
same("-a", Run("-e", "chdir", "-a", "60", CALLS, "c").lines[0], 'chdir(".")'.ljust(60) + "= 0")
same("-a 0", Run("-e", "chdir", "-a", "0", CALLS, "c").lines[0], 'chdir(".") = 0')
same("-qq", Run("-qq", "-e", "chdir", CALLS, "c").lines, ['chdir(".")                              = 0'])

# Times. A column counts from the beginning of the line, whatever stands there.
clock, call = r"\d\d:\d\d:\d\d", r'chdir\("\."\)'
for options, pattern in [
        (["-t"], clock + r" " + call),
        (["-tt"], clock + r"\.\d{6} " + call),
        (["-ttt"], r"\d{10}\.\d{6} " + call),
        (["--absolute-timestamps=unix,ns"], r"\d{10}\.\d{9} " + call),
        (["--absolute-timestamps=precision:ms,format:time"], clock + r"\.\d{3} " + call),
        (["-r"], r"     0\.000000 " + call),
        (["--relative-timestamps=ms"], r"     0\.000 " + call),
        (["-tr"], clock + r" \(\+     0\.000000\) " + call),
        (["-i"], r"\[[0-9a-f]{16}\] " + call),
        (["-n"], r"\[  80\] " + call),
        (["-ni"], r"\[  80\] \[[0-9a-f]{16}\] " + call),
        (["--always-show-pid"], r"\d+ +" + call)]:
    line = Run("-e", "chdir", *options, CALLS, "c").lines[0]
    like(" ".join(options), line, pattern + r" += 0")
    check(line.index("= 0") == max(40, len(line) - 3), " ".join(options) + ": column")
like("-T", Run("-T", "-e", "chdir", CALLS, "c").lines[0], call + r" += 0 <0\.\d{6}>")
like("--syscall-times=ns", Run("--syscall-times=ns", "-e", "chdir", CALLS, "c").lines[0], call + r" += 0 <0\.\d{9}>")
r = Run("-r", "-e", "chdir", CALLS, "cc").lines
check(float(r[1].split()[0]) < 5, "-r counts from the line before")

# Descriptors by path.
line = Run("-y", "-e", "write", CALLS, "w").lines[0]
like("-y", line, r'write\(1<pipe:\[\d+\]>, "hello\\n", 6\) += 6')

# Bytes that would drive a terminal never get out, to standard error either.
r = Run("-e", "chdir,write", CALLS, "eb", log=False)
check(all(c == "\n" or 32 <= ord(c) < 127 for c in r.err), "control bytes are escaped: " + repr(r.err))
like("escapes", r.err, r'.*write\(1, "a\\377\\33\\n\\0b", 6\) += 6\n.*')

# Two processes.
r = Run("-f", "-e", "trace=wait4,exit_group", CALLS, "f")
# The child is given time to let its parent wait first; on a loaded machine it may be first nevertheless.
death = r"(?P<child>\d+) +exit_group\(7\) += \?\n(?P=child) +\+\+\+ exited with 7 \+\+\+\n"
sigchld = r"\d+ +--- SIGCHLD \{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=(?P=child), .*\} ---\n"
m = re.fullmatch(r"(?P<parent>\d+) +wait4\(-1,? +<unfinished \.\.\.>\n" + death +
                 r"(?P=parent) +<\.\.\. wait4 resumed>(, )?NULL, 0, NULL\) += (?P=child)\n" + sigchld +
                 r"(?P=parent) +exit_group\(0\) += \?\n(?P=parent) +\+\+\+ exited with 0 \+\+\+", "\n".join(r.lines), re.S) or \
    re.fullmatch(death + sigchld + r"(\d+ +wait4\(-1, NULL, 0, NULL\) += (?P=child)\n)\d+ +exit_group\(0\) += \?\n\d+ .*",
                 "\n".join(r.lines), re.S)
check(m, "a child: " + repr(r.lines))
r = Run("-f", "-e", "trace=exit_group", CALLS, "f", log=False)
like("a child, on standard error", r.err,
     r"pintle trace: Process (\d+) attached\n\[pid +\1\] exit_group\(7\) +(= \?|.*)\n.*"
     r"--- SIGCHLD .*si_pid=\1.* ---\nexit_group\(0\) += \?\n\+\+\+ exited with 0 \+\+\+\n")
r = Run("-e", "trace=exit_group", CALLS, "f")
same("without -f", r.lines[-2:], ["exit_group(0)                           = ?", EXIT0])
check(len(r.lines) == 3, "without -f only the signal tells of the child")

# Signals, and deaths.
r = Run("-e", "trace=none", CALLS, "s")
like("a signal", r.lines, r"--- SIGUSR1 \{si_signo=SIGUSR1, si_code=SI_TKILL, si_pid=(\d+), si_uid=\d+\} ---\n" + re.escape(EXIT0))
same("-e signal=", Run("-e", "trace=none", "-e", "signal=!SIGUSR1", CALLS, "s").lines, [EXIT0])
r = Run("-e", "trace=none", CALLS, "k")
same("a fatal signal ends us as well", r.status, -15)
same("killed", r.lines[-1], "+++ killed by SIGTERM +++")
same("status", Run("-e", "trace=none", CALLS, "x").status, 3)

# Output: append, a program's input, a file for each.
Run("-e", "trace=none", CALLS, "x")
os.rename("log", "twice")
Run("-A", "-o", "twice", "-e", "trace=none", CALLS, "x", log=False)
same("-A", open("twice").read(), "+++ exited with 3 +++\n" * 2)
Run("-o", "|tr a-z A-Z >piped", "-e", "trace=none", CALLS, "x", log=False)
same("-o |", open("piped").read(), "+++ EXITED WITH 3 +++\n")
r = Run("-ff", "-o", "own", "-e", "trace=exit_group", CALLS, "f", log=False)
files = sorted(f for f in os.listdir(".") if f.startswith("own."))
check(len(files) == 2, "-ff makes two files: " + str(files))
texts = sorted(open(f).read() for f in files)
like("-ff, the child", texts[1] if "7" in texts[1] else texts[0], r"exit_group\(7\) +(= \?|<unf.*)\n\+\+\+ exited with 7 \+\+\+\n")

# What the program writes stands between the lines as it happened.
r = Run("-e", "trace=write,getppid", CALLS, "gwg", log=False, command=["sh", "-c", 'exec "$@" 2>&1', "sh", PINTLE, "trace"])
like("interleaved", r.out.decode(), r'getppid\(\) += \d+\nwrite\(1, "hello\\n", 6(hello\n)?\) += 6\n(hello\n)?getppid\(\) += \d+\n.*')

# Colours only where they are wanted.
check("\033" not in Run("--color=auto", "-e", "chdir", CALLS, "c", log=False).err, "no colours in a pipe")
r = Run("--color=always", "-e", "chdir", CALLS, "ce", log=False).err
check("\033[1;34mchdir\033[0m(" in r, "a name in colour: " + repr(r))
plain = re.sub("\033\\[[0-9;]*m", "", r)
same("colours take no columns", plain.splitlines()[0], 'chdir(".")                              = 0')

# As strace.
os.symlink(PINTLE, "strace")
r = Run("-e", "trace=nonsense", "true", log=False, command=["./strace"])
same("strace's own words", (r.err, r.status), ("./strace: invalid system call 'nonsense'\n", 1))
done()
