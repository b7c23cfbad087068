# SPDX-License-Identifier: Apache-2.0
"""Commands of the pages in docs/, for tests that type them."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def commands(page: str, heading: str) -> list[str]:
    """The lines of the block of docs/PAGE that begins with the comment `# HEADING`, without comments."""
    text = (ROOT / "docs" / page).read_text()
    found = re.search(rf"^```\n# {re.escape(heading)}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/{page} has no block \"# {heading}\""
    lines = [re.sub(r"\s+#\s.*$", "", line).rstrip() for line in found[1].splitlines()]
    return [line for line in lines if line]


def toml_files(page: str) -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
