# SPDX-License-Identifier: MIT
"""An interactive shell on a pseudo-terminal, for tests of what a terminal does to a traced program."""

import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
import time

PINTLE = os.environ["PINTLE"]
PROMPT = "@@ "


class Terminal:
    """A shell with job control, as a person would have it before them."""

    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(PS1=PROMPT, TERM="xterm", HISTFILE="", LINES="24", COLUMNS="80")
            os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
        self.seen = ""  # not yet matched
        self.all = ""
        self.resize(24, 80)
        self.expect(PROMPT)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def modes(self):
        return termios.tcgetattr(self.fd)[:4]

    def foreground(self):
        return struct.unpack("i", fcntl.ioctl(self.fd, termios.TIOCGPGRP, b"\0" * 4))[0]

    def send(self, text):
        os.write(self.fd, text.encode("latin-1"))

    def expect(self, pattern, seconds=25):
        """Reads until the pattern shows; the match."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.seen)
            if found:
                self.seen = self.seen[found.end():]
                return found
            os.set_blocking(self.fd, False)
            try:
                text = os.read(self.fd, 65536).decode("latin-1")
                self.seen += text
                self.all += text
            except BlockingIOError:
                time.sleep(0.005)
            except OSError:
                self.fail("the terminal was closed before %r" % pattern)
            if time.monotonic() > end:
                self.fail("in vain waited for %r" % pattern)

    def run(self, command):
        """A command to its end; its exit status as the shell tells it."""
        self.send(command + "; echo status=$?.\n")
        status = int(self.expect(r"status=(\d+)\.").group(1))
        self.expect(PROMPT)
        return status

    def fail(self, why):
        sys.stdout.write("FAILED: %s\nthe terminal shows:\n%s\n" % (why, self.all[-3000:]))
        self.close()
        sys.exit(1)

    def check(self, ok, why):
        if not ok:
            self.fail(why)

    def close(self):
        try:
            os.kill(self.pid, signal.SIGHUP)
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def status_of(pid, key):
    try:
        with open("/proc/%d/status" % pid) as f:
            return re.search("^%s:\\s*(\\S+)" % key, f.read(), re.M).group(1)
    except (OSError, AttributeError):
        return ""


def wait_for(what, seconds=25):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True
