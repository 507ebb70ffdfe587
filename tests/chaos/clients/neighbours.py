"""Honest users who follow what is theirs and ask on the same socket, whoever else is about."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from tests.callers import Client
from tests.chaos.clients.movers import Mover
from tests.chaos.clients.sockets import LiveSocket, open_socket
from tests.chaos.clients.watchers import Watcher
from tests.chaos.experiment import Findings
from tests.chaos.pauses import is_over
from tests.processes import ApiProcess

QUESTION = "query { viewer { id } stories { items { id title } } }"
PAUSE_SECONDS = 0.1
ANSWER_SECONDS = 10


@dataclass
class Neighbour:
    """Made by `sit_down`. Others may speak on its socket, and are answered there."""

    watcher: Watcher
    right: dict[str, Any]  # what is answered to each question
    socket: LiveSocket = field(init=False)
    seconds: list[float] = field(default_factory=list)  # that answers took
    wrong: list[str] = field(default_factory=list)
    asked: int = 0
    _waiting: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    async def sit_down(cls, api: ApiProcess, client: Client, user: UUID, story: str) -> Neighbour:
        data = {"viewer": {"id": str(user)}, "stories": {"items": [{"id": story, "title": "A story"}]}}
        neighbour = cls(Watcher(user), {"data": data})
        neighbour.socket = await open_socket(api.port, client.token(user), neighbour._hear)
        neighbour.watcher.follow(neighbour.socket)
        return neighbour

    async def answer(self, name: str, query: Any, variables: Any = None) -> dict[str, Any]:
        """The first that is said to an operation of this name. Raises TimeoutError for silence."""
        self._waiting[name] = asyncio.get_running_loop().create_future()
        self.socket.subscribe(name, query, **(variables or {}))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._waiting[name]
        finally:
            del self._waiting[name]

    async def ask(self) -> None:
        """One question, which has one right answer."""
        self.asked += 1
        began = time.monotonic()
        try:
            told = await self.answer(f"question {self.asked}", QUESTION)
        except TimeoutError:
            self.wrong.append(f"no answer within {ANSWER_SECONDS} s")
            return
        self.seconds.append(time.monotonic() - began)
        if told.get("payload") != self.right:
            self.wrong.append(str(told)[:300])

    async def ask_until(self, over: asyncio.Event) -> None:
        dice = Random(self.watcher.user.int)
        while not await is_over(over, PAUSE_SECONDS * dice.uniform(0.5, 1.5)):
            await self.ask()

    def _hear(self, message: dict[str, Any], at: float) -> None:
        waiting = self._waiting.get(message["id"])
        if message["id"] == "1":
            self.watcher.hear(message, at)
        elif waiting and not waiting.done():
            waiting.set_result(message)
        elif message["type"] != "complete":
            self.wrong.append(f"not asked for: {message}"[:300])


async def judge(neighbours: Sequence[Neighbour], moving: Mover, findings: Findings) -> None:
    """All questions were answered, and right; all changes were told of, in order, the last of each too."""
    with suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_SECONDS):
            while _untold(neighbours, moving):  # noqa: ASYNC110 - many sockets, one look
                await asyncio.sleep(0.05)
    watchers = [each.watcher for each in neighbours]
    findings.note("questions of neighbours", sum(each.asked for each in neighbours))
    changes = sum(len(told) for watcher in watchers for told in watcher.heard.values())
    findings.note("changes that neighbours were told of", changes)
    findings.expect_none("wrong answers to neighbours", [what for each in neighbours for what in each.wrong])
    findings.expect_none("errors told to neighbours", [what for each in watchers for what in each.complaints])
    findings.expect_none("revisions that fell", [what for each in watchers for what in each.falls()])
    findings.expect_none("generations whose last change was not told", _untold(neighbours, moving))
    ends = [each.socket.end for each in neighbours if each.socket.ended.is_set()]
    findings.expect_none("sockets of neighbours that ended", ends)


def _untold(neighbours: Sequence[Neighbour], moving: Mover) -> list[str]:
    newest: dict[str, int] = {}
    for generation, revision in moving.committed:
        newest[generation] = max(revision, newest.get(generation, 0))
    heard = {
        str(generation): told[-1].revision
        for each in neighbours
        for generation, told in each.watcher.heard.items()
    }
    return [f"{each}: {revision}" for each, revision in newest.items() if heard.get(each, 0) < revision]
