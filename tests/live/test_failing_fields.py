"""A field of an event fails by our own fault: graphql-core tells that event, whoever tells the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.callers import Api, Socket
from tests.live.hand import Hand
from tests.live.lines import by_graphql_core, has_streams
from tests.live.streams import DELETE, follow, has_begun, until

FIELDS = "status revision resultUrl createdAt"
ONE = f"subscription ($id: UUID!) {{ storyGenerationProgress(id: $id) {{ {FIELDS} }} }}"
ALL = f"subscription {{ storyGenerationEvents {{ id change generation {{ {FIELDS} }} }} }}"
# What is written of a row, by which field of an answer it breaks.
BREAK = {"resultUrl": "result_key = 'no key'", "createdAt": "created_at = NULL"}
MEND = "result_key = NULL, created_at = now()"


async def write(sql: asyncpg.Connection, generation: str, what: str) -> None:
    await sql.execute("ALTER TABLE story_generations ALTER created_at DROP NOT NULL")
    await sql.execute(f"UPDATE story_generations SET {what} WHERE id = $1", UUID(generation))


class Both:
    """The same on one socket twice: as graphql-core tells it, and a plan where there are any."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self._told: dict[str, list[dict[str, Any]]] = {"0": [], "1": []}

    async def next(self) -> dict[str, Any]:
        """What comes next to both."""
        while not all(self._told.values()):
            message = await self.socket.receive()
            self._told[message.pop("id")].append(message)
        one, other = (told.pop(0) for told in self._told.values())
        assert one == other
        return one


@asynccontextmanager
async def asked_both_ways(
    api: Api, user: UUID, document: str, variables: dict[str, Any]
) -> AsyncIterator[Both]:
    async with api.socket(user) as socket:
        for number in range(2):
            await socket.subscribe(str(number), document, **variables)
            await until(partial(has_streams, api, user, number + 1))
        await until(lambda: has_begun(api, user))
        assert by_graphql_core() == (1 if api.settings.plans else 2)
        yield Both(socket)


def failed(told: dict[str, Any]) -> tuple[Any, list[str]]:
    """The data of an event, and which fields failed."""
    assert told["type"] == "next"
    for error in told["payload"]["errors"]:
        assert error["message"] == "Internal server error"
        assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    return told["payload"]["data"], [error["path"][-1] for error in told["payload"]["errors"]]


@pytest.mark.parametrize("field", list(BREAK))
@pytest.mark.parametrize("document", [ONE, ALL], ids=["one", "all"])
async def test_it_is_told_with_its_error_and_what_comes_after_is_told_too(
    *, api: Api, hand: Hand, sql: asyncpg.Connection, alice: UUID, document: str, field: str
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    async with asked_both_ways(api, alice, document, {"id": generation} if document == ONE else {}) as both:
        if document == ONE:
            assert "errors" not in str(await both.next())
        await write(sql, generation, BREAK[field])
        held = await hand.claim(generation)
        assert failed(await both.next())[1] == [field]
        await hand.progress(held, 10)
        data, fields = failed(await both.next())
        assert fields == [field]
        if document == ALL and field == "resultUrl":
            assert data["storyGenerationEvents"]["generation"]["revision"] == 3
        await write(sql, generation, MEND)
        await hand.succeed(held)
        ended = await both.next()
        assert "SUCCEEDED" in str(ended)
        assert "errors" not in str(ended)
        if document == ALL:
            await api.data(alice, DELETE, id=generation)
        last = await both.next()
        assert "DELETED" in str(last) if document == ALL else last == {"type": "complete"}


async def test_the_newest_of_many_is_told_whatever_failed_before(
    api: Api, hand: Hand, sql: asyncpg.Connection, alice: UUID
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    async with asked_both_ways(api, alice, ONE, {"id": generation}) as both:
        await both.next()
        await write(sql, generation, BREAK["resultUrl"])
        held = await hand.claim(generation)
        for percent in range(1, 20):
            await hand.progress(held, percent)
        await write(sql, generation, MEND)
        await hand.succeed(held)
        told: dict[str, list[dict[str, Any]]] = {"0": [], "1": []}
        while not all(each and each[-1]["type"] == "complete" for each in told.values()):
            message = await both.socket.receive()
            told[message["id"]].append(message)
    for events in told.values():
        states = [event["payload"]["data"]["storyGenerationProgress"] for event in events[:-1]]
        revisions = [each["revision"] for each in states]
        assert revisions == sorted(set(revisions))
        assert states[-1]["status"] == "SUCCEEDED"


async def test_one_that_has_ended_is_told_with_its_error_and_done(
    api: Api, hand: Hand, sql: asyncpg.Connection, alice: UUID
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    await hand.succeed(await hand.claim(generation))
    await write(sql, generation, BREAK["resultUrl"])
    told = []
    async with api.socket(alice) as socket:
        for _ in range(2):
            await socket.subscribe("1", ONE, id=generation)
            told.append([await socket.receive(), await socket.receive()])
    assert told[0] == told[1]
    data, fields = failed(told[0][0])
    assert (data["storyGenerationProgress"]["status"], fields) == ("SUCCEEDED", ["resultUrl"])
    assert told[0][1] == {"type": "complete", "id": "1"}


async def test_one_who_leaves_while_it_is_told_leaves_nothing_behind(
    api: Api, hand: Hand, sql: asyncpg.Connection, alice: UUID
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    await write(sql, generation, BREAK["resultUrl"])
    held = await hand.claim(generation)
    async with api.socket(alice) as socket:
        for number in range(20):
            await socket.subscribe(str(number), ONE, id=generation)
        for _ in range(20):
            assert failed(await socket.receive())[1] == ["resultUrl"]
        await hand.progress(held, 10)
        assert failed(await socket.receive())[1] == ["resultUrl"]
        socket.connection.transport.abort()
    await until(lambda: not api.services.desk._news)  # noqa: SLF001 - a leak shows nowhere else
    async with asyncio.timeout(20), api.socket(alice) as socket:
        await follow(socket, generation)
        assert (await socket.receive())["type"] == "next"
