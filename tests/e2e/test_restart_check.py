# SPDX-License-Identifier: Apache-2.0
"""restart-check tells an administrator when a restart costs nothing but connections."""
import json

from support.streams import MIB, Sink, Source
from support.waiting import wait_until


def checked(node, *args: str) -> tuple[int, dict]:
    done = node.longthrow("restart-check", "--json", *args, timeout=120)
    return done.returncode, json.loads(done.stdout)["restart"]


def test_it_says_no_while_bytes_are_under_way_at_either_side_and_yes_once_they_are_there(make_lab, make_pair):
    lab = make_lab(rtt="20ms", rate="8mbit", queue="250KB")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, link={"heartbeat": "500ms"}, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=12 * MIB, mix="random", end="hold"):
            wait_until(lambda: pair.alpha.link()["lag"]["bytes"] > 4 * MIB, 20, "there is a backlog")
            code, report = checked(pair.alpha)
            assert code == 1 and report["groups"]["r0"]["to_peer_bytes"] > 4 * MIB
            wait_until(lambda: checked(pair.beta)[0] == 1, 10, "the DR node knows that the peer holds bytes for it")
            said = pair.alpha.longthrow("restart-check").stderr
            assert "longthrow drain r0" in said and "stop_timeout" in said, said
            late = pair.alpha.longthrow("restart-check", "--wait", "--timeout", "1s")
            assert late.returncode == 1 and "bytes are not delivered" in late.stderr
            for node in pair.nodes:
                code, report = checked(node, "--wait", "--timeout", "60s")
                assert code == 0 and report["connections"] == 1, report
            assert "nothing would be lost; 1 connection will reconnect" in pair.alpha.tell("restart-check")
            sink.wait_received(12 * MIB, timeout=5)
            pair.beta.restart()
            pair.wait_up()
        for node in pair.nodes:
            assert json.loads(node.tell("losses", "--json"))["losses"] == [], "it had said so"
