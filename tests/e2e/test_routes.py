# SPDX-License-Identifier: Apache-2.0
"""Routes as both nodes see them, and both ways of dialling."""
import time

import pytest
from support.streams import MIB, Sink, Source, assert_equal_streams
from support.waiting import stays, wait_until

FREE_PORT = 17999  # in a fresh network namespace: nobody listens there


def test_a_refused_target_aborts_the_channel_and_says_why(make_lab, make_pair):
    lab = make_lab()
    pair = make_pair(lab, routes={"r0": FREE_PORT}).start()
    with Source(lab.a, pair.entry(), size=64 * 1024, end="hold") as source:
        assert source.wait_over(5)["conversations"][0]["end"] == "reset"
    wait_until(lambda: "refused" in pair.beta.route()["reason"].lower(), 5, "beta's status says refused")
    pair.beta.wait_log(r"r0.*refused|refused.*r0")
    pair.alpha.wait_channels(0)
    with Sink(lab.b, ("127.0.0.1", FREE_PORT), answer=True), \
            Source(lab.a, pair.entry(), size=1 * MIB) as source:
        assert source.one(20)["answer_ok"], "the target is there now, the route does not recover"


def test_a_route_that_the_peer_lacks_is_mismatched_and_its_neighbour_works(make_lab, make_pair):
    lab = make_lab()
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, routes={"r0": sink.port, "r1": FREE_PORT})
        del pair.beta.tables["route.r1"]
        pair.beta.write_config()
        for node in pair.nodes:
            node.start()
        pair.alpha.wait_route("mismatched", "r1")
        assert pair.alpha.route("r1")["reason"]
        for node in pair.nodes:
            node.wait_log(r"\br1\b")
        with Source(lab.a, pair.entry("r1"), size=10) as source:
            assert "refused" in source.finish(10)["failures"][0].lower(), "its listener is open"
        with Source(lab.a, pair.entry("r0"), size=1 * MIB) as source:
            assert source.one(20)["answer_ok"]


@pytest.mark.parametrize("key, value", [("protocol", "drbd"), ("group", "other")])
def test_a_route_that_differs_at_the_peer_is_mismatched(make_lab, make_pair, key, value):
    lab = make_lab()
    pair = make_pair(lab, routes={"r0": FREE_PORT})
    pair.beta.tables["route.r0"][key] = value
    pair.beta.write_config()
    for node in pair.nodes:
        node.start()
    for node in pair.nodes:
        node.wait_route("mismatched")
    del pair.beta.tables["route.r0"][key]
    assert pair.beta.reload().returncode == 0
    pair.alpha.wait_route("open", timeout=30)


def test_both_sides_dialling_settle_on_one_session(make_lab, make_pair):
    lab = make_lab(rtt="20ms")
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, routes={"r0": sink.port})
        pair.alpha.tables["link.dr"]["connect"] = f"{lab.b.address}:{pair.WAN_PORT}"
        pair.beta.tables["link.dr"]["listen"] = f"{lab.b.address}:{pair.WAN_PORT}"
        for node in pair.nodes:
            node.write_config()
            node.start()
        pair.wait_up()
        wait_until(lambda: all(node.link()["lanes"] == 3 for node in pair.nodes), 10,
                   "an express lane and two bulk lanes at both ends")
        with Source(lab.a, pair.entry(), size=-1, rate=8 * MIB) as source:
            stays(lambda: all(node.link()["state"] == "up" for node in pair.nodes), 5, "one stable link")
            source.tell("stop")
            assert source.one(30)["answer_ok"]
        for node in pair.nodes:
            assert node.link()["reconnects"] == 0
        assert [node.link()["lanes"] for node in pair.nodes] == [3, 3]


def test_routes_of_both_directions_share_a_link(make_lab, make_pair):
    lab = make_lab()
    with Sink(lab.b) as there, Sink(lab.a) as here:
        pair = make_pair(lab, routes={"r0": there.port})
        pair.beta.tables["route.back"] = {"link": "dr", "listen": "127.0.0.1:17500"}
        pair.alpha.tables["route.back"] = {"link": "dr", "target": f"127.0.0.1:{here.port}"}
        for node in pair.nodes:
            node.write_config()
        pair.start()
        pair.beta.wait_route("open", "back")
        with Source(lab.a, pair.entry(), size=16 * MIB) as forth, \
                Source(lab.b, ("127.0.0.1", 17500), size=16 * MIB, seed=77) as back:
            assert_equal_streams(forth.one(60), there.wait_over(60)["conversations"][0])
            assert_equal_streams(back.one(60), here.wait_over(60)["conversations"][0])


