#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SIGKILL of `pintle trace -p` at random moments: what was attached lives and runs on, unharmed. Time limit: 900 s

    PINTLE_KILLS=1000 tests/storms/sigkill_tracer.py       (by tests/run; 60 otherwise)

The program works in threads, forks, executes and gets signals, and checks every result. After each kill: no thread of it in state
T or t, no TracerPid, every thread makes progress, nothing found wrong.
"""

import os
import random
import signal
import subprocess
import sys
import time

PINTLE = os.environ["PINTLE"]
KILLS = int(os.environ.get("PINTLE_KILLS", 60 * int(os.environ.get("PINTLE_N", "1"))))
SEED = int(os.environ.get("PINTLE_SEED", time.time_ns() % 1000000))

PROGRAM = r'''
import hashlib, mmap, os, struct, subprocess, sys, threading, time
THREADS = 5
beat = mmap.mmap(os.open("beat", os.O_RDWR), 4096)
def wrong(what):
    beat[2048:2048 + len(what)] = what
def work(n):
    r, w = os.pipe()
    data = struct.pack("q", n) * 200
    if os.write(w, data) != 1600 or os.read(r, 1600) != data: wrong(b"pipe")
    os.close(r); os.close(w)
    name = "file%d" % threading.get_ident()
    with open(name, "wb") as f: f.write(data)
    if open(name, "rb").read() != data or os.stat(name).st_size != 1600: wrong(b"file")
    if hashlib.sha256(data).digest() != hashlib.sha256(struct.pack("q", n) * 200).digest(): wrong(b"memory")
def thread(i):
    n = 0
    while True:
        work(n)
        n += 1
        beat[8 * i:8 * i + 8] = struct.pack("q", n)
        time.sleep(0.0005)
for i in range(1, THREADS): threading.Thread(target=thread, args=(i,), daemon=True).start()
n = 0
while True:
    work(n)
    if n % 8 == 0:
        pid = os.fork()
        if not pid: os._exit(41)
        if os.waitpid(pid, 0)[1] != 41 << 8: wrong(b"fork")
    if n % 16 == 0 and subprocess.run(["/bin/sh", "-c", "exit 5"]).returncode != 5: wrong(b"exec")
    n += 1
    beat[0:8] = struct.pack("q", n)
'''


def fail(why):
    print("FAILED: %s (PINTLE_SEED=%d)" % (why, SEED))
    program.kill()
    program.wait()
    sys.exit(1)


def beats():
    return [int.from_bytes(memory[8 * i:8 * i + 8], "little") for i in range(5)]


def check(when):
    before, end = beats(), time.monotonic() + 30
    while any(b < a + 2 for a, b in zip(before, beats())):
        if program.poll() is not None:
            fail("%s: the program died: %s" % (when, program.returncode))
        if time.monotonic() > end:
            fail("%s: it stands still: %s then %s" % (when, before, beats()))
        time.sleep(0.001)
    wrong = bytes(memory[2048:2100]).strip(b"\0")
    if wrong:
        fail("%s: it found wrong: %s" % (when, wrong.decode()))
    for tid in os.listdir("/proc/%d/task" % program.pid):
        try:
            text = open("/proc/%d/task/%s/status" % (program.pid, tid)).read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        if fields["TracerPid"] != "0" or fields["State"][0] in "tT":
            fail("%s: thread %s is in state %s, tracer %s" % (when, tid, fields["State"], fields["TracerPid"]))


import mmap

random.seed(SEED)
with open("beat", "wb") as f:
    f.truncate(4096)
memory = mmap.mmap(os.open("beat", os.O_RDWR), 4096)
program = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.DEVNULL)
options = [[], ["-f"], ["-f", "-c"], ["-f", "--json"], ["-f", "-y", "-T", "-tt"], ["-f", "-e", "trace=none"], ["-ff"]]
lines = 0
try:
    while min(beats()) < 2:
        time.sleep(0.01)
    for n in range(KILLS):
        chosen = random.choice(options)
        tracer = subprocess.Popen([PINTLE, "trace", "-o", "log"] + chosen + ["-p", str(program.pid)], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.choice([random.uniform(0, 0.01), random.uniform(0, 0.08)]))
        if tracer.poll() is not None:
            fail("the tracer ended by itself: %s %s" % (tracer.returncode, chosen))
        tracer.send_signal(signal.SIGKILL)
        tracer.wait()
        check("kill %d (%s)" % (n, " ".join(chosen)))
        for name in os.listdir("."):
            if name.startswith("log"):
                lines += open(name, "rb").read().count(b"\n")
                os.unlink(name)
finally:
    program.kill()
    program.wait()
print("%d tracers killed after %d lines: the program is unharmed" % (KILLS, lines))
if lines < KILLS:
    print("next to nothing was traced")
    sys.exit(1)
