#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The two lanes of `tools/dev test --all`."""
import contextlib
import io
import os
import signal
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools/setup"))
from lanes import Stage, run_all, say  # noqa: E402


class Lanes(unittest.TestCase):
    def run_plan(self, plan, beside):
        def run_stage(index, stage):
            say(f"{index} {stage.title}\nmore")
            return stage.run()

        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            results, whole = run_all(plan, run_stage, lambda: None, beside)
        return results, whole, printed.getvalue()

    def test_one_lane_keeps_the_order_and_marks_nothing(self):
        order = []
        plan = [Stage(name, lambda name=name: order.append(name) or name, timed=name == "b") for name in "abc"]
        results, whole, printed = self.run_plan(plan, beside=False)
        self.assertEqual((results, whole, order), (["a", "b", "c"], True, ["a", "b", "c"]))
        self.assertTrue(printed.startswith("1 a\nmore\n2 b\n"), printed)

    def test_two_lanes_run_at_the_same_time_and_results_keep_the_order(self):
        both = threading.Barrier(2, timeout=20)
        plan = [Stage("quick", both.wait), Stage("timed", both.wait, timed=True)]
        results, whole, printed = self.run_plan(plan, beside=True)
        self.assertEqual((sorted(results), whole), ([0, 1], True))
        self.assertIn("C 1 quick\nC more\n", printed)
        self.assertIn("T 2 timed\nT more\n", printed)

    def test_a_stage_waits_for_what_it_needs(self):
        order = []
        plan = [Stage("test", lambda: order.append("test"), timed=True, after="build"),
                Stage("build", lambda: order.append("build"))]
        self.run_plan(plan, beside=True)
        self.assertEqual(order, ["build", "test"])

    def test_only_what_has_no_limits_gives_way(self):
        plan = [Stage("build", lambda: os.sched_getscheduler(0)),
                Stage("test", lambda: os.sched_getscheduler(0), timed=True)]
        results, _, _ = self.run_plan(plan, beside=True)
        self.assertEqual(results, [os.SCHED_IDLE, os.sched_getscheduler(0)])

    def test_an_interrupt_ends_what_runs_and_waits_for_it(self):
        both, interrupted = threading.Barrier(3, timeout=20), threading.Event()

        def run(more=0.0):
            both.wait()
            interrupted.wait(20)
            time.sleep(more)
            return "ended"

        def interrupt_us():
            both.wait()
            time.sleep(1)  # until the main thread waits for the lanes
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            threading.Thread(target=interrupt_us).start()
            plan = [Stage("build", run), Stage("test", lambda: run(0.5), timed=True), Stage("never", run)]
            results, whole = run_all(plan, lambda _, stage: stage.run(), interrupted.set, beside=True)
        finally:
            signal.signal(signal.SIGINT, before)
        self.assertEqual((results, whole), (["ended", "ended"], False))

    def test_an_error_ends_both_lanes(self):
        plan = [Stage("build", lambda: 1 // 0), Stage("test", lambda: "run", timed=True, after="never")]
        with self.assertRaises(ZeroDivisionError):
            self.run_plan(plan, beside=True)


if __name__ == "__main__":
    unittest.main()
