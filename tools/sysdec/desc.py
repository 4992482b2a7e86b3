# SPDX-License-Identifier: MIT
"""Reader of the system call description language (docs/decoder.md) and of the .tab files.

A description is parsed into plain objects; nothing is resolved here, so that the
extractor (which looks for constants and layouts) and the generator (which makes
the tables) read the same thing.
"""
import os
import re


class DescError(Exception):
    pass


class Set:
    """flags or enum: items are ('name', text, const) or ('field', mask, [names])."""

    def __init__(self, kind, name, unknown, where):
        self.kind, self.name, self.unknown, self.where = kind, name, unknown, where
        self.items = []
        self.options = {}


class Field:
    def __init__(self, name, typ, cond, verbose, path):
        self.name, self.type, self.cond, self.verbose, self.path = name, typ, cond, verbose, path


class Struct:
    def __init__(self, name, ctype, header, where):
        self.name, self.ctype, self.header, self.where = name, ctype, header, where
        self.fields = []
        self.options = set()


class Arg:
    """slot: the register, if the order shown is not that of the call; named: the name is always shown."""

    def __init__(self, name, typ, cond, slot=None, named=False):
        self.name, self.type, self.cond, self.slot, self.named = name, typ, cond, slot, named


class Variant:
    """One alternative of a call; may have alternatives of its own."""

    def __init__(self, values, args, ret, aux, lazy, where):
        self.values, self.args, self.ret, self.aux, self.lazy, self.where = values, args, ret, aux, lazy, where
        self.by = None
        self.variants = []


class Call:
    def __init__(self, name, abis, args, ret, aux, lazy, classes, where):
        self.name, self.abis, self.args, self.ret, self.aux, self.lazy = name, abis, args, ret, aux, lazy
        self.classes, self.where = classes, where
        self.by = None
        self.variants = []


# --- Types and expressions ------------------------------------------------------------
#
# A type is (name, [params]) where params are types, or ('expr', ...) trees; the
# directions in, out, inout, both are types with one parameter.
# An expression is an int, ('name', s), ('ret',), ('at', ('name', s)), or (op, a, b).

TOKEN = re.compile(r"\s*(?:(0[xX][0-9a-fA-F]+|\d+)|([A-Za-z_][A-Za-z0-9_.]*)|(=>|<<|>>|&&|\|\||==|!=|<=|>=|[-+*/&|!~<>()\[\],=@]))")
LEVELS = [["||"], ["&&"], ["==", "!="], ["<", ">", "<=", ">="], ["|"], ["&"], ["<<", ">>"], ["+", "-"], ["*", "/"]]
DIRECTIONS = ("in", "out", "inout", "both", "late", "kept", "own")


class Tokens:
    def __init__(self, text, where):
        self.where, self.pos, self.list = where, 0, []
        at = 0
        text = text.rstrip()
        while at < len(text):
            m = TOKEN.match(text, at)
            if not m:
                raise DescError("%s: cannot read '%s'" % (where, text[at:]))
            self.list.append(m.group(1) or m.group(2) or m.group(3))
            at = m.end()

    def peek(self):
        return self.list[self.pos] if self.pos < len(self.list) else None

    def take(self, want=None):
        t = self.peek()
        if t is None or (want and t != want):
            raise DescError("%s: expected %s, found %s" % (self.where, want or "more", t))
        self.pos += 1
        return t


def parse_expr(t, level=0):
    if level == len(LEVELS):
        tok = t.take()
        if tok == "(":
            e = parse_expr(t)
            t.take(")")
            return e
        if tok == "!":
            return ("==", parse_expr(t, level), 0)
        if tok == "-":
            return ("-", 0, parse_expr(t, level))
        if tok == "~":
            return ("-", ("-", 0, parse_expr(t, level)), 1)
        if tok == "*":
            return ("at", ("name", t.take()))
        if tok[0].isdigit():
            return int(tok, 0)
        if tok == "ret":
            return ("ret",)
        return ("name", tok)
    e = parse_expr(t, level + 1)
    while t.peek() in LEVELS[level]:
        op = t.take()
        e = (op, e, parse_expr(t, level + 1))
    return e


# Parameters of these types are types; all other parameters are expressions.
TYPE_PARAMS = {"array": 1, "within": 1, "u8": 1, "u16": 1, "u32": 1, "u64": 1, "word": 1}


