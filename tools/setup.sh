#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: tools/setup.sh [build] [test]
#
# Installs the Debian packages of the named sets (tools/packages.txt; without a name: all) that are
# not installed yet. Asks nothing. Without the right to install it says what is missing and the
# command that brings it, and exits 2. Runs with nothing but Debian's base system.
set -u
list=$(dirname "$0")/packages.txt
sets=${*:-build test}

say()
{
	printf 'setup: %s\n' "$*" >&2
}

if ! command -v dpkg-query >/dev/null 2>&1; then
	say "this is not a Debian system; install what corresponds to these packages by hand:" \
		$(awk '!/^#/ { print $2 }' "$list")
	exit 2
fi

missing=
while read -r set package why; do
	case $set in '#'* | '') continue ;; esac
	case " $sets " in *" $set "*) ;; *) continue ;; esac
	state=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null)
	case $state in *installed*) case $state in *not-installed*) ;; *) continue ;; esac ;; esac
	missing="$missing $package"
done <"$list"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	say "missing packages, install them with: apt-get install --no-install-recommends$missing"
	exit 2
fi

# noninteractive, and no service asks to be restarted; a busy dpkg lock is waited for.
DEBIAN_FRONTEND=noninteractive
export DEBIAN_FRONTEND
apt()
{
	apt-get -q=2 -y -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@" </dev/null
}
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
say "installing:$missing"
for try in 1 2 3; do
	# The lists may be absent, or name versions that the mirror no longer has: update, try again.
	apt install --no-install-recommends $missing >"$log" 2>&1 && exit 0
	apt update >>"$log" 2>&1 || sleep "$try"
done
tail -n 15 "$log" >&2
say "could not install:$missing"
exit 1
