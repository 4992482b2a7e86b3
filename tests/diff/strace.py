#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Traces the command lines of corpus.txt with Debian's strace and with `pintle trace`, and compares, line by line.

Both run in equal folders of the same name, without address randomization, and write a file a task (-ff), so that
the order in which tasks are scheduled does not count. What differs between any two runs is made equal (RUN_TO_RUN); what
differs between the two programs and is right is listed in KNOWN, each with its reason. Everything else fails.

usage: strace.py [TEXT]: only the lines of the corpus that contain TEXT; DIFF_KEEP=1 shows whole differences.

Time limit: 400 s
"""
import difflib
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.environ["PINTLE"]
PROGS = os.environ.get("PINTLE_PROGS", "/nonexistent")
ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LC_ALL": "C",
       "TERM": "dumb", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "PYTHONHASHSEED": "0",
       "PYTHONDONTWRITEBYTECODE": "1", "PROGS": PROGS}

# Not the same in two runs of one and the same program.
RUN_TO_RUN = [
    (r"0x[0-9a-f]{5,16}", "ADDR"),
    (r'getrandom\(".*?"(\.\.\.)?, ', 'getrandom("RANDOM", '),
    (r'"/tmp/([A-Za-z]+)[A-Za-z0-9]{6}(\.[a-z]+)?"', r'"/tmp/\1XXXXXX\2"'),
    (r"/tmp/cc[A-Za-z0-9]{6}", "/tmp/ccXXXXXX"),
    (r"(st_[acm]time|tv_sec|tv_nsec|tv_usec|st_[acm]time_nsec|stx_[acmb]time)=[^,}]+", r"\1=TIME"),
    (r"si_[us]time=[^,}]+", "si_xtime=T"),
    (r"/\* \d{4}-\d\d-\d\dT\S+ \*/", "/* DATE */"),
    (r"(st_ino|stx_ino|d_ino|d_off)=\d+", r"\1=N"),
    (r"(ru_[a-z]+|totalram|freeram|bufferram|sharedram|uptime|loads|procs|f_b?free|f_bavail|f_ffree|f_files)=(\[[^]]*\]|[^,}]+)", r"\1=N"),
    (r"sched_getaffinity\((\d+|PID)", "sched_getaffinity(PID"),
    (r"(TCP|UDP|UNIX(-STREAM|-DGRAM)?|NETLINK):\[[^]]*\]", r"\1:[N]"),
    (r"(socket|pipe|anon_inode):\[\d+\]", r"\1:[N]"),
    (r"htons\(\d{5}\)", "htons(PORT)"),
    (r"= (\d{9,}|1[67]\d{8})( /\*.*)?$", "= TIME"),
    (r"futex\(.*", "FUTEX"),  # whether a thread has to wait
    (r"nl_pid=-?\d+", "nl_pid=N"),
    (r"getppid\(\) = .*", "getppid() = PARENT"),
    (r'"\./tmp\.\w+(\\n)?"', r'"./tmp.RANDOM\1"'),  # mktemp
    (r'"\./sed\w{6}"', '"./sedRANDOM"'),
    (r"/\.git/t\w{6}", "/.git/tRANDOM"),
    (r'read\(3, ".*", 4\) = 4', 'read(3, "RANDOM", 4) = 4'),  # /dev/urandom, for names of temporary files
    (r'write\(2, "16384 bytes.*', "write(2, RATE"),  # of dd
    (r"rt_sigreturn\((.*)\) = .*", r"rt_sigreturn(\1) = WHAT IT INTERRUPTED"),
]

# Differences that are right: (what to make equal, in strace 6.1's output; reason).
KNOWN = [
    (r"^(\S+\(.*[^,( ]) <unfinished \.\.\.>$", r"\1, <unfinished ...>",
     "strace 7 writes no comma before <unfinished ...>"),
    (r"^(set_thread_area\(.*\) = 0) \(entry_number=\d+\)$", r"\1",
     "the entry that the kernel chose is not shown after the result yet"),
]


def lines():
    with open(os.path.join(HERE, "corpus.txt")) as f:
        for line in f:
            line = line.strip()
            if line and not line.startswith("#"):
                options, command = (" " + line).split(" : ", 1)
                yield shlex.split(options), command


def make_folder():
    """The files that the commands work on, the same each time."""
    shutil.rmtree("w", ignore_errors=True)
    os.makedirs("w/tree/a/b")
    os.makedirs("w/empty")
    files = {
        "one.txt": "one\ntwo needle\nthree\nfour\nfive\nsix\nseven\n", "two.txt": "one\n2\nthree\n",
        "tree/x.txt": "needle in x\n", "tree/a/y.txt": "nothing\n", "tree/a/b/z.c": "int z;\n",
        "hello.c": "int main(void)\n{\n\treturn 0;\n}\n", "hello.s": ".globl main\nmain: xor %eax,%eax\nret\n",
        "Makefile": "all: one.o\n\tcat one.txt > made\none.o: one.txt\n\tcp one.txt one.o\n",
        "script.pl": 'open(F, "<", "one.txt"); my @l = <F>; print scalar(@l), "\\n"; mkdir "pl"; rmdir "pl"; sleep 0;\n',
        "script_files.py": "import os\nfd = os.open('f', os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)\nos.write(fd, b'abc\\0\\xff')\nos.pwrite(fd, b'x', 9)\n"
                           "os.lseek(fd, 0, 0)\nos.pread(fd, 5, 0)\nos.ftruncate(fd, 3)\nos.fsync(fd)\nos.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)\n"
                           "os.dup2(fd, 9)\nos.close(fd)\nos.rename('f', 'g')\nos.symlink('g', 's')\nos.readlink('s')\nos.chmod('g', 0o644)\nos.utime('g', (1, 2))\n"
                           "os.unlink('s')\nos.unlink('g')\nos.pipe()\nos.umask(0o22)\nos.getcwd()\nos.statvfs('.')\nos.getpriority(0, 0)\n"
                           "os.writev(1, [b'a', b'b\\n'])\nos.sched_yield()\nos.access('one.txt', os.R_OK)\nos.mkfifo('ff')\n",
        "script_sockets.py": "import socket, select\na, b = socket.socketpair()\na.send(b'hi')\nprint(b.recv(10))\nl = socket.socket()\n"
                             "l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\nl.bind(('127.0.0.1', 0))\nl.listen(5)\nc = socket.create_connection(l.getsockname())\n"
                             "d, _ = l.accept()\nc.sendall(b'x' * 50)\nd.recv(64)\nd.shutdown(socket.SHUT_RDWR)\nselect.select([c], [], [], 0)\n"
                             "p = select.poll(); p.register(c, select.POLLIN); p.poll(0)\ne = select.epoll(); e.register(c, select.EPOLLIN); e.poll(0)\n"
                             "u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nu.sendto(b'dgram', ('127.0.0.1', 9))\nx = socket.socket(socket.AF_INET6)\nx.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)\n",
        "script_signals.py": "import signal, os, time\nsignal.signal(signal.SIGUSR1, lambda *a: None)\nos.kill(os.getpid(), signal.SIGUSR1)\n"
                             "signal.setitimer(signal.ITIMER_REAL, 1000)\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])\nsignal.sigpending()\n"
                             "signal.setitimer(signal.ITIMER_REAL, 0)\ntime.sleep(0.001)\nsignal.siginterrupt(signal.SIGUSR1, True)\n"
                             "p = os.fork()\nif p == 0:\n    os._exit(3)\nos.waitpid(p, 0)\n",
        "script_unix.py": "import socket, array\na = socket.socket(socket.AF_UNIX)\na.bind('sock')\na.listen(1)\nb = socket.socket(socket.AF_UNIX)\nb.connect('sock')\n"
                          "c, _ = a.accept()\nsocket.send_fds(b, [b'fd'], [0])\nsocket.recv_fds(c, 10, 1)\n",
    }
    for name, text in files.items():
        with open(os.path.join("w", name), "w") as f:
            f.write(text)
    with open("w/big.bin", "wb") as f:
        f.write(bytes(range(256)) * 512)
    os.symlink("../x.txt", "w/tree/a/link")
    for base, dirs, names in os.walk("w"):
        for name in [*dirs, *names]:
            os.utime(os.path.join(base, name), (1000000000, 1000000000), follow_symlinks=False)


def trace(tracer, options, command):
    make_folder()
    if command.startswith("! "):
        program = ["/bin/sh", "-c", command[2:]]
    else:
        program = [os.path.expandvars(word.replace("$PROGS", PROGS)) for word in split(command)]
        if not shutil.which(program[0], path=ENV["PATH"]):
            return None, None
    for old in glob.glob("t.*"):
        os.unlink(old)
    run = subprocess.run(["setarch", "-R", *tracer, "-ff", "-o", "../t", *options, "--", *program], cwd="w", env=ENV,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    files = sorted(glob.glob("t.*"), key=lambda n: int(n[2:]))
    pids = {name[2:]: f"PID{i}" for i, name in enumerate(files)}
    texts = []
    for name in files:
        with open(name, "rb") as f:
            texts.append(f.read().decode("latin-1").splitlines())
    return (run.returncode, run.stdout, texts), pids


def split(command):
    """Words at blanks; quotes group; nothing else is special."""
    return shlex.split(command)


def normal(texts, pids, theirs):
    by_pid = re.compile(r"\b(" + "|".join(pids) + r")\b") if pids else None
    result = []
    for text in texts:
        out = []
        for line in text:
            if by_pid:
                line = by_pid.sub(lambda m: pids[m[1]], line)
            line = re.sub(r"\)\s+= ", ") = ", line)
            for pattern, with_ in RUN_TO_RUN:
                line = re.sub(pattern, with_, line)
            if theirs:
                for pattern, with_, _ in KNOWN:
                    line = re.sub(pattern, with_, line)
            out.append(line)
        result.append(out)
    return result


def compare(options, command):
    """None: equal; '' skipped; else the difference."""
    a, pids_a = trace(["strace"], options, command)
    b, pids_b = trace([TOOL, "trace"], options, command)
    if a is None:
        return ""
    out = []
    if a[0] != b[0]:
        out.append(f"exit status {b[0]}, strace's {a[0]}")
    x, y = normal(a[2], pids_a, True), normal(b[2], pids_b, False)
    if len(x) != len(y):
        out.append(f"{len(y)} tasks, strace has {len(x)}")
    for one, other in zip(x, y):
        # where tasks wait for each other, the order of two lines may change; their set may not
        if one != other and (len(x) == 1 or sorted(one) != sorted(other)):
            out += [d for d in difflib.unified_diff(one, other, "strace", "pintle", lineterm="", n=0)]
    return "\n".join(out) or None


def main():
    if not shutil.which("strace") or not shutil.which("setarch"):
        print("needs the packages strace and util-linux")
        sys.exit(77)
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    done = bad = 0
    skipped = []
    for options, command in lines():
        name = " ".join([*options, ":", command])
        if only not in name:
            continue
        difference = compare(options, command)
        if difference == "":
            skipped.append(command.split()[0])
            continue
        done += 1
        tries = 2
        while difference and tries:
            # another look: what another process did to a shared file, and process ids that start anew, are not the tracer's doing
            difference = compare(options, command)
            tries -= 1
        if difference:
            bad += 1
            shown = difference if os.environ.get("DIFF_KEEP") else "\n".join(difference.splitlines()[:12])
            print(f"--- {name}\n{shown}", flush=True)
    print(f"{done} command lines, {bad} differ" + (f"; not installed: {' '.join(skipped)}" if skipped else ""))
    sys.exit(1 if bad or done < (1 if only else 60) else 0)


main()
