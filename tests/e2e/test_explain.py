# SPDX-License-Identifier: Apache-2.0
"""explain: each cause is made on purpose, and is named. What is judged how is tested in tests/unit/explain."""
import json

import pytest
from support.streams import MIB, Sink, Source
from support.waiting import wait_until

QUICK = {"heartbeat": "250ms", "dead_after": "1s", "memlimit": "16MiB", "congestion": "cubic"}


def verdict(node, name: str = "dr", of: str = "links") -> dict:
    return json.loads(node.tell("explain", name, "--over", "500ms", "--json"))[of][name]


def wait_cause(node, cause: str, name: str = "dr", of: str = "links", timeout: float = 10) -> dict:
    """The verdict, once it is this one."""
    return wait_until(lambda: (lambda found: found if found["cause"] == cause else None)(verdict(node, name, of)),
                      timeout, f"{cause}; {node.name} says {node.tell('explain', '--over', '500ms')}")


@pytest.mark.parametrize("io", ["epoll"], indirect=True)  # TCP's counters are the kernel's, whatever asks for them
def test_each_cause_is_named(make_lab, make_pair):
    lab = make_lab(rtt="10ms", rate="16mbit", queue="200KB")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, link=QUICK, routes={"r0": sink.port}).start()
        alpha, beta = pair.nodes

        assert "no program is connected" in wait_cause(alpha, "source_idle")["sentence"]
        with Source(lab.a, pair.entry(), size=-1, rate=MIB, mix="random") as calm:
            sink.wait_received(1)
            found = wait_cause(alpha, "nothing")
            assert found["effect"] == "keeps_up" and found["numbers"]["in_bytes_s"] > MIB / 4, found
            calm.tell("stop")
            calm.finish()

        with Source(lab.a, pair.entry(), size=-1, mix="random"):
            found = wait_cause(alpha, "wan_full")
            wait_until(lambda: verdict(alpha)["effect"] == "source_slowed", 20, "the buffer of 16 MiB is full")
            numbers = verdict(alpha)["numbers"]
            assert numbers["rtt_ms"] > numbers["min_rtt_ms"] + 10 and numbers["buffer_share"] > 0.75, numbers
            assert 1e6 < numbers["out_bytes_s"] < 3e6, numbers

            alpha.tell("set", "dr", "bandwidth", "8mbit")
            assert "setting of 976.6 KiB/s" in wait_cause(alpha, "bandwidth")["sentence"]
            alpha.tell("set", "dr", "bandwidth", "unlimited")

            lab.set(rate="400mbit", loss="3%")
            assert wait_cause(alpha, "loss")["numbers"]["sent_again_share"] > 0.01
            lab.set(rate="16mbit", loss="0%")

            sink.pause()
            assert wait_cause(alpha, "target")["where"] == "peer"
            assert verdict(alpha, "r0", "groups")["cause"] == "target"
            found = wait_cause(beta, "target")
            assert (found["where"], found["effect"]) == ("here", "copy_waits"), found
            sink.resume()
            wait_cause(alpha, "wan_full")

            alpha.tell("pause", "dr")
            assert "longthrow resume dr" in wait_cause(alpha, "paused")["sentence"]
            assert wait_cause(beta, "paused")["where"] == "peer"
            alpha.tell("resume", "dr")
            pair.wait_up()

            lab.set(rate="200mbit")
            alpha.tell("drain", "r0", "--hold", timeout=30)
            found = wait_cause(alpha, "held")
            assert found["effect"] == "source_stopped" and "longthrow resume r0" in found["sentence"], found
            alpha.tell("resume", "r0")

            lab.cut()
            alpha.wait_link("down")
            found = wait_cause(alpha, "link_down")
            assert alpha.link()["reason"] in found["sentence"], found
            beta.wait_link_not("up")
            beta.longthrow("takeover", "dr")
            assert wait_cause(beta, "fenced")["where"] == "here"
