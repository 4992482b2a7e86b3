#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""H125, H126: what a program inherits is the same under `pintle trace` and `pintle count` as without. Time limit: 120 s

Started from an unusual surrounding (open descriptors with gaps, blocked and ignored signals, limits, umask, nice value, a closed
standard input, a changed personality, an environment with bytes that are no text), the program reports all it can see of its own
state, and of a child of its; every field must be equal. Address randomisation stays on. The parent is the tracer, as with
every tracer that launches; with -D it is the one that the program would have had.
"""

import json
import os
import re
import resource
import signal
import subprocess
import sys

PINTLE = os.environ["PINTLE"]

PROBE = r'''
import fcntl, json, os, resource, sys
def fields(path, wanted):
    found = {}
    for line in open(path):
        key, _, value = line.partition(":")
        if key in wanted: found[key] = value.strip()
    return found
def look():
    seen = {}
    seen["fds"] = {}
    for name in sorted(os.listdir("/proc/self/fd"), key=int):
        try: seen["fds"][name] = [os.readlink("/proc/self/fd/" + name), fcntl.fcntl(int(name), fcntl.F_GETFL), fcntl.fcntl(int(name), fcntl.F_GETFD), os.lseek(int(name), 0, 1) if name == "9" else 0]
        except OSError: pass # the folder itself
    seen["status"] = fields("/proc/self/status", ["Umask", "Uid", "Gid", "Groups", "SigBlk", "SigIgn", "SigPnd", "ShdPnd", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Cpus_allowed", "Mems_allowed", "CoreDumping", "THP_enabled", "Threads", "Speculation_Store_Bypass"])
    seen["limits"] = open("/proc/self/limits").read()
    seen["personality"] = open("/proc/self/personality").read()
    for name in ("oom_score_adj", "timerslack_ns", "coredump_filter", "cgroup", "loginuid"):
        try: seen[name] = open("/proc/self/" + name).read()
        except OSError: pass
    seen["nice"] = os.nice(0)
    seen["policy"] = os.sched_getscheduler(0)
    seen["session"] = [os.getsid(0) == int(os.environ["SID"]), os.getpgid(0) == int(os.environ["PGID"])]
    seen["directory"] = [os.getcwd(), os.readlink("/proc/self/root")]
    seen["name"] = open("/proc/self/comm").read()
    return seen
seen = {"self": look(), "argv": sys.orig_argv, "environment": sorted(x for x in open("/proc/self/environ", "rb").read().decode("latin-1").split("\0"))}
pid = os.fork()
if not pid:
    os.write(8, json.dumps(look()).encode() + b"\n")
    os._exit(0)
os.waitpid(pid, 0)
seen["parent"] = os.getppid() == int(os.environ["CALLER"])
seen["tracer"] = int(fields("/proc/self/status", ["TracerPid"])["TracerPid"]) != 0
seen["stack"] = [line for line in open("/proc/self/maps") if "[stack]" in line][0].split()[0]
os.write(8, json.dumps(seen).encode() + b"\n")
'''


def surroundings():
    """In the child, before the command: what a program may find itself in."""
    os.dup2(os.open("/dev/null", os.O_RDWR), 5)
    os.dup2(os.open("file", os.O_RDONLY), 9)
    os.lseek(9, 3, os.SEEK_SET)
    os.dup2(os.open("result", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND), 8)
    os.closerange(10, 100)
    for fd in (3, 4, 6, 7):
        try:
            os.close(fd)
        except OSError:
            pass
    os.close(0)
    for fd in (5, 8, 9):
        os.set_inheritable(fd, True)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR1, signal.SIGALRM, signal.SIGRTMIN + 1])
    os.umask(0o137)
    os.nice(3)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 80))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_STACK, (6 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))


def run(prefix):
    env = {b"PATH": os.environb[b"PATH"], b"SID": b"%d" % os.getsid(0), b"PGID": b"%d" % os.getpgid(0), b"CALLER": b"%d" % os.getpid(),
           b"ODD": b"\xff\xfe\x1b[31m", b"EMPTY": b"", b"A": b"1"}
    for key in (b"HOME", b"PYENV_ROOT"):
        if key in os.environb:
            env[key] = os.environb[key]
    r = subprocess.run(prefix + [sys.executable, "-S", "-E", "probe.py"], env=env, preexec_fn=surroundings, close_fds=False,
                       stdout=subprocess.DEVNULL, stderr=open("err", "w+"), timeout=60)
    lines = open("result").read().splitlines()
    if r.returncode or len(lines) != 2:
        print("%s: status %d, %d reports, %s" % (" ".join(prefix), r.returncode, len(lines), open("err", errors="replace").read()))
        sys.exit(1)
    child, seen = json.loads(lines[0]), json.loads(lines[1])
    seen["child"] = child
    return seen


def run_small(prefix):
    """The same by a program of few instructions, for the tracer that takes each of them one by one: what cat(1) sees."""
    show = ["/proc/self/" + n for n in ("status", "limits", "personality", "environ", "timerslack_ns", "oom_score_adj")]
    show += ["/proc/self/fdinfo/%d" % fd for fd in range(12) if fd != 1]
    subprocess.run(prefix + ["cat"] + show, env={b"PATH": os.environb[b"PATH"], b"ODD": b"\xff"}, preexec_fn=surroundings, close_fds=False,
                   stdout=open("shown", "wb"), stderr=open("err", "wb"), timeout=100)
    differs = re.compile(rb"^(Pid|PPid|Tgid|Ngid|NStgid|NSpid|NSpgid|NSsid|TracerPid|Vm|Rss|HugetlbPages|SigQ|voluntary|nonvoluntary|mnt_id|ino|pos|Cpus_allowed_list|x86)")
    missing = sorted(line for line in open("err", "rb").read().splitlines() if b"fdinfo" in line)
    return [line for line in open("shown", "rb").read().splitlines() if not differs.match(line)] + missing


def compare(name, want, got, path=""):
    if isinstance(want, dict) and isinstance(got, dict):
        return sum(compare(name, want.get(k), got.get(k), path + "/" + k) for k in sorted(set(want) | set(got)))
    if want != got:
        print("%s: %s\n  untraced %r\n  traced   %r" % (name, path, want, got))
        return 1
    return 0


open("probe.py", "w").write(PROBE)
open("file", "w").write("0123456789")
plain, again = run([]), run([])
randomised = plain.pop("stack") != again.pop("stack")
bad = compare("the probe is not steady", plain, again)
ways = {
    "trace": [PINTLE, "trace", "-o", "log"],
    "trace -f": [PINTLE, "trace", "-f", "-o", "log"],
    "trace to standard error": [PINTLE, "trace", "-f"],
    "trace -D": [PINTLE, "trace", "-D", "-o", "log"],
    "trace to a program": [PINTLE, "trace", "-f", "-o", "|cat >/dev/null"],
    "trace without filter": [PINTLE, "trace", "-f", "--seccomp-bpf=never", "-e", "chdir", "-o", "log"],
    "trace with filter": [PINTLE, "trace", "-f", "--seccomp-bpf", "-e", "chdir", "-o", "log"],
}
for name, prefix in ways.items():
    want = json.loads(json.dumps(plain))
    got = run(prefix)
    stacks = {got.pop("stack"), run(prefix).pop("stack")}
    want["tracer"] = True
    want["parent"] = name == "trace -D"
    if name == "trace with filter":
        # which is what the option is about; no_new_privs comes with it unless we may do without
        for who in ("self", "child"):
            want[who]["status"]["Seccomp"] = got[who]["status"]["Seccomp"]
            want[who]["status"]["NoNewPrivs"] = got[who]["status"]["NoNewPrivs"]
            if "Speculation_Store_Bypass" in want[who]["status"]:
                want[who]["status"]["Speculation_Store_Bypass"] = got[who]["status"]["Speculation_Store_Bypass"]
        if got["self"]["status"]["Seccomp"] != "2":
            print("the filter was asked for and is not there")
            bad += 1
    bad += compare(name, want, got)
    if randomised and len(stacks) == 1:
        print("%s: addresses are not randomised any more" % name)
        bad += 1
want = run_small([])
if len(want) < 60:
    print("cat shows too little: %r" % want)
    bad += 1
for prefix in ([PINTLE, "trace", "-f", "-o", "log"], [PINTLE, "count"]):
    got = run_small(prefix)
    for line in set(want) ^ set(got):
        print("%s: only %s: %r" % (" ".join(prefix[1:]), "untraced" if line in want else "traced", line))
        bad += 1
print("%d ways compared" % (len(ways) + 2))
sys.exit(bad != 0)
