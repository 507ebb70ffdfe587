"""Users who come at once, over one connection to the database, and some of whom leave in the middle."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.events import ChangeKind, GenerationChange
from db.models import Status
from tests.callers import LIMIT_SECONDS, Api
from tests.database.belongings import CONTENT, TITLE, Belongings, dump
from tests.ownership.operations import ANSWERING, CALLS, Call, Operation
from tests.ownership.test_strangers import expected_for, leaks, post, rest

ROUNDS = 3

OWN_STORIES = "{ stories { items { id title content generations { items { id log { detail } } } } } }"
OWN_GENERATIONS = "{ storyGenerations { items { id story { title } log { detail } } meta { total } } }"
EVENTS = "subscription { storyGenerationEvents { id } }"
CANCEL = "mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }"
DELETE = "mutation ($id: UUID!) { deleteStoryGeneration(id: $id) { __typename } }"

# A field that a stranger's own createStory would change from one round to the next.
REPEATABLE = [operation for operation in ANSWERING if operation.field not in {"createStory", "stories"}]


@dataclass(frozen=True)
class Crowd:
    """What people do at once. Each deed fails where it gets what is not its own."""

    api: Api
    hers: Belongings
    bob: UUID
    dice: random.Random

    async def bob_asks(self, operation: Operation, variables: dict[str, Any]) -> None:
        answer = await post(self.api, self.bob, operation, variables)
        assert answer.json() == {"data": expected_for(self.bob, operation)}

    async def bob_asks_on_a_socket(self, operation: Operation, variables: dict[str, Any]) -> None:
        async with self.api.socket(self.bob) as socket:
            await socket.subscribe("1", operation.document, **variables)
            assert await socket.until_complete("1") == [expected_for(self.bob, operation)]

    async def bob_leaves(self, operation: Operation, variables: dict[str, Any]) -> None:
        """At some moment between the first byte and the last."""
        asking = asyncio.create_task(post(self.api, self.bob, operation, variables))
        for _ in range(self.dice.randrange(1, 60)):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    async def bob_hangs_up(self, operation: Operation, variables: dict[str, Any]) -> None:
        async with self.api.socket(self.bob) as socket:
            for number in range(5):
                await socket.subscribe(str(number), operation.document, **variables)
            socket.connection.transport.abort()

    async def nobody_asks(self, operation: Operation, variables: dict[str, Any]) -> None:
        assert (await post(self.api, None, operation, variables)).status_code == 401

    async def bob_calls(self, call: Call, target: UUID) -> None:
        answer = await rest(self.api, self.bob, call, self.hers, target)
        assert (answer.status_code, answer.json()) == (call.status, call.body)

    async def alice_reads(self) -> tuple[Any, Any]:
        reads = (self.api.data(self.hers.user, query) for query in (OWN_STORIES, OWN_GENERATIONS))
        stories, generations = await asyncio.gather(*reads)
        return stories, generations


async def test_a_crowd_on_one_connection_gets_everyone_their_own(
    narrow: Api, sql: asyncpg.Connection, hers: Belongings, bob: UUID
) -> None:
    before = await dump(sql)
    crowd = Crowd(narrow, hers, bob, random.Random(7))
    alices = await crowd.alice_reads()
    assert alices[1]["storyGenerations"]["meta"]["total"] == len(Status)

    async def alice_reads_hers() -> None:
        assert await crowd.alice_reads() == alices

    everybodys: list[Coroutine[Any, Any, object]] = []
    deeds = (
        crowd.bob_asks,
        crowd.bob_asks_on_a_socket,
        crowd.bob_leaves,
        crowd.bob_hangs_up,
        crowd.nobody_asks,
    )
    for _ in range(ROUNDS):
        for operation in REPEATABLE:
            variables = crowd.dice.choice(operation.variables(hers))
            everybodys += [deed(operation, variables) for deed in deeds]
        everybodys += [crowd.bob_calls(call, target) for call in CALLS for target in call.targets(hers)]
        everybodys += [alice_reads_hers() for _ in range(10)]
    crowd.dice.shuffle(everybodys)
    async with asyncio.timeout(LIMIT_SECONDS), asyncio.TaskGroup() as tasks:
        for deed in everybodys:
            tasks.create_task(deed)
    assert await dump(sql) == before


@pytest.mark.parametrize("over", ["http", "websocket"])
async def test_who_leaves_in_mid_query_leaves_the_connection_fit_for_the_next(
    narrow: Api, sql: asyncpg.Connection, hers: Belongings, bob: UUID, over: str
) -> None:
    before = await dump(sql)
    async with sql.transaction():
        await sql.execute("LOCK TABLE stories")
        if over == "websocket":
            async with narrow.socket(hers.user) as socket:
                await socket.subscribe("1", OWN_STORIES)
                await _someone_waits(sql)
                socket.connection.transport.abort()
        else:
            asking = asyncio.create_task(narrow.data(hers.user, OWN_STORIES))
            await _someone_waits(sql)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
    answers = await asyncio.gather(*(narrow.data(user, OWN_STORIES) for user in (bob, hers.user, bob)))
    assert [len(answer["stories"]["items"]) for answer in answers] == [0, 1, 0]
    assert not leaks(json.dumps([answers[0], answers[2]]), hers)
    assert await dump(sql) == before


async def test_an_owner_sees_what_strangers_do_not(narrow: Api, hers: Belongings) -> None:
    """Without it, an API that shows nothing to anybody would pass every test here."""
    stories = (await narrow.data(hers.user, OWN_STORIES))["stories"]["items"]
    assert [(story["id"], story["title"], story["content"]) for story in stories] == [
        (str(hers.story), TITLE, CONTENT)
    ]
    listed = {generation["id"] for generation in stories[0]["generations"]["items"]}
    assert listed == {str(each) for each in hers.generations.values()}
    answer = await narrow.request(
        "GET", f"/api/story-generations/{hers.generations[Status.FAILED]}", hers.user
    )
    assert (answer.status_code, answer.json()["story_id"]) == (200, str(hers.story))


async def test_a_stranger_hears_of_nothing_that_happens_to_others(
    narrow: Api, sql: asyncpg.Connection, hers: Belongings, alice: UUID, bob: UUID
) -> None:
    before = await dump(sql, hers.user)
    story = await narrow.add_story(bob)
    own = set()
    async with narrow.socket(bob) as socket:
        await socket.subscribe("1", EVENTS)
        heard = asyncio.create_task(socket.next("1"))
        while not heard.done():  # the protocol has no sign that a subscription has begun
            own.add(await narrow.initiate(bob, story))
            await asyncio.wait([heard], timeout=0.1)
        told = [(await heard)["storyGenerationEvents"]["id"]]

        theirs = await narrow.initiate(alice, await narrow.add_story(alice))
        await narrow.data(alice, CANCEL, id=theirs)
        await narrow.data(alice, DELETE, id=theirs)
        # A message that went astray is told of no further than the row it names may be read.
        for stray in (hers.generations[Status.PENDING], UUID(theirs)):
            change = GenerationChange(stray, ChangeKind.UPDATED, 99, Status.PENDING, 50)
            await narrow.services.publisher.publish(bob, change)

        last = await narrow.initiate(bob, story)
        while told[-1] != last:
            told.append((await socket.next("1"))["storyGenerationEvents"]["id"])
    assert set(told) <= {*own, last}
    assert await dump(sql, hers.user) == before


async def test_a_key_that_somebody_else_used_starts_a_generation_of_ones_own(
    narrow: Api, sql: asyncpg.Connection, hers: Belongings, bob: UUID
) -> None:
    story = await narrow.add_story(bob)
    mine = await narrow.initiate(bob, story, idempotencyKey=hers.key)
    assert UUID(mine) not in hers.generations.values()
    owner = await sql.fetchval("SELECT user_id FROM story_generations WHERE id = $1", UUID(mine))
    assert owner == bob


async def _someone_waits(sql: asyncpg.Connection) -> None:
    """Returns once a query in this database waits for a lock."""
    waiting = """SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE datname = current_database() AND NOT granted)"""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await sql.fetchval(waiting):
            pass
