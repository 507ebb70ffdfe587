"""What the live tests share."""

from __future__ import annotations

import pytest

from jobs.bench import Bench
from tests.live.hand import Hand


@pytest.fixture
def hand(bench: Bench) -> Hand:
    return Hand(bench)
