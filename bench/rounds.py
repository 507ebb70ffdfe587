"""Measuring contenders in turn, so that what the machine does meanwhile meets all of them."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping

Measure = Callable[[], Awaitable[Mapping[str, float]]]


class Different(Exception):
    """Contenders do not give the same answer, so that their times say nothing."""


async def interleave(rounds: int, contenders: Mapping[str, Measure]) -> dict[str, dict[str, list[float]]]:
    """What each contender measured, by contender and column, one figure a round.

    Each round begins with the contender after the one that the round before began with.
    """
    names = list(contenders)
    figures: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            measured = await contenders[name]()
            for column, figure in measured.items():
                figures[name].setdefault(column, []).append(figure)
            told = ", ".join(f"{column} {figure:,.4g}" for column, figure in measured.items())
            print(f"  round {number + 1}: {name}: {told}", file=sys.stderr, flush=True)  # noqa: T201 - it takes minutes
    return figures
