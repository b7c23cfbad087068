# SPDX-License-Identifier: Apache-2.0
"""The guest of the DRBD lab: Debian's kernel, and an initramfs of Debian's drbd-utils and busybox.

Nothing of it is installed: tools/dev unpacks the packages below build/drbd (tools/setup/packages.sh),
and what else the guest needs is copied from this machine.
"""
import os
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNPACKED = ROOT / "build" / "drbd" / "packages"
INIT = Path(__file__).with_name("guest") / "init"

# In the order in which they are wanted; what these need comes before them.
MODULES = ["tcp_diag", "virtio_pci", "virtio_blk", "virtio_net", "virtio_console", "crc32c_generic", "ext4", "drbd"]
UTILITIES = ["sbin/drbdadm", "sbin/drbdsetup", "sbin/drbdmeta", "lib/drbd/drbdadm-84",
             "lib/drbd/drbdsetup-84"]
FROM_HOST = ["mke2fs", "e2fsck"]


@dataclass(frozen=True)
class Image:
    kernel: Path
    initramfs: Path


def refusal() -> str:
    """Why no guest can be started here; empty when it can."""
    if shutil.which("qemu-system-x86_64") is None:
        return "qemu-system-x86_64 is not installed: tools/dev drbd installs it"
    if not list(UNPACKED.glob("boot/vmlinuz-*")):
        return f"there is no guest kernel in {UNPACKED}: tools/dev drbd fetches it"
    return ""


def module_files(names: list[str]) -> list[Path]:
    """The modules and all that they depend on, in an order that insmod accepts."""
    found = {path.stem: path for path in UNPACKED.glob("lib/modules/*/kernel/**/*.ko")}
    order: list[Path] = []

    def add(name: str) -> None:
        path = found[name]
        if path in order:
            return
        depends = re.search(rb"\0depends=([^\0]*)\0", b"\0" + path.read_bytes())[1].decode()
        for other in filter(None, depends.split(",")):
            add(other)
        order.append(path)

    for name in names:
        add(name)
    return order


def libraries_of(program: Path) -> list[Path]:
    """The shared libraries that a program of this machine is linked with, as ldd says."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    if "not found" in said:
        raise RuntimeError(f"{program} lacks a library here:\n{said}")
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", said)]


def build_image(folder: Path, extra_programs: tuple[Path, ...] = ()) -> Image:
    """Writes the initramfs into `folder`. extra_programs: dynamic programs of ours, put into /usr/sbin."""
    files: dict[str, Path | str] = {"init": INIT, "bin/busybox": UNPACKED / "bin" / "busybox"}
    programs = [(UNPACKED / name, name) for name in UTILITIES]
    for name in FROM_HOST:
        path = Path(shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin"))
        programs.append((path.resolve(), f"sbin/{name}"))
    programs += [(path, f"usr/sbin/{path.name}") for path in extra_programs]
    for source, target in programs:
        files[target] = source
        for library in libraries_of(source):
            files[str(library).lstrip("/")] = library.resolve()
    modules = module_files(MODULES)
    files |= {f"lib/modules/{path.name}": path for path in modules}
    files["lib/modules/order"] = "".join(f"{path.stem}\n" for path in modules)
    files["bin/sh"] = "-> busybox"
    initramfs = folder / "initramfs.cpio"
    with initramfs.open("wb") as archive:
        write_cpio(archive, files)
    return Image(next(UNPACKED.glob("boot/vmlinuz-*")), initramfs)


def write_cpio(archive, files: dict[str, Path | str]) -> None:
    """An archive of the form "newc" (Documentation/driver-api/early-userspace/buffer-format.rst).
    A text of "-> TARGET" is a symbolic link, another text a file's content."""
    number = 0

    def entry(name: str, mode: int, content: bytes) -> None:
        nonlocal number
        number += 1
        fields = [number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % value for value in fields) + name.encode() + b"\0"
        archive.write(head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4))

    folders: set[str] = set()
    for name, source in files.items():
        for parent in reversed(Path(name).parents):
            if str(parent) not in folders | {"."}:
                folders.add(str(parent))
                entry(str(parent), stat.S_IFDIR | 0o755, b"")
        if isinstance(source, Path):
            entry(name, stat.S_IFREG | 0o755, source.read_bytes())
        elif source.startswith("-> "):
            entry(name, stat.S_IFLNK | 0o777, source[3:].encode())
        else:
            entry(name, stat.S_IFREG | 0o644, source.encode())
    entry("dev", stat.S_IFDIR | 0o755, b"")
    entry("TRAILER!!!", 0, b"")
