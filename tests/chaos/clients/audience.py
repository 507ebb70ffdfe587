"""Subscribers who hold their sockets whatever happens, and what each of them has to be told in the end."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from uuid import UUID

from tests.callers import Client
from tests.chaos import history
from tests.chaos.clients.load import Crowd
from tests.chaos.clients.sockets import LiveSocket, open_socket
from tests.chaos.clients.watchers import Watcher
from tests.chaos.experiment import Findings, Plan
from tests.chaos.figures import percentile
from tests.chaos.history import Write
from tests.chaos.installation import Installation
from tests.processes import ApiProcess

# After its end, or after their subscription.
TOLD_WITHIN_SECONDS = 20
# Half of those that are followed, whatever becomes of Valkey: workers end little while it is away.
CANCEL_AFTER_SECONDS = 0.5
CANCEL = "mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }"


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

    async def judge(self, made: Installation, findings: Findings) -> None:
        """That each was told the end of each generation of theirs, soon and in order, over one socket."""
        written, owners = await _written(made)
        limit = max(steps[-1].at for steps in written.values()) + TOLD_WITHIN_SECONDS + 1
        while time.time() < limit and None in self._delays(written, owners):  # noqa: ASYNC110 - no event: time
            await asyncio.sleep(0.1)
        self._judge(findings, self._delays(written, owners))

    def _judge(self, findings: Findings, delays: list[float | None]) -> None:
        watchers = [watcher for watcher, _ in self._seats]
        findings.note("subscribers", len(watchers))
        findings.note("events", sum(len(told) for each in watchers for told in each.heard.values()))
        told = sorted(delay for delay in delays if delay is not None)
        findings.note("ends to be told", len(delays))
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1)):
            findings.note(f"seconds from an end to its being told, {name}", percentile(told, share))
        findings.note("ends not told", delays.count(None))
        findings.expect(None not in delays, f"{delays.count(None)} ends were not told")
        late = [f"{delay:.1f} s" for delay in told if delay > TOLD_WITHIN_SECONDS]
        findings.expect_none(f"ends told after more than {TOLD_WITHIN_SECONDS} s", late)
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


async def _written(made: Installation) -> tuple[dict[UUID, list[Write]], dict[UUID, UUID]]:
    """Every write to each generation, and whose it is."""
    async with made.sql() as connection:
        rows = await connection.fetch("SELECT id, user_id FROM story_generations")
        return await history.writes(connection), {row["id"]: row["user_id"] for row in rows}
