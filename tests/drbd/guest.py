# SPDX-License-Identifier: Apache-2.0
"""A guest in a lab host: a machine of its own with two disks, under QEMU without KVM."""
import base64
import select
import shlex
import socket
import time
from pathlib import Path

from drbd.image import Image

MIB = 1024 * 1024


class GuestError(AssertionError):
    """A command in the guest failed, or the guest itself."""


class Guest:
    """Guest number N sits at 10.10.N.2 behind its host's 10.10.N.1; the disks are /dev/vda, /dev/vdb and so on.

    Its shell takes one command at a time (a virtio port, not the network: it works whatever the test
    does to the network). Long work goes into the background of the guest, `begin`.
    """

    def __init__(self, host, number: int, name: str, image: Image, disk_bytes: int = 64 * MIB,
                 memory: str = "256M"):
        self.host, self.name, self.number = host, name, number
        self.address, self.gateway = f"10.10.{number}.2", f"10.10.{number}.1"
        self.folder: Path = host.lab.make_folder(f"guest-{name}")
        self.disk_bytes = disk_bytes
        self.disks: list[Path] = []
        self.add_disks(2)
        self.image, self.memory = image, memory
        host.run(["ip", "tuntap", "add", "dev", "guest", "mode", "tap"])
        host.run(["ip", "address", "add", f"{self.gateway}/24", "dev", "guest"])
        host.run(["ip", "link", "set", "guest", "up"])
        self.process = None
        self._shell: socket.socket | None = None
        self._unread = b""

    def add_disks(self, count: int) -> None:
        """REQUIRES: not started."""
        for _ in range(count):
            disk = self.folder / f"vd{chr(ord('a') + len(self.disks))}"
            with disk.open("wb") as file:
                file.truncate(self.disk_bytes)
            self.disks.append(disk)

    @property
    def console(self) -> str:
        path = self.folder / "console"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self, timeout: float = 60) -> "Guest":
        port = self.folder / "shell"
        port.unlink(missing_ok=True)
        words = f"console=ttyS0 panic=-1 quiet preempt=none name={self.name} address={self.address}/24 " \
                f"gateway={self.gateway}"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(port))
            listener.listen(1)
            listener.settimeout(timeout)
            self.process = self.host.popen([
                "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", self.memory, "-nodefaults",
                "-display", "none", "-no-reboot", "-kernel", self.image.kernel,
                "-initrd", self.image.initramfs, "-append", words,
                "-serial", f"file:{self.folder / 'console'}",
                "-netdev", "tap,id=net,ifname=guest,script=no,downscript=no",
                "-device", f"virtio-net-pci,netdev=net,mac=52:54:00:00:00:{self.number:02x}",
                *(word for disk in self.disks for word in
                  ("-drive", f"file={disk},format=raw,if=virtio,cache=unsafe")),
                "-device", "virtio-serial-pci", "-chardev", f"socket,id=shell,path={port},server=off",
                "-device", "virtserialport,chardev=shell,name=shell"])
            self._shell = listener.accept()[0]
        self._shell.setblocking(False)
        self._unread = b""
        if (said := self._line(timeout)) != b"READY":
            raise GuestError(f"guest {self.name} said {said!r}; its console:\n{self.console[-2000:]}")
        return self

    def _line(self, timeout: float) -> bytes:
        deadline = time.monotonic() + timeout
        while b"\n" not in self._unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._shell], [], [], left)[0]:
                raise GuestError(f"guest {self.name}: no answer in {timeout:g} s; its console:\n"
                                 f"{self.console[-2000:]}")
            if not (more := self._shell.recv(65536)):
                raise GuestError(f"guest {self.name} has ended; its console:\n{self.console[-2000:]}")
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def try_run(self, command: str, timeout: float = 60) -> tuple[int, str]:
        """Runs a shell command to its end: its exit code and all that it printed."""
        self._shell.sendall(base64.b64encode(command.encode()) + b"\n")
        code, _, said = self._line(timeout).partition(b" ")
        return int(code), base64.b64decode(said).decode(errors="replace")

    def run(self, command: str, timeout: float = 60) -> str:
        code, said = self.try_run(command, timeout)
        if code != 0:
            raise GuestError(f"guest {self.name}: `{command}` gave {code}:\n{said}")
        return said

    def write(self, path: str, text: str) -> None:
        self.run(f"mkdir -p {shlex.quote(str(Path(path).parent))}; "
                 f"echo {base64.b64encode(text.encode()).decode()} | base64 -d > {shlex.quote(path)}")

    def begin(self, command: str, name: str = "job") -> None:
        """Starts a command in the guest's background; `finish` waits for it."""
        self.run(f"rm -f /tmp/{name}.code; "
                 f"( ( {command} ) >/tmp/{name}.out 2>&1 </dev/null; echo $? >/tmp/{name}.code ) "
                 f">/dev/null 2>&1 3>&- &")

    def finish(self, timeout: float, name: str = "job") -> str:
        deadline = time.monotonic() + timeout
        while (code := self.try_run(f"cat /tmp/{name}.code")[1].strip()) in ("",) or "No such" in code:
            if time.monotonic() > deadline:
                raise GuestError(f"guest {self.name}: {name} is not done in {timeout:g} s")
            time.sleep(0.2)
        said = self.run(f"cat /tmp/{name}.out")
        if code != "0":
            raise GuestError(f"guest {self.name}: {name} gave {code}:\n{said}")
        return said

    def destroy(self) -> None:
        """The site burns: kill -9 of the machine."""
        self.process.kill()
        self.process.wait(20)
        self._shell.close()
