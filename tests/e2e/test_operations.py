# SPDX-License-Identifier: Apache-2.0
"""What an administrator does while traffic flows: stop, take over, change settings."""
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.streams import MIB, Sink, Source, assert_equal_streams, prefix_sha256
from support.waiting import stays, wait_until

QUICK = {"heartbeat": "250ms", "dead_after": "1s"}


def test_sigterm_delivers_what_was_accepted(make_lab, make_pair):
    lab = make_lab(rtt="20ms", rate="32mbit", queue="250KB")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=16 * MIB, mix="random", end="hold") as source:
            source.wait_sent(10)
            # What the source's own kernel still has is not accepted: a stopping node does not wait for it.
            wait_until(lambda: pair.alpha.link()["totals"]["raw_in_bytes"] == 16 * MIB, 5, "all of it accepted")
            assert pair.alpha.link()["lag"]["bytes"] > 8 * MIB, "there was nothing left to drain"
            started = time.monotonic()
            pair.alpha.signal(signal.SIGTERM)
            wait_until(lambda: connection_refused(lab, pair), 5, "the listener closes at once")
            assert pair.alpha.wait_end(30) == 0
            assert time.monotonic() - started > 2, "it cannot have drained in so short a time"
            got = sink.wait_received(16 * MIB, timeout=2)["conversations"][0]
            assert got["received_sha256"] == source.conversation()["sent_sha256"]


def connection_refused(lab, pair) -> bool:
    with Source(lab.a, pair.entry(), size=10, end="close") as probe:
        return bool(probe.finish(10)["failures"])


def test_stop_timeout_ends_it_and_what_was_lost_is_said_never_a_clean_end(make_lab, make_pair):
    lab = make_lab(rtt="20ms", rate="8mbit", queue="250KB")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, routes={"r0": sink.port})
        pair.alpha.tables["node"]["stop_timeout"] = "2s"
        pair.alpha.write_config()
        pair.start()
        with Source(lab.a, pair.entry(), size=32 * MIB, mix="random") as source:
            source.wait_sent(10)
            pair.alpha.terminate(timeout=10)
            pair.alpha.wait_log(r"not delivered|undelivered")
            got = sink.wait_over(20)["conversations"][0]
    assert got["received"] < 32 * MIB
    assert got["end"] == "reset", f"a truncated stream ended as {got['end']}"


def test_takeover_fences_a_returning_primary_until_release(make_lab, make_pair):
    lab = make_lab(rtt="20ms", rate="40mbit")
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, link=QUICK, routes={"r0": sink.port}).start()
        assert pair.beta.longthrow("takeover", "dr").returncode == 1, "taken over while the link is up"
        with Source(lab.a, pair.entry(), size=-1, rate=10 * MIB, mix="random"):
            sink.wait_received(4 * MIB)
            lab.cut()
            pair.beta.wait_link_not("up", timeout=10)
            pair.alpha.wait_link_not("up", timeout=10)
            wrong_site = pair.alpha.longthrow("takeover", "dr")
            assert wrong_site.returncode == 1 and "not known to be delivered there" in wrong_site.stderr, wrong_site
            assert "as of" in pair.beta.tell("takeover", "dr", timeout=40).lower()
            got = sink.wait_over(20)["conversations"][0]
            assert got["end"] == "reset"
            assert got["received_sha256"] == prefix_sha256(got["received"], mix="random")
            lab.heal()
            assert_fenced(pair, sink, 6)
        # Only the DR side dials here: fenced, it still tells the old primary what has happened.
        notice = wait_until(lambda: pair.alpha.link()["notices"], 10, "the old primary learns of the takeover")[0]
        assert (notice["what"], notice["where"]) == ("fenced", "peer") and "takeover" in notice["by"]
        pair.beta.restart()
        pair.beta.wait_log(r"dr.*fenced since .*longthrow takeover dr.*longthrow release dr")
        assert_fenced(pair, sink, 4)
        pair.beta.tell("release", "dr")
        pair.wait_up()
        with Source(lab.a, pair.entry(), size=1 * MIB) as source:
            assert source.one(20)["answer_ok"]


