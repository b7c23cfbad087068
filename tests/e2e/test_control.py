# SPDX-License-Identifier: Apache-2.0
"""The control socket, its tools and the numbers they show."""
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import time

import pytest
from support.node import ROOT
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


def scrape(lab) -> str:
    fetch = lab.a.popen([sys.executable, "-c", FETCH, "http://127.0.0.1:9917/metrics"], stdout=subprocess.PIPE)
    return fetch.communicate(timeout=20)[0].decode()


def promtool() -> str | None:
    return os.environ.get("LONGTHROW_PROMTOOL") or shutil.which("promtool")


def documented_metrics() -> dict[str, set[str]]:
    """The labels of each metric, as docs/METRICS.md has them."""
    text = (ROOT / "docs" / "METRICS.md").read_text().split("<!-- made by update_status_reference: begin -->")[1]
    return {name: set(filter(None, labels.split(",")))
            for name, labels in re.findall(r"^\| `(\w+)` \| \w+ \| ([\w,]*) \|", text, re.M)}


def metric(text: str, sample: str) -> float:
    return float(re.search(rf"^{re.escape(sample)} (\S+)$", text, re.M).group(1))


def test_metrics_are_there_and_promtool_finds_nothing_to_say(make_lab, make_pair):
    lab = make_lab()
    with Sink(lab.b, answer=True) as sink:
        pair = make_pair(lab, routes={"r0": sink.port})
        pair.alpha.tables["node"]["http"] = "127.0.0.1:9917"
        pair.alpha.write_config()
        pair.start()
        with Source(lab.a, pair.entry(), size=1 * MIB) as source:
            assert source.one(20)["answer_ok"]
            wait_until(lambda: metric(scrape(lab), 'longthrow_link_peer_delivered_bytes_total{link="dr"}') >= 1 * MIB,
                       5, "the peer's word is counted")
            text = scrape(lab)
    table = documented_metrics()
    seen = set()
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels = re.match(r"(\w+)(?:\{(.*)\})? ", line).groups()
        seen.add(name)
        assert set(re.findall(r"(\w+)=\"", labels or "")) == table[name], line
    # What is absent has no value here: it is no DRBD, has no certificates, and nothing is limited or stopped.
    absent = {"longthrow_stopped_since_timestamp_seconds", "longthrow_link_drain_eta_seconds",
              "longthrow_link_full_eta_seconds", "longthrow_link_bandwidth_limit_bytes_per_second",
              "longthrow_checkpoint_last_done_timestamp_seconds",
              "longthrow_link_certificate_expiry_timestamp_seconds", "longthrow_inbound_age_seconds",
              "longthrow_inbound_as_of_timestamp_seconds", "longthrow_compression_ratio"}
    assert {name for name in set(table) - seen if not name.startswith("longthrow_drbd_")} <= absent
    # Of 1 MiB and an answer.
    assert metric(text, 'longthrow_link_read_bytes_total{link="dr"}') >= 1 * MIB
    assert metric(text, 'longthrow_link_peer_delivered_bytes_total{link="dr"}') >= 1 * MIB
    assert metric(text, "longthrow_config_last_reload_successful") == 1
    assert metric(text, 'longthrow_losses_total{group="r0",link="dr",reason="session_timeout"}') == 0
    if promtool() is None:
        pytest.skip("promtool is not here: Debian's prometheus package could not be fetched")
    checked = subprocess.run([promtool(), "check", "metrics"], input=text, text=True, check=False,
                             capture_output=True)
    assert checked.returncode == 0 and not checked.stderr.strip(), checked.stderr


def test_a_reload_that_failed_shows_in_status_and_metrics_until_one_succeeds(make_lab, make_pair):
    lab = make_lab()
    pair = make_pair(lab, routes={})
    alpha = pair.alpha
    alpha.tables["node"]["http"] = "127.0.0.1:9917"
    alpha.write_config()
    pair.start()
    read_at = metric(scrape(lab), "longthrow_config_last_reload_success_timestamp_seconds")
    assert abs(read_at - time.time()) < 60
    good = alpha.config_file.read_text()
    alpha.config_file.write_text(good + "\nnonsense = 1\n")
    assert alpha.longthrow("reload").returncode != 0
    text = scrape(lab)
    assert metric(text, "longthrow_config_last_reload_successful") == 0
    assert metric(text, "longthrow_config_last_reload_success_timestamp_seconds") == read_at
    assert re.search(r"^reload failed at 20.*nonsense", alpha.longthrow("status").stdout, re.M)
    checked = subprocess.run([alpha.programs / "check_longthrow", "--control", alpha.control], capture_output=True,
                             text=True, check=False)
    assert checked.returncode == 1 and "the last reload failed" in checked.stdout, checked
    alpha.config_file.write_text(good)
    assert alpha.longthrow("reload").returncode == 0
    text = scrape(lab)
    assert metric(text, "longthrow_config_last_reload_successful") == 1
    assert metric(text, "longthrow_config_last_reload_success_timestamp_seconds") > read_at
    assert "reload failed" not in alpha.longthrow("status").stdout
