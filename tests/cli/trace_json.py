#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The JSON lines of `pintle trace`, as docs/json.md describes them."""

import json

from trace_util import CALLS, Run, check, done, same


def to_bytes(v):
    return v.encode() if isinstance(v, str) else bytes.fromhex(v["hex"])


def objects(*args):
    r = Run("--json", *args)
    check(all(32 <= b < 127 or b == 10 or b >= 0xa0 or 0x80 <= b for b in r.raw), "no control bytes")
    result = []
    for line in r.lines:
        o = json.loads(line)
        result.append(o)
        check(o["v"] == 1 and isinstance(o["ts"], int) and o["ts"] > 1500000000 * 10**9, "every line: " + line)
        check(isinstance(o["pid"], int) and isinstance(o["tid"], int), "ids: " + line)
    return result


o = objects("-e", "chdir,write,getppid", CALLS, "cegbx")
calls = [x for x in o if x["kind"] == "call"]
same("calls", [c["syscall"] for c in calls], ["chdir", "chdir", "getppid", "write"])
c = calls[0]
same("the first", (c["abi"], c["nr"], c["result"]), ("x86_64", 80, 0))
same("its argument", list(c["args"].values()), ["."])
check(c["duration"] > 0 and "errno" not in c, "its time")
same("an error", (calls[1]["result"], calls[1]["errno"]), (-1, "ENOENT"))
same("hostile text is exact", list(calls[1]["args"].values()), ["/nonexistent/\033[31m"])
values = list(calls[3]["args"].values())
same("bytes are exact", to_bytes(values[1]), b"a\xff\x1b\n\0b")
same("their number", (values[2], calls[3]["result"]), (6, 6))
same("the end", (o[-1]["kind"], o[-1]["code"], o[-1]["last"]), ("exit", 3, True))
check(all(a["ts"] <= b["ts"] for a, b in zip(o, o[1:])), "in order")

o = objects("-f", "-e", "exit_group,wait4", CALLS, "f")
born = [x for x in o if x["kind"] == "born"]
same("a birth", (len(born), born[0]["parent"] if born else 0), (1, o[-1]["pid"]))
ends = {x["tid"]: x["code"] for x in o if x["kind"] == "exit"}
same("ends", sorted(ends.values()), [0, 7])
check(all(c["result"] is None and c["unfinished"] == "exit" for c in o if c.get("syscall") == "exit_group"), "calls that never end")
sig = [x for x in o if x["kind"] == "signal"]
same("a signal", (len(sig), sig[0]["signal"]), (1, "SIGCHLD"))
same("its sender", sig[0]["info"]["si_pid"], born[0]["tid"])

o = objects("-e", "trace=none", CALLS, "k")
same("a death", (o[-1]["signal"], o[-1]["core"]), ("SIGTERM", False))
same("status=", [c["args"] and c["result"] for c in objects("-Z", "-e", "chdir", CALLS, "ce") if c["kind"] == "call"], [-1])
same("-qq", [x["kind"] for x in objects("-qq", "-e", "chdir", CALLS, "c")], ["call"])
check(objects("-i", "-e", "chdir", CALLS, "c")[0]["ip"].startswith("0x"), "-i")
# Everything that a larger program does is a line of JSON.
objects("-f", "sh", "-c", "ls -la /etc >/dev/null; id; date; python3 -c 'import socket; socket.socketpair()'")
objects("-f", "-v", "-s", "100000", "sh", "-c", "ls -la /etc >/dev/null; cat /bin/true >/dev/null")
done()
