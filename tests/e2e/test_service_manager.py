# SPDX-License-Identifier: Apache-2.0
"""What the daemon tells systemd, by sd_notify(3): here the test is the service manager."""
import socket
import time
from signal import SIGHUP, SIGTERM

import pytest
from support.stopped_thread import stopped_thread
from support.streams import MIB, Sink, Source
from support.waiting import wait_until

WATCHDOG_SECONDS = 1.5


class Manager:
    """Listens where NOTIFY_SOCKET says, and remembers every message with the time when it was read."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.messages: list[tuple[float, dict[str, str]]] = []

    def launcher(self) -> list[str]:
        return ["env", f"NOTIFY_SOCKET={self.path}", f"WATCHDOG_USEC={int(WATCHDOG_SECONDS * 1e6)}"]

    def heard(self) -> list[dict[str, str]]:
        while True:
            try:
                text = self.socket.recv(4096).decode()
            except BlockingIOError:
                return [message for _, message in self.messages]
            self.messages.append((time.monotonic(), dict(line.split("=", 1) for line in text.splitlines())))

    def wait(self, key: str, after: int = 0, timeout: float = 20) -> dict[str, str]:
        """The first message with this key behind the first `after` ones."""
        return wait_until(lambda: next((m for m in self.heard()[after:] if key in m), None), timeout, f"{key} is told")

    def count(self) -> int:
        return len(self.heard())


@pytest.fixture
def manager(folder):
    return Manager(folder / "notify")


@pytest.fixture
def pair(make_lab, make_pair, manager):
    lab = make_lab()
    sink = Sink(lab.b)
    made = make_pair(lab, routes={"r0": sink.port})
    made.alpha.launcher = manager.launcher()
    with sink:
        yield made.start()


def test_it_is_ready_once_it_can_be_asked(pair, manager):
    assert "node alpha" in manager.wait("READY")["STATUS"]


def test_a_reload_is_said_to_begin_and_to_be_over(pair, manager):
    manager.wait("READY")
    before, began = manager.count(), time.monotonic_ns() // 1000
    pair.alpha.signal(SIGHUP)
    assert int(manager.wait("RELOADING", before)["MONOTONIC_USEC"]) >= began
    reloading = next(index for index, message in enumerate(manager.heard()) if "RELOADING" in message)
    manager.wait("READY", reloading + 1)


def test_the_watchdog_is_fed_by_the_loop_and_by_nothing_else(pair, manager):
    manager.wait("WATCHDOG")
    with stopped_thread(pair.alpha.pid):  # the loop's thread; control, codecs and signals have their own
        manager.heard()
        before = manager.count()
        answer = pair.alpha.longthrow("status")
        assert "the data plane did not answer in time" in answer.stderr, "the control thread goes on"
        time.sleep(2 * WATCHDOG_SECONDS)
        assert not [message for message in manager.heard()[before:] if "WATCHDOG" in message]
    manager.wait("WATCHDOG", before)


def test_the_watchdog_is_fed_in_time(pair, manager):
    manager.wait("WATCHDOG")
    time.sleep(3 * WATCHDOG_SECONDS)
    manager.heard()
    times = [when for when, message in manager.messages if "WATCHDOG" in message]
    assert len(times) >= 6, "three times in each interval, about"


def test_while_it_stops_it_asks_for_time_and_says_what_is_left(pair, manager):
    lab = pair.lab
    lab.cut()
    with Source(lab.a, pair.entry("r0"), size=4 * MIB) as source:
        source.wait_sent()
        wait_until(lambda: pair.alpha.link()["lag"]["bytes"] >= 4 * MIB, 20, "all is accepted")
        before = manager.count()
        pair.alpha.signal(SIGTERM)
        first = manager.wait("STOPPING", before)
        assert "bytes to deliver" in first["STATUS"] and not first["STATUS"].startswith("stopping, 0 bytes")
        assert int(first["EXTEND_TIMEOUT_USEC"]) == 10_000_000
        again = manager.count()
        assert "EXTEND_TIMEOUT_USEC" in manager.wait("STOPPING", again), "it asks again, in small pieces"
        lab.heal()
        assert pair.alpha.wait_end(60) == 0
