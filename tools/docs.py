#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes manual pages and shell completions from the tables of the tool's commands (`pintle tables`).

usage: docs.py man PAGE TABLES.json PROSE.scd OUTPUT     one page, by way of scdoc(1)
       docs.py library PROSE.scd INCLUDE OUTPUT          libpintle(3), its functions from the headers
       docs.py bash|zsh|fish TABLES.json OUTPUT          one shell's completions
       docs.py check TABLES.json DOCS                    complains when prose and tables differ

A page of a command is its name, synopsis, description, options and examples from the tables, then the
prose, which is written by hand. A page without a command (pintle(1)) has its own head in the prose; a
line `@commands@` there becomes the list of commands.
"""

import json
import os
import re
import subprocess
import sys


def load(path):
    with open(path, encoding="utf-8") as f:
        tables = json.load(f)
    for command in tables["commands"]:
        # Every command knows it, whether its table says so or not.
        if not any(o.get("name") == "help" for o in command["options"]):
            command["options"].append({"name": "help", "help": "show a summary of all this"})
    return tables


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def find(tables, name):
    return next((c for c in tables["commands"] if c["name"] == name), None)


def options(command):
    return [o for o in command["options"] if "group" not in o]


def runs_program(command):
    """Its operands are a command line, not process ids or files."""
    return "PROGRAM" in command["usage"]


# --- manual pages -------------------------------------------------------------------------------


def escape(text):
    """For scdoc: nothing in it is markup, wherever it stands in a line."""
    text = re.sub(r"([\\_*~])", r"\\\1", text)
    return re.sub(r"^([^\w\s\\])", r"\\\1", text, flags=re.M)


def option_head(option):
    words = []
    arg = option.get("arg")
    if "letter" in option:
        words.append(f"*-{option['letter']}*" + (f" _{escape(arg)}_" if arg and not option["optional_arg"] else ""))
    if "name" in option:
        value = "" if not arg else f"[=_{escape(arg)}_]" if option["optional_arg"] else f"=_{escape(arg)}_"
        words.append(f"*--{option['name']}*{value}")
    return ", ".join(words)


def command_head(command, version):
    name = command["name"]
    out = [f'pintle-{name}(1) "pintle {version}" "User Commands"', "", "# NAME", "",
           f"pintle-{name} - {escape(command['summary'])}", "", "# SYNOPSIS", ""]
    usages = command["usage"].split("\n")
    for i, usage in enumerate(usages):
        out.append(f"*pintle {name}* {escape(usage)}" + ("++" if i + 1 < len(usages) else ""))
    out += ["", "# DESCRIPTION", ""]
    for paragraph in command["help"].split("\n\n"):
        out += [escape(paragraph).replace("\n", "++\n"), ""]
    out += ["# OPTIONS", ""]
    for option in command["options"]:
        if "group" in option:
            out += [f"## {escape(option['group'])}", ""]
            continue
        out += [option_head(option), "\t" + escape(option["help"]).replace("\n", "++\n\t"), ""]
    if command["examples"]:
        out += ["# EXAMPLES", ""]
        for example in command["examples"]:
            out += [f"*{escape(example['line'])}*", "\t" + escape(example["text"]), ""]
    return "\n".join(out) + "\n"


def run_scdoc(text, output):
    done = subprocess.run(["scdoc"], input=text.encode(), stdout=subprocess.PIPE, check=False)
    if done.returncode:
        numbered = "\n".join(f"{n}: {line}" for n, line in enumerate(text.splitlines(), 1))
        sys.exit(f"scdoc refused this page:\n{numbered}")
    with open(output, "wb") as f:
        # Without the date of the build: the same sources make the same page.
        f.write(re.sub(rb'^(\.TH "[^"]*" "[^"]*") "[^"]*"', rb'\1 ""', done.stdout, flags=re.M))


def man(page, tables_path, prose_path, output):
    tables = load(tables_path)
    prose = re.sub(r"^;.*\n", "", read(prose_path), flags=re.M).lstrip("\n")
    command = find(tables, page.removeprefix("pintle-"))
    if command:
        text = command_head(command, tables["version"]) + prose
    else:
        listed = "".join(f"*{c['name']}*\n\t{escape(c['summary'])}; see *pintle-{c['name']}*(1)\n\n"
                         for c in tables["commands"])
        text = prose.replace("@commands@\n", listed).replace("@version@", tables["version"])
    run_scdoc(text.rstrip("\n") + "\n", output)


def prototypes(header):
    """The public functions of a header, each on one line."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
    for statement in re.findall(r"\bPTL_API\b([^;{]*);", text):
        yield re.sub(r"\s+", " ", statement.replace("PTL_MUST_CHECK", "")).strip().replace("( ", "(") + ";"


