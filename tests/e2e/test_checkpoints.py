# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: while the copy stands at one, a program at the DR site sees a state of one moment."""
import json
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.waiting import wait_until

RECORD = 512

# Writes records 0, 1, 2... to some connections in turn, each when the write before it has returned, until it is
# killed. It stands while the file argv[2] is there, and says so by argv[2].stands.
CHAIN = """
import os, pathlib, random, socket, struct, sys, time
random.seed(int(sys.argv[1]))
frozen = pathlib.Path(sys.argv[2])
stands = pathlib.Path(sys.argv[2] + ".stands")
legs = [socket.create_connection(("127.0.0.1", int(port))) for port in sys.argv[3:]]
number = 0
while True:
    for _ in range(random.randint(1, 50)):
        random.choice(legs).sendall(struct.pack("<Q", number) * (512 // 8))
        number += 1
    time.sleep(random.random() * 0.003)
    while frozen.exists():
        stands.write_text(str(number))
        time.sleep(0.005)
    stands.unlink(missing_ok=True)
"""

# Accepts one connection on a port of the kernel's choice, and writes all that comes to the file argv[1].
TARGET = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "wb", buffering=0) as file:
    print(listener.getsockname()[1], flush=True)
    leg, _ = listener.accept()
    while piece := leg.recv(1 << 16):
        file.write(piece)
