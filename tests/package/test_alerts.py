# SPDX-License-Identifier: Apache-2.0
"""conf/prometheus/alerts.yml: its own tests, and its names against those of the metrics."""
import os
import re
import shutil
import subprocess

import pytest

from support.node import ROOT

ALERTS = ROOT / "conf" / "prometheus" / "alerts.yml"
TESTS = sorted((ROOT / "tests" / "prometheus").glob("*_test.yml"))


def names(text: str) -> set[str]:
    return set(re.findall(r"longthrow_[a-z0-9_]+", text))


@pytest.mark.parametrize("file", [ALERTS, *TESTS], ids=lambda file: file.name)
def test_only_metrics_that_are_there_are_named(file):
    # Another test holds the table of this page against the program.
    table = (ROOT / "docs" / "METRICS.md").read_text().split("<!-- made by update_status_reference: begin -->")[1]
    assert names(file.read_text())
    assert names(file.read_text()) <= names(table)


def test_each_alert_fires_when_it_should():
    promtool = os.environ.get("LONGTHROW_PROMTOOL") or shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here: Debian's prometheus package could not be fetched")
    for command in (["check", "rules", ALERTS], ["test", "rules", *TESTS]):
        done = subprocess.run([promtool, *command], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_a_test_and_a_line_in_the_documentation():
    alerts = re.findall(r"- alert: (\w+)", ALERTS.read_text())
    assert len(alerts) > 10
    tests = "".join(file.read_text() for file in TESTS)
    for alert in alerts:
        assert alert in tests, alert
        assert f"`{alert}`" in (ROOT / "docs" / "METRICS.md").read_text(), alert
