# SPDX-License-Identifier: Apache-2.0
"""Waiting for something with an end to it."""
import time


class NotInTime(AssertionError):
    """What a test waited for did not come; the message says what was last seen."""


def wait_until(condition, timeout: float, what: str, every: float = 0.05):
    """Calls `condition` until it gives something true, and gives that. `what` is said if it never does."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise NotInTime(f"not within {timeout:g} s: {what}; last: {value!r}")
        time.sleep(every)


def stays(condition, seconds: float, what: str, every: float = 0.1) -> None:
    """Fails as soon as `condition` is false within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            raise NotInTime(f"did not stay so for {seconds:g} s: {what}")
        time.sleep(every)
