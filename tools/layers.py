#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the rules of the house that a script can check; one of the unit tests (prints TAP).

usage: layers.py [--library FILE.so] [--archive FILE.a] [--cc COMPILER] [SOURCE]

ROOMS below is the order of the layers as ARCHITECTURE.md draws it: for each folder of src/, whose
headers it may include. What a room *calls* is checked by linking, in tests/cuts.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

# room: the rooms whose headers it may include, besides its own and the public ones.
ROOMS = {
    "base": (),
    "arch": ("base",),
    "elf": ("base",),
    "dwarf": ("base", "elf"),
    "insn": ("base", "arch"),
    "wire": ("base",),
    "os": ("base", "arch"),
    "control": ("base", "arch", "insn", "os"),
    "target": ("base", "arch", "elf", "os", "control"),
    "sysdec": ("base", "arch", "wire", "target"),
    # Public headers say everything that a program needs; if the tool needs more, the library lacks something.
    "tool": ("base", "wire"),
}
# Rooms of bytes and tables: of the system, they see the C library's pure part alone.
PURE = {"base", "arch", "elf", "dwarf", "insn", "wire"}
PURE_HEADERS = {"assert.h", "ctype.h", "elf.h", "errno.h", "inttypes.h", "limits.h", "math.h", "stdalign.h", "stdarg.h",
                "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h", "Zydis/Zydis.h",
                "sys/types.h"}
EXTRA_HEADERS = {
    "base/buf.c": {"unistd.h"},  # close(2), for the cleanup attribute
    "arch/x86_64/layout.c": {"cpuid.h"},
    "tool/child.c": {"sys/wait.h"},  # for children of the tool that nobody traces
}
# Who may speak to the kernel about tracing, waiting and filters.
OS_ONLY = {"sys/ptrace.h", "linux/ptrace.h", "asm/ptrace.h", "sys/wait.h", "wait.h", "linux/seccomp.h",
           "linux/filter.h", "linux/bpf_common.h", "sys/pidfd.h"}
PUBLIC_HEADERS = {"stdbool.h", "stddef.h", "stdint.h", "sys/types.h"}  # what a public header may include
# What a library inside somebody's program must not do: write, end it, read its environment, catch its signals.
FORBIDDEN_CALLS = {"printf", "puts", "putchar", "perror", "fprintf", "vfprintf", "fputs", "fputc", "fwrite", "stdout",
                   "stderr", "exit", "abort", "atexit", "getenv", "secure_getenv", "setenv", "putenv", "signal",
                   "sigaction", "system", "popen", "wait", "alarm", "setitimer"}
LINES = 1500

SOURCE_KINDS = (".c", ".h", ".py", ".sh")
FOLDERS = ("src", "include", "tests", "examples", "fuzz", "bench", "tools", "docs")

problems = []


def problem(path, line, text):
    problems.append(f"{path}:{line}: {text}" if line else f"{path}: {text}")


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def files(top, *folders):
    for folder in folders:
        for path, inner, names in os.walk(os.path.join(top, folder)):
            inner[:] = sorted(d for d in inner if not d.startswith(".") and d not in ("__pycache__", "corpus", "data"))
            for name in sorted(names):
                yield os.path.relpath(os.path.join(path, name), top)


def includes(text):
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1) == '"', found.group(2)


# --- checks -------------------------------------------------------------------------------------


def check_rooms(top):
    """a room includes its own headers and those of the rooms below"""
    for path in files(top, "src"):
        parts = path.split(os.sep)
        if not path.endswith((".c", ".h")) or len(parts) < 3:
            continue
        room, inside = parts[1], "/".join(parts[1:])
        if room not in ROOMS:
            problem(path, 0, f"src/{room} is not in the order of the layers (tools/layers.py)")
            continue
        for number, quoted, name in includes(read(top, path)):
            if quoted:
                other = name.split("/")[0]
                if "/" not in name:
                    if not os.path.exists(os.path.join(top, os.path.dirname(path), name)) and name.endswith(".h"):
                        problem(path, number, f'"{name}": write the room before the header')
                elif other not in ROOMS:
                    problem(path, number, f'"{name}" belongs to no room')
                elif other != room and other not in ROOMS[room]:
                    problem(path, number, f"{room} may not include {other}")
                continue
            if name.startswith("pintle/"):
                continue
            if name in OS_ONLY - EXTRA_HEADERS.get(inside, set()) and room != "os":
                problem(path, number, f"<{name}> is for src/os alone")
            if room in PURE and name not in PURE_HEADERS | EXTRA_HEADERS.get(inside, set()):
                problem(path, number, f"<{name}>: {room} makes no system calls")


def check_strangers(top):
    """examples include public headers alone, and public headers nothing of ours"""
    for path in files(top, "examples"):
        if path.endswith((".c", ".h")):
            for number, quoted, name in includes(read(top, path)):
                if quoted:
                    problem(path, number, f'"{name}": an example uses the public headers alone')
    for path in files(top, "include"):
        for number, quoted, name in includes(read(top, path)):
            if quoted or not (name.startswith("pintle/") or name in PUBLIC_HEADERS):
                problem(path, number, f"{name} in a public header")


def check_heads(top):
    """every file says its licence and what it is for, and is not too long"""
    for path in files(top, *FOLDERS):
        name = os.path.basename(path)
        script = False
        try:
            text = read(top, path)
        except OSError:
            continue
        if name == "meson.build" or path.endswith(SOURCE_KINDS) or text.startswith("#!"):
            script = True
        if not script:
            continue
        head = text.splitlines()[:6]
        if not any("SPDX-License-Identifier: MIT" in line for line in head[:3]):
            problem(path, 1, "no SPDX line")
        rest = [line for line in head if "SPDX" not in line and not line.startswith("#!")]
        if name != "meson.build" and not any(re.match(r'\s*(/\*|//|#\s|\*|""")', line) for line in rest[:2]):
            problem(path, 1, "no comment that says what it is for")
        if text.count("\n") > LINES and path.endswith(SOURCE_KINDS) and "table" not in " ".join(head).lower():
            problem(path, 0, f"{text.count(chr(10))} lines; {LINES} at most")


