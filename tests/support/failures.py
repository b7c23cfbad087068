# SPDX-License-Identifier: Apache-2.0
"""For conftest.py: a test that has failed is marked, so that its fixtures keep or show what is left of it."""
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if outcome.get_result().failed:
        item.broken = True
