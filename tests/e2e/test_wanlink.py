# SPDX-License-Identifier: Apache-2.0
"""The WAN emulator and the lab themselves: what the other tests stand on."""
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.lab import Lab, LabError, find_wanlink, refusal  # noqa: E402
from support.privileges import is_real_root  # noqa: E402
from support.waiting import wait_until  # noqa: E402

pytestmark = pytest.mark.skipif(bool(refusal()), reason=refusal() or "-")

MIB = 1024 * 1024
TESTS = Path(__file__).resolve().parents[1]


class Stream:
    """A TCP stream between two hosts: sent by a thread, received by another, hashed at both ends."""

    def __init__(self, sender, receiver, address: str, size: int, seed: int = 1):
        self.received, self.finished_at, self.failure = 0, None, None
        self.marks: list[tuple[float, int]] = []  # (time, bytes received by then)
        self._data = random.Random(seed).randbytes(MIB)
        self._size, self._hash = size, hashlib.sha256()
        listener = receiver.socket()
        listener.bind((address, 0))
        listener.listen()
        self._out = sender.socket()
        self._out.settimeout(60)
        self._out.connect(listener.getsockname())
        self._in = listener.accept()[0]
        self._in.settimeout(60)
        listener.close()
        self._threads = [threading.Thread(target=self._guard, args=(role,))
                         for role in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def _guard(self, role):
        try:
            role()
        except OSError as error:
            self.failure = error

    def _send(self):
        for _ in range(self._size // MIB):
            self._out.sendall(self._data)
        self._out.shutdown(socket.SHUT_WR)

    def _receive(self):
        while piece := self._in.recv(256 * 1024):
            self._hash.update(piece)
            self.received += len(piece)
            self.marks.append((time.monotonic(), self.received))
        self.finished_at = time.monotonic()

    def finish(self, timeout: float = 60) -> None:
        for thread in self._threads:
            thread.join(timeout)
        assert self.finished_at is not None, f"not over: {self.received} bytes, {self.failure}"
        expected = hashlib.sha256(self._data * (self._size // MIB)).hexdigest()
        assert self._hash.hexdigest() == expected
        self._in.close()
        self._out.close()

    def goodput_bits_s(self, skip: int) -> float:
        """Over what came after the first `skip` bytes (slow start)."""
        begin, first = next(mark for mark in self.marks if mark[1] >= skip)
        end, last = self.marks[-1]
        return (last - first) * 8 / (end - begin)


def round_trips(lab, count: int = 15) -> list[float]:
    """Milliseconds that a connect takes: one round trip, answered by the kernel alone."""
    with lab.b.socket() as listener:
        listener.bind((lab.b.address, 0))
        listener.listen(count)
        times = []
        for _ in range(count):
            with lab.a.socket() as probe:
                begin = time.monotonic()
                probe.connect(listener.getsockname())
                times.append((time.monotonic() - begin) * 1000)
        return times


@pytest.mark.parametrize("rtt", [5, 80])
def test_round_trip_is_as_configured(rtt):
    with Lab(rtt=f"{rtt}ms") as lab:
        times = round_trips(lab)
    assert min(times) >= rtt
    assert min(times) < rtt + 2, times
    assert statistics.median(times) < rtt + 15, "later than a busy machine explains"


def test_delay_set_live_counts_at_once():
    with Lab(rtt="10ms") as lab:
        lab.set(rtt="60ms")
        assert 60 <= min(round_trips(lab)) < 62
        lab.set("delay=1ms", direction="a2b")
        assert 31 <= min(round_trips(lab)) < 33


@pytest.mark.parametrize("backwards", [False, True], ids=["a2b", "b2a"])
def test_throughput_is_that_of_the_rate(backwards):
    with Lab(rtt="20ms", rate_a2b="24mbit", rate_b2a="16mbit", queue="200KB") as lab:
        ends = (lab.b, lab.a) if backwards else (lab.a, lab.b)
        stream = Stream(*ends, ends[1].address, 8 * MIB)
        stream.finish()
        rate = (16e6 if backwards else 24e6) * 1448 / 1500
        assert stream.goodput_bits_s(skip=2 * MIB) == pytest.approx(rate, rel=0.1)
        assert lab.stats()["b2a" if backwards else "a2b"]["queue_peak_bytes"] <= 200_000


def test_outage_of_two_seconds_stalls_and_recovers():
    with Lab(rtt="10ms", rate="20mbit", queue="100KB") as lab:
        stream = Stream(lab.a, lab.b, lab.b.address, 8 * MIB)
        wait_until(lambda: stream.received > MIB, 20, "the stream runs")
        begin = time.monotonic()
        lab.outage(2.0)
        began = time.monotonic()
        wait_until(lambda: lab.stats()["a2b"]["state"] == "up", 10, "the outage ends")
        assert 1.9 < time.monotonic() - begin < 4
        during = [mark for mark in stream.marks if began + 0.2 < mark[0] < begin + 2.0]
        assert not during, "bytes came through a cut"
        assert stream.finished_at is None
        stream.finish()
        assert lab.stats()["a2b"]["lost"]["outage"] > 0


def test_hold_outage_loses_nothing():
    with Lab(rtt="10ms", rate="20mbit", queue="16MB", outage_mode="hold") as lab:
        stream = Stream(lab.a, lab.b, lab.b.address, 4 * MIB)
        wait_until(lambda: stream.received > MIB, 20, "the stream runs")
        lab.cut()
        time.sleep(0.5)
        held = stream.received
        time.sleep(0.5)
        assert stream.received == held < 4 * MIB
        lab.heal()
        stream.finish()
        assert sum(lab.stats()["a2b"]["lost"].values()) == 0


def test_cut_of_one_direction_leaves_the_other():
    with Lab(rtt="2ms") as lab:
        with lab.a.socket(kind=socket.SOCK_DGRAM) as a, lab.b.socket(kind=socket.SOCK_DGRAM) as b:
            a.bind((lab.a.address, 0))
            b.bind((lab.b.address, 0))
            a.settimeout(10)
            b.settimeout(0.3)
            lab.cut("a2b")
            a.sendto(b"lost", b.getsockname())
            with pytest.raises(TimeoutError):
                b.recv(10)
            b.sendto(b"there", a.getsockname())
            assert a.recv(10) == b"there"


def test_data_is_equal_both_ways_through_loss_and_full_queues():
    with Lab(rtt="4ms", rate="200mbit", queue="60KB", loss="0.3%", seed=11) as lab:
        streams = [Stream(lab.a, lab.b, lab.b.address, 20 * MIB, seed=1),
                   Stream(lab.b, lab.a, lab.a.address, 20 * MIB, seed=2)]
        for stream in streams:
            stream.finish(120)
        stats = lab.stats()
    for name in ("a2b", "b2a"):
        assert stats[name]["out"]["bytes"] > 20 * MIB
        assert stats[name]["cut_frames"] > 0, "nothing was cut: this tested nothing"
        share = stats[name]["lost"]["chance"] / stats[name]["in"]["packets"]
        assert 0.001 < share < 0.006
        assert stats[name]["lost"]["malformed"] == stats[name]["lost"]["device"] == 0


def test_data_is_equal_over_ipv6_with_bursts_of_loss():
    with Lab(rtt="4ms", rate="100mbit", burst_loss="0.1%,30%", seed=5) as lab:
        with lab.b.socket(socket.AF_INET6) as listener, lab.a.socket(socket.AF_INET6) as out:
            listener.bind((lab.wans[0].address6_of(lab.b), 0))
            listener.listen()
            out.connect(listener.getsockname()[:2])
            received, data = listener.accept()[0], random.Random(3).randbytes(4 * MIB)
            sender = threading.Thread(target=out.sendall, args=(data,))
            sender.start()
            received.settimeout(60)
            got = _read(received, len(data))
            sender.join(10)
            received.close()
        assert got == data
        assert lab.stats()["a2b"]["lost"]["chance"] > 0


def _read(source: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size and (piece := source.recv(65536)):
        data += piece
    return bytes(data)


ETHTOOL = """
import fcntl, socket, struct, ctypes, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    for command in (0x1f, 0x24, 0x17):  # STSO, SGSO, STXCSUM
        value = ctypes.create_string_buffer(struct.pack("II", command, 0))
        request = struct.pack("16sP16x", sys.argv[1].encode(), ctypes.addressof(value))
        fcntl.ioctl(any_socket, 0x8946, request)
"""


@pytest.mark.skipif(not shutil.which("ip"), reason="needs ip (iproute2) to set routes")
def test_checksums_of_cut_packets_hold_for_a_receiver_that_looks():
    """A TUN device's receiver trusts what is marked as unfinished. So: a router behind the emulator
    finishes the checksums from what the emulator left in the packets, and the next host verifies."""
    with Lab("a", "router", "b") as lab:
        lab.wan("a", "router", rtt="2ms", rate="100mbit", loss="0.2%")
        behind = lab.wan("router", "b")
        lab.router.sysctl("net.ipv4.ip_forward", "1")
        lab.a.run(["ip", "route", "add", "10.77.1.0/24", "via", lab.router.address])
        lab.b.run(["ip", "route", "add", "10.77.0.0/24", "via", behind.address_of(lab.router)])
        lab.router.run([sys.executable, "-c", ETHTOOL, "wan1"])
        Stream(lab.a, lab.b, lab.b.address, 8 * MIB).finish()
        assert lab.wans[0].stats()["a2b"]["cut_frames"] > 100
        lines = [line.split() for line in
                 lab.b.inside(Path("/proc/thread-self/net/snmp").read_text).splitlines()
                 if line.startswith("Tcp:")]
        assert int(dict(zip(*lines))["InCsumErrors"]) == 0
        assert int(dict(zip(*lines))["InSegs"]) > 8 * MIB / 1448


def test_control_socket_answers_and_refuses():
    with Lab(rtt="2ms") as lab:
        wan = lab.wans[0]
        assert wan.stats()["a2b"]["delay_ms"] == 1
        with pytest.raises(LabError, match="write it like"):
            lab.set("rate=fast")
        send = [find_wanlink(), "--send", wan.control]
        done = subprocess.run([*send, "set a2b loss=5%"], capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == {"ok": True}
        assert wan.stats()["a2b"]["loss"] == 0.05 and wan.stats()["b2a"]["loss"] == 0
        refused = subprocess.run([*send, "dance"], capture_output=True, text=True, check=False)
        assert refused.returncode == 1 and not json.loads(refused.stdout)["ok"]
        with socket.socket(socket.AF_UNIX) as babbler:
            babbler.settimeout(10)
            babbler.connect(str(wan.control))
            with pytest.raises(OSError):  # a line without an end is cut off, not stored
                for _ in range(100):
                    babbler.sendall(b"x" * 4096)
                    time.sleep(0.01)
        wan.command("quit")
        assert wan.process.wait(10) == 0
        assert not wan.control.exists()


def wanlink_between(a, b, *options: str) -> list[str]:
    return [str(find_wanlink()), "--netns-a", a.netns, "--netns-b", b.netns, *options]


@pytest.mark.parametrize("command, status", [("true", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_exit_status_of_the_command_is_passed_on(command, status):
    with Lab("a", "b") as lab:
        argv = wanlink_between(lab.a, lab.b, "--stats-json", "-", "--", "sh", "-c", command)
        done = lab.a.run(argv, check=False)
    assert done.returncode == status
    ready, stats = done.stdout.splitlines()
    assert ready == "ready"
    assert json.loads(stats)["a2b"]["state"] == "up"


def test_sigterm_takes_the_devices_away_and_tells_statistics():
    with Lab("a", "b") as lab:
        stats = lab.folder / "stats.json"
        emulator = lab.a.popen(wanlink_between(lab.a, lab.b, "--stats-json", str(stats)),
                               stdout=subprocess.PIPE, text=True)
        assert emulator.stdout.readline() == "ready\n"
        devices = lab.a.inside(Path("/proc/thread-self/net/dev").read_text)
        assert "wan0" in devices
        emulator.send_signal(signal.SIGTERM)
        assert emulator.wait(10) == 0
        assert json.loads(stats.read_text())["uptime_s"] >= 0
        assert "wan0" not in lab.a.inside(Path("/proc/thread-self/net/dev").read_text)


@pytest.mark.parametrize("argv, status, hint", [
    ([], 2, "--netns-a"),
    (["--netns-a", "1", "--netns-b", "1", "--rate", "50mbps"], 2, "50mbit"),
    (["--netns-a", "1", "--netns-b", "1", "--outage", "10s"], 2, "60s+10s"),
    (["--netns-a", "1", "--netns-b", "1", "--address-a", "10.0.0.1"], 2, "10.77.0.1/24"),
    (["--netns-a", "1", "--netns-b", "1", "--"], 2, "command"),
    (["--netns-a", "nosuch", "--netns-b", "1"], 1, "ip netns list"),
    (["--send", "/nonexistent", "stats"], 1, "--control"),
])
def test_errors_teach(argv, status, hint):
    done = subprocess.run([find_wanlink(), *argv], capture_output=True, text=True, check=False,
                          timeout=20)
    assert done.returncode == status
    assert hint in done.stderr + done.stdout


def test_without_rights_it_says_how_to_get_them():
    with Lab("a", "b") as lab:
        done = lab.a.run([find_wanlink(), "--netns-a", str(os.getpid()), "--netns-b", str(os.getpid())],
                         unprivileged=True, check=False)
    assert done.returncode == 1
    assert "unshare -Urn" in done.stderr or "Permission denied" in done.stderr


def test_second_device_of_a_name_is_refused_and_harms_nothing():
    with Lab(rtt="2ms") as lab:
        done = lab.a.run(wanlink_between(lab.a, lab.b), check=False)
        assert done.returncode == 1 and "--device-a" in done.stderr
        assert min(round_trips(lab)) >= 2


def test_labs_side_by_side_share_nothing():
    with Lab(rtt="2ms") as one, Lab(rtt="30ms") as other:
        assert one.b.address == other.b.address
        one.cut()
        assert min(round_trips(other)) >= 30


def test_unprivileged_process_is_not_root_and_owns_its_folder():
    with Lab("a", "b") as lab:
        folder = lab.make_folder("data", unprivileged=True)
        lab.a.run(["sh", "-c", f'test "$(id -u)" != 0 && echo hello > {folder}/file'],
                  unprivileged=True)
        assert (folder / "file").read_text() == "hello\n"


def test_failed_command_shows_its_output():
    with Lab("a", "b") as lab:
        with pytest.raises(LabError, match="exit status 3(.|\n)*the reason"):
            lab.a.run(["sh", "-c", "echo the reason >&2; exit 3"])
        with pytest.raises(LabError, match="not done in 0.2 s"):
            lab.a.run(["sleep", "60"], timeout=0.2)


LEFT_ALONE = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from support.lab import Lab
lab = Lab(rtt="10ms")
lab.a.popen(["sh", "-c", "setsid sleep 600 & exec sleep 600"])
lab.b.popen(["sleep", "600"], unprivileged=True)
lab.b.run(["true"])
print(lab.a.inode, lab.b.inode, lab.folder, flush=True)
input()
"""


def processes_in(namespaces: set[str]) -> list[str]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/ns/net") in namespaces:
                found.append(Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_of_a_lab_whose_process_is_killed(number):
    with subprocess.Popen([sys.executable, "-c", LEFT_ALONE], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as test:
        *namespaces, folder = test.stdout.readline().split()
        try:
            wait_until(lambda: len(processes_in(set(namespaces))) >= 4, 10, "all of it runs")
            test.send_signal(number)
            test.wait(10)
            # No process and no name: nothing can hold a namespace any more.
            wait_until(lambda: not processes_in(set(namespaces)), 10, "all processes are gone")
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def test_closed_lab_leaves_no_process_not_even_one_that_hides():
    with Lab(rtt="10ms") as lab:
        lab.a.run(["sh", "-c", "trap '' TERM; setsid sleep 600 & true"], stdout=subprocess.DEVNULL,
                  stderr=subprocess.DEVNULL)
        namespaces, folder = {lab.a.inode, lab.b.inode}, lab.folder
        wait_until(lambda: any("sleep 600" in line for line in processes_in(namespaces)), 10,
                   "the process that hides runs")
    assert not processes_in(namespaces)
    assert not folder.exists()


REEXECUTED = f"""
import os, sys, time
sys.path.insert(0, {str(TESTS)!r})
from support.lab import Lab, LabError, reexec_in_user_namespace
try:
    reexec_in_user_namespace()
except LabError as error:
    sys.exit(f"refused: {{error}}")
with Lab("a", "b") as lab:
    print(os.getpid(), lab.a.run(["id", "-u"]).stdout.strip(), lab.a.inode, lab.folder, flush=True)
    lab.a.run(["sleep", "600"], timeout=700)
"""


@pytest.mark.skipif(not is_real_root(), reason="needs the real root, to become somebody else")
def test_other_users_get_a_lab_under_their_own_pid_and_leave_nothing():
    with subprocess.Popen(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--",
                           sys.executable, "-B", "-c", REEXECUTED], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, cwd="/") as test:
        line = test.stdout.readline()
        if not line:
            reason = test.stderr.read()
            assert "refused" in reason, reason
            pytest.skip(reason)
        pid, uid, namespace, folder = line.split()
        try:
            assert (int(pid), uid) == (test.pid, "0")
            wait_until(lambda: processes_in({namespace}), 10, "the command runs")
            test.kill()
            wait_until(lambda: not processes_in({namespace}), 10, "all processes are gone")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
