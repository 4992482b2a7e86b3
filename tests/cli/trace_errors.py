#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Wrong command lines, programs that cannot be run, outputs that cannot be written: one line, and the right exit status."""

import os
import signal
import subprocess

from trace_util import CALLS, PINTLE, Run, check, done, like, one_line, same

see = r" \(see 'pintle trace --help'\)"


def wrong(what, args, pattern, status=2):
    one_line(what, Run(*args, log=False), "pintle trace: " + pattern, status)


wrong("an unknown letter", ["-@", "true"], r"invalid option -- '@'" + see)
wrong("an unknown option", ["--nonsense", "true"], r"unrecognized option '--nonsense'" + see)
wrong("an ambiguous option", ["--st", "true"], r"option '--st' is ambiguous; possibilities: .*" + see)
wrong("no argument", ["-o"], r"option requires an argument -- 'o'" + see)
wrong("an argument too many", ["--version=3"], r"option '--version' doesn't allow an argument" + see)
wrong("nothing to trace", [], r"must have PROG \[ARGS\] or -p PID" + see)
for option in ["-k", "--stack-traces", "--inject=close:error=EIO", "--secontext", "-d"]:
    wrong(option, [option, "true"], r"option %s is not available yet" % option.split("=")[0])
for qualifier in ["inject=close:error=EIO", "fault=close", "read=3", "write=1", "kvm=vcpu"]:
    wrong(qualifier, ["-e", qualifier, "true"], r"option -e %s is not available yet" % qualifier.split("=")[0])
for pid in ["x", "", "0", "-1", "12x", "99999999999", "1,,x"]:
    wrong("pid " + pid, ["-p", pid], r"invalid process id: '%s'" % ("x" if pid == "1,,x" else pid))
wrong("a call", ["-e", "trace=nonsense", "true"], "invalid system call 'nonsense'")
wrong("a class", ["-e", "trace=%nonsense", "true"], "invalid system call '%nonsense'")
wrong("an expression", ["-e", "trace=/(", "true"], r"invalid regular expression '\(': .*")
wrong("a personality", ["-e", "trace=close@99", "true"], r"incorrect personality designator '99' in qualification 'close@99'" + see)
wrong("a signal", ["-e", "signal=NONSENSE", "true"], "invalid signal 'NONSENSE'")
wrong("a status", ["-e", "status=x", "true"], "invalid status 'x'")
wrong("quiet", ["-e", "quiet=x", "true"], "invalid quiet 'x'")
wrong("-s", ["-s", "-1", "true"], r"invalid -s argument: '-1'" + see)
wrong("--string-limit", ["--string-limit=x", "true"], r"invalid --string-limit argument: 'x'" + see)
wrong("-I", ["-I", "7", "true"], r"invalid -I argument: '7'" + see)
wrong("-S", ["-c", "-S", "x", "true"], r"invalid sortby: 'x'" + see)
wrong("-U", ["-c", "-U", "calls,calls", "true"], r"call summary column has been provided more than once: 'calls' .*" + see)
wrong("-b", ["-b", "open", "true"], "Syscall 'open' for -b isn't supported")
wrong("-c and -C", ["-c", "-C", "true"], r"-c/--summary-only and -C/--summary are mutually exclusive" + see)
wrong("hostile option", ["--\033[31m", "true"], r"unrecognized option '--\\x1b\[31m'" + see)

# Names that need not be there.
same("?name", Run("-e", "trace=?nonsense,chdir", CALLS, "c").lines[0], 'chdir(".")                              = 0')

# Programs.
wrong("not found", ["nonexistent-program"], "cannot execute 'nonexistent-program': No such file or directory", 127)
wrong("no such path", ["./nonexistent"], "cannot execute './nonexistent': No such file or directory", 127)
open("plain", "w").write("text\n")
r = Run("./plain")
same("not executable: status", r.status, 126)
like("not executable", r.err, r"pintle trace: cannot execute .*Permission denied\n")
like("not executable: the call", r.lines[0], r'execve\("\./plain", \["\./plain"\], 0x[0-9a-f]+ /\* \d+ vars \*/\) = -1 EACCES \(Permission denied\)')
os.mkdir("folder")
same("a folder", Run("./folder").status, 126)
open("bad", "wb").write(b"\x7fELF and no more")
os.chmod("bad", 0o755)
r = Run("./bad")
same("not a program", r.status, 126)
like("not a program", r.err, r"pintle trace: cannot execute .*Exec format error\n")
same("-p of nobody", Run("-p", "4194304", log=False).status, 1)

# Outputs.
wrong("a folder for -o", ["-o", "folder", "true"], "cannot open 'folder': Is a directory", 1)
wrong("no folder for -o", ["-o", "no/where", "true"], "cannot open 'no/where': No such file or directory", 1)
r = Run("-o", "/dev/full", CALLS, "lw", "20000", log=False)
same("a full disk: status", r.status, 1)
like("a full disk", r.err, "pintle trace: cannot write to '/dev/full': No space left on device\n")
same("a full disk: the program runs on", r.out, b"hello\n")

# Whoever reads us goes away: we end as a program does whose reader went, and the program with us.
p = subprocess.Popen([PINTLE, "trace", CALLS, "l", "100000000"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
p.stderr.readline()
p.stderr.close()
same("a closed pipe", p.wait(20), -signal.SIGPIPE)

# -ff writes to names that others could have made beforehand.
victim = os.path.abspath("victim")
open(victim, "w").write("precious")
hook = "import os, sys; os.symlink(%r, 'own.%%d' %% os.getpid()); os.execv(sys.argv[1], sys.argv[1:])" % victim
p = subprocess.run(["python3", "-c", hook, PINTLE, "trace", "-D", "-ff", "-o", "own", CALLS, "c"], stderr=subprocess.PIPE, timeout=20)
same("a link is not followed", open(victim).read(), "precious")
check(b"it is a symbolic link" in p.stderr, "a link is refused: %r" % p.stderr)

# Long argument lists.
r = Run("-s", "8", "-e", "execve", CALLS, "c", *(["x" * 100000] * 19))
same("1.9 MB of arguments", r.status, 0)
like("1.9 MB of arguments", r.lines[0][:500], r'execve\(".*", \[".*"\.\.\., "c", "x{8}"\.\.\., .*')
done()
