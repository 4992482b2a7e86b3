#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pintle doctor: text, JSON, exit statuses; names of processes are escaped."""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time

PINTLE = os.environ["PINTLE"]
failures = 0


def check(what, ok, shown=""):
    global failures
    if not ok:
        failures += 1
        print(f"FAIL: {what}: {shown!r}")


def run(*args):
    return subprocess.run([PINTLE, "doctor", *args], capture_output=True, text=True, timeout=30)


def state(pid):
    return open(f"/proc/{pid}/stat", errors="replace").read().rsplit(")", 1)[1].split()[0]


def child(name=b"patient", zombie=False):
    pid = os.fork()
    if not pid:
        libc = ctypes.CDLL(None)
        libc.prctl(1, signal.SIGKILL, 0, 0, 0)
        libc.prctl(15, name, 0, 0, 0)
        if zombie:
            os._exit(0)
        while True:
            signal.pause()
    end = time.time() + 20
    while time.time() < end and state(pid) != ("Z" if zombie else "S"):
        time.sleep(0.02)
    return pid


def reap(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


# A process that can be traced.
pid = child()
r = run(str(pid))
check("status", r.returncode == 0, r.stderr)
lines = dict(re.findall(r"^  (\S.*?)  +(.*)$", r.stdout, re.M))
check("head", r.stdout.startswith(f"process {pid} (patient)\n"), r.stdout)
check("tracing", lines["tracing"] == "possible", lines)
check("state", lines["state"].startswith("sleeping"), lines)
check("tracer", lines["tracer"] == "none", lines)
check("parent", lines["parent"].startswith(f"{os.getpid()} ("), lines)
check("user", lines["user ids"].startswith(f"{os.getuid()}, "), lines)
check("code", lines["code"] in ("x86-64", "i386"), lines)
j = json.loads(run("--json", str(pid)).stdout)
check("JSON version", (j["v"], j["kind"]) == (1, "process"), j)
check("JSON", (j["pid"], j["traceable"], j["error"], j["name"], j["state"], j["threads"], j["tracer"]) ==
      (pid, True, None, "patient", "S", 1, 0), j)

# Traced by another.
tracer = subprocess.Popen([PINTLE, "trace", "-p", str(pid)], stderr=subprocess.PIPE)
end = time.time() + 20
while time.time() < end and f"TracerPid:\t{tracer.pid}\n" not in open(f"/proc/{pid}/status").read():
    time.sleep(0.02)
r = run(str(pid))
check("traced: status", r.returncode == 1, r.stdout)
name = open(f"/proc/{tracer.pid}/comm").read().strip()
check("traced", f"  cause         {pid} (patient) is traced by {tracer.pid} ({name}) already\n"
      "  remedy        end that tracer or let it detach: a process has one tracer at a time\n" in r.stdout, r.stdout)
j = json.loads(run("--json", str(pid)).stdout)
check("traced: JSON", (j["traceable"], j["error"], j["tracer"]) == (False, "PTL_ETRACED", tracer.pid), j)
r = subprocess.run([PINTLE, "count", "-p", str(pid)], capture_output=True, text=True, timeout=30)
check("attaching says the same", r.returncode == 1 and "is traced by" in r.stderr and "end that tracer" in r.stderr, r.stderr)
tracer.send_signal(signal.SIGINT)
tracer.communicate(timeout=30)
reap(pid)

# A zombie.
pid = child(zombie=True)
r = run(str(pid))
check("zombie", r.returncode == 1 and f"{pid} (patient) is a zombie" in r.stdout, r.stdout)
os.waitpid(pid, 0)

# Gone; several; a name that would drive a terminal.
r = run(str(pid))
check("gone", r.returncode == 1 and f"no process or thread has the id {pid}\n" in r.stdout, r.stdout)
evil = child(b"\x1b[31m\x9b\n\xff")
r = subprocess.run([PINTLE, "doctor", str(evil), str(os.getpid())], capture_output=True, timeout=30)
check("two processes", r.returncode == 0 and r.stdout.count(b"\nprocess ") == 1, r.stdout)
check("escaped", all(b == 10 or 32 <= b < 127 for b in r.stdout), r.stdout)
json.loads(run("--json", str(evil)).stdout)
reap(evil)

# The machine.
r = run()
check("machine: status", r.returncode in (0, 1), r.stderr)
check("machine", r.stdout.startswith("this machine\n") and "PTRACE_SEIZE" in r.stdout, r.stdout)
j = json.loads(run("--json").stdout)
features = {f["name"]: f["present"] for f in j["features"]}
check("features", features["PTRACE_SEIZE"] and len(features) >= 25, features)
check("no children left by the probes", subprocess.run(["ps", "--ppid", str(os.getpid()), "-o", "pid="],
      capture_output=True, text=True).stdout.split()[:-1] == [], "")

# Refused.
for args in (["x"], ["0"], ["-1"], ["--bad"], ["12x"]):
    r = run(*args)
    check(f"{args}", r.returncode == 2 and r.stderr.startswith("pintle doctor: ") and not r.stdout, (r.returncode, r.stderr))

sys.exit(failures != 0)
