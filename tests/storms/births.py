#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Thousands of forks and threads through `pintle trace -f`: every birth, death and call is in the trace, none twice.

Time limit: 240 s. STORM_N sets the number (5000).
"""
import os
import re
import subprocess
import sys

N = int(os.environ.get("STORM_N", "5000"))
TOOL = os.environ["PINTLE"]
STORM = os.path.join(os.environ["PINTLE_PROGS"], "storm")


def check(what, options):
    run = subprocess.run([TOOL, "trace", "-f", "-q", *options, "-o", "trace", STORM, what, str(N)],
                         stdout=subprocess.PIPE, text=True, timeout=200)
    if run.returncode != 0 or run.stdout != f"{N} made\n":
        sys.exit(f"{what}: exit {run.returncode}, {run.stdout!r}")
    marks, exits, makers = [], {}, {}
    with open("trace") as f:
        for line in f:
            tid, text = line.split(None, 1)
            m = re.match(r"getpriority\(.*, (0x[0-9a-f]+|\d+)(\)| <unfinished)", text)
            if m:
                marks.append(int(m[1], 0))
                makers[tid] = makers.get(tid, 0) + 1
            elif text.startswith("+++ exited with 0 +++"):
                exits[tid] = exits.get(tid, 0) + 1
            elif text.startswith("+++"):
                sys.exit(f"{what}: {line}")
    if sorted(marks) != list(range(N)):
        missing = sorted(set(range(N)) - set(marks))
        sys.exit(f"{what} {options}: {len(marks)} calls of {N}; missing {missing[:10]}")
    # a tid may be given again to another task; then it dies again
    if sum(exits.values()) != N + 1:
        sys.exit(f"{what} {options}: {sum(exits.values())} deaths of {N + 1}")
    for tid, made in makers.items():
        if exits.get(tid, 0) != made:
            sys.exit(f"{what}: task {tid} made {made} calls and died {exits.get(tid, 0)} times")
    os.unlink("trace")


for what in ("forks", "threads"):
    check(what, [])
    check(what, ["-e", "trace=getpriority"])
