"""SIGTERM under load: rolling restarts of API processes, and of workers by their master or all at once."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from uuid import UUID

from server.serve import GRACE_SECONDS
from tests.callers import Client
from tests.chaos.clients.follow import Followed, follow
from tests.chaos.clients.load import Crowd, people
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.installation import Installation, installation
from tests.chaos.pauses import is_over
from tests.chaos.verdict import judge
from tests.outages import family
from tests.processes import ApiProcess, Started

PAUSE_SECONDS = 1.0
# Beyond what is given to the work in hand: the closing of what is open, on a machine that is busy.
SPARE_SECONDS = 5.0


async def run(plan: Plan) -> Findings:
    """`many` users ask one after the other and follow what they asked for, while API processes and workers
    are restarted in turn for `seconds`.
    """
    findings = Findings()
    async with installation(plan, worker_processes=2, drain_seconds=2) as made, AsyncExitStack() as stack:
        apis = [made.start_api(), made.start_api()]
        clients = [await stack.enter_async_context(made.client(api)) for api in apis]
        crowd = Crowd(clients, plan.dice, people(plan.size.many))
        await crowd.write_stories([1, 3, 40])
        stops = _Stops(made, apis, made.start_master(), findings)
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(_user(crowd, clients, user, over)) for user in crowd.users]
            tasks.create_task(stops.go_on(over))
        followed = [each for task in asked for each in task.result()]
        stops.judge()
        _judge_clients(findings, crowd, followed)
        await judge(made, findings, crowd.asked.acknowledged)
    return findings


async def _user(crowd: Crowd, clients: list[Client], user: UUID, over: asyncio.Event) -> list[Followed]:
    followed: list[Followed] = []
    while not over.is_set():
        key = f"{user}-{len(followed)}"
        generation_id = await crowd.ask_until_acknowledged(user, key)
        followed.append(await follow(clients, crowd.dice, user, generation_id))
    return followed


class _Stops:
    """Restarts one process after the other, and takes the time that each took to end."""

    def __init__(
        self, made: Installation, apis: list[ApiProcess], master: Started, findings: Findings
    ) -> None:
        self._made, self._apis, self._master, self._findings = made, apis, master, findings
        self._seconds: dict[str, list[float]] = {}

    async def go_on(self, over: asyncio.Event) -> None:
        kinds: list[Callable[[], Awaitable[None]]] = [self._api, self._by_master, self._all_at_once]
        ends = time.monotonic() + self._made.plan.size.seconds
        turn = 0
        while time.monotonic() < ends or turn < len(kinds):
            await kinds[turn % len(kinds)]()
            await is_over(over, PAUSE_SECONDS)
            turn += 1
        over.set()

    async def _api(self) -> None:
        """What a rolling restart does with each: the other one answers meanwhile."""
        for number, api in enumerate(self._apis):
            await self._end(api, "API", [api.pid])
            self._apis[number] = await self._made.start_api_beside(api.port)

    async def _by_master(self) -> None:
        await self._end(self._master, "workers, by their master", [self._master.pid])
        await self._start_master()

    async def _all_at_once(self) -> None:
        """As a control group is told to stop: each is a session of its own, and signals reach no others."""
        await self._end(self._master, "workers, all at once", family(self._master.pid))
        await self._start_master()

    async def _start_master(self) -> None:
        """Back once it has workers: earlier it has nothing to end in order."""
        self._master = self._made.start_master()
        async with asyncio.timeout(60):
            while len(family(self._master.pid)) == 1:  # noqa: ASYNC110 - a process of its own tells no event
                await asyncio.sleep(0.05)

    async def _end(self, process: Started, name: str, pids: list[int]) -> None:
        began = time.monotonic()
        for pid in pids:
            with suppress(ProcessLookupError):  # ended by the one before it
                os.kill(pid, signal.SIGTERM)
        code = await asyncio.to_thread(process.process.wait, 60)
        self._seconds.setdefault(name, []).append(time.monotonic() - began)
        self._findings.expect(code == 0, f"{name}: exit code {code}")

    def judge(self) -> None:
        limits = {"API": GRACE_SECONDS}
        for name, taken in self._seconds.items():
            limit = limits.get(name, self._made.settings.drain_seconds) + SPARE_SECONDS
            self._findings.note(f"{name}: ended", len(taken))
            self._findings.note(f"{name}: seconds to end, most (promised {limit:g})", max(taken))
            self._findings.expect(max(taken) <= limit, f"{name}: one took {max(taken):.1f} s to end")


def _judge_clients(findings: Findings, crowd: Crowd, followed: list[Followed]) -> None:
    findings.note("requests sent again with their key", crowd.asked.refused.total())
    reconnects = sum(each.reconnects for each in followed)
    findings.note("reconnects of followers", reconnects)
    findings.expect(reconnects > 0, "no follower noticed a restart")
    findings.expect_none("followed generations that failed", [e for e in followed if e.status != "SUCCEEDED"])
    findings.expect_none("followers who saw a revision twice or fall", [e for e in followed if not e.rises()])
    asked = crowd.asked.acknowledged
    findings.expect(len(set(asked)) == len(asked), "one generation answered for two keys")


EXPERIMENT = Experiment(
    name="orderly-stops",
    promise="a SIGTERM ends each process in order and in time, and neither work nor answers are lost by it",
    guard="orderly_end",
    breaks="exit code -15",
    run=run,
    full=Size(seconds=60, many=10),
    short=Size(seconds=8, many=5),
)
