# SPDX-License-Identifier: Apache-2.0
"""Runs the stages of `tools/dev test`: one after the other, or in two lanes.

With two lanes, the stages whose tests measure time or wait for it (end-to-end, DRBD, the package) run one
after the other; all others (builds, unit tests, seeds, lint) run beside them and take only the CPU time
that those leave (SCHED_IDLE, sched(7)), so that they delay no test that has a time limit.
"""
import os
import threading
from dataclasses import dataclass, field
from typing import Any, Callable

lane = threading.local()


def say(line: str) -> None:
    """Prints a line of a stage, with the lane's mark where there are two."""
    mark = getattr(lane, "mark", "")
    print("\n".join(mark + part for part in line.split("\n")), flush=True)


@dataclass
class Stage:
    title: str
    run: Callable[[], Any]
    timed: bool = False
    after: str = ""  # the title of the stage that has to end first


@dataclass
class Board:
    """What both lanes know; `changed` guards it."""
    lanes: int
    ended: set[str] = field(default_factory=set)
    results: dict[int, Any] = field(default_factory=dict)
    stopped: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, title: str) -> bool:
        """False: the run was stopped."""
        with self.changed:
            self.changed.wait_for(lambda: self.stopped or not title or title in self.ended)
            return not self.stopped

    def note(self, index: int, title: str, result: Any) -> None:
        with self.changed:
            self.results[index] = result
            self.ended.add(title)
            self.changed.notify_all()

    def end_lane(self) -> None:
        with self.changed:
            self.lanes -= 1
            self.changed.notify_all()

    def wait_for_lanes(self) -> None:
        """Not Thread.join(): an interrupt of it makes Python 3.11 take the thread for an ended one."""
        with self.changed:
            self.changed.wait_for(lambda: self.lanes == 0)

    def stop(self) -> None:
        with self.changed:
            self.stopped = True
            self.changed.notify_all()


def run_all(plan: list[Stage], run_stage: Callable[[int, Stage], Any], interrupt: Callable[[], None],
            beside: bool) -> tuple[list[Any], bool]:
    """Gives the results in the plan's order, and whether it ran to its end (not so after Ctrl-C).

    `interrupt` is to end what runs; an exception of a stage ends its lane and is raised here."""
    numbered = list(enumerate(plan, 1))
    if beside:
        split = [([entry for entry in numbered if entry[1].timed], "T ", False),
                 ([entry for entry in numbered if not entry[1].timed], "C ", True)]
    else:
        split = [(numbered, "", False)]
    board, errors = Board(len(split)), []

    def run_lane(stages: list[tuple[int, Stage]], mark: str, idle: bool) -> None:
        lane.mark = mark
        if idle:  # of this thread, and so of all that it starts
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        try:
            for index, stage in stages:
                if not board.wait_for(stage.after):
                    return
                board.note(index, stage.title, run_stage(index, stage))
        except BaseException as error:  # pylint: disable=broad-exception-caught
            errors.append(error)
            board.stop()
        finally:
            board.end_lane()

    for words in split:
        threading.Thread(target=run_lane, args=words).start()
    whole = True
    while board.lanes > 0:
        try:
            board.wait_for_lanes()
        except KeyboardInterrupt:
            whole = False
            board.stop()
            interrupt()
    if errors:
        raise errors[0]
    return [board.results[index] for index in sorted(board.results)], whole