def library(prose_path, include, output):
    prose = re.sub(r"^;.*\n", "", read(prose_path), flags=re.M).lstrip("\n")
    version = ".".join(re.findall(r"PTL_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", read(os.path.join(include, "pintle.h"))))
    listed = []
    for name in sorted(os.listdir(include)):
        functions = list(prototypes(read(os.path.join(include, name))))
        if functions:
            title = re.search(r"\*\s*\n?\s*\*?\s*([A-Z]?[^\n]*)", read(os.path.join(include, name)).split("\n", 1)[1])
            listed.append(f"## <pintle/{name}>\n\n{escape(title.group(1).strip(' */'))}\n\n```\n" +
                          "\n".join(functions) + "\n```\n\n")
    run_scdoc(prose.replace("@functions@\n", "".join(listed)).replace("@version@", version), output)


# --- completions --------------------------------------------------------------------------------


MADE = "SPDX-License-Identifier: MIT\n# Completions of pintle(1), made from the tables of its commands by tools/docs.py."


def short_help(option):
    return re.split(r"[;\n]|\. |: ", option["help"])[0][:70]


def takes_pid(option):
    return option.get("arg", "").startswith("PID")


def bash(tables):
    out = ["# " + MADE, "_pintle()", "{",
           "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= at i options= valued= pids=",
           "\tlocal program=", "\tCOMPREPLY=()",
           "\tfor ((at = 1; at < COMP_CWORD; at++)); do",
           "\t\tcase ${COMP_WORDS[at]} in -*|=|:) ;; *) command=${COMP_WORDS[at]}; break ;; esac",
           "\tdone", "\tcase $command in", "\t'')",
           "\t\tCOMPREPLY=($(compgen -W '" + " ".join(c["name"] for c in tables["commands"]) +
           " help --help --version --log=' -- \"$word\"))", "\t\treturn ;;",
           "\thelp)", "\t\tCOMPREPLY=($(compgen -W '" + " ".join(c["name"] for c in tables["commands"]) +
           "' -- \"$word\"))", "\t\treturn ;;"]
    for command in tables["commands"]:
        every = [f"-{o['letter']}" for o in options(command) if "letter" in o]
        every += [f"--{o['name']}" + ("=" if "arg" in o and not o["optional_arg"] else "")
                  for o in options(command) if "name" in o]
        valued = [f"-{o['letter']}" for o in options(command) if "letter" in o and "arg" in o and not o["optional_arg"]]
        pids = [f"-{o['letter']}" for o in options(command) if "letter" in o and takes_pid(o)]
        out += [f"\t{command['name']})", f"\t\toptions='{' '.join(every)}'",
                f"\t\tvalued=' {' '.join(valued)} '", f"\t\tpids=' {' '.join(pids)} '"]
        if runs_program(command):
            out.append("\t\tprogram=1")
        elif "PID" in command["usage"]:
            out.append("\t\tpids+=' operand '")
        out.append("\t\t;;")
    out += ["\t*) return ;;", "\tesac",
            "\tif [[ $pids == *\" $before \"* ]]; then",
            "\t\tCOMPREPLY=($(compgen -W \"$(cd /proc && echo [0-9]*)\" -- \"$word\"))",
            "\t\treturn", "\tfi",
            "\tif [[ -n $program ]]; then",
            "\t\t# Options end at the program; what follows is completed as its own command line.",
            "\t\tfor ((i = at + 1; i < COMP_CWORD; i++)); do",
            "\t\t\tif [[ $valued == *\" ${COMP_WORDS[i]} \"* ]]; then ((i++)); continue; fi",
            "\t\t\tcase ${COMP_WORDS[i]} in",
            "\t\t\t-*) ;;",
            "\t\t\t*)\tif declare -F _command_offset >/dev/null; then _command_offset $i",
            "\t\t\t\telse COMPREPLY=($(compgen -f -- \"$word\")); fi",
            "\t\t\t\treturn ;;", "\t\t\tesac", "\t\tdone", "\tfi",
            "\tif [[ $word == -* ]]; then",
            "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$word\"))",
            "\t\t[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null",
            "\telif [[ $valued == *\" $before \"* ]]; then",
            "\t\tCOMPREPLY=($(compgen -f -- \"$word\"))",
            "\telif [[ -n $program ]]; then",
            "\t\tCOMPREPLY=($(compgen -c -- \"$word\"))",
            "\telif [[ $pids == *\" operand \"* && $((at + 1)) -eq $COMP_CWORD ]]; then",
            "\t\tCOMPREPLY=($(compgen -W \"$(cd /proc && echo [0-9]*)\" -- \"$word\"))",
            "\telse", "\t\tCOMPREPLY=($(compgen -f -- \"$word\"))", "\tfi", "}",
            "complete -F _pintle pintle"]
    return "\n".join(out) + "\n"


def zsh_quote(text):
    return text.replace("'", "'\\''")


