# SPDX-License-Identifier: Apache-2.0
"""A build of the version before this one, made once from the repository's own history and kept below the build folder.

tests/support/previous_version names its commit: after a release, the commit of that release."""
import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from support.node import ROOT, build_folder

PROGRAMS = ("longthrowd", "longthrow")
JOBS = 2
BUILD_SECONDS = 3600


def commit() -> str:
    return (Path(__file__).parent / "previous_version").read_text().strip()


def refusal() -> str:
    """Why there can be no such build here; empty if there can."""
    if given := os.environ.get("LONGTHROW_PREVIOUS"):
        missing = [name for name in PROGRAMS if not (Path(given) / "bin" / name).exists()]
        return f"$LONGTHROW_PREVIOUS has no bin/{missing[0]}" if missing else ""
    if missing := [name for name in ("git", "cmake", "c++") if shutil.which(name) is None]:
        return f"missing: {', '.join(missing)}"
    known = subprocess.run(["git", "-C", str(ROOT), "cat-file", "-e", f"{commit()}^{{commit}}"], capture_output=True, check=False)
    return "" if known.returncode == 0 else f"no history here with commit {commit()[:12]}: set LONGTHROW_PREVIOUS to a build"


def programs() -> Path:
    """The folder of the programs; builds them where they are missing. REQUIRES: not refusal()."""
    if given := os.environ.get("LONGTHROW_PREVIOUS"):
        return Path(given).resolve() / "bin"
    folder = build_folder() / "previous" / commit()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker of the test run may be at it
        if not (folder / "done").exists():
            _build(folder)
            (folder / "done").touch()
    return folder / "build" / "bin"


def _build(folder: Path) -> None:
    source = folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    archive = subprocess.Popen(["git", "-C", str(ROOT), "archive", commit()], stdout=subprocess.PIPE)
    subprocess.run(["tar", "--extract", "--directory", str(source)], stdin=archive.stdout, check=True)
    assert archive.wait() == 0, "git archive failed"
    cache = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    steps = [["cmake", "-S", str(source), "-B", str(folder / "build"), "-DCMAKE_BUILD_TYPE=Release", *cache],
             ["cmake", "--build", str(folder / "build"), "-j", str(JOBS), "--target", *PROGRAMS]]
    # Without these, ccache takes every folder for another source.
    environment = {**os.environ, "CCACHE_BASEDIR": str(folder), "CCACHE_NOHASHDIR": "1"}
    with (folder / "log").open("wb") as log:
        for step in steps:
            done = subprocess.run(step, stdout=log, stderr=log, env=environment, timeout=BUILD_SECONDS, check=False)
            assert done.returncode == 0, f"the previous version cannot be built: {folder / 'log'}"
