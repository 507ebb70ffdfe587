"""The page that keeps a run's tables: each benchmark has its place there, between two comments."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


def put(name: str, text: str, page: Path = PAGE) -> None:
    """Put `text` in the place of benchmark `name`. Raises ValueError where the page has none."""
    first, last = f"<!-- bench {name} -->", f"<!-- end of {name} -->"
    place = re.compile(f"{re.escape(first)}\n.*?{re.escape(last)}", re.DOTALL)
    written = page.read_text()
    if not place.search(written):
        raise ValueError(f"{page} has no {first} … {last}")
    page.write_text(place.sub(lambda _: f"{first}\n\n{text.strip()}\n\n{last}", written))
