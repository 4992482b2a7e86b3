#!/bin/sh
# SPDX-License-Identifier: MIT
# ./demo shows what it promises: a trace of all processes, a summary, a count.
fail() { echo "$*"; cat out; exit 1; }

PINTLE_DEMO_BUILD=$PINTLE_BUILD "$PINTLE_SOURCE/demo" >out 2>&1 || fail "exit status $?"
[ "$(grep -c '^hello from a traced program$' out)" = 3 ] || fail "the program did not run three times"
grep -Eq '^[0-9]+ lines of trace, from [5-9] processes' out || fail "no tree of processes"
grep -Eq '^[0-9]+ +execve\("\./hello", \["\./hello"\]' out || fail "no execve of the program"
grep -Eq '^[0-9]+ +write\(1, "hello from a traced program\\n", 28\) += 28$' out || fail "no write by the program"
grep -Eq '^100\.00 .* total$' out || fail "no summary"
grep -Eq '^[0-9,]+ instructions' out || fail "no count"
