#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""H128: the program is itself a tracer. One task has one tracer, so when we follow forks, its own attempts fail with EPERM.

What is asked of us: never hang, crash or lie; show the refusal; and without -f let the inner tracer work as if we were not there.
Inner tracers: strace and gdb (each skipped if it is not there), and a small one of our own making, which asks for
everything in turn.
"""

import os
import re
import shutil
import subprocess
import sys

PINTLE = os.environ["PINTLE"]
bad = 0
ran = []

OWN = r'''
import ctypes, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
def ptrace(request, pid=0, address=0, data=0):
    r = libc.ptrace(ctypes.c_long(request), ctypes.c_long(pid), ctypes.c_void_p(address), ctypes.c_void_p(data))
    return "ok" if r >= 0 else os.strerror(ctypes.get_errno())
TRACEME, CONT, SYSCALL, SEIZE, INTERRUPT, DETACH = 0, 7, 24, 0x4206, 0x4207, 17
r, w = os.pipe()
child = os.fork()
if not child:
    os.write(w, ("traceme " + ptrace(TRACEME) + "\n").encode())
    os._exit(3)
print(os.read(r, 100).decode(), end="")
print("end", os.waitpid(child, 0)[1] >> 8)
child = os.fork()
if not child:
    while True: signal.pause()
print("seize", ptrace(SEIZE, child))
print("interrupt", ptrace(INTERRUPT, child))
if len(sys.argv) > 1:
    print("stop", hex(os.waitpid(child, 0x40000000)[1]))
    print("detach", ptrace(DETACH, child))
os.kill(child, signal.SIGTERM)
print("end", os.waitpid(child, 0)[1])
'''


def check(ok, what, *more):
    global bad
    if not ok:
        bad += 1
        print("FAILED:", what, *more, sep="\n  ")


def run(*command, seconds=50):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, text=True, errors="replace")
    except subprocess.TimeoutExpired as e:
        check(False, "%s hangs" % (command,), (e.stdout or b"").decode(errors="replace")[-500:])
        return None


def log():
    return open("log", errors="replace").read()


def calls():
    """The log with its interrupted lines put together again."""
    begun, whole = {}, []
    for line in log().splitlines():
        pid, _, text = line.partition(" ")
        text = text.strip()
        if text.endswith("<unfinished ...>"):
            begun[pid] = text[:-len("<unfinished ...>")]
            continue
        rest = re.match(r"<\.\.\. \w+ resumed>(.*)", text)
        whole.append(begun.pop(pid, "") + rest.group(1) if rest else text)
    return "\n".join(whole)


# Our own: what each request answers.
open("own.py", "w").write(OWN)
plain = run(sys.executable, "own.py", "stops")
outer = run(PINTLE, "trace", "-o", "log", sys.executable, "own.py", "stops")
check(plain and outer and plain.stdout == outer.stdout and plain.returncode == outer.returncode == 0,
      "without -f the inner tracer is not disturbed", plain and plain.stdout, outer and outer.stdout)
check("seize ok" in plain.stdout and "traceme ok" in plain.stdout, "the inner tracer works", plain.stdout)
check(re.search(r"ptrace\(PTRACE_SEIZE, \d+, .*\)\s+= 0", log()), "its calls are shown")
outer = run(PINTLE, "trace", "-f", "-o", "log", sys.executable, "own.py")
check(outer and outer.returncode == 0 and "traceme Operation not permitted" in outer.stdout and
      "seize Operation not permitted" in outer.stdout and "end 3" in outer.stdout and "end 15" in outer.stdout,
      "with -f it is told EPERM, and its children live and die as they should", outer and outer.stdout)
check(re.search(r"ptrace\(PTRACE_TRACEME\s*\)\s+= -1 EPERM", calls()), "TRACEME's refusal is shown", log()[-400:])
check(re.search(r"ptrace\(PTRACE_SEIZE, \d+, .*\)\s+= -1 EPERM", calls()), "SEIZE's refusal is shown", calls()[-600:])
ran.append("our own")

# strace: the inner one works without -f, and gives up with -f; nobody hangs.
if shutil.which("strace"):
    plain = run("strace", "-o", "inner", "-e", "trace=chdir", "-e", "signal=none", "sh", "-c", "cd /; exit 6")
    first = open("inner").read()
    outer = run(PINTLE, "trace", "-o", "log", "strace", "-o", "inner", "-e", "trace=chdir", "-e", "signal=none", "sh", "-c", "cd /; exit 6")
    check(plain.returncode == 6 and outer and outer.returncode == 6 and open("inner").read() == first and 'chdir("/")' in first,
          "strace under us traces as ever", first, open("inner").read(), outer and outer.stdout)
    check("+++ exited with 6 +++" in log(), "and its end is shown")
    outer = run(PINTLE, "trace", "-f", "-o", "log", "strace", "-o", "inner", "sh", "-c", "exit 6")
    check(outer and outer.returncode == 1 and "Operation not permitted" in outer.stdout, "strace under -f is refused, and says so", outer and outer.stdout)
    check("EPERM" in log() and "+++ exited with 1 +++" in log(), "and its refusal is shown")
    ran.append("strace")

# gdb: break, run, backtrace, continue.
if shutil.which("gdb"):
    gdb = ["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-iex", "set startup-with-shell off", "-ex", "catch syscall exit_group", "-ex", "run", "-ex", "info program", "-ex", "continue",
           "/bin/true"]
    plain = run(*gdb)
    if plain and "Catchpoint 1" in plain.stdout and "exited normally" in plain.stdout:
        outer = run(PINTLE, "trace", "-o", "log", *gdb)
        check(outer and "Catchpoint 1" in outer.stdout and "exited normally" in outer.stdout, "gdb under us debugs as ever", outer and outer.stdout[-800:])
        outer = run(PINTLE, "trace", "-f", "-o", "log", *gdb)
        check(outer is not None and "exited normally" not in outer.stdout, "gdb under -f cannot, and ends", outer and outer.stdout[-800:])
        check("EPERM" in log(), "and its refusal is shown")
        ran.append("gdb")

print("inner tracers: " + ", ".join(ran))
sys.exit(bad != 0)
