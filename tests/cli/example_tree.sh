#!/bin/bash
# SPDX-License-Identifier: MIT
# examples/tree.c: every process of a small tree is there from its first call to its last, in order, with its results.
tree=$PINTLE_BUILD/examples/tree
fail() { echo "$*"; head -c 3000 log; exit 1; }

echo content >file
"$tree" sh -c 'cat file; (exit 3) & wait $!; kill -9 $$' >out 2>log
[ $? = 137 ] || fail "exit status"
[ "$(cat out)" = content ] || fail "the program's own output: $(cat out)"
[ "$(cut -d ' ' -f 1 log | sort -u | wc -l)" = 3 ] || fail "not three processes"
sh=$(head -n 1 log | cut -d ' ' -f 1)
cat=$(sed -nE 's/^([0-9]+) execve\(".*\/cat", \["cat", "file"\].*/\1/p' log)
[ -n "$cat" ] || fail "no execve of cat"
other=$(cut -d ' ' -f 1 log | grep -vx -e $sh -e $cat | head -n 1)
# Patterns of lines that must follow each other, among others, for one process.
expect() # PID PATTERN...
{
	local pid=$1 line=0 at
	shift
	grep "^$pid " log | cut -d ' ' -f 2- >of
	for pattern; do
		at=$(tail -n +$((line + 1)) of | grep -nE -m 1 -- "$pattern" | cut -d : -f 1)
		[ -n "$at" ] || fail "process $pid: no line $pattern after line $line"
		line=$((line + at))
	done
	[ $line = $(wc -l <of) ] || fail "process $pid: something after its end"
}
expect $cat '^execve' '^openat\(AT_FDCWD, "file", O_RDONLY\) = 3$' '^close\(3\) = 0$' '^exit_group\(0\) = \?$' '^exited with 0$'
expect $other '^exit_group\(3\) = \?$' '^exited with 3$'
expect $sh "^v?fork\(\) = $cat\$|^clone3?\(.* = $cat\$" '^wait4\(.*WEXITSTATUS\(s\) == 0.* = '$cat "^kill\($sh, SIGKILL\) = \?\$" '^killed by SIGKILL$'
