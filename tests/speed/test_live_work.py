"""How much work an event takes that is told to many, in calls of functions.

The limits are what was counted, and a tenth. Who raises one says in docs/performance.md what for.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import pytest
import redis.asyncio

from core.events import ChangeKind, GenerationChange, user_channel
from jobs.bench import Bench
from tests.callers import Api, Socket
from tests.live.hand import Hand
from tests.live.lines import by_graphql_core, has_streams
from tests.live.streams import EVENTS, PROGRESS, has_begun, show_documents, until
from tests.speed.counting import calls_of

pytestmark = pytest.mark.plans

T = TypeVar("T")

# Half of them follow one generation, half everything of their user's.
SOCKETS = 20


class Audience:
    """Sockets in a thread of their own, so that what they do is not counted."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._sockets: list[Socket] = []
        self._stack = AsyncExitStack()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    async def open(self, user: UUID, generation: str) -> None:
        """Everybody has been told how the generation is."""
        for number in range(SOCKETS):
            socket = await self._there(self._stack.enter_async_context(self._api.socket(user)))
            self._sockets.append(socket)
            if number % 2:
                await self._there(socket.subscribe("events", EVENTS))
            else:
                await self._there(socket.subscribe("progress", PROGRESS, id=generation))
                await self._there(socket.next("progress"))

    async def tell(self, channel: str, change: GenerationChange) -> None:
        """Publish, until everybody has been told."""
        told = await self._there(self._tell(channel, change))
        assert told == [change.revision] * SOCKETS

    async def _tell(self, channel: str, change: GenerationChange) -> list[int]:
        async with redis.asyncio.from_url(self._api.settings.need("redis_url")) as valkey:
            await valkey.publish(channel, change.encode())
        return [await self._revision(socket) for socket in self._sockets]

    async def _revision(self, socket: Socket) -> int:
        (told,) = (await socket.receive())["payload"]["data"].values()
        return int(told.get("generation", told)["revision"])

    async def close(self) -> None:
        await self._there(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()

    async def _there(self, what: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(what, self._loop))


@pytest.fixture
async def audience(api: Api) -> AsyncIterator[Audience]:
    made = Audience(api)
    yield made
    await made.close()


async def test_an_event_that_twenty_hear(api: Api, bench: Bench, alice: UUID, audience: Audience) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    await Hand(bench).claim(generation)
    await show_documents(api)
    await audience.open(alice, generation)
    await until(partial(has_streams, api, alice, SOCKETS))
    await until(partial(has_begun, api, alice))
    assert not by_graphql_core()
    revisions = itertools.count(10)

    async def event() -> None:
        moved = GenerationChange(UUID(generation), ChangeKind.UPDATED, next(revisions), "in_progress", 5, 1)
        await audience.tell(user_channel(alice), moved)

    assert await calls_of(event) < 885
