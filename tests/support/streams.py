# SPDX-License-Identifier: Apache-2.0
"""TCP sources and sinks inside lab hosts: seeded data, hashed at both ends. See stream_peer.py."""
import hashlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

from support.stream_peer import pieces

PROGRAM = Path(__file__).with_name("stream_peer.py")
MIB = 1024 * 1024


class StreamFailure(AssertionError):
    """A peer did not do in time what a test counted on."""


class _Peer:
    """A running stream_peer. `host` is a lab host: it offers popen(argv, **subprocess options)."""

    def __init__(self, host, **spec):
        self.spec = spec
        self.process = host.popen(
            [sys.executable, str(PROGRAM), json.dumps(spec)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._last: dict | None = None
        self.port = self._line(60)["port"]

    def _line(self, timeout: float) -> dict:
        """The next answer; the process is ended when it does not come in time."""
        timer = threading.Timer(timeout, self.process.kill)
        timer.start()
        try:
            text = self.process.stdout.readline()
        finally:
            timer.cancel()
        if not text:
            raise StreamFailure(f"{type(self).__name__} {self.spec} gave no answer in {timeout} s")
        return json.loads(text)

    def tell(self, word: str, timeout: float = 20) -> dict:
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self._line(timeout)

    def report(self) -> dict:
        return self.tell("report")

    def pause(self) -> dict:
        return self.tell("pause")

    def resume(self) -> dict:
        return self.tell("resume")

    def finish(self, timeout: float = 60) -> dict:
        """Waits until every conversation has ended. The report; that of one conversation for one."""
        if self._last is None:
            try:
                self._last = self.tell("finish", timeout)
            except StreamFailure:
                self.close()
                raise
            self.close()
        return self._last

    def one(self, timeout: float = 60) -> dict:
        """The report of the only conversation, after it has ended."""
        talks = self.finish(timeout)["conversations"]
        if len(talks) != 1:
            raise StreamFailure(f"expected one conversation, there were {len(talks)}")
        return talks[0]

    def conversation(self) -> dict:
        """The report of the only conversation now; empty while there is none."""
        talks = self.report()["conversations"]
        return talks[0] if talks else {}

    def wait_over(self, timeout: float = 60) -> dict:
        """Waits until each conversation that there is has ended; the report."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            report = self.report()
            if report["conversations"] and all(talk["over"] for talk in report["conversations"]):
                return report
            time.sleep(0.05)
        raise StreamFailure(f"conversations still open after {timeout} s: {report}")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Source(_Peer):
    """Connects and sends. Keys: see stream_peer.Spec."""

    def __init__(self, host, connect: tuple[str, int], **spec):
        super().__init__(host, connect=list(connect), **spec)

    def wait_sent(self, timeout: float = 60) -> dict:
        """Waits until the kernel has taken all that was to be sent."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            talk = self.conversation()
            if "send_seconds" in talk:
                return talk
            time.sleep(0.05)
        raise StreamFailure(f"not all was taken in {timeout} s: {self.conversation()}")


class Sink(_Peer):
    """Accepts and reads. `address` is where it listens, chosen by the kernel unless given."""

    def __init__(self, host, listen: tuple[str, int] = ("127.0.0.1", 0), **spec):
        super().__init__(host, listen=list(listen), **spec)
        self.address = (listen[0], self.port)

    def wait_received(self, size: int, timeout: float = 60) -> dict:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            report = self.report()
            if report["received"] >= size:
                return report
            time.sleep(0.05)
        raise StreamFailure(f"{report['received']} of {size} bytes came in {timeout} s")

    def wait_conversations(self, count: int, timeout: float = 30) -> dict:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            report = self.report()
            if len(report["conversations"]) >= count:
                return report
            time.sleep(0.05)
        raise StreamFailure(f"{len(report['conversations'])} of {count} conversations in {timeout} s")


def assert_equal_streams(source: dict, sink: dict) -> None:
    """One conversation's reports of both ends: same bytes, and the end was seen as an end."""
    assert sink["received"] == source["sent"], f"{source['sent']} sent, {sink['received']} received"
    assert sink["received_sha256"] == source["sent_sha256"], "the content differs"
    assert sink["end"] == "eof", f"the end arrived as {sink['end']} ({sink['error']})"


def prefix_sha256(size: int, seed: int = 1, mix: str = "mixed") -> str:
    """What the first `size` bytes of an endless stream (size=-1 at the source) hash to."""
    digest, left = hashlib.sha256(), size
    for piece in pieces(mix, seed, -1):
        digest.update(piece[:left])
        left -= len(piece)
        if left <= 0:
            return digest.hexdigest()
    raise AssertionError("unreachable: the stream is endless")
