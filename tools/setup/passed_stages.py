# SPDX-License-Identifier: Apache-2.0
"""Which stages of `tools/dev test --all` have passed on this commit, so that --resume can leave them out."""
import json
import subprocess
from pathlib import Path


def state_of(root: Path) -> str:
    """Names what is tested: the commit; "" where the tree has changes, or is none of git's."""
    def git(*words: str) -> str | None:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    changes = git("status", "--porcelain")
    return (git("rev-parse", "HEAD") or "") if changes == "" else ""


class PassedStages:
    """Kept in `file`. Stages of another commit are forgotten."""

    def __init__(self, file: Path, state: str):
        self.file, self.state = file, state
        self.stages: dict[str, dict] = {}
        try:
            kept = json.loads(file.read_text())
            if state and kept["state"] == state:
                self.stages = dict(kept["stages"])
        except (OSError, ValueError, KeyError, TypeError):
            pass  # there are none

    def find(self, title: str) -> dict | None:
        """What was kept of the stage; None: it has not passed."""
        return self.stages.get(title)

    def keep(self, title: str, result: dict) -> None:
        """REQUIRES: the stage has passed."""
        if not self.state:
            return
        self.stages[title] = result
        fresh = self.file.with_suffix(".new")
        self.file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps({"state": self.state, "stages": self.stages}))
        fresh.replace(self.file)
