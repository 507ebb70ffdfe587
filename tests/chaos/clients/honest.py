"""Users who ask for what is theirs, while others do what they do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from uuid import NAMESPACE_OID, UUID, uuid5

import httpx

from core.settings import Settings
from tests.callers import Client
from tests.chaos.pauses import is_over
from tests.processes import ApiProcess

HONEST = 4
HONEST_PAUSE_SECONDS = 0.02


@dataclass
class Honest:
    """Users who ask over REST and GraphQL in turn, each when the answer to the last has come."""

    api: ApiProcess
    settings: Settings
    surprises: list[str] = field(default_factory=list)

    async def ask(self, seconds: float) -> list[float]:
        """For so long; the seconds that answers took, in rising order."""
        return await self.ask_during(asyncio.sleep(seconds))

    async def ask_during(self, going_on: Coroutine[None, None, None]) -> list[float]:
        over, took = asyncio.Event(), list[float]()
        client = Client(self.api.base, self.settings)
        async with asyncio.TaskGroup() as tasks:
            for number in range(HONEST):
                tasks.create_task(self._ask_until(over, client, uuid5(NAMESPACE_OID, str(number)), took))
            await going_on
            over.set()
        await client.close()
        return sorted(took)

    async def _ask_until(self, over: asyncio.Event, client: Client, user: UUID, took: list[float]) -> None:
        while not over.is_set():
            for ask in (self._list, self._view):
                began = time.monotonic()
                try:
                    await ask(client, user)
                except (httpx.TransportError, ValueError) as error:
                    self.surprises.append(repr(error))
                took.append(time.monotonic() - began)
                await is_over(over, HONEST_PAUSE_SECONDS)

    async def _list(self, client: Client, user: UUID) -> None:
        answer = await client.request("GET", "/api/story-generations", user)
        if answer.status_code != 200 or answer.json()["data"] != []:
            self.surprises.append(answer.text)

    async def _view(self, client: Client, user: UUID) -> None:
        answer = await client.answer(user, "{ viewer { id } }")
        if answer != {"data": {"viewer": {"id": str(user)}}}:
            self.surprises.append(str(answer))
