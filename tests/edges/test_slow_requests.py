"""Requests that never become whole, or grow without end: cut off, and nobody else waits."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from itertools import repeat
from typing import Any
from uuid import UUID

import pytest

from core.settings import Settings
from server.edges.http_protocol import MOST_HEADER_BYTES, MOST_PIPELINED
from tests.callers import LIMIT_SECONDS
from tests.chaos.memory import MIB, resident
from tests.conftest import adjust
from tests.edges.conftest import Edge
from tests.edges.raw import HANDSHAKE, Wire, posted, wire

REQUEST_SECONDS = 1.0
LAST_AND_ASKING = {"Connection": "close", "Expect": "100-continue"}
START = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
# What a busy machine may add.
LATE_SECONDS = LIMIT_SECONDS - REQUEST_SECONDS


@pytest.fixture(scope="module")
def edge_settings(edge_settings: Settings) -> Settings:
    return adjust(edge_settings, request_seconds=REQUEST_SECONDS)


def in_time(seconds: float) -> bool:
    return REQUEST_SECONDS * 0.9 < seconds < REQUEST_SECONDS + LATE_SECONDS


async def test_a_connection_on_which_nothing_comes_is_closed_without_a_word(edge: Edge) -> None:
    async with wire(edge.base) as end:
        began = time.monotonic()
        assert await end.rest() == b""
        assert in_time(time.monotonic() - began)


async def test_headers_that_trickle_are_a_408(edge: Edge) -> None:
    async with wire(edge.base) as end:
        await end.send(START)
        began = time.monotonic()
        told, _ = await end.pour(repeat(b"X-A: b\r\n"), 0.1)
        assert told.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert in_time(time.monotonic() - began)


@pytest.mark.parametrize("noise", [b"\r\n", b"G"], ids=["blank lines", "a request of one long word"])
async def test_noise_keeps_no_connection(edge: Edge, noise: bytes) -> None:
    """After an answer, when uvicorn waits for another request."""
    async with wire(edge.base) as end:
        await end.send(START + b"\r\n")
        assert (await end.answer()).startswith(b"HTTP/1.1 200 ")
        began = time.monotonic()
        await end.pour(repeat(noise), 0.1)
        assert time.monotonic() - began < REQUEST_SECONDS + LATE_SECONDS


@pytest.mark.parametrize("pause", [0.05, LIMIT_SECONDS], ids=["that trickles", "that stops"])
@pytest.mark.parametrize("path", ["/graphql", "/api/story-generations"])
async def test_a_body_that_is_not_whole_in_time_is_a_408(
    edge: Edge, alice: UUID, path: str, pause: float
) -> None:
    async with wire(edge.base) as end:
        await end.send(posted(path, edge.client.headers(alice), 10_000) + b"{")
        began = time.monotonic()
        told, _ = await end.pour(repeat(b" "), pause)
        head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nconnection: close" in head.lower()
    message = "Request body too slow"
    if path == "/graphql":
        assert json.loads(body) == {"errors": [{"message": message, "extensions": {"code": "BODY_TOO_SLOW"}}]}
    else:
        assert json.loads(body) == {"error": message}
    assert in_time(time.monotonic() - began)


async def test_a_body_that_nobody_waits_for_ends_with_its_connection(edge: Edge) -> None:
    """The answer (401, 404, 405) is out, and the rest of the body still trickles."""

    async def post(path: str, status: bytes) -> None:
        async with wire(edge.base) as end:
            await end.send(posted(path, {}, 10_000) + b"{")
            assert (await end.answer()).split()[1] == status
            await end.pour(repeat(b" "), 0.1)

    await asyncio.gather(post("/graphql", b"401"), post("/nowhere", b"404"), post("/healthz", b"405"))


@pytest.mark.parametrize(
    "flood",
    [
        b"X-A: " + b"a" * 100 + b"\r\n",
        b"a" * 10_000,
        b"X-" + b"a" * 10_000,
    ],
    ids=["lines", "one value", "one name"],
)
async def test_headers_without_end_are_a_431(edge: Edge, flood: bytes) -> None:
    async with wire(edge.base) as end:
        await end.send(START + (b"X-Long: " if flood.startswith(b"a") else b""))
        told, sent = await end.pour(repeat(flood * 10), 0.001)
        # A client that goes on sending may find the connection reset before it reads why.
        assert told == b"" or told.startswith(b"HTTP/1.1 431 ")
        assert sent < 16 * MOST_HEADER_BYTES


async def test_a_megabyte_of_one_header_is_refused(edge: Edge) -> None:
    async with wire(edge.base) as end:
        end.writer.write(START + b"Range: bytes=" + b"0-1," * 250_000 + b"0-1\r\n\r\n")
        told = await end.rest()
        assert told == b"" or told.startswith(b"HTTP/1.1 431 ")


async def test_headers_of_60_kib_are_taken(edge: Edge) -> None:
    for size in (1_000, 60_000):
        response = await edge.client.request("GET", "/healthz", headers={"X-Long": "x" * size})
        assert response.status_code == 200


@pytest.mark.parametrize(
    "flood", [b"X-A: " + b"a" * 100 + b"\r\n", b"a" * 10_000], ids=["lines", "one value"]
)
async def test_trailers_without_end_close_the_connection(edge: Edge, flood: bytes) -> None:
    async with wire(edge.base) as end:
        head = posted("/nowhere", {}, None)
        await end.send(head + b"1\r\n{\r\n0\r\n" + (b"X-Long: " if flood.startswith(b"a") else b""))
        _, sent = await end.pour(repeat(flood * 10), 0.001)
        assert sent < 16 * MOST_HEADER_BYTES


async def test_a_body_in_many_small_chunks_is_read(edge: Edge, alice: UUID) -> None:
    body = json.dumps({"query": "{ viewer { id } }"}).encode().rjust(20_000)
    head = posted("/graphql", {**edge.client.headers(alice), **LAST_AND_ASKING}, None)
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    async with wire(edge.base) as end:
        await end.send(head)
        assert (await end.answer()).startswith(b"HTTP/1.1 100 ")
        await end.send(chunks + b"0\r\n\r\n")
        assert (await end.rest()).startswith(b"HTTP/1.1 200 ")


async def test_pipelined_requests_are_answered_in_turn(edge: Edge) -> None:
    async with wire(edge.base) as end:
        await end.send((START + b"\r\n") * (MOST_PIPELINED - 1) + START + b"Connection: close\r\n\r\n")
        assert (await end.rest()).count(b"HTTP/1.1 200 ") == MOST_PIPELINED


async def test_pipelined_requests_without_end_close_the_connection(edge: Edge) -> None:
    before = resident(edge.process.pid)
    async with wire(edge.base) as end:
        _, sent = await end.pour(repeat((START + b"\r\n") * 1000), 0.001)
        assert sent < 100 * MOST_HEADER_BYTES
    assert resident(edge.process.pid) - before < 16 * MIB


MALFORMED = [
    b"\0\1\2\3\r\n\r\n",
    b"nonsense\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"GET \xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET ?x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX\0Y: z\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n folded: z\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
]


async def test_what_is_no_request_is_refused_without_a_fault(edge: Edge) -> None:
    async def told(request: bytes) -> bytes:
        async with wire(edge.base) as end:
            await end.send(request)
            return await end.rest()

    # Together: some are requests after all, and their connections wait for another.
    for request, answer in zip(MALFORMED, await asyncio.gather(*map(told, MALFORMED)), strict=True):
        assert answer == b"" or int(answer.split()[1]) < 500, request


async def test_one_more_connection_than_allowed_is_closed_until_one_ends(edge_with: Any) -> None:
    async with edge_with(connections=5) as edge:

        async def is_served(end: Wire) -> bool:
            """Whether an answer comes; a keep-alive connection stays for another."""
            await end.send(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try:
                return (await end.answer()).startswith(b"HTTP/1.1 200 ")
            except (asyncio.IncompleteReadError, ConnectionError):
                return False

        async with AsyncExitStack() as stack:
            ends = [await stack.enter_async_context(wire(edge.base)) for _ in range(5)]
            assert [await is_served(end) for end in ends] == [True] * 5
            async with wire(edge.base) as refused:
                assert not await is_served(refused)
            assert [await is_served(end) for end in ends] == [True] * 5
            ends[0].writer.transport.abort()
            async with asyncio.timeout(LIMIT_SECONDS):
                is_free = False
                while not is_free:
                    async with wire(edge.base) as another:
                        is_free = await is_served(another)
        assert edge.complaints() == []


@pytest.mark.parametrize("more", ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"])
async def test_a_handshake_with_a_body_ends(edge: Edge, more: str) -> None:
    async with wire(edge.base) as end:
        await end.send(HANDSHAKE.format(host="localhost", more=more).encode())
        assert b" 101 " not in await end.rest()
