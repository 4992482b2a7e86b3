#!/bin/sh
# SPDX-License-Identifier: MIT
# Unpacks the newest linux-libc-dev that Debian has (sid) into DIR, without touching the
# system's own package lists: what extract.py --headers DIR reads.
set -eu
[ $# = 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
apt=$dir/.apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian sid main" >"$apt/sid.list"
set -- -q -o "Dir::Etc::sourcelist=$apt/sid.list" -o Dir::Etc::sourceparts=/dev/null \
	-o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache"
apt-get "$@" update >/dev/null
cd "$dir"
apt-get "$@" download linux-libc-dev >/dev/null
dpkg -x linux-libc-dev_*.deb "$dir"
rm -r "$apt"
ls linux-libc-dev_*.deb
