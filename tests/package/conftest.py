# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of the package. `tools/dev test` makes those that need no package; `tools/dev package --test`
all of them."""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from package import machine as machines  # noqa: E402
from support.failures import pytest_runtest_makereport  # noqa: E402, F401
from support.node import ROOT, build_folder  # noqa: E402

PACKAGE_FOLDER = ROOT / "build-package"


def pytest_configure(config):
    config.addinivalue_line("markers", "long: needs the Debian package, or minutes; only with --long or --all")


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """What `cmake --install` puts below a prefix."""
    prefix = tmp_path_factory.mktemp("prefix") / "usr"
    done = subprocess.run(["cmake", "--install", str(build_folder()), "--prefix", str(prefix)], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return prefix


@pytest.fixture(scope="session")
def package():
    """The newest package that tools/dev package has built."""
    found = sorted(PACKAGE_FOLDER.glob("longthrow_*.deb"), key=os.path.getmtime)
    if not found:
        pytest.skip("there is no build-package/longthrow_*.deb: tools/dev package builds it")
    return found[-1]


@pytest.fixture(scope="session")
def newer_package(package, tmp_path_factory):
    """The same with a higher version and another daemon: its program has grown by a few bytes that nobody runs."""
    folder = tmp_path_factory.mktemp("newer")
    files = folder / "files"
    subprocess.run(["dpkg-deb", "--raw-extract", package, files], check=True)
    control = files / "DEBIAN/control"
    control.write_text("".join(f"{line.rstrip()}+newer\n" if line.startswith("Version:") else line
                               for line in control.read_text().splitlines(keepends=True)))
    with (files / "usr/bin/longthrowd").open("ab") as daemon:
        daemon.write(b"another build")
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", files, folder / "newer.deb"], check=True,
                   capture_output=True)
    return folder / "newer.deb"


def dependencies(package: Path) -> list[str]:
    """The first choice of each."""
    field = subprocess.run(["dpkg-deb", "--field", package, "Depends"], capture_output=True, text=True, check=True)
    return sorted({part.split("|")[0].split("(")[0].strip() for part in field.stdout.split(",")})


@pytest.fixture(scope="session")
def fresh_root(package):
    """A Debian root with what the package depends on, and nothing else; copied for each machine."""
    if reason := machines.refusal():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="longthrow-root-"))
    folder.chmod(0o755)
    machines.make_root(folder / "root", dependencies(package))
    yield folder / "root"
    machines.remove_tree(folder)


@pytest.fixture
def machine(fresh_root, request):
    """A machine with a root of its own, not booted yet."""
    folder = Path(tempfile.mkdtemp(prefix="longthrow-machine-"))
    folder.chmod(0o755)
    subprocess.run(["cp", "--archive", "--reflink=auto", fresh_root, folder / "root"], check=True)
    made = machines.Machine(folder / "root")
    yield made
    if getattr(request.node, "broken", False) and made.nspawn is not None:
        print(made.run("journalctl", "--no-pager", "--lines=80", check=False).stdout)
    made.shut_down()
    machines.remove_tree(folder)


def tool(name: str) -> str:
    """The program, or a skipped test."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not here")
    return name
