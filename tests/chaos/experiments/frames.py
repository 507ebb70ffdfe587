"""Bad frames and bad operations, beside and on the sockets of honest users."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import httpx
import psutil

from tests.chaos.clients.attackers import ANSWER_SECONDS, Attacker
from tests.chaos.clients.load import people
from tests.chaos.clients.movers import Mover, mover
from tests.chaos.clients.neighbours import Neighbour, judge
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.figures import percentile
from tests.chaos.installation import installation
from tests.chaos.logs import tracebacks
from tests.chaos.memory import MIB, resident
from tests.clients import Client
from tests.processes import ApiProcess

NEIGHBOURS = 10
ATTACKERS = 6
OPERATIONS_PER_SOCKET = 30
CHANGES_A_SECOND = 10
# Before anything is measured: what is loaded, compiled and cached once.
WARM_UP_ATTACKS = 100
# After which an attacker rests his case.
ENOUGH_SURPRISES = 3
MOST_TIMES_ALONE = 5
LIMIT_SECONDS = 0.25
# Of a run that is too short to even out what else the machine does, as a test may be.
SHORT, SHORT_LIMIT_SECONDS = 5000, 1.0
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
            siege = Siege(street.attackers(people(NEIGHBOURS + ATTACKERS)[NEIGHBOURS:]))
            async with street.noise():
                await siege.go_on(plan.fault_dice, WARM_UP_ATTACKS, plan.size.seconds)
                await asyncio.gather(*(each.ask() for each in 3 * street.neighbours))
            findings.expect(await street.is_alone(), "connections stayed open after the first attacks")
            files, memory = _files(api), resident(api.pid)
            async with street.noise():
                calm = max(2, plan.size.many / 1000)
                alone = await street.during(asyncio.sleep(calm))
                beside = await street.during(siege.go_on(plan.fault_dice, plan.size.many, plan.size.seconds))
                # Again, as the machine may have become busy with something else.
                alone = sorted(alone + await street.during(asyncio.sleep(calm)))
            siege.judge(findings, WARM_UP_ATTACKS + plan.size.many)
            _judge_pace(findings, plan, alone, beside)
            findings.expect(await street.is_alone(), "connections stayed open after the attacks")
            _judge_left(findings, api, files, memory)
            await judge(street.neighbours, moving, findings)
            street.leave()
        findings.expect_none("tracebacks of the API", tracebacks(made.log("api")))
    return findings


@dataclass
class Siege:
    """All attackers at once, each with one attack after the other."""

    attackers: Sequence[Attacker]

    async def go_on(self, dice: Random, number: int, seconds: float) -> None:
        limit, turns = time.monotonic() + seconds, iter(range(number))

        async def attack(attacker: Attacker) -> None:
            for _ in turns:
                if time.monotonic() > limit or len(attacker.surprises) > ENOUGH_SURPRISES:
                    return
                await attacker.attack(Random(dice.random()))

        async with asyncio.TaskGroup() as tasks:
            for attacker in self.attackers:
                tasks.create_task(attack(attacker))

    def judge(self, findings: Findings, number: int) -> None:
        """All were made, and answered as the documentation says."""
        tried = sum((each.tried for each in self.attackers), Counter[str]())
        seconds = sorted(taken for each in self.attackers for taken in each.seconds)
        findings.note("attacks", tried.total())
        findings.note("of each kind", dict(sorted(tried.items())))
        findings.note("ms until an attack is answered, p50", 1000 * percentile(seconds, 0.5))
        findings.note("ms until an attack is answered, p99", 1000 * percentile(seconds, 0.99))
        findings.note(
            f"ms until an attack is answered, most (of {1000 * ANSWER_SECONDS})", 1000 * seconds[-1]
        )
        findings.expect(tried.total() == number, f"only {tried.total()} of {number} attacks were made")
        findings.expect_none(
            "attacks not answered as documented", [what for each in self.attackers for what in each.surprises]
        )


@dataclass
class Street:
    """Those who live there."""

    api: ApiProcess
    client: Client
    moving: Mover
    neighbours: list[Neighbour]

    def attackers(self, users: Sequence[UUID]) -> list[Attacker]:
        hosts = self.neighbours[::2]
        return [Attacker(self.client, self.client.settings, user, hosts) for user in users]

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
                while _connections(self.api) > len(self.neighbours):  # noqa: ASYNC110 - of another process
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


def _judge_pace(findings: Findings, plan: Plan, alone: list[float], beside: list[float]) -> None:
    usual, meanwhile = percentile(alone, 0.99), percentile(beside, 0.99)
    findings.note("p99 of neighbours to p99 alone", meanwhile / usual)
    for when, seconds in (("alone", alone), ("beside the attacks", beside)):
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            findings.note(
                f"ms until neighbours are answered, {when}, {name}", 1000 * percentile(seconds, share)
            )
    findings.note("ms until neighbours are answered, beside the attacks, most", 1000 * max(beside))
    least = SHORT_LIMIT_SECONDS if plan.size.many < SHORT else LIMIT_SECONDS
    limit = max(MOST_TIMES_ALONE * usual, least)
    findings.expect(
        meanwhile <= limit, f"p99 became {1000 * meanwhile:.0f} ms, and was {1000 * usual:.0f} ms alone"
    )


def _judge_left(findings: Findings, api: ApiProcess, files: int, memory: int) -> None:
    """Nothing of the attacks."""
    left, grown = _files(api), resident(api.pid) - memory
    findings.note("open files before, after", f"{files}, {left}")
    findings.note("MiB of the API before", memory / MIB)
    findings.note(f"MiB more after (at most {MOST_GROWTH / MIB:g})", grown / MIB)
    findings.expect(left <= files, f"{left} files are open, and {files} were before")
    findings.expect(grown <= MOST_GROWTH, f"the API grew by {grown / MIB:.0f} MiB")


def _files(api: ApiProcess) -> int:
    return psutil.Process(api.pid).num_fds()


def _connections(api: ApiProcess) -> int:
    held = psutil.Process(api.pid).net_connections("tcp")
    return sum(each.laddr.port == api.port and bool(each.raddr) for each in held)


EXPERIMENT = Experiment(
    name="frames",
    promise="bad frames and bad operations are answered as documented, and harm nobody else",
    guard="message_check",
    breaks="attacks not answered as documented",
    run=run,
    full=Size(seconds=110, many=10_000),
    short=Size(seconds=60, many=500),
)
