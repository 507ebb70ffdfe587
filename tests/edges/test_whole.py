"""Answers that are written whole are those that go out the usual way, as "Connection: close" has them do."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from uuid import UUID

import pytest

from tests.edges.conftest import Edge
from tests.edges.raw import Wire, wire

RESPONSE_JSON = "application/graphql-response+json"
DOCUMENTS = {
    "data": "{ viewer { id } voices { id name } }",
    "letters of all kinds": '{ story(id: "ü 声") { id } }',
    "an error": "{ nothing }",
    "no document": "",
}


def request(user: str, document: str, *headers: str, version: str = "1.1", method: str = "POST") -> bytes:
    body = json.dumps({"query": document}).encode()
    lines = [
        f"{method} /graphql HTTP/{version}",
        "Host: localhost",
        f"Authorization: {user}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def read(end: Wire) -> tuple[str, list[str], bytes]:
    """Status line, header lines in their order, and body."""
    status, *lines = (await end.answer()).decode().strip().split("\r\n")
    [length] = [line for line in lines if line.lower().startswith("content-length: ")]
    return status, lines, await end.reader.readexactly(int(length.split()[1]))


def comparable(lines: list[str]) -> list[str]:
    told = dict(line.split(": ", 1) for line in lines)
    assert len(told) == len(lines)
    assert parsedate_to_datetime(told["date"]).year > 2000
    assert len(told["x-request-id"]) == 16
    return sorted(line for line in lines if line.split(":")[0] not in {"date", "x-request-id", "connection"})


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=list(DOCUMENTS))
@pytest.mark.parametrize("accept", ["*/*", RESPONSE_JSON])
async def test_both_ways_tell_the_same(edge: Edge, alice: UUID, document: str, accept: str) -> None:
    user = edge.client.headers(alice)["Authorization"]
    found = []
    for more in ((), ("Connection: close",)):
        async with wire(edge.base) as end:
            await end.send(request(user, document, f"Accept: {accept}", *more))
            status, lines, body = await read(end)
            assert ("connection: close" in lines) == bool(more)
            found.append((status, comparable(lines), body))
    assert found[0] == found[1]
    assert json.loads(found[0][2])


async def test_a_connection_goes_on_and_answers_keep_their_order(edge: Edge, alice: UUID) -> None:
    user = edge.client.headers(alice)["Authorization"]
    async with wire(edge.base) as end:
        for _ in range(2):
            asked = [f"{{ a{turn}: __typename }}" for turn in range(5)]
            await end.send(b"".join(request(user, document) for document in asked))
            for turn in range(5):
                _, _, body = await read(end)
                assert json.loads(body) == {"data": {f"a{turn}": "Query"}}


async def test_http_1_0_gets_its_answer_and_the_end(edge: Edge, alice: UUID) -> None:
    user = edge.client.headers(alice)["Authorization"]
    async with wire(edge.base) as end:
        await end.send(request(user, "{ __typename }", version="1.0"))
        assert (await end.rest()).endswith(b'\r\n\r\n{"data":{"__typename":"Query"}}')


async def test_head_gets_no_body(edge: Edge, alice: UUID) -> None:
    user = edge.client.headers(alice)["Authorization"]
    head = [
        "HEAD /graphql?query=%7B__typename%7D HTTP/1.1",
        "Host: localhost",
        f"Authorization: {user}",
    ]
    async with wire(edge.base) as end:
        await end.send("\r\n".join([*head, "", ""]).encode())
        assert (await end.answer()).startswith(b"HTTP/1.1 200 ")
        await end.send(request(user, "{ __typename }"))
        status, _, _ = await read(end)
        assert status == "HTTP/1.1 200 OK"
