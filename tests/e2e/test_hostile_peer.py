# SPDX-License-Identifier: Apache-2.0
"""A peer that is let in and means harm: what it costs is bounded, and what it says stays a text."""
import json
import re
import subprocess
import sys

import pytest
from support.node import ROOT, Node, sanitized
from support.streams import MIB
from support.waiting import wait_until

ROUTES = 64

# Runs inside a host: argv are host, port, kind, hello in hex, seconds, routes. "unread": asks for answers for ever
# and never reads one. "bye": says goodbye with a text that poses as more than a text.
PEER = r"""
import socket, struct, sys, time
host, port, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
hello, seconds = bytes.fromhex(sys.argv[4]), float(sys.argv[5])
def record(kind, body): return struct.pack("<BBHI", kind, 0, 0, len(body)) + body
def text(words): return struct.pack("<H", len(words)) + words
def routes(version):
    entries = [struct.pack("<IIBB", i + 1, i + 1, 0, 3) + 2 * text(b"r%d" % i) for i in range(int(sys.argv[6]))]
    return record(3, struct.pack("<IH", version, len(entries)) + b"".join(entries))
sock = socket.create_connection((host, port), timeout=10)
sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
sock.sendall(b"LTPLAIN1" + hello)
assert sock.recv(8) and sock.recv(8), "not let in"
if kind == "bye":
    sock.sendall(record(2, b"\x05" + text(b"over \"here\"\n2026-01-01 error forged\x1b[2J\xff\\x41")))
    time.sleep(seconds)
    sys.exit()
end, version = time.monotonic() + seconds, 0
while time.monotonic() < end:
    version += 1
    sock.sendall(routes(version) + record(6, struct.pack("<QqQH", version, 1, 0, 0)))
print(version, flush=True)
time.sleep(60)
"""


def golden(name: str) -> str:
    """A record of the worked example in PROTOCOL.md, in hex."""
    text = (ROOT / "PROTOCOL.md").read_text()
    return "".join(re.search(rf"```hex {name}\n(.*?)```", text, re.S).group(1).split())


@pytest.fixture
def beta(make_lab, folder, io, request):
    lab = make_lab()
    tables = {"link.dr": {"listen": f"{lab.b.address}:7700", "memlimit": "128MiB", "tls": "none",
                          "allow_plaintext": True, **getattr(request, "param", {})}}
    for index in range(ROUTES):
        tables[f"route.r{index}"] = {"link": "dr", "target": "127.0.0.1:9"}
    node = Node(lab.b, folder / "beta", "beta", tables, io).start()
    node.lab = lab
    yield node
    node.stop()


def hostile(beta, kind: str, seconds: float) -> subprocess.Popen:
    return beta.lab.a.popen([sys.executable, "-c", PEER, beta.lab.b.address, "7700", kind, golden("hello"),
                             str(seconds), str(ROUTES)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_peer_that_never_reads_costs_no_memory(beta):
    before = beta.rss_bytes()
    peer = hostile(beta, "unread", 4)
    try:
        asked = int(peer.stdout.readline() or 0)
        assert asked > 500, (asked, peer.stderr.read() if peer.poll() is not None else "")
        express = beta.link()["lane_list"][0]
        assert express["unsent_bytes"] < 640 * 1024, express
        if not sanitized():
            assert beta.rss_bytes() < before + 8 * MIB
    finally:
        peer.kill()
        peer.communicate()


@pytest.mark.parametrize("beta", [{"dead_after": "1s", "heartbeat": "500ms"}], indirect=True)
def test_a_peer_that_sends_and_never_reads_is_ended_with_the_reason(beta):
    peer = hostile(beta, "unread", 30)
    try:
        beta.wait_log("down: the peer sends, and has read nothing for 2 s", timeout=20)
    finally:
        peer.kill()
        peer.communicate()


def test_what_a_peer_says_is_shown_as_text(beta):
    peer = hostile(beta, "bye", 2)
    try:
        line = beta.wait_log("the peer said")
        shown = r'over "here"\x0a2026-01-01 error forged\x1b[2J\xff\\x41'
        assert shown in line, line
        why = wait_until(lambda: beta.link().get("reason"), 5, "status says why")
        assert shown in why, why
        assert json.dumps(beta.status()).isascii()
    finally:
        peer.kill()
        peer.communicate()


# Stands between two nodes, argv are the address and port of the dialled one: after each hello of the dialler it puts a
# record in that breaks the protocol. Prints its port.
BREAKER = r"""
import socket, struct, sys, threading
def pass_on(source, target, hello_bytes):
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk[:hello_bytes])
            if 0 < hello_bytes <= len(chunk):
                target.sendall(struct.pack("<BBHI", 3, 0, 0, 0))
            target.sendall(chunk[hello_bytes:])
            hello_bytes = max(hello_bytes - len(chunk), 0)
    except OSError:
        pass
    for end in (source, target):
        try: end.shutdown(socket.SHUT_RDWR)
        except OSError: pass
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    dialler = server.accept()[0]
    node = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    for way in ((dialler, node, int(sys.argv[3])), (node, dialler, 0)):
        threading.Thread(target=pass_on, args=way, daemon=True).start()
"""


def test_a_peer_that_goes_on_breaking_the_protocol_loses_its_session(beta, folder, io):
    hello_bytes = len("LTPLAIN1") + len(bytes.fromhex(golden("hello")))
    breaker = beta.lab.a.popen([sys.executable, "-c", BREAKER, beta.lab.b.address, "7700", str(hello_bytes)],
                               stdout=subprocess.PIPE, text=True)
    tables = {"link.dr": {"connect": f"127.0.0.1:{int(breaker.stdout.readline())}", "memlimit": "64MiB", "tls": "none",
                          "allow_plaintext": True}}
    alpha = Node(beta.lab.a, folder / "alpha", "alpha", tables, io).start()
    try:
        line = beta.wait_log("the session has ended: ", timeout=20)
        assert "the peer has broken the protocol 8 times, last with malformed routes" in line, line
        assert beta.link()["totals"]["protocol_errors"] >= 8
        alpha.wait_log("the session has ended: the peer has ended the session", timeout=5)
    finally:
        alpha.stop()
        breaker.kill()
        breaker.communicate()
