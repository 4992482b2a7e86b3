#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pintle regs: values that a program has loaded are shown, values that are set are what the program goes on with."""

import json
import os
import re
import subprocess
import sys
import time

PINTLE = os.environ["PINTLE"]
PROGS = os.environ["PINTLE_PROGS"]
failures = 0


def check(ok, what, *more):
    global failures
    if not ok:
        failures += 1
        print("FAILED:", what, *map(repr, more))
    return ok


def run(*args):
    done = subprocess.run([PINTLE, "regs", *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, timeout=50)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def good(*args):
    status, out, err = run(*args)
    check(status == 0 and not err, f"regs {args}: exit status {status}", err)
    return out


def bad(expected, pattern, *args):
    status, out, err = run(*args)
    check(status == expected and not out, f"regs {args}: exit status {status}, not {expected}", out, err)
    check(re.search(pattern, err) and err.startswith("pintle regs: "), f"regs {args}: says", err)


def values(*args):
    """name -> text of the value; in the order shown."""
    return dict(line.split(None, 1) for line in good(*args).splitlines())


class Process:
    all = []

    def __init__(self, name, *args):
        self.all.append(self)
        self.child = subprocess.Popen([os.path.join(PROGS, name), *args], stdout=subprocess.PIPE)
        self.pid = self.child.pid
        self.child.stdout.readline()

    def until(self, name, value):
        end = time.monotonic() + 20
        while values(self.pid).get(name) != value and time.monotonic() < end:
            time.sleep(0.01)

    def free(self):
        text = open(f"/proc/{self.pid}/status").read()
        check("TracerPid:\t0\n" in text and re.search(r"^State:\t[SR]", text, re.M), "left traced or stopped", text)

    def end(self, expected):
        check(self.child.wait(20) == expected, "the program ended with", self.child.returncode, expected)


def x86_64(avx):
    p = Process("registers", *(["avx"] if avx else []))
    p.until("r12", "0x1212")
    v = values(p.pid)
    want = {"rbx": "0x1122334455667788", "rdx": "0xfffffffffffffffe", "rsi": "0x5151", "r8": "0x8", "r12": "0x1212", "r15": "0x0",
            "cs": "0x33"}
    check({k: v.get(k) for k in want} == want, "general registers", v)
    check(list(v)[:4] == ["rax", "rbx", "rcx", "rdx"] and "xmm1" not in v and "eax" not in v, "which are shown", list(v))
    check(re.fullmatch(r"0x[0-9a-f]+ \[[A-Z ]+\]", v["rflags"]) and "IF" in v["rflags"], "flags", v["rflags"])
    check(int(v["rip"], 16) > 4096 and int(v["fs_base"], 16) > 4096, "rip and fs_base", v)
    v = values(p.pid, "-g", "float")
    check(v["st0"].startswith("1.5 (raw 0x3fffc000000000000000)") and v["mxcsr"].startswith("0x1f80 "), "float", v)
    v = values(p.pid, "--group", "vector")
    check(not any(k.startswith("r") for k in v), "vector registers alone", list(v))
    one = next(v[k] for k in ("zmm1", "ymm1", "xmm1") if k in v)
    check(one.endswith("1f1e1d1c1b1a19181716151413121110"), "xmm1", one)
    if avx:
        seven = next(v[k] for k in ("zmm7", "ymm7") if k in v)
        check(seven.endswith("".join(f"{b:02x}" for b in range(0x3f, 0x1f, -1))), "ymm7", seven)
    j = json.loads(good(p.pid, "--all", "--json"))
    check((j["pid"], j["tid"], j["abi"]) == (p.pid, p.pid, "x86_64"), "JSON", j)
    r = j["registers"]
    check(r["rdx"] == "0xfffffffffffffffe" and r["st0"] == "0x3fffc000000000000000" and r["r12"] == "0x1212", "JSON values", r)
    check(set(values(p.pid)) <= set(r) and set(v) <= set(r), "--all shows all", list(r))
    p.free()

    # setting: parts, negative numbers, fractions, several at once
    check(values(p.pid, "-s", "rdx=-1", "-s", "r12=0x77") == {"rdx": "0xffffffffffffffff", "r12": "0x77"}, "set two")
    check(values(p.pid, "--set=dl=0", "--set=st0=-0.25")["st0"].startswith("-0.25 "), "set a fraction")
    v = values(p.pid, "-s", "xmm1=0x0102")
    check(v == {"xmm1": "0x" + "0" * 28 + "0102"}, "set a vector register", v)
    check(values(p.pid)["rdx"] == "0xffffffffffffff00", "its lowest byte")
    before = values(p.pid)
    bad(1, "did not take the value of cs", "-s", "rbx=1", "-s", "cs=0x10", p.pid)
    bad(1, "did not take the value of mxcsr", "-s", "rbx=1", "-s", "mxcsr=0xffffffff", p.pid)
    bad(2, "no register 'eex'", "-s", "rbx=1", "-s", "eex=1", p.pid)
    bad(2, "does not fit the 1 bytes of dl|does not fit", "-s", "rbx=1", "-s", "dl=256", p.pid)
    bad(2, "'1x' is not a value for rdx", "-s", "rbx=1", "-s", "rdx=1x", p.pid)
    after = values(p.pid)
    check(after["rbx"] == before["rbx"], "something was set although something else was refused", before["rbx"], after["rbx"])
    p.free()
    good(p.pid, "--set", "r15=33")
    p.end(33)


def i386():
    if not os.path.exists(os.path.join(PROGS, "registers32")):
        print("needs the package gcc-multilib: the registers of a 32-bit program were not looked at")
        return
    p = Process("registers32")
    p.until("esi", "0x5151")
    v = values(p.pid)
    want = {"eax": "0x12345678", "edx": "0x88776655", "ecx": "0xfffffffd", "esi": "0x5151", "edi": "0x0", "cs": "0x23"}
    check({k: v.get(k) for k in want} == want and "rax" not in v and "r8" not in v, "registers of i386", v)
    check(json.loads(good(p.pid, "--json"))["abi"] == "i386", "JSON")
    check("xmm8" not in good(p.pid, "--all") and "xmm7" not in values(p.pid), "eight vector registers")
    check(values(p.pid, "-s", "ecx=-5") == {"ecx": "0xfffffffb"}, "set a negative number")
    bad(2, "no register 'rax'", p.pid, "-s", "rax=1")
    bad(2, "does not fit the 4 bytes of ecx", p.pid, "-s", "ecx=0x100000000")
    p.free()
    good(p.pid, "-s", "edi=34")
    p.end(34)


def threads():
    """A thread that sleeps: its registers are shown, and its sleep is not cut short."""
    p = Process("memory")
    tids = sorted(map(int, os.listdir(f"/proc/{p.pid}/task")))
    check(len(tids) == 2, "two threads", tids)
    for tid in tids:
        j = json.loads(good(p.pid, tid, "--json"))
        check((j["pid"], j["tid"]) == (p.pid, tid), "of a thread", j)
    check(values(p.pid, tids[1])["orig_rax"] == "0x22", "it is in pause(2)")
    check(values(p.pid, tids[1])["rsp"] != values(p.pid, tids[0])["rsp"], "threads have their own")
    check(values(p.pid, tids[1], "-s", "r14=5") == {"r14": "0x5"} and values(p.pid, tids[1])["orig_rax"] == "0x22",
          "it is in pause(2) still")
    bad(1, f"1 is not a thread of process {p.pid}", p.pid, 1)
    p.free()
    p.child.kill()
    p.end(-9)


def nonsense():
    bad(2, "a process id is missing")
    bad(2, "invalid process id: 'x'", "x")
    bad(2, "invalid process id: '4x'", 1, "4x")
    bad(2, "too many arguments: '3'", 1, 2, 3)
    bad(2, "no group 'x'", 1, "-g", "x")
    bad(2, "not of the form NAME=VALUE", 1, "-s", "rax")
    bad(2, "not of the form NAME=VALUE", 1, "-s", "=1")
    bad(2, "unrecognized option '--frob'", 1, "--frob")
    bad(1, "cannot attach to 2147483647", 2147483647)
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    bad(1, "zombie", child)
    os.waitpid(child, 0)


def main():
    try:
        x86_64(re.search(r"^flags.*\bavx\b", open("/proc/cpuinfo").read(), re.M) is not None)
        i386()
        threads()
        nonsense()
    finally:
        for p in Process.all:
            if p.child.poll() is None:
                p.child.kill()
                p.child.wait()
    return 1 if failures else 0


sys.exit(main())
