"""Subscriptions whose events are made at once, held to those of graphql-core: the first of a document goes by
that, all others by plans.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from tests.callers import Api, Socket
from tests.live.hand import Hand
from tests.live.lines import by_graphql_core, has_streams
from tests.live.streams import DELETE, PROGRESS, follow, has_begun, show_documents, until

ALL = """id storyId status progress revision durationSeconds attempts createdAt startedAt finishedAt
    voice { id name language } error { code message }"""
DOCUMENTS = [
    pytest.param(f"subscription ($id: UUID!) {{ storyGenerationProgress(id: $id) {{ {ALL} }} }}", id="all"),
    pytest.param(
        """subscription Named($id: UUID!) { x: storyGenerationProgress(id: $id) { ...F kind: __typename } }
        fragment F on StoryGeneration { again: revision state: status progress voice { ...V } }
        fragment V on Voice { __typename id }""",
        id="aliases and fragments",
    ),
    pytest.param(
        f"""subscription {{ storyGenerationEvents {{ change id
        generation {{ {ALL} ... on StoryGeneration {{ p: progress }} }} }} }}""",
        id="events",
    ),
]
pytestmark = pytest.mark.plans

FOLLOW = "storyGenerationProgress(id: $id)"


@pytest.mark.parametrize(
    "selection",
    [
        pytest.param(f"{FOLLOW} {{ revision story {{ title }} }}", id="a field that is read"),
        pytest.param(f"{FOLLOW} {{ revision log {{ event }} }}", id="a list that is read"),
        pytest.param(f"{FOLLOW} {{ revision @include(if: true) }}", id="a directive"),
        pytest.param(f"{FOLLOW} {{ revision }} {FOLLOW} {{ progress }}", id="a field twice"),
        pytest.param(f"... on Subscription {{ {FOLLOW} {{ revision }} }}", id="a fragment at the root"),
    ],
)
async def test_what_no_plan_is_for_is_graphql_cores_every_time(
    door: Api, door_hand: Hand, alice: UUID, selection: str
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    document = f"subscription ($id: UUID!) {{ {selection} }}"
    async with door.socket(alice) as socket:
        for number in range(3):
            await socket.subscribe(str(number), document, id=generation)
            assert (await socket.next(str(number)))["storyGenerationProgress"]
        assert by_graphql_core() == 3
        await door_hand.claim(generation)
        assert {(await socket.receive())["id"] for _ in range(3)} == {"0", "1", "2"}


async def test_of_several_subscriptions_in_a_document_the_one_that_is_named_runs(
    door: Api, alice: UUID
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    document = f"""subscription A($id: UUID!) {{ a: {FOLLOW} {{ revision }} }}
        subscription B($id: UUID!) {{ b: {FOLLOW} {{ revision }} }}"""
    async with door.socket(alice) as socket:
        for number, name in enumerate("ABABBA"):
            payload = {"query": document, "variables": {"id": generation}, "operationName": name}
            await socket.send({"type": "subscribe", "id": str(number), "payload": payload})
            assert await socket.next(str(number)) == {name.lower(): {"revision": 1}}


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({}, id="none"),
        pytest.param({"id": None}, id="null"),
        pytest.param({"id": 5}, id="a number"),
        pytest.param({"id": "x"}, id="no UUID"),
        pytest.param({"more": [1] * 10_001}, id="too many values"),
    ],
)
async def test_variables_are_held_to_the_same(door: Api, alice: UUID, variables: dict[str, Any]) -> None:
    await show_documents(door)
    given = {"id": await door.initiate(alice, await door.add_story(alice))} if "more" in variables else {}
    async with door.socket(alice) as socket:
        for number in range(3):
            await socket.subscribe(str(number), PROGRESS, **{**given, **variables})
            refused = await socket.receive()
            assert (refused["type"], refused["id"]) == ("error", str(number))
            assert [error["extensions"]["code"] for error in refused["payload"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_what_is_told_is_what_graphql_core_tells(
    door: Api, door_hand: Hand, alice: UUID, document: str
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    variables = {"id": generation} if "$id" in document else {}
    async with door.socket(alice) as by_core, door.socket(alice) as by_plan:
        for number, socket in enumerate((by_core, by_plan)):
            await socket.subscribe("1", document, **variables)
            await until(partial(has_streams, door, alice, number + 1))
        await until(lambda: has_begun(door, alice))
        assert by_graphql_core() == 1
        told = [await _same(by_core, by_plan)] if variables else []
        held = await door_hand.claim(generation)
        told.append(await _same(by_core, by_plan))
        for percent in (10, 10, 99):
            await door_hand.progress(held, percent)
            told.append(await _same(by_core, by_plan))
        await door_hand.succeed(held)
        told.append(await _same(by_core, by_plan))
        if not variables:
            await door.data(alice, DELETE, id=generation)
        told.append(await _same(by_core, by_plan))
    assert [message["type"] for message in told[:-1]] == ["next"] * (len(told) - 1)
    assert "errors" not in str(told)
    assert told[-1]["type"] == "complete" if variables else "DELETED" in str(told[-1])


async def _same(one: Socket, other: Socket) -> Any:
    """What comes next on both, to the letter."""
    async with asyncio.timeout(20):
        first, second = await one.connection.recv(), await other.connection.recv()
    assert first == second
    return json.loads(first)


async def test_each_is_told_what_they_asked_for_by_the_name_that_they_gave_it(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    fields = ["revision", "progress", "state: status"]
    async with door.socket(alice) as socket:
        for name in ("by graphql-core", "by plan"):
            for number, field in enumerate(fields):
                document = f"subscription ($id: UUID!) {{ {FOLLOW} {{ {field} }} }}"
                await socket.subscribe(f"{name} {number}", document, id=generation)
                await socket.next(f"{name} {number}")
        assert by_graphql_core() == len(fields)
        await door_hand.progress(held, 30)
        messages = [await socket.receive() for _ in range(2 * len(fields))]
        told = {message["id"]: message["payload"]["data"] for message in messages}
    answers = [{"revision": 3}, {"progress": 30}, {"state": "IN_PROGRESS"}]
    assert told == {
        f"{name} {number}": {"storyGenerationProgress": answer}
        for name in ("by graphql-core", "by plan")
        for number, answer in enumerate(answers)
    }


async def test_with_plans_switched_off_graphql_core_tells_everything(
    serve_with: Any, bench: Any, alice: UUID
) -> None:
    async with serve_with(plans=False) as api, api.socket(alice) as socket:
        generation = await api.initiate(alice, await api.add_story(alice))
        for number in range(3):
            assert await (await follow(socket, generation, str(number))).next() == ("PENDING", 0, 1)
        assert by_graphql_core() == 3
        held = await Hand(bench).claim(generation)
        assert {(await socket.receive())["id"] for _ in range(3)} == {"0", "1", "2"}
        await Hand(bench).succeed(held)
        kinds = [(await socket.receive())["type"] for _ in range(6)]
        assert sorted(kinds) == ["complete"] * 3 + ["next"] * 3
