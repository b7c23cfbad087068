#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule of tools/setup/rules.py finds what it is about, in a small tree, and nothing in a clean one."""
import ast
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

RULES = Path(__file__).resolve().parents[3] / "tools" / "setup" / "rules.py"
PURE = ast.literal_eval(re.search(r"^PURE = (\[.*\])", RULES.read_text(), re.MULTILINE)[1])
LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"


class Rules(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.limits = {"lines": {}, "fields": {}, "bools": [], "maps": []}
        for room in {"base", "control", *PURE}:
            links = "longthrow_base" if room in ("session", "wire") else ""
            self.write(f"proxy/{room}/CMakeLists.txt", f"longthrow_library({room} a.cc LINK {links})\n")
        self.write("proxy/session/session.h", LICENCE + "#pragma once\nclass Session {\n  int count_ = 0;\n};\n")

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def check(self) -> str:
        self.write("tools/setup/rules.json", json.dumps(self.limits))
        done = subprocess.run([sys.executable, str(RULES), "--root", str(self.root)], text=True, capture_output=True)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0 if done.stdout.startswith("0 violations") else 1)
        return done.stdout

    def assert_found(self, name: str, text: str, complaint: str) -> None:
        self.write(name, LICENCE + text)
        said = self.check()
        self.assertIn(complaint, said)
        self.assertIn("\n1 violations", "\n" + said)

    def test_a_clean_tree_is_clean(self):
        self.assertTrue(self.check().startswith("0 violations"))

    def test_a_code_of_errors_that_nothing_reacts_to(self):
        self.write("include/longthrow/error_code.h",
                   LICENCE + "#pragma once\n  X(other, start, x) \\\n  X(gone, lane, x)\n")
        given = "auto a() { return fail(ErrorCode::gone, text); }\n"
        self.assert_found("proxy/session/a.cc", given, "nothing reacts to the code gone")
        self.assert_found("proxy/session/a.cc", "if (error.code == ErrorCode::gone) return;\n", "no error has the code")
        self.write("proxy/session/b.cc", LICENCE + given)
        self.assertTrue(self.check().startswith("0 violations"))

    def test_an_include_that_the_link_list_does_not_name(self):
        self.assert_found("proxy/session/a.cc", '#include "proxy/wire/records.h"\n', "does not link wire")

    def test_the_product_does_not_include_its_tests(self):
        self.assert_found("proxy/session/a.cc", '#include "tests/sim/world.h"\n', "does not include tests/")

    def test_a_public_header_stands_alone(self):
        self.assert_found("include/longthrow/a.h", '#pragma once\n#include "proxy/base/log.h"\n',
                          "public headers only")

    def test_a_foreign_header_outside_its_folder(self):
        self.assert_found("proxy/session/a.cc", "#include <boost/asio.hpp>\n", "belongs to proxy/control")

    def test_a_clock_in_the_pure_core(self):
        self.assert_found("proxy/session/a.cc", "auto now = std::chrono::steady_clock::now();\n", "pure core")

    def test_a_clock_in_a_comment_is_none(self):
        self.write("proxy/session/a.cc", LICENCE + "// never steady_clock::now()\n")
        self.assertTrue(self.check().startswith("0 violations"))

    def test_a_long_file_and_its_ratchet(self):
        self.assert_found("proxy/session/a.cc", "int a;\n" * 300, "301 lines")
        self.limits["lines"]["proxy/session/a.cc"] = 301
        self.assertTrue(self.check().startswith("0 violations"))
        self.limits["lines"]["proxy/session/a.cc"] = 310
        self.assertIn("lower it", self.check())

    def test_a_class_of_many_fields(self):
        kinds = ["int f{0}_;", "std::map<int, std::string> f{0}_;", "const bool f{0}_ = true;",
                 "std::unique_ptr<int> f{0}_;", "Other& f{0}_;"]
        fields = "".join("  " + kinds[i % len(kinds)].format(i) + "\n" for i in range(26))
        methods = "  void f();\n  int g() const { return 1; }\n  static constexpr int kMax = 3;\n" * 9
        self.assert_found("proxy/session/a.h", f"#pragma once\nclass Big {{\n{methods}{fields}}};\n", "26 fields")

    def test_a_bare_bool(self):
        self.assert_found("proxy/session/a.h", "#pragma once\nvoid hold(int group, bool held);\n",
                          "hold() takes a bare bool")

    def test_a_list_of_files_in_a_header(self):
        self.assert_found("proxy/session/a.h", "// a.cc   all of it\n#pragma once\n", "file names say")

    def test_a_file_without_a_licence(self):
        self.write("proxy/session/a.cc", "int a;\n")
        self.assertIn("the first line is the licence", self.check())


if __name__ == "__main__":
    unittest.main()
