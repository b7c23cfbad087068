# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests with real DRBD. Run them with `tools/dev drbd`."""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from drbd import image as guest_image  # noqa: E402
from drbd.site import InnerSites, Sites  # noqa: E402
from support.failures import pytest_runtest_makereport  # noqa: E402, F401
from support.lab import Lab, refusal  # noqa: E402
from support.node import program  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "sample: the short selection that every test run makes")


def pytest_collection_modifyitems(items):
    if reason := guest_image.refusal() or refusal():
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    return guest_image.build_image(tmp_path_factory.mktemp("guest"), (program("chain"),))


@pytest.fixture(scope="session")
def image_with_daemons(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guest-with-daemons")
    programs = []
    for name in ("chain", "longthrowd", "longthrow", "drbd-proxy-ctl"):
        subprocess.run(["strip", "-o", folder / name, program(name)], check=True)
        programs.append(folder / name)
    return guest_image.build_image(folder, tuple(programs))


@pytest.fixture
def make_sites(request):
    """make_sites(rtt="100ms", rate="10mbit", proxied=True, ...) -> Sites that are up and connected.
    kind=InnerSites: with the nodes inside the guests."""
    made = []

    def make(rtt: str = "20ms", rate: str | None = None, queue: str | None = None, kind=Sites,
             **settings) -> Sites:
        image = request.getfixturevalue("image_with_daemons" if issubclass(kind, InnerSites) else "image")
        folder = Path(tempfile.mkdtemp(prefix="longthrow-", dir=os.environ.get("TMPDIR", "/tmp")))
        lab = Lab(wanlink=program("wanlink"), rtt=rtt, rate=rate, queue=queue)
        made.append((lab, folder, None))
        sites = kind(lab, image, folder, **settings)
        made[-1] = (lab, folder, sites)
        return sites.start()

    yield make
    broken = getattr(request.node, "broken", False)
    for lab, folder, sites in made:
        if broken and sites is not None:
            for guest in (sites.a, sites.b):
                print(f"--- console of {guest.name}\n{guest.console[-3000:]}")
            for node in sites.nodes:
                print(f"--- log of {node.name}\n{node.log_tail()}")
        try:
            if sites is not None:
                sites.stop()
        finally:
            lab.close(failed=broken)
            shutil.rmtree(folder, ignore_errors=True)
