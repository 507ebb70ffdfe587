"""A migration that adds a column to the busiest table, while it is read and written."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import asyncpg

from db.provision import LOCK_TIMEOUT_MS
from tests.chaos.clients.load import working
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.installation import Installation, installation, product
from tests.chaos.verdict import judge
from tests.processes import ROOT, environment_of

# An answer after a wait for the lock: the rest of it, on a machine that is busy.
SPARE_SECONDS = 2.0


async def run(plan: Plan) -> Findings:
    """`many` users ask all the time, half of them for generations and half for lists. The migration is run
    twice: once while another transaction holds the table until it has waited for `seconds`, and once when
    that is over.
    """
    findings = Findings()
    async with installation(plan) as made, working(made, plan.size.many) as (_, crowd):
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(crowd.initiate_until(over, pause=0.2, at_once=plan.size.many // 2))
            tasks.create_task(crowd.list_until(over, pause=0.2, at_once=plan.size.many // 2))
            tasks.create_task(_migrate_twice(made, over, findings))
        findings.expect(await made.settle(60), "some were not final a minute later")
        limit = LOCK_TIMEOUT_MS / 1000 + SPARE_SECONDS
        findings.note(f"seconds that an answer took, most (promised {limit:g})", crowd.asked.slowest)
        findings.expect(crowd.asked.slowest <= limit, f"one answer took {crowd.asked.slowest:.1f} s")
        findings.note("lists", crowd.asked.listed)
        findings.expect(crowd.asked.listed > 0, "nobody was given a list")
        findings.expect_none("refused", list(crowd.asked.refused.elements()))
        await judge(made, findings, crowd.asked.acknowledged)
    return findings


async def _migrate_twice(made: Installation, over: asyncio.Event, findings: Findings) -> None:
    async with made.sql() as holder, made.sql() as watcher:
        transaction = holder.transaction()
        await transaction.start()
        await holder.fetch("SELECT count(*) FROM story_generations")
        migrating = asyncio.create_task(_migrate(made))
        await _until_it_waits(watcher)
        began = time.monotonic()
        await asyncio.wait([migrating], timeout=made.plan.size.seconds)
        findings.note("seconds that the migration waited", time.monotonic() - began)
        await transaction.rollback()
    code, said = await migrating
    findings.expect(code == 1 and "lock timeout" in said, f"it did not give up: exit code {code}, {said!r}")
    code, said = await _migrate(made)
    findings.expect(code == 0, f"it failed when nothing held the table: {said!r}")
    async with made.sql() as connection:
        query = "SELECT count(*) FROM story_generations WHERE mood = 'calm'"
        findings.note("rows with the column", await connection.fetchval(query))
    over.set()


async def _until_it_waits(watcher: asyncpg.Connection) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"
    async with asyncio.timeout(60):
        while not await watcher.fetchval(waiting):  # noqa: ASYNC110 - a lock tells no event
            await asyncio.sleep(0.01)


async def _migrate(made: Installation) -> tuple[int, str]:
    """`migrate` as operators run it, with one migration more; its exit code, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *product(made.plan.without, "one_more_migration"),
        "migrate",
        cwd=ROOT,
        env=environment_of(made.settings),
        stderr=subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode().strip()


EXPERIMENT = Experiment(
    name="column-added",
    promise="a migration that cannot have its lock gives up before a request fails, and passes when it can",
    guard="lock_timeout",
    breaks="one answer took",
    run=run,
    full=Size(seconds=20, many=8),
    short=Size(seconds=9, many=4),
)
