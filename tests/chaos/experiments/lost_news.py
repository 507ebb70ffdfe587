"""Pub/sub dropped, Valkey killed and frozen, while hundreds follow what happens."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from uuid import UUID

import redis

from core.settings import Settings
from tests.chaos import history
from tests.chaos.clients.load import Crowd, people
from tests.chaos.clients.sockets import LiveSocket, open_socket
from tests.chaos.clients.watchers import Watcher
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.figures import percentile
from tests.chaos.history import Write
from tests.chaos.installation import Installation, installation
from tests.chaos.logs import tracebacks
from tests.chaos.pauses import is_over
from tests.chaos.verdict import judge
from tests.clients import Client
from tests.processes import ApiProcess

PROMISED_SECONDS = 20
# Half of those that are followed, whatever becomes of Valkey: workers end little while it is away.
CANCEL_AFTER_SECONDS = 0.5
SETTLE_SECONDS = 120
USERS = 20
CANCEL = "mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }"
WORKERS = 2


async def run(plan: Plan) -> Findings:
    """`many` subscribers, half to all that is their user's, half to one generation each, begun within
    `seconds` of faults.
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
            await audience.watch_all(crowd, plan.size.many // 2)
            over = asyncio.Event()
            faults = asyncio.create_task(_faults(made, over, findings))
            await audience.follow_new(crowd, plan.size.many - plan.size.many // 2, plan.size.seconds)
            over.set()
            await faults
            findings.expect(await made.settle(SETTLE_SECONDS), "some were not final in time")
            written, owners = await _written(made)
            await audience.wait(written, owners, PROMISED_SECONDS)
        lost = made.log("api").read_text().count("Event feed lost")
        findings.note("feeds lost", lost)
        findings.expect(lost > 0, "no feed was lost")
        findings.expect_none("tracebacks of the API", tracebacks(made.log("api")))
        audience.report(findings, written, owners)
        await judge(made, findings, crowd.asked.acknowledged, all_succeed=False)
        audience.leave()
    return findings


class Audience:
    """Sockets over all the API processes, a subscription each."""

    def __init__(self, plan: Plan, apis: list[ApiProcess], signer: Client) -> None:
        self._plan = plan
        self._apis = apis
        self._signer = signer
        self._seats: list[tuple[Watcher, LiveSocket]] = []

    async def watch_all(self, crowd: Crowd, number: int) -> None:
        """So many who watch all that is their user's. The protocol has no sign that a subscription has
        begun: things happen until each has heard of one.
        """
        for turn in range(number):
            watcher, socket = await self._take_seat(crowd.users[turn % len(crowd.users)])
            watcher.follow(socket)
        while silent := {seat.user for seat, _ in self._seats if seat.first_at is None}:
            await asyncio.gather(*(crowd.ask(user) for user in sorted(silent)))
            await asyncio.sleep(0.5)

    async def follow_new(self, crowd: Crowd, number: int, seconds: float) -> None:
        """So many generations, asked for over `seconds`, each followed by one from its beginning; every
        second one is canceled soon.
        """
        waiting = [await self._take_seat(crowd.users[turn % len(crowd.users)]) for turn in range(number)]
        began = time.monotonic()

        async def follow(watcher: Watcher, socket: LiveSocket, *, cancel: bool) -> None:
            while watcher.only is None:
                watcher.only = await crowd.ask(watcher.user)
            watcher.asked_at = time.time()
            watcher.follow(socket)
            if cancel:
                await asyncio.sleep(CANCEL_AFTER_SECONDS)
                await self._signer.data(watcher.user, CANCEL, id=str(watcher.only))

        async with asyncio.TaskGroup() as tasks:
            for turn, (watcher, socket) in enumerate(waiting):
                await asyncio.sleep(began + seconds * turn / number - time.monotonic())
                tasks.create_task(follow(watcher, socket, cancel=bool(turn % 2)))

    async def wait(self, written: dict[UUID, list[Write]], owners: dict[UUID, UUID], seconds: float) -> None:
        """Until all have been told what they are to be told, at most until so long after the last write."""
        limit = max(steps[-1].at for steps in written.values()) + seconds + 1
        while time.time() < limit and None in self._delays(written, owners):  # noqa: ASYNC110 - no event: time
            await asyncio.sleep(0.1)

    def report(self, findings: Findings, written: dict[UUID, list[Write]], owners: dict[UUID, UUID]) -> None:
        watchers = [watcher for watcher, _ in self._seats]
        findings.note("subscribers", len(watchers))
        findings.note("events", sum(len(told) for each in watchers for told in each.heard.values()))
        delays = self._delays(written, owners)
        told = sorted(delay for delay in delays if delay is not None)
        findings.note("ends to be told", len(delays))
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1)):
            findings.note(f"seconds from an end to its being told, {name}", percentile(told, share))
        findings.note("ends not told", delays.count(None))
        findings.expect(None not in delays, f"{delays.count(None)} ends were not told")
        late = [f"{delay:.1f} s" for delay in told if delay > PROMISED_SECONDS]
        findings.expect_none(f"ends told after more than {PROMISED_SECONDS} s", late)
        findings.expect_none(
            "revisions told that did not rise", [fall for each in watchers for fall in each.falls()]
        )
        findings.expect_none("errors told", [words for each in watchers for words in each.complaints])
        findings.expect_none(
            "streams of one generation without their end",
            [each.only for each in watchers if each.only and not each.completed],
        )
        ends = Counter(socket.end for _, socket in self._seats if socket.ended.is_set())
        findings.expect_none("sockets dropped", sorted(ends.items()))

    def leave(self) -> None:
        for _, socket in self._seats:
            socket.close()

    async def _take_seat(self, user: UUID) -> tuple[Watcher, LiveSocket]:
        watcher = Watcher(user)
        port = self._plan.dice.choice(self._apis).port
        socket = await open_socket(port, self._signer.token(user), watcher.hear)
        self._seats.append((watcher, socket))
        return watcher, socket

    def _delays(self, written: dict[UUID, list[Write]], owners: dict[UUID, UUID]) -> list[float | None]:
        return [
            watcher.delay_of(generation, written[generation])
            for watcher, _ in self._seats
            for generation in watcher.expected(written, owners)
        ]


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


async def _written(made: Installation) -> tuple[dict[UUID, list[Write]], dict[UUID, UUID]]:
    """Every write to each generation, and whose it is."""
    async with made.sql() as connection:
        rows = await connection.fetch("SELECT id, user_id FROM story_generations")
        return await history.writes(connection), {row["id"]: row["user_id"] for row in rows}


EXPERIMENT = Experiment(
    name="lost-news",
    promise=f"whatever pub/sub loses, each subscriber is told each end within {PROMISED_SECONDS} s,"
    " in rising revisions",
    guard="catching_up",
    breaks="ends were not told",
    run=run,
    full=Size(seconds=90, many=500),
    short=Size(seconds=9, many=40, lease_seconds=2, sweep_seconds=0.5),
)
