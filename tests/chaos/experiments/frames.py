"""Bad frames and bad operations, beside and on the sockets of honest users."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from tests.callers import Client
from tests.chaos.clients.load import people
from tests.chaos.clients.movers import Mover, mover
from tests.chaos.clients.neighbours import Neighbour, judge
from tests.chaos.clients.siege import besiege, judge_attacks
from tests.chaos.clients.socket_attacks import SocketAttacker
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.figures import judge_pace
from tests.chaos.installation import installation
from tests.chaos.leftovers import connections, open_files
from tests.chaos.logs import tracebacks
from tests.chaos.memory import MIB, resident
from tests.processes import ApiProcess

NEIGHBOURS = 10
ATTACKERS = 6
OPERATIONS_PER_SOCKET = 30
CHANGES_A_SECOND = 10
# Before anything is measured: what is loaded, compiled and cached once.
WARM_UP_ATTACKS = 100
SHORT = 5000
MOST_GROWTH = 16 * MIB
SETTLE_SECONDS = 10


async def run(plan: Plan) -> Findings:
    """`many` attacks within `seconds`. Half of the neighbours have bad operations on their own sockets."""
    findings = Findings()
    async with installation(plan, operations_per_socket=OPERATIONS_PER_SOCKET) as made:
        api = made.start_api()
        # A connection for each request: what is open must be of the sockets alone.
        each_its_own = httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0))
        client = Client(api.base, made.settings, each_its_own)
        async with each_its_own, mover(client, made.settings) as moving:
            street = await _settle(api, client, moving)
            attackers = street.attackers(people(NEIGHBOURS + ATTACKERS)[NEIGHBOURS:])
            async with street.noise():
                await besiege(attackers, plan.fault_dice, WARM_UP_ATTACKS, plan.size.seconds)
                await asyncio.gather(*(each.ask() for each in 3 * street.neighbours))
            findings.expect(await street.is_alone(), "connections stayed open after the first attacks")
            files, memory = open_files(api.pid), resident(api.pid)
            async with street.noise():
                calm = max(2, plan.size.many / 1000)
                alone = await street.during(asyncio.sleep(calm))
                beside = await street.during(
                    besiege(attackers, plan.fault_dice, plan.size.many, plan.size.seconds)
                )
                # Again, as the machine may have become busy with something else.
                alone = sorted(alone + await street.during(asyncio.sleep(calm)))
            judge_attacks(
                attackers, findings, WARM_UP_ATTACKS + plan.size.many, "attacks not answered as documented"
            )
            judge_pace(findings, "neighbours", alone, beside, short=plan.size.many < SHORT)
            findings.expect(await street.is_alone(), "connections stayed open after the attacks")
            _judge_left(findings, api, files, memory)
            await judge(street.neighbours, moving, findings)
            street.leave()
        findings.expect_none("tracebacks of the API", tracebacks(made.log("api")))
    return findings


@dataclass
class Street:
    """Those who live there."""

    api: ApiProcess
    client: Client
    moving: Mover
    neighbours: list[Neighbour]

    def attackers(self, users: Sequence[UUID]) -> list[SocketAttacker]:
        hosts = self.neighbours[::2]
        return [SocketAttacker(self.client, self.client.settings, user, hosts) for user in users]

    @asynccontextmanager
    async def noise(self) -> AsyncIterator[None]:
        """Everybody asks, and everybody's generations change."""
        over = asyncio.Event()

        async def keep_moving() -> None:
            while not over.is_set():
                await self.moving.keep_moving(
                    [each.watcher.user for each in self.neighbours], CHANGES_A_SECOND, 1
                )

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_moving())
            for each in self.neighbours:
                tasks.create_task(each.ask_until(over))
            yield
            over.set()

    async def during(self, something: Coroutine[Any, Any, None]) -> list[float]:
        """The seconds, rising, that answers to neighbours took meanwhile."""
        for each in self.neighbours:
            each.seconds.clear()
        await something
        return sorted(taken for each in self.neighbours for taken in each.seconds)

    async def is_alone(self) -> bool:
        """Whether, soon, the API has no connections of clients but those of the neighbours."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                while connections(self.api.port) > len(self.neighbours):  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.05)
                return True
        return False

    def leave(self) -> None:
        for each in self.neighbours:
            each.socket.close()


async def _settle(api: ApiProcess, client: Client, moving: Mover) -> Street:
    """Neighbours of whom each has been told of a change."""
    users = people(NEIGHBOURS)
    await moving.write_stories(users, "Short.")
    neighbours = [await Neighbour.sit_down(api, client, user, moving.stories[user]) for user in users]
    while any(each.watcher.first_at is None for each in neighbours):
        await moving.keep_moving(users, NEIGHBOURS, 1)
    return Street(api, client, moving, neighbours)


def _judge_left(findings: Findings, api: ApiProcess, files: int, memory: int) -> None:
    """Nothing of the attacks."""
    left, grown = open_files(api.pid), resident(api.pid) - memory
    findings.note("open files before, after", f"{files}, {left}")
    findings.note("MiB of the API before", memory / MIB)
    findings.note(f"MiB more after (at most {MOST_GROWTH / MIB:g})", grown / MIB)
    findings.expect(left <= files, f"{left} files are open, and {files} were before")
    findings.expect(grown <= MOST_GROWTH, f"the API grew by {grown / MIB:.0f} MiB")


EXPERIMENT = Experiment(
    name="frames",
    promise="bad frames and bad operations are answered as documented, and harm nobody else",
    guard="message_check",
    breaks="attacks not answered as documented",
    run=run,
    full=Size(seconds=110, many=10_000),
    short=Size(seconds=60, many=500),
)