def assert_fenced(pair, sink, seconds: float) -> None:
    stays(lambda: pair.beta.link()["state"] != "up", seconds, "the returning primary stays outside")
    assert pair.beta.route()["state"] == "fenced"
    assert len(sink.report()["conversations"]) == 1, "a channel reached the activated copy"


def test_settings_change_live_under_load(make_lab, make_pair):
    lab = make_lab(rtt="10ms", rate="400mbit")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, link={"memlimit": "64MiB"}, routes={"r0": sink.port}).start()
        alpha = pair.alpha
        with Source(lab.a, pair.entry(), size=-1, rate=12 * MIB) as source:
            sink.wait_received(4 * MIB)
            for value, codec in (("none", "none"), ("lz4", "lz4"), ("zstd:5", "zstd:5"), ("auto", "")):
                alpha.tell("set", "dr", "compression", value)
                if codec:
                    wait_until(lambda codec=codec: alpha.link()["compression"]["codec"] == codec, 5, codec)
                sink.wait_received(sink.report()["received"] + 8 * MIB)
            for value, size in (("256MiB", 256 * MIB), ("32MiB", 32 * MIB)):
                alpha.tell("set", "dr", "memlimit", value)
                wait_until(lambda size=size: alpha.link()["buffer"]["limit_bytes"] == size, 20, value)
                sink.wait_received(sink.report()["received"] + 8 * MIB)
            source.tell("stop")
            assert_equal_streams(source.one(30), sink.wait_over(30)["conversations"][0])
        assert alpha.link()["reconnects"] == 0


def test_bandwidth_holds_on_the_wire_and_can_be_lifted(make_lab, make_pair):
    lab = make_lab(rtt="10ms", rate="400mbit")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        pair.alpha.tell("set", "dr", "bandwidth", "16mbit")
        with Source(lab.a, pair.entry(), size=-1, mix="random"):
            sink.wait_received(1 * MIB)
            limited = wire_rate(lab, 5)
            assert 0.8 * 2e6 < limited < 1.15 * 2e6, f"{limited * 8 / 1e6:.1f} Mbit/s at 16"
            assert pair.alpha.link()["limited_by"] == "bandwidth"
            pair.alpha.tell("set", "dr", "bandwidth", "unlimited")
            time.sleep(1)
            assert wire_rate(lab, 2) > 10e6


def wire_rate(lab, seconds: float) -> float:
    begin, first = time.monotonic(), lab.stats()["a2b"]["out"]["bytes"]
    time.sleep(seconds)
    return (lab.stats()["a2b"]["out"]["bytes"] - first) / (time.monotonic() - begin)


@pytest.mark.parametrize("words", [("dr", "memlimit", "1MiB"), ("dr", "memlimit", "many"),
                                   ("dr", "compression", "zstd:99"), ("dr", "bandwidth", "-1mbit"),
                                   ("nowhere", "memlimit", "64MiB")])
def test_a_bad_setting_is_refused_and_changes_nothing(make_lab, make_pair, words):
    # Not `auto`: its choice may change on its own between the two looks.
    pair = make_pair(make_lab(), link={"compression": "lz4"}, routes={}).start()
    before = pair.alpha.link()
    done = pair.alpha.longthrow("set", *words)
    assert done.returncode in (1, 2) and done.stderr.strip(), done
    after = pair.alpha.link()
    assert after["buffer"]["limit_bytes"] == before["buffer"]["limit_bytes"]
    assert after["compression"]["codec"] == before["compression"]["codec"]


@pytest.mark.parametrize("how", ["command", "SIGHUP"])
def test_a_reload_applies_what_it_can_and_drops_nothing(make_lab, make_pair, how):
    lab = make_lab()
    with Sink(lab.b) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        alpha = pair.alpha
        with Source(lab.a, pair.entry(), size=-1, rate=8 * MIB) as source:
            sink.wait_received(2 * MIB)
            alpha.tables["link.dr"].update(memlimit="96MiB", compression="lz4")
            alpha.write_config()
            if how == "command":
                alpha.tell("reload")
            else:
                alpha.signal(signal.SIGHUP)
            wait_until(lambda: alpha.link()["buffer"]["limit_bytes"] == 96 * MIB, 10, "memlimit applied")
            wait_until(lambda: alpha.link()["compression"]["codec"] == "lz4", 10, "codec applied")
            sink.wait_received(sink.report()["received"] + 4 * MIB)
            source.tell("stop")
            assert_equal_streams(source.one(30), sink.wait_over(30)["conversations"][0])
        assert alpha.link()["reconnects"] == 0