def zsh(tables):
    out = ["#compdef pintle", "# " + MADE, "_pintle()", "{", "\tlocal curcontext=$curcontext state line",
           "\t_arguments -C '--help[show help]' '--version[show the version]' "
           "'--log=[log what the library does]:layer\\:level' '1:command:->command' '*::argument:->argument'",
           "\tcase $state in", "\tcommand)", "\t\tlocal -a commands=("]
    out += [f"\t\t\t'{c['name']}:{zsh_quote(c['summary'])}'" for c in tables["commands"]]
    out += ["\t\t\t'help:help on a command'", "\t\t)", "\t\t_describe command commands ;;", "\targument)",
            "\t\tcase $line[1] in"]
    for command in tables["commands"]:
        out.append(f"\t\t{command['name']})\n\t\t\t_arguments -s -S \\")
        for option in options(command):
            text = zsh_quote(re.sub(r"([\[\]:\\])", r"\\\1", short_help(option)))
            arg, optional = option.get("arg"), option.get("optional_arg")
            action = "_pids" if takes_pid(option) else "_files" if arg and "FILE" in arg else " "
            value = f":{zsh_quote(arg.lower())}:{action}" if arg else ""
            if "letter" in option:
                plus = f"+[{text}]{value}" if arg and not optional else f"[{text}]"
                out.append(f"\t\t\t\t'*-{option['letter']}{plus}' \\")
            if "name" in option:
                long_value = f"=-[{text}]:{value}" if optional else f"=[{text}]{value}" if arg else f"[{text}]"
                out.append(f"\t\t\t\t'*--{option['name']}{long_value}' \\")
        tail = "'(-)1:program:_command_names -e' '*::argument:_normal'" if runs_program(command) \
            else "'1:process:_pids' '*:argument:_files'"
        out.append(f"\t\t\t\t{tail} ;;")
    out += ["\t\tesac ;;", "\tesac", "}", "_pintle \"$@\""]
    return "\n".join(out) + "\n"


def fish(tables):
    def quote(text):
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    names = " ".join(c["name"] for c in tables["commands"])
    out = ["# " + MADE, "complete -c pintle -f"]
    for command in tables["commands"]:
        out.append(f"complete -c pintle -n 'not __fish_seen_subcommand_from {names}' -a {command['name']} "
                   f"-d {quote(command['summary'])}")
    for command in tables["commands"]:
        begin = f"complete -c pintle -n '__fish_seen_subcommand_from {command['name']}'"
        for option in options(command):
            words = ([f"-s {option['letter']}"] if "letter" in option else []) + \
                    ([f"-l {option['name']}"] if "name" in option else [])
            if "arg" in option and not option["optional_arg"]:
                words.append("-x -a '(__fish_complete_pids)'" if takes_pid(option) else "-r")
            out.append(f"{begin} {' '.join(words)} -d {quote(short_help(option))}")
        if runs_program(command):
            out.append(f"{begin} -a '(__fish_complete_subcommand)'")
        else:
            out.append(f"{begin} -a '(__fish_complete_pids)'")
    return "\n".join(out) + "\n"


# --- the check ----------------------------------------------------------------------------------


def check(tables_path, docs):
    """Every command has a page, every page a command; prose names only options that exist."""
    tables, bad = load(tables_path), []
    pages = {name[:-4] for name in os.listdir(os.path.join(docs, "man")) if name.endswith(".scd")}
    built = {"libpintle"} | set(re.findall(r"'(pintle[a-z-]*)'", re.sub(r"#.*", "", read(os.path.join(docs, "meson.build")))))
    wanted = {"pintle", "libpintle"} | {f"pintle-{c['name']}" for c in tables["commands"]}
    for name in sorted(wanted - pages):
        bad.append(f"docs/man/{name}.scd is missing")
    for name in sorted(wanted - built):
        bad.append(f"docs/meson.build does not list {name}")
    for name in sorted(pages - wanted):
        bad.append(f"docs/man/{name}.scd: there is no such command")
    for name in sorted(pages & wanted):
        command = find(tables, name.removeprefix("pintle-"))
        known = {o["name"] for o in (options(command) if command else []) if "name" in o}
        if not command:
            known |= {"log", "version"}
        letters = {o["letter"] for o in (options(command) if command else []) if "letter" in o} | set("hV")
        for number, line in enumerate(read(os.path.join(docs, "man", name + ".scd")).splitlines(), 1):
            for option in re.findall(r"\*--([a-z][a-z-]*)", line):
                if command and option not in known:
                    bad.append(f"docs/man/{name}.scd:{number}: there is no option --{option}")
            for letter in re.findall(r"\*-([A-Za-z])\b", line):
                if command and letter not in letters:
                    bad.append(f"docs/man/{name}.scd:{number}: there is no option -{letter}")
    for command in tables["commands"]:
        for option in options(command):
            if re.match(r"[A-Z][a-z]", option["help"]) or option["help"].endswith("."):
                bad.append(f"{command['name']} {option_head(option)}: help begins in lower case, without a full stop")
    print("\n".join(bad) or f"{len(wanted)} pages agree with the tables")
    return 1 if bad else 0


def main(arguments):
    kinds = {"bash": bash, "zsh": zsh, "fish": fish}
    if len(arguments) == 5 and arguments[0] == "man":
        return man(*arguments[1:])
    if len(arguments) == 4 and arguments[0] == "library":
        return library(*arguments[1:])
    if len(arguments) == 3 and arguments[0] == "check":
        return check(*arguments[1:])
    if len(arguments) == 3 and arguments[0] in kinds:
        with open(arguments[2], "w", encoding="utf-8") as f:
            f.write(kinds[arguments[0]](load(arguments[1])))
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
