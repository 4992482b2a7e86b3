#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the decoder's tables: gen.py OUT.c OUT.h DATA_DIR FAMILY.desc...

Reads the descriptions and the .tab files beside them, checks every name, and writes
C tables of indexes (src/sysdec/tables.h says what they mean).  Needs nothing but Python.
"""
import fnmatch
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desc import DIRECTIONS, DescError, Family, Tab, is_constant  # noqa: E402

ABI64, ABI32 = 0, 1

# name -> (kind, size, flags); size 0: the ABI's word. In a struct the field's own size counts.
SCALARS = {
    "int": ("K_INT", 4), "int8": ("K_INT", 1), "int16": ("K_INT", 2), "int64": ("K_INT", 8), "long": ("K_INT", 0),
    "uint": ("K_UINT", 4), "uint8": ("K_UINT", 1), "uint16": ("K_UINT", 2), "uint64": ("K_UINT", 8),
    "ulong": ("K_UINT", 0), "size": ("K_UINT", 0), "off": ("K_INT", 0),
    "hex": ("K_HEX", 4), "hex8": ("K_HEX", 1), "hex16": ("K_HEX", 2), "hex64": ("K_HEX", 8), "xlong": ("K_HEX", 0),
    "ptr": ("K_PTR", 0), "oct": ("K_OCT", 4), "fd": ("K_FD", 4), "dirfd": ("K_DIRFD", 4), "pid": ("K_PID", 4),
    "tid": ("K_PID", 4), "pgid": ("K_PID", 4), "uid": ("K_ID", 4), "gid": ("K_ID", 4), "uid16": ("K_ID", 2), "gid16": ("K_ID", 2),
    "mode": ("K_MODE", 4), "umode": ("K_UMODE", 4), "dev": ("K_DEV", 4), "signal": ("K_SIGNAL", 4), "time": ("K_TIME", 0),
    "char": ("K_CHAR", 1), "chars": ("K_CHARS", 0), "bytes": ("K_BYTES", 0), "none": ("K_NONE", 0),
    # 64 bits that take two registers in a 32-bit ABI
    "loff": ("K_INT", 8, "SDF_PAIR"), "uloff": ("K_UINT", 8, "SDF_PAIR"), "xloff": ("K_HEX", 8, "SDF_PAIR"),
}
WIDTHS = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "word": 0}
OPS = {"||": "OP_OROR", "&&": "OP_ANDAND", "==": "OP_EQ", "!=": "OP_NE", "<": "OP_LT", ">": "OP_GT", "<=": "OP_LE",
       ">=": "OP_GE", "|": "OP_OR", "&": "OP_AND", "<<": "OP_SHL", ">>": "OP_SHR", "+": "OP_ADD", "-": "OP_SUB",
       "*": "OP_MUL", "/": "OP_DIV"}
FOLD = {"|": lambda a, b: a | b, "&": lambda a, b: a & b, "<<": lambda a, b: a << b, ">>": lambda a, b: a >> b,
        "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}
CLASSES = ["file", "desc", "process", "net", "signal", "ipc", "memory", "creds", "clock", "pure",
           "stat", "lstat", "fstat", "%stat", "statfs", "fstatfs", "%statfs"]
NEVER, ELSEWHERE, DECODED = 1, 2, 4
M64 = 0xffffffffffffffff
NO_REF = 0xffff


class Intern:
    """A table whose rows are unique; add returns the index."""

    def __init__(self, name, limit=0xffff):
        self.name, self.limit, self.rows, self.at = name, limit, [], {}

    def add(self, row):
        if row not in self.at:
            if len(self.rows) >= self.limit:
                raise DescError("more than %d %s" % (self.limit, self.name))
            self.at[row] = len(self.rows)
            self.rows.append(row)
        return self.at[row]


class Text:
    """All names in one string; a name that ends another is found in it."""

    def __init__(self):
        self.data, self.at, self.size = ['""'], {"": 0}, 1

    def add(self, s):
        if s not in self.at:
            self.at[s] = self.size
            self.data.append('"%s\\0"' % s)
            self.size += len(s) + 1
        return self.at[s]


class Generator:
    def __init__(self, data_dir, paths):
        self.tab, self.families = Tab(), []
        self.text = Text()
        self.types, self.consts, self.exprs = Intern("types"), Intern("constants", 4096), Intern("expressions", 4096)
        self.sets, self.items, self.structs, self.fields = [], [], [], []
        self.args, self.variants, self.sigs = [], [], Intern("signatures")
        self.customs, self.auxes = Intern("custom types"), Intern("result functions")
        self.calls = []
        self.set_defs, self.struct_defs, self.aliases, self.customs_def = {}, {}, {}, {}
        self.set_index, self.struct_index, self.arg_lists = {}, {}, {}
        for p in paths:
            fam = Family(p)
            self.families.append(fam)
            tab = os.path.join(data_dir, fam.name + ".tab")
            if os.path.exists(tab):
                self.tab.read(tab)
            for s in fam.sets:
                self.define(self.set_defs, s.name, s, s.where)
            for s in fam.structs:
                self.define(self.struct_defs, s.name, s, s.where)
            for n, t in fam.aliases.items():
                self.define(self.aliases, n, t, p)
        self.numbers, self.call_names = {}, {}
        with open(os.path.join(data_dir, "calls.tab"), encoding="ascii") as f:
            for line in f:
                if line[0] != "#":
                    w = line.split()
                    self.numbers[w[0]] = [int(x) for x in w[1:]]

    @staticmethod
    def define(where, name, what, at):
        if name in where or name in SCALARS:
            raise DescError("%s: %s is defined twice" % (at, name))
        where[name] = what

    # --- constants and expressions ---

    def const(self, name, abi, where):
        if name.lstrip("-")[0].isdigit():
            return int(name, 0)
        if name not in self.tab.consts:
            raise DescError("%s: the value of %s is not known (run tools/sysdec/extract.py)" % (where, name))
        return self.tab.consts[name][abi]

    def fold(self, e, abi, where):
        if isinstance(e, int):
            return e
        if e[0] == "name":
            return self.const(e[1], abi, where) if is_constant(e[1]) else e
        if e[0] in ("ret", "at"):
            return e
        a, b = self.fold(e[1], abi, where), self.fold(e[2], abi, where)
        if isinstance(a, int) and isinstance(b, int) and e[0] in FOLD:
            return FOLD[e[0]](a, b)
        return (e[0], a, b)

    def ref(self, e, scope, where):
        """scope: (names -> reference, abi)"""
        return self.ref_folded(self.fold(e, scope[1], where), scope, where)

    def ref_folded(self, e, scope, where):
        if isinstance(e, int):
            e &= M64
            return e if e < 0x1000 else 0x5000 | self.consts.add(e)
        if e[0] == "ret":
            return 0x3000
        if e[0] == "at":
            arg = self.ref_folded(e[1], scope, where)
            if arg >> 12 != 1:
                raise DescError("%s: * is for arguments" % where)
            return 0x6000 | arg & 7
        if e[0] == "name":
            if e[1] not in scope[0]:
                raise DescError("%s: %s is no argument or field before this" % (where, e[1]))
            return scope[0][e[1]]
        a, b = self.ref_folded(e[1], scope, where), self.ref_folded(e[2], scope, where)
        return 0x4000 | self.exprs.add((OPS[e[0]], a, b))

    # --- types ---

    def type(self, t, scope, where, direction=0):
        name, params = t
        add = lambda kind, size=0, flags="0", x=0, p=0, q=0: self.types.add((kind, size, flags, x, p, q))  # noqa: E731
        exprs = [p[1] for p in params if p[0] == "expr"]
        if name in self.aliases:
            return self.type(self.aliases[name], scope, where, direction)
        if name in ("late", "kept"):
            row = self.types.rows[self.type(params[0], scope, where)]
            if name == "kept" and row[0] != "K_CUSTOM":
                raise DescError("%s: kept is for custom types" % where)
            return self.types.add(row[:3] + (2 if name == "late" else 3,) + row[4:])
        if name == "own":
            row = self.types.rows[self.type(params[0], scope, where)]
            return self.types.add(row[:2] + ("SDF_OWN_NAME",) + row[3:])
        if name == "either":
            return add("K_POINTER", 0, "0", 5, self.type(params[0], scope, where), self.type(params[1], scope, where))
        if name in DIRECTIONS:
            x = DIRECTIONS.index(name) + 1
            inner = self.type(params[0], scope, where, x)
            row = self.types.rows[inner]
            if row[0] in ("K_STR", "K_BUF") and params[0][0] not in DIRECTIONS:
                if row[0] == "K_BUF" and len(params) > 1:
                    return self.types.add(row[:5] + (self.ref(params[1][1], scope, where),))
                return inner
            q = 0
            if name in ("in", "out") and len(params) > 1:
                q = self.ref(params[1][1], scope, where)
            elif name == "both":
                q = self.type(params[1], scope, where, x) if len(params) > 1 else inner
            return add("K_POINTER", 0, "0", x, inner, q)
        if name in SCALARS:
            s = SCALARS[name]
            return add(s[0], s[1], s[2] if len(s) > 2 else "0")
        if name in WIDTHS:
            inner = params[0] if params[0][0] != "expr" else (params[0][1][1], [])
            row = list(self.types.rows[self.type(inner, scope, where)])
            row[1] = WIDTHS[name]
            if name == "word" and row[0] == "K_CUSTOM":
                row[1] = 4 if scope[1] == ABI32 else 8
            return self.types.add(tuple(row))
        if name in self.set_defs:
            s = self.set_defs[name]
            return add("K_FLAGS" if s.kind == "flags" else "K_ENUM", 4, "0", 0, self.set(name))
        if name in self.struct_defs:
            return add("K_STRUCT", 0, "0", 0, self.struct(name))
        if name in ("str", "path"):
            q = self.ref(exprs[0], scope, where) if exprs else 0
            return add("K_STR", 0, "SDF_PATH" if name == "path" else "0", direction or 1, 0, q)
        if name in ("buf", "hexbuf"):
            return add("K_BUF", 0, "SDF_HEX" if name == "hexbuf" else "0", direction or 1, self.ref(exprs[0], scope, where))
        if name == "array":
            return add("K_ARRAY", 0, "0", direction, self.type(params[0], scope, where), self.ref(exprs[0], scope, where))
        if name == "within":
            return add("K_WITHIN", 0, "0", direction, self.type(params[0], scope, where), self.ref(exprs[0], scope, where))
        if name == "sized":
            inner = self.type((exprs[0][1], []), scope, where)
            return add("K_SIZED", exprs[2] if len(exprs) > 2 else 0, "0", direction, inner, self.ref(exprs[1], scope, where))
        if name[0] == "x" and name[1:2] == "_":  # a custom type: C function sd_x_NAME
            q = self.ref(exprs[0], scope, where) if exprs else 0
            return add("K_CUSTOM", 0, "0", direction, self.customs.add("pt_sd_" + name), q)
        raise DescError("%s: there is no type %s" % (where, name))

    def set(self, name):
        """The index of the 64-bit set; the 32-bit one is the next (the same items if nothing differs)."""
        if name not in self.set_index:
            s = self.set_defs[name]
            self.set_index[name] = len(self.sets)
            self.sets += [None, None]
            a, b = self.set_rows(s, ABI64), self.set_rows(s, ABI32)
            at = self.set_index[name]
            for i, rows in enumerate([a, b]):
                if i and a == b:
                    self.sets[at + 1] = self.sets[at]
                    break
                first = len(self.items)
                self.items += rows[0]
                self.sets[at + i] = (first, self.text.add(s.unknown) if s.unknown else 0, self.label(s),
                                     len(rows[0]), rows[1])
        return self.set_index[name]

    def label(self, s):
        """The word before the names of a result."""
        word = s.options.get("result", "flags" if s.kind == "flags" else "")
        return self.text.add(word + " ") if word not in ("", "plain", "x") else 0

    def set_rows(self, s, abi):
        rows = []
        seen_names = set()
        if "join" in s.options:
            by_value = {}
            for n, v in sorted(self.tab.requests.items()):
                if v[abi] >= 0:
                    by_value.setdefault(v[abi], []).append(n)
            rows = [(v, (" %s " % s.options["join"]).join(names), 0, 0) for v, names in by_value.items()]
        for kind, text, const in [] if rows else s.items:
            if kind == "shift":
                # The mask is that of the number, before it is moved.
                shift = self.const(const, abi, s.where)
                rows.append((self.const(text, abi, s.where) << shift, const, 0, 255))
                rows.append((shift, "", 0, 0))
            elif kind == "field":
                unknown = [c[1:] for c in const if c[0] == "?"]
                const = [c for c in const if c[0] != "?"]
                rows.append((self.const(text, abi, s.where), "".join(unknown), 0, len(const)))
                rows += [(self.const(c.split("=")[-1], abi, s.where), c.split("=")[0], 0, 0) for c in const]
            elif "*" in const:
                const, bits = const.split("@")[0], const.startswith("1<<")
                const = const[3:] if bits else const
                skip = {i[2][1:] for i in s.items if i[0] == "name" and i[2][0] == "!"}
                found = [(v[abi], n) for n, v in self.tab.consts.items() if fnmatch.fnmatchcase(n, const)
                         and not any(fnmatch.fnmatchcase(n, k) for k in skip) and n not in seen_names]
                for v, n in sorted(found):
                    rows.append((1 << v, "1<<" + n, 0, 0) if bits else (v, n, 0, 0))
            elif const[0] != "!":
                seen_names.add(text)
                rows.append((self.const(const, abi, s.where), text, 0, 0))
        flags = []
        mask = 0xffffffff if all(-(1 << 31) <= r[0] < 1 << 32 for r in rows) else M64
        rows = [(r[0] & mask,) + r[1:] for r in rows]
        if s.kind == "enum":
            once, seen = [], set()
            for r in rows:
                if r[0] not in seen:
                    seen.add(r[0])
                    once.append(r)
            rows = sorted(once)
            flags.append("SDS_SORTED")
            if [r[0] for r in rows] == list(range(len(rows))):
                flags.append("SDS_DENSE")
        if s.options.get("raw") == "d":
            flags.append("SDS_DECIMAL")
        if s.options.get("split") == "yes":
            flags.append("SDS_SPLIT")
        if s.options.get("unknown") == "d":
            flags.append("SDS_UNKNOWN_DECIMAL")
        if s.options.get("raw") == "u":
            flags.append("SDS_UNSIGNED")
        if s.options.get("result") == "x":
            flags.append("SDS_HEX_RESULT")
        return [(v, self.text.add(n) if n else 0, len(n), c) for v, n, _, c in rows], "|".join(flags) or "0"

    def struct(self, name):
        if name in self.struct_index:
            return self.struct_index[name]
        s = self.struct_defs[name]
        if name not in self.tab.structs:
            raise DescError("%s: the layout of %s is not known (run tools/sysdec/extract.py)" % (s.where, s.ctype))
        self.struct_index[name] = at = len(self.structs)
        self.structs.append(None)
        sizes = self.tab.structs[name]
        if max(sizes) > 4096:
            raise DescError("%s: %s is too large" % (s.where, name))
        rows, names = [], {}
        for i, f in enumerate(s.fields):
            # Alternatives of a union stand in the same place under one name.
            names.setdefault(f.name, 0x2000 | i)
        for f in s.fields:
            off64, size64, off32, size32 = self.tab.fields[(name, f.path)] if f.path != "_" else (0, 0, 0, 0)
            scope = (names, ABI64)
            rows.append((self.type(f.type, scope, s.where), self.ref(f.cond, scope, s.where) if f.cond is not None else NO_REF,
                         self.text.add(f.name), max(off64, 0), max(off32, 0), size64, size32, len(f.name),
                         "SDF_VERBOSE" if f.verbose else "0"))
        self.structs[at] = (len(self.fields), len(rows), max(sizes[0], 0), max(sizes[1], 0))
        self.fields += rows
        return at

    # --- calls ---

    def is_pair(self, t):
        while t[0] in self.aliases:
            t = self.aliases[t[0]]
        return t[0] in SCALARS and len(SCALARS[t[0]]) > 2

    def is_32bit(self, t):
        """Does the kernel take only the low half of the register?"""
        while t[0] in self.aliases:
            t = self.aliases[t[0]]
        return t[0] in self.set_defs or (t[0] in SCALARS and SCALARS[t[0]][1] == 4)

    def needs_exit(self, row):
        """Is an argument of this type written by the kernel (so printed at exit)?"""
        kind, _, _, x, p, q = row
        return kind not in ("K_ARRAY", "K_STRUCT", "K_SIZED", "K_WITHIN") and x in (2, 3, 5)

    def arg_list(self, args, abi, where):
        """-> (first, count, printed at entry, slots used, path mask, fd mask, names, has `both`)"""
        names, slot, slots, rows, entry, paths, fds, lazy = {}, 0, 0, [], None, 0, 0, False
        placed = []
        for a in args:
            pair = abi == ABI32 and self.is_pair(a.type)
            slot = slot if a.slot is None else a.slot
            names[a.name] = 0x1000 | slot | (0x100 if self.is_32bit(a.type) else 0)
            placed.append((a, slot))
            slot += 2 if pair else 1
            slots = max(slots, slot)
        slot = slots
        if slot > 6:
            raise DescError("%s: more than six registers" % where)
        for i, (a, at) in enumerate(placed):
            scope = (names, abi)
            t = self.type(a.type, scope, where)
            row = self.types.rows[t]
            if entry is None and self.needs_exit(row):
                entry = i
            if entry is None and row[0] == "K_POINTER" and row[3] == 4:
                entry = i + 1
                lazy = True
            if row[0] == "K_STR" and row[2] == "SDF_PATH":
                paths |= 1 << at
            if row[0] in ("K_FD", "K_DIRFD"):
                fds |= 1 << at
            rows.append((t, self.ref(a.cond, scope, where) if a.cond is not None else NO_REF, self.text.add(a.name), len(a.name), at, int(a.named)))
        key = tuple(rows)
        if key not in self.arg_lists:
            self.arg_lists[key] = len(self.args)
            self.args += rows
        return (self.arg_lists[key], len(rows), len(rows) if entry is None else entry, slot, paths, fds, names, lazy)

    def sig(self, args, ret, aux, lazy, abi, where, by=NO_REF, variants=(0, 0)):
        first, count, entry, slots, paths, fds, names, both = self.arg_list(args, abi, where)
        r = self.type(ret, (names, abi), where)
        x = self.auxes.add("pt_sd_aux_" + aux) if aux else NO_REF
        return self.sigs.add((first, count, entry, r, x, by) + variants + ("SDC_LAZY" if lazy or both else "0",)), slots, paths, fds

    def call(self, c, abi):
        return self.branch(c, c.args, c.ret, c.aux, c.lazy, abi)

    def branch(self, c, args, ret, aux, lazy, abi):
        """The signature of a call or variant whose arguments are args, with those of its variants."""
        by, variants = NO_REF, (0, 0)
        if c.by is not None:
            names = self.arg_list(args, abi, c.where)[6]
            by = self.ref(c.by, (names, abi), c.where)
            used = set(self.names_in(c.by))
            at = max(i for i, a in enumerate(args) if a.name in used) + 1
            rows = {}
            for v in c.variants:
                own = [a.name for a in v.args]
                if len(set(own)) != len(own):
                    raise DescError("%s: an argument twice" % v.where)
                s = self.branch(v, args[:at] + v.args, v.ret or ret, v.aux if v.ret else aux, v.lazy or lazy, abi)[0]
                for name in v.values:
                    rows.setdefault(self.const(name, abi, v.where) & 0xffffffff, s)
            variants = (len(self.variants), len(rows))
            self.variants += sorted(rows.items())
        return self.sig(args, ret, aux, lazy, abi, c.where, by, variants)

    def names_in(self, e):
        if isinstance(e, tuple):
            if e[0] == "name":
                yield e[1]
            else:
                for x in e[1:]:
                    yield from self.names_in(x)

    def classes(self, c):
        bits = 0
        for w in c.classes:
            if w in ("never", "elsewhere"):
                continue
            if w not in CLASSES:
                raise DescError("%s: there is no class %s" % (c.where, w))
            bits |= 1 << CLASSES.index(w)
        for w in ("stat", "lstat", "fstat"):
            if bits & 1 << CLASSES.index(w):
                bits |= 1 << CLASSES.index("%stat")
        for w in ("statfs", "fstatfs"):
            if bits & 1 << CLASSES.index(w):
                bits |= 1 << CLASSES.index("%statfs")
        return bits

    def all_calls(self):
        described = {}
        for fam in self.families:
            for c in fam.calls:
                if c.name not in self.numbers and c.abis != ["mux"]:
                    raise DescError("%s: no architecture has a call %s" % (c.where, c.name))
                for abi in c.abis:
                    if (c.name, abi) in described and len(c.abis) == 3:
                        continue  # a description for one ABI goes before the common one
                    if (c.name, abi) in described and len(described[c.name, abi].abis) == 1:
                        raise DescError("%s: %s is described twice" % (c.where, c.name))
                    described[c.name, abi] = c
        limits = [max(n[i] for n in self.numbers.values()) + 1 for i in range(3)]
        numbers = [[0xffff] * n for n in limits]
        rows = Intern("calls", 0xfffe)
        for name in sorted(self.numbers):
            for i, abi in enumerate(["64", "32", "x32"]):
                nr = self.numbers[name][i]
                if nr < 0:
                    continue
                c = described.get((name, abi))
                if c:
                    s, slots, paths, fds = self.call(c, ABI32 if abi == "32" else ABI64)
                    traits = DECODED | (NEVER if "never" in c.classes else 0) | (ELSEWHERE if "elsewhere" in c.classes else 0)
                    row = (self.text.add(name), len(name), traits, paths, fds, slots, s, self.classes(c))
                else:
                    row = (self.text.add(name), len(name), 0, 0, 0, 6, self.plain, 0)
                numbers[i][nr] = rows.add(row)
                if i == 1:
                    self.call_names[name] = numbers[i][nr]
        # What i386's calls for many stand for may have no number there (mux.c).
        for name, abi in sorted(described):
            if name not in self.call_names and abi in ("32", "mux"):
                c = described[name, abi]
                s, slots, paths, fds = self.call(c, ABI32)
                self.call_names[name] = rows.add((self.text.add(name), len(name), DECODED, paths, fds, slots, s, self.classes(c)))
        self.calls = rows.rows
        return numbers

    # --- output ---

    def run(self, out_c, out_h):
        from desc import Arg
        self.types.add(("K_INT", 4, "0", 0, 0, 0))
        self.plain = self.sig([Arg("arg%d" % i, ("xlong", []), None) for i in range(6)], ("long", []), None, False, ABI64, "-")[0]
        for n in sorted(self.set_defs):
            self.set(n)
        for n in sorted(self.struct_defs):
            self.struct(n)
        struct_types = {n: self.types.add(("K_STRUCT", 0, "0", 0, i, 0)) for n, i in self.struct_index.items()}
        set_types = {n: self.types.add(("K_FLAGS" if self.set_defs[n].kind == "flags" else "K_ENUM", 4, "0", 0, i, 0))
                     for n, i in self.set_index.items()}
        numbers = self.all_calls()
        alias_types = {}
        for n in SCALARS:
            s = SCALARS[n]
            alias_types[n] = self.types.add((s[0], s[1], s[2] if len(s) > 2 else "0", 0, 0, 0))
        o = ["/* Made by tools/sysdec/gen.py; do not edit. */", "/* SPDX-License-Identifier: MIT */",
             '#include "sysdec/names.h"', ""]

        def table(decl, rows, fmt):
            o.append("const %s[] = {" % decl)
            o.extend("\t" + fmt(r) + "," for r in (rows or [None]) if r is not None)
            if not rows:
                o.append("\t{0}")
            o.append("};")
        o.append("const char pt_sd_text[] =")
        o.extend("\t" + s for s in self.text.data if s != '""')
        o[-1] += ";"
        o.insert(len(o) - len(self.text.data) + 1, '\t"\\0"')
        table("struct sd_type pt_sd_types", self.types.rows, lambda r: "{%s, %d, %s, %d, %d, %d}" % r)
        table("uint64_t pt_sd_consts", self.consts.rows or [0], lambda r: "%#xu" % r)
        table("struct sd_expr pt_sd_exprs", self.exprs.rows, lambda r: "{%s, 0, %#x, %#x}" % r)
        table("struct sd_set pt_sd_sets", self.sets, lambda r: "{%d, %d, %d, %d, %s, 0}" % r)
        table("struct sd_item pt_sd_items", self.items, lambda r: "{%#xu, %d, %d, %d}" % r)
        table("struct sd_struct pt_sd_structs", self.structs, lambda r: "{%d, %d, {%d, %d}}" % r)
        table("struct sd_field pt_sd_fields", self.fields, lambda r: "{%d, %#x, %d, {%d, %d}, {%d, %d}, %d, %s}" % r)
        table("struct sd_arg pt_sd_args", self.args, lambda r: "{%d, %#x, %d, %d, %d, %d}" % r)
        table("struct sd_variant pt_sd_variants", self.variants, lambda r: "{%#xu, %d}" % r)
        table("struct sd_sig pt_sd_sigs", self.sigs.rows, lambda r: "{%d, %d, %d, %d, %#x, %#x, %d, %d, %s}" % r)
        table("struct sd_call pt_sd_calls", self.calls, lambda r: "{%d, %d, %d, %#x, %#x, %d, %d, %#x}" % r)
        o.append("sd_custom_fn *const pt_sd_customs[] = {%s};" % (", ".join(self.customs.rows) or "NULL"))
        o.append("sd_aux_fn *const pt_sd_auxes[] = {%s};" % (", ".join(self.auxes.rows) or "NULL"))
        for i, abi in enumerate(["64", "32", "x32"]):
            o.append("static const uint16_t numbers_%s[] = {" % abi)
            for at in range(0, len(numbers[i]), 16):
                o.append("\t" + ", ".join("%d" % n for n in numbers[i][at:at + 16]) + ",")
            o.append("};")
        o.append("const uint16_t *const pt_sd_numbers[3] = {numbers_64, numbers_32, numbers_x32};")
        o.append("const uint16_t pt_sd_limits[3] = {%s};" % ", ".join(str(len(n)) for n in numbers))
        o.append("const struct sd_class pt_sd_classes[] = {")
        o.extend('\t{"%s", %#xu},' % (n, 1 << i) for i, n in enumerate(CLASSES))
        o.append("\t{NULL, 0}};")
        with open(out_c, "w") as f:
            f.write("\n".join(o) + "\n")
        h = ["/* Made by tools/sysdec/gen.py; do not edit. */", "/* SPDX-License-Identifier: MIT */", '#include "sysdec/tables.h"']
        h += ["sd_custom_fn %s;" % n for n in self.customs.rows] + ["sd_aux_fn %s;" % n for n in self.auxes.rows] + ["enum {"]
        h += ["\tSET_%s = %d," % x for x in sorted(self.set_index.items())]
        h += ["\tSTRUCT_%s = %d," % x for x in sorted(self.struct_index.items())]
        h += ["\tTYPE_%s = %d," % x for x in sorted({**alias_types, **struct_types, **set_types}.items())]
        h += ["\tCALL_%s = %d," % x for x in sorted(self.call_names.items())]  # as i386 has them
        h += ["};"]
        with open(out_h, "w") as f:
            f.write("\n".join(h) + "\n")


try:
    Generator(sys.argv[3], sys.argv[4:]).run(sys.argv[1], sys.argv[2])
except DescError as e:
    sys.exit("gen.py: %s" % e)
