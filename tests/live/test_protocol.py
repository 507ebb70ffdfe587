"""graphql-transport-ws, as well-behaved and as broken clients speak it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.callers import Api
from tests.live.streams import EVENTS, closed, follow, is_idle, until

BAD_REQUEST = 4400
KEBIBYTES_64 = 64 * 1024


@pytest.fixture(autouse=True)
def nothing_broke(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client does, the log stays free of errors."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def subscribe(**changes: Any) -> str:
    """A subscribe message with some fields changed, or left out where they are None."""
    message = {"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { id } }"}, **changes}
    return json.dumps({name: value for name, value in message.items() if value is not None})


@pytest.mark.parametrize("signed_in", [False, True], ids=["before the sign-in", "after the sign-in"])
@pytest.mark.parametrize(
    "frame",
    [
        pytest.param("[]", id="a list"),
        pytest.param("1", id="a number"),
        pytest.param("null", id="null"),
        pytest.param('"x"', id="a string"),
        pytest.param("{}", id="no type"),
        pytest.param('{"payload": []}', id="a payload alone"),
        pytest.param('{"type": 5}', id="a type that is a number"),
        pytest.param('{"type": ["ping"]}', id="a type that is a list"),
        pytest.param('{"type": "start"}', id="another protocol's type"),
        pytest.param('{"type": "connection_ack"}', id="a server's type"),
        pytest.param('{"type": "\\ud800"}', id="a type that is half a character"),
        pytest.param(json.dumps({"type": "t" * 60_000}), id="a long type"),
        pytest.param("", id="nothing"),
        pytest.param("{nope", id="no JSON"),
        pytest.param("[" * 60_000, id="deep nesting"),
        pytest.param("9" * 60_000, id="a long number"),
        pytest.param(b'{"type": "ping"}', id="binary"),
        pytest.param('{"type": "connection_init", "payload": []}', id="a list for credentials"),
        pytest.param('{"type": "complete"}', id="completing nothing"),
        pytest.param('{"type": "complete", "id": 1}', id="completing a number"),
        pytest.param(subscribe(id=None), id="no id"),
        pytest.param(subscribe(id=""), id="an empty id"),
        pytest.param(subscribe(id=1), id="an id that is a number"),
        pytest.param(subscribe(payload=None), id="no payload"),
        pytest.param(subscribe(payload=[]), id="a payload that is a list"),
        pytest.param(subscribe(payload={}), id="no query"),
        pytest.param(subscribe(payload={"query": 1}), id="a query that is a number"),
        pytest.param(subscribe(payload={"query": "{a}", "variables": []}), id="variables that are a list"),
        pytest.param(subscribe(payload={"query": "{a}", "operationName": 1}), id="a name that is a number"),
    ],
)
async def test_what_is_no_message_closes_with_4400(door: Api, frame: str | bytes, signed_in: bool) -> None:
    if signed_in:
        async with door.socket(uuid4()) as socket:
            await socket.connection.send(frame)
            code, _ = await closed(socket.connection)
    else:
        async with door.raw_socket() as connection:
            await connection.send(frame)
            code, _ = await closed(connection)
    assert code == BAD_REQUEST


@pytest.mark.parametrize("frame", [subscribe(), json.dumps({"type": "ping"})])
async def test_a_message_over_64_kib_closes_with_1009(door: Api, frame: str) -> None:
    async with door.socket(uuid4()) as socket:
        await socket.connection.send(frame.ljust(KEBIBYTES_64))
        assert (await socket.receive())["type"] in {"next", "pong"}
    async with door.socket(uuid4()) as socket:
        await socket.connection.send(frame.ljust(KEBIBYTES_64 + 1))
        code, _ = await closed(socket.connection)
        assert code == 1009


@pytest.mark.parametrize("operation", ["1", "x" * 60_000, "\ud800", "\0", "ü" * 100])
async def test_an_id_in_use_closes_with_4409(door: Api, operation: str) -> None:
    async with door.socket(uuid4()) as socket:
        await socket.subscribe(operation, EVENTS)
        await socket.subscribe(operation, EVENTS)
        code, reason = await closed(socket.connection)
        assert (code, reason[:15]) == (4409, "Subscriber for ")
    await until(lambda: is_idle(door.services.feed))


async def test_an_id_is_free_again_once_its_operation_is_done(door: Api, alice: UUID) -> None:
    async with door.socket(alice) as socket:
        for _ in range(3):
            await socket.subscribe("1", "{ viewer { id } }")
            assert await socket.until_complete("1") == [{"viewer": {"id": str(alice)}}]
        for _ in range(3):
            await socket.subscribe("1", EVENTS)
            await socket.send({"type": "complete", "id": "1"})
        await socket.subscribe("1", "{ viewer { id } }")
        assert await socket.until_complete("1") == [{"viewer": {"id": str(alice)}}]


async def test_queries_and_mutations_run_over_the_socket(door: Api, alice: UUID) -> None:
    create = """mutation ($input: CreateStoryInput!) {
        createStory(input: $input) { ... on CreateStorySuccess { story { title content } } } }"""
    async with door.socket(alice) as socket:
        await socket.subscribe("1", create, input={"title": "By socket", "content": "Hello."})
        story = {"title": "By socket", "content": "Hello."}
        assert await socket.until_complete("1") == [{"createStory": {"story": story}}]
        await socket.subscribe("2", "{ stories { items { title } meta { total } } }")
        listed = {"items": [{"title": "By socket"}], "meta": {"total": 1}}
        assert await socket.until_complete("2") == [{"stories": listed}]


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("subscription {", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ viewer { id }", {}, "GRAPHQL_PARSE_FAILED"),
        ("", {}, "BAD_USER_INPUT"),
        ("fragment A on Viewer { id }", {}, "BAD_USER_INPUT"),
        ("query A { viewer { id } } query B { viewer { id } }", {}, "BAD_USER_INPUT"),
        ("subscription { nope }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ viewer { nope } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ a " * 15_000, {}, "GRAPHQL_PARSE_FAILED"),
        ("query ($id: UUID!) { story(id: $id) { id } }", {"id": "x"}, "BAD_USER_INPUT"),
        ("query ($id: UUID!) { story(id: $id) { id } }", {}, "BAD_USER_INPUT"),
        (
            "subscription ($id: UUID!) { storyGenerationProgress(id: $id) { id } }",
            {"id": 5},
            "BAD_USER_INPUT",
        ),
        ("subscription ($id: UUID!) { storyGenerationProgress(id: $id) { id } }", {}, "BAD_USER_INPUT"),
    ],
)
async def test_an_operation_that_cannot_run_is_answered_alone(
    *, door: Api, alice: UUID, query: str, variables: dict[str, Any], code: str
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    async with door.socket(alice) as socket:
        progress = await follow(socket, generation, "followed")
        assert await progress.next() == ("PENDING", 0, 1)
        await socket.subscribe("1", query, **variables)
        answer = await socket.receive()
        assert (answer["type"], answer["id"]) == ("error", "1")
        assert [error["extensions"]["code"] for error in answer["payload"]] == [code]
        await door.data(
            alice, "mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }", id=generation
        )
        assert await progress.rest() == [("FAILED", 0, 2)]


async def test_bad_arguments_are_errors_of_their_field(door: Api) -> None:
    async with door.socket(uuid4()) as socket:
        await socket.subscribe("1", "{ stories(page: 0) { items { id } } }")
        payload = (await socket.receive())["payload"]
        assert payload["data"] is None
        assert [(error["path"], error["extensions"]["code"]) for error in payload["errors"]] == [
            (["stories"], "BAD_USER_INPUT")
        ]
        assert await socket.receive() == {"type": "complete", "id": "1"}


async def test_a_hundred_operations_run_at_once_and_one_more_is_refused_alone(door: Api, alice: UUID) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    async with door.socket(alice) as socket:
        for number in range(100):
            await follow(socket, generation, str(number))
        told = [await socket.receive() for _ in range(100)]
        assert {(message["type"], message["id"]) for message in told} == {
            ("next", str(number)) for number in range(100)
        }
        await follow(socket, generation, "one more")
        refused = await socket.receive()
        assert (refused["type"], refused["id"]) == ("error", "one more")
        await socket.send({"type": "complete", "id": "7"})
        assert await (await follow(socket, generation, "7")).next() == ("PENDING", 0, 1)


async def test_a_ping_is_answered_also_before_the_sign_in(door: Api) -> None:
    async with door.raw_socket() as connection:
        for payload in ({}, {"payload": {"x": 1}}, {"payload": None}):
            await connection.send(json.dumps({"type": "ping", **payload}))
            assert json.loads(await connection.recv()) == {"type": "pong"}
        await connection.send(json.dumps({"type": "pong"}))
        await connection.send(json.dumps({"type": "ping"}))
        assert json.loads(await connection.recv()) == {"type": "pong"}


async def test_completing_what_is_not_there_is_no_trouble(door: Api) -> None:
    async with door.socket(uuid4()) as socket:
        await socket.send({"type": "complete", "id": "never begun"})
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}
