# SPDX-License-Identifier: MIT
"""What the tests of `pintle trace` share: running it, and saying what differs."""

import os
import re
import subprocess
import sys

PINTLE = os.environ["PINTLE"]
CALLS = os.path.join(os.environ["PINTLE_PROGS"], "calls")
failures = 0


class Run:
    """One run: status (negative: the signal that killed it), what it wrote to standard output and error, the log's lines."""

    def __init__(self, *args, log=True, command=None, input=None, env=None, timeout=30, cwd=None):
        line = command or [PINTLE, "trace"]
        if log:
            line = line + ["-o", "log"]
        try:
            os.unlink("log")
        except FileNotFoundError:
            pass
        done = subprocess.run(line + list(args), stdin=subprocess.DEVNULL if input is None else None, input=input,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, env=env, cwd=cwd)
        self.args = args
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr.decode("utf-8", "surrogateescape")
        self.raw = open("log", "rb").read() if log and os.path.exists("log") else b""
        self.lines = self.raw.decode("utf-8", "surrogateescape").splitlines()


def skip(why):
    print(why)
    sys.exit(77)


def check(ok, what):
    global failures
    if not ok:
        failures += 1
        print("FAILED:", what)
    return ok


def same(what, got, want):
    if not check(got == want, what):
        print("  want:", repr(want))
        print("  got: ", repr(got))


def like(what, got, pattern):
    """got, a string or a list of lines, is as the regular expression says, whole."""
    if isinstance(got, list):
        got = "\n".join(got)
    if not check(re.fullmatch(pattern, got, re.S), what):
        print("  want:", pattern)
        print("  got: ", repr(got))


def one_line(what, run, pattern, status):
    """Nothing but one line of message, and that exit status."""
    same(what + ": status", run.status, status)
    like(what, run.err, pattern + "\n")


def done():
    sys.exit(1 if failures else 0)
