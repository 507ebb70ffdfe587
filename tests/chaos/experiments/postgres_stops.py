"""PostgreSQL's immediate shutdown, again and again: it writes nothing down that is not written yet."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from tests.chaos.clients.load import Crowd, people
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.installation import Installation, installation
from tests.chaos.verdict import judge

EVERY_SECONDS = 4.0
DOWN_SECONDS = 1.0
WORKERS = 2
DOCUMENTED = '500 {"error":"Internal server error"}'
# From the first moment that PostgreSQL takes connections to the first answer that is no error.
RECOVERY_SECONDS = 2.0


async def run(plan: Plan) -> Findings:
    """`many` users ask all the time; PostgreSQL stops at once every 4 s for `seconds`."""
    findings = Findings()
    async with installation(plan) as made, made.client(made.start_api()) as client:
        for _ in range(WORKERS):
            made.start_worker()
        crowd = Crowd([client], plan.dice, people(plan.size.many))
        await crowd.write_stories([1])
        await crowd.warm_up(made, WORKERS)
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(crowd.initiate_until(over, pause=0.25, at_once=plan.size.many))
            tasks.create_task(_stop(made, crowd, over, findings))
        findings.expect(await made.settle(120), "some were not final two minutes after the last stop")
        refused = crowd.asked.refused
        findings.note("answered 500 meanwhile", refused[DOCUMENTED])
        findings.expect(refused[DOCUMENTED] > 0, "nobody noticed that PostgreSQL was away")
        findings.expect_none("answered otherwise", list((refused - Counter({DOCUMENTED: 10**9})).elements()))
        await judge(made, findings, crowd.asked.acknowledged)
    return findings


async def _stop(made: Installation, crowd: Crowd, over: asyncio.Event, findings: Findings) -> None:
    stops = max(2, round(made.plan.size.seconds / EVERY_SECONDS))
    slowest = 0.0
    pauses = [EVERY_SECONDS - DOWN_SECONDS + made.plan.fault_dice.uniform(-0.5, 0.5) for _ in range(stops)]
    for pause in pauses:
        await asyncio.sleep(pause)
        made.postgres.break_off()
        await asyncio.sleep(DOWN_SECONDS)
        await made.postgres.start_beside()
        slowest = max(slowest, await _seconds_until_answered(crowd))
    over.set()
    findings.note("PostgreSQL stopped", stops)
    findings.note("seconds before each stop, at first", [round(pause, 2) for pause in pauses[:10]])
    findings.note("seconds from its return to the next acknowledgement, most", slowest)
    findings.expect(slowest <= RECOVERY_SECONDS, f"the API took {slowest:.1f} s to recover")


async def _seconds_until_answered(crowd: Crowd) -> float:
    back = time.monotonic()
    known = len(crowd.asked.acknowledged)
    async with asyncio.timeout(60):
        while len(crowd.asked.acknowledged) == known:  # noqa: ASYNC110 - the askers tell no event
            await asyncio.sleep(0.01)
    return time.monotonic() - back


EXPERIMENT = Experiment(
    name="postgres-stops",
    promise="what was acknowledged outlives immediate stops of PostgreSQL, and the API recovers by itself",
    guard="durable_commit",
    breaks="lost: ",
    run=run,
    full=Size(seconds=60, many=8),
    short=Size(seconds=8, many=8, lease_seconds=2, sweep_seconds=0.5),
)
