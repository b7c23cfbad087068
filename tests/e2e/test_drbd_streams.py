# SPDX-License-Identifier: Apache-2.0
"""Routes of protocol drbd, without DRBD: streams that begin as its two do. Real DRBD is in tests/drbd."""
import contextlib
import json
import os
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.waiting import wait_until

MIB = 1024 * 1024


def packet80(command: int, payload: bytes = b"") -> bytes:
    return struct.pack(">IHH", 0x83740267, command, len(payload)) + payload


DATA, META, PING, PING_ACK = packet80(0xFFF2), packet80(0xFFF1), packet80(0x13), packet80(0x14)
FEATURES = packet80(0xFFFE, bytes(72))


class Peer:
    """Stands where the far DRBD is: answers features on data streams and reads them, and pings on meta streams,
    where it sends back whatever else it gets. `paused`: reads no data."""

    def __init__(self, host):
        self.listener = host.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.received = 0
        self.closed: list[tuple[bytes, int]] = []  # first packet, bytes in all; in the order of their ends
        self.connections: dict[bytes, socket.socket] = {}
        self.running = threading.Event()
        self.running.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        first, size = b"", 0
        with connection:
            with contextlib.suppress(OSError):
                first = connection.recv(8, socket.MSG_WAITALL)
                self.connections[first] = connection
                size = len(first)
                if first == DATA:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
                    size += len(connection.recv(len(FEATURES), socket.MSG_WAITALL))
                    connection.sendall(FEATURES)
                while more := self._read(connection, first):
                    size += len(more)
                    self.received += len(more)
                    if first == META:
                        connection.sendall(more.replace(PING, PING_ACK))
            self.closed.append((first, size))  # before the close lets the other stream's end through

    def _read(self, connection: socket.socket, first: bytes) -> bytes:
        if first == DATA:
            self.running.wait()
        return connection.recv(65536)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def drbd_pair(make_lab, make_pair):
    """drbd_pair(lab settings) -> (lab, pair, peer, open): open(META) is a connection to the pair."""
    opened: list = []

    def make(link=None, route=None, **settings):
        lab = make_lab(**settings)
        peer = Peer(lab.b)
        pair = make_pair(lab, link=link, routes={"r0": peer.port}, 
                         route={"protocol": "drbd", **(route or {})}).start()

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
    assert meta.recv(len(PING_ACK), socket.MSG_WAITALL) == PING_ACK
    return time.monotonic() - started


def connect_pair(connect) -> tuple[socket.socket, socket.socket]:
    """A data and a meta connection after DRBD's first words: the nodes see a pair."""
    data, meta = connect(DATA), connect(META)
    round_trip(meta)
    data.sendall(FEATURES)
    assert data.recv(len(FEATURES), socket.MSG_WAITALL) == FEATURES
    round_trip(meta)
    return data, meta


@pytest.mark.parametrize("size_mib", [30, pytest.param(1024, marks=pytest.mark.long)])
@pytest.mark.parametrize("congestion", ["cubic", "bbr"])
def test_a_ping_does_not_wait_behind_a_backlog(drbd_pair, congestion, size_mib):
    """30 MiB at 10 Mbit/s are 25 s of backlog, a gigabyte is a quarter of an hour. The router's queue of 1 MB would
    be 0.8 s of it, if bulk were not paced: a ping is to take two round trips and 50 ms."""
    if congestion not in Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text().split():
        pytest.skip(f"{congestion} is not to be had here")
    lab, pair, peer, connect = drbd_pair(link={"congestion": congestion, "memlimit": f"{128 + 2 * size_mib}MiB"},
                                         rtt="100ms", rate="10mbit", queue="1MB")
    data, meta = connect(DATA), connect(META)
    assert round_trip(meta) < 1
    flood(data, size_mib * MIB)
    wait_until(lambda: pair.alpha.link()["lag"]["bytes"] > (size_mib - 15) * MIB, 60, "a backlog")
    time.sleep(3)  # the pacer has found the rate of the link
    before, began = pair.alpha.link()["lag"]["bytes"], time.monotonic()
    times = sorted(round_trip(meta) for _ in range(40))
    rate = (before - pair.alpha.link()["lag"]["bytes"]) / (time.monotonic() - began) / 1e6
    print(f"{congestion}: pings {times[0]:.3f} to {times[-1]:.3f} s, median {times[20]:.3f}; {rate:.2f} MB/s")
    assert pair.alpha.link()["lag"]["bytes"] > MIB, "the backlog went too fast to say anything"
    assert times[36] < 0.25, f"round trips in s: {times}"
    assert times[-1] < 0.6, f"round trips in s: {times}"
    assert rate > 0.6, "the link is far from full"


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
    data, meta = connect_pair(connect)
    flood(data, 8 * MIB)
    lab.cut()
    meta.sendall(PING)
    time.sleep(2)
    lab.heal()
    assert meta.recv(len(PING_ACK), socket.MSG_WAITALL) == PING_ACK
    wait_until(lambda: peer.received >= 8 * MIB, 60, "all data")


