# SPDX-License-Identifier: Apache-2.0
"""The control socket, its tools and the numbers they show."""
import os
import shutil
import socket
import stat
import subprocess
import sys

import pytest
from support.streams import MIB, Sink, Source
from support.waiting import wait_until


def test_nonsense_on_the_control_socket_harms_nobody(make_lab, make_pair):
    pair = make_pair(make_lab(), routes={}).start()
    alpha = pair.alpha
    assert stat.S_IMODE(alpha.control.stat().st_mode) == 0o660
    files = alpha.open_files()
    held = []
    for junk in (b"\x00\xff\n", b"{}\n", b"{\"command\":\n", b"[" * 100_000 + b"\n", b"x" * (4 * MIB),
                 b"null\n", b"{\"a\":" * 5000, b"half a line"):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(5)
        sock.connect(str(alpha.control))
        try:
            sock.sendall(junk)
        except OSError:
            pass  # it may hang up on such a line
        held.append(sock)
    for _ in range(60):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(alpha.control))
        held.append(sock)
    assert alpha.status()["node"] == "alpha"
    for sock in held:
        sock.close()
    wait_until(lambda: alpha.open_files() <= files, 10, "the descriptors are given back")
    assert alpha.link()["state"] == "up" and alpha.link()["reconnects"] == 0


def test_tools_say_what_to_do_and_their_exit_codes_are_1_and_2(make_lab, make_pair):
    pair = make_pair(make_lab(), routes={})
    absent = pair.alpha.longthrow("status")  # nobody has started it
    assert absent.returncode == 1 and str(pair.alpha.control) in absent.stderr, absent
    pair.start()
    for words, code in ((("nonsense",), 2), (("set", "dr"), 2), (("ping", "nowhere"), 1),
                        (("drain", "nowhere"), 1), (("takeover", "nowhere"), 1),
                        (("release", "nowhere"), 1), (("pause", "nowhere"), 1)):
        done = pair.alpha.longthrow(*words)
        assert done.returncode == code and done.stderr.strip(), (words, done)


def test_ping_measures_the_wan(make_lab, make_pair):
    pair = make_pair(make_lab(rtt="40ms"), routes={}).start()
    done = pair.alpha.longthrow("ping", "dr", "--json")
    assert done.returncode == 0, done.stderr
    import json
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    assert rounds and all(39 < each["rtt_ms"] < 80 for each in rounds)
    assert 39 < pair.alpha.link()["rtt_ms"] < 80


def test_status_keeps_every_key_of_the_contract(make_lab, make_pair, io):
    lab = make_lab()
    with Sink(lab.b) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=100_000, end="hold"):
            sink.wait_received(100_000)
            status = pair.alpha.status()
    assert status["node"] == "alpha" and status["io"] == io and status["uptime_s"] >= 0
    assert status["version"]
    link, group, route = status["links"]["dr"], status["groups"]["r0"], status["routes"]["r0"]
    assert {"used_bytes", "raw_bytes", "limit_bytes", "full"} <= set(link["buffer"])
    assert {"state", "peer", "rtt_ms", "lanes", "lag", "limited_by", "drain_eta_s", "full_eta_s", "rate",
            "compression", "reconnects", "retransmitted_bytes"} <= set(link)
    assert set(link["lag"]) >= {"bytes", "seconds"} and set(link["rate"]) >= {"in_bytes_s", "out_bytes_s"}
    assert {"codec", "ratio"} <= set(link["compression"])
    assert {"link", "consistent", "reason", "lag", "epoch", "cuts", "inbound"} <= set(group)
    assert set(group["cuts"]) >= {"source", "freeze", "observed", "unproven"}
    assert set(group["inbound"]) >= {"epoch", "proof", "as_of", "age_s"}
    assert (route["group"], route["state"], route["channels"], route["reason"]) == ("r0", "open", 1, "")
    assert (link["state"], link["peer"]) == ("up", "beta")


FETCH = "import sys,urllib.request as u; sys.stdout.buffer.write(u.urlopen(sys.argv[1], timeout=10).read())"


def promtool() -> str | None:
    return os.environ.get("LONGTHROW_PROMTOOL") or shutil.which("promtool")


def test_metrics_are_there_and_promtool_finds_nothing_to_say(make_lab, make_pair):
    lab = make_lab()
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, routes={"r0": sink.port})
        pair.alpha.tables["node"]["http"] = "127.0.0.1:9917"
        pair.alpha.write_config()
        pair.start()
        with Source(lab.a, pair.entry(), size=1 * MIB) as source:
            assert source.one(20)["answer_ok"]
        fetch = lab.a.popen([sys.executable, "-c", FETCH, "http://127.0.0.1:9917/metrics"],
                            stdout=subprocess.PIPE)
        text = fetch.communicate(timeout=20)[0].decode()
    for name in ("longthrow_buffer_used_bytes", "longthrow_lag_seconds", "longthrow_group_consistent",
                 "longthrow_link_up"):
        assert name in text, text[:2000]
    if promtool() is None:
        pytest.skip("promtool is not here: Debian's prometheus package could not be fetched")
    checked = subprocess.run([promtool(), "check", "metrics"], input=text, text=True, check=False,
                             capture_output=True)
    assert checked.returncode == 0 and not checked.stderr.strip(), checked.stderr
