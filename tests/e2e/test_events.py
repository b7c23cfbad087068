# SPDX-License-Identifier: Apache-2.0
"""What happens is told afterwards, over restarts, and to the administrator's program when it happens."""
import json
import re
import subprocess

from support.node import program
from support.streams import Sink
from support.waiting import wait_until

NOTIFY = """#!/bin/sh
echo "$LONGTHROW_NODE $LONGTHROW_EVENT $LONGTHROW_LINK $LONGTHROW_WEIGHT" >> {out}
"""


def events(node, *args: str) -> list[dict]:
    return json.loads(node.tell("events", "--json", *args))["events"]


def codes(node, *args: str) -> list[str]:
    return [event["code"] for event in events(node, *args)]


def test_a_cut_a_restart_and_a_damaged_file_are_in_the_history(make_lab, make_pair, folder):
    lab = make_lab(rtt="2ms")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, link={"heartbeat": "250ms", "dead_after": "1s"}, routes={"r0": sink.port})
        alpha = pair.alpha
        script, out = folder / "notify", folder / "notified"
        script.write_text(NOTIFY.format(out=out))
        script.chmod(0o755)
        alpha.tables["node"]["notify"] = script
        alpha.write_config()
        pair.start()
        followed = folder / "followed"
        with followed.open("w") as file:
            follower = subprocess.Popen([program("longthrow"), "--control", alpha.control, "events", "--follow",
                                         "--json", "-n", "0"], stdout=file)
        wait_until(lambda: "link_up" in codes(alpha), 10, "the link's coming up is told")
        lab.cut()
        wait_until(lambda: "link_down" in codes(alpha), 20, "the cut is told")
        lab.heal()
        wait_until(lambda: codes(alpha)[-1] == "link_up", 20, "its end is told")
        assert codes(alpha)[:3] == ["history", "node_started", "link_up"]
        down = next(event for event in events(alpha, "--link", "dr") if event["code"] == "link_down")
        assert down["weight"] == "warning" and down["text"], down
        wait_until(lambda: out.exists() and out.read_text() == "alpha link_down dr warning\n", 10, "it is notified")
        wait_until(lambda: [json.loads(line)["code"] for line in followed.read_text().splitlines()][-2:]
                   == ["link_down", "link_up"], 10, "it is followed")
        follower.kill()
        follower.wait(10)
        before = events(alpha)
        alpha.restart()
        wait_until(lambda: codes(alpha)[-1] == "link_up" and len(events(alpha)) > len(before), 20, "told anew")
        assert events(alpha)[:len(before)] == before
        alpha.terminate()
        history = alpha.folder / "state" / "events"
        history.write_text(history.read_text().replace("link_down", "link_xxxx"))
        alpha.start()
        said = next(event for event in events(alpha) if event["weight"] == "warning")
        assert said["code"] == "history" and "cannot be understood" in said["text"], said
        assert (alpha.folder / "state" / "events.damaged").exists()
    shown = alpha.tell("events", "--since", "1h")
    assert re.search(r"^20\S+Z  info      link_up              link dr: peer beta$", shown, re.M), shown
