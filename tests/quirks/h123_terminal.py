#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""H123: a launched program has the terminal as if it were not traced. Time limit: 240 s

Each thing is done twice, without `pintle trace` and under it, and must come out the same: raw mode with every key as data (also
^C ^Z ^\\), window resizes, being in the foreground, ^Z and fg again and again, ^\\, programs as people use them (less, vi where
they are there), a pipeline; and the terminal's modes and foreground group are the shell's own again afterwards.
"""

import os
import shutil
import time

from terminal import PINTLE, PROMPT, Terminal, status_of, wait_for

EDITOR = r'''
import fcntl, os, signal, struct, sys, termios, tty
sizes, signals = [], []
def size(*_): sizes.append(struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))[:2])
signal.signal(signal.SIGWINCH, size)
for s in (signal.SIGINT, signal.SIGTSTP, signal.SIGQUIT): signal.signal(s, lambda n, _: signals.append(n))
foreground = os.tcgetpgrp(0) == os.getpgrp()
old = termios.tcgetattr(0)
tty.setraw(0)
os.write(1, b"READY1")
keys = b""
while not keys.endswith(b"q"):
    keys += os.read(0, 1)
    os.write(1, b"got%d." % len(keys))
termios.tcsetattr(0, termios.TCSADRAIN, old)
print("keys=%r foreground=%d sizes=%r signals=%r;" % (keys, foreground, sizes, signals))
sys.exit(7)
'''

JOB = r'''
import os, signal, sys
count = {"cont": 0}
def cont(*_): count["cont"] += 1
signal.signal(signal.SIGCONT, cont)
print("READY2 pid=%d;" % os.getpid(), flush=True)
for line in sys.stdin:
    if line == "report\n": print("cont=%d foreground=%d;" % (count["cont"], os.tcgetpgrp(0) == os.getpgrp()), flush=True)
    if line == "end\n": sys.exit(9)
'''


def raw_mode(t, prefix):
    t.send(prefix + "python3 editor.py; echo status=$?.\n")
    t.expect("READY1")
    for i, key in enumerate("a\x03b\x1a\x1c\x1b\x7f\r", 1):
        t.send(key)
        t.expect("got%d\\." % i)
    t.resize(40, 100)
    t.send("x")
    t.expect("got9\\.")
    t.resize(24, 80)
    t.send("q")
    said = t.expect("keys=.*?;").group(0)
    t.expect("status=7\\.")
    t.expect(PROMPT)
    return said


def job_control(t, prefix, rounds):
    t.send(prefix + "python3 job.py\n")
    pid = int(t.expect("READY2 pid=(\\d+);").group(1))
    said = []
    for i in range(rounds):
        t.send("\x1a")
        t.expect("Stopped")
        t.expect(PROMPT)
        t.check(wait_for(lambda: status_of(pid, "State") in ("T", "t")), "%s: stopped by ^Z, but in state %s" % (prefix, status_of(pid, "State")))
        t.send("fg\n")
        t.expect("job.py")
        t.send("report\n")
        said.append(t.expect("cont=.*?;").group(0))
    t.send("end\n")
    t.expect(PROMPT)
    t.check(t.run("echo") == 0, "the shell")
    return said


def background(t, prefix):
    """Started in the background, it is stopped when it reads the terminal (SIGTTIN), and goes on with fg."""
    t.send(prefix + "python3 job.py &\n")
    pid = int(t.expect("READY2 pid=(\\d+);").group(1))
    t.check(wait_for(lambda: status_of(pid, "State") in ("T", "t")), prefix + "not stopped by SIGTTIN")
    while True:  # the shell tells at its next prompt
        t.send("\n")
        told = t.expect("Stopped|" + PROMPT).group(0)
        if told == "Stopped":
            break
        time.sleep(0.05)
    t.expect(PROMPT)
    t.send("fg\n")
    t.expect("job.py")
    t.send("report\n")
    said = t.expect("cont=.*?;").group(0)
    t.send("\x1c")
    t.expect("Quit")
    t.expect(PROMPT)
    return said


def program(t, prefix, command, keys):
    """One of the programs with which people spend their days; what it shows is its own business, its end is not."""
    t.send(prefix + command + "; echo status=$?.\n")
    t.expect("line 1")
    for key in keys:
        t.send(key)
        wait_for(lambda: False, 0.15)
    status = t.expect("status=(\\d+)\\.").group(1)
    t.expect(PROMPT)
    return status


open("editor.py", "w").write(EDITOR)
open("job.py", "w").write(JOB)
open("text", "w").write("".join("line %d\n" % i for i in range(1, 500)))
rounds = 5 * int(os.environ.get("PINTLE_N", "1"))
ways = [("without", ""), ("launched", PINTLE + " trace -f -o log "), ("launched, no file", PINTLE + " trace -e trace=none -e signal=none -qqq ")]
results = {}
t = Terminal()
modes, group = t.modes(), t.foreground()
for name, prefix in ways:
    r = results[name] = {}
    r["raw mode"] = raw_mode(t, prefix)
    r["^Z and fg"] = job_control(t, prefix, rounds)
    r["background"] = background(t, prefix)
    # \\ ends it, and the shell hears of which signal
    t.send(prefix + "python3 job.py\n")
    t.expect("READY2")
    t.send("\x1c")
    t.expect("Quit")
    t.expect(PROMPT)
    r["quit"] = t.run("(exit $?)")
    if shutil.which("less"):
        r["less"] = program(t, prefix, "less text", ["G", "/line 42\r", "q"])
    if shutil.which("vi"):
        r["vi"] = program(t, prefix, "vi -u NONE text", ["ihello\x1b", ":w! out\r", ":q!\r"])
        r["vi wrote"] = open("out").readline() if os.path.exists("out") else "nothing"
        if os.path.exists("out"):
            os.unlink("out")
    r["pipeline"] = t.run("cat text | %shead -n 3 | wc -l" % prefix)
    t.check(wait_for(lambda: t.modes() == modes), name + ": the terminal's modes are not what they were")
    t.check(t.foreground() == group, name + ": the shell is not in the foreground")
    if "log" in prefix:
        log = open("log").read()
        t.check("exited with" in log or "killed by" in log, "the log has no end")
for name, _ in ways[1:]:
    for what, value in results["without"].items():
        t.check(results[name][what] == value, "%s, %s:\n  untraced %r\n  traced   %r" % (name, what, value, results[name][what]))
t.send("exit\n")
t.close()
print("%d things equal in %d ways: %s" % (len(results["without"]), len(ways), ", ".join(results["without"])))
