"""What an experiment is: a promise, a run that tries it, and the guard without which it breaks."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any


class Unavailable(Exception):
    """The machine lacks what an experiment needs; the message says what, and how to get it.

    `by_nature`: it is not for want of a package; a container may simply not be allowed to.
    """

    def __init__(self, message: str, *, by_nature: bool = False) -> None:
        super().__init__(message)
        self.by_nature = by_nature


@dataclass(frozen=True)
class Size:
    """How long faults go on, and how much is at stake: generations, subscribers, requests (each experiment
    says). The waits of the product are those of `design.md`, or shorter ones where a run has to be.
    """

    seconds: float
    many: int
    lease_seconds: float = 15
    sweep_seconds: float = 5


@dataclass(frozen=True)
class Plan:
    """One run of an experiment.

    `seed`: of everything that is left to chance; `without`: the guard that is taken out of the product's
    processes, if one is; `directory`: an empty folder for all that the run leaves.
    """

    size: Size
    seed: int
    directory: Path
    without: str | None = None

    @cached_property
    def dice(self) -> random.Random:
        """Chance, the same for the same seed."""
        return random.Random(self.seed)

    @cached_property
    def fault_dice(self) -> random.Random:
        """Chance for those who inject faults alone, so that the faults follow from the seed, whatever
        draws beside them.
        """
        return random.Random(f"{self.seed} faults")


@dataclass
class Findings:
    """What a run saw: figures to keep, and promises that were broken."""

    figures: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def note(self, name: str, value: object) -> None:
        """Keep a figure. Floats are shown with two decimals: give seconds, or say the unit in `name`."""
        self.figures[name] = f"{value:.2f}" if isinstance(value, float) else str(value)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note `otherwise` as broken unless it holds."""
        if not holds:
            self.broken.append(otherwise)

    def expect_none(self, of: str, found: Sequence[object]) -> None:
        """Keep how many of something there were, of which there must be none."""
        self.note(of, len(found))
        if found:
            self.broken.append(f"{of}: {found}"[:500])


@dataclass(frozen=True)
class Experiment:
    """`promise`: what holds when it passes. `guard`: what the negative control goes without. `breaks`: words
    of the finding that the missing guard, and nothing else, brings about; `breaks_too`: of another one.

    `short` is the size that the tests run; it has to be enough for the control to fail visibly.
    """

    name: str
    promise: str
    guard: str
    breaks: str
    run: Callable[[Plan], Coroutine[Any, Any, Findings]]
    full: Size
    short: Size
    breaks_too: str = ""
