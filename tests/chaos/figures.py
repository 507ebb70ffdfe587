"""What many measurements come to."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(rising: Sequence[float], share: float) -> float:
    """The least of the values, which are given in rising order, that a `share` of them does not exceed."""
    if not rising:
        return float("nan")
    return rising[min(len(rising) - 1, int(len(rising) * share))]
