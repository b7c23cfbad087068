# SPDX-License-Identifier: Apache-2.0
"""The checker of the write order finds what it is there to find."""
import subprocess
from pathlib import Path

import pytest

from support.node import build_folder, program

RECORD, TURN, RECORDS = 4096, 64, 512


@pytest.fixture
def files():
    """Two empty chain files; not in /tmp, which may be a tmpfs without direct I/O."""
    folder = build_folder() / "chain-test"
    folder.mkdir(exist_ok=True)
    paths = [folder / "0", folder / "1"]
    for path in paths:
        path.write_bytes(bytes(RECORDS // 2 * RECORD))
    yield paths
    for path in paths:
        path.unlink()


def chain(*words) -> subprocess.CompletedProcess:
    return subprocess.run([program("chain"), *map(str, words)], capture_output=True, text=True, check=False)


def erase(path: Path, record: int) -> None:
    with path.open("r+b") as file:
        file.seek(record * RECORD)
        file.write(bytes(RECORD))


@pytest.mark.sample
def test_a_prefix_is_whole(files):
    assert chain("write", *files, 200).returncode == 0
    assert (chain("check", *files).returncode, chain("check", *files).stdout) == (0, "200\n")


@pytest.mark.sample
def test_a_gap_is_found(files):
    assert chain("write", *files, RECORDS).returncode == 0
    erase(files[1], TURN - 1)  # record 127: the last of the second turn
    checked = chain("check", *files)
    assert checked.returncode == 1
    assert checked.stdout.startswith("127\n384 records lie beyond")
