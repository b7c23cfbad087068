# SPDX-License-Identifier: Apache-2.0
"""The WAN goes away, or a node does: what is kept, what is counted, what is said."""
import time

import pytest
from support.node import sanitized
from support.streams import MIB, Sink, Source, assert_equal_streams, prefix_sha256
from support.waiting import wait_until

QUICK = {"heartbeat": "250ms", "dead_after": "1s"}


def test_six_cuts_under_load_lose_nothing_and_are_counted(make_lab, make_pair):
    lab = make_lab(rtt="20ms", rate="100mbit", queue="500KB")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, link={**QUICK, "memlimit": "256MiB"}, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=-1, rate=6 * MIB) as source:
            sink.wait_received(4 * MIB)
            for _ in range(6):
                cut_once(lab, pair, sink)
            source.tell("stop")
            sent = source.one(90)
            got = sink.wait_over(90)["conversations"]
    assert len(got) == 1, "the channel dropped and came again"
    assert_equal_streams(sent, got[0])
    link = pair.alpha.link()
    assert 6 <= link["reconnects"] <= 18
    # In flight at a cut: a second of load until it is noticed, the WAN's queue, a round trip.
    in_flight = 6 * MIB + 500_000 + 250_000
    assert 0 < link["retransmitted_bytes"] <= 6 * 2 * in_flight


def cut_once(lab, pair, sink) -> None:
    lab.cut()
    pair.alpha.wait_link_not("up", timeout=10)
    lag = pair.alpha.link()["lag"]["bytes"]
    wait_until(lambda: pair.alpha.link()["lag"]["bytes"] > lag, 5, "the lag grows while the WAN is cut")
    lab.heal()
    pair.wait_up()
    before = sink.report()["received"]
    sink.wait_received(before + 8 * MIB)


HOLE = """table inet hole {
    chain input { type filter hook input priority filter; iifname "wan0" meta length > 1300 drop; }
}"""


@pytest.mark.long
def test_a_link_that_carries_only_small_packets_is_named_and_probing_cures_it(make_lab, make_pair):
    """An MTU hole: heartbeats pass and keep the link up, full packets vanish without a word."""
    lab = make_lab(rtt="20ms")
    hosts = (lab.a, lab.b)
    if reason := lab.a.nft_refusal():
        pytest.skip(reason)
    with Sink(lab.b) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        for host in hosts:
            host.sysctl("net.ipv4.tcp_mtu_probing", "0")
            host.nft(HOLE)
        with Source(lab.a, pair.entry(), size=4 * MIB, mix="random") as source:
            def warned() -> bool:
                return [warning["name"] for warning in pair.alpha.link()["warnings"]] == ["nothing_passes"]

            wait_until(warned, 60, "the hole is named")
            assert pair.alpha.link()["state"] == "up"
            assert "tcp_mtu_probing" in pair.alpha.tell("status")
            assert sink.report()["received"] < MIB
            for host in hosts:
                host.sysctl("net.ipv4.tcp_mtu_probing", "1")
            sent = source.one(120)
            got = sink.wait_over(120)["conversations"]
            wait_until(lambda: not warned(), 20, "nothing is wrong any more")
    assert_equal_streams(sent, got[0])


def test_full_buffer_slows_the_source_within_memlimit_and_loses_nothing(make_lab, make_pair):
    offered, memlimit = 300 * MIB, 64 * MIB
    lab = make_lab(rtt="10ms", rate="1gbit")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, link={"memlimit": "64MiB"}, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=offered, mix="random", rate=200 * MIB) as source:
            sink.wait_received(1 * MIB)
            lab.cut()
            wait_until(lambda: pair.alpha.link()["buffer"]["full"], 20, "the send share is spent")
            held = hold_still(source)
            # 3/4 of the memlimit, what had passed before, and the sockets' own buffers.
            assert held < sink.report()["received"] + memlimit * 3 // 4 + 24 * MIB
            assert source.conversation().get("send_seconds") is None
            lab.heal()
            sent = source.one(120)
            got = sink.wait_over(120)["conversations"][0]
    assert_equal_streams(sent, got)
    if not sanitized():
        for node in pair.nodes:
            assert node.rss_peak_bytes() < memlimit + 64 * MIB, node.name


