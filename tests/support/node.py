# SPDX-License-Identifier: Apache-2.0
"""Real daemons inside lab hosts: one `Node`, or the usual `Pair` over a WAN, through the public contract."""
import json
import os
import re
import signal
import subprocess
from pathlib import Path

from support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
MIB = 1024 * 1024


def build_folder() -> Path:
    """$LONGTHROW_BUILD names another build, such as a sanitizer's."""
    return Path(os.environ.get("LONGTHROW_BUILD", ROOT / "build")).resolve()


def program(name: str) -> Path:
    return build_folder() / "bin" / name


def sanitized() -> bool:
    """Memory and speed mean nothing under a sanitizer."""
    cache = build_folder() / "CMakeCache.txt"
    return bool(cache.exists() and re.search(r"^LONGTHROW_SANITIZE:\w+=\w", cache.read_text(), re.M))


def toml_value(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, (int, float)):
        return str(value)
    return json.dumps(str(value))


def toml_text(tables: dict[str, dict]) -> str:
    """{"link.dr": {"listen": ...}} as a configuration file. A key with None is left out."""
    lines = []
    for name, table in tables.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {toml_value(item)}" for key, item in table.items() if item is not None]
        lines.append("")
    return "\n".join(lines)


class DaemonFailure(AssertionError):
    """The daemon did something that no test asked for."""


