"""Issuers whose keys change, and issuers gone mad, under an API that goes on."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.chaos.clients.doors import documented
from tests.chaos.clients.houses import KeyedHouse
from tests.chaos.experiment import Findings
from tests.chaos.figures import percentile
from tests.chaos.pauses import is_over
from tests.chaos.sabotage.stalls import longest_stall
from tests.identity.hostility import hostile
from tests.identity.issuer import Key, claims

FETCH_SECONDS = 3  # what one may take
SLACK_SECONDS = 10
SLOW_SECONDS = 2
MOST_STALL = 0.05
TRIES = 3
CROWD = 10
PAUSE = 0.05


async def let_in_after(house: KeyedHouse, newest: Key) -> float:
    """Seconds from its publication until a token of the newest key is let in; far too many where none is."""
    house.publish(newest)
    began = time.monotonic()
    while (took := time.monotonic() - began) < _limit(house):
        if (await house.doors.knock("REST", newest.sign(claims()))).let_in:
            return took
        await asyncio.sleep(PAUSE)
    return float("inf")


async def rotate(house: KeyedHouse, over: asyncio.Event, dice: Random) -> list[float]:
    """A further key at any moment, again and again until `over` is set: how long each took to be let in."""
    took: list[float] = []
    while not took or not await is_over(over, dice.uniform(0, house.cool_down)):
        newest = await asyncio.to_thread(Key, house.algorithm, f"{len(took)}th")
        took.append(await let_in_after(house, newest))
    return took


@dataclass
class Endured:
    """What it was like. Stalls in seconds, by manner: of the process's own doing, and by the clock."""

    stalls: dict[str, tuple[float, float]] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)  # of those whose key is held
    refused: list[str] = field(default_factory=list)  # of them
    held_up: list[str] = field(default_factory=list)  # where none of them came through beside a slow fetch
    surprises: list[str] = field(default_factory=list)
    strangers: int = 0

    async def endure(self, house: KeyedHouse, manners: Iterator[str], until: float) -> None:
        """One manner after the other, until `until` by the monotonic clock. What seems to stall the loop is
        tried again: it does so each time, or it was the machine.
        """
        scripts = hostile(house.known)
        for name in manners:
            for _ in range(TRIES):
                house.issuer.script = scripts[name](house.issuer)
                stall = await self._crowd(house, name, len(house.issuer.asked_at))
                title = f"{house.algorithm}: {name}"
                self.stalls[title] = min(stall, self.stalls.get(title, stall))
                if stall[0] <= MOST_STALL:
                    break
            if time.monotonic() > until:
                return

    async def outlive(self, house: KeyedHouse) -> None:
        """An issuer that is gone: nobody listens at its address."""
        self.stalls[f"{house.algorithm}: gone"] = await self._crowd(house, "gone", None)

    async def _crowd(self, house: KeyedHouse, name: str, asked: int | None) -> tuple[float, float]:
        """Strangers ask until the issuer has been, beyond the `asked` times before, and has had its time to
        answer; friends ask beside them.
        """
        since, over, fetch = time.time(), asyncio.Event(), (0.0, 0.0)
        friends = asyncio.create_task(self._friends(house, over))
        numbers = itertools.count()
        limit = time.monotonic() + (_limit(house) if asked is not None else house.cool_down + 1)
        while time.monotonic() < limit:
            # Those who come after it was asked: the ones before have waited for its answer.
            enough = asked is not None and len(house.issuer.asked_at) > asked
            tokens = [house.sign(claims(), kid=f"{name} {next(numbers)}") for _ in range(CROWD)]
            answers = await asyncio.gather(*(house.doors.knock("REST", token) for token in tokens))
            self.strangers += len(answers)
            if asked is not None and not enough and len(house.issuer.asked_at) > asked:
                fetch = (house.issuer.asked_at[asked], time.monotonic())
            self.surprises += [
                f"{house.algorithm}, {name}: {each.answer}"
                for each in answers
                if not each.answer.startswith(documented("REST", tokens[0]))
            ]
            if enough:
                break
            await asyncio.sleep(PAUSE)
        else:
            if asked is not None:
                self.surprises.append(f"{house.algorithm}, {name}: the issuer was not asked")
        over.set()
        beside = [each for each in await friends if fetch[0] <= each[0] and each[1] <= fetch[1]]
        # One who waits for the fetch ends with it; in two seconds, any machine answers two.
        if fetch[1] - fetch[0] > SLOW_SECONDS and len(beside) < 2:
            self.held_up.append(f"{house.algorithm}: {name}")
        return await longest_stall(house.stalls, since, time.time())

    async def _friends(self, house: KeyedHouse, over: asyncio.Event) -> list[tuple[float, float]]:
        """When each began to ask, and was answered."""
        asked: list[tuple[float, float]] = []
        while not over.is_set():
            began = time.monotonic()
            knock = await house.doors.knock("REST", house.sign(claims()))
            asked.append((began, time.monotonic()))
            self.waits.append(knock.seconds)
            if not knock.let_in:
                self.refused.append(f"{house.algorithm}: {knock.answer}")
            await is_over(over, PAUSE)
        return asked

    def judge(self, findings: Findings) -> None:
        waits = sorted(self.waits)
        longest = max(self.stalls, key=lambda name: self.stalls[name])
        findings.note("mad issuers endured", len(self.stalls))
        findings.note("strangers meanwhile", self.strangers)
        findings.note("milliseconds, holders of known keys: p99", 1000 * percentile(waits, 0.99))
        findings.note("milliseconds, holders of known keys: most", 1000 * waits[-1])
        findings.note(
            f"milliseconds, longest stall of a loop (promised {1000 * MOST_STALL:g})",
            f"{1000 * self.stalls[longest][0]:.1f} ({longest})",
        )
        findings.note(
            "milliseconds, the same by the clock on the wall",
            1000 * max(wall for _, wall in self.stalls.values()),
        )
        stalled = [f"{name}: {own:.3f} s" for name, (own, _) in self.stalls.items() if own > MOST_STALL]
        findings.expect_none("issuers that stall a loop", stalled)
        findings.expect_none("holders of known keys refused while issuers are mad", self.refused)
        findings.expect_none("slow fetches that hold up holders of known keys", self.held_up)
        findings.expect_none("strangers answered otherwise than with 401", self.surprises)


def judge_fetches(findings: Findings, houses: Sequence[KeyedHouse]) -> None:
    gaps = [after - before for each in houses for before, after in itertools.pairwise(each.issuer.asked_at)]
    findings.note("times that issuers were asked", sum(len(each.issuer.asked_at) for each in houses))
    findings.note(f"seconds between two such times, least (promised {houses[0].cool_down:g})", min(gaps))
    findings.expect_none(
        "times an issuer was asked too soon", [gap for gap in gaps if gap < houses[0].cool_down]
    )


def judge_rotation(findings: Findings, houses: Sequence[KeyedHouse], took: Sequence[float]) -> None:
    findings.note("keys that issuers changed", len(took))
    findings.note("seconds until a further key is let in, most", max(took))
    limit = _limit(houses[0])
    findings.expect_none("keys let in too late, or never", [each for each in took if each > limit])


def _limit(house: KeyedHouse) -> float:
    return house.cool_down + FETCH_SECONDS + SLACK_SECONDS
