#!/bin/sh
# SPDX-License-Identifier: MIT
# What `meson install` puts into a folder is whole: a stranger's program compiles against it by pkg-config, with the
# shared and with the static library, and runs; the tool runs from there.
set -eu
fail() { echo "$*"; exit 1; }
command -v meson >/dev/null || { echo "needs the package meson"; exit 77; }
command -v pkg-config >/dev/null || { echo "needs the package pkg-config"; exit 77; }

DESTDIR=$PWD/root meson install -C "$PINTLE_BUILD" --no-rebuild --quiet >install.log 2>&1 ||
	{ cat install.log; fail "meson install failed"; }
pc=$(find root -name libpintle.pc)
[ -n "$pc" ] || fail "no libpintle.pc"
prefix=$(sed -n 's/^prefix=//p' "$pc")
# The folder stands in for the root directory, so every path of the .pc file moves there.
pkgconfig()
{
	PKG_CONFIG_PATH=$PWD/$(dirname "$pc") pkg-config --define-variable=prefix="$PWD/root$prefix" "$@" libpintle
}
[ "$(pkgconfig --modversion)" = "$(sed -n "s/.*version: '\(.*\)',/\1/p" "$PINTLE_SOURCE/meson.build" | head -n 1)" ] ||
	fail "the .pc file names another version"

cat >version.c <<'C'
#include <pintle/pintle.h>
#include <stdio.h>
int main(void)
{
	return puts(ptl_version()) < 0;
}
C
example=$PINTLE_SOURCE/examples/count.c
[ -f "$example" ] || example=version.c
libs=$PWD/$(dirname "$(find root -name 'libpintle.so')")

for source in version.c "$example"; do
	name=$(basename "$source" .c)
	gcc -std=c11 -pedantic-errors -Wall -Werror "$source" -o "$name-shared" $(pkgconfig --cflags --libs)
	gcc -std=c11 "$source" -o "$name-static" $(pkgconfig --cflags) "$libs/libpintle.a" $(pkgconfig --static --libs | sed 's/-lpintle//')
done
ldd ./version-static | grep libpintle && fail "the static program needs the shared library"
[ "$(LD_LIBRARY_PATH=$libs ./version-shared)" = "$(./version-static)" ] || fail "two versions"
if [ -x count-shared ]; then
	for kind in shared static; do
		out=$(LD_LIBRARY_PATH=$libs ./count-$kind "$PINTLE_PROGS/hundred" || true)
		[ "$out" = "100 instructions" ] || fail "examples/count.c, $kind: $out"
	done
fi

tool=$(find root -type f -name pintle -path '*/bin/*')
LD_LIBRARY_PATH=$libs "$tool" --version | grep -q '^pintle [0-9]' || fail "the installed tool does not run"
for file in man1/pintle.1 man1/pintle-trace.1 man3/libpintle.3 bash-completion/completions/pintle \
	zsh/site-functions/_pintle fish/vendor_completions.d/pintle.fish; do
	find root -path "*/$file" | grep -q . || fail "not installed: $file"
done
# No path of the build in what is installed, else it works here alone.
if readelf -d "$tool" | grep -i runpath; then fail "the installed tool has a run path"; fi
