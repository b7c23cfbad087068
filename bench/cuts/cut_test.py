# SPDX-License-Identifier: Apache-2.0
"""cut_bench finds violated cuts where there are some, and none that was proven: cut_test.py CUT_BENCH"""
import json
import subprocess
import sys
import unittest

BENCH = sys.argv[1]


def rows(*words: str) -> list[dict]:
    done = subprocess.run([BENCH, "--json", *words], capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)["rows"]


class Cuts(unittest.TestCase):
    def test_cuts_proven_at_the_source_are_never_violated(self):
        for row in rows("--method", "source", "--streams", "2,8", "--traffic", "plain,cork,windows", "--cuts", "20000",
                        "--seconds", "7"):
            with self.subTest(traffic=row["traffic"], streams=row["streams"]):
                self.assertEqual(row["violated"], 0)
                self.assertGreater(row["cuts"] - row["unchecked"], 20)

    def test_one_look_at_each_source_is_violated(self):
        row, = rows("--method", "naive", "--streams", "8", "--seconds", "4")
        self.assertGreater(row["violated"], 0)

    def test_what_was_received_is_violated_when_bytes_wait_at_the_source(self):
        row, = rows("--method", "observed", "--streams", "8", "--traffic", "cork", "--rate", "10000", "--seconds", "4")
        self.assertGreater(row["violated"], 0)

    def test_wrong_words_are_usage_errors(self):
        for words in (["--method", "guess"], ["--streams", "1"], ["--traffic", "rain"]):
            self.assertEqual(subprocess.run([BENCH, *words], capture_output=True).returncode, 2, words)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
