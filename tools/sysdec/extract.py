#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Takes the constants and struct layouts that the descriptions name from the kernel's headers.

usage: extract.py [--headers DIR] [FAMILY...]

DIR is an unpacked linux-libc-dev (see uapi-headers.sh); without it, the headers that
are installed.  For each src/sysdec/desc/FAMILY.desc a src/sysdec/data/FAMILY.tab is
written, and data/calls.tab with the numbers of the system calls.  The results are
shipped: building needs neither a compiler for 32 bit nor these headers.

How: every name is looked up in an index of the headers' text; then one probe program
for each header prints the values, compiled and run with -m64 and with -m32.  A line
that does not compile names what that header cannot tell; the next header is asked.
Last comes data/extra.h, ours, for what the kernel does not export.
"""
import argparse
import fnmatch
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import desc  # noqa: E402

TOP = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
DESC = os.path.join(TOP, "src", "sysdec", "desc")
DATA = os.path.join(TOP, "src", "sysdec", "data")

# Asked in this order within the kernel's headers; then libc's for what the kernel keeps to itself.
KERNEL_DIRS = ["asm", "asm-generic", "linux", "linux/*", "sound", "mtd", "rdma", "scsi", "drm", "misc", "video", "xen"]
LIBC = ["sys/socket.h", "netinet/in.h", "netinet/tcp.h", "fcntl.h", "signal.h", "sched.h", "sys/mman.h", "sys/wait.h",
        "sys/stat.h", "sys/epoll.h", "sys/shm.h", "sys/sem.h", "sys/msg.h", "sys/xattr.h", "sys/personality.h", "poll.h",
        "sys/timerfd.h", "sys/inotify.h", "sys/eventfd.h", "sys/signalfd.h", "sys/resource.h", "sys/ptrace.h",
        "netpacket/packet.h", "net/if.h", "net/if_arp.h", "bits/uio-ext.h", "unistd.h", "time.h", "sys/swap.h",
        "sys/klog.h", "dirent.h", "sys/reboot.h", "sys/quota.h", "sys/mount.h", "bluetooth/bluetooth.h", "sys/un.h"]
PRELUDES = ["", "#include <stdint.h>\n#include <sys/types.h>\n#include <linux/types.h>\n",
            "#include <sys/socket.h>\n#include <netinet/in.h>\n#include <time.h>\n#include <linux/types.h>\n",
            "#include <signal.h>\n#include <stddef.h>\n#include <sys/time.h>\n",
            "#include <linux/if.h>\n#include <linux/types.h>\n#include <linux/in.h>\n#include <linux/fs.h>\n"]
# A request of ioctl(2): a macro that is made by _IO() and its kin, of a subsystem's own or the kernel's.
REQUEST = re.compile(r"^[ \t]*#[ \t]*define[ \t]+([A-Z][A-Za-z0-9_]+)[ \t]+\(?[ \t\\\n]*_?[A-Z0-9_]*_S?IO(?:C|R|W|WR)?(?:_BAD)?[ \t]*\(", re.M)
ALIAS = re.compile(r"^[ \t]*#[ \t]*define[ \t]+([A-Z]\w*)[ \t]+[A-Z]\w*[ \t]*(?:/\*.*)?$", re.M)
IDENT = re.compile(r"^[ \t]*#[ \t]*define[ \t]+([A-Za-z_]\w*)[ \t]+\S|^[ \t]*([A-Z_][A-Za-z0-9_]*)[ \t]*(?:=|,|/\*|$|\})|"
                   r"[{,][ \t]*([A-Z_][A-Z0-9_]*)[ \t]*(?:=|,|\})", re.M)


class Headers:
    def __init__(self, unpacked):
        if unpacked:
            self.roots = [os.path.join(unpacked, "usr/lib/linux/uapi/x86"), os.path.join(unpacked, "usr/include")]
        else:
            self.roots = ["/usr/include/x86_64-linux-gnu", "/usr/include"]
        self.flags = []
        if unpacked:
            for r in self.roots:
                self.flags += ["-isystem", r]
        self.index = {}  # name -> headers, in the order to ask
        self.text = {}
        self.requests, self.aliases = set(), set()
        for pattern in KERNEL_DIRS:
            for root in self.roots:
                self.scan(root, pattern)
        for h in LIBC:
            for root in ["/usr/include/x86_64-linux-gnu", "/usr/include"]:
                p = os.path.join(root, h)
                if os.path.exists(p):
                    self.add(h, self.closure(p))
        self.extra = os.path.join(DATA, "extra.h")
        if os.path.exists(self.extra):
            with open(self.extra) as f:
                self.add('"' + self.extra, f.read())

    def scan(self, root, pattern):
        base = os.path.join(root, os.path.dirname(pattern)) if "*" in pattern else root
        dirs = [pattern]
        if "*" in pattern:
            dirs = [os.path.join(os.path.dirname(pattern), d) for d in sorted(os.listdir(base))] if os.path.isdir(base) else []
        for d in dirs:
            full = os.path.join(root, d)
            if not os.path.isdir(full):
                continue
            for h in sorted(os.listdir(full)):
                if h.endswith(".h"):
                    with open(os.path.join(full, h), errors="replace") as f:
                        self.add(d + "/" + h, f.read())

    @staticmethod
    def closure(path):
        """A libc header with the bits/ headers it includes, as far as names go."""
        done, todo, text = set(), [path], ""
        while todo:
            p = todo.pop()
            if p in done or not os.path.exists(p):
                continue
            done.add(p)
            with open(p, errors="replace") as f:
                t = f.read()
            text += t
            for inc in re.findall(r"#\s*include\s+<(bits/[^>]+|asm-generic/[^>]+|asm/[^>]+)>", t):
                todo += [os.path.join("/usr/include/x86_64-linux-gnu", inc), os.path.join("/usr/include", inc)]
        return text

    def add(self, header, text):
        self.text[header] = text
        self.aliases.update(m.group(1) for m in ALIAS.finditer(text))
        self.requests.update(m.group(1) for m in REQUEST.finditer(text))
        for m in IDENT.finditer(text):
            n = m.group(1) or m.group(2) or m.group(3)
            lst = self.index.setdefault(n, [])
            if header not in lst:
                lst.append(header)

    def struct_headers(self, ctype):
        tag = ctype.split()[-1]
        pat = re.compile(r"\bstruct\s+%s\s*\{|\}\s*(?:__attribute__\S+\s*)?%s\s*;|\bunion\s+%s\s*\{" % (tag, tag, tag))
        return [h for h, t in self.text.items() if pat.search(t)]


def run_probe(headers, include, lines, bits, tmp):
    """lines: {key: printf arguments "fmt", expr...}; returns {key: output}; keys that do not compile are missing."""
    inc = '#include "%s"\n' % include[1:] if include[0] == '"' else "#include <%s>\n" % include
    for prelude in PRELUDES:
        todo = list(lines.items())
        src = os.path.join(tmp, "probe.c")
        exe = os.path.join(tmp, "probe")
        for attempt in range(6):
            with open(src, "w") as f:
                f.write(prelude + inc + "int printf(const char *, ...);\nint main(void)\n{\n")
                for i, (key, code) in enumerate(todo):
                    f.write('#line %d "P"\n%s\n' % (i + 1, code))
                f.write("return 0;\n}\n")
            r = subprocess.run(["gcc", "-m%d" % bits, "-w", "-O0", "-fmax-errors=0", "-D_GNU_SOURCE"] + headers.flags +
                               ["-o", exe, src], capture_output=True, text=True)
            if r.returncode == 0:
                break
            bad = {int(n) - 1 for n in re.findall(r"^P:(\d+):\d+: error", r.stderr, re.M)}
            if not bad:
                todo = None
                break
            todo = [x for i, x in enumerate(todo) if i not in bad]
            if not todo:
                break
        if todo is None:
            continue
        if not todo:
            return {}
        out = subprocess.run([exe], capture_output=True, text=True).stdout.split("\n")
        return {k: v for (k, _), v in zip(todo, out) if v}
    return {}


def resolve(headers, wanted, code, candidates, tmp, report):
    """Asks header after header: {key: (out64, out32)}."""
    found, left = {}, {k: list(candidates(k)) for k in wanted}
    while left:
        groups = {}
        for k, hs in left.items():
            if hs:
                groups.setdefault(hs.pop(0), []).append(k)
        if not groups:
            break
        for h, keys in sorted(groups.items()):
            lines = {k: code(k) for k in keys}
            r64 = run_probe(headers, h, lines, 64, tmp)
            r32 = run_probe(headers, h, lines, 32, tmp)
            for k in keys:
                if k in r64 or k in r32:
                    found[k] = (r64.get(k), r32.get(k))
                    del left[k]
        left = {k: v for k, v in left.items() if k not in found}
        if not any(left.values()):
            break
    for k in left:
        report.append(k if isinstance(k, str) else " ".join(map(str, k)))
    return found


def family_names(fam):
    names, globs = set(), set()
    for s in fam.sets:
        for it in s.items:
            if "join" in s.options:
                continue  # requests(), below
            if it[0] == "field":
                names.update(n for n in (x.split("=")[-1] for x in (it[1],) + tuple(it[2])) if not n[0].isdigit() and n[0] != "?")
            elif it[0] == "shift":
                names.update(it[1:])
            elif "*" in it[2]:
                globs.add(it[2][3:] if it[2].startswith("1<<") else it[2])
            elif it[2][0] != "!" and not it[2].lstrip("-")[0].isdigit():
                names.add(it[2])

    def add_expr(e):
        names.update(n for n in desc.expr_names(e) if desc.is_constant(n))

    def add_args(args):
        for a in args:
            if a.cond is not None:
                add_expr(a.cond)
            for e in desc.type_exprs(a.type):
                add_expr(e)
    for st in fam.structs:
        add_args(st.fields)
    for t in fam.aliases.values():
        for e in desc.type_exprs(t):
            add_expr(e)

    def add_call(c):
        add_args(c.args)
        if c.by is not None:
            add_expr(c.by)
        for v in c.variants:
            names.update(n for n in v.values if not n[0].isdigit())
            add_call(v)
    for c in fam.calls:
        add_call(c)
    return names, globs


def requests(headers, fam):
    """Names of the sets that join all names of a number: the requests of ioctl."""
    names = set()
    for s in fam.sets:
        if "join" not in s.options:
            continue
        skip = [it[2][1:] for it in s.items if it[2][0] == "!"]
        for it in s.items:
            glob, _, header = it[2].partition("@")
            if header == "_IO":
                names.update(headers.requests)
            elif glob[0] != "!":
                names.update(n for n, hs in headers.index.items() if fnmatch.fnmatchcase(n, glob) and (not header or header in hs))
        # Neither those left out nor other names for a name.
        names = {n for n in names if not any(fnmatch.fnmatchcase(n, g) for g in skip) and n not in headers.aliases}
    return names


def known(fam):
    """What the family's .tab has already, as resolve() gives it."""
    consts, joined = {}, {}
    tab = os.path.join(DATA, fam.name + ".tab")
    if os.path.exists(tab):
        with open(tab) as f:
            for w in map(str.split, f):
                if w[0] in ("const", "request"):
                    (consts if w[0] == "const" else joined)[w[1]] = tuple(str(signed(x)) for x in (w[2], w[-1]))
    return consts, joined