def test_a_bad_file_on_reload_names_the_line_and_the_running_configuration_stays(make_lab, make_pair):
    lab = make_lab()
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        good = pair.alpha.config_file.read_text()
        pair.alpha.config_file.write_text(good.replace("[link.dr]", "[link.dr]\nmemlimt = \"1GiB\""))
        line = str(pair.alpha.config_file.read_text().splitlines().index('memlimt = "1GiB"') + 1)
        for done in (pair.alpha.longthrow("reload"), pair.alpha.check()):
            assert done.returncode != 0
            said = done.stdout + done.stderr
            assert "memlimt" in said and line in said and pair.alpha.config_file.name in said, said
        with Source(lab.a, pair.entry(), size=1 * MIB) as source:
            assert source.one(20)["answer_ok"]
        assert pair.alpha.link()["reconnects"] == 0


def assert_notice(of: dict, what: str, where: str) -> None:
    assert [(each["what"], each["where"]) for each in of["notices"]] == [(what, where)]
    assert "`longthrow " in of["notices"][0]["by"] and of["notices"][0]["since"].startswith("20")


def test_pause_keeps_the_session_and_resume_goes_on(make_lab, make_pair):
    lab = make_lab()
    with Sink(lab.b) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=-1, rate=4 * MIB) as source:
            sink.wait_received(2 * MIB)
            pair.alpha.tell("pause", "dr")
            time.sleep(0.5)
            still = sink.report()["received"]
            stays(lambda: sink.report()["received"] == still, 2, "nothing arrives while paused")
            assert pair.alpha.link()["limited_by"] == "paused"
            assert_notice(pair.alpha.link(), "paused", "here")
            assert_notice(pair.beta.link(), "paused", "peer")
            pair.alpha.tell("resume", "dr")
            sink.wait_received(still + 8 * MIB)
            source.tell("stop")
            assert_equal_streams(source.one(30), sink.wait_over(30)["conversations"][0])


def test_a_drain_whose_peer_restarts_fails_with_the_bytes_and_nothing_is_paused(make_lab, make_pair):
    lab = make_lab(rtt="20ms", rate="16mbit", queue="250KB")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=16 * MIB, mix="random", end="hold") as source:
            source.wait_sent(10)
            with ThreadPoolExecutor(1) as pool:
                pause = pool.submit(pair.alpha.longthrow, "pause", "dr", "--drain", timeout=60)
                wait_until(lambda: sink.report()["received"] > MIB, 20, "something arrives")
                pair.beta.kill9()
                pair.beta.start()
                said = pause.result()
            assert said.returncode == 1, said
            assert "bytes were not delivered" in said.stderr and "session has ended" in said.stderr
            pair.alpha.wait_link("up")
            assert pair.alpha.longthrow("drain", "r0").returncode == 1, "what was lost before is forgotten"


def test_drain_says_what_is_left_in_time_and_succeeds_when_it_is_over(make_lab, make_pair):
    lab = make_lab(rtt="20ms", rate="32mbit", queue="250KB")
    with Sink(lab.b) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=16 * MIB, mix="random", end="hold") as source:
            source.wait_sent(10)
            assert pair.alpha.longthrow("drain", "r0", "--timeout", "1s").returncode == 1
            pair.alpha.tell("drain", "r0", "--timeout", "30s", timeout=40)
            assert sink.report()["received"] == 16 * MIB
            pair.alpha.tell("drain", "r0", "--hold")
            assert_notice(pair.alpha.group(), "held", "here")
            wait_until(lambda: pair.beta.group()["notices"], 5, "the peer learns that input is held")
            assert_notice(pair.beta.group(), "held", "peer")
            pair.alpha.tell("resume", "r0")
            wait_until(lambda: not pair.beta.group()["notices"], 5, "and that it flows again")
            assert source.conversation()["end"] == "open", "a drain ended the channel"
