"""Bad frames hurt the socket that they come on, in a documented way, and nothing beside it."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from server.graphql.ws import MOST_MESSAGE_BYTES
from tests.callers import Socket
from tests.edges.bad_frames import FRAMES, HANDSHAKES, OPERATIONS, PING_MESSAGE
from tests.edges.conftest import Edge
from tests.edges.raw import CLOSE, CONTINUATION, HANDSHAKE, PING, frame, wire

EVENTS = "subscription { storyGenerationEvents { change id } }"
STORY = "query ($i: UUID!) { story(id: $i) { id } }"
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n"


def deflated(data: bytes) -> bytes:
    """As permessage-deflate has it: RFC 7692, 7.2.1."""
    packed = zlib.compressobj(wbits=-12)
    return (packed.compress(data) + packed.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Neighbours:
    """A user's two sockets: a follower on each, and one generation after another to tell of."""

    def __init__(self, edge: Edge, user: UUID, story: str, followers: list[Socket]) -> None:
        self.edge, self.user, self.story, self.followers = edge, user, story, followers

    async def are_well(self) -> None:
        """Each is told of the next generation."""
        begun = await self.edge.client.initiate(self.user, self.story)
        for follower in self.followers:
            while (await follower.next("events"))["storyGenerationEvents"]["id"] != begun:
                pass


@pytest.fixture
async def neighbours(edge: Edge, alice: UUID) -> AsyncIterator[Neighbours]:
    story = await edge.client.add_story(alice)
    async with edge.client.socket(alice) as follower:
        await follower.subscribe("events", EVENTS)
        # The protocol has no sign that a subscription has begun: generations begin until one is told of.
        heard = asyncio.create_task(follower.next("events"))
        while not (await asyncio.wait([heard], timeout=0.1))[0]:
            await edge.client.initiate(alice, story)
        yield Neighbours(edge, alice, story, [follower])


@pytest.mark.parametrize(("bad", "code"), FRAMES.values(), ids=FRAMES.keys())
async def test_a_bad_frame_closes_its_socket_and_no_other(
    edge: Edge, neighbours: Neighbours, bad: bytes, code: int
) -> None:
    async with wire(edge.base) as end:
        await end.upgrade()
        await end.say({"type": "connection_init", "payload": edge.client.headers(neighbours.user)})
        await end.hear()
        await end.send(bad)
        assert await end.close_code() == code
    await neighbours.are_well()


@pytest.mark.parametrize("more", ["", DEFLATE, "Sec-WebSocket-Extensions: ;;;\r\n"])
async def test_nothing_is_unpacked_that_a_bomb_could_be(
    edge: Edge, neighbours: Neighbours, more: str
) -> None:
    bomb = deflated(b" " * 30_000_000)
    assert len(bomb) < MOST_MESSAGE_BYTES
    async with wire(edge.base) as end:
        assert b"extensions" not in (await end.upgrade(more)).lower()
        await end.send(frame(bomb, compressed=True))
        assert await end.close_code() == 1002
    await neighbours.are_well()


async def test_fragments_and_pings_between_them_make_one_message(edge: Edge) -> None:
    async with wire(edge.base) as end:
        await end.upgrade()
        parts = [PING_MESSAGE[:5], b"", PING_MESSAGE[5:]]
        await end.send(frame(parts[0], final=False) + frame(b"are you there", PING))
        await end.send(frame(parts[1], CONTINUATION, final=False) + frame(parts[2], CONTINUATION))
        assert [await end.hear(), await end.hear()] == [(0xA, b"are you there"), (1, b'{"type":"pong"}')]


@pytest.mark.parametrize("payload", OPERATIONS.values(), ids=OPERATIONS.keys())
async def test_a_bad_operation_leaves_those_beside_it_alone(
    edge: Edge, neighbours: Neighbours, payload: Any
) -> None:
    """On the socket that it comes on, too, unless it is none at all."""
    shared = neighbours.followers[0]
    if payload["query"] is None:
        async with edge.client.socket(neighbours.user) as another:
            await another.send({"type": "subscribe", "id": "bad", "payload": payload})
            await neighbours.are_well()
        return
    await shared.send({"type": "subscribe", "id": "bad", "payload": payload})
    told = await shared.receive()
    while told["id"] == "events":
        told = await shared.receive()
    assert told["id"] == "bad"
    assert told["type"] == "error" or told["payload"]["errors"]
    if told["type"] == "next":
        assert await shared.receive() == {"type": "complete", "id": "bad"}
    await neighbours.are_well()


@pytest.mark.parametrize("identifier", ["x" * 60_000, "\0", "\ud800", "💥" * 1000, "__proto__"])
async def test_any_id_is_an_id(edge: Edge, neighbours: Neighbours, identifier: str) -> None:
    shared = neighbours.followers[0]
    await shared.subscribe(identifier, "{ viewer { id } }")
    told = await shared.receive()
    while told["id"] == "events":
        told = await shared.receive()
    assert (told["id"], told["payload"]) == (identifier, {"data": {"viewer": {"id": str(neighbours.user)}}})
    await shared.receive()
    await neighbours.are_well()


@pytest.mark.parametrize("more", HANDSHAKES.values(), ids=HANDSHAKES.keys())
async def test_a_handshake_that_cannot_be_is_answered(edge: Edge, more: str) -> None:
    async with wire(edge.base) as end:
        await end.send(HANDSHAKE.format(host="localhost", more=more).encode())
        told = await end.rest()
        assert told.startswith((b"HTTP/1.1 4", b"HTTP/1.1 101"))


@pytest.mark.parametrize("bad", [frame(b"\xff"), b"\x81\x02{}", b"\xff" * 1000])
@pytest.mark.parametrize("path", ["/graphql", "/nowhere"])
async def test_frames_that_come_before_the_handshake_is_answered_are_no_fault(
    edge: Edge, bad: bytes, path: str
) -> None:
    async def hurry() -> None:
        async with wire(edge.base) as end:
            handshake = HANDSHAKE.format(host="localhost", more="").replace("/graphql", path).encode()
            end.writer.write(handshake)
            # A segment of its own, right behind.
            await asyncio.sleep(0)
            end.writer.write(bad)
            assert (await end.answer()).startswith((b"HTTP/1.1 101 ", b"HTTP/1.1 403 "))

    await asyncio.gather(*(hurry() for _ in range(20)))


async def test_a_client_that_ends_mid_frame_or_mid_handshake_is_no_fault(edge: Edge, alice: UUID) -> None:
    whole = frame(json.dumps({"type": "connection_init", "payload": edge.client.headers(alice)}).encode())
    handshake = HANDSHAKE.format(host="localhost", more="").encode()
    for cut in (1, 2, 5, 50, len(whole)):
        async with wire(edge.base) as end:
            await end.upgrade()
            await end.send(whole[:cut])
    for cut in (1, 30, len(handshake)):
        async with wire(edge.base) as end:
            await end.send(handshake[:cut])


async def test_data_after_our_close_is_no_fault(edge: Edge) -> None:
    async with wire(edge.base) as end:
        await end.upgrade()
        await end.send(frame(b"[]") + frame(PING_MESSAGE) * 100 + frame(b"\xff"))
        assert await end.close_code() in {4400, 1007}
        end.writer.write(frame(b"\x03\xe8", CLOSE) + frame(PING_MESSAGE) + b"\xff" * 100)
        await end.rest()
