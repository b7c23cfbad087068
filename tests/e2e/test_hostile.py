# SPDX-License-Identifier: Apache-2.0
"""Strangers on the WAN port while a pair works: they change nothing and leave nothing."""
import resource
import subprocess
import sys
import time

import pytest
from support.node import sanitized
from support.streams import MIB, Sink, Source, assert_equal_streams
from support.waiting import wait_until

# Runs inside a host: argv are host, port, kind, count. Prints how many connections were made.
STRANGER = r"""
import os, random, socket, struct, sys, time
host, port, kind, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
random.seed(7)
hello = bytes.fromhex("160301020001000001fc0303") + random.randbytes(200)
made, held = 0, []
for index in range(count):
    sock = socket.create_connection((host, port), timeout=10)
    made += 1
    try:
        if kind == "scan":
            if index % 2:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
            continue
        if kind == "slow":
            held.append(sock)
            continue
        junk = [random.randbytes(random.randrange(1, 5000)), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", hello,
                hello[:5], b"\x16\x03\x01\xff\xff" + bytes(300), b"SSH-2.0-x\r\n", b"\x00", bytes(70000)]
        sock.sendall(junk[index % len(junk)])
        if index % 3 == 0:
            sock.shutdown(socket.SHUT_WR)
        if index % 4 == 0:
            held.append(sock)
        else:
            sock.close()
    except OSError:
        pass
end = time.monotonic() + float(sys.argv[5])
position = 0
while held and time.monotonic() < end:
    for sock in list(held):
        try:
            sock.send(hello[position % len(hello):][:1] if kind == "slow" else b"x")
        except OSError:
            held.remove(sock)
    position += 1
    time.sleep(0.25)
print(made, len(held))
"""


def stranger(host, target, kind: str, count: int, hold: float = 0.0) -> subprocess.Popen:
    return host.popen([sys.executable, "-c", STRANGER, target[0], str(target[1]), kind, str(count),
                       str(hold)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("kind, count, hold", [("junk", 200, 3), ("slow", 60, 8), ("scan", 300, 0)])
def test_strangers_change_nothing(make_lab, make_pair, kind, count, hold):
    lab = make_lab()
    with Sink(lab.b) as sink:
        pair = make_pair(lab, routes={"r0": sink.port}).start()
        with Source(lab.a, pair.entry(), size=-1, rate=4 * MIB) as source:
            sink.wait_received(4 * MIB)
            before, lines = facts(pair), len(pair.alpha.log().splitlines())
            visit(lab, pair, kind, count, hold)
            sink.wait_received(sink.report()["received"] + 4 * MIB, timeout=10)
            source.tell("stop")
            assert_equal_streams(source.one(30), sink.wait_over(30)["conversations"][0])
    after = facts(pair)
    for key in ("state", "reconnects", "retransmitted_bytes", "lanes"):
        assert after[key] == before[key], key
    wait_files(pair, before["files"])
    said = len(pair.alpha.log().splitlines()) - lines
    assert said < 25, f"{count} strangers made {said} lines of log"


def visit(lab, pair, kind: str, count: int, hold: float) -> None:
    crowd = stranger(lab.b, (lab.a.address, pair.WAN_PORT), kind, count, hold)
    output, errors = crowd.communicate(timeout=60)
    assert crowd.returncode == 0, errors
    assert int(output.split()[0]) == count, "the strangers did not even connect"


def wait_files(pair, files: int) -> None:
    """The last of a crowd is gone when its descriptors are."""
    wait_until(lambda: pair.alpha.open_files() <= files, 40, f"{files} descriptors as before")


@pytest.mark.skipif(sanitized(), reason="a sanitizer's memory is not the daemon's")
@pytest.mark.parametrize("kind, count, hold", [("junk", 200, 0), ("slow", 200, 1), ("scan", 300, 0)])
def test_strangers_leave_no_memory_behind(make_lab, make_pair, kind, count, hold):
    """On a quiet link, where nothing else touches memory. The first crowds warm up the allocator: how much
    it keeps depends on how many strangers were there at a time. 600 leaked TLS engines (20 KiB or more
    each) are beyond 8 MiB. The sanitizer builds look for leaks of any size."""
    lab = make_lab()
    pair = make_pair(lab, routes={}).start()
    files, memory = pair.alpha.open_files(), []
    for _ in range(6):
        visit(lab, pair, kind, count, hold)
        wait_files(pair, files)
        memory.append(pair.alpha.rss_bytes())
    assert memory[-1] < max(memory[:3]) + 8 * MIB, memory


def facts(pair) -> dict:
    return {**pair.alpha.link(), "files": pair.alpha.open_files()}


def test_a_link_comes_up_through_a_crowd_of_silent_connections(make_lab, make_pair):
    lab = make_lab()
    pair = make_pair(lab, routes={})
    pair.alpha.start()
    crowd = stranger(lab.b, (lab.a.address, pair.WAN_PORT), "slow", 500, 20)
    try:
        wait_until(lambda: pair.alpha.open_files() > 60, 20, "the crowd is there")
        pair.beta.start()
        pair.beta.wait_link("up", timeout=15)
    finally:
        crowd.kill()
        crowd.communicate()


def test_status_and_metrics_answer_when_strangers_use_up_the_descriptors(make_lab, make_pair):
    lab = make_lab()
    pair = make_pair(lab, routes={})
    pair.alpha.tables["node"]["http"] = "127.0.0.1:9917"
    pair.alpha.write_config()
    pair.start()
    limit = 128
    resource.prlimit(pair.alpha.pid, resource.RLIMIT_NOFILE, (limit, limit))
    crowd = stranger(lab.b, (lab.a.address, pair.WAN_PORT), "slow", 160, 30)
    try:
        # All that strangers may have are used up: an eighth is left.
        wait_until(lambda: pair.alpha.open_files() >= limit - limit // 8, 20, "the crowd is there")
        end = time.monotonic() + 3
        while time.monotonic() < end:
            assert pair.alpha.longthrow("status", timeout=5).returncode == 0
            assert "longthrow" in metrics(lab.a)
        assert pair.alpha.link()["state"] == "up"
    finally:
        crowd.kill()
        crowd.communicate()


def metrics(host) -> str:
    fetch = ("import sys, urllib.request; "
             "sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())")
    return host.run([sys.executable, "-c", fetch, "http://127.0.0.1:9917/metrics"]).stdout
