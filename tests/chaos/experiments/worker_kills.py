"""kill -9 of workers, again and again, in the middle of what they do."""

from __future__ import annotations

import asyncio
import time
from asyncio import Event

from tests.chaos.clients.load import Crowd, people
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.installation import Installation, installation
from tests.chaos.pauses import is_over
from tests.chaos.verdict import judge

EVERY_SECONDS = 2.0
WORKERS = 2


async def run(plan: Plan) -> Findings:
    """`many` generations asked for at once; a worker dies every two seconds until all have ended, or
    `seconds` are over.
    """
    findings = Findings()
    async with installation(plan, max_attempts=100) as made, made.client(made.start_api()) as client:
        crowd = Crowd([client], plan.dice, people(20))
        await crowd.write_stories([1, 3, 10, 40])
        over = Event()
        began = time.monotonic()
        killing = asyncio.create_task(_kill(made, over, findings))
        await crowd.initiate(plan.size.many)
        findings.expect(await made.settle(plan.size.seconds), "some were not final in time")
        over.set()
        await killing
        findings.note("seconds until all were final", time.monotonic() - began)
        attempts = await judge(made, findings, crowd.asked.acknowledged)
        findings.expect(attempts > 1, "no kill struck a worker at work")
    return findings


async def _kill(made: Installation, over: Event, findings: Findings) -> None:
    workers = [made.start_worker() for _ in range(WORKERS)]
    killed = 0
    while not await is_over(over, EVERY_SECONDS):
        # Each in its turn: one that starts yet, and is killed again, is never struck at work.
        chosen = killed % WORKERS
        workers[chosen].kill()
        workers[chosen] = made.start_worker()
        killed += 1
    findings.note("workers killed", killed)
    findings.expect(killed > 0, "no worker was killed")


EXPERIMENT = Experiment(
    name="worker-kills",
    promise="with workers killed every 2 s, each generation ends, and each that succeeds does so once",
    guard="lease_end",
    breaks="not final: ",
    run=run,
    full=Size(seconds=600, many=500),
    short=Size(seconds=90, many=20, lease_seconds=2, sweep_seconds=0.5),
)