def signed(text):
    v = int(text, 0)
    return v - (1 << 64) if v >= 1 << 63 else v


def extract_family(headers, path, tmp, version, keep=False):
    fam = desc.Family(path)
    names, globs = family_names(fam)
    for g in globs:
        # Only headers that hold the constants; function-like macros do not compile and fall out.
        glob, _, header = g.partition("@")
        names.update(n for n, hs in headers.index.items() if fnmatch.fnmatchcase(n, glob) and (not header or header in hs))
    report = []
    old_consts, old_joined = known(fam) if keep else ({}, {})
    consts = resolve(headers, sorted(names - set(old_consts)), lambda n: 'printf("%%lld\\n", (long long)(%s));' % n,
                     lambda n: headers.index.get(n, []), tmp, report)
    report = [n for n in report if not any(fnmatch.fnmatchcase(n, g.split('@')[0]) for g in globs)]
    ignored = []
    consts.update((n, v) for n, v in old_consts.items() if n in names)
    joined = resolve(headers, sorted(requests(headers, fam) - set(old_joined) if not old_joined else []), lambda n: 'printf("%%lld\\n", (long long)(unsigned int)(%s));' % n,
                     lambda n: headers.index.get(n, []), tmp, ignored)
    skeys, headers_of = [], {}
    for st in fam.structs:
        skeys.append((st.name, ""))
        headers_of[st.name] = [st.header if st.header != "extra.h" else '"' + headers.extra] if st.header else headers.struct_headers(st.ctype)
        for f in st.fields:
            if f.path != "_":
                skeys.append((st.name, f.path))
    ctypes = {st.name: st.ctype for st in fam.structs}

    def struct_code(k):
        t = ctypes[k[0]]
        if not k[1]:
            return 'printf("%%d\\n", (int)sizeof(%s));' % t
        return 'printf("%%d %%d\\n", (int)__builtin_offsetof(%s, %s), (int)sizeof(((%s *)0)->%s));' % (t, k[1], t, k[1])
    structs = resolve(headers, skeys, struct_code, lambda k: headers_of[k[0]], tmp, report)
    out = ["# Made by tools/sysdec/extract.py from the headers of Linux %s; do not edit." % version]
    for n in sorted(consts):
        v64, v32 = consts[n]
        v64, v32 = int(v64 if v64 is not None else v32), int(v32 if v32 is not None else v64)
        # How a 32-bit program sees it does not matter where the kernel gets the same 32 bits.
        same = v64 == v32 or (v64 ^ v32) & 0xffffffff == 0
        out.append("const %s %s" % (n, show(v64)) + ("" if same else " " + show(v32)))
    joined.update(old_joined)
    joined.update((n, consts[n]) for n in requests(headers, fam) & set(consts))
    for n in sorted(joined):
        # A request is 32 bits wide; -1: the ABI has none.
        v64, v32 = (int(v) if v is not None else -1 for v in joined[n])
        v64, v32 = (v if v == -1 else v & 0xffffffff for v in (v64, v32))
        out.append("request %s %s" % (n, show(v64)) + ("" if v64 == v32 else " " + show(v32)))
    for k in skeys:
        if k not in structs:
            continue
        a, b = structs[k]
        if not k[1]:
            out.append("struct %s %s %s" % (k[0], a or -1, b or -1))
        else:
            out.append("field %s %s %s %s" % (k[0], k[1], a or "-1 0", b or "-1 0"))
    tab = os.path.join(DATA, fam.name + ".tab")
    with open(tab, "w") as f:
        f.write("\n".join(out) + "\n")
    print("%s: %d constants, %d structs" % (fam.name, len(consts), len(fam.structs)))
    for n in report:
        print("  not found: " + n)