@pytest.mark.long
def test_a_source_host_that_goes_without_a_word_is_noticed(make_lab, make_pair):
    """Its power fails: no FIN, no reset. Keep-alive ends the channel after 90 s."""
    lab = make_lab(rtt="5ms")
    lab.host("c")
    inside = lab.wan("c", "a", rtt="1ms")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, routes={"r0": sink.port})
        pair.alpha.tables["route.r0"]["listen"] = f"{inside.address_of(lab.a)}:17000"
        pair.alpha.write_config()
        pair.start()
        with Source(lab.hosts["c"], (inside.address_of(lab.a), 17000), size=1 * MIB, end="hold"):
            sink.wait_received(1 * MIB)
            inside.down()
            pair.alpha.wait_channels(0, timeout=120)
            assert sink.wait_over(20)["conversations"][0]["end"] == "reset"


def share_group(pair) -> None:
    """Both routes in group g, at both nodes."""
    for node in pair.nodes:
        for route in ("route.r0", "route.r1"):
            node.tables[route]["group"] = "g"
        node.write_config()


def test_a_group_of_two_streams_is_as_old_as_the_older_one(make_lab, make_pair):
    """One stream has a backlog of a minute, the other says a byte now and then."""
    lab = make_lab(rtt="20ms", rate="8mbit", queue="250KB")
    with Sink(lab.b) as big, Sink(lab.b) as small:
        pair = make_pair(lab, routes={"r0": big.port, "r1": small.port})
        share_group(pair)
        pair.start()
        with Source(lab.a, pair.entry("r1"), size=-1, rate=10_000, mix="random"), \
                Source(lab.a, pair.entry("r0"), size=48 * MIB, mix="random"):
            time.sleep(5)
            lag = pair.alpha.status()["groups"]["g"]["lag"]["seconds"]
            inbound = pair.beta.status()["groups"]["g"]["inbound"]
    assert lag > 3, "there was no backlog"
    assert abs(inbound["age_s"] - lag) < 1.5, f"the source is ahead by {lag} s, the copy says {inbound}"
    assert inbound["proof"] == "source" and "a cut of its 2 streams" in inbound["proof_reason"]


def test_a_loss_on_one_route_is_not_forgotten_because_another_one_is_well(make_lab, make_pair):
    """The target of r0 breaks off with megabytes on their way; then a connection of r1 comes and goes."""
    lab = make_lab(rtt="5ms", rate="8mbit", queue="250KB")
    with Sink(lab.b, reset_after=200_000) as broken, Sink(lab.b, answer=True) as well:
        pair = make_pair(lab, routes={"r0": broken.port, "r1": well.port})
        share_group(pair)
        pair.start()
        with Source(lab.a, pair.entry("r0"), size=8 * MIB, mix="random"):
            for node in pair.nodes:
                wait_until(lambda node=node: not node.group("g")["consistent"], 20, f"{node.name}: {node.group('g')}")
        with Source(lab.a, pair.entry("r1"), size=100_000) as other:
            assert other.one(20)["answer_ok"]
        time.sleep(1)
        for node in pair.nodes:
            group = node.group("g")
            assert not group["consistent"] and "route r0: " in group["reason"], f"{node.name}: {group}"
        assert "bytes were lost" in pair.alpha.group("g")["reason"]


def test_a_route_that_a_reload_removes_ends_its_channels(make_lab, make_pair):
    lab = make_lab(rtt="5ms", rate="50mbit", queue="250KB")
    with Sink(lab.b) as gone, Sink(lab.b, answer=True) as stays:
        pair = make_pair(lab, routes={"r0": gone.port, "r1": stays.port}).start()
        with Source(lab.a, pair.entry("r0"), size=-1, mix="random") as source:
            gone.wait_received(1 * MIB)
            removed = pair.beta.tables.pop("route.r0")
            assert removed and pair.beta.reload().returncode == 0
            pair.alpha.wait_channels(0)
            # Of a reset, a program that writes and reads is told once: here the writing may be.
            assert source.one(20)["end"] in ("reset", "eof")
        wait_until(lambda: "r0" not in pair.beta.status()["groups"], 10, "the group gone with its last channel")
        assert not pair.alpha.group()["consistent"], pair.alpha.group()
        with Source(lab.a, pair.entry("r1"), size=100_000) as other:
            assert other.one(20)["answer_ok"]
        assert pair.beta.group("r1")["consistent"]
