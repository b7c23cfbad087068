# SPDX-License-Identifier: Apache-2.0
"""From a package to `LINK up`: the commands of docs/INSTALL.md are typed, and counted."""
import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from support.node import MIB, Node, program
from support.pages import commands, toml_files
from support.streams import Sink, Source, assert_equal_streams
from support.waiting import wait_until

COMMANDS_MAX = 6  # at each site, with the installation of the package
PAGE_ADDRESSES = {"192.0.2.1": "a", "198.51.100.7": "b"}


class FoundNode(Node):
    """A node with the files that `longthrow init` has written. Its folders are those that systemd would make."""

    def __init__(self, host, folder: Path, name: str):
        self.host, self.folder, self.name = host, folder, name
        state = folder / "state"
        state.mkdir()
        self.launcher = ["env", f"RUNTIME_DIRECTORY={folder}", f"STATE_DIRECTORY={state}"]
        self.programs = program("longthrow").parent
        self.config_file, self.control, self.log_file = folder / "longthrow.toml", folder / "control.sock", folder / "log"
        self.process, self.tables = None, {}


class Administrator:
    """Types the commands of the page at one site: with the lab's addresses, and folders of the test."""

    def __init__(self, lab, folder: Path, host, name: str):
        self.lab, self.host, self.name = lab, host, name
        self.folder = folder / name          # stands for /etc/longthrow
        self.home = folder / f"{name}-home"  # where scp puts a file
        self.home.mkdir()
        self.node: FoundNode | None = None
        self.said: list[str] = []
        self.others: list["Administrator"] = []

    def type(self, line: str) -> None:
        for of_page, host in PAGE_ADDRESSES.items():
            line = line.replace(of_page, getattr(self.lab, host).address)
        words = shlex.split(line.replace("1GiB", "64MiB"))
        assert words.pop(0) == "sudo"
        getattr(self, "_" + words[0])(words)

    def _longthrow(self, words: list[str]) -> None:
        if words[1] == "status":
            self.node.wait_link("up", next(iter(self.node.status()["links"])))
            self.said.append(self.node.tell("status"))
            return
        done = subprocess.run([str(program("longthrow")), *words[1:], "--directory", str(self.folder)], cwd=self.home,
                              capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        self.said.append(done.stdout)

    def _nft(self, words: list[str]) -> None:
        if not self.host.nft_refusal():
            self.host.run(words)

    def _scp(self, words: list[str]) -> None:
        source = self.folder / Path(words[1]).name
        target, = self.others
        shutil.copy(source, target.home / source.name)

    def _systemctl(self, words: list[str]) -> None:
        assert words == ["systemctl", "enable", "--now", "longthrowd"]
        self.node = FoundNode(self.host, self.folder, self.name).start()


@pytest.fixture
def sites(make_lab, folder):
    lab = make_lab()
    alpha = Administrator(lab, folder, lab.a, "alpha")
    beta = Administrator(lab, folder, lab.b, "beta")
    alpha.others, beta.others = [beta], [alpha]
    yield alpha, beta
    for site in (alpha, beta):
        if site.node:
            site.node.stop()


def test_the_page_leads_from_a_package_to_a_link_in_few_commands(sites):
    alpha, beta = sites
    of_alpha, of_beta = commands("INSTALL.md", "alpha"), commands("INSTALL.md", "beta")
    assert 1 + len(of_alpha) <= COMMANDS_MAX and 1 + len(of_beta) <= COMMANDS_MAX
    looks = of_alpha.pop()  # the last one, once the other site has joined
    assert looks == "sudo longthrow status"
    started = time.monotonic()
    for line in of_alpha:
        alpha.type(line)
    for line in of_beta:
        beta.type(line)
    alpha.type(looks)
    assert time.monotonic() - started < 120
    assert "LINK beta up, peer beta" in alpha.said[-1] and "LINK alpha up, peer alpha" in beta.said[-1]
    with Sink(alpha.host, ("127.0.0.1", 5432)) as sink, Source(beta.host, ("127.0.0.1", 5433), size=4 * MIB) as source:
        assert_equal_streams(source.one(), sink.one())
    for site in sites:
        assert "good: node " + site.name in site.said[0], "the check at the end"
        assert oct((site.folder / "alpha-beta.psk").stat().st_mode & 0o777) == "0o600"


def test_what_it_prints_is_what_the_page_says(sites):
    alpha, beta = sites
    page = commands("INSTALL.md", "alpha")
    alpha.type(page[0])
    printed = alpha.said[0]
    for line in page[1:2] + page[3:]:
        for of_page, host in PAGE_ADDRESSES.items():
            line = line.replace(of_page, getattr(alpha.lab, host).address)
        if "systemctl" not in line and "longthrow status" not in line:
            assert line.removeprefix("sudo ") in printed
    for index, (site, text) in enumerate(zip(sites, toml_files("INSTALL.md"), strict=True)):
        if index == 1:
            alpha.type(page[2])
            beta.type(commands("INSTALL.md", "beta")[0])
        for of_page, host in PAGE_ADDRESSES.items():
            text = text.replace(of_page, getattr(alpha.lab, host).address)
        written = (site.folder / "longthrow.toml").read_text()
        assert meaning(written) == meaning(text.replace("1GiB", "64MiB"))


def meaning(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_only_the_peer_gets_through_the_firewall_line(sites):
    alpha, beta = sites
    if reason := alpha.host.nft_refusal():
        pytest.skip(reason)
    for line in commands("INSTALL.md", "alpha")[:-1]:
        alpha.type(line)
    beta.host.run(["ip", "address", "add", "10.77.0.9/24", "dev", "wan0"])

    def comes_in(address: str) -> bool:
        with beta.host.socket() as stranger:
            stranger.settimeout(3)
            stranger.bind((address, 0))
            return stranger.connect_ex((alpha.host.address, 7700)) == 0

    assert comes_in(beta.host.address)
    assert not comes_in("10.77.0.9")


def test_drbd_at_both_sites_and_the_peer_has_the_open_port(sites):
    alpha, beta = sites
    alpha.type("sudo longthrow init --name alpha --peer beta --dials here --peer-address 198.51.100.7 "
               "--replicate drbd:r0:7788 --replicate drbd:r1:7789 --memlimit 64MiB")
    assert "on alpha { address 127.0.0.1:7788; }" in alpha.said[0]
    alpha.type("sudo scp /etc/longthrow/beta.join root@198.51.100.7:")
    beta.type("sudo longthrow init --join beta.join")
    assert "on beta { address 127.0.0.1:7789; }" in beta.said[0]
    for site in sites:
        site.type("sudo systemctl enable --now longthrowd")
    for site in sites:
        for route in ("r0", "r1"):
            site.node.wait_route("open", route)


def test_somebody_at_a_terminal_is_asked(folder):
    """In a real terminal: questions, a wrong answer, the proposal."""
    answers = iter(["alpha", "beta", "peer", "192.0.2.1", "nowhere nice", "198.51.100.7", "drbd:r0:7788", "1mbit", "10m", ""])
    leader, terminal = pty.openpty()
    child = subprocess.Popen([str(program("longthrow")), "init", "--directory", str(folder / "etc")], stdin=terminal,
                             stdout=terminal, stderr=terminal)
    os.close(terminal)
    said, unread, deadline = "", "", time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([leader], [], [], 1)[0]:
            continue
        try:
            part = os.read(leader, 4096).decode()
        except OSError:  # the other end is closed
            break
        said, unread = said + part, unread + part
        if re.search(r": $", unread):
            unread = ""
            os.write(leader, (next(answers) + "\n").encode())
    os.close(leader)
    assert child.wait(20) == 0, said
    assert next(answers, None) is None, said
    assert "A buffer of 128MiB" in said
    assert 'memlimit = "128MiB"' in (folder / "etc/longthrow.toml").read_text()


def test_a_check_that_refuses_is_said_and_fails(folder):
    """More memory than the machine has is seen by longthrowd --check alone."""
    done = subprocess.run([str(program("longthrow")), "init", "--name", "a", "--peer", "b", "--address", "192.0.2.1", "--replicate",
                           "postgresql", "--memlimit", "900TiB", "--directory", str(folder / "etc")], capture_output=True,
                          text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert "--check refuses" in done.stderr and "check: " in done.stdout, done
    wait_until(lambda: (folder / "etc/longthrow.toml").exists(), 1, "the files are there to be corrected")
