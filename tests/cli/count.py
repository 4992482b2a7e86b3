#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pintle count: exact sums, by process, module and opcode; exit statuses; signals; what is refused.

Time limit: 180 s
"""

import json
import os
import re
import signal
import subprocess
import sys
import time

PINTLE = os.environ["PINTLE"]
HUNDRED = os.path.join(os.environ["PINTLE_PROGS"], "hundred")
METHOD = "counted by single-stepping every instruction"
failures = 0
signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell cannot trap what it found ignored


def same(what, got, expected):
    global failures
    if got != expected:
        failures += 1
        print(f"FAIL: {what}: {got!r}, expected {expected!r}")


def like(what, got, pattern):
    global failures
    if not re.fullmatch(pattern, got, re.S):
        failures += 1
        print(f"FAIL: {what}: {got!r} is not like {pattern!r}")


def run(*args, **options):
    return subprocess.run([PINTLE, "count", *args], capture_output=True, text=True, timeout=150, **options)


# Exact, and the program's own exit status.
r = run(HUNDRED)
same("text", r.stderr, f"100 instructions, {METHOD}\n")
same("standard output is the program's", r.stdout, "")
same("status", r.returncode, 7)
r = run("--json", "-o", "out", HUNDRED)
same("-o leaves standard error alone", r.stderr, "")
j = json.load(open("out"))
same("JSON", {k: v for k, v in j.items() if k != "tasks"},
     {"v": 1, "kind": "count", "method": "single-step", "complete": True, "instructions": 100})
t = j["tasks"][0]
same("JSON task", (t["name"], t["instructions"], t["ended"], t["pid"] == t["tid"]), ("hundred", 100, True, True))

# Repeatable.
same("twice the same", run(HUNDRED).stderr, r.stderr or f"100 instructions, {METHOD}\n")

# 32-bit code.
pieces = os.path.join(os.environ["PINTLE_PROGS"], "pieces32")
if os.path.exists(pieces):
    r = run(pieces)
    same("32-bit code", (r.returncode, r.stderr), (0, f"25 instructions, {METHOD}\n"))

# By opcode: what hundred.c says of itself.
j = json.loads(run("--json", "--by=opcode", HUNDRED).stderr)
same("opcodes", {o["name"]: o["instructions"] for o in j["opcodes"]},
     {"nop": 66, "dec": 15, "jnz": 15, "mov": 3, "syscall": 1})
like("opcodes as text", run("--by", "opcode", HUNDRED).stderr,
     r" +instructions +%  opcode\n +66   66\.00  nop\n( +\d+ +[\d.]+  \w+\n)+ +100 instructions, " + METHOD + "\n")

# A tree, by module: hundred's own instructions, all of both, whatever the shell does.
script = f"{HUNDRED}; {HUNDRED}; exit 3"
r = run("--json", "--by=module", "sh", "-c", script)
same("status of the shell", r.returncode, 3)
j = json.loads(r.stderr)
modules = {m["name"]: m["instructions"] for m in j["modules"]}
same("module of hundred", modules.get(os.path.realpath(HUNDRED)), 200)
same("modules add up", sum(modules.values()), j["instructions"])
same("tasks add up", sum(t["instructions"] for t in j["tasks"]), j["instructions"])
same("tasks", [t["name"] for t in j["tasks"]], ["sh", "hundred", "hundred"])
same("the shell's libraries", any("libc" in m for m in modules), True)
r = run("--no-follow", "--json", "sh", "-c", script)
j = json.loads(r.stderr)
same("--no-follow", [t["name"] for t in j["tasks"]], ["sh"])
like("table", run("sh", "-c", script).stderr,
     r" +instructions   process    thread  name\n(?: +[\d,]+ +\d+ +\d+  (?:sh|hundred)\n){3}"
     r" +[\d,]+ instructions, " + METHOD + " of 3 processes, 3 threads\n")

# Ends.
same("killed", run("sh", "-c", "kill -9 $$").returncode, -signal.SIGKILL)
r = run("/nonexistent/program")
same("not found", r.returncode, 127)
like("not found", r.stderr, "pintle count: cannot execute /nonexistent/program: .*\n")
same("not executable", run("/etc/passwd").returncode, 126)
same("no count of a program that did not run", "instructions" in run("/etc/passwd").stderr, False)

# Refused.
for args, text in [([], "there is no program to count in"), (["--by=colour", HUNDRED], "'colour'"),
                   (["--nonsense", HUNDRED], "'--nonsense'"), (["-p", "x"], "invalid process id: 'x'"),
                   (["-p", "1", HUNDRED], "a program and -p"), (["--fast", "--by=module", HUNDRED], "--fast")]:
    r = run(*args)
    same(f"{args}: status", r.returncode, 2)
    same(f"{args}: {r.stderr!r}", text in r.stderr and r.stderr.count("\n") == 1, True)
r = run("-o", "/nonexistent/file", HUNDRED)
same("-o that cannot be opened", (r.returncode, r.stderr),
     (1, "pintle count: cannot open '/nonexistent/file': No such file or directory\n"))
r = run("-o", "/dev/full", HUNDRED)
same("-o on a full disk", (r.returncode, r.stderr),
     (1, "pintle count: cannot write the result: No space left on device\n"))
r = run("-p", "2147483647")
same("no such process", r.returncode, 1)
like("no such process", r.stderr, "pintle count: cannot attach to 2147483647: 2147483647 is no process id: .*\n")
r = run("--fast", HUNDRED)
if r.returncode == 2:
    like("--fast where there is no counter", r.stderr, "pintle count: --fast: .*counter.*\n")
else:
    same("--fast: status", r.returncode, 7)
    like("--fast", r.stderr, r"[\d,]+ instructions, counted by the processor\n")

# Attached: ^C ends the count, the process goes on.
victim = subprocess.Popen([sys.executable, "-c", "import os\nwhile os.getppid() != 1: pass"])
time.sleep(0.3)
for i in range(6):
    p = subprocess.Popen([PINTLE, "count", "-p", str(victim.pid)], stderr=subprocess.PIPE, text=True)
    time.sleep(0.3 + 0.05 * i)
    p.send_signal(signal.SIGINT)
    _, err = p.communicate(timeout=60)
    same("^C of an attached count: status", p.returncode, 0)
    like("^C of an attached count", err, r"(?:[\d,]+) instructions? so far, " + METHOD + "\n")
    same("the process lives", victim.poll(), None)
    time.sleep(0.02)
    state = open(f"/proc/{victim.pid}/stat").read().rsplit(")", 1)[1].split()[0]
    same("and runs", state in "RS", True)
victim.kill()
victim.wait()


def launch(script):
    p = subprocess.Popen([PINTLE, "count", "sh", "-c", script], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    p.stdout.readline()  # "ready"
    return p


# Launched: a signal for the tool is for the program.
p = launch("echo ready; while :; do :; done")
p.send_signal(signal.SIGTERM)
_, err = p.communicate(timeout=60)
same("SIGTERM: status", p.returncode, -signal.SIGTERM)
like("SIGTERM", err, r"pintle count: [\d,]+ instructions so far; a second signal kills the program\n[\d,]+ instructions, .*\n")
p = launch("trap 'exit 5' INT; echo ready; while :; do :; done")
p.send_signal(signal.SIGINT)
_, err = p.communicate(timeout=60)
same("SIGINT that the program handles: status", p.returncode, 5)
p = launch("trap '' TERM; echo ready; while :; do :; done")
p.send_signal(signal.SIGTERM)
time.sleep(0.5)
same("the program ignores it", p.poll(), None)
p.send_signal(signal.SIGTERM)
_, err = p.communicate(timeout=60)
same("a second one: status", p.returncode, -signal.SIGKILL)
like("a second one", err, r"pintle count: .* so far; .*\npintle count: killing the program\n[\d,]+ instructions, .*\n")

# The program finds signals as they were.
show = ["grep", "-E", "Sig(Blk|Ign|Cgt)", "/proc/self/status"]
same("signal dispositions and mask", run(*show).stdout, subprocess.run(show, capture_output=True, text=True).stdout)

sys.exit(failures != 0)