def show(v):
    return "%d" % v if -4096 < v < 10 else "%#x" % (v & 0xffffffffffffffff if v < 0 else v)


def extract_calls(headers, version):
    nrs = {}
    for col, (file, prefix) in enumerate([("unistd_64.h", ""), ("unistd_32.h", ""), ("unistd_x32.h", "x32")]):
        for root in headers.roots:
            p = os.path.join(root, "asm", file)
            if os.path.exists(p):
                with open(p) as f:
                    for m in re.finditer(r"^#define __NR_(\w+)\s+(?:\(__X32_SYSCALL_BIT \+ (\d+)\)|(\d+))", f.read(), re.M):
                        nrs.setdefault(m.group(1), [-1, -1, -1])[col] = int(m.group(2) or m.group(3))
                break
    nrs.pop("syscalls", None)
    with open(os.path.join(DATA, "calls.tab"), "w") as f:
        f.write("# Made by tools/sysdec/extract.py from the headers of Linux %s; do not edit.\n" % version)
        f.write("# name, number on x86-64, i386, x32 (without its bit); -1: not there\n")
        for n in sorted(nrs):
            f.write("%s %d %d %d\n" % (n, *nrs[n]))
    print("calls: %d names" % len(nrs))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--headers")
    ap.add_argument("--keep", action="store_true", help="do not look up again what the .tab files have")
    ap.add_argument("families", nargs="*")
    args = ap.parse_args()
    headers = Headers(args.headers)
    version = "?"
    for root in headers.roots:
        p = os.path.join(root, "linux/version.h")
        if os.path.exists(p):
            t = open(p).read()
            version = ".".join(re.search(r"LINUX_VERSION_%s (\d+)" % w, t).group(1) for w in ("MAJOR", "PATCHLEVEL", "SUBLEVEL"))
    os.makedirs(DATA, exist_ok=True)
    with tempfile.TemporaryDirectory() as tmp:
        if not args.families:
            extract_calls(headers, version)
        for d in sorted(os.listdir(DESC)):
            if d.endswith(".desc") and (not args.families or d[:-5] in args.families):
                extract_family(headers, os.path.join(DESC, d), tmp, version, args.keep)


main()
