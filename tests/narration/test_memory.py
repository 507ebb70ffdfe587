from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.narration.child import STATUS

LIMIT_MB = 600

pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells what a process has in memory")


def measured(characters: int, limit_seconds: float) -> dict[str, float]:
    """What `child` measures; its progress goes to stderr."""
    command = [sys.executable, "-m", "tests.narration.child", str(characters)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=limit_seconds, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def test_memory_stays_flat_from_10_000_characters_to_60_000() -> None:
    figures = measured(60_000, limit_seconds=240)
    assert figures["end"] - figures["early"] < 30
    assert figures["peak"] < LIMIT_MB


@pytest.mark.long
def test_half_a_million_characters_fit_the_memory_limit() -> None:
    figures = measured(500_000, limit_seconds=3000)
    assert figures["end"] - figures["early"] < 50
    assert figures["peak"] < LIMIT_MB
