# SPDX-License-Identifier: Apache-2.0
"""What is lost is said with its bytes, and a restart does not forget it."""
import json
import subprocess
import sys

from support.streams import Sink
from support.waiting import wait_until

# Sends as many bytes as each line of its input says, and holds the connection.
WRITER = """
import socket, sys
leg = socket.create_connection((sys.argv[1], int(sys.argv[2])))
for line in sys.stdin:
    leg.sendall(bytes(int(line)))
    print(flush=True)
"""


def losses(node) -> list[dict]:
    return json.loads(node.tell("losses", "--json"))["losses"]


def test_a_session_that_ended_is_in_the_ledger_with_the_bytes_that_the_target_lacks(make_lab, make_pair):
    delivered, lacking = 300_000, 234_567
    lab = make_lab(rtt="2ms")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, link={"heartbeat": "250ms", "dead_after": "1s"}, routes={"r0": sink.port}).start()
        assert "nothing was lost; the ledger begins 20" in pair.alpha.tell("losses")
        host, port = pair.entry()
        with lab.a.popen([sys.executable, "-c", WRITER, host, str(port)], text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
            def write(size: int) -> None:
                writer.stdin.write(f"{size}\n")
                writer.stdin.flush()
                writer.stdout.readline()

            write(delivered)
            pair.alpha.tell("drain", "r0", "--timeout", "20s")
            lab.cut()
            pair.alpha.wait_link_not("up", timeout=20)
            write(lacking)
            wait_until(lambda: pair.alpha.link()["lag"]["bytes"] == lacking, 10, "all of it is lag")
            pair.beta.kill9()
            lab.heal()
            pair.beta.start()
            lost = wait_until(lambda: losses(pair.alpha), 20, "the loss is in the ledger")
            writer.kill()
        assert sink.report()["received"] == delivered
    assert [entry["bytes"] for entry in lost] == [lacking]
    assert lost[0]["perhaps_delivered_bytes"] == 0
    assert (lost[0]["reason"], lost[0]["route"], lost[0]["link"]) == ("peer_restarted", "r0", "dr")
    assert [entry["reason"] for entry in losses(pair.beta)] == ["node_killed"]
    assert f"loss 1: route r0 (group r0, link dr): {lacking} bytes" in pair.alpha.log()
    pair.alpha.restart()
    assert losses(pair.alpha) == lost
    assert pair.alpha.status()["losses"]["bytes"] == lacking
    assert pair.alpha.longthrow("losses", "misspelt").returncode == 1
