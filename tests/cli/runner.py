#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/run itself: a runner that misses a stopped process, a leak or a hang would make every test worthless."""

import json
import os
import subprocess
import sys

RUN = os.path.join(os.environ["PINTLE_SOURCE"], "tests", "run")
CASES = {  # name: (script, result, part of the reason)
    "passes": ("exit 0", "pass", ""),
    "fails": ("echo why; exit 3", "fail", "exit status 3"),
    "skips": ("echo first; echo needs a thing; exit 77", "skip", "needs a thing"),
    "dies": ("kill -SEGV $$", "fail", "SIGSEGV"),
    "hangs": ("# Time limit: 1 s\nsleep 100", "fail", "time limit of 1 s"),
    # Out of the test's session and process group, and parent long gone.
    "leaks": ("setsid sh -c 'sleep 100 & exit' & wait", "fail", "left running: sleep"),
    "stops": ("setsid sh -c 'kill -STOP $$' &\nsleep 0.3", "fail", "left STOPPED"),
    "ends-late": ("sleep 0.5 &", "pass", ""),
    "escapes": ("printf '\\033[31m\\n'; exit 77", "skip", "\\x1b[31m"),
}

for name, (script, _, _) in CASES.items():
    with open(name, "w", encoding="utf-8") as f:
        f.write(f"#!/bin/sh\n{script}\n")
    os.chmod(name, 0o755)
before = {p for p in os.listdir("/proc") if p.isdigit()}
done = subprocess.run([RUN, "--json", "--build", os.environ["PINTLE_BUILD"]] + [f"./{name}" for name in CASES],
                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
rows = {row["test"]: row for row in map(json.loads, done.stdout.decode().splitlines())}
bad = [] if done.returncode == 1 else [f"exit status {done.returncode}"]
for name, (_, result, reason) in CASES.items():
    row = rows.get(name, {"result": "nothing", "reason": ""})
    if row["result"] != result or reason not in row["reason"] or (result == "pass" and row["reason"]):
        bad.append(f"{name}: {row['result']} ({row['reason']}), not {result} ({reason})")
    if "\x1b" in row["reason"]:
        bad.append(f"{name}: a raw escape in the reason")
# Nothing of them is left: each of their processes has this folder as its working directory or was killed.
for pid in {p for p in os.listdir("/proc") if p.isdigit()} - before:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            if f.read().split(b"\0")[:2] == [b"sleep", b"100"] and os.readlink(f"/proc/{pid}/cwd").startswith(os.getcwd()):
                bad.append(f"process {pid} was left")
    except OSError:
        pass
print("\n".join(bad) or "ok")
sys.exit(1 if bad else 0)
