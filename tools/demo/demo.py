#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`tools/dev demo`: the same two jobs over the same bad WAN, without and with Longthrow.

Act 1: a writer that waits only for its bounded socket buffer, as DRBD's protocol A does.
Act 2: a PostgreSQL primary that streams to a standby.
All of it happens in network namespaces and one temporary folder, which are gone at the end.
"""
import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

import postgres_act  # noqa: E402
import writer_act  # noqa: E402
from screen import Table, say, title  # noqa: E402
from support.lab import Lab  # noqa: E402
from support.node import Pair, program  # noqa: E402
from support.privileges import enter_namespaces  # noqa: E402

RTT, RATE, QUEUE, CUT_SECONDS = "80ms", "50mbit", "1MB", 10


class Stage:
    """What an act gets: a fresh WAN, perhaps a pair of Longthrow nodes, a folder."""

    def __init__(self, folder: Path, io: str):
        self.folder, self.io, self.runs = folder, io, 0

    @contextmanager
    def wan(self):
        self.runs += 1
        run_folder = self.folder / str(self.runs)
        run_folder.mkdir()
        run_folder.chmod(0o755)
        lab = Lab(rtt=RTT, rate=RATE, queue=QUEUE, wanlink=program("wanlink"))
        lab.folder, lab.cut_seconds = run_folder, CUT_SECONDS
        try:
            yield lab
        finally:
            lab.close()

    def pair(self, lab, **settings) -> Pair:
        return Pair(lab, lab.folder / "longthrow", self.io, **settings)


@contextmanager
def temporary_folder(keep: str | None):
    folder = Path(tempfile.mkdtemp(prefix="longthrow-demo-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        # A second Ctrl-C must not stop the cleaning.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if keep:
            shutil.copytree(folder, keep, dirs_exist_ok=True, symlinks=True,
                            ignore=lambda _, names: [n for n in names if n in ("data", "control.sock")
                                                     or n.startswith(".s.PGSQL")])
        shutil.rmtree(folder, ignore_errors=True)


def perform(options: argparse.Namespace) -> int:
    title(f"The WAN: {RTT} round trip, {RATE.replace('mbit', ' Mbit/s')}; "
          f"in the middle of each run it is cut for {CUT_SECONDS} s")
    table = Table()
    good = True
    with temporary_folder(options.keep_logs) as folder:
        stage = Stage(folder, options.backend)
        for name, act in (("writer", writer_act), ("postgres", postgres_act)):
            if options.act in (None, name):
                good &= act.perform(stage, table)
    table.show()
    if not good:
        say("Something above is not as promised.")
    return 0 if good else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/dev demo")
    parser.add_argument("--act", choices=("writer", "postgres"))
    parser.add_argument("--backend", choices=("auto", "io_uring", "epoll"), default="auto")
    parser.add_argument("--keep-logs", metavar="FOLDER")
    options = parser.parse_args()
    enter_namespaces()
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    os.umask(0o022)
    started = time.monotonic()
    try:
        code = perform(options)
    except KeyboardInterrupt:
        say("\nStopped; everything that the demo started is gone.")
        return 130
    say(f"Took {time.monotonic() - started:.0f} s. Nothing is left running.")
    return code


if __name__ == "__main__":
    sys.exit(main())
