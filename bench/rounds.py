"""Measuring contenders in turn, so that what the machine does meanwhile meets all of them.

Machines are slower for seconds at a time. So a round is made of short slices, in which all contenders have
their turn, rather than of one long measurement each.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from statistics import median

SLICES = 4

Measure = Callable[[], Awaitable[Mapping[str, float]]]


class Different(Exception):
    """Contenders do not give the same answer, so that their times say nothing."""


async def interleave(
    rounds: int, contenders: Mapping[str, Measure], slices: int = 1
) -> dict[str, dict[str, list[float]]]:
    """What each contender measured, by contender and column, one figure a round: the median of its slices.

    Each slice begins with the contender after the one that the slice before began with.
    """
    names = list(contenders)
    figures: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    for number in range(rounds):
        measured: dict[str, list[Mapping[str, float]]] = {name: [] for name in names}
        for place in range(number * slices, (number + 1) * slices):
            first = place % len(names)
            for name in names[first:] + names[:first]:
                measured[name].append(await contenders[name]())
        for name, found in measured.items():
            middle = {column: median(each[column] for each in found) for column in found[0]}
            for column, figure in middle.items():
                figures[name].setdefault(column, []).append(figure)
            told = ", ".join(f"{column} {figure:,.4g}" for column, figure in middle.items())
            print(f"  round {number + 1}: {name}: {told}", file=sys.stderr, flush=True)  # noqa: T201 - it takes minutes
    return figures
