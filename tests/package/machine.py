# SPDX-License-Identifier: Apache-2.0
"""A fresh Debian root, from the machine's own package sources, and the same booted by systemd in a container of
systemd-nspawn: no virtual machine, no network but its own loopback."""
import os
import shutil
import subprocess
import time
from pathlib import Path

from support.privileges import is_real_root
from support.waiting import wait_until

PROGRAMS = ("mmdebstrap", "systemd-nspawn", "dpkg-deb", "nsenter")
BOOT_SECONDS = 90


def refusal() -> str:
    """Why no root can be made and booted here; empty if it can."""
    if not is_real_root():
        return "it needs real root, for systemd-nspawn"
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"missing: {', '.join(missing)} (tools/dev package --test installs them)"
    if not debian_sources():
        return "apt knows no Debian sources here"
    return ""


def debian_sources() -> list[tuple[str, str]]:
    """(release, line of sources.list) of each Debian suite that apt is configured with, the base suite first."""
    words = ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(RELEASE)|$(REPO_URI)|$(COMPONENT)", "Created-By: Packages"]
    answer = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    rows = [line.split("|") for line in answer.splitlines()]
    lines = [(row[1], f"deb {row[2]} {row[1]} {row[3]}") for row in rows if row[0] == "Debian"]
    return sorted(set(lines), key=lambda entry: len(entry[0]))


def apt_proxies() -> list[str]:
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False).stdout
    return [line for line in dump.splitlines() if line.startswith("Acquire::http") and "Proxy" in line]


def make_root(path: Path, packages: list[str]) -> None:
    """A small Debian with systemd and these packages."""
    sources = debian_sources()
    words = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(['systemd', 'systemd-sysv', *packages])}",
             *(f"--aptopt={line}" for line in apt_proxies()), sources[0][0], str(path), *(line for _, line in sources)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"mmdebstrap gave {done.returncode}: {done.stderr[-3000:]}"


class Machine:
    """A root, not booted at first: run() goes into a container of its own, and into the booted one later."""

    def __init__(self, root: Path):
        self.root = root
        self.nspawn: subprocess.Popen | None = None
        self.leader = 0

    # --- life ---------------------------------------------------------------------------------
    def _nspawn(self, *words: str) -> list[str]:
        ours = [] if Path("/run/systemd/system").is_dir() else ["--keep-unit"]
        # Without them nspawn refuses mlock2(2), and systemd cannot raise LimitMEMLOCK=, nor lower OOMScoreAdjust=.
        return ["systemd-nspawn", "--quiet", "--register=no", *ours, "--private-network", "--capability=CAP_IPC_LOCK,CAP_SYS_RESOURCE",
                "--directory", str(self.root), *words]

    def boot(self) -> "Machine":
        console = (self.root / "console").open("wb")
        self.nspawn = subprocess.Popen(self._nspawn("--console=pipe", "--boot"), stdin=subprocess.DEVNULL, stdout=console,
                                       stderr=subprocess.STDOUT)
        self.leader = wait_until(self._find_leader, BOOT_SECONDS, "systemd is process 1 of the container")
        wait_until(lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip() in
                   ("running", "degraded"), BOOT_SECONDS, f"the container has booted: {self.console()}")
        return self

    def _find_leader(self) -> int:
        assert self.nspawn.poll() is None, f"systemd-nspawn ended with {self.nspawn.returncode}: {self.console()}"
        todo = [self.nspawn.pid]
        while todo:
            pid = todo.pop()
            try:
                if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd" and self._is_first(pid):
                    return pid
                todo += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            except FileNotFoundError:
                continue
        return 0

    @staticmethod
    def _is_first(pid: int) -> bool:
        status = Path(f"/proc/{pid}/status").read_text()
        return any(line.startswith("NSpid:") and line.split()[-1] == "1" for line in status.splitlines())

    def shut_down(self) -> None:
        if self.nspawn is None:
            return
        self.run("systemctl", "poweroff", "--no-block", check=False)
        try:
            self.nspawn.wait(60)
        except subprocess.TimeoutExpired:
            self.nspawn.kill()
            self.nspawn.wait(20)
        self.nspawn = None

    def console(self) -> str:
        return (self.root / "console").read_text(errors="replace")[-3000:]

    # --- inside -------------------------------------------------------------------------------
    def run(self, *words: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess:
        if self.nspawn is None:
            argv = self._nspawn("--console=pipe", "--", *words)
        else:
            argv = ["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup",
                    "--root", "--wd", "--", *words]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False,
                              stdin=subprocess.DEVNULL, env=environment)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(words)} gave {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def popen(self, argv: list[str], **options) -> subprocess.Popen:
        """A program of this host in the container's network: what support.streams wants of a host."""
        return subprocess.Popen(["nsenter", f"--net=/proc/{self.leader}/ns/net", "--", *argv], **options)

    def write(self, path: str, text: str) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def install(self, package: Path) -> str:
        shutil.copy(package, self.root / "var/cache" / package.name)
        done = self.run("dpkg", "--install", f"/var/cache/{package.name}")
        return done.stdout + done.stderr

    def show(self, unit: str, key: str) -> str:
        return self.run("systemctl", "show", "--property", key, "--value", unit).stdout.strip()

    def journal(self, unit: str) -> str:
        return self.run("journalctl", "--no-pager", "--output=cat", "--unit", unit, check=False).stdout

    def host_pid(self, pid: int) -> int:
        """The number that this host gives to a process of the booted container."""
        namespace = os.readlink(f"/proc/{self.leader}/ns/pid")
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                inside = next(line.split()[-1] for line in (folder / "status").read_text().splitlines()
                              if line.startswith("NSpid:"))
                if inside == str(pid) and os.readlink(folder / "ns/pid") == namespace:
                    return int(folder.name)
            except OSError:
                continue
        raise AssertionError(f"no process {pid} in the container")

    def may_raise_limits(self) -> bool:
        """Whether systemd in there has CAP_SYS_RESOURCE, which a host in a sandbox may lack itself."""
        status = Path(f"/proc/{self.leader}/status").read_text()
        effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
        return bool(int(effective, 16) >> 24 & 1)

    def processes(self, name: str) -> list[int]:
        """As this container numbers them."""
        found = self.run("sh", "-c", 'for p in /proc/[0-9]*; do echo "${p#/proc/} $(cat $p/comm 2>/dev/null)"; done')
        return [int(line.split()[0]) for line in found.stdout.splitlines() if line.split()[1:] == [name]]


def remove_tree(path: Path) -> None:
    """A root, whose last mounts may still be going."""
    for _ in range(10):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.5)
