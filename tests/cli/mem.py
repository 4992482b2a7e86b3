#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pintle mem: maps, read, write, search, dump, against what the process itself says and /proc shows."""

import json
import os
import re
import signal
import stat
import struct
import subprocess
import sys
import time

PINTLE = os.environ["PINTLE"]
PROGS = os.environ["PINTLE_PROGS"]
PAGE = 4096
failures = 0


def check(ok, what, *more):
    global failures
    if not ok:
        failures += 1
        print("FAILED:", what, *map(repr, more))
    return ok


def run(*args, raw=False):
    """(status, standard output, standard error) of pintle mem."""
    done = subprocess.run([PINTLE, "mem", *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, timeout=50)
    return done.returncode, done.stdout if raw else done.stdout.decode(), done.stderr.decode()


def good(*args, raw=False):
    status, out, err = run(*args, raw=raw)
    check(status == 0, f"mem {args}: exit status {status}", err)
    return out


def bad(expected, pattern, *args):
    status, out, err = run(*args)
    check(status == expected, f"mem {args}: exit status {status}, not {expected}", out, err)
    check(re.search(pattern, err) and err.startswith("pintle mem: "), f"mem {args}: says", err)
    check(err.endswith("\n") and "\x1b" not in err, f"mem {args}: message", err)


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


class Process:
    def __init__(self, name="memory", *args):
        self.child = subprocess.Popen([os.path.join(PROGS, name), *args], stdout=subprocess.PIPE)
        self.pid = self.child.pid
        self.at = json.loads(self.child.stdout.readline())

    def untouched(self):
        """It is as it was: not traced, not stopped, nor any thread of it."""
        for tid in os.listdir(f"/proc/{self.pid}/task"):
            text = open(f"/proc/{self.pid}/task/{tid}/status").read()
            check("TracerPid:\t0\n" in text and re.search(r"^State:\t[SR]", text, re.M), "it was left traced or stopped", text)

    def end(self, expected):
        check(self.child.wait(20) == expected, "the program ended with", self.child.returncode, expected)
        self.child.stdout.close()


BLOCK = 1 << 20


def block_bytes():
    """What the program has put there."""
    b = bytearray((i >> 8 ^ i) & 255 for i in range(BLOCK))
    b[8192:16384] = bytes(8192)
    b[100:107] = b"a" * 7
    b[(256 << 10) - 3:(256 << 10) + 3] = b"needle"
    b[5 * PAGE - 1:5 * PAGE + 5] = b"needle"
    return bytes(b)


def maps(p):
    lines = [re.match(r"(\w+)-(\w+) (....) (\w+) \S+ (\d+) *(.*)", line).groups()
             for line in open(f"/proc/{p.pid}/maps", errors="surrogateescape", newline="\n").read().splitlines()]
    want = [(int(a, 16), int(b, 16), perms, int(offset, 16), int(inode)) for a, b, perms, offset, inode, _ in lines]
    got = [(int(m["start"], 16), int(m["end"], 16), m["perms"], int(m["offset"], 16), m["inode"])
           for m in objects(good(p.pid, "maps", "--json"))]
    check(got == want, "maps --json", got, want)
    text = good(p.pid, "maps")
    check(len(text.splitlines()) == len(want), "maps: lines")
    got = [(int(m[1], 16), int(m[2], 16), m[3], int(m[4], 16))
           for m in re.finditer(r"^0x(\w+)-0x(\w+) (....) +\d+K 0x(\w+)", text, re.M)]
    check(got == [w[:4] for w in want], "maps", text)
    # the file is called "evil ESC [31m NEWLINE"
    check("\x1b" not in text and "evil\\33[31m" in text or "evil\\x1b[31m" in text or "evil\\033[31m" in text,
          "a file's name drives the terminal", text)
    check(any("evil" in str(m["name"]) for m in objects(good(p.pid, "maps", "--json"))), "the file's name in JSON")


def read(p):
    block, want = p.at["block"], block_bytes()
    check(good(p.pid, "read", block, BLOCK, "--raw", raw=True) == want, "read --raw")
    check(good(p.pid, "read", hex(block + 5000), 77777, "-r", raw=True) == want[5000:5000 + 77777], "read, unaligned")
    parts = objects(good(p.pid, "read", block, "0x40001", "--json"))
    check(b"".join(bytes.fromhex(o["hex"]) for o in parts) == want[:0x40001], "read --json")
    check(int(parts[0]["address"], 16) == block and parts[0]["kind"] == "bytes", "read --json: address")
    lines = good(p.pid, "read", block + 96, 40).splitlines()
    check(lines[0] == f"{block + 96:016x}  60 61 62 63 61 61 61 61  61 61 61 6b 6c 6d 6e 6f  |`abcaaaaaaaklmno|", "hexdump",
          lines)
    check(lines[2] == f"{block + 128:016x}  80 81 82 83 84 85 86 87                           |........|", "short line", lines)
    check(lines[3] == f"{block + 136:016x}" and len(lines) == 4, "hexdump: its end", lines)
    squeezed = good(p.pid, "read", block + 8192 - 16, 8192 + 32).splitlines()
    check(len(squeezed) == 5 and squeezed[2] == "*", "equal lines", squeezed)
    check(len(good(p.pid, "read", block + 8192 - 16, 8192 + 32, "-v").splitlines()) == 515, "equal lines with -v")
    check(good(p.pid, "read", p.at["hidden"] + 16, 6, "-r", raw=True) == b"needle", "what the program has hidden")
    # by name
    check(good(p.pid, "read", "memory", 4, "-r", raw=True) == b"\x7fELF", "by a file's last name")
    check(good(p.pid, "read", os.path.join(PROGS, "memory") + "+1", 3, "-r", raw=True) == b"ELF", "by path and offset")
    check(good(p.pid, "read", "[vdso]+0", 4, "-r", raw=True) == b"\x7fELF", "by a name of the kernel's")
    base = min(int(m["start"], 16) for m in objects(good(p.pid, "maps", "--json")) if str(m["name"]).endswith("/memory"))
    check(good(p.pid, "read", f"memory+{p.at['word'] - base:#x}", 4, "-r", raw=True) == struct.pack("<i", 42), "the word")
    # partly, and not at all
    status, out, err = run(p.pid, "read", p.at["end"] + PAGE - 6, 100)
    check(status == 1 and "|needle|" in out and "6 of 100 bytes" in err and "nothing is mapped there" in err,
          "up to the end of a map", status, out, err)
    bad(1, "nothing is mapped there", p.pid, "read", 16, 16)
    bad(1, "nothing is mapped there", p.pid, "read", "0xffffffffffffffff", 16)
    bad(1, r"refuses access to \[vsyscall\]|nothing is mapped", p.pid, "read", "0xffffffffff600000", 16)
    held = good(p.pid, "read", block, 64, "--raw", "--stop", raw=True)
    check(held == want[:64], "read --stop")
    with subprocess.Popen([PINTLE, "mem", str(p.pid), "read", str(block), str(BLOCK)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as child:
        child.stdout.read(10)
        child.stdout.close()
        check(child.stderr.read() == b"" and child.wait(20) in (1, -signal.SIGPIPE), "a closed pipe")


def search(p):
    wanted = sorted([p.at["block"] + (256 << 10) - 3, p.at["block"] + 5 * PAGE - 1, p.at["end"] + PAGE - 6,
                     p.at["far"] + p.at["far_size"] // 2])
    found = objects(good(p.pid, "search", '"needle"', "-j"))
    check(sorted(int(o["address"], 16) for o in found if o["kind"] == "found") == wanted, "search", found)
    skipped = [o for o in found if o["kind"] == "skipped"]
    check(any(int(o["start"], 16) <= p.at["hidden"] < int(o["end"], 16) for o in skipped), "what was skipped", skipped)
    status, out, err = run(p.pid, "search", "6e6565646C65")
    check([int(line.split()[0], 16) for line in out.splitlines()] == wanted and status == 0, "search for hex", out)
    check("not readable by the program" in err, "what was skipped is said", err)
    check([int(line.split()[0], 16) for line in good(p.pid, "search", '"needle"', "--stop").splitlines()] == wanted, "--stop")
    overlapping = [int(o["address"], 16) for o in objects(good(p.pid, "search", '"aaaaaa"', "-j")) if o["kind"] == "found"]
    at = p.at["block"] + 100
    check([a for a in overlapping if at - 9 < a < at + 9] == [at, at + 1], "overlapping places", overlapping)
    status, out, err = run(p.pid, "search", '"needle"', "-m", 1)
    check(status == 0 and len(out.splitlines()) == 1 and "stopped after 1" in err, "-m 1", out, err)
    status, out, err = run(p.pid, "search", '"no such \\x01 bytes \\377\\n here"')
    check(status == 0 and not out and "not found" in err, "nothing found", out, err)


def read_core(path, wide=True):
    """Segments (address, bytes there, size) of an ELF core file, read by its own rules."""
    data = open(path, "rb").read()
    check(data[:6] == b"\x7fELF" + bytes([2 if wide else 1, 1]), "the file's class", data[:16])
    if wide:
        kind, machine, _, _, phoff = struct.unpack_from("<HHIQQ", data, 16)
        phentsize, phnum = struct.unpack_from("<HH", data, 54)
    else:
        kind, machine, _, _, phoff = struct.unpack_from("<HHIII", data, 16)
        phentsize, phnum = struct.unpack_from("<HH", data, 42)
    check(kind == 4 and machine == (62 if wide else 3), "a core file of the machine", kind, machine)
    segments = []
    for i in range(phnum):
        if wide:
            t, flags, offset, vaddr, _, filesz, memsz, _ = struct.unpack_from("<IIQQQQQQ", data, phoff + i * phentsize)
        else:
            t, offset, vaddr, _, filesz, memsz, flags, _ = struct.unpack_from("<IIIIIIII", data, phoff + i * phentsize)
        check(t == 1 and offset % PAGE == vaddr % PAGE and offset + filesz <= len(data) and filesz <= memsz, "a segment")
        segments.append((vaddr, data[offset:offset + filesz], memsz, flags))
    check(all(a[0] + a[2] <= b[0] for a, b in zip(segments, segments[1:])), "segments in order")
    return segments


def in_core(segments, at, n):
    for vaddr, data, memsz, _ in segments:
        if vaddr <= at < vaddr + memsz:
            return data[at - vaddr:at - vaddr + n]
    return None


def dump(p, wide=True):
    text = good(p.pid, "dump", "all.core")
    check(re.fullmatch(r"dumped \d+ bytes to all\.core\n", text), "dump", text)
    st = os.stat("all.core")
    check(stat.S_IMODE(st.st_mode) == 0o600, "its mode", oct(st.st_mode))
    check(st.st_size < 64 << 20 and st.st_blocks * 512 < 32 << 20, "its size", st.st_size, st.st_blocks)
    segments = read_core("all.core", wide)
    check(in_core(segments, p.at["block"], BLOCK) == block_bytes(), "the block in the core file")
    check(in_core(segments, p.at["far"] + p.at["far_size"] // 2, 6) == b"needle", "the far needle")
    check(in_core(segments, p.at["word"], 4) == struct.pack("<i", 42), "the word")
    check(in_core(segments, p.at["hidden"], 1) == b"", "the hidden page is there, without contents")
    code = in_core(segments, p.at["main"], 16)
    check(code and code == good(p.pid, "read", p.at["main"], 16, "-r", raw=True), "its code")
    # every map is in it, with its permissions
    covered = [(a, a + m, f) for a, _, m, f in segments]
    for m in objects(good(p.pid, "maps", "-j")):
        start, flags = int(m["start"], 16), sum(v for c, v in zip("rwx", (4, 2, 1)) if c in m["perms"])
        check(any(a <= start < b and f == flags for a, b, f in covered), "a map is missing", m)
    check(good(p.pid, "dump", "range", p.at["block"] + 5, 70000) and
          open("range", "rb").read() == block_bytes()[5:70005], "a range")
    good(p.pid, "dump", "zeroes", p.at["block"] + 8192, 8192)
    check(open("zeroes", "rb").read() == bytes(8192), "a range of zeroes")
    last = objects(good(p.pid, "dump", "all.core", "--stop", "-j"))[-1]
    check(last["kind"] == "dumped" and last["file"] == "all.core" and last["bytes"] > BLOCK, "dump -j", last)
    bad(1, "cannot open /nonexistent/x: No such file", p.pid, "dump", "/nonexistent/x")
    if os.path.exists("/dev/full"):
        bad(1, "cannot write to /dev/full: No space left", p.pid, "dump", "/dev/full")
    bad(1, "nothing can be read at 0x10", p.pid, "dump", "nothing", 16, 16)


def write(p):
    pid, block = p.pid, p.at["block"]
    check(good(pid, "write", block + 1, '"hello\\n\\x00\\"z\\101"') == f"10 bytes written at {block + 1:#x}\n", "its answer")
    check(good(pid, "read", block, 12, "-r", raw=True) == b'\x00hello\n\x00"zA\x0b', "a string")
    good(pid, "write", block, "00 ffFE 7a")
    check(good(pid, "read", block, 5, "-r", raw=True) == b"\x00\xff\xfez\x6c"[:5], "hex")
    for text, want in [("u8:255", b"\xff"), ("u8:-128", b"\x80"), ("u16:0x1234", b"\x34\x12"), ("u32:-2", b"\xfe\xff\xff\xff"),
                       ("u64:0x1122334455667788", bytes.fromhex("8877665544332211"))]:
        good(pid, "write", block, text, "--no-stop")
        check(good(pid, "read", block, len(want), "-r", raw=True) == want, text)
    check(objects(good(pid, "write", block, "00", "-j")) == [{"v": 1, "kind": "written", "address": hex(block), "bytes": 1}], "-j")
    # its code, which stays in the file
    path = os.path.join(PROGS, "memory")
    file = open(path, "rb").read()
    old = good(pid, "read", p.at["main"], 4, "-r", raw=True)
    good(pid, "write", p.at["main"], "cccccccc")
    check(good(pid, "read", p.at["main"], 4, "-r", raw=True) == b"\xcc" * 4, "code")
    good(pid, "write", p.at["main"], old.hex())
    check(open(path, "rb").read() == file, "the file was changed")
    status, out, err = run(pid, "write", p.at["end"] + PAGE - 2, "01020304")
    check(status == 1 and out.startswith("2 bytes written") and "nothing is mapped" in err, "half of it", status, out, err)
    bad(1, "nothing is mapped there", pid, "write", 16, "00")
    bad(1, "refuses access", pid, "write", "0xffffffffff600000", "00")
    p.untouched()
    good(pid, "write", p.at["word"], "u32:7")
    p.end(7)


def traced(p):
    """By somebody else: reading and writing go on, holding still is refused with the reason."""
    with subprocess.Popen([PINTLE, "trace", "-o", "trace.log", "-p", str(p.pid)], stderr=subprocess.PIPE) as tracer:
        end = time.monotonic() + 20
        while "TracerPid:\t0\n" in open(f"/proc/{p.pid}/status").read() and time.monotonic() < end:
            time.sleep(0.01)
        check(good(p.pid, "read", "memory", 4, "-r", raw=True) == b"\x7fELF", "read of a traced process")
        good(p.pid, "write", p.at["block"], "00", "-n")
        bad(1, "traced by", p.pid, "write", p.at["block"], "00")
        tracer.send_signal(signal.SIGINT)
        tracer.wait(20)
    end = time.monotonic() + 20
    while "TracerPid:\t0\n" not in open(f"/proc/{p.pid}/status").read() and time.monotonic() < end:
        time.sleep(0.01)


def nonsense(p):
    pid = p.pid
    for pattern, *args in [
            ("a process id is missing",), ("what to do is missing", pid), ("invalid process id: 'x'", "x", "maps"),
            ("invalid process id", "0", "maps"), ("unknown: 'frob'", pid, "frob"),
            ("it is: pintle mem PID maps", pid, "maps", 1), ("it is: pintle mem PID read ADDR N", pid, "read", 16),
            ("hexadecimal numbers begin with 0x", pid, "read", "7f00", 16), ("invalid address", pid, "read", "0xzz", 16),
            ("invalid address", pid, "read", "", 16), ("invalid size", pid, "read", 16, "010"),
            ("a size of 0", pid, "read", 16, 0), ("invalid size", pid, "read", 16, "99999999999999999999"),
            ("without 0x", pid, "write", 16, "0x1234"), ("neither pairs", pid, "write", 16, "123"),
            ("no bytes given", pid, "write", 16, '""'), ("not a quoted string", pid, "write", 16, '"a'),
            ("not a quoted string", pid, "write", 16, '"a"b"'), ("not a quoted string", pid, "write", 16, '"\\q"'),
            ("not a number of that size", pid, "write", 16, "u8:256"), ("not a number of that", pid, "write", 16, "u16:-40000"),
            ("how many bytes", pid, "dump", "x", 16), ("too many arguments", pid, "dump", "x", 16, 16, 16),
            ("--raw means nothing to maps", "--raw", pid, "maps"), ("--max-count means nothing", pid, "read", 16, 16, "-m1"),
            ("--no-stop means nothing", pid, "search", "00", "-n"), ("contradict", pid, "read", 16, 1, "-r", "-j"),
            ("contradict", pid, "write", 16, "00", "-s", "-n"), ("invalid number", pid, "search", "00", "-m0"),
            ("unrecognized option '--frob'", pid, "maps", "--frob"), ("requires an argument", pid, "maps", "-m")]:
        bad(2, pattern, *args)
    bad(1, "there is no process 2147483647", 2147483647, "maps")
    bad(1, "nothing of that name", pid, "read", "nosuchfile.so+0x10", 16)
    bad(2, "invalid offset", pid, "read", "memory+zz", 16)


def dead_and_dying():
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    bad(1, "zombie", child, "maps")
    bad(1, "zombie", child, "search", "00")
    os.waitpid(child, 0)


def main():
    evil = "evil\x1b[31m\n"
    with open(evil, "wb") as f:
        f.write(b"x" * PAGE)
    p = Process("memory", evil)
    try:
        for part in (maps, read, search, dump):
            part(p)
            p.untouched()
        traced(p)
        nonsense(p)
        write(p)
        dead_and_dying()
        if os.path.exists(os.path.join(PROGS, "memory32")):
            p = Process("memory32")
            dump(p, wide=False)
            good(p.pid, "write", p.at["word"], "u32:9")
            p.end(9)
    finally:
        if p.child.poll() is None:
            p.child.kill()
            p.child.wait()
    return 1 if failures else 0


signal.signal(signal.SIGPIPE, signal.SIG_DFL)
sys.exit(main())