def parse_type(t):
    name = t.take()
    if name in DIRECTIONS:
        params = []
        if name in ("in", "out") and t.peek() == "(":
            t.take("(")
            params.append(("expr", parse_expr(t)))
            t.take(")")
        params.insert(0, parse_type(t))
        if name == "both" and t.peek() == "=>":
            t.take()
            params.append(parse_type(t))
        return (name, params)
    if name == "either":
        ok = parse_type(t)
        t.take("or")
        return (name, [ok, parse_type(t)])
    params = []
    if t.peek() == "[":
        t.take("[")
        while t.peek() != "]":
            if len(params) < TYPE_PARAMS.get(name, 0):
                params.append(parse_type(t))
            else:
                params.append(("expr", parse_expr(t)))
            if t.peek() == ",":
                t.take()
        t.take("]")
    return (name, params)


def split_top(text, sep):
    """Splits at sep outside brackets."""
    out, depth, cur = [], 0, ""
    for ch in text:
        if ch in "([":
            depth += 1
        elif ch in ")]":
            depth -= 1
        if ch == sep and depth == 0:
            out.append(cur)
            cur = ""
        else:
            cur += ch
    if cur.strip():
        out.append(cur)
    return [s.strip() for s in out]


def parse_args(text, where):
    args = []
    for part in split_top(text, ","):
        t = Tokens(part, where)
        name = t.take()
        slot, named = None, False
        if t.peek() == "@":
            t.take()
            slot = int(t.take())
        if t.peek() == "=":
            t.take()
            named = True
        typ = parse_type(t)
        cond = None
        if t.peek() == "if":
            t.take()
            cond = parse_expr(t)
        if t.peek() is not None:
            raise DescError("%s: what is '%s' in '%s'?" % (where, t.peek(), part))
        args.append(Arg(name, typ, cond, slot, named))
    return args


def parse_ret(text, where):
    """'type [aux NAME] [lazy]' -> (type, aux, lazy)"""
    t = Tokens(text, where)
    ret, aux, lazy = ("int", []), None, False
    if t.peek() not in (None, "aux", "lazy"):
        ret = parse_type(t)
    while t.peek():
        w = t.take()
        if w == "aux":
            aux = t.take()
        elif w == "lazy":
            lazy = True
        else:
            raise DescError("%s: what is '%s'?" % (where, w))
    return ret, aux, lazy


CALL = re.compile(r"^(?:@(\d+|x32|mux) )?([a-z_][a-z0-9_]*)\((.*)\)\s*(?:->\s*([^:]*?))?\s*(?::\s*(.*))?$")
VARIANT = re.compile(r"^([A-Za-z0-9_ ]+):\s*(.*?)\s*(?:->\s*(.*))?$")


