# SPDX-License-Identifier: Apache-2.0
"""A node of this version beside one of the version before, and the steps of docs/UPGRADE.md from the one to the other."""
import re
import shlex

import pytest
from support import previous
from support.node import MIB, build_folder
from support.pages import commands
from support.streams import Sink, Source, assert_equal_streams

pytestmark = pytest.mark.long

BACK_PORT = 17100


@pytest.fixture(scope="session")
def old():
    """The folder of the previous version's programs."""
    if reason := previous.refusal():
        pytest.skip(reason)
    return previous.programs()


@pytest.fixture
def sites(make_lab, make_pair):
    """alpha and beta, not started, with a route in each direction: r0 from alpha, back from beta."""
    lab = make_lab(rtt="20ms", rate="200mbit")
    with Sink(lab.b) as to_beta, Sink(lab.a) as to_alpha:
        pair = make_pair(lab, link={"heartbeat": "500ms"}, routes={"r0": to_beta.port})
        pair.alpha.tables["route.back"] = {"link": "dr", "target": f"127.0.0.1:{to_alpha.port}"}
        pair.beta.tables["route.back"] = {"link": "dr", "listen": f"127.0.0.1:{BACK_PORT}"}
        for node in pair.nodes:
            node.write_config()
        pair.sinks = {"r0": to_beta, "back": to_alpha}
        pair.carried = {"r0": 0, "back": 0}
        yield pair


def carry(pair) -> None:
    """A stream in each direction arrives whole."""
    pair.wait_up()
    pair.beta.wait_route("open", "back")
    for route, host, entry in (("r0", pair.lab.a, pair.entry()), ("back", pair.lab.b, ("127.0.0.1", BACK_PORT))):
        sink = pair.sinks[route]
        with Source(host, entry, size=4 * MIB, mix="mixed") as source:
            given = source.one()
            pair.carried[route] += 1
            sink.wait_conversations(pair.carried[route])
            assert_equal_streams(given, sink.wait_over()["conversations"][-1])


def operate(pair) -> None:
    """What an administrator does, at both nodes."""
    for node in pair.nodes:
        assert node.reload().returncode == 0
        node.tell("set", "dr", "compression", "zstd:3")
        node.tell("drain", "r0", "--timeout", "20s")
        node.tell("ping", "dr")
    pair.alpha.tell("pause", "dr", "--drain")
    pair.alpha.tell("resume", "dr")
    pair.wait_up()


def assert_clean(pair) -> None:
    for node in pair.nodes:
        assert node.link()["totals"]["protocol_errors"] == 0
        assert node.link()["totals"]["checksum_failures"] == 0
        assert not re.search(r"\berror\b.*(protocol|version)", node.log()), node.log_tail()


@pytest.mark.parametrize("older", ["alpha", "beta"])
def test_the_two_versions_carry_streams_and_are_restarted_in_turn(sites, old, older):
    getattr(sites, older).programs = old
    sites.start()
    carry(sites)
    operate(sites)
    carry(sites)
    for node in sites.nodes:
        node.restart()
        carry(sites)
    assert_clean(sites)


@pytest.mark.parametrize("first", ["alpha", "beta"])
def test_the_steps_of_the_page_lead_from_the_one_version_to_the_other(sites, old, first):
    """Then one side goes back, with the files of state that the newer version has written."""
    for node in sites.nodes:
        node.programs = old
    sites.start()
    carry(sites)
    order = sites.nodes if first == "alpha" else sites.nodes[::-1]
    for node in order:
        upgrade(sites, node, build_folder() / "bin")
        carry(sites)
    assert_clean(sites)
    upgrade(sites, order[0], old)
    carry(sites)
    assert_clean(sites)


def upgrade(pair, node, programs) -> None:
    for line in commands("UPGRADE.md", "each site"):
        words = shlex.split(line)
        if words[:3] == ["sudo", "apt", "install"]:
            node.programs = programs
        elif words[0] == "sudo" and words[-1] == "--check":
            assert node.check().returncode == 0, node.check()
        elif words[:2] == ["longthrow", "restart-check"]:
            pair.alpha.tell("drain", "r0", "--timeout", "20s")
            may_restart(node, words)
        elif words == ["sudo", "systemctl", "restart", "longthrowd"]:
            node.restart()
        else:
            assert words == ["longthrow", "status"]
            node.wait_link("up")
            assert "LINK dr up" in node.tell("status")


def may_restart(node, words: list[str]) -> None:
    """An older daemon may judge by rules of its own, an older command may not know the flags; nothing hangs."""
    knows = "--wait" in node.longthrow("restart-check", "--help").stdout
    done = node.longthrow(*(words[1:] if knows else words[1:2]), timeout=700)
    assert done.returncode == 0 or "would be aborted" in done.stderr or not knows, done

