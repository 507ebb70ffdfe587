"""API processes killed between the commit of a generation and the ring that wakes a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from statistics import median
from uuid import UUID

import httpx

from tests.callers import Client
from tests.chaos import history
from tests.chaos.clients.load import Crowd, people
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.installation import Installation, installation
from tests.chaos.verdict import judge
from tests.processes import START_SECONDS

STARTED_WITHIN_SECONDS = 10
WORKERS = 2
MOST_AT_ONCE = 3


async def run(plan: Plan) -> Findings:
    """`many` deaths of an API process that dies of ringing, each in the middle of a few requests, while
    another one answers. All have to end within `seconds` of the last death.
    """
    findings = Findings()
    async with installation(plan) as made, made.client(made.start_api()) as client:
        crowd = Crowd([client], plan.dice, people(5))
        await crowd.write_stories([1, 3])
        for _ in range(WORKERS):
            made.start_worker()
        await crowd.initiate(WORKERS)
        findings.expect(await made.settle(START_SECONDS), "no worker began")
        broken = [seen for _ in range(plan.size.many) for seen in await _die(made, crowd)]
        findings.expect(await made.settle(plan.size.seconds), "some were not final in time")
        findings.note("API processes killed", plan.size.many)
        findings.note("requests broken off", len(broken))
        findings.expect_none("answers of a dying process", [seen for seen in broken if seen])
        await judge(made, findings, crowd.asked.acknowledged)
        await _judge_starts(made, findings, crowd.asked.acknowledged)
    return findings


async def _die(made: Installation, crowd: Crowd) -> Sequence[str]:
    """What the clients of one dying process were answered: nothing, if all is as it should be."""
    dice = made.plan.dice
    dying = made.start_api(fault="dies_instead_of_ringing")
    async with made.client(dying) as client:
        number = made.plan.fault_dice.randint(1, MOST_AT_ONCE)
        asking = [_ask(client, crowd, dice.choice(crowd.users)) for _ in range(number)]
        answers, _ = await asyncio.gather(asyncio.gather(*asking), crowd.ask(dice.choice(crowd.users)))
    dying.process.wait()
    return answers


async def _ask(client: Client, crowd: Crowd, user: UUID) -> str:
    try:
        answer = await client.request(
            "POST", "/api/story-generations", user, json={"story_id": crowd.stories[user]}
        )
    except httpx.TransportError:
        return ""
    return f"{answer.status_code} {answer.text}"


async def _judge_starts(made: Installation, findings: Findings, answered: Collection[UUID]) -> None:
    async with made.sql() as connection:
        written = await history.writes(connection)
    unheard = {key: steps for key, steps in written.items() if key not in answered}
    findings.note("committed, and nobody told", len(unheard))
    findings.expect(len(unheard) >= made.plan.size.many, "not every death came after a commit")
    starts = {key: _started_after(steps) for key, steps in unheard.items()}
    waits = sorted(wait for wait in starts.values() if wait is not None)
    findings.note("seconds from commit to start, median", median(waits) if waits else "never")
    findings.note("seconds from commit to start, at the most", waits[-1] if waits else "never")
    findings.expect_none(
        f"not started within {STARTED_WITHIN_SECONDS} s",
        [key for key, wait in starts.items() if wait is None or wait >= STARTED_WITHIN_SECONDS],
    )


def _started_after(steps: Sequence[history.Write]) -> float | None:
    begun = [step.at for step in steps if step.status == "in_progress"]
    return begun[0] - steps[0].at if begun else None


EXPERIMENT = Experiment(
    name="lost-ring",
    promise="what was committed by an API process that died before it told a worker starts within 10 s",
    guard="sweeper",
    breaks="not started within",
    run=run,
    full=Size(seconds=60, many=40),
    short=Size(seconds=12, many=2, lease_seconds=2, sweep_seconds=0.5),
)
