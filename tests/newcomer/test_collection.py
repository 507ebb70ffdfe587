"""Processes that share the suite have to agree on it: pytest-xdist refuses lists that differ."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def collected(seed: int) -> list[str]:
    """What a process of its own, with its own hash seed and at its own time, collects."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:xdist", "tests"]
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_each_process_collects_the_same_tests_in_the_same_order() -> None:
    first = collected(seed=1)

    assert len(first) > 1000
    assert collected(seed=2) == first
