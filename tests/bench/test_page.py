"""The page that keeps tables has a place for each benchmark."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.page import PAGE, put
from bench.registry import BENCHMARKS


def test_each_benchmark_has_its_place_on_the_page(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    shutil.copy(PAGE, page)
    for name in BENCHMARKS:
        put(name, f"The table of {name}: \\1.", page)
        put(name, f"Another table of {name}: \\1.", page)
    written = page.read_text()
    for name in BENCHMARKS:
        place = f"<!-- bench {name} -->\n\nAnother table of {name}: \\1.\n\n<!-- end of {name} -->"
        assert written.count(place) == 1
        assert f"The table of {name}" not in written


def test_a_benchmark_without_a_place_is_told(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("Nothing\n")
    with pytest.raises(ValueError, match="bench list"):
        put("list", "A table.", page)
