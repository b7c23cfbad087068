# SPDX-License-Identifier: Apache-2.0
"""What the demo shows: lines while something runs, and the table of the verdict."""
import subprocess
import threading
import time

MIB = 1024 * 1024


def say(text: str = "") -> None:
    print(text, flush=True)


def title(text: str) -> None:
    say(f"\n== {text}")


def mib(size: float) -> str:
    return f"{size / MIB:.1f} MiB"


class Table:
    """Rows of: what was measured, without, with."""

    def __init__(self):
        self.rows: list[tuple[str, str, str]] = []

    def add(self, what: str, without: str, with_it: str) -> None:
        self.rows.append((what, without, with_it))

    def show(self) -> None:
        rows = [("", "without", "with Longthrow"), *self.rows]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        title("Verdict: the same WAN, the same cut")
        for index, row in enumerate(rows):
            say("  " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
            if index == 0:
                say("  " + "-+-".join("-" * width for width in widths))


class Clock:
    """Seconds since the beginning of a run, and the cut in the middle of it."""

    def __init__(self, lab, cut_at: float):
        self.lab, self.start = lab, time.monotonic()
        self.cut_at, self.heal_at = cut_at, cut_at + lab.cut_seconds
        self.was_cut = self.was_healed = False

    def now(self) -> float:
        return time.monotonic() - self.start

    def turn(self) -> None:
        """Cuts and heals when it is time; to be called often."""
        if not self.was_cut and self.now() >= self.cut_at:
            self.was_cut = True
            self.lab.cut()
            say(f"  {self.now():5.1f} s  --- the WAN is cut ---")
        if not self.was_healed and self.now() >= self.heal_at:
            self.was_healed = True
            self.lab.heal()
            say(f"  {self.now():5.1f} s  --- the WAN is back ---")


def watch(clock: Clock, done, line, timeout: float, every: float = 2.0) -> bool:
    """Turns the clock until `done()` and the cut is over; shows `line()` now and then."""
    due = 0.0
    while clock.now() < timeout:
        clock.turn()
        finished = done()
        if clock.now() >= due or finished:
            say(f"  {clock.now():5.1f} s  {line()}")
            due = clock.now() + every
        if finished and clock.was_healed:
            return True
        time.sleep(0.2)
    say(f"  {clock.now():5.1f} s  given up")
    return False


def link_line(node) -> str:
    """One link of `longthrow status` in a line."""
    link = node.link()
    lag, buffer = link["lag"], link["buffer"]
    return (f"link {link['state']:10} lag {mib(lag['bytes']):>9} ({lag['seconds']:4.1f} s)  buffer "
            f"{mib(buffer['used_bytes']):>9} for {mib(buffer['raw_bytes'])}  "
            f"limited by {link['limited_by']}")


def show_status(node) -> None:
    say(f"\n  $ longthrow status        # on {node.name}")
    for line in node.longthrow("status").stdout.splitlines():
        say("  | " + line)
    say()


def wire_bytes(lab, direction: str) -> int:
    """IP bytes given to the WAN in this direction, whatever became of them."""
    return lab.stats()[direction]["in"]["bytes"]


class Background:
    """A function in a thread; its result or its exception."""

    def __init__(self, function, *args):
        self.result = self.error = None
        self.thread = threading.Thread(target=self._run, args=(function, args), daemon=True)
        self.thread.start()

    def _run(self, function, args) -> None:
        try:
            self.result = function(*args)
        except (OSError, ValueError, AssertionError, subprocess.SubprocessError) as error:
            self.error = error

    def done(self) -> bool:
        if self.error is not None:
            raise self.error
        return not self.thread.is_alive()
