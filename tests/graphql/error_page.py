"""docs/errors.md, as tests read it."""

from __future__ import annotations

import re

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "errors.md"
OPERATIONS = ROOT / "docs" / "operations.md"
# The table there of how websockets are closed.
CLOSE_CODES = "| close code |" + OPERATIONS.read_text().partition("| close code |")[2].partition("\n\n")[0]


def table(heading: str) -> list[list[str]]:
    """The rows under a heading: the text of each cell, its backquotes taken away."""
    _, found, section = PAGE.read_text().partition(f"\n## {heading}\n")
    assert found, f"{PAGE.name} has no section {heading}"
    return rows(section.partition("\n## ")[0])


def rows(section: str) -> list[list[str]]:
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [
        [cell.strip().replace("`", "") for cell in line.strip("|").split(" | ")]
        for line in lines
        if not line.startswith("| ---")
    ][1:]


def quoted() -> set[str]:
    """Whatever looks like a code anywhere on the page."""
    return set(re.findall("`([A-Z]+(?:_[A-Z]+)+|CANCELED|UNAUTHENTICATED)`", PAGE.read_text()))