def check_listed(top):
    """every source is in the list of its meson.build"""
    for path in files(top, "src", "tests", "examples", "fuzz", "bench"):
        folder, name = os.path.split(path)
        build = os.path.join(top, folder, "meson.build")
        while not os.path.exists(build) and folder.startswith("src/"):
            folder = os.path.dirname(folder)
            build = os.path.join(top, folder, "meson.build")
        if not path.endswith(".c") or not os.path.exists(build):
            continue
        inside = os.path.relpath(path, folder)
        stem = re.sub(r"^(test_|fuzz_)", "", name[:-2])
        with open(build, encoding="utf-8") as f:
            listed = set(re.findall(r"'([^']+)'", re.sub(r"#.*", "", f.read())))
        if not {inside, stem, name[:-2]} & listed:
            problem(path, 0, f"not in {folder}/meson.build")
    header = read(top, "include/pintle/pintle.h")
    version = ".".join(re.findall(r"PTL_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))
    if f"version: '{version}'" not in read(top, "meson.build"):
        problem("include/pintle/pintle.h", 0, f"version {version} is not that of meson.build")
    read_headers = {os.path.basename(p) for p in files(top, "include")}
    installed = set(re.findall(r"include/pintle/([a-z]+\.h)", read(top, "src/meson.build")))
    for name in sorted(read_headers - installed):
        problem(f"include/pintle/{name}", 0, "not installed by src/meson.build")
    umbrella = {name for _, _, name in includes(read(top, "include/pintle/pintle.h"))}
    reached = set(umbrella)
    for name in umbrella:
        reached |= {inner for _, _, inner in includes(read(top, os.path.join("include", name)))}
    for name in sorted(read_headers - {"pintle.h"}):
        if f"pintle/{name}" not in reached:
            problem("include/pintle/pintle.h", 0, f"does not include {name}")


def check_headers(top, compiler):
    """each public header compiles alone, as C11 and as C++"""
    plus = {"gcc": "g++", "clang": "clang++"}.get(os.path.basename(compiler), "c++")
    languages = [[compiler, "-std=c11", "-x", "c"]]
    if shutil.which(plus):
        languages.append([plus, "-std=c++11", "-x", "c++"])
    with tempfile.TemporaryDirectory(prefix="pintle-layers-") as folder:
        unit = os.path.join(folder, "one.c")
        for path in files(top, "include"):
            name = os.path.relpath(path, "include")
            with open(unit, "w", encoding="utf-8") as f:
                f.write(f"#include <{name}>\n#include <{name}>\nint main(void) {{ return 0; }}\n")
            for language in languages:
                done = subprocess.run(language + ["-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                                                  "-I", os.path.join(top, "include"), unit],
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
                if done.returncode:
                    problem(path, 0, f"does not compile alone with {language[0]}: {done.stderr.strip()[:600]}")


def symbols(arguments):
    done = subprocess.run(["nm"] + arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return {line.split()[-1].split("@")[0] for line in done.stdout.splitlines() if len(line.split()) >= 2}


def declared(top):
    """Names of the functions and objects that the public headers declare PTL_API."""
    names = set()
    for path in files(top, "include"):
        text = re.sub(r"/\*.*?\*/", "", read(top, path), flags=re.S)
        text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
        for statement in re.findall(r"\bPTL_API\b([^;{]*);", text):
            found = re.search(r"\b(ptl_\w+)\s*(\(|\[|$)", statement)
            if found:
                names.add(found.group(1))
    return names


def check_exports(top, library):
    """the shared library exports what the public headers declare, no more and no less"""
    exported = {n for n in symbols(["-D", "--defined-only", library]) if not n.startswith("PINTLE_")}
    public = declared(top)
    if not public:
        problem("include", 0, "no PTL_API declaration found: this check is broken")
    for name in sorted(exported - public):
        problem(library, 0, f"exports {name}, which no public header declares")
    for name in sorted(public - exported):
        problem(library, 0, f"does not export {name}, which a public header declares")


def check_conduct(library):
    """the library writes nothing, ends nobody's program, reads no environment, catches no signal"""
    for name in sorted(symbols(["-D", "--undefined-only", library]) & FORBIDDEN_CALLS):
        problem(library, 0, f"calls {name}")


def check_archive(archive):
    """names that the static library brings into a program begin with ptl_ or pt_"""
    for name in sorted(symbols(["-g", "--defined-only", archive])):
        if not name.startswith(("ptl_", "pt_", "__asan", "__odr_asan", "__ubsan", "__sanitizer")) and "." not in name:
            problem(archive, 0, f"defines {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser.add_argument("--library")
    parser.add_argument("--archive")
    parser.add_argument("--cc", default="cc")
    args = parser.parse_args()
    checks = [(f, (args.source,)) for f in (check_rooms, check_strangers, check_heads, check_listed)]
    checks.append((check_headers, (args.source, args.cc)))
    if args.library:
        checks += [(check_exports, (args.source, args.library)), (check_conduct, (args.library,))]
    if args.archive:
        checks.append((check_archive, (args.archive,)))
    print(f"1..{len(checks)}")
    failed = False
    for number, (check, arguments) in enumerate(checks, 1):
        problems.clear()
        check(*arguments)
        print(f"{'not ok' if problems else 'ok'} {number} - {check.__doc__}")
        for text in problems:
            print(f"# {text}")
        failed |= bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
