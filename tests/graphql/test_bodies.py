"""What may come in a request's body, and how much of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.callers import LIMIT_SECONDS, Api
from tests.graphql.wire import JSON, PLAIN, RESPONSE, WHO, code, get, post

MOST_BYTES = 4 * 1024 * 1024

NOT_WELL_FORMED = {
    "null": b"null",
    "a number": b"1",
    "a list": b"[]",
    "a list of operations": b'[{"query": "{ viewer { id } }"}]',
    "a string": b'"{ viewer { id } }"',
    "nothing": b"",
    "no JSON": b"nonsense",
    "half of it": b'{"query": "{ viewer',
    "100,000 open brackets": b"[" * 100_000,
    "100,000 open objects": b'{"a":' * 100_000,
    "a number of 5,000 digits": b"1" * 5000,
    "Python's constants": b'{"query": "{ viewer { id } }", "variables": {"a": NaN}}',
    "no UTF-8": b'{"query": "{ viewer { id } } #\xff"}',
    "half a surrogate pair in UTF-8": b'{"query": "{ viewer { id } } #\xed\xa0\x80"}',
    "UTF-16": json.dumps({"query": WHO}).encode("utf-16"),
    "no query": {"qeury": WHO},
    "a query of null": {"query": None},
    "a query of another type": {"query": {"a": 1}},
    "an empty query": {"query": ""},
    "variables in a list": {"query": WHO, "variables": [7]},
    "variables as a string": {"query": WHO, "variables": "{}"},
    "an operationName of another type": {"query": WHO, "operationName": 1},
    "extensions in a list": {"query": WHO, "extensions": []},
}


@pytest.mark.parametrize("accept", [PLAIN, RESPONSE])
@pytest.mark.parametrize("body", NOT_WELL_FORMED.values(), ids=NOT_WELL_FORMED.keys())
async def test_a_body_that_is_no_request_is_a_400(shared: Api, alice: UUID, body: Any, accept: str) -> None:
    response = await post(shared, alice, body, accept)
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    assert set(response.json()) == {"errors"}
    assert code(response) == "BAD_REQUEST"


@pytest.mark.parametrize(
    "parameters", [{}, {"query": ""}, {"query": WHO, "variables": "{"}, {"query": WHO, "variables": "[1]"}]
)
async def test_a_get_that_is_no_request_is_a_400(
    shared: Api, alice: UUID, parameters: dict[str, str]
) -> None:
    response = await get(shared, alice, **parameters)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("APPLICATION/JSON", 200),
        ("application/graphql", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
        ("", 415),
        (None, 415),
    ],
)
async def test_bodies_are_json_and_say_so(shared: Api, alice: UUID, kind: str | None, status: int) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    content = json.dumps({"query": WHO}).encode()
    response = await shared.request("POST", "/graphql", alice, content=content, headers=headers)
    assert response.status_code == status
    if status == 415:
        assert code(response) == "BAD_REQUEST"


async def test_a_byte_order_mark_does_no_harm(shared: Api, alice: UUID) -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"query": WHO}).encode()
    assert (await post(shared, alice, body)).json() == {"data": {"viewer": {"id": str(alice)}}}


@pytest.mark.parametrize("accept", [PLAIN, RESPONSE])
@pytest.mark.parametrize("sent", ["whole", "in chunks"])
async def test_a_body_of_4_mib_is_taken_and_one_byte_more_is_not(
    shared: Api, alice: UUID, sent: str, accept: str
) -> None:
    query = json.dumps({"query": WHO}).encode()
    headers = {**JSON, "Accept": accept}

    async def chunks(body: bytes) -> Any:
        for start in range(0, len(body), 1024 * 1024):
            yield body[start : start + 1024 * 1024]

    async def send(size: int) -> httpx.Response:
        body = query.rjust(size)
        content = body if sent == "whole" else chunks(body)
        return await shared.request("POST", "/graphql", alice, content=content, headers=headers)

    assert (await send(MOST_BYTES)).json() == {"data": {"viewer": {"id": str(alice)}}}
    refused = await send(MOST_BYTES + 1)
    assert (refused.status_code, code(refused)) == (413, "BODY_TOO_LARGE")
    assert refused.headers["content-type"] == f"{accept}; charset=utf-8"


async def test_a_body_that_says_it_is_too_long_is_not_waited_for(shared: Api, alice: UUID) -> None:
    url = httpx.URL(shared.base)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    headers = {"Host": "localhost", **JSON, **shared.headers(alice), "Content-Length": str(MOST_BYTES + 1)}
    lines = ["POST /graphql HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    try:
        writer.write("\r\n".join(lines).encode())
        async with asyncio.timeout(LIMIT_SECONDS):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_story_of_a_million_characters_of_four_bytes_fits(shared: Api, alice: UUID) -> None:
    content = "🦊" * 1_000_000
    document = """mutation ($input: CreateStoryInput!) { createStory(input: $input) {
        ... on CreateStorySuccess { story { id } } } }"""
    body = {"query": document, "variables": {"input": {"title": "t", "content": content}}}
    response = await post(shared, alice, json.dumps(body, ensure_ascii=False).encode())
    story = response.json()["data"]["createStory"]["story"]["id"]
    found = await shared.data(alice, "query ($id: UUID!) { story(id: $id) { content } }", id=story)
    assert found["story"]["content"] == content
    # Written as \\uD83E\\uDD8A, a fox takes twelve bytes.
    assert (await post(shared, alice, body)).status_code == 413
