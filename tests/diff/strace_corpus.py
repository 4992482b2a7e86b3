#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same programs traced by `pintle trace` and by Debian's strace: equal lines after normalising.

Time limit: 240 s

Each command line runs under both tools with -ff, so that each task has a file of its own; files are paired in the order of
their tasks' birth. Ids, addresses, times and the like are replaced; what still differs is a failure, unless KNOWN names the
reason. Address randomisation is off, and both tools get the same environment and folder.

usage: strace_corpus.py [-v] [PART-OF-A-COMMAND ...]   (with $PINTLE set)
"""

import collections
import difflib
import glob
import os
import re
import shutil
import subprocess
import sys

PINTLE = os.environ["PINTLE"]
PROGS = os.environ.get("PINTLE_PROGS", "")

# One command line each, to sh. {out} is a folder made anew for each run; the input is empty. A ~ in front: its tasks race, so that signals
# and what waits for them come in any order.
CORPUS = """
true
false
echo hello
ls -laR /etc/apt
ls -l --color=always /
ls /nonexistent
cat /etc/passwd /etc/group
head -c 100 /etc/passwd
tail -n 3 /etc/passwd
wc /etc/passwd
sort -r /etc/passwd
uniq -c /etc/passwd
cut -d: -f1 /etc/passwd
tr a-z A-Z < /etc/passwd
grep -rn root /etc/passwd
sed -n 3p /etc/passwd
awk -F: '{{print $1}}' /etc/passwd
cp -a /etc/apt {out}/copy
mv {out} {out}.moved
mkdir -p {out}/a/b/c; rmdir {out}/a/b/c
touch -d @0 {out}/file; chmod 600 {out}/file; ln {out}/file {out}/hard; ln -s file {out}/soft; readlink {out}/soft
rm -rf {out}
dd if=/dev/zero of={out}/zeros bs=4k count=4 conv=fsync
truncate -s 1M {out}/big; fallocate -l 2M {out}/big
du -s /etc/apt
df /
stat /etc/passwd
find /etc/apt -type f -newer /etc/passwd
~xargs -n1 echo < /etc/hostname
~tar cf {out}/t.tar -C / etc/apt; tar xf {out}/t.tar -C {out}
~gzip -c /etc/passwd > {out}/p.gz; zcat {out}/p.gz
sha256sum /etc/passwd
od -c /etc/hostname
date -u -d @0
id
uname -a
hostname
env -i A=b env
printenv PATH
pwd
test -f /etc/passwd
expr 1 + 1
seq 3
sleep 0.01
~timeout 5 true
nice -n 5 true
nproc
tty
getent passwd root
sh -c 'exit 3'
sh -c 'kill -TERM $$'
sh -c 'trap "echo got" USR1; kill -USR1 $$; echo after'
~sh -c 'echo a | cat | cat'
~sh -c '(exit 1) || echo no; x=$(echo sub); echo $x > {out}/f; cat < {out}/f'
~sh -c 'for i in 1 2 3; do /bin/true; done'
sh -c 'ulimit -a; umask 022; cd /; read x < /etc/hostname'
bash -c 'declare -a x=(1 2 3); [[ -e /etc/passwd ]] && echo ${{x[1]}}'
~bash -c 'coproc cat; echo hi >&${{COPROC[1]}}; read y <&${{COPROC[0]}}; kill $COPROC_PID'
python3 -c 'print(1)'
python3 -c 'import json, subprocess; subprocess.run(["true"])'
python3 -c 'import socket; a, b = socket.socketpair(); a.send(b"x"); print(b.recv(9)); s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); c = socket.create_connection(s.getsockname()); d, _ = s.accept(); c.sendall(b"hello"); print(d.recv(5)); d.shutdown(socket.SHUT_RDWR)'
python3 -c 'import socket; a = socket.socket(type=socket.SOCK_DGRAM); a.bind(("127.0.0.1", 0)); a.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 5000); a.sendto(b"x", a.getsockname()); print(a.recvfrom(9))'
python3 -c 'import os, select, signal; r, w = os.pipe(); p = select.poll(); p.register(r, 1); print(p.poll(1)); e = select.epoll(); e.register(r, 1); os.write(w, b"x"); print(e.poll(1)); print(select.select([r], [], [], 0))'
python3 -c 'import threading; t = threading.Thread(target=print, args=(1,)); t.start(); t.join()'
python3 -c 'import signal, os; signal.signal(signal.SIGALRM, lambda *a: 0); signal.setitimer(signal.ITIMER_REAL, 0.01); signal.pause()'
python3 -c 'import mmap, tempfile, fcntl; f = tempfile.TemporaryFile(); f.truncate(8192); m = mmap.mmap(f.fileno(), 8192); m[0] = 1; m.flush(); fcntl.flock(f, 2); fcntl.fcntl(f, fcntl.F_GETFL)'
python3 -c 'import resource, os; resource.getrusage(resource.RUSAGE_SELF); resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.sched_getaffinity(0); os.getgroups(); os.getpriority(0, 0); os.times()'
python3 -c 'import os; p = os.fork() or os._exit(7); print(os.waitpid(p, 0)[1])'
gcc -c -x c /dev/null -o {out}/empty.o
printf 'int main(void) {{ return 0; }}' > {out}/m.c; gcc {out}/m.c -o {out}/m && {out}/m
~printf 'all:\\n\\t@echo made\\n' > {out}/Makefile; make -C {out}
git init -q {out}/r; cd {out}/r; git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x; git log --oneline
curl -s file:///etc/hostname
curl -s --max-time 2 http://127.0.0.1:1/
~perl -e 'print "x\\n"; fork or exit 3; wait; printf "%d\\n", $? >> 8'
{progs}/calls cegwbfsx
{progs}/calls k
{progs}/threads_exec
""".strip().splitlines()

# Differences that are known: (regular expression of the line, reason). Either side may have it.
KNOWN = [
    (r"ioctl\(\d+, (BTRFS_IOC_CLONE or FICLONE|FIOCLEX)", "what stands behind the request's argument is not told by kind yet"),
]

IDS = re.compile(r"\b(\d{3,7})\b")
RULES = [(re.compile(a), b) for a, b in [
    (r" +", " "),
    (r"0x[0-9a-f]{7,16}", "ADDR"),
    (r"\b(si_[us]time|tv_n?u?sec|st_[amc]time(_nsec)?|nl_pid|st_ino|st_size|st_blocks|uptime|freeram|bufferram|sharedram|procs|"
     r"f_b(free|avail)|f_ffree|stx_\w+)=[^,}]*", r"\1=N"),
    (r"/\* 20\d\d-[^*]*\*/", "/* TIME */"),
    (r"loads=\[[^]]*\]", "loads=N"),
    (r"ru_[us]time=\{[^}]*\}", "ru_time=N"),
    (r'(getrandom\()"[^"]*"(\.\.\.)?', r"\1RANDOM"),
    (r"(times\().*", r"\1N"),
    (r"(pipe|socket|anon_inode):\[\d+\]", r"\1:[N]"),
    (r"(/tmp/)[\w.-]*", r"\1NAME"),
    (r"/(cc|tmp|t|tmp_obj_)\w{6}\b|/[a-z0-9_]{8}\"", "/TEMPORARY"), # mkstemp(3), of gcc, git and python
    (r"\w+ bytes \(16 kB.*", "bytes copied"),
    (r'(read\(\w+, )"(?:[^"\\]|\\.)*", ([48])\) = \2$', r"\1FOUR"), # of /dev/urandom
]]


RACING = re.compile(r"--- SIGCHLD|rt_sigreturn|wait4|rt_sigsuspend|rt_sigprocmask|futex|read\(|= \? ERESTART")


def normalise(text, racing=False):
    """Lines of one task: numbers that may be ids become N, so that two runs can be compared."""
    lines = []
    for line in text.splitlines():
        for rule, to in RULES:
            line = rule.sub(to, line)
        lines.append(IDS.sub("N", line))
    return [line for line in lines if not RACING.search(line)] if racing else lines


def run(tool, command):
    shutil.rmtree("log", ignore_errors=True)
    shutil.rmtree("out", ignore_errors=True)
    shutil.rmtree("out.moved", ignore_errors=True)
    os.mkdir("log")
    os.mkdir("out")
    env = {"PATH": os.environ["PATH"], "HOME": os.getcwd(), "LC_ALL": "C.UTF-8", "TMPDIR": os.getcwd() + "/out",
           "GIT_AUTHOR_DATE": "2000-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2000-01-01T00:00:00Z"}
    try:
        p = subprocess.run(["setarch", "-R", *tool, "-ff", "-o", "log/x", "sh", "-c", command.format(out="out", progs=PROGS)],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, env=env)
    except subprocess.TimeoutExpired:
        return None, b"", []
    files = sorted(glob.glob("log/x.*"), key=lambda f: int(f.rsplit(".", 1)[1]))
    return p.returncode, p.stdout, [open(f, errors="replace").read() for f in files]


def known(line):
    return any(re.search(pattern, line) for pattern, _ in KNOWN)


def compare(command):
    """Lines that differ, after up to three tries: a program that raced once is not held against the tracer."""
    racing = command.startswith("~")
    command = command.lstrip("~")
    for _ in range(3):
        theirs, ours = run(["strace"], command), run([PINTLE, "trace"], command)
        problems = []
        if theirs[0] != ours[0]:
            problems.append("status: %s, strace's %s" % (ours[0], theirs[0]))
        if len(theirs[2]) != len(ours[2]):
            problems.append("tasks: %d, strace's %d" % (len(ours[2]), len(theirs[2])))
        for a, b in zip(theirs[2], ours[2]):
            diff = difflib.unified_diff(normalise(a, racing), normalise(b, racing), n=0, lineterm="")
            problems += [d for d in diff if d[:1] in "+-" and d[:3] not in ("---", "+++") and not known(d)]
        if not problems:
            break
    return problems, sum(t.count("\n") for t in ours[2])


def main():
    args = sys.argv[1:]
    verbose = "-v" in args
    wanted = [a for a in args if a != "-v"]
    for program in ("strace", "setarch"):
        if not shutil.which(program):
            print("needs the package", {"setarch": "util-linux"}.get(program, program))
            sys.exit(77)
    corpus = [c for c in CORPUS if not wanted or any(w in c for w in wanted)]
    bad, total, by_call = 0, 0, collections.Counter()
    for command in corpus:
        program = command.lstrip("~").split()[0]
        if "/" not in program and program != "printf" and not shutil.which(program):
            print("not run, not installed:", command)
            continue
        problems, lines = compare(command)
        total += lines
        if problems:
            bad += 1
            print("DIFFERS (%d): %s" % (len(problems), command))
            for p in problems if verbose else problems[:8]:
                print("    " + p[:300].encode("ascii", "backslashreplace").decode())
            by_call.update(m.group(1) for p in problems for m in [re.match(r"[+-](\w+)\(", p)] if m)
    print("%d of %d command lines differ; %d lines compared" % (bad, len(corpus), total))
    if by_call:
        print("by call:", ", ".join("%s %d" % c for c in by_call.most_common(30)))
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
