"""kill -9 of Valkey, again and again, once with all that it held."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from collections.abc import Iterable, Sequence

import redis

from jobs.doorbell import QUEUE
from tests.chaos import history
from tests.chaos.clients.load import Crowd, people
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.history import Write
from tests.chaos.installation import Installation, installation
from tests.chaos.verdict import judge
from tests.processes import Worker

EVERY_SECONDS = 10.0
DOWN_SECONDS = 1.0
# Far less than the workers can do: whoever waits, waits for Valkey.
PAUSE_SECONDS = 4.0
WORKERS = 2
# After a ring: Dramatiq looks for its server again every 3 s, and a narration may be in hand.
SPARE_SECONDS = 7.0
# Asked for while no worker takes anything out of Valkey.
LOST_AT_LEAST = 2


async def run(plan: Plan) -> Findings:
    """`many` users ask all the time; Valkey dies every 10 s (twice at least), once with all its data."""
    findings = Findings()
    async with installation(plan) as made, made.client(made.start_api()) as client:
        workers = [made.start_worker() for _ in range(WORKERS)]
        crowd = Crowd([client], plan.dice, people(plan.size.many))
        await crowd.write_stories([1, 3])
        await crowd.warm_up(made, WORKERS)
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(crowd.initiate_until(over, pause=PAUSE_SECONDS, at_once=plan.size.many))
            killing = tasks.create_task(_kill(made, crowd, workers, over, findings))
        # Runs with short waits still wait for what has its own time.
        limit = max(plan.size.lease_seconds + plan.size.sweep_seconds, SPARE_SECONDS)
        findings.expect(await made.settle(limit), f"some were not final {limit:g} s after the last outage")
        async with made.sql() as connection:
            waits = _waits((await history.writes(connection)).values(), killing.result())
        findings.expect_none("refused", list(crowd.asked.refused.elements()))
        findings.note("seconds until it is worked on, median", waits[len(waits) // 2])
        findings.note("seconds until it is worked on, most", waits[-1])
        findings.note("promised at the most", limit)
        findings.expect(waits[-1] <= limit, f"one waited for {waits[-1]:.1f} s")
        await judge(made, findings, crowd.asked.acknowledged)
    return findings


async def _kill(
    made: Installation, crowd: Crowd, workers: Sequence[Worker], over: asyncio.Event, findings: Findings
) -> list[float]:
    """When it was back each time: seconds since the epoch."""
    returns = []
    kills = max(2, round(made.plan.size.seconds / EVERY_SECONDS))
    for kill in range(1, kills + 1):
        await asyncio.sleep(made.plan.size.seconds / kills - DOWN_SECONDS)
        if kill == kills // 2:
            await _kill_with_rings(made, crowd, workers, findings)
        else:
            made.valkey.kill()
        await asyncio.sleep(DOWN_SECONDS)
        await made.valkey.start_beside()
        returns.append(time.time())
    over.set()
    findings.note("Valkey killed", kills)
    return returns


async def _kill_with_rings(
    made: Installation, crowd: Crowd, workers: Sequence[Worker], findings: Findings
) -> None:
    """Rings pile up before frozen workers, and are gone with all the data. Far shorter than a lease."""
    for worker in workers:
        worker.send(signal.SIGSTOP)
    await crowd.initiate(LOST_AT_LEAST, at_once=1)
    with redis.Redis.from_url(made.settings.need("redis_url"), socket_timeout=5) as client:
        waiting = client.llen(f"dramatiq:{QUEUE}")
    made.valkey.kill()
    shutil.rmtree(made.valkey.server.directory / "appendonlydir")
    for worker in workers:
        worker.send(signal.SIGCONT)
    findings.note("rings lost with the data", waiting)
    findings.expect(waiting > 0, "no ring was lost with the data")


def _waits(histories: Iterable[list[Write]], returns: Sequence[float]) -> list[float]:
    """From the acknowledgement of each generation, or Valkey's return where that was later, to its first
    attempt, in seconds, shortest first.
    """
    waits = []
    for steps in histories:
        began = next((step.at for step in steps if step.attempt), float("inf"))
        waits.append(began - max(steps[0].at, *(back for back in (0.0, *returns) if back < began)))
    return sorted(waits)


EXPERIMENT = Experiment(
    name="valkey-kills",
    promise="whatever Valkey loses, each generation is worked on within lease + sweep of its return",
    guard="sweeper",
    breaks="not final: ",
    run=run,
    full=Size(seconds=60, many=10),
    short=Size(seconds=10, many=4, lease_seconds=2, sweep_seconds=0.5),
)
