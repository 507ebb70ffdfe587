"""Pub/sub dropped, Valkey killed and frozen, while hundreds follow what happens."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

import redis

from core.settings import Settings
from tests.chaos.clients.audience import TOLD_WITHIN_SECONDS, Audience
from tests.chaos.clients.load import Crowd, people
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.installation import Installation, installation
from tests.chaos.logs import tracebacks
from tests.chaos.pauses import is_over
from tests.chaos.verdict import judge

SETTLE_SECONDS = 120
USERS = 20
WORKERS = 2


async def run(plan: Plan) -> Findings:
    """`many` subscribers to all that is their user's, from beginning to end, and half as many to
    one generation each, begun within `seconds` of faults.
    """
    findings = Findings()
    async with installation(plan) as made:
        for _ in range(WORKERS):
            made.start_worker()
        apis = [made.start_api() for _ in range(2 if plan.size.many > 100 else 1)]
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(made.client(api)) for api in apis]
            audience = Audience(plan, apis, clients[0])
            crowd = Crowd(clients, plan.dice, people(min(USERS, plan.size.many // 4)))
            await crowd.write_stories([1, 3, 30])
            await audience.watch_all(crowd, plan.size.many)
            over = asyncio.Event()
            faults = asyncio.create_task(_faults(made, over, findings))
            await audience.follow_new(crowd, plan.size.many // 2, plan.size.seconds)
            over.set()
            await faults
            findings.expect(await made.settle(SETTLE_SECONDS), "some were not final in time")
            await audience.judge(made, findings)
        lost = made.log("api").read_text().count("Event feed lost")
        findings.note("feeds lost", lost)
        findings.expect(lost > 0, "no feed was lost")
        findings.expect_none("tracebacks of the API", tracebacks(made.log("api")))
        await judge(made, findings, crowd.asked.acknowledged, all_succeed=False)
        audience.leave()
    return findings


async def _faults(made: Installation, over: asyncio.Event, findings: Findings) -> None:
    """Each kind in each round, in an order and for times that the dice give."""
    dice, counted = made.plan.fault_dice, Counter[str]()
    schedule: list[str] = []
    longest = min(12.0, max(3.0, made.plan.size.seconds / 4))
    while not over.is_set():
        for fault in dice.sample((_drop, _kill, _freeze), 3):
            if await is_over(over, dice.uniform(0.5, 1.5)) and counted.total() >= 3:
                break
            kind, seconds = fault.__name__.strip("_"), dice.uniform(2, longest)
            await fault(made, seconds)
            counted[kind] += 1
            schedule.append(f"{kind} {seconds:.1f}")
    findings.note("faults", ", ".join(f"{kind} {times}" for kind, times in sorted(counted.items())))
    findings.note("faults with their seconds, at first", ", ".join(schedule[:6]))
    findings.expect(len(counted) == 3, "not every kind of fault came")


async def _drop(made: Installation, _: float) -> None:
    def drop(settings: Settings) -> None:
        with redis.Redis.from_url(settings.need("redis_url"), socket_timeout=5) as client:
            client.client_kill_filter(_type="pubsub")

    await asyncio.to_thread(drop, made.settings)


async def _kill(made: Installation, seconds: float) -> None:
    made.valkey.kill()
    await asyncio.sleep(min(seconds, 5))
    await made.valkey.start_beside()


async def _freeze(made: Installation, seconds: float) -> None:
    made.valkey.freeze()
    await asyncio.sleep(seconds)
    made.valkey.thaw()


EXPERIMENT = Experiment(
    name="lost-news",
    promise=f"whatever pub/sub loses, each subscriber is told each end within {TOLD_WITHIN_SECONDS} s,"
    " in rising revisions",
    guard="catching_up",
    breaks="ends were not told",
    run=run,
    full=Size(seconds=90, many=500),
    short=Size(seconds=9, many=40, lease_seconds=2, sweep_seconds=0.5),
)