def hold_still(source) -> int:
    """Waits until the source is blocked: no byte in 2 s. What it has sent by then."""
    last, since = -1, time.monotonic()
    while time.monotonic() - since < 2:
        sent = source.report()["sent"]
        if sent != last:
            last, since = sent, time.monotonic()
        time.sleep(0.1)
    return last


def test_burst_is_taken_at_memory_speed_and_the_lag_is_true(make_lab, make_pair):
    size = 50 * MIB if sanitized() else 200 * MIB
    lab = make_lab(rtt="40ms", rate="33554kbit", queue="250KB")  # 4 MiB/s
    with Sink(lab.b) as sink:
        pair = make_pair(lab, link={"memlimit": "512MiB"}, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=size, mix="random") as source:
            sent = source.wait_sent(60)
            if not sanitized():
                direct = seconds_without_us(lab, size)
                print(f"{sent['send_seconds']:.2f} s, {direct:.2f} s over loopback alone")
                assert sent["send_seconds"] < max(2.0, 4 * direct)  # 4: as 2 s are where this was set
            for _ in range(4):
                assert_lag_true(pair, sink, size)
                time.sleep(2)
            age = pair.alpha.link()["lag"]["seconds"]
            assert 5 < age < 30, f"the oldest byte is {age} s old"
            lab.set("rate=800mbit")
            assert_equal_streams(source.one(120), sink.wait_over(120)["conversations"][0])
    pair.alpha.wait_no_lag(timeout=10)


def seconds_without_us(lab, size: int) -> float:
    with Sink(lab.a) as sink, Source(lab.a, sink.address, size=size, mix="random") as source:
        return source.wait_sent(60)["send_seconds"]


def assert_lag_true(pair, sink, size: int) -> None:
    """What the far side has not is known between two looks at the sink; 10 % and a moment's slack."""
    most = size - sink.report()["received"]
    lag = pair.alpha.link()["lag"]["bytes"]
    least = size - sink.report()["received"]
    assert 0.9 * least - MIB <= lag <= 1.1 * most + MIB, f"lag {lag}, in truth {least} to {most}"


def test_new_connections_wait_while_the_link_is_down(make_lab, make_pair):
    lab = make_lab()
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, link=QUICK, routes={"r0": sink.port}).start()
        lab.cut()
        pair.alpha.wait_link_not("up", timeout=10)
        pair.alpha.wait_route("closed")
        with Source(lab.a, pair.entry(), size=1000) as source:
            wait_until(lambda: pair.alpha.route()["waiting"] == 1, 10, "it waits")
            lab.heal()
            assert source.one(20)["answer_ok"]


@pytest.mark.parametrize("killed", ["alpha", "beta"])
def test_kill_9_of_a_node_ends_its_channels_by_abort_never_by_a_clean_end(make_lab, make_pair, killed):
    lab = make_lab(rtt="20ms", rate="40mbit")
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, link=QUICK, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=-1, rate=12 * MIB, mix="random") as source:
            sink.wait_received(2 * MIB)
            victim = getattr(pair, killed)
            victim.kill9()
            time.sleep(1.5)
            victim.start()
            got = sink.wait_over(30)["conversations"][0]
            ours = source.wait_over(30)["conversations"][0]
        assert got["end"] == "reset", f"the far side saw {got['end']} after {got['received']} bytes"
        assert ours["end"] == "reset" or ours.get("send_error"), ours
        assert got["received_sha256"] == prefix_sha256(got["received"], mix="random")
        survivor, name = (pair.beta, "beta") if killed == "alpha" else (pair.alpha, "alpha")
        group = survivor.group()
        assert not group["consistent"] and group["reason"], f"{name} calls a cut-off copy consistent"
        pair.wait_up()
        with Source(lab.a, pair.entry(), size=1 * MIB) as again:
            assert again.one(30)["answer_ok"], "no traffic after the restart"
