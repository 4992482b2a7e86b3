#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""H72: calls with very much data. All of it is bounded: the tracer's memory and time, whatever the program passes and however long the
strings asked for; the program gets its results. Time limit: 180 s

writev of 1024 parts, one write of 256 MiB, 1.9 MiB of arguments to execve, sendmmsg of 1024 messages; shown with -s as large as
it goes, with -v, and as JSON. What a read brought is looked at only after it came.
"""

import os
import re
import subprocess
import sys
import time

PINTLE = os.environ["PINTLE"]
LIMIT_KIB = 64 << 10
bad = 0

PROGRAM = r'''
import ctypes, mmap, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
null = os.open("/dev/null", os.O_WRONLY)
if os.writev(null, [b"part%04d" % i for i in range(1024)]) != 8192: sys.exit(20)
huge = mmap.mmap(-1, 256 << 20)
if libc.write(null, ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(huge))), ctypes.c_size_t(256 << 20)) != 256 << 20: sys.exit(21)
class Iovec(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
class Msghdr(ctypes.Structure): _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint), ("iov", ctypes.c_void_p), ("iovlen", ctypes.c_size_t), ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t), ("flags", ctypes.c_int)]
class Mmsghdr(ctypes.Structure): _fields_ = [("hdr", Msghdr), ("len", ctypes.c_uint)]
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
a.setblocking(False)
data = ctypes.create_string_buffer(b"m" * 64, 64)
iov = Iovec(ctypes.addressof(data), 64)
many = (Mmsghdr * 1024)()
for m in many: m.hdr.iov, m.hdr.iovlen = ctypes.addressof(iov), 1
if libc.sendmmsg(a.fileno(), many, 1024, 0) < 1: sys.exit(22)
r, w = os.pipe()
os.write(w, b"behind the call")
if os.read(r, 100) != b"behind the call": sys.exit(23)
os.execv("/bin/true", ["true"] + ["x" * 100000] * 19)
'''


def check(ok, what, *more):
    global bad
    if not ok:
        bad += 1
        print("FAILED:", what, *more, sep="\n  ")


def run(name, *options):
    tracer = subprocess.Popen([PINTLE, "trace", "-o", "log"] + list(options) + [sys.executable, "-S", "-E", "program.py"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    most, end = 0, time.monotonic() + 50
    while tracer.poll() is None:
        try:
            most = max(most, int(re.search(r"VmHWM:\s+(\d+)", open("/proc/%d/status" % tracer.pid).read()).group(1)))
        except (AttributeError, FileNotFoundError, ProcessLookupError):
            pass
        if time.monotonic() > end:
            tracer.terminate()
            check(False, name + ": takes longer than 50 s")
        time.sleep(0.002)
    err = tracer.stderr.read()
    check(tracer.returncode == 0, name + ": status", tracer.returncode, err[-300:])
    check(most < LIMIT_KIB, "%s: the tracer used %d KiB" % (name, most))
    size = os.path.getsize("log")
    print("%s: %d KiB of memory, log of %d bytes" % (name, most, size))
    return open("log", "rb").read()


open("program.py", "w").write(PROGRAM)
log = run("default")
check(b"], 1024) " in log and re.search(rb'writev\(\d+, \[\{iov_base="part0000", iov_len=8\}', log), "writev is shown", log[:0])
check(re.search(rb'write\(\d+, "(\\0)+"\.\.\., 268435456\) += 268435456', log), "the large write is shown")
check(re.search(rb'read\(\d+, "behind the call", 100\) += 15', log), "a read shows what came")
check(re.search(rb'execve\("/bin/true", \["true", "x{32}"\.\.\.', log), "execve is shown")
check(b"+++ exited with 0 +++" in log, "the end")
log = run("-s as large as it goes", "-s", "1000000000", "-v", "-e", "trace=writev,sendmmsg,execve,read")
check(log.count(b"part") >= 1024, "all parts of writev: %d" % log.count(b"part"))
check(b"+++ exited with 0 +++" in log, "the end")
log = run("large strings of a large write", "-s", "1000000", "-e", "trace=write,writev")
check(b"268435456) = 268435456" in log, "the large write, with a large limit")
run("json", "--json", "-s", "100000")
sys.exit(bad != 0)
