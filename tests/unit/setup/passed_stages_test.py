#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools" / "setup"))
from passed_stages import PassedStages, state_of  # noqa: E402


class PassedStagesTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        self.file = self.root / "build" / "all-stages.json"

    def git(self, *words):
        subprocess.run(["git", "-C", self.root, "-c", "user.name=t", "-c", "user.email=t@t", *words], check=True,
                       capture_output=True)

    def test_what_has_passed_on_this_commit_is_known(self):
        PassedStages(self.file, "a").keep("unit", {"passed": 3})
        PassedStages(self.file, "a").keep("e2e", {"passed": 4})
        self.assertEqual(PassedStages(self.file, "a").find("unit"), {"passed": 3})
        self.assertEqual(PassedStages(self.file, "a").find("e2e"), {"passed": 4})
        self.assertIsNone(PassedStages(self.file, "a").find("lint"))

    def test_what_has_passed_on_another_commit_is_not(self):
        PassedStages(self.file, "a").keep("unit", {"passed": 3})
        self.assertIsNone(PassedStages(self.file, "b").find("unit"))
        PassedStages(self.file, "b").keep("e2e", {"passed": 4})
        self.assertIsNone(PassedStages(self.file, "a").find("unit"))

    def test_a_tree_with_changes_keeps_nothing(self):
        PassedStages(self.file, "").keep("unit", {"passed": 3})
        self.assertFalse(self.file.exists())
        PassedStages(self.file, "a").keep("unit", {"passed": 3})
        self.assertIsNone(PassedStages(self.file, "").find("unit"))

    def test_a_damaged_file_is_none(self):
        self.file.parent.mkdir()
        for text in ("", "[]", "{}", '{"state": "a", "stages": 3}'):
            self.file.write_text(text)
            self.assertIsNone(PassedStages(self.file, "a").find("unit"))

    def test_the_state_is_the_commit_while_nothing_is_changed(self):
        self.assertEqual(state_of(self.root), "")
        self.git("init", "-q")
        (self.root / "x").write_text("1")
        self.git("add", "x")
        self.git("commit", "-qm", "x")
        first = state_of(self.root)
        self.assertEqual(len(first), 40)
        (self.root / "x").write_text("2")
        self.assertEqual(state_of(self.root), "")
        self.git("commit", "-qam", "y")
        self.assertNotIn(state_of(self.root), ("", first))


if __name__ == "__main__":
    unittest.main()
