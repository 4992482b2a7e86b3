#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""H124: ^C goes to the whole foreground group. Time limit: 240 s

Launched, the program is in it and gets its SIGINT from the terminal: exactly one for each ^C, none twice by way of the
tracer, none lost, and with -o FILE the tracer goes on until the program is done. Attached, the program is in another
group: ^C ends the tracer, the program sees nothing of it and runs on, and can be attached to again.
"""

import os
import subprocess
import sys
import time

from terminal import PINTLE, PROMPT, Terminal, status_of, wait_for

COUNTER = r'''
import os, signal, sys
count = 0
def interrupt(*_):
    global count
    count += 1
    os.write(1, b"int%d." % count)
signal.signal(signal.SIGINT, interrupt)
os.write(1, b"READY1 pid=%d;" % os.getpid())
while True:
    signal.pause()
    if count == int(sys.argv[1]):
        os.write(1, b"total=%d;" % count)
        sys.exit(5)
'''

DEFAULT = "import os, signal; signal.signal(signal.SIGINT, signal.SIG_DFL); os.write(1, b'READY' + b'2'); signal.pause()"

QUIET = r'''
import os, signal, time
seen = 0
def interrupt(*_):
    global seen
    seen += 1
for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCONT, signal.SIGTSTP): signal.signal(s, interrupt)
n = 0
while True:
    n += 1
    with open("beat.new", "w") as f: f.write("%d %d" % (n, seen))
    os.rename("beat.new", "beat")
    time.sleep(0.002)
'''


def launched(t, prefix, times):
    t.send("%spython3 counter.py %d; echo status=$?.\n" % (prefix, times))
    t.expect("READY1")
    for i in range(1, times + 1):
        t.send("\x03")
        t.expect("int%d\\." % i)
    t.expect("total=%d;" % times)
    status = t.expect("status=(\\d+)\\.").group(1)
    t.expect(PROMPT)
    return status


def beat():
    while True:
        try:
            n, seen = open("beat").read().split()
            return int(n), int(seen)
        except (OSError, ValueError):
            time.sleep(0.002)


def attached(t, times):
    p = subprocess.Popen([sys.executable, "quiet.py"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        beat()
        for i in range(times):
            t.send("%s trace -o log -p %d\n" % (PINTLE, p.pid))
            t.check(wait_for(lambda: status_of(p.pid, "TracerPid") not in ("0", "")), "visit %d: not attached" % i)
            before = beat()[0]
            t.check(wait_for(lambda: beat()[0] > before), "visit %d: it stands still while traced" % i)
            t.send("\x03")
            t.expect(PROMPT)
            t.check(t.run("(exit $?)") == 130, "visit %d: the tracer did not end by SIGINT" % i)
            t.check(status_of(p.pid, "TracerPid") == "0", "visit %d: still traced" % i)
            before = beat()[0]
            t.check(wait_for(lambda: beat()[0] > before), "visit %d: it stands still, state %s" % (i, status_of(p.pid, "State")))
            t.check(beat()[1] == 0, "visit %d: it saw a signal" % i)
    finally:
        p.kill()
        p.wait()


open("counter.py", "w").write(COUNTER)
open("quiet.py", "w").write(QUIET)
n = int(os.environ.get("PINTLE_N", "1"))
trace = PINTLE + " trace -f -o log "
t = Terminal()
modes = t.modes()
want = launched(t, "", 100 * n)
got = launched(t, trace, 100 * n)
t.check(want == got == "5", "exit statuses %s and %s" % (want, got))
log = open("log").read()
t.check(log.count("--- SIGINT ") == 100 * n, "%d SIGINT in the log, %d sent" % (log.count("--- SIGINT "), 100 * n))
t.check("+++ exited with 5 +++" in log, "the log has no end")
# Without a handler it dies, and so do we, of the same signal.
for prefix in ("", trace):
    t.send(prefix + 'python3 -c "%s"\n' % DEFAULT)
    t.expect("READY2")
    t.send("\x03")
    t.expect(PROMPT)
    t.check(t.run("(exit $?)") == 130, prefix + ": not ended by SIGINT")
t.check("+++ killed by SIGINT +++" in open("log").read(), "the log does not tell of the end")
attached(t, 20 * n)
t.check(t.modes() == modes, "the terminal's modes are not what they were")
t.send("exit\n")
t.close()
print("%d times ^C launched, %d times attached" % (100 * n, 20 * n))
