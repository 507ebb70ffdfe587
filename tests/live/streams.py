"""Subscriptions, as these tests follow them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from core.feed import Feed
from resolvers.progress_news import READING
from tests.callers import LIMIT_SECONDS, Api, Socket
from tests.live.hand import Hand

PROGRESS = "subscription ($id: UUID!) { storyGenerationProgress(id: $id) { status progress revision } }"
EVENTS = "subscription { storyGenerationEvents { change id generation { status progress revision } } }"
CANCEL = "mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }"
DELETE = "mutation ($id: UUID!) { deleteStoryGeneration(id: $id) { __typename } }"

State = tuple[str, int, int]


def state(generation: dict[str, Any]) -> State:
    """Status, progress and revision."""
    return generation["status"], generation["progress"], generation["revision"]


@dataclass(frozen=True)
class Progress:
    """One generation's stream."""

    socket: Socket
    operation: str

    async def next(self) -> State:
        return state((await self.socket.next(self.operation))["storyGenerationProgress"])

    async def rest(self) -> list[State]:
        """Up to its completion."""
        events = await self.socket.until_complete(self.operation)
        return [state(event["storyGenerationProgress"]) for event in events]


async def follow(socket: Socket, generation_id: str, operation: str = "1") -> Progress:
    await socket.subscribe(operation, PROGRESS, id=generation_id)
    return Progress(socket, operation)


Event = tuple[str, str, State | None]


@dataclass(frozen=True)
class Events:
    """A stream of all changes that is known to have begun. The generation that showed it is left out."""

    socket: Socket
    operation: str
    canary: str

    async def next(self) -> Event:
        while True:
            told = (await self.socket.next(self.operation))["storyGenerationEvents"]
            if told["id"] != self.canary:
                return told["change"], told["id"], told["generation"] and state(told["generation"])

    async def until(self, is_last: Callable[[Event], bool]) -> list[Event]:
        """All events up to the first for which that holds."""
        events = [await self.next()]
        while not is_last(events[-1]):
            events.append(await self.next())
        return events


@asynccontextmanager
async def all_events(api: Api, user: UUID, hand: Hand) -> AsyncIterator[Events]:
    """The protocol has no sign that a subscription has begun: one generation of the user's moves until it
    is told of.
    """
    canary = await api.initiate(user, await api.add_story(user))
    held = await hand.claim(canary)
    async with api.socket(user) as socket:
        await socket.subscribe("events", EVENTS)
        begun = asyncio.create_task(socket.next("events"))
        for percent in range(1, 99):
            await hand.progress(held, percent)
            done, _ = await asyncio.wait([begun], timeout=0.1)
            if done:
                break
        assert (await begun)["storyGenerationEvents"]["id"] == canary
        yield Events(socket, "events", canary)


async def until(holds: Callable[[], bool]) -> None:
    """For what has no event of its own. Raises TimeoutError where it does not come true."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not holds():  # noqa: ASYNC110 - that is what it is for
            await asyncio.sleep(0.005)


async def show_documents(api: Api) -> None:
    """Have it know the documents above: only the first of each goes by graphql-core."""
    nobody = uuid4()
    async with api.socket(nobody) as socket:
        await follow(socket, str(uuid4()))
        assert (await socket.receive())["type"] == "error"
        await socket.subscribe("2", EVENTS)
        await socket.subscribe("3", "{ viewer { id } }")
        assert await socket.next("3") == {"viewer": {"id": str(nobody)}}


def has_begun(api: Api, user: UUID) -> bool:
    """Whether all of the user's streams have read what they begin with."""
    news = api.services.desk._news[user].news  # noqa: SLF001 - the protocol has no sign of it
    streams = [each for some in news._streams.values() for each in some]  # noqa: SLF001
    return all(each.cursor < READING for each in streams)


def is_watched(feed: Feed) -> bool:
    return bool(feed._watchers)  # noqa: SLF001 - a leak shows nowhere else


def is_idle(feed: Feed) -> bool:
    """Whether nobody watches, and nothing is kept of those who did."""
    return not is_watched(feed) and not feed._confirmed  # noqa: SLF001 - a leak shows nowhere else


async def closed(connection: ClientConnection) -> tuple[int, str]:
    """The code and reason of the close frame that comes next."""
    with pytest.raises(ConnectionClosed) as ended:
        async with asyncio.timeout(LIMIT_SECONDS):
            await connection.recv()
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code, ended.value.rcvd.reason