def test_pings_are_answered_during_an_outage_and_never_twice(drbd_pair):
    lab, pair, peer, connect = drbd_pair(link={"heartbeat": "200ms", "dead_after": "1s"},
                                         route={"answer_pings": "outage"}, rtt="20ms")
    data, meta = connect_pair(connect)
    lab.cut()
    meta.sendall(PING)  # before anybody knows that the link is down
    assert meta.recv(len(PING_ACK), socket.MSG_WAITALL) == PING_ACK
    assert pair.alpha.link()["state"] != "up"
    for _ in range(5):
        assert round_trip(meta) < 1
    assert pair.alpha.route()["drbd"]["pings_answered"] == 6
    lab.heal()
    for node in pair.nodes:
        node.wait_link("up")
    wait_until(lambda: peer.received >= 7 * len(PING), 20, "the peer has got the pings")
    other = packet80(0x1C, bytes(8))
    meta.sendall(other + PING + other)
    expected = other + PING_ACK + other
    assert meta.recv(len(expected), socket.MSG_WAITALL) == expected
    meta.settimeout(1)
    with pytest.raises(TimeoutError):
        meta.recv(1)
    assert pair.alpha.route()["drbd"]["pings_answered"] == 6


def test_pings_are_not_answered_unless_it_is_asked_for(drbd_pair):
    lab, pair, peer, connect = drbd_pair(link={"heartbeat": "200ms", "dead_after": "1s"}, rtt="20ms")
    data, meta = connect_pair(connect)
    lab.cut()
    meta.sendall(PING)
    pair.alpha.wait_link_not("up")
    meta.settimeout(2)
    with pytest.raises(TimeoutError):
        meta.recv(1)


def test_another_protocol_on_a_drbd_route_is_carried_as_it_is(drbd_pair):
    lab, pair, peer, connect = drbd_pair(rtt="5ms")
    other = connect(b"GET / HT")
    other.sendall(bytes(3 * MIB))
    other.shutdown(socket.SHUT_WR)
    wait_until(lambda: (b"GET / HT", 3 * MIB + 8) in peer.closed, 30, "the stream and its end")


def test_the_meta_stream_ends_after_the_bytes_of_its_data_stream(drbd_pair):
    """DRBD throws away what is on its way when its meta connection ends."""
    lab, pair, peer, connect = drbd_pair(rtt="20ms", rate="50mbit")
    data, meta = connect_pair(connect)
    peer.running.clear()
    flood(data, 6 * MIB).join(20)
    data.close()
    meta.close()
    time.sleep(2)
    assert peer.closed == []
    peer.running.set()
    wait_until(lambda: len(peer.closed) == 2, 20, "both ends")
    assert peer.closed[0] == (DATA, 6 * MIB + 8 + len(FEATURES))
    assert peer.closed[1][0] == META