"""

# The hook: copies what the targets have written, waits, and copies it again.
HOOK = """#!/bin/sh
set -eu
cd {folder}
mkdir "$LONGTHROW_CHECKPOINT"
sleep 0.2  # the targets' kernels have it: until they have written it to their files
cp disk* "$LONGTHROW_CHECKPOINT"
sleep {takes}
for disk in disk*; do cmp "$disk" "$LONGTHROW_CHECKPOINT/$disk"; done
env | grep LONGTHROW > "$LONGTHROW_CHECKPOINT/told"
{end}
"""


class Site:
    """A pair whose targets write files, and whose beta copies them at each checkpoint of the group `vm`."""

    def __init__(self, make_lab, make_pair, folder: Path, streams: int, takes: float = 1.0, end: str = "", **group):
        self.lab = make_lab(rtt="20ms", rate="20mbit")
        self.folder = folder / "dr"
        self.folder.mkdir()
        self.frozen = folder / "frozen"
        self.processes = []
        ports = {}
        for index in range(streams):
            target = self.lab.b.popen([sys.executable, "-c", TARGET, str(self.folder / f"disk{index}")],
                                      stdout=subprocess.PIPE)
            self.processes.append(target)
            ports[f"r{index}"] = int(target.stdout.readline())
        hook = self.folder / "hook"
        hook.write_text(HOOK.format(folder=self.folder, takes=takes, end=end))
        hook.chmod(0o755)
        self.pair = make_pair(self.lab, link={"heartbeat": "250ms", "dead_after": "1s"}, routes=ports,
                              route={"group": "vm"})
        self.pair.beta.tables["group.vm"] = {"on_checkpoint": [str(hook)], "hook_timeout": "20s"}
        self.pair.alpha.tables["group.vm"] = group
        for node in self.pair.nodes:
            node.write_config()
        self.pair.start()
        entries = [str(self.pair.entry(route)[1]) for route in ports]
        self.chain = self.lab.a.popen([sys.executable, "-c", CHAIN, "1", str(self.frozen), *entries])
        self.processes.append(self.chain)
        wait_until(lambda: all((self.folder / f"disk{i}").stat().st_size > 20 * RECORD for i in range(streams)), 30,
                   "all streams have carried something")

    def numbers(self, name: str) -> list[int]:
        """Of all records of a copy, sorted. A piece of a record is none."""
        numbers = []
        for disk in sorted((self.folder / name).glob("disk*")):
            data = disk.read_bytes()
            numbers += [struct.unpack_from("<Q", data, at)[0] for at in range(0, len(data) - RECORD + 1, RECORD)]
        return sorted(numbers)

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait(20)


@pytest.fixture
def make_site(make_lab, make_pair, folder):
    sites = []

    def make(*args, **settings) -> Site:
        sites.append(Site(make_lab, make_pair, folder, *args, **settings))
        return sites[-1]

    yield make
    for site in sites:
        site.close()


def listed(node) -> list[dict]:
    return json.loads(node.longthrow("checkpoints", "--json").stdout)["checkpoints"]


@pytest.mark.parametrize("streams", [1, 3])
def test_the_hook_sees_a_prefix_of_the_writes(make_site, streams):
    site = make_site(streams)
    for index in range(3):
        said = site.pair.alpha.tell("checkpoint", "vm", f"c{index}", "--wait", timeout=60)
        assert "the copy has reached it, proven by: source" in said
        numbers = site.numbers(f"c{index}")
        assert numbers == list(range(len(numbers))), "a record is there without one before it"
        assert len(numbers) > 40
        told = (site.folder / f"c{index}" / "told").read_text()
        assert f"LONGTHROW_CHECKPOINT=c{index}\n" in told and "LONGTHROW_PROOF=source\n" in told
    for node, made in ((site.pair.alpha, "here"), (site.pair.beta, "peer")):
        assert [(entry["name"], entry["made"], entry["state"], entry["hook"]) for entry in listed(node)] == \
            [(f"c{index}", made, "done", "ok") for index in range(3)]
    size = (site.folder / "disk0").stat().st_size
    wait_until(lambda: (site.folder / "disk0").stat().st_size > size, 20, "the copy goes on")


def test_behind_a_freeze_all_that_was_written_is_there(make_site):
    site = make_site(2)
    stands = Path(f"{site.frozen}.stands")
    said = site.pair.alpha.tell(
        "checkpoint", "vm", "frozen", "--wait", "--freeze",
        f"touch {site.frozen}; while ! test -e {stands}; do sleep 0.01; done; cp {stands} {site.frozen}.at",
        "--thaw", f"rm {site.frozen}", timeout=60)
    assert "proven by: freeze" in said
    assert not site.frozen.exists()
    assert len(site.numbers("frozen")) == int(Path(f"{site.frozen}.at").read_text())


def test_what_does_not_stand_is_not_called_frozen(make_site):
    site = make_site(2)
    done = site.pair.alpha.longthrow("checkpoint", "vm", "lie", "--freeze", "true", "--thaw", f"touch {site.frozen}.thawed",
                                     "--freeze-timeout", "2s")
    assert done.returncode == 1 and "before the checkpoint had its place" in done.stderr, done
    assert Path(f"{site.frozen}.thawed").exists()
    assert not (site.folder / "lie").exists()
    wait_until(lambda: [entry["state"] for entry in listed(site.pair.alpha)] == ["failed"], 10, "it is given up")


def test_a_kill_of_the_command_thaws_at_once(make_site):
    site = make_site(1)
    alpha = site.pair.alpha
    with subprocess.Popen([alpha.programs / "longthrow", "--control", alpha.control, "checkpoint", "vm", "killed",
                           "--freeze", f"touch {site.frozen}; sleep 30", "--thaw", f"rm {site.frozen}"]) as command:
        wait_until(site.frozen.exists, 10, "it is frozen")
        command.send_signal(signal.SIGKILL)
    wait_until(lambda: not site.frozen.exists(), 10, "it is thawed")


def test_a_hook_that_fails_is_told_at_both_sites_and_the_copy_goes_on(make_site):
    site = make_site(1, takes=0.1, end="exit 3")
    done = site.pair.alpha.longthrow("checkpoint", "vm", "bad", "--wait")
    assert done.returncode == 1 and "on_checkpoint: it ended with exit code 3" in done.stderr, done
    for node in site.pair.nodes:
        assert [(entry["state"], entry["hook"]) for entry in listed(node)] == [("failed", "failed")]
    size = (site.folder / "disk0").stat().st_size
    wait_until(lambda: (site.folder / "disk0").stat().st_size > size, 20, "the copy goes on")


def test_the_site_is_lost_while_the_hook_runs(make_site):
    site = make_site(2, takes=15)
    site.pair.alpha.longthrow("checkpoint", "vm", "last")
    wait_until((site.folder / "last" / "disk0").exists, 20, "the hook runs")
    time.sleep(1)
    site.pair.alpha.kill9()
    site.chain.kill()
    site.pair.beta.wait_link_not("up", timeout=20)
    site.pair.beta.tell("takeover", "dr", timeout=60)
    wait_until(lambda: site.processes[0].poll() is not None and site.processes[1].poll() is not None, 20,
               "the targets' connections have ended")
    numbers = site.numbers(".")
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > len(site.numbers("last")), "what is whole behind the checkpoint belongs to the copy"
    entry, = listed(site.pair.beta)
    assert entry["state"] == "failed" and "session has ended" in entry["text"], entry
    site.pair.beta.restart()
    assert [entry["name"] for entry in listed(site.pair.beta)] == ["last"]


def test_a_schedule_names_them_by_the_clock(make_site):
    site = make_site(2, takes=0.1, checkpoint_every="10s")
    wait_until(lambda: sum(entry["state"] == "done" for entry in listed(site.pair.beta)) >= 2, 40, "two are done")
    for entry in listed(site.pair.beta):
        assert entry["name"].endswith("0Z") and len(entry["name"]) == 16, entry
        numbers = site.numbers(entry["name"])
        assert numbers == list(range(len(numbers)))


def test_names_that_cannot_be_are_refused(make_site):
    site = make_site(1, takes=0.1)
    for name in ("../x", "-x", "a b", "x" * 65):
        done = site.pair.alpha.longthrow("checkpoint", "vm", "--", name)
        assert done.returncode == 1 and "1 to 64 letters" in done.stderr, (name, done)
    assert site.pair.alpha.longthrow("checkpoint", "nobody").returncode == 1
    done = site.pair.beta.longthrow("checkpoint", "vm", "back")
    assert done.returncode == 1 and "no program of group vm writes here" in done.stderr, done
    assert sorted(entry.name for entry in site.folder.iterdir()) == ["disk0", "hook"], "no hook has run"
