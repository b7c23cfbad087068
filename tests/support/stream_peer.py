#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One end of TCP conversations, run as a program inside a lab host; `streams.py` starts it.

argv[1] is a JSON object (see `Spec`). It speaks JSON lines: `{"port": N}` when it listens or has
connected, then one answer to each command read from stdin: `report`, `pause` and `resume` (reading),
`stop` (sending: what is left is not sent, the configured end follows), `half_close`, `close`, `reset`,
`finish` (waits until every conversation is over, reports, ends). End of stdin ends it at once.
"""
import hashlib
import json
import os
import random
import resource
import socket
import struct
import sys
import threading
import time

CHUNK = 64 * 1024
TICK = 0.2  # seconds
WORDS = b"commit checkpoint relation block page tuple insert update barrier sector request "


def chunk_of(generator: random.Random, mix: str, seed: int, offset: int, size: int) -> bytes:
    """One piece of the stream: it names its own place, so that a splice or a swap changes the hash."""
    place = struct.pack("!QQ", seed & (2**64 - 1), offset)
    if mix == "random":
        body = generator.randbytes(size)
    elif mix == "zeros":
        body = bytes(size)
    else:  # mixed: as a disk is: noise, text, nothing
        noise = generator.randbytes(size // 2)
        start = generator.randrange(len(WORDS))
        text = (WORDS[start:] + WORDS * (size // 4 // len(WORDS) + 1))[: size // 4]
        body = noise + text + bytes(size - len(noise) - len(text))
    return (place + body)[:size]


def pieces(mix: str, seed: int, size: int):
    generator = random.Random(seed)
    offset = 0
    while size < 0 or offset < size:
        length = CHUNK if size < 0 else min(CHUNK, size - offset)
        yield chunk_of(generator, mix, seed, offset, length)
        offset += length


class Spec:
    """What a peer is told. Sizes in bytes, rates in bytes per second (0: as fast as it goes)."""

    def __init__(self, given: dict):
        self.connect = given.get("connect")  # [host, port]
        self.listen = given.get("listen")  # [host, port]; port 0: any
        self.connections = given.get("connections", 1)
        self.gap = given.get("gap", 0.0)  # seconds between connections
        self.serial = given.get("serial", False)  # one after the other
        self.size = given.get("size", 0)  # -1: until `stop`
        self.seed = given.get("seed", 1)  # connection i sends seed + i
        self.mix = given.get("mix", "mixed")
        self.rate = given.get("rate", 0)
        self.end = given.get("end", "half_close")  # half_close | close | reset | hold
        self.answer = given.get("answer", False)  # after their end: our SHA-256 of it, then close
        self.read = given.get("read", True)
        self.read_rate = given.get("read_rate", 0)
        self.stall_after = given.get("stall_after", -1)  # bytes; then reading waits for `resume`
        self.reset_after = given.get("reset_after", -1)  # bytes received
        self.hold_after_end = given.get("hold_after_end", False)  # keep ours open after their end
        self.sndbuf = given.get("sndbuf", 0)
        self.rcvbuf = given.get("rcvbuf", 0)
        unknown = set(given) - set(vars(self))
        if unknown:
            raise SystemExit(f"stream_peer: unknown keys {unknown}")


class Pace:
    """Keeps a mean rate; a stop of the far side is not caught up."""

    def __init__(self, rate: float):
        self.rate = rate
        self.due = time.monotonic()

    def wait(self, size: int) -> None:
        if self.rate <= 0:
            return
        now = time.monotonic()
        self.due = max(self.due, now - 0.2) + size / self.rate
        if self.due > now:
            time.sleep(self.due - now)


class Conversation:
    """One connection: a thread that sends, one that receives and alone may close.

    Both look up every TICK: a descriptor closed under a blocked call would stay open in the kernel.
    """

    def __init__(self, spec: Spec, index: int, gate: threading.Event):
        self.spec, self.index, self.gate = spec, index, gate
        self.sock: socket.socket | None = None
        self.over = threading.Event()
        self.sending_done = threading.Event()
        self.stop_sending = False
        self.wanted_end = ""  # close | reset: carried out by the receiving thread
        self.sent, self.received, self.tail = 0, 0, b""
        self.sent_hash, self.received_hash = hashlib.sha256(), hashlib.sha256()
        self.facts: dict = {"index": index, "end": "open", "answer_ok": None, "error": ""}
        # Made before the clock starts: a burst is then as fast as the socket takes it.
        self.data = list(pieces(spec.mix, spec.seed + index, spec.size)) if spec.size > 0 else None

    def run(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(TICK)
        sender = threading.Thread(target=self._send, daemon=True)
        sender.start()
        try:
            self._receive()
        except OSError as error:
            self.facts["end"] = "reset" if isinstance(error, ConnectionResetError) else "error"
            self.facts["error"] = str(error)
            self.wanted_end = self.wanted_end or "close"
        self.facts["ended_at"] = time.monotonic()
        self._finish(sender)
        self.over.set()

    def _finish(self, sender: threading.Thread) -> None:
        sender.join()
        ended_by_them = self.facts["end"] == "eof"
        try:
            if ended_by_them and self.spec.answer:
                self.sock.settimeout(30)
                self.sock.sendall(self.received_hash.digest())
        except OSError as error:
            self.facts["error"] = str(error)
        if self.wanted_end == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif ended_by_them and self.spec.hold_after_end:
            return
        self.sock.close()

    def _receive(self) -> None:
        pace, spec = Pace(self.spec.read_rate), self.spec
        while not self.wanted_end:
            if not self.gate.wait(TICK):
                continue
            try:
                data = self.sock.recv(CHUNK)
            except TimeoutError:
                continue
            now = time.monotonic()
            self.facts.setdefault("first_at", now)
            self.facts["last_at"] = now
            if not data:
                self.facts["end"] = "eof"
                self._check_answer()
                return
            self.received += len(data)
            self.received_hash.update(data)
            self.tail = (self.tail + data)[-32:]
            pace.wait(len(data))
            if 0 <= spec.reset_after <= self.received:
                self.wanted_end = "reset"
            if 0 <= spec.stall_after <= self.received:
                spec.stall_after = -1
                self.gate.clear()
        self.facts["end"] = self.wanted_end + "_here"

    def _check_answer(self) -> None:
        """The far side answered with the hash of what it got: the whole round trip in one bit."""
        if self.received == 32 and self.sending_done.wait(60):
            self.facts["answer_ok"] = self.tail == self.sent_hash.digest()

    def _send(self) -> None:
        started = time.monotonic()
        sent_pieces: list[bytes] = []
        try:
            self._send_all(sent_pieces)
            self.facts["send_seconds"] = time.monotonic() - started
        except OSError as error:
            self.facts["send_error"] = str(error)
        for piece in sent_pieces:
            self.sent_hash.update(piece)
        self.sending_done.set()

    def _send_all(self, sent_pieces: list[bytes]) -> None:
        spec, pace = self.spec, Pace(self.spec.rate)
        stream = self.data if self.data is not None else pieces(spec.mix, spec.seed, spec.size)
        for piece in stream:
            if self.stop_sending or self.wanted_end:
                break
            count = self._send_piece(piece)
            taken = piece if count == len(piece) else piece[:count]
            if self.data is None:
                self.sent_hash.update(taken)
            else:
                sent_pieces.append(taken)
            pace.wait(len(piece))
        if not self.wanted_end and spec.size != 0:
            self.act(spec.end)

    def _send_piece(self, piece: bytes) -> int:
        """How much of it was taken before an end was wanted; all of it otherwise."""
        done, view, before = 0, memoryview(piece), time.monotonic()
        while done < len(piece) and not self.wanted_end:
            try:
                done += self.sock.send(view[done:])
            except TimeoutError:
                continue
        now = time.monotonic()
        self.facts["slowest_send_seconds"] = max(
            self.facts.get("slowest_send_seconds", 0.0), now - before)
        self.facts["send_at"] = now
        self.sent += done
        return done

    def act(self, end: str) -> None:
        if end == "half_close":
            self.sock.shutdown(socket.SHUT_WR)
        elif end in ("close", "reset"):
            self.wanted_end = end

    def report(self) -> dict:
        over = self.over.is_set()  # first: what is over does not change any more
        hashes = {}
        if self.sending_done.is_set():
            hashes["sent_sha256"] = self.sent_hash.hexdigest()
        return {**self.facts, **hashes, "sent": self.sent, "received": self.received,
                "received_sha256": self.received_hash.hexdigest(), "over": over}


class Peer:
    def __init__(self, spec: Spec):
        self.spec = spec
        self.gate = threading.Event()
        if spec.read:
            self.gate.set()
        self.failures: list[str] = []
        self.conversations: list[Conversation] = []
        if spec.connect:  # what is sent is made before anybody looks at a clock
            self.conversations = [Conversation(spec, i, self.gate) for i in range(spec.connections)]
        self.opened = threading.Event()

    def tune(self, sock: socket.socket) -> None:
        if self.spec.sndbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.spec.sndbuf)
        if self.spec.rcvbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.spec.rcvbuf)

    def accept_all(self, listener: socket.socket) -> None:
        while True:
            sock, _ = listener.accept()
            talk = Conversation(self.spec, len(self.conversations), self.gate)
            self.conversations.append(talk)
            threading.Thread(target=talk.run, args=(sock,), daemon=True).start()

    def connect_all(self) -> None:
        for talk in self.conversations:
            sock = socket.socket()
            self.tune(sock)
            sock.settimeout(20)
            try:
                sock.connect(tuple(self.spec.connect))
            except OSError as error:
                self.failures.append(str(error))
                talk.facts["end"], talk.facts["error"] = "refused", str(error)
                talk.sending_done.set()
                talk.over.set()
                continue
            if self.spec.serial:
                talk.run(sock)
            else:
                threading.Thread(target=talk.run, args=(sock,), daemon=True).start()
            time.sleep(self.spec.gap)
        self.opened.set()

    def start(self) -> None:
        if self.spec.listen:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.tune(listener)
            listener.bind(tuple(self.spec.listen))
            listener.listen(1024)
            say({"port": listener.getsockname()[1]})
            threading.Thread(target=self.accept_all, args=(listener,), daemon=True).start()
        else:
            say({"port": 0})
            threading.Thread(target=self.connect_all, daemon=True).start()

    def report(self) -> dict:
        talks = [talk.report() for talk in list(self.conversations)]
        return {"conversations": talks, "failures": self.failures,
                "sent": sum(talk["sent"] for talk in talks),
                "received": sum(talk["received"] for talk in talks),
                "at": time.monotonic(), "opened": self.opened.is_set()}

    def finish(self) -> dict:
        if self.spec.connect:
            self.opened.wait()
        for talk in list(self.conversations):
            talk.over.wait()
            talk.sending_done.wait()
        return self.report()

    def command(self, word: str) -> dict:
        if word == "pause":
            self.gate.clear()
        elif word == "resume":
            self.gate.set()
        elif word == "finish":
            return self.finish()
        elif word != "report":
            for talk in list(self.conversations):
                self._tell(talk, word)
        return self.report()

    def _tell(self, talk: Conversation, word: str) -> None:
        if word == "stop":
            talk.stop_sending = True
            return
        try:
            talk.act(word)
        except OSError as error:
            talk.facts["error"] = talk.facts["error"] or str(error)


def say(value: dict) -> None:
    print(json.dumps(value), flush=True)


def main() -> None:
    threading.stack_size(256 * 1024)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536), most))
    peer = Peer(Spec(json.loads(sys.argv[1])))
    peer.start()
    for line in sys.stdin:
        word = line.strip()
        say(peer.command(word))
        if word == "finish":
            break
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
