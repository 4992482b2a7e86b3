#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad input to every command: one clear line, the right exit status, and nobody harmed. (More of `pintle trace` in trace_errors.py.)

Wrong command lines, pids of nobody, addresses of nothing, full disks, readers that go away, names made to deceive a terminal,
processes that vanish while we look.
"""

import ctypes
import os
import random
import re
import signal
import subprocess
import sys
import time

PINTLE = os.environ["PINTLE"]
NOBODY = "4194304"
bad = 0


def run(*args, stdout=subprocess.PIPE, seconds=40):
    return subprocess.run([PINTLE] + list(args), stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, timeout=seconds)


def check(ok, what, *more):
    global bad
    if not ok:
        bad += 1
        print("FAILED:", what, *more, sep="\n  ")


def wrong(status, *args, stdout=subprocess.PIPE):
    """Refused by one line that begins with the command's name."""
    r = run(*args, stdout=stdout)
    text = r.stderr.decode(errors="replace")
    name = "pintle " + args[0] if args and args[0] in ("trace", "count", "regs", "mem", "doctor") else "pintle"
    check(r.returncode == status and text.startswith(name + ": ") and text.count("\n") == 1 and text.endswith("\n") and text.isprintable() is False
          and text[:-1].isprintable(), "%r" % (args,), "status %d, wanted %d" % (r.returncode, status), repr(text))


# A process to be looked at, with a name and a mapped file made to deceive.
evil = "\x1b[31mevil\x07\n"
target_source = r'''
import ctypes, mmap, os, sys, threading, time
name = "evil\x1b]0;x\x07\n".encode()
with open(name, "wb") as f: f.write(b"x" * 4096)
kept = mmap.mmap(os.open(name, os.O_RDWR), 4096)
ctypes.CDLL(None).prctl(15, b"\x1b[31mevil\n", 0, 0, 0)
print("ready", flush=True)
while True: time.sleep(0.005)
'''
target = subprocess.Popen([sys.executable, "-c", target_source], stdout=subprocess.PIPE)
target.stdout.readline()
pid = str(target.pid)
try:
    for args in [["frob"], ["--nonsense"], ["\x1b[31m"], ["count"], ["count", "--nonsense", "true"], ["count", "-p", "x"], ["count", "-p", "-1"], ["regs"],
                 ["regs", "x"], ["regs", pid, "--set", "rip"], ["regs", pid, "--set", "nonsense=1"], ["regs", pid, "--set", "rax=0x11111111111111111"],
                 ["regs", pid, "--set", "\x1b[31m=1"], ["mem"], ["mem", "x", "maps"], ["mem", pid, "nonsense"], ["mem", pid, "search"],
                 ["mem", pid, "read", "0x1000", "99999999999999999999"], ["mem", pid, "write", "0x10", "zz"], ["doctor", "x"], ["doctor", "--\x1b[31m"]]:
        wrong(2, *args)
    for args in [["count", "-p", NOBODY], ["regs", NOBODY], ["mem", NOBODY, "maps"], ["mem", NOBODY, "read", "0", "1"], ["trace", "-p", NOBODY],
                 ["mem", pid, "read", "0x10", "8"], ["mem", pid, "read", "0xffffffffffffffff", "8"], ["mem", pid, "write", "0x10", "00"],
                 ["mem", pid, "dump", "no/where"], ["regs", pid, "1"]]:
        wrong(1, *args)
    wrong(127, "count", "nonexistent-program")
    open("plain", "w").write("text\n")
    wrong(126, "count", "./plain")
    open("broken", "wb").write(b"\x7fELF and no more")
    os.chmod("broken", 0o755)
    wrong(126, "count", "./broken")

    # Full disks and readers that go away.
    looks = [["regs", pid], ["mem", pid, "maps"], ["doctor"], ["doctor", pid]]
    for args in looks:
        with open("/dev/full", "w") as full:
            wrong(1, *args, stdout=full)
        r, w = os.pipe()
        os.close(r)
        p = run(*args, stdout=w)
        os.close(w)
        check(p.returncode in (-signal.SIGPIPE, 1) and p.stderr.count(b"\n") <= 1, "%r to nobody" % args, p.returncode, p.stderr)

    # Nothing of what a process is called, or maps, reaches us raw.
    for args in looks + [["regs", pid, "--json"], ["mem", pid, "maps", "--json"], ["mem", pid, "read", "[stack]", "64"]]:
        r = run(*args)
        raw = r.stdout + r.stderr
        check(not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", raw), "%r shows raw bytes" % args, re.findall(rb".{0,20}[\x00-\x08\x0b-\x1f\x7f].{0,20}", raw)[:3])
    check(b"evil" in run("mem", pid, "maps").stdout, "the mapped file is shown")
    tracer = subprocess.Popen([PINTLE, "trace", "-Y", "-y", "--always-show-pid", "-p", pid], stderr=subprocess.PIPE)
    time.sleep(0.3)
    tracer.send_signal(signal.SIGINT)
    raw = tracer.communicate(timeout=20)[1]
    check(b"evil" in raw and not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", raw), "trace -Y shows the name, and nothing raw", raw[:300])

    status = open("/proc/%s/status" % pid).read()
    check("TracerPid:\t0" in status and re.search(r"State:\t[SR]", status) and target.poll() is None, "the process is unharmed", status[:200])
finally:
    target.kill()
    target.wait()

# Processes that vanish while we look: a line or none, never a crash, never a hang.
commands = [["trace", "-f", "-o", "log", "-p"], ["regs"], ["mem", "@", "maps"], ["doctor"], ["count", "-p"], ["mem", "@", "read", "[stack]", "4096"]]
for n in range(8 * int(os.environ.get("PINTLE_N", "1"))):
    for command in commands:
        victim = subprocess.Popen(["sh", "-c", "while :; do :; done"])
        args = [str(victim.pid) if a == "@" else a for a in command] if "@" in command else command + [str(victim.pid)]
        p = subprocess.Popen([PINTLE] + args, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(random.uniform(0, 0.03))
        victim.kill()
        try:
            err = p.communicate(timeout=20)[1]
            ends = (0, 1, -signal.SIGKILL)
            check(p.returncode in ends and err.count(b"\n") <= 4, "%r of a process that vanishes" % (args,), p.returncode, err)
        except subprocess.TimeoutExpired:
            check(False, "%r hangs on a process that vanished" % (args,))
            p.kill()
        victim.wait()
sys.exit(bad != 0)
