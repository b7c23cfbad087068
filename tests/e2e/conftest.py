# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the end-to-end tests: each test has its own lab (network namespaces, WAN), its own folder
of files, and runs once for each I/O backend. Run them with `tools/dev test --e2e`."""
import ctypes
import errno
import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.failures import pytest_runtest_makereport  # noqa: E402, F401
from support.lab import Lab, refusal  # noqa: E402
from support.node import Pair, program  # noqa: E402

NR_IO_URING_SETUP = 425


def io_uring_refusal() -> str:
    """Why this kernel gives no io_uring; empty if it does."""
    params = ctypes.create_string_buffer(120)
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(NR_IO_URING_SETUP, 4, params)
    if fd >= 0:
        os.close(fd)
        return ""
    return errno.errorcode.get(ctypes.get_errno(), "refused")


def pytest_configure(config):
    # The runner's time limit ends us so: the fixtures are to clean up all the same. A worker of xdist may
    # run in another thread; then the kernel cleans up, as after a kill -9 (support/lab.py).
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    config.addinivalue_line("markers", "long: takes more than a minute; only with --long or --all")


def pytest_collection_modifyitems(items):
    for name in ("longthrowd", "longthrow", "wanlink"):
        if not program(name).exists():
            raise pytest.UsageError(f"{program(name)} is not built: tools/dev build")
    if reason := refusal():
        raise pytest.UsageError(f"no lab can be made here: {reason}")
    items.sort(key=lambda item: "postgres" in item.nodeid)  # quick answers first


@pytest.fixture(params=["io_uring", "epoll"])
def io(request):
    if request.param == "io_uring" and (reason := io_uring_refusal()):
        pytest.skip(f"this kernel refuses io_uring: {reason}")
    return request.param


@pytest.fixture
def folder(request):
    """A short path (a unix socket's has 107 bytes). Kept, and named, when the test fails."""
    path = Path(tempfile.mkdtemp(prefix="longthrow-", dir=os.environ.get("TMPDIR", "/tmp")))
    path.chmod(0o755)
    yield path
    if getattr(request.node, "broken", False):
        print(f"files of the failed test: {path}")
        for log in sorted(path.rglob("log")):
            print(f"--- {log}\n{log.read_text(errors='replace')[-2500:]}")
    else:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def make_lab(request):
    """make_lab(rtt="10ms", rate="1gbit", queue="1MB") -> Lab; gone after the test."""
    labs = []

    def make(rtt: str = "10ms", **settings):
        labs.append(Lab(rtt=rtt, wanlink=program("wanlink"), **settings))
        return labs[-1]

    yield make
    for lab in labs:
        lab.close(failed=getattr(request.node, "broken", False))


@pytest.fixture
def make_pair(folder, io):
    """make_pair(lab, link={...}, routes={name: target port}) -> Pair, still to be started."""
    pairs = []

    def make(lab, **settings):
        pairs.append(Pair(lab, folder / f"pair{len(pairs)}", io, **settings))
        return pairs[-1]

    yield make
    for pair in pairs:
        pair.stop()