class Family:
    def __init__(self, path):
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.sets, self.structs, self.calls = [], [], []
        self.aliases = {}
        block = None
        with open(path, encoding="ascii") as f:
            lines = f.read().split("\n")
        at = 0
        while at < len(lines):
            where = "%s:%d" % (path, at + 1)
            line = lines[at].split("#")[0].rstrip()
            at += 1
            # An open parenthesis goes on in the next line.
            while line.count("(") > line.count(")") and at < len(lines):
                line += " " + lines[at].split("#")[0].strip()
                at += 1
            if not line:
                continue
            if line[0] in " \t":
                if block is None:
                    raise DescError("%s: an indented line belongs to nothing" % where)
                indent = len(line) - len(line.lstrip())
                self.continue_block(block, indent, line.strip(), where)
                continue
            block = self.start_block(line, where)
            self.open = [(0, block)]

    def start_block(self, line, where):
        words = line.split()
        if words[0] in ("flags", "enum"):
            s = Set(words[0], words[1], words[2].strip('"') if len(words) > 2 else "", where)
            for w in words[3:]:
                k, _, v = w.partition("=")
                s.options[k] = v
            self.sets.append(s)
            return s
        if words[0] == "struct":
            # struct NAME [= C type] [from header] [option...]
            m = re.match(r"^struct (\w+)(?:\s*=\s*\"([^\"]+)\")?(?:\s+from\s+(\S+))?((?:\s+\w+)*)$", line)
            if not m:
                raise DescError("%s: cannot read '%s'" % (where, line))
            s = Struct(m.group(1), m.group(2) or "struct " + m.group(1), m.group(3), where)
            s.options = set(m.group(4).split())
            self.structs.append(s)
            return s
        if words[0] == "type":
            # type NAME = TYPE
            m = re.match(r"^type (\w+)\s*=\s*(.*)$", line)
            self.aliases[m.group(1)] = parse_type(Tokens(m.group(2), where))
            return None
        m = CALL.match(line)
        if not m:
            raise DescError("%s: cannot read '%s'" % (where, line))
        abi = m.group(1)
        ret, aux, lazy = parse_ret(m.group(4) or "", where)
        c = Call(m.group(2), [abi] if abi else ["64", "32", "x32"], parse_args(m.group(3), where), ret, aux, lazy,
                 (m.group(5) or "").split(), where)
        self.calls.append(c)
        return c

    def continue_block(self, block, indent, line, where):
        if isinstance(block, Set):
            for m in re.finditer(r"\(([^)]*)\)|(\S+)", line):
                if m.group(1) is not None:
                    names = m.group(1).split()
                    if "<<" in names[0]:  # (MASK<<SHIFT): a number in the middle, shown as N<<SHIFT
                        block.items.append(("shift",) + tuple(names[0].split("<<")))
                    else:
                        block.items.append(("field", names[0], names[1:]))
                else:
                    text, _, const = m.group(2).partition("=")
                    block.items.append(("name", text, const or text))
        elif isinstance(block, Struct):
            for part in split_top(line, ","):
                t = Tokens(part, where)
                name = t.take()
                path = name
                if t.peek() == "(":  # shown as name, found as path
                    t.take()
                    path = t.take()
                    t.take(")")
                typ = parse_type(t)
                cond, verbose = None, False
                while t.peek():
                    w = t.take()
                    if w == "if":
                        cond = parse_expr(t)
                    elif w == "verbose":
                        verbose = True
                    else:
                        raise DescError("%s: what is '%s'?" % (where, w))
                block.fields.append(Field(name, typ, cond, verbose, path))
        elif isinstance(block, Call):
            # What a line belongs to is the last one that stands further left.
            while self.open[-1][0] >= indent:
                self.open.pop()
            owner = self.open[-1][1]
            if line.startswith("by "):
                owner.by = parse_expr(Tokens(line[3:], where))
                return
            if owner.by is None:
                raise DescError("%s: a variant without 'by'" % where)
            m = VARIANT.match(line)
            if not m:
                raise DescError("%s: cannot read '%s'" % (where, line))
            ret, aux, lazy = parse_ret(m.group(3) or "", where) if m.group(3) is not None else (None, None, False)
            v = Variant(m.group(1).split(), parse_args(m.group(2), where), ret, aux, lazy, where)
            owner.variants.append(v)
            self.open.append((indent, v))


def expr_names(e):
    if isinstance(e, tuple):
        if e[0] == "name":
            yield e[1]
        else:
            for x in e[1:]:
                yield from expr_names(x)


def is_constant(name):
    """Constants are recognised by their spelling: a capital or _ first, no lower case but in the middle."""
    return bool(re.match(r"^_*[A-Z]", name))


def type_exprs(typ):
    for p in typ[1]:
        if p[0] == "expr":
            yield p[1]
        else:
            yield from type_exprs(p)


class Tab:
    """A .tab file: what the extractor found in the headers, one fact a line."""

    def __init__(self):
        self.consts = {}   # name -> (v64, v32)
        self.requests = {}  # the same, of sets that join the names of a number
        self.structs = {}  # name -> (size64, size32)
        self.fields = {}   # (struct, path) -> (off64, size64, off32, size32, signed)

    def read(self, path):
        with open(path, encoding="ascii") as f:
            for line in f:
                w = line.split()
                if not w or w[0][0] == "#":
                    continue
                if w[0] in ("const", "request"):
                    v = [int(x, 0) for x in w[2:]]
                    v = [x - (1 << 64) if x >= 1 << 63 else x for x in v]
                    where = self.consts if w[0] == "const" else self.requests
                    where[w[1]] = (v[0], v[-1])
                elif w[0] == "struct":
                    self.structs[w[1]] = (int(w[2]), int(w[3]))
                elif w[0] == "field":
                    self.fields[(w[1], w[2])] = tuple(int(x) for x in w[3:8])
                else:
                    raise DescError("%s: cannot read '%s'" % (path, line.strip()))