def test_what_a_lost_site_has_sent_is_delivered_before_the_meta_stream_ends(drbd_pair):
    lab, pair, peer, connect = drbd_pair(rtt="20ms", rate="100mbit")
    data, meta = connect_pair(connect)
    peer.running.clear()
    flood(data, 6 * MIB).join(20)
    pair.alpha.wait_no_lag()
    pair.alpha.kill9()
    pair.beta.wait_link_not("up")
    with ThreadPoolExecutor(1) as pool:
        takeover = pool.submit(pair.beta.longthrow, "takeover", "dr", timeout=40)
        time.sleep(1)
        assert peer.closed == [] and not takeover.done()
        peer.running.set()
        assert "as of" in takeover.result().stdout, "it answers when all is handed over"
    wait_until(lambda: len(peer.closed) == 2, 5, "both ends")
    assert dict(peer.closed)[DATA] == 6 * MIB + 8 + len(FEATURES)


def test_a_new_handshake_is_refused_while_an_old_pair_drains(drbd_pair):
    lab, pair, peer, connect = drbd_pair(rtt="20ms", rate="20mbit")
    data, meta = connect_pair(connect)
    peer.running.clear()
    flood(data, 6 * MIB).join(20)
    data.close()
    meta.close()
    pair.alpha.wait_route("closed")
    with pytest.raises(ConnectionRefusedError):
        connect(DATA)
    peer.running.set()
    pair.alpha.wait_route("open")
    connect_pair(connect)


def test_closing_an_unpaired_channel_closes_nothing_else(drbd_pair):
    lab, pair, peer, connect = drbd_pair(rtt="10ms")
    crossed = connect(META)
    round_trip(crossed)
    crossed.close()
    data, meta = connect_pair(connect)
    assert pair.alpha.route()["state"] == "open"
    time.sleep(3)  # longer than the partner of a closed one is given
    round_trip(meta)
    data.sendall(bytes(MIB))
    wait_until(lambda: peer.received >= MIB, 10, "the data")


def test_closing_one_of_a_pair_closes_both(drbd_pair):
    lab, pair, peer, connect = drbd_pair(rtt="10ms")
    data, meta = connect_pair(connect)
    data.sendall(bytes(MIB))
    meta.close()
    with contextlib.suppress(ConnectionResetError):
        assert data.recv(1) == b""
    wait_until(lambda: len(peer.closed) == 2, 10, "both ends at the far side")
    assert dict(peer.closed)[DATA] == MIB + 8 + len(FEATURES)
    pair.alpha.wait_channels(0)


def test_what_the_end_of_a_pair_destroys_is_in_both_ledgers(drbd_pair):
    """DRBD at the far side drops its meta connection while its data connection takes nothing."""
    lab, pair, peer, connect = drbd_pair(rtt="5ms")
    data, meta = connect_pair(connect)
    peer.running.clear()
    flood(data, 6 * MIB).join(20)
    pair.alpha.wait_no_lag()
    peer.connections[META].shutdown(socket.SHUT_RDWR)

    def lost(node) -> dict:
        entries = wait_until(lambda: json.loads(node.tell("losses", "--json"))["losses"], 20, "a loss")
        assert len(entries) == 1, entries
        return entries[0]

    there, here = lost(pair.beta), lost(pair.alpha)
    assert (there["reason"], there["place"]) == ("pair_ended", "undelivered")
    assert (here["reason"], here["place"]) == ("peer_program_closed", "to_peer")
    # What its TCP had taken of a send that was under way counts as lost.
    assert MIB < there["bytes"] <= here["bytes"] <= 6 * MIB + 8 + len(FEATURES)
    peer.running.set()


