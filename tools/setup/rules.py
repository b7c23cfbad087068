#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the rules of CONTRIBUTING.md that a compiler cannot: prints each violation, exits 1 if there is any.

  tools/setup/rules.py              the whole repository
  tools/setup/rules.py --measure    sizes and members, largest first
  tools/setup/rules.py --root TREE  another tree

rules.json lists, with its present size, whatever was larger than a rule allows when the rule was made. It may shrink,
and its entry must shrink with it; it may not grow.
"""
import argparse
import json
import re
import sys
from pathlib import Path

parser = argparse.ArgumentParser(prog="rules.py", description=__doc__.splitlines()[0])
parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2], help="the tree to check")
parser.add_argument("--measure", action="store_true", help="print sizes and members instead, largest first")
OPTIONS = parser.parse_args()
ROOT = OPTIONS.root.resolve()
LIMITS = json.loads((ROOT / "tools" / "setup" / "rules.json").read_text())

# Foreign headers, by the folders (or files) that may include them.
FOREIGN = {
    r"boost/": ["proxy/control", "tools/longthrow", "tools/drbd_proxy_ctl", "tools/check_longthrow", "tests"],
    r"openssl/": ["proxy/tls", "tests", "bench"],
    r"liburing": ["proxy/io"],
    r"(lz4|zstd)": ["proxy/codec", "tests", "bench"],
    r"toml\+\+": ["proxy/config/document.cc"],
    r"spdlog/": ["proxy/base"],
    r"xxhash": ["proxy/base"],
    r"prometheus/": ["proxy/control"],
    r"systemd/": ["proxy/daemon"],
    r"CLI/": ["proxy/daemon", "tools", "tests", "bench"],
    r"n?curses": ["tools/longthrow/top"],
    r"benchmark/": ["bench"],
    r"gtest/": ["tests"],
}
# Folders that know no clock, socket, thread, environment or random device: events come in, actions go out.
PURE = ["wire", "codec", "guides", "drbd", "session", "groups", "cuts", "events", "trace", "explain", "ingest"]
IMPURE = re.compile(r"_clock::now|clock_gettime|std::(thread|mutex|jthread|random_device)|\bgetenv\(|::socket\(|"
                    r"\b(Loop|Timer|Operation)\b ?[&*>]|#include \"longthrow/loop\.h\"|#include <sys/")
IMPURE_ALLOWED = {"proxy/groups/fences.cc": "writes its file", "proxy/groups/copies_file.cc": "writes its file"}

CODE = (".cc", ".h")
violations: list[str] = []
measures: list[tuple[int, str, str]] = []


def complain(path: Path, line: int, text: str) -> None:
    violations.append(f"{path.relative_to(ROOT)}:{line}: {text}")


def within(path: Path, places: list[str]) -> bool:
    name = str(path.relative_to(ROOT))
    return any(name == place or name.startswith(place + "/") for place in places)


def limit(rule: str, key: str, value: int, most: int) -> bool:
    """True: `value` is within the rule, or within what rules.json grants this one."""
    measures.append((value, rule, key))
    granted = LIMITS[rule].get(key)
    if granted is not None and value < granted:
        violations.append(f"{key}: {rule} is {value} now: lower it in tools/setup/rules.json")
    return value <= (granted or most)


def sources() -> list[Path]:
    folders = ("include", "proxy", "tools", "tests", "bench")
    return sorted(p for folder in folders for p in (ROOT / folder).rglob("*") if p.suffix in CODE)


def check_header_line(path: Path, lines: list[str]) -> None:
    if not lines or lines[0] != "// SPDX-License-Identifier: Apache-2.0":
        complain(path, 1, "the first line is the licence: // SPDX-License-Identifier: Apache-2.0")
    if path.suffix == ".h" and "#pragma once" not in lines:
        complain(path, 1, "a header begins with #pragma once")


def check_size(path: Path, lines: list[str]) -> None:
    most = 250 if path.suffix == ".cc" else 120
    if within(path, ["tests", "tools", "bench"]):
        most = 350
    if not limit("lines", str(path.relative_to(ROOT)), len(lines), most):
        complain(path, len(lines), f"{len(lines)} lines; split it by meaning")


def check_file_map(path: Path, lines: list[str]) -> None:
    """A list of source files in a header becomes outdated, and shows that a class is too large for one file."""
    for number, line in enumerate(lines, 1):
        if re.match(r"// \w+\.cc +\w", line) and str(path.relative_to(ROOT)) not in LIMITS["maps"]:
            complain(path, number, "the file names say which file holds what")


def check_foreign(path: Path, lines: list[str]) -> None:
    for number, line in enumerate(lines, 1):
        include = re.match(r"#include <([^>]+)>", line)
        for pattern, places in FOREIGN.items():
            if include and re.match(pattern, include.group(1)) and not within(path, places):
                complain(path, number, f"<{include.group(1)}> belongs to {', '.join(places)}")


def links_of(folder: Path) -> set[str]:
    text = (folder / "CMakeLists.txt").read_text()
    return set(re.findall(r"\blongthrow_(\w+)\b", text)) - {"library"} | {folder.name}


def check_floors() -> None:
    """A folder of proxy/ includes only what its CMake link list names."""
    for folder in sorted(p for p in (ROOT / "proxy").iterdir() if (p / "CMakeLists.txt").exists()):
        allowed = links_of(folder)
        for path in sorted(p for p in folder.iterdir() if p.suffix in CODE):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                include = re.match(r'#include "(?:proxy/(\w+)|(tests|tools|bench))/', line)
                if include and include.group(2):
                    complain(path, number, f"the product does not include {include.group(2)}/")
                elif include and include.group(1) not in allowed:
                    complain(path, number, f"proxy/{folder.name}/CMakeLists.txt does not link {include.group(1)}")
    for path in sorted((ROOT / "include").rglob("*.h")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.match(r'#include "(?!longthrow/)', line):
                complain(path, number, "a public header includes public headers only")


def check_purity() -> None:
    for path in (p for folder in PURE for p in sorted((ROOT / "proxy" / folder).iterdir()) if p.suffix in CODE):
        if str(path.relative_to(ROOT)) in IMPURE_ALLOWED:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if found := IMPURE.search(line.split("//")[0]):
                complain(path, number, f"{found.group(0)!r} has no place in the pure core")


CLASS = re.compile(r"^(class|struct) (\w+)(?: final)?(?: : [^{;]*)?\s*\{", re.MULTILINE)


def bodies(text: str):
    """(name, offset, body) of each class at the outermost level of a namespace."""
    for found in CLASS.finditer(text):
        depth, end = 1, found.end()
        while depth > 0 and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield found.group(2), found.start(), text[found.end():end - 1]


def outermost(body: str) -> str:
    """Without comments, strings and whatever is inside braces."""
    body = re.sub(r"//[^\n]*", "", body)
    body = re.sub(r'"(?:[^"\\]|\\.)*"', '""', body)
    text, depth = [], 0
    for char in body:
        if char == "{":
            depth += 1
            text.append("{" if depth == 1 else "")
        elif char == "}":
            depth -= 1
            text.append("}\n" if depth == 0 else "")
        elif depth == 0:
            text.append(char)
    return "".join(text)


FIELD = re.compile(r"^(?!.*\b(static|using|friend|typedef|enum|class|struct|return|operator)\b)"
                   r"\s*(?:mutable |const )*[\w:]+(?:<.*>)?[\s&*]+(?:const )?\w+(?: ?=.*| ?\{\}?.*|\[.*\].*)?;?\s*$")


def fields_of(body: str) -> int:
    flat = re.sub(r"\(\s*", "(", outermost(body))
    statements = [s.strip().replace("\n", " ") for s in re.split(r";|\}\n", flat)]
    statements = [re.sub(r"^(?:(?:public|private|protected):\s*)+", "", s) for s in statements]
    return sum(1 for s in statements if s and "(" not in s.split("=")[0].split("{")[0] and FIELD.match(s))


def check_classes(path: Path, text: str) -> None:
    for name, offset, body in bodies(text):
        count = fields_of(body)
        if not limit("fields", name, count, 25):
            complain(path, text.count("\n", 0, offset) + 1, f"{name} has {count} fields; 25 are the most")


def check_error_codes() -> None:
    """A code of longthrow/error_code.h is there because something reacts to it or counts it."""
    table = ROOT / "include" / "longthrow" / "error_code.h"
    if not table.exists():
        return
    text = "\n".join(path.read_text() for path in sources() if path != table)
    for code in re.findall(r"^ +X\((\w+),", table.read_text(), re.MULTILINE):
        if code == "other":
            continue
        if not re.search(rf"(?:fail\(\s*|\{{\s*|\.code = )ErrorCode::{code}\b", text):
            complain(table, 1, f"no error has the code {code}")
        if not re.search(rf"(?:[!=]= |\bcase |\.code, )ErrorCode::{code}\b", text):
            complain(table, 1, f"nothing reacts to the code {code}")


BOOL = re.compile(r"\b(\w+)\(((?:[^()]|\([^()]*\))*\bbool \w+(?: = \w+)?(?:,[^()]*)?)\)[^{;]*[;{]")


def check_bools(path: Path, text: str) -> None:
    """A bare true or false says nothing at the call: an enum, or a struct of options, does."""
    code = re.sub(r"//[^\n]*", "", text)
    for found in BOOL.finditer(code):
        key = f"{path.relative_to(ROOT)}:{found.group(1)}"
        if found.group(1) not in ("if", "while", "for") and key not in LIMITS["bools"]:
            complain(path, code.count("\n", 0, found.start()) + 1, f"{found.group(1)}() takes a bare bool")


def main() -> int:
    for path in sources():
        text = path.read_text()
        lines = text.splitlines()
        check_header_line(path, lines)
        check_size(path, lines)
        check_foreign(path, lines)
        if path.suffix == ".h" and within(path, ["include", "proxy"]):
            check_file_map(path, lines)
            check_classes(path, text)
            check_bools(path, text)
    check_floors()
    check_purity()
    check_error_codes()
    if OPTIONS.measure:
        for value, rule, key in sorted(measures, reverse=True)[:60]:
            print(f"{value:5} {rule:7} {key}")
        return 0
    for violation in violations:
        print(violation)
    print(f"{len(violations)} violations in {len(sources())} files")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
