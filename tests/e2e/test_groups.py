# SPDX-License-Identifier: Apache-2.0
"""Order across the streams of a group: what the DR site has is of one moment."""
import struct
import subprocess
import sys
import threading

import pytest

from support.waiting import wait_until

RECORD = 512

# Writes records 0, 1, 2... to two connections in turn, each when the write before it has returned, in bursts of
# random length, until it is killed.
CHAIN = """
import random, socket, struct, sys, time
legs = [socket.create_connection((sys.argv[1], int(port))) for port in sys.argv[2:4]]
random.seed(int(sys.argv[4]))
number = 0
while True:
    for _ in range(random.randint(1, 200)):
        legs[random.random() < 0.4].sendall(struct.pack("<Q", number) * (512 // 8))
        number += 1
    time.sleep(random.random() * 0.003)
"""

# Accepts one connection on a port of the kernel's choice, and writes all that comes to its output.
TARGET = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
leg, _ = listener.accept()
try:
    while piece := leg.recv(1 << 16):
        sys.stdout.buffer.write(piece)
except ConnectionResetError:
    pass
sys.stdout.buffer.flush()
"""


class Target:
    """A target that keeps what it got."""

    def __init__(self, host):
        self.process = host.popen([sys.executable, "-c", TARGET], stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.received = b""
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        self.received = self.process.stdout.read()

    def records(self) -> list[int]:
        """After its connection has ended: the numbers of all records; a piece of one fails."""
        self.reader.join(60)
        assert not self.reader.is_alive(), "the target's connection has not ended"
        assert len(self.received) % RECORD == 0, f"{len(self.received) % RECORD} bytes of a record"
        return [struct.unpack_from("<Q", self.received, at)[0] for at in range(0, len(self.received), RECORD)]

    def close(self) -> None:
        self.process.kill()
        self.process.wait(20)
        self.reader.join(20)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_lost_primary_leaves_a_prefix_of_the_writes_across_two_streams(make_lab, make_pair, seed):
    lab = make_lab(rtt="20ms", rate="20mbit")
    targets = [Target(lab.b), Target(lab.b)]
    try:
        pair = make_pair(lab, link={"heartbeat": "250ms", "dead_after": "1s"},
                         routes={"r0": targets[0].port, "r1": targets[1].port}, route={"group": "vm"}).start()
        ports = [str(pair.entry(route)[1]) for route in ("r0", "r1")]
        with lab.a.popen([sys.executable, "-c", CHAIN, "127.0.0.1", *ports, str(seed)]) as chain:
            wait_until(lambda: pair.alpha.group("vm")["cuts"]["source"] > 20, 30, "cuts are proven")
            cuts = pair.alpha.group("vm")["cuts"]
            pair.alpha.kill9()
            chain.kill()
        pair.beta.wait_link_not("up", timeout=20)
        said = pair.beta.tell("takeover", "dr", timeout=60)
        numbers = [target.records() for target in targets]
        assert "proven by: a cut of its 2 streams, proven at the source" in said, f"{said}; {cuts}"
        assert all(numbers), "both streams have carried something"
        together = sorted(numbers[0] + numbers[1])
        assert together == list(range(len(together))), "a record is there without one before it"
    finally:
        for target in targets:
            target.close()
