"""Clients that read slowly, stop, or vanish: nothing is kept for them, nothing of them is left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from core.identity import Identity
from schema.context import Context
from schema.root import schema
from tests.callers import Api, Socket
from tests.live.hand import Hand
from tests.live.lines import tasks_of_sockets
from tests.live.streams import EVENTS, PROGRESS, follow, is_idle, is_watched, until
from tests.live.unread import unread

LARGE = """subscription ($id: UUID!) { storyGenerationProgress(id: $id) { revision story { content } } }"""
CHARACTERS = 900_000
CHANGES = 50
# What the kernel's buffers, ours and one event on its way hold at the most.
MOST_BUFFERED = 15


@pytest.fixture(autouse=True)
def nothing_broke(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_one_who_reads_late_gets_the_latest_state_and_not_all_that_was(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice, "x" * CHARACTERS))
    held = await door_hand.claim(generation)
    async with unread(door, alice) as slow:
        await slow.subscribe("1", LARGE, id=generation)
        assert await _revision(slow) == 2
        for percent in range(1, CHANGES):
            await door_hand.progress(held, percent)
        await door_hand.progress(held, CHANGES)
        told = [await _revision(slow)]
        while told[-1] < CHANGES + 2:
            told.append(await _revision(slow))
    assert told == sorted(set(told))
    assert len(told) < MOST_BUFFERED


async def _revision(slow: Socket) -> int:
    revision: int = (await slow.next("1"))["storyGenerationProgress"]["revision"]
    return revision


async def test_one_who_vanishes_unread_leaves_nothing_behind(door: Api, door_hand: Hand, alice: UUID) -> None:
    generation = await door.initiate(alice, await door.add_story(alice, "x" * CHARACTERS))
    held = await door_hand.claim(generation)
    async with unread(door, alice) as slow:
        for operation in ("1", "2", "3"):
            await slow.subscribe(operation, LARGE, id=generation)
        assert (await slow.receive())["type"] == "next"
        for percent in range(1, 10):
            await door_hand.progress(held, percent)
        slow.connection.transport.abort()
    await until(lambda: is_idle(door.services.feed))


async def test_completing_stops_a_stream_and_no_other(door: Api, alice: UUID) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    async with door.socket(alice) as socket:
        stopped = await follow(socket, generation, "1")
        assert await stopped.next() == ("PENDING", 0, 1)
        followed = await follow(socket, generation, "2")
        assert await followed.next() == ("PENDING", 0, 1)
        await socket.subscribe("3", EVENTS)
        for operation in ("1", "3"):
            await socket.send({"type": "complete", "id": operation})
        await door.data(
            alice, "mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }", id=generation
        )
        assert await followed.rest() == [("FAILED", 0, 2)]
        await until(lambda: is_idle(door.services.feed))


@pytest.mark.parametrize("received", range(4))
async def test_one_who_vanishes_at_any_point_leaves_nothing_behind(
    door: Api, alice: UUID, received: int
) -> None:
    """After so many messages have been received."""
    generation = await door.initiate(alice, await door.add_story(alice))
    async with door.raw_socket() as connection:
        socket = Socket(connection)
        await socket.send({"type": "connection_init", "payload": door.headers(alice)})
        for number in range(20):
            await socket.subscribe(f"progress {number}", PROGRESS, id=generation)
            await socket.subscribe(f"events {number}", EVENTS)
            await socket.subscribe(f"query {number}", "{ stories { items { id } } }")
        for _ in range(received):
            await socket.receive()
        connection.transport.abort()
    await until(lambda: is_idle(door.services.feed))
    await until(lambda: not tasks_of_sockets())


@pytest.mark.parametrize(
    "last", ["[]", "{nope", '{"type": "connection_init"}', '{"type": "ping"}', '{"type": "subscribe"}']
)
async def test_one_who_sends_a_last_message_and_vanishes_is_not_missed(door: Api, last: str) -> None:
    async with door.raw_socket(door.headers(uuid4())) as connection:
        await connection.send(last)
        connection.transport.abort()
    async with door.socket(uuid4()) as socket:
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}


async def test_a_stream_is_left_while_it_is_told_of_changes(door: Api, door_hand: Hand, alice: UUID) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    leaving = asyncio.create_task(_come_and_go(door, alice, generation))
    for percent in range(1, 100):
        await door_hand.progress(held, percent)
    await leaving
    await until(lambda: is_idle(door.services.feed))


async def _come_and_go(door: Api, user: UUID, generation: str) -> None:
    for _ in range(10):
        async with door.socket(user) as socket:
            for operation in range(10):
                await socket.subscribe(str(operation), PROGRESS, id=generation)
            await socket.receive()
            socket.connection.transport.abort()


@pytest.mark.parametrize("query", [PROGRESS, EVENTS])
async def test_a_stream_that_is_closed_has_let_go_at_once(
    door: Api, door_hand: Hand, alice: UUID, query: str
) -> None:
    """It does not leave that to the garbage collector."""
    generation = await door.initiate(alice, await door.add_story(alice))
    identity = Identity(alice, datetime.max.replace(tzinfo=UTC))
    context = Context(door.services, "a request", identity)
    variables = {"id": generation} if query == PROGRESS else {}
    stream = await schema.subscribe(query, variable_values=variables, context_value=context)
    first = asyncio.create_task(anext(stream))
    held = await door_hand.claim(generation)
    for percent in range(1, 99):
        if (await asyncio.wait([first], timeout=0.1))[0]:
            break
        await door_hand.progress(held, percent)
    assert (await first).errors is None
    await stream.aclose()
    assert not is_watched(door.services.feed)
