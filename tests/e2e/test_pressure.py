# SPDX-License-Identifier: Apache-2.0
"""One group's slow target is not another group's problem."""
import time

import pytest
from support.streams import MIB, Sink, Source, assert_equal_streams


@pytest.mark.parametrize("seconds", [15, pytest.param(60, marks=pytest.mark.long)])
def test_a_target_that_stops_reading_leaves_the_other_group_its_rate(make_lab, make_pair, seconds):
    lab = make_lab(rtt="20ms", rate="100mbit", queue="500KB")
    with Sink(lab.b) as stalled, Sink(lab.b) as free:
        routes = {"stalled": stalled.port, "free": free.port}
        pair = make_pair(lab, link={"memlimit": "64MiB"}, routes=routes).start()
        with Source(lab.a, pair.entry("free"), size=-1, mix="random") as running:
            alone = rate_of(free, 5)
            assert alone > 8 * MIB, f"{alone / MIB:.1f} MiB/s alone: the WAN was not filled"
            stalled.pause()
            with Source(lab.a, pair.entry("stalled"), size=120 * MIB, mix="random") as stuck:
                time.sleep(8)  # until its share of the receiver is full; both use the WAN meanwhile
                assert rate_of(free, seconds) > 0.9 * alone
                assert "send_seconds" not in stuck.conversation(), "the stalled group was not slowed"
                running.tell("stop")
                stalled.resume()
                assert_equal_streams(stuck.one(120), stalled.wait_over(60)["conversations"][0])
            assert_equal_streams(running.one(60), free.wait_over(60)["conversations"][0])


def rate_of(sink, seconds: float) -> float:
    """Bytes per second that reach this sink."""
    sink.wait_received(1 * MIB)
    first = sink.report()
    time.sleep(seconds)
    last = sink.report()
    return (last["received"] - first["received"]) / (last["at"] - first["at"])


def test_a_source_blocked_by_a_full_buffer_moves_at_least_every_2_s(make_lab, make_pair):
    """G5: while the link drains anything, every blocked leg is read again and again."""
    lab = make_lab(rtt="20ms", rate="8mbit", queue="100KB")
    with Sink(lab.b) as first, Sink(lab.b) as second:
        routes = {"r0": first.port, "r1": second.port}
        pair = make_pair(lab, link={"memlimit": "16MiB"}, routes=routes).start()
        with Source(lab.a, pair.entry("r0"), size=-1, mix="random", sndbuf=65536) as one, \
                Source(lab.a, pair.entry("r1"), size=-1, mix="random", sndbuf=65536) as two:
            from support.waiting import wait_until
            wait_until(lambda: pair.alpha.link()["buffer"]["full"], 30, "the buffer is full")
            for source in (one, two):
                assert longest_standstill(source, 8) < 2.5
            assert pair.alpha.link()["buffer"]["used_bytes"] <= 16 * MIB


def longest_standstill(source, seconds: float) -> float:
    """The longest time without one more byte taken from this source."""
    begin = moved = time.monotonic()
    longest, last = 0.0, source.report()["sent"]
    while time.monotonic() - begin < seconds:
        time.sleep(0.1)
        sent = source.report()["sent"]
        if sent != last:
            last, moved = sent, time.monotonic()
        longest = max(longest, time.monotonic() - moved)
    return longest
