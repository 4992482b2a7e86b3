#!/bin/sh
# SPDX-License-Identifier: MIT
# examples/count.c, the fifteen lines that everything else must stay as simple as: right to the instruction, and the program's
# exit status is its own.
count=$PINTLE_BUILD/examples/count
fail() { echo "$*"; exit 1; }

out=$("$count" "$PINTLE_PROGS/hundred"); status=$?
[ "$out" = "100 instructions" ] || fail "hundred: $out"
[ $status = 7 ] || fail "hundred: exit status $status"
[ -z "$("$count" /nonexistent 2>/dev/null)" ] || fail "/nonexistent: a count of a program that did not run"
out=$("$count" /nonexistent 2>&1 >/dev/null); status=$?
[ $status = 127 ] || fail "/nonexistent: exit status $status"
[ "$out" = "ERROR: cannot execute /nonexistent: No such file or directory" ] || fail "/nonexistent: $out"
# The same code is in the manual page, the README and here.
code=$(sed -n '/^int main/,$p' "$PINTLE_SOURCE/examples/count.c")
for page in README.md docs/man/libpintle.scd; do
	[ "$(sed -n '/^int main/,/^}/p' "$PINTLE_SOURCE/$page" | sed 's/\\\\n/\\n/')" = "$code" ] || fail "$page shows another program"
done
# Fifteen lines; blank ones and the head comment are not counted.
[ "$(grep -cvE '^(/\*.*)?$' "$PINTLE_SOURCE/examples/count.c")" -le 15 ] || fail "longer than 15 lines"
