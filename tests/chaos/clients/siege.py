"""Attacks by several attackers at once, and what became of each."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.chaos.experiment import Findings
from tests.chaos.figures import percentile

# Silence for longer is no answer.
ANSWER_SECONDS = 10
# Who waited for it in vain so often attacks no more.
MOST_SILENCES = 1


@dataclass
class Attacker(ABC):
    """Attacks in ways that are left to chance, one at a time. `kind` is of the attack that is underway."""

    tried: Counter[str] = field(default_factory=Counter, init=False)
    seconds: list[float] = field(default_factory=list, init=False)  # until each was answered
    surprises: list[str] = field(default_factory=list, init=False)
    silences: int = field(default=0, init=False)
    kind: str = field(default="", init=False)

    @abstractmethod
    async def make(self, dice: Random) -> None:
        """One attack; says its `kind` first, and what is not answered as it should be to `note`."""

    def note(self, surprise: str) -> None:
        self.surprises.append(f"{self.kind}: {surprise}"[:300])

    async def attack(self, dice: Random) -> None:
        """Once. Silence and a connection that is cut off are no answers."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.make(dice)
        except TimeoutError:
            self.silences += 1
            self.note(f"no answer within {ANSWER_SECONDS} s")
        except (EOFError, OSError) as error:
            self.note(repr(error))
        self.tried[self.kind] += 1
        self.seconds.append(time.monotonic() - began)


async def besiege(attackers: Sequence[Attacker], dice: Random, number: int, seconds: float) -> None:
    """So many attacks, or as many as there is time for. The same ones for the same dice."""
    limit, turns = time.monotonic() + seconds, iter(range(number))

    async def go_on(attacker: Attacker) -> None:
        for _ in turns:
            if time.monotonic() > limit or attacker.silences >= MOST_SILENCES:
                return
            await attacker.attack(Random(dice.random()))

    async with asyncio.TaskGroup() as tasks:
        for attacker in attackers:
            tasks.create_task(go_on(attacker))


def judge_attacks(attackers: Sequence[Attacker], findings: Findings, number: int, surprising: str) -> None:
    """So many were made, and none of them is `surprising`."""
    tried = sum((each.tried for each in attackers), Counter[str]())
    seconds = sorted(taken for each in attackers for taken in each.seconds)
    findings.note("attacks", tried.total())
    findings.note("of each kind", dict(sorted(tried.items())))
    findings.note("ms until an attack is answered, p50", 1000 * percentile(seconds, 0.5))
    findings.note("ms until an attack is answered, p99", 1000 * percentile(seconds, 0.99))
    findings.note(f"ms until an attack is answered, most (of {1000 * ANSWER_SECONDS})", 1000 * seconds[-1])
    findings.expect(tried.total() == number, f"only {tried.total()} of {number} attacks were made")
    findings.expect_none(surprising, [what for each in attackers for what in each.surprises])
