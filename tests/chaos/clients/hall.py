"""Sockets by the thousand: those that read, and those that do not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.callers import Client
from tests.chaos.clients.movers import Mover
from tests.chaos.clients.sockets import LiveSocket, open_socket
from tests.processes import ApiProcess

SOCKETS_A_USER = 10
OPENED_AT_ONCE = 8
OPENED_A_SECOND = 20
ANSWER_SECONDS = 30
READERS_CHANGES_A_SECOND = 10
LEAST_SLOW_CHANGES_A_SECOND = 20
EVENTS = "subscription { storyGenerationEvents { generation { id revision } } }"
LIST = "query { storyGenerations { items { id } } }"
LARGE = "subscription { storyGenerationEvents { generation { id revision story { content } } } }"
# Of a client that does not read: what its kernel takes at the least.
RECEIVE_BUFFER = 2048


@dataclass
class Hall:
    """The sockets that read, and how long what they read had been written."""

    api: ApiProcess
    client: Client
    mover: Mover
    sockets: list[LiveSocket] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    told: set[int] = field(default_factory=set)  # the readers' numbers
    complaints: list[str] = field(default_factory=list)

    async def seat(self, users: Sequence[UUID]) -> None:
        """Sockets for all of them; changes go on until each has been told of one."""
        places = enumerate(user for user in users for _ in range(SOCKETS_A_USER))
        silent = set(range(len(users) * SOCKETS_A_USER))

        async def fill() -> None:
            for number, user in places:
                await self._seat(user, number, silent)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(OPENED_AT_ONCE):
                tasks.create_task(fill())
        while silent:
            await self.mover.keep_moving(
                users, READERS_CHANGES_A_SECOND, len(users) / READERS_CHANGES_A_SECOND
            )
        self.delays.clear()

    async def _seat(self, user: UUID, number: int, silent: set[int]) -> None:
        answered = asyncio.Event()

        def hear(message: dict[str, Any], at: float) -> None:
            if message["id"] == "question":
                answered.set()
            elif message["type"] != "next" or "errors" in message["payload"]:
                self.complaints.append(str(message)[:300])
            else:
                silent.discard(number)
                self.told.add(number)
                state = message["payload"]["data"]["storyGenerationEvents"]["generation"]
                committed = self.mover.committed.get((state["id"], state["revision"]))
                if committed:  # else it is being created
                    self.delays.append(at - committed)

        socket = await open_socket(self.api.port, self.client.token(user), hear)
        self.sockets.append(socket)
        socket.subscribe("1", EVENTS)
        # Its turn at the database comes after the subscription's: no more come than are served.
        socket.subscribe("question", LIST)
        async with asyncio.timeout(ANSWER_SECONDS):
            await answered.wait()

    async def move(self, users: Sequence[UUID], seconds: float) -> list[float]:
        """Changes for so long; the delays with which they were told, in rising order."""
        self.delays.clear()
        self.told.clear()
        await self.mover.keep_moving(users, READERS_CHANGES_A_SECOND, seconds)
        await asyncio.sleep(1)  # for the last of them
        return sorted(self.delays)

    async def make_noise(self, users: Sequence[UUID]) -> None:
        """Changes of those who will not read. Until canceled."""
        await self.mover.keep_moving(users, max(LEAST_SLOW_CHANGES_A_SECOND, len(users)), float("inf"))

    def leave(self) -> None:
        for socket in self.sockets:
            socket.close()


@dataclass
class Sleepers:
    """Sockets that subscribe, and read no more. One that is gone is opened again."""

    hall: Hall
    sockets: dict[int, tuple[LiveSocket, float]] = field(default_factory=dict)  # with when it was opened
    gone_after: list[float] = field(default_factory=list)

    async def keep(self, users: Sequence[UUID]) -> None:
        """Until canceled."""
        async with asyncio.TaskGroup() as tasks:
            for number, user in enumerate(user for user in users for _ in range(SOCKETS_A_USER)):
                tasks.create_task(self._keep(number, user))
                await asyncio.sleep(1 / OPENED_A_SECOND)

    async def _keep(self, number: int, user: UUID) -> None:
        while True:
            await self._open(number, user)
            socket, opened = self.sockets[number]
            while socket.is_open():  # noqa: ASYNC110 - one who does not read is told nothing
                await asyncio.sleep(0.5)
            self.gone_after.append(time.monotonic() - opened)
            socket.close()

    async def _open(self, number: int, user: UUID) -> None:
        token = self.hall.client.token(user)
        socket = await open_socket(self.hall.api.port, token, lambda *_: None, receive_buffer=RECEIVE_BUFFER)
        socket.stop_reading()
        socket.subscribe("1", LARGE)
        self.sockets[number] = (socket, time.monotonic())
