# SPDX-License-Identifier: Apache-2.0
"""G1 on quiet links: content, order, ends of streams, many channels."""
import pytest
from support.node import sanitized
from support.streams import MIB, Sink, Source, assert_equal_streams
from support.waiting import wait_until

LARGE = 32 * MIB if sanitized() else 256 * MIB


def test_mixed_data_arrives_equal_with_its_half_close_and_the_lag_returns_to_0(make_lab, make_pair):
    lab = make_lab()
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=LARGE) as source:
            sent = source.one(180)
            got = sink.wait_over()["conversations"][0]
    assert sent["sent"] == LARGE
    assert_equal_streams(sent, got)
    assert sent["end"] == "eof" and sent["answer_ok"], "the answer did not come back over the half-open channel"
    for node in pair.nodes:
        node.wait_no_lag(timeout=10)
        node.wait_channels(0, timeout=10)
    assert pair.alpha.link()["reconnects"] == 0


def test_both_directions_at_once_and_the_side_that_ends_first_still_receives(make_lab, make_pair):
    lab = make_lab(rtt="20ms")
    with Sink(lab.b, size=2 * MIB, seed=50) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=12 * MIB, rate=6 * MIB) as source:
            ours = source.one(60)
            theirs = sink.wait_over()["conversations"][0]
    assert_equal_streams(ours, theirs)
    assert_equal_streams(theirs, ours)
    assert ours["ended_at"] < ours["send_at"] - 0.5, "their half-close waited for our stream to end"


def test_200_concurrent_channels_each_arrive_equal(make_lab, make_pair):
    lab = make_lab()
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=256 * 1024, connections=200, end="hold") as source:
            for node in pair.nodes:
                node.wait_channels(200)
            sink.wait_received(200 * 256 * 1024)
            source.tell("half_close")
            talks = source.finish(90)["conversations"]
    assert len(talks) == 200
    assert all(talk["answer_ok"] for talk in talks), [t for t in talks if not t["answer_ok"]][:3]
    for node in pair.nodes:
        node.wait_channels(0)


def test_1000_idle_channels_fit_the_smallest_memlimit(make_lab, make_pair):
    lab = make_lab()
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, link={"memlimit": "16MiB"}, routes={"r0": sink.port}).start()
        files = [node.open_files() for node in pair.nodes]
        with Source(lab.a, pair.entry(), connections=1000) as idle:
            for node in pair.nodes:
                node.wait_channels(1000, timeout=60)
                if not sanitized():
                    assert node.rss_bytes() < (16 + 64) * MIB
            with Source(lab.a, pair.entry(), size=8 * MIB, seed=9) as busy:
                assert busy.one(60)["answer_ok"], "no traffic beside the idle channels"
            idle.tell("half_close")
            ends = [talk["end"] for talk in idle.finish(60)["conversations"]]
        assert ends == ["eof"] * 1000
    for node, before in zip(pair.nodes, files):
        node.wait_channels(0, timeout=60)
        assert node.open_files() <= before + 4


def test_1000_short_channels_in_a_row_leave_nothing_behind(make_lab, make_pair):
    lab = make_lab(rtt="2ms")
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        rounds = {"size": 3000, "serial": True}
        with Source(lab.a, pair.entry(), connections=200, **rounds) as first:
            first.finish(60)
        before = [settled(node) for node in pair.nodes]
        with Source(lab.a, pair.entry(), connections=1000, **rounds) as source:
            talks = source.finish(120)["conversations"]
    assert sum(bool(talk["answer_ok"]) for talk in talks) == 1000
    for node, (files, memory) in zip(pair.nodes, before):
        _, memory_now = settled(node)
        # Now and then a file of state is open for a moment.
        wait_until(lambda: node.open_files() <= files, 5, f"{node.name}: {files} descriptors before, and more after")
        if not sanitized():
            assert memory_now < memory + 4 * MIB, f"{node.name}: RSS {memory} before, {memory_now} after"


def settled(node) -> tuple[int, int]:
    node.wait_channels(0)
    return node.open_files(), node.rss_bytes()


QUEUED = 4 * MIB


@pytest.mark.parametrize("end", ["half_close", "reset"])
@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_an_end_never_overtakes_4_mib_still_queued_in_the_leg(make_lab, make_pair, end, direction):
    """The reader stands still while everything and then the end arrive at its side."""
    lab = make_lab()
    talker = {"size": QUEUED, "end": "hold", "mix": "random"}
    reader = {"read": False, "rcvbuf": 64 * 1024}
    forward = direction == "forward"
    with Sink(lab.b, **(reader if forward else talker)) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), **(talker if forward else reader)) as source:
            sender, receiver = (source, sink) if forward else (sink, source)
            sending_node = pair.alpha if forward else pair.beta
            sink.wait_conversations(1)
            wait_taken(sender)
            sending_node.wait_no_lag(timeout=20)  # all of it is at the receiver's node
            sender.tell(end)
            assert receiver.conversation()["end"] == "open"
            receiver.resume()
            got = receiver.wait_over(20)["conversations"][0]
            sent = sender.conversation()
    assert (got["received"], got["received_sha256"]) == (QUEUED, sent["sent_sha256"])
    assert got["end"] == ("eof" if end == "half_close" else "reset")


def wait_taken(sender) -> None:
    from support.waiting import wait_until
    wait_until(lambda: sender.conversation().get("sent") == QUEUED, 20, "4 MiB taken from the sender")


def test_a_reset_by_the_target_drops_the_backlog_and_reaches_the_source(make_lab, make_pair):
    lab = make_lab(rtt="20ms", rate="80mbit")
    with Sink(lab.b, read=False) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=32 * MIB, mix="random", end="hold") as source:
            sink.wait_conversations(1)
            source.wait_sent(20)
            assert pair.alpha.link()["lag"]["bytes"] > 8 * MIB, "there was no backlog to drop"
            sink.tell("reset")
            assert source.wait_over(5)["conversations"][0]["end"] == "reset"
    for node in pair.nodes:
        node.wait_channels(0, timeout=5)
        wait_until(lambda node=node: node.link()["buffer"]["used_bytes"] == 0, 5, "the backlog is dropped")
    assert pair.alpha.link()["lag"]["bytes"] > 8 * MIB, "the peer lacks it all the same"
    assert pair.alpha.link()["lag"]["seconds"] > 0