@pytest.mark.parametrize("name", ["dr", "r0"])
def test_a_lost_sites_writes_are_acknowledged_before_the_data_stream_is_reset(drbd_pair, name):
    """A reset would destroy what DRBD has not yet read: its barrier acknowledgement says that it has."""
    lab, pair, peer, connect = drbd_pair(rtt="20ms", rate="100mbit")
    data, meta = connect_pair(connect)
    data.sendall(packet80(0x03, struct.pack(">II", 7, 0)))
    pair.alpha.wait_no_lag()
    pair.alpha.kill9()
    pair.beta.wait_link_not("up")
    with ThreadPoolExecutor(1) as pool:
        takeover = pool.submit(pair.beta.longthrow, "takeover", name, timeout=40)
        time.sleep(2)
        assert peer.closed == [] and not takeover.done()
        peer.connections[META].sendall(packet80(0x1C, struct.pack(">II", 7, 1)))
        # 3: of a DRBD that has not said how its disks are, nobody knows whether the copy is consistent.
        assert takeover.result(5).returncode == 3, takeover.result()
        assert "not known to be consistent" in takeover.result().stdout
    wait_until(lambda: len(peer.closed) == 2, 5, "both ends")


def test_the_target_of_a_resync_is_not_its_source(drbd_pair):
    """It asks for blocks, and says more than it has got: what its node holds of that is no data of anybody."""
    lab, pair, peer, connect = drbd_pair(rtt="20ms")
    connect_pair(connect)
    pair.alpha.kill9()
    pair.beta.wait_link_not("up")
    peer.connections[DATA].sendall(packet80(0x09, bytes(24)) * 1000)
    wait_until(lambda: pair.beta.group()["lag"]["bytes"] >= 32_000, 5, "the requests")
    said = pair.beta.longthrow("takeover", "dr", timeout=40)
    assert said.returncode == 3 and "not known to be consistent" in said.stdout, said


def test_who_has_sent_writes_is_their_source(drbd_pair):
    lab, pair, peer, connect = drbd_pair(rtt="20ms")
    data, _ = connect_pair(connect)
    pair.beta.kill9()
    pair.alpha.wait_link_not("up")
    data.sendall(packet80(0x00, bytes(24 + 4096)))
    wait_until(lambda: pair.alpha.group()["lag"]["bytes"] >= 4096, 5, "the write")
    said = pair.alpha.longthrow("takeover", "dr", timeout=40)
    assert said.returncode == 1 and "would destroy what is missing there" in said.stderr, said


def test_the_lag_is_the_age_of_the_oldest_open_barrier(drbd_pair):
    lab, pair, peer, connect = drbd_pair(rtt="20ms")
    data, meta = connect_pair(connect)
    drbd = pair.alpha.route()["drbd"]
    assert (drbd["paired"], drbd["lag_s"], drbd["barriers_open"]) == (True, 0.0, 0)
    for handle in (7, 8):
        data.sendall(packet80(0x03, struct.pack(">II", handle, 0)))
    time.sleep(1)
    drbd = pair.alpha.route()["drbd"]
    assert drbd["barriers_open"] == 2 and 0.9 < drbd["lag_s"] < 5
    peer.connections[META].sendall(packet80(0x1C, struct.pack(">II", 7, 1)))
    wait_until(lambda: pair.alpha.route()["drbd"]["barriers_open"] == 1, 5, "one answer")
    peer.connections[META].sendall(packet80(0x1C, struct.pack(">II", 8, 1)))
    wait_until(lambda: pair.alpha.route()["drbd"]["lag_s"] == 0, 5, "no lag")
    data.close()
    meta.close()
    wait_until(lambda: not pair.alpha.route()["drbd"]["paired"], 10, "no pair any more")
    assert pair.alpha.route()["drbd"]["sent"]["barriers"] == 2


def test_the_target_sees_the_address_of_the_listener(make_lab, make_pair):
    """DRBD 9 takes connections only from the address that it knows for its peer: the listener's."""
    lab = make_lab(rtt="5ms")
    with lab.b.socket() as listener, lab.a.socket() as client:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(20)
        pair = make_pair(lab, routes={"r0": listener.getsockname()[1]}, route={"protocol": "drbd"})
        pair.beta.tables["route.r0"]["listen"] = "127.0.0.2:7788"
        pair.beta.write_config()
        pair.start()
        client.connect(pair.entry())
        assert listener.accept()[1][0] == "127.0.0.2"
