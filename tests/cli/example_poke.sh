#!/bin/bash
# SPDX-License-Identifier: MIT
# examples/poke.c: attach, read a word, write a word, read it back; the process then goes on, and saw the new word.
poke=$PINTLE_BUILD/examples/poke
fail() { echo "$*"; [ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null; exit 1; }

mkfifo address
"$PINTLE_PROGS/word" >address &
pid=$!
read -r at <address || fail "no address"
out=$("$poke" $pid $at 2>&1) || fail "read: $out"
[ "$out" = "$at: 0x1122334455667788" ] || fail "read: $out"
out=$("$poke" $pid 16 2>&1) && fail "read address 16: $out"
[[ $out == "poke: cannot read memory of task "*" at 0x10: nothing is there" ]] || fail "address 16: $out"
kill -0 $pid || fail "gone after a read"
grep -q '^TracerPid:.0$' /proc/$pid/status || fail "still traced"
out=$("$poke" $pid $at 0x2a 2>&1) || fail "write: $out"
[ "$out" = "$(printf '%s\n' "$at: 0x1122334455667788" "$at: 0x2a")" ] || fail "write: $out"
wait $pid
status=$?
[ $status = 42 ] || fail "the program ended with $status"
out=$("$poke" 2147483647 0 2>&1) && fail "a process that is none: $out"
[[ $out == "poke: cannot attach to 2147483647: "?* ]] || fail "a process that is none: $out"
