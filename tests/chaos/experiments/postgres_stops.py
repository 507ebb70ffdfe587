"""PostgreSQL's immediate shutdown, again and again: it writes nothing down that is not written yet."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from tests.chaos.clients.audience import Audience
from tests.chaos.clients.load import Crowd, working
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.installation import Installation, installation
from tests.chaos.verdict import judge

EVERY_SECONDS = 4.0
DOWN_SECONDS = 1.0
DOCUMENTED = ('500 {"error":"Internal server error"}', "GraphQL INTERNAL_SERVER_ERROR")
# From the first moment that PostgreSQL takes connections to the first answer that is no error.
RECOVERY_SECONDS = 2.0


async def run(plan: Plan) -> Findings:
    """`many` users ask all the time, half of them over GraphQL, and as many follow what becomes of it;
    PostgreSQL stops at once every 4 s for `seconds`.
    """
    findings = Findings()
    async with installation(plan) as made, working(made, plan.size.many, graphql_share=0.5) as (api, crowd):
        audience = Audience(plan, [api], crowd.clients[0])
        await audience.watch_all(crowd, plan.size.many)
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(crowd.initiate_until(over, pause=0.25, at_once=plan.size.many))
            tasks.create_task(_stop(made, crowd, over, findings))
        findings.expect(await made.settle(120), "some were not final two minutes after the last stop")
        refused = crowd.asked.refused
        for told in DOCUMENTED:
            findings.note(f"answered {told} meanwhile", refused[told])
            findings.expect(refused[told] > 0, f"nobody was answered {told} while PostgreSQL was away")
        other = refused - Counter(dict.fromkeys(DOCUMENTED, 10**9))
        findings.expect_none("answered otherwise", list(other.elements()))
        await audience.judge(made, findings)
        await judge(made, findings, crowd.asked.acknowledged)
        audience.leave()
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
