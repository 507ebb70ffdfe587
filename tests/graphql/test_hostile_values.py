"""Values and nesting that no client means: a clear error each, and nothing in the log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.callers import Api
from tests.graphql.wire import post


@pytest.fixture(autouse=True)
def nothing_broke(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever is asked, the log stays free of errors."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


CREATE = "mutation ($i: CreateStoryInput!) { createStory(input: $i) { __typename } }"
STORY = "query ($v: UUID!) { story(id: $v) { id } }"
PAGE = "query ($v: Int!) { stories(page: $v) { meta { page } } }"
KEY = """mutation ($v: String) { initiateStoryGeneration(input: {
    storyId: "018f0000-0000-7000-8000-000000000000", idempotencyKey: $v}) { __typename } }"""
STATUS = "query ($v: GenerationStatus) { storyGenerations(status: $v) { meta { page } } }"

DOCUMENTS = {
    "fields in fields": "{a" * 600 + "}" * 600,
    "fields in fields of the schema": "{stories{items{generations"
    + "{items{story{generations" * 150
    + "}" * 453,
    "inline fragments": "{..." * 400 + "{viewer{id}}" + "}" * 400,
    "open braces": "{" * 1900,
    "lists as an argument": "{story(id:" + "[" * 900 + "1" + "]" * 900 + "){id}}",
    "objects as an argument": "{story(id:" + "{a:" * 450 + "1" + "}" * 450 + "){id}}",
    "lists in an input": "mutation{createStory(input:{title:" + "[" * 190 + "]" * 190 + "}){__typename}}",
    "objects in an input": "mutation{createStory(input:"
    + "{title:" * 190
    + "1"
    + "}" * 190
    + "){__typename}}",
    "lists as a default": "query($v:UUID=" + "[" * 190 + "]" * 190 + "){viewer{id}}",
    "a type of lists of lists": "query($v:" + "[" * 900 + "Int" + "]" * 900 + "){viewer{id}}",
    "unfinished": "{story(id:[[[[[[",
    "600 unknown input fields": (
        "mutation{createStory(input:{" + " ".join(f"a{n}:1" for n in range(600)) + "}){__typename}}"
    ),
    "a number of 5,000 digits": "{stories(page:" + "9" * 5000 + "){meta{page}}}",
    "a negative number of 5,000 digits": "{stories(page:-" + "9" * 5000 + "){meta{page}}}",
    "a number of 5,000 digits as a string": '{stories(page:"' + "9" * 5000 + '"){meta{page}}}',
    "a number of 5,000 digits as an id": "{story(id:" + "9" * 5000 + "){id}}",
    "a number of 5,000 digits as a boolean": "{viewer{id @skip(if:" + "9" * 5000 + ")}}",
    "a number of 5,000 digits as a key": (
        'mutation{initiateStoryGeneration(input:{storyId:"018f0000-0000-7000-8000-000000000000"'
        ",idempotencyKey:" + "9" * 5000 + "}){__typename}}"
    ),
    "2 to the 31st": "{stories(page:2147483648){meta{page}}}",
    "a float beyond all": "{stories(page:1e999){meta{page}}}",
    "an id of 65,000 letters": '{story(id:"' + "a" * 65_000 + '"){id}}',
    "a name of 65,000 letters": "{" + "a" * 65_000 + "}",
    "a variable of 65,000 letters": "query($" + "a" * 65_000 + ":Int){viewer{id}}",
}


@pytest.mark.parametrize("transport", ["http", "websocket"])
@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS.keys())
async def test_a_document_nobody_means_is_the_callers_fault(
    shared: Api, alice: UUID, document: str, transport: str
) -> None:
    if transport == "http":
        errors = (await post(shared, alice, {"query": document})).json()["errors"]
    elif len(document) > 60_000:
        return  # A socket takes no message of that length.
    else:
        async with shared.socket(alice) as socket:
            await socket.subscribe("1", document)
            answered = await socket.receive()
            assert (answered["type"], answered["id"]) == ("error", "1")
            errors = answered["payload"]
            await socket.subscribe("2", "{ viewer { id } }")
            assert await socket.next("2") == {"viewer": {"id": str(alice)}}
    assert {error["extensions"]["code"] for error in errors} <= {
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "BAD_USER_INPUT",
    }
    assert len(errors) <= 11


def nested(depth: int, opened: str, closed: str) -> Any:
    """As JSON text, since `json` writes no deeper than it can read."""
    return opened * depth + "1" + closed * depth


VARIABLES: dict[str, tuple[str, str]] = {
    **{f"{depth} lists as an id": (STORY, nested(depth, "[", "]")) for depth in (150, 500, 900)},
    **{f"{depth} objects as an id": (STORY, nested(depth, '{"a":', "}")) for depth in (150, 500, 900)},
    **{f"{depth} lists as a page": (PAGE, nested(depth, "[", "]")) for depth in (150, 900)},
    **{f"{depth} lists as a key": (KEY, nested(depth, "[", "]")) for depth in (150, 900)},
    **{f"{depth} lists as a status": (STATUS, nested(depth, "[", "]")) for depth in (150, 900)},
    "2 to the 31st": (PAGE, "2147483648"),
    "a number of 4,000 digits": (PAGE, "9" * 4000),
    "a float beyond all": (PAGE, "1e999"),
    "a float beyond all as an id": (STORY, "1e999"),
    "a float beyond all as a key": (KEY, "1e999"),
    "a number of 4,000 digits as an id": (STORY, "9" * 4000),
    "a number of 4,000 digits as a status": (STATUS, "9" * 4000),
    "an id of 60,000 letters": (STORY, json.dumps("a" * 50_000)),
    "an id that is half a character": (STORY, '"\\ud800"'),
    "an id of a list of 10,000": (STORY, json.dumps([1] * 10_000)),
    "a status of 50,000 letters": (STATUS, json.dumps("A" * 50_000)),
}


@pytest.mark.parametrize("transport", ["http", "websocket"])
@pytest.mark.parametrize(("document", "value"), VARIABLES.values(), ids=VARIABLES.keys())
async def test_a_variable_nobody_means_is_the_callers_fault(
    shared: Api, alice: UUID, *, document: str, value: str, transport: str
) -> None:
    payload = f'{{"query": {json.dumps(document)}, "variables": {{"v": {value}}}}}'
    if transport == "http":
        response = await post(shared, alice, payload.encode())
        errors = response.json()["errors"]
        assert len(response.content) < 200_000
    else:
        async with shared.socket(alice) as socket:
            await socket.connection.send(f'{{"type": "subscribe", "id": "1", "payload": {payload}}}')
            answered = await socket.receive()
            assert answered["id"] == "1"
            errors = answered["payload"] if answered["type"] == "error" else answered["payload"]["errors"]
            await socket.subscribe("2", "{ viewer { id } }")
            after = await socket.receive()
            after = await socket.receive() if after["type"] == "complete" else after
            assert after["payload"] == {"data": {"viewer": {"id": str(alice)}}}
    assert [error["extensions"]["code"] for error in errors] == ["BAD_USER_INPUT"]


async def test_unknown_input_fields_are_not_all_quoted(shared: Api, alice: UUID) -> None:
    story = {"title": "t", "content": "c", **{f"a{n}": "x" * 100 for n in range(9_900)}}
    response = await post(shared, alice, {"query": CREATE, "variables": {"i": story}})
    codes = [error["extensions"]["code"] for error in response.json()["errors"]]
    assert codes == ["BAD_USER_INPUT"] * 10
    assert len(response.content) < 100_000
