"""Forged tokens by the thousand at every door, issuers that change and go mad, tokens that end."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from core.identity import LEEWAY
from tests.chaos.clients.doors import documented
from tests.chaos.clients.houses import House, KeyedHouse, open_houses
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.experiments.expiry import judge_expiry, sit_until_expiry
from tests.chaos.experiments.issuers import Endured, judge_fetches, judge_rotation, let_in_after, rotate
from tests.chaos.figures import SHORT_SECONDS, percentile
from tests.chaos.installation import Installation, installation
from tests.chaos.logs import tracebacks
from tests.chaos.pauses import is_over
from tests.identity.conftest import key
from tests.identity.forgeries import forgeries
from tests.identity.hostility import hostile
from tests.identity.issuer import claims

AT_ONCE = 8
HONEST_PAUSE = 0.05
TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}")


async def run(plan: Plan) -> Findings:
    """`many` forged tokens, each at every door of one of four API processes; `seconds` of mad issuers."""
    findings = Findings()
    with ExitStack() as issuers:
        async with installation(plan) as made, open_houses(made, issuers) as houses:
            keyed = [each for each in houses if isinstance(each, KeyedHouse)]
            await _forge(plan, findings, houses, keyed)
            await _go_mad(plan, findings, keyed, issuers)
            judge_fetches(findings, keyed)
        _judge_log(made, findings)
    return findings


@dataclass
class Tried:
    """What forgers and honest people met."""

    forged: Counter[str] = field(default_factory=Counter)  # by door
    let_in: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)  # of the honest
    refused: list[str] = field(default_factory=list)  # of them

    async def forge(self, houses: Sequence[House], number: int, dice: Random) -> None:
        """So many, of each kind for each of the houses in turn."""
        kinds = [list(forgeries(house.sign, dice).items()) for house in houses]
        for each in kinds:
            dice.shuffle(each)
        turns = iter(range(number))

        async def forge() -> None:
            for turn in turns:
                house, mine = houses[turn % len(houses)], kinds[turn % len(houses)]
                kind, make = mine[turn // len(houses) % len(mine)]
                token = make()
                for door in house.doors.ways:
                    await self._try(house, door, kind, token)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(forge())

    async def _try(self, house: House, door: str, kind: str, token: str) -> None:
        knock = await house.doors.knock(door, token)
        self.forged[door] += 1
        told = f"{house.algorithm}, {door}, {kind}: {knock.answer[:100]}"
        if knock.let_in:
            self.let_in.append(told)
        elif not knock.answer.startswith(documented(door, token)):
            self.surprises.append(f"{told}, token {token[:200]}")

    async def be_honest(self, house: House, over: asyncio.Event, dice: Random) -> None:
        """With good tokens, some of them only just, through one door after the other until `over` is set."""
        while not over.is_set():
            for door in house.doors.ways:
                knock = await house.doors.knock(door, house.sign(_good(dice)))
                self.waits.append(knock.seconds)
                if not knock.let_in:
                    self.refused.append(f"{house.algorithm}, {door}: {knock.answer[:100]}")
                await is_over(over, HONEST_PAUSE)


def _good(dice: Random) -> dict[str, Any]:
    second = int(time.time())
    ahead = second + int(LEEWAY.total_seconds())
    edges: list[dict[str, Any]] = [
        {},
        {"nbf": ahead},
        {"iat": ahead},
        {"aud": ["storycast", "elsewhere"]},
        {"exp": second + 30.5},
    ]
    return claims(sub=str(UUID(int=dice.getrandbits(128))), **dice.choice(edges))


async def _forge(
    plan: Plan, findings: Findings, houses: Sequence[House], keyed: Sequence[KeyedHouse]
) -> None:
    """Forgers, honest people, sockets that come to their end and keys that change, all at once."""
    tried, over = Tried(), asyncio.Event()
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        sitting = tasks.create_task(
            sit_until_expiry(houses, plan.size.many // 10, max(2, plan.size.many // 150), plan.fault_dice)
        )
        rotating = [
            tasks.create_task(rotate(each, over, Random(f"{plan.seed} {each.algorithm}"))) for each in keyed
        ]
        for each in houses:
            tasks.create_task(tried.be_honest(each, over, Random(f"{plan.seed} {each.algorithm} honest")))
        await tried.forge(houses, plan.size.many, plan.dice)
        findings.note("seconds of forging", time.monotonic() - began)
        await asyncio.wait([sitting])
        over.set()
    waits = sorted(tried.waits)
    for door, count in tried.forged.items():
        findings.note(f"forged tokens at: {door}", count)
    findings.expect_none("forged tokens let in", tried.let_in)
    findings.expect_none("forged tokens refused otherwise than documented", tried.surprises)
    findings.note("honest tokens", len(waits))
    findings.expect_none("honest tokens refused", tried.refused)
    findings.note("milliseconds, honest tokens: p99", 1000 * percentile(waits, 0.99))
    busy = waits[-1] if plan.size.seconds < SHORT_SECONDS else 0
    judge_expiry(findings, *sitting.result(), busy=busy)
    judge_rotation(findings, keyed, [took for each in rotating for took in each.result()])


async def _go_mad(plan: Plan, findings: Findings, keyed: Sequence[KeyedHouse], issuers: ExitStack) -> None:
    """As many manners as there is time for, one after the other at each issuer; then keys in time, and then
    nothing listens where the issuers were.
    """
    manners = list(hostile(key("ES256", "first")))
    plan.fault_dice.shuffle(manners)
    endured, until, left = Endured(), time.monotonic() + plan.size.seconds, iter(manners)
    await asyncio.gather(*(endured.endure(each, left, until) for each in keyed))
    took = await asyncio.gather(*(let_in_after(each, key(each.algorithm, "last")) for each in keyed))
    findings.note("seconds until an issuer that came to its senses is believed, most", max(took))
    findings.expect(max(took) < float("inf"), "an issuer that came to its senses is not believed")
    issuers.close()
    await asyncio.gather(*map(endured.outlive, keyed))
    endured.judge(findings)


def _judge_log(made: Installation, findings: Findings) -> None:
    log = made.log("api")
    findings.expect_none("tokens in the log", TOKEN.findall(log.read_text(errors="replace")))
    findings.expect_none("tracebacks", tracebacks(log))


EXPERIMENT = Experiment(
    name="tokens",
    promise="no forged token opens any door, good ones always do, and no issuer holds anybody else up",
    guard="signatures",
    breaks="forged tokens let in: ",
    run=run,
    full=Size(seconds=40, many=5000),
    short=Size(seconds=1, many=400, sweep_seconds=0.5),
)
