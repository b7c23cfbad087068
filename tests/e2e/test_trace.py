# SPDX-License-Identifier: Apache-2.0
"""The node keeps a trace over a cut and a restart; plan and report tell what has happened."""
import json
import re
import time

from support.streams import MIB, Sink, Source
from support.waiting import wait_until


def told(node, *args: str) -> dict:
    return json.loads(node.tell(*args, "--json"))


def report_of(node) -> dict:
    return told(node, "report", "dr", "--since", "10m")["reports"][0]


def test_plan_and_report_know_a_cut_and_a_restart(make_lab, make_pair, folder):
    lab = make_lab(rtt="10ms", rate="40mbit", queue="250KB")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, link={"heartbeat": "250ms", "dead_after": "1s", "bandwidth": "20mbit"},
                         routes={"r0": sink.port}).start()
        alpha = pair.alpha
        early = alpha.longthrow("plan")
        assert early.returncode == 1 and re.search("too short|no trace yet", early.stderr), early.stderr
        wait_until(lambda: alpha.longthrow("report").returncode == 0, 10, "there is a trace")
        with Source(lab.a, pair.entry(), size=-1, rate=MIB, mix="random"):
            wait_until(lambda: report_of(alpha)["known_seconds"] >= 10, 30, "seconds are known")
            lab.cut()
            time.sleep(12)
            lab.heal()
            wait_until(lambda: alpha.link()["state"] == "up" and alpha.link()["lag"]["bytes"] < MIB, 60,
                       "the cut is made up for")
            cut = report_of(alpha)
            # Until it comes up for the first time the link is down, too.
            assert cut["outages"]["count"] >= 1 and 6 <= cut["outages"]["longest_seconds"] <= 16, cut
            assert 8 <= cut["rpo_seconds"]["max"] <= 20, cut
        alpha.terminate()
        time.sleep(5)
        alpha.start()
        pair.wait_up()
        wait_until(lambda: report_of(alpha)["groups"]["r0"]["copy_unknown"]["seconds"] >= 1, 10,
                   "the copy is unknown until a connection comes")
        with Source(lab.a, pair.entry(), size=-1, rate=MIB, mix="random"):
            wait_until(lambda: report_of(alpha)["raw_bytes"] > cut["raw_bytes"] + 4 * MIB, 30, "it goes on")
        after = report_of(alpha)
        assert after["outages"]["longest_seconds"] == cut["outages"]["longest_seconds"], "it outlives the restart"
        assert cut["raw_bytes"] > 15 * MIB, cut
        assert after["unknown_seconds"] >= 5, "the daemon did not run"

        plan = told(alpha, "plan", "--outage", "8s", "--plot", str(folder / "plan.svg"))
        assert plan["trace"]["gaps"] >= 1 and plan["rate"]["source"] in ("bandwidth", "measured"), plan
        # At 1 MiB a second the cut of 12 s needs about that many; 8 s more at its end some 8 more.
        assert 6 * MIB <= plan["need_100_percent"]["send_share_bytes"] <= 20 * MIB, plan
        assert plan["outage"]["need"]["send_share_bytes"] > plan["need_100_percent"]["send_share_bytes"], plan
        assert plan["slowed_seconds"] == 0, plan
        small = told(alpha, "plan", "--memlimit", "16MiB", "--bandwidth", "4mbit")
        assert small["slowed_seconds"] > 10 and small["worst_windows"], small
        assert "<polyline" in (folder / "plan.svg").read_text()
        text = alpha.tell("report", "--since", "10m", "--html", str(folder / "report.html"))
        assert re.search(r"^  link down +\d+, .*the longest 1?\d s$", text, re.M), text
        assert "default-src 'none'" in (folder / "report.html").read_text()

        copy = folder / "node.trace"
        copy.write_bytes(b"".join(file.read_bytes() for file in sorted((alpha.folder / "state" / "trace").iterdir())))
        alpha.terminate()
        copied = told(alpha, "report", "dr", "--since", "10m", "--trace", str(copy))["reports"][0]
        assert copied["outages"]["longest_seconds"] == cut["outages"]["longest_seconds"], copied