class Node:
    """One longthrowd in a lab host. Files are in `folder`: config, log, control socket, state."""

    def __init__(self, host, folder: Path, name: str, tables: dict[str, dict], io: str = "auto",
                 launcher: list[str] | None = None):
        self.host, self.folder, self.name = host, Path(folder), name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.launcher = launcher or []
        self.programs = build_folder() / "bin"  # another build's for a node of another version
        self.config_file = self.folder / "longthrow.toml"
        self.control = self.folder / "control.sock"
        self.log_file = self.folder / "log"
        self.process: subprocess.Popen | None = None
        self.tables = {"node": {"name": name, "control": self.control, "io": io,
                                "state_dir": self.folder / "state"}, **tables}
        (self.folder / "state").mkdir(exist_ok=True)
        self.write_config()

    def write_config(self) -> None:
        self.config_file.write_text(toml_text(self.tables))

    # --- life ---------------------------------------------------------------------------------
    def start(self, timeout: float = 20) -> "Node":
        assert self.process is None, f"{self.name} runs already"
        with self.log_file.open("ab") as log:
            self.process = self.host.popen(
                [*self.launcher, str(self.programs / "longthrowd"), "--config", str(self.config_file)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(self._ready, timeout, f"{self.name} answers on its control socket")
        return self

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            raise DaemonFailure(f"{self.name} ended with {self.process.returncode}:\n{self.log_tail()}")
        return self.control.exists() and self.longthrow("status", "--json").returncode == 0

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill9(self) -> None:
        self.signal(signal.SIGKILL)
        self.process.wait(20)
        self.process = None

    def wait_end(self, timeout: float) -> int:
        """Waits for the end that a signal brings; its exit code."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise DaemonFailure(f"{self.name} still runs after {timeout} s:\n{self.log_tail()}") from None
        self.process = None
        return code

    def terminate(self, timeout: float = 70) -> int:
        self.signal(signal.SIGTERM)
        return self.wait_end(timeout)

    def restart(self) -> "Node":
        if self.running():
            self.terminate()
        self.process = None
        return self.start()

    def stop(self) -> None:
        """The end of a test. A daemon that had crashed by then fails it."""
        if self.process is None:
            return
        crashed = self.process.poll()
        if crashed is None:
            self.process.kill()
        self.process.wait(20)
        self.process = None
        if crashed is not None:
            raise DaemonFailure(f"{self.name} had ended with {crashed}:\n{self.log_tail()}")

    # --- questions ----------------------------------------------------------------------------
    def longthrow(self, *args: str, timeout: float = 60) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(self.programs / "longthrow"), "--control", str(self.control), *map(str, args)],
            capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL)

    def check(self) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(self.programs / "longthrowd"), "--config", str(self.config_file), "--check"],
            capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)

    def tell(self, *args: str, timeout: float = 60) -> str:
        """A command that has to work; what it printed."""
        done = self.longthrow(*args, timeout=timeout)
        assert done.returncode == 0, f"longthrow {args} gave {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def status(self) -> dict:
        return json.loads(self.tell("status", "--json"))

    def link(self, name: str = "dr") -> dict:
        return self.status()["links"][name]

    def route(self, name: str = "r0") -> dict:
        return self.status()["routes"][name]

    def group(self, name: str = "r0") -> dict:
        return self.status()["groups"][name]

    def reload(self) -> subprocess.CompletedProcess:
        self.write_config()
        return self.longthrow("reload")

    def _proc(self, file: str, pattern: str) -> int:
        return int(re.search(pattern, Path(f"/proc/{self.pid}/{file}").read_text(), re.M).group(1))

    def rss_bytes(self) -> int:
        return self._proc("status", r"^VmRSS:\s+(\d+)") * 1024

    def rss_peak_bytes(self) -> int:
        return self._proc("status", r"^VmHWM:\s+(\d+)") * 1024

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def log_tail(self, size: int = 3000) -> str:
        return self.log()[-size:]

    def wait_log(self, pattern: str, timeout: float = 15) -> str:
        """Waits for a log line that matches (any case); the line."""
        def found():
            return next((line for line in self.log().splitlines()
                         if re.search(pattern, line, re.IGNORECASE)), None)
        return wait_until(found, timeout, f"{self.name} logs /{pattern}/; its log ends:\n"
                          f"{self.log_tail(1500)}")

    # --- waiting ------------------------------------------------------------------------------
    def wait_link(self, state: str = "up", name: str = "dr", timeout: float = 20) -> dict:
        return wait_until(lambda: (lambda link: link if link["state"] == state else None)(
            self.link(name)), timeout, f"{self.name}: link {name} {state}: {self.log_tail(800)}")

    def wait_link_not(self, state: str, name: str = "dr", timeout: float = 20) -> None:
        wait_until(lambda: self.link(name)["state"] != state, timeout,
                   f"{self.name}: link {name} not {state} any more")

    def wait_lanes(self, name: str = "dr", timeout: float = 20) -> None:
        """A link is up with its express lane: the bulk lanes, two of them by default, come a little later."""
        bulk = self.tables[f"link.{name}"].get("lanes", 2)
        wait_until(lambda: self.link(name)["lanes"] > bulk, timeout,
                   f"{self.name}: all lanes of {name} are there: {self.log_tail(800)}")

    def wait_route(self, state: str = "open", name: str = "r0", timeout: float = 20) -> dict:
        return wait_until(lambda: (lambda route: route if route["state"] == state else None)(
            self.route(name)), timeout, f"{self.name}: route {name} {state}: {self.route(name)}")

    def wait_no_lag(self, name: str = "dr", timeout: float = 60) -> None:
        wait_until(lambda: self.link(name)["lag"]["bytes"] == 0, timeout,
                   f"{self.name}: lag of {name} back at 0")

    def wait_channels(self, count: int, name: str = "r0", timeout: float = 30) -> None:
        wait_until(lambda: self.route(name)["channels"] == count, timeout,
                   f"{self.name}: {count} channels on {name}")


class Pair:
    """alpha (host a, listens) and beta (host b, dials) over a lab's WAN, one key, one link `dr`.

    routes: {"r0": port of the target beside beta}; the listener of r0 is `pair.entry("r0")` beside
    alpha. Tables of either side can be changed before `start` through `alpha.tables`/`beta.tables`.
    """

    WAN_PORT = 7700

    def __init__(self, lab, folder: Path, io: str, link: dict | None = None,
                 routes: dict[str, int] | None = None, route: dict | None = None):
        self.lab, self.folder = lab, Path(folder)
        self.key = self.folder / "dr.psk"
        make_key(self.key)
        common = {"memlimit": "128MiB", "tls": {"psk_file": self.key}, **(link or {})}
        alpha = {"link.dr": {"listen": f"{lab.a.address}:{self.WAN_PORT}", **common}}
        beta = {"link.dr": {"connect": f"{lab.a.address}:{self.WAN_PORT}", **common}}
        self._entries = {}
        for index, (name, port) in enumerate((routes or {}).items()):
            self._entries[name] = ("127.0.0.1", 17000 + index)
            alpha[f"route.{name}"] = {"link": "dr", "listen": f"127.0.0.1:{17000 + index}",
                                      **(route or {})}
            beta[f"route.{name}"] = {"link": "dr", "target": f"127.0.0.1:{port}", **(route or {})}
        self.alpha = Node(lab.a, self.folder / "alpha", "alpha", alpha, io)
        self.beta = Node(lab.b, self.folder / "beta", "beta", beta, io)

    def entry(self, name: str = "r0") -> tuple[str, int]:
        return self._entries[name]

    @property
    def nodes(self) -> tuple[Node, Node]:
        return self.alpha, self.beta

    def start(self) -> "Pair":
        for node in self.nodes:
            node.start()
        self.wait_up()
        return self

    def wait_up(self, timeout: float = 30) -> None:
        for node in self.nodes:
            node.wait_link("up", timeout=timeout)
            node.wait_lanes(timeout=timeout)
        for name in self._entries:
            self.alpha.wait_route("open", name)

    def stop(self) -> None:
        failures = []
        for node in self.nodes:
            try:
                node.stop()
            except DaemonFailure as failure:
                failures.append(str(failure))
        if failures:
            raise DaemonFailure("\n".join(failures))

    def __enter__(self) -> "Pair":
        return self

    def __exit__(self, *_) -> None:
        self.stop()


def make_key(path: Path, identity: str = "test") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o600)
    os.chmod(path, 0o600)
    path.write_text(f"{identity}:{os.urandom(32).hex()}\n")
