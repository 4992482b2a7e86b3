#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Attaching, and leaving again: by signal, by death of the tracer, as a grandchild; what was attached runs on as before."""

import os
import re
import signal
import subprocess
import sys
import time

from trace_util import CALLS, PINTLE, check, done, like, same

started = []


def start(*args, **kw):
    p = subprocess.Popen(args, stdin=subprocess.DEVNULL, **kw)
    started.append(p)
    return p


def trace(*args):
    return start(PINTLE, "trace", *args, stderr=subprocess.PIPE)


def wait_for(what, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.01)
    return False


def status(pid, name):
    try:
        with open("/proc/%d/status" % pid) as f:
            return re.search(r"^%s:\s*(\S+)" % name, f.read(), re.M).group(1)
    except FileNotFoundError:
        return "gone"


def text(name):
    return open(name).read() if os.path.exists(name) else ""


def end(p, signo, what):
    """Ends a tracer and returns what it said."""
    p.send_signal(signo)
    err = p.communicate(timeout=20)[1].decode()
    same(what + ": its end", p.returncode, -signo)
    return err


busy = "import time\nwhile True: time.sleep(0.01)"
threads = """
import threading, time
for i in range(4): threading.Thread(target=lambda: [time.sleep(0.01) for _ in range(100000)], daemon=True).start()
while True: time.sleep(0.01)
"""
try:
    # One process; each of the signals ends the trace, and the program goes on.
    p = start(sys.executable, "-c", busy)
    for signo in [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]:
        t = trace("-p", str(p.pid), "-e", "/nanosleep|select")
        same("attached", t.stderr.readline().decode(), "pintle trace: Process %d attached\n" % p.pid)
        like("a line", t.stderr.readline().decode(), r".*\(.*= 0.*\n|.*<unf.*\n")
        err = end(t, signo, "^C")
        like("detached", err, r".*pintle trace: Process %d detached\n" % p.pid)
        same("not traced any more", status(p.pid, "TracerPid"), "0")
        check(status(p.pid, "State") in "RS", "it goes on: " + status(p.pid, "State"))
    # A file has all its lines, the last one whole.
    t = trace("-o", "log", "-p", str(p.pid))
    check(wait_for(lambda: text("log").count("\n") > 5), "lines reach a file while it is traced")
    end(t, signal.SIGTERM, "with a file")
    lines = text("log").splitlines()
    check(text("log").endswith("\n") and re.search(r"= |detached|unfinished", lines[-1]), "the last line is whole: " + lines[-1])
    # Killed without a chance to say anything.
    t = trace("-o", "log", "-p", str(p.pid))
    check(wait_for(lambda: status(p.pid, "TracerPid") == str(t.pid)), "attached once more")
    t.kill()
    t.wait()
    check(wait_for(lambda: status(p.pid, "TracerPid") == "0"), "let go")
    check(status(p.pid, "State") in "RS", "a killed tracer leaves it running: " + status(p.pid, "State"))
    # A stopped process stays stopped.
    p.send_signal(signal.SIGSTOP)
    check(wait_for(lambda: status(p.pid, "State") == "T"), "stopped")
    t = trace("-p", str(p.pid))
    t.stderr.readline()
    like("it says so", t.stderr.readline().decode(), "--- stopped by SIGSTOP ---\n")
    end(t, signal.SIGINT, "of a stopped one")
    same("still stopped", status(p.pid, "State"), "T")
    p.send_signal(signal.SIGCONT)
    check(wait_for(lambda: status(p.pid, "State") in "RS"), "and continues")
    # Its end is seen.
    t = trace("-p", str(p.pid), "-e", "trace=none")
    t.stderr.readline()
    check(wait_for(lambda: status(p.pid, "TracerPid") == str(t.pid)), "attached for its end")
    p.kill()
    err = t.communicate(timeout=20)[1].decode()
    like("its end", err, r"\+\+\+ killed by SIGKILL \+\+\+\n")
    same("status after its end", t.returncode, 0)

    # Threads.
    p = start(sys.executable, "-c", threads)
    check(wait_for(lambda: len(os.listdir("/proc/%d/task" % p.pid)) == 5), "five threads")
    t = trace("-f", "-o", "log", "-p", str(p.pid))
    same("threads", t.stderr.readline().decode(), "pintle trace: Process %d attached with 5 threads\n" % p.pid)
    check(wait_for(lambda: len(set(line.split()[0] for line in text("log").splitlines()[:-1])) == 5), "all of them show")
    err = end(t, signal.SIGINT, "of threads")
    same("all detached", len(re.findall(r"Process \d+ detached\n", err)), 5)
    t = trace("-o", "log1", "-p", str(p.pid))
    same("without -f the one", t.stderr.readline().decode(), "pintle trace: Process %d attached\n" % p.pid)
    end(t, signal.SIGINT, "of one thread")

    # Several, listed as pidof and pgrep do.
    q = start(sys.executable, "-c", busy)
    t = trace("-o", "log", "-p", "%d %d" % (p.pid, q.pid), "-p", "%d,%d" % (q.pid, p.pid))
    check(wait_for(lambda: len(set(line.split()[0] for line in text("log").splitlines()[:-1])) == 2), "two processes")
    end(t, signal.SIGINT, "of two")
    same("the last is free", status(q.pid, "TracerPid"), "0")

    # A launched program gets the signal that ends its tracer.
    t = start(PINTLE, "trace", "-e", "trace=pause", CALLS, "p", stderr=subprocess.PIPE)
    check(wait_for(lambda: os.path.exists("/proc/%d/task/%d/children" % (t.pid, t.pid)) and
                   open("/proc/%d/task/%d/children" % (t.pid, t.pid)).read().strip()), "launched")
    child = int(open("/proc/%d/task/%d/children" % (t.pid, t.pid)).read().split()[0])
    check(wait_for(lambda: "pause" in t.stderr.peek(100).decode()), "it pauses")
    t.send_signal(signal.SIGTERM)
    t.communicate(timeout=20)
    same("the tracer's end", t.returncode, -signal.SIGTERM)
    check(wait_for(lambda: status(child, "State") in ("gone", "Z")), "the program ends with it")
    # With -o the program alone decides.
    t = start(PINTLE, "trace", "-o", "log", "-e", "trace=pause", CALLS, "p")
    check(wait_for(lambda: "pause" in text("log")), "it pauses in a file")
    t.send_signal(signal.SIGINT)
    time.sleep(0.2)
    check(t.poll() is None, "with -o a signal to the tracer is left alone")
    child = int(open("/proc/%d/task/%d/children" % (t.pid, t.pid)).read().split()[0])
    os.kill(child, signal.SIGTERM)
    same("and it ends as the program", t.wait(20), -signal.SIGTERM)

    # -D: the program is the child, not its tracer.
    d = start(PINTLE, "trace", "-D", "-o", "log", "-e", "chdir", CALLS, "cx")
    same("-D: the program's own status", d.wait(20), 3)
    check(wait_for(lambda: text("log").count("\n") == 2), "-D: the log: " + text("log"))
    like("-D", text("log"), r'chdir\("\."\) +\= 0\n\+\+\+ exited with 3 \+\+\+\n')
    for option in ["-DD", "-DDD", "--daemonize=session"]:
        d = start(PINTLE, "trace", option, "-o", "log", "-f", "-e", "execve", "sh", "-c", "exit 4")
        same(option, d.wait(20), 4)
        check(wait_for(lambda: "exited with 4" in text("log")), option + ": the log")

    # An execve by a thread that is not the leader.
    r = subprocess.run([PINTLE, "trace", "-f", "-o", "log", "-e", "execve,exit_group",
                        os.path.join(os.environ["PINTLE_PROGS"], "threads_exec")], timeout=20)
    same("status of what it executed", r.returncode, 0)
    log = text("log")
    m = re.search(r"^(\d+) +execve\(\"/bin/true\".*<(?:unfinished|pid changed to \d+) \.\.\.>\n", log, re.M)
    if check(m, "the execve of a thread: " + log):
        leader = log.split()[0]
        check(re.search(r"^%s +\+\+\+ superseded by execve in pid %s \+\+\+\n" % (leader, m.group(1)), log, re.M), "superseded: " + log)
        check(re.search(r"^%s +<\.\.\. execve resumed>\) += 0\n" % leader, log, re.M), "resumed by the leader's id: " + log)
    r = subprocess.run([PINTLE, "trace", "-f", "-b", "execve", "-o", "log", "-e", "execve", "sh", "-c", "/bin/true; exit 5"], timeout=20)
    same("-b: status", r.returncode, 5)
    like("-b leaves the child at its execve", text("log"), r"\d+ +execve\(.* = 0\n\d+ +execve\(\"/bin/true\", .* <detached \.\.\.>\n(.*SIGCHLD.*\n)?.*exited with 5.*\n")
finally:
    for p in started:
        if p.poll() is None:
            p.kill()
            p.wait()
done()
