"""Workers and API processes whose clocks are an hour off, both ways, beside ones whose clocks are right."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from tests.chaos import history
from tests.chaos.clients.load import Crowd, people
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.experiments.credentials import Traveller, judge_links, judge_tokens
from tests.chaos.holders import find_holders
from tests.chaos.installation import Installation, installation
from tests.chaos.sabotage.clock import off_by
from tests.chaos.verdict import judge
from tests.processes import Worker

# An hour, and more than a link's lifetime is rounded up by.
WRONG_SECONDS = 3700
CLOCKS = {"right": 0, "ahead": WRONG_SECONDS, "behind": -WRONG_SECONDS}
LOOK_SECONDS = 0.05
# Workers look for orphans all the time; the one that is ahead takes every file for old.
ORPHAN_SECONDS = 4
# How long a write may have waited for its row since it took the time.
LEASE_TOLERANCE_SECONDS = 10


async def run(plan: Plan) -> Findings:
    """An API process and a worker by each clock, and `many` generations; the worker that is ahead and the one
    behind are killed in mid-narration and brought back. All have to end within `seconds`.
    """
    findings = Findings()
    through = {name: off_by(seconds) if seconds else () for name, seconds in CLOCKS.items()}
    async with (
        installation(plan, max_attempts=100, orphan_seconds=ORPHAN_SECONDS) as made,
        made.sql() as connection,
    ):
        began = await connection.fetchval("SELECT now()")
        apis = {name: made.start_api(through=through[name]) for name in CLOCKS}
        clients = {name: Traveller(api.base, made.settings) for name, api in apis.items()}
        workers = {name: made.start_worker(through=through[name], fault="named") for name in CLOCKS}
        crowd = Crowd(list(clients.values()), plan.dice, people(4))
        await crowd.write_stories([5, 20, 40])
        await crowd.initiate(plan.size.many)
        leases = Leases(connection, plan.size.lease_seconds)
        killed = 0
        for name in ("ahead", "behind"):
            killed += await _come_to_its_middle(made, leases, workers[name], crowd)
            workers[name].kill()
            workers[name] = made.start_worker(through=through[name], fault="named")
        findings.note("workers killed in mid-narration", killed)
        findings.expect(killed == 2, "a worker had nothing to do")
        findings.expect(await _settle(made, leases), "some were not final in time")
        await judge(made, findings, crowd.asked.acknowledged)
        await leases.judge(findings, killed)
        await _judge_times(connection, findings, began)
        # They need results to link to.
        if not findings.broken:
            bases = {name: api.base for name, api in apis.items()}
            await judge_links(findings, clients, crowd.users[0])
            await judge_tokens(made, findings, bases, crowd.users[0])
        for client in clients.values():
            await client.close()
        # Their end is not in question, and under libfaketime a wait may never be over.
        for worker in workers.values():
            worker.kill()
    return findings


async def _come_to_its_middle(made: Installation, leases: Leases, worker: Worker, crowd: Crowd) -> bool:
    """Whether the worker came to hold a narration, before anything was found wrong."""
    limit = time.monotonic() + made.plan.size.seconds
    while time.monotonic() < limit and not await leases.found_wrong():
        if worker.pid in await find_holders(leases.connection):
            return True
        if await made.unfinished() < len(CLOCKS):
            await crowd.ask(crowd.users[0])
        await asyncio.sleep(LOOK_SECONDS)
    return False


async def _settle(made: Installation, leases: Leases) -> bool:
    """As `settle`; False as soon as a lease was wrong, since one may last an hour then."""
    limit = time.monotonic() + made.plan.size.seconds
    while time.monotonic() < limit and not await leases.found_wrong():
        if await made.settle(1):
            return True
    return False


@dataclass
class Leases:
    """Each lease is as long as it should be by the database's clock, and respected until it is over."""

    connection: asyncpg.Connection
    seconds: float
    given: int = 0
    wrong: list[float] = field(default_factory=list)
    early: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    async def look(self) -> None:
        """Go through all that was written."""
        self.given, self.wrong, self.early, self.late = 0, [], [], []
        for steps in (await history.writes(self.connection)).values():
            for before, after in itertools.pairwise(steps):
                if after.lease_until and after.lease_until != before.lease_until:
                    self._note_length(after.lease_until - after.at)
                if before.lease_until and after.attempt != before.attempt:
                    waited = after.at - before.lease_until
                    (self.early if waited < 0 else self.late).append(waited)

    def _note_length(self, length: float) -> None:
        self.given += 1
        if not self.seconds - LEASE_TOLERANCE_SECONDS < length <= self.seconds:
            self.wrong.append(length)

    async def found_wrong(self) -> bool:
        await self.look()
        return bool(self.wrong or self.early)

    async def judge(self, findings: Findings, killed: int) -> None:
        await self.look()
        findings.note("leases given or renewed", self.given)
        findings.note("attempts after the first", len(self.early) + len(self.late))
        findings.note(
            "seconds from a lease's end to the next claim, at the most", max(self.late, default=0.0)
        )
        findings.expect(len(self.late) >= killed, "a killed worker's narration was not taken up in its time")
        findings.expect_none("claims before the lease was over", self.early)
        findings.expect_none(f"leases of another length than {self.seconds:g} s", self.wrong)


async def _judge_times(connection: asyncpg.Connection, findings: Findings, began: datetime) -> None:
    rows = await connection.fetch("SELECT * FROM story_generations")
    entries = await connection.fetch("SELECT occurred_at FROM generation_logs")
    ended = await connection.fetchval("SELECT now()")
    written = [entry["occurred_at"] for entry in entries]
    disordered = []
    for row in rows:
        order = [row[name] for name in ("created_at", "started_at", "finished_at") if row[name]]
        written += [*order, row["updated_at"]]
        disordered += [row["id"]] if order != sorted(order) else []
    findings.note("times in rows", len(written))
    findings.expect_none(
        "times that the database's clock never showed",
        [str(moment) for moment in written if not began <= moment <= ended],
    )
    findings.expect_none("generations whose times are out of order", disordered)
    # Ids are made by API processes: lists, which go by them, have the order of those clocks.
    off = [(row["id"].int >> 80) / 1000 - row["created_at"].timestamp() for row in rows]
    findings.note("seconds that ids are behind or ahead, at the most", f"{min(off):.0f}, {max(off):.0f}")


EXPERIMENT = Experiment(
    name="wrong-clock",
    promise="with clocks an hour off, the database's alone decides leases, and links and tokens fail clearly",
    guard="database_clock",
    breaks="leases of another length",
    run=run,
    full=Size(seconds=300, many=100),
    short=Size(seconds=60, many=8, lease_seconds=2, sweep_seconds=0.5),
)
