#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of -c and -C: columns, order, sums."""

import re

from trace_util import CALLS, Run, check, done, like, same


def rows(lines):
    """name: (calls, errors) of a table with the default columns; checks the frame."""
    same("head", lines[0], "% time     seconds  usecs/call     calls    errors syscall")
    same("rule", lines[1], "------ ----------- ----------- --------- --------- ----------------")
    same("rule below", lines[-2], lines[1])
    table = {}
    for line in lines[2:-2] + lines[-1:]:
        m = re.fullmatch(r" *([\d.]+) +([\d.]+) +(\d+) +(\d+)(?: +(\d+))? +(\w+)", line)
        if check(m, "a row: " + line):
            table[m.group(6)] = (int(m.group(4)), int(m.group(5) or 0))
            check(len(line) == len("% time     seconds  usecs/call     calls    errors ") + len(m.group(6)), "width: " + line)
    return table


t = rows(Run("-c", "-e", "chdir,getppid", CALLS, "cecceg").lines)
same("counts", t, {"chdir": (5, 2), "getppid": (1, 0), "total": (6, 2)})
t = rows(Run("-c", "-f", CALLS, "f").lines)
check(t["exit_group"] == (2, 0) if "exit_group" in t else True, "ends that never return are not counted twice")
same("nothing to count", Run("-c", "-e", "trace=none", CALLS, "c").lines, [])

lines = Run("-c", "-w", "-S", "calls", "-U", "calls,errors,name", "-e", "chdir,getppid", CALLS, "eegggw").lines
same("columns", lines, ["    calls    errors syscall", "--------- --------- ----------------", "        3           getppid",
                        "        2         2 chdir", "--------- --------- ----------------", "        5         2 total"])
lines = Run("-c", "-S", "name", "-U", "name,calls", "-e", "chdir,getppid", CALLS, "eegggw").lines
same("the name first", lines, ["syscall              calls", "---------------- ---------", "chdir                    2",
                               "getppid                  3", "---------------- ---------", "total                    5"])
lines = Run("-c", "-w", "-U", "min,max".replace("min", "min-time").replace("max", "max-time"), "-e", "chdir", CALLS, "cc").lines
like("shortest and longest", lines[2], r" *(\d+\.\d{6}) +(\d+\.\d{6}) chdir")
check(lines[2].split()[0] <= lines[2].split()[1], "the shortest is not longer than the longest")
lines = Run("-c", "-w", "-O", "1s", "-e", "chdir", CALLS, "c").lines
check(float(lines[2].split()[1]) == 0, "an overhead greater than the time")
lines = Run("-C", "-e", "chdir", CALLS, "c").lines
same("-C shows the lines too", lines[:2], ['chdir(".")                              = 0', "+++ exited with 0 +++"])
same("-C", rows(lines[2:])["chdir"], (1, 0))
same("status", Run("-c", CALLS, "x").status, 3)
r = Run("-c", "-i", "-T", "-e", "chdir", CALLS, "c")
check("-i/--instruction-pointer has no effect with -c/--summary-only" in r.err, "what -c silences is said")
# -w sums up what a sleeping call slept; without it, the processor's time.
wall = Run("-c", "-w", "-e", "/nanosleep", "sleep", "0.2").lines
cpu = Run("-c", "-e", "/nanosleep", "sleep", "0.2").lines
check(0.2 <= float(wall[2].split()[1]) < 2, "-w: " + wall[2])
check(float(cpu[2].split()[1]) < 0.1, "processor time: " + cpu[2])
done()
