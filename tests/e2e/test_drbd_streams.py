# SPDX-License-Identifier: Apache-2.0
"""Routes of protocol drbd, without DRBD: streams that begin as its two do. Real DRBD is in tests/drbd."""
import contextlib
import os
import socket
import threading
import time

import pytest
from support.waiting import wait_until

DATA, META = bytes.fromhex("83740267fff20000"), bytes.fromhex("83740267fff10000")
PING = bytes.fromhex("8374026700130000")
MIB = 1024 * 1024


class Peer:
    """Stands where the far DRBD is: reads data streams, and answers on meta streams what it is sent."""

    def __init__(self, host):
        self.listener = host.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.received = 0
        self.closed: list[tuple[bytes, int]] = []  # first packet, bytes in all
        self.connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                self.connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        first, size = b"", 0
        with contextlib.suppress(OSError), connection:
            first = connection.recv(8, socket.MSG_WAITALL)
            size = len(first)
            while more := connection.recv(65536):
                size += len(more)
                self.received += len(more)
                if first == META:
                    connection.sendall(more)
        self.closed.append((first, size))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def drbd_pair(make_lab, make_pair):
    """drbd_pair(lab settings) -> (lab, pair, peer, open): open(META) is a connection to the pair."""
    opened: list = []

    def make(link=None, **settings):
        lab = make_lab(**settings)
        peer = Peer(lab.b)
        pair = make_pair(lab, link=link, routes={"r0": peer.port}, route={"protocol": "drbd"}).start()

        def connect(first_packet: bytes) -> socket.socket:
            connection = lab.a.socket()
            connection.settimeout(30)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.connect(pair.entry())
            connection.sendall(first_packet)
            opened.append(connection)
            return connection

        opened.append(peer)
        return lab, pair, peer, connect

    yield make
    for one in opened:
        one.close()


def flood(connection: socket.socket, size: int) -> threading.Thread:
    """Sends so many random-looking bytes in the background."""
    def send():
        chunk = os.urandom(MIB)
        with contextlib.suppress(OSError):
            for _ in range(size // MIB):
                connection.sendall(chunk)
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def round_trip(meta: socket.socket) -> float:
    started = time.monotonic()
    meta.sendall(PING)
    assert meta.recv(len(PING), socket.MSG_WAITALL) == PING
    return time.monotonic() - started


def test_a_ping_does_not_wait_behind_a_backlog(drbd_pair):
    """20 MiB at 10 Mbit/s are 17 s of backlog; the router's queue is at most 0.2 s of it."""
    lab, pair, peer, connect = drbd_pair(rtt="100ms", rate="10mbit", queue="256KB")
    data, meta = connect(DATA), connect(META)
    assert round_trip(meta) < 1
    flood(data, 20 * MIB)
    wait_until(lambda: pair.alpha.link()["lag"]["bytes"] > 15 * MIB, 20, "a backlog")
    times = [round_trip(meta) for _ in range(20)]
    assert pair.alpha.link()["lag"]["bytes"] > 5 * MIB, "the backlog went too fast to say anything"
    assert max(times) < 1.0, f"round trips in s: {times}"


def test_a_ping_is_carried_when_the_buffer_is_full(drbd_pair):
    lab, pair, peer, connect = drbd_pair(link={"memlimit": "16MiB"}, rtt="20ms", rate="10mbit",
                                         queue="256KB")
    data, meta = connect(DATA), connect(META)
    round_trip(meta)
    flood(data, 40 * MIB)
    wait_until(lambda: pair.alpha.link()["buffer"]["full"], 20, "the buffer is full")
    assert max(round_trip(meta) for _ in range(20)) < 1.0


def test_a_ping_survives_a_cut(drbd_pair):
    lab, pair, peer, connect = drbd_pair(rtt="20ms", rate="50mbit")
    data, meta = connect(DATA), connect(META)
    round_trip(meta)
    flood(data, 8 * MIB)
    lab.cut()
    meta.sendall(PING)
    time.sleep(2)
    lab.heal()
    assert meta.recv(len(PING), socket.MSG_WAITALL) == PING
    wait_until(lambda: peer.received >= 8 * MIB, 60, "all data")


def test_another_protocol_on_a_drbd_route_is_carried_as_it_is(drbd_pair):
    lab, pair, peer, connect = drbd_pair(rtt="5ms")
    other = connect(b"GET / HT")
    other.sendall(bytes(3 * MIB))
    other.shutdown(socket.SHUT_WR)
    wait_until(lambda: (b"GET / HT", 3 * MIB + 8) in peer.closed, 30, "the stream and its end")
