"""Clients who take their time, want too much, or say nothing: what each does on one connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import chain, cycle, repeat
from random import Random
from uuid import UUID

from core.settings import Settings
from server.graphql.request import MOST_BODY_BYTES as MOST_GRAPHQL_BYTES
from server.rest import MOST_BODY_BYTES as MOST_REST_BYTES
from tests.callers import Client
from tests.chaos.clients.sockets import is_established
from tests.edges.raw import CLOSE, HANDSHAKE, Wire, frame, posted

REST, GRAPHQL = "/api/story-generations", "/graphql"
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
PAGE = json.dumps({"query": "{ stories(pageSize: 1) { items { content } } }"}).encode()
PAUSE_SECONDS = 0.5
PIPELINED = 20
PART_BYTES = 16 * 1024
# One in so many bodies without end is of the endpoint that takes 64 times as much.
LARGE_BODIES = 20
LOOK_SECONDS = 0.2
# Of a client that does not read: what its kernel takes at the least.
RECEIVE_BUFFER = 2048
NOTHING = "nothing"
# Between requests, as uvicorn has it.
SILENCE_SECONDS = 5
# From a close frame on, as uvicorn has it.
CLOSE_SECONDS = 10


@dataclass(frozen=True)
class Attacker:
    """Who it is; `link`: a large file of theirs, as a path."""

    client: Client
    user: UUID
    link: str
    dice: Random

    def post(self, path: str, length: int | None) -> bytes:
        return posted(path, self.client.headers(self.user), length)

    def any_path(self) -> str:
        return self.dice.choice([REST, GRAPHQL])


async def say_nothing(end: Wire, _: Attacker) -> str:
    return _word(await end.rest())


async def trickle_headers(end: Wire, by: Attacker) -> str:
    """Byte by byte, after as much as they like."""
    upgrade = HANDSHAKE.format(host="localhost", more="").encode().removesuffix(b"\r\n")
    start = by.dice.choice([GET, upgrade, by.post(GRAPHQL, 100).removesuffix(b"\r\n")])
    at_once = by.dice.randrange(1, len(start))
    await end.send(start[:at_once])
    return _word((await end.pour(_bytes(start[at_once:]), PAUSE_SECONDS))[0])


async def pour_headers(end: Wire, by: Attacker) -> str:
    line = by.dice.choice([b"X-A: " + b"a" * 100 + b"\r\n", b"X-" + b"a" * 10_000])
    await end.send(GET)
    return _word((await end.pour(repeat(line * 10), 0.001))[0])


async def trickle_body(end: Wire, by: Attacker) -> str:
    await end.send(by.post(by.any_path(), 10_000) + b"{")
    return _word((await end.pour(repeat(b" "), PAUSE_SECONDS))[0])


async def send_no_body(end: Wire, by: Attacker) -> str:
    await end.send(by.post(by.any_path(), by.dice.randrange(1, MOST_REST_BYTES)))
    return _word(await end.rest())


async def declare_too_much(end: Wire, by: Attacker) -> str:
    """And go on with it once that is refused."""
    await end.send(by.post(by.any_path(), MOST_GRAPHQL_BYTES + 1))
    return _word((await end.pour(repeat(b" "), PAUSE_SECONDS))[0])


async def chunk_too_much(end: Wire, by: Attacker) -> str:
    large = not by.dice.randrange(LARGE_BODIES)
    path, most = (GRAPHQL, MOST_GRAPHQL_BYTES) if large else (REST, MOST_REST_BYTES)
    await end.send(by.post(path, None))
    for _ in range(0, most + 1, PART_BYTES):
        await end.send(b"%x\r\n%s\r\n" % (PART_BYTES, b" " * PART_BYTES))
    return _word(await end.rest())


async def go_on_after_the_answer(end: Wire, by: Attacker) -> str:
    """Which was 401: the body that was declared still trickles."""
    await end.send(posted(by.any_path(), {}, 10_000) + b"{")
    return _word((await end.pour(repeat(b" "), PAUSE_SECONDS))[0])


async def pipeline(end: Wire, _: Attacker) -> str:
    """Many requests at once; then nothing."""
    await end.send((GET + b"\r\n") * PIPELINED)
    told = await end.rest()
    return f"{told.count(b'HTTP/1.1 200 ')} of {PIPELINED}"


async def pipeline_without_end(end: Wire, _: Attacker) -> str:
    return _word((await end.pour(repeat((GET + b"\r\n") * 1000), 0.001))[0])


async def close_one_end(end: Wire, by: Attacker) -> str:
    """Somewhere in a request."""
    request = by.post(by.any_path(), 100) + b"{"
    await end.send(request[: by.dice.randrange(len(request))])
    end.writer.write_eof()
    return _word(await end.rest())


async def upgrade_alone(end: Wire, _: Attacker) -> str:
    """No connection_init comes; the socket's close is answered, as clients should."""
    await end.upgrade()
    code = await end.close_code()
    await end.send(frame(code.to_bytes(2), CLOSE))
    await end.rest()
    return str(code)


async def upgrade_and_stay(end: Wire, _: Attacker) -> str:
    """No connection_init comes, and no answer to the close."""
    await end.upgrade()
    code = await end.close_code()
    await end.rest()
    return str(code)


async def read_no_page(end: Wire, by: Attacker) -> str:
    return await _leave_unread(end, by.post(GRAPHQL, len(PAGE)) + PAGE)


async def read_no_file(end: Wire, by: Attacker) -> str:
    return await _leave_unread(end, f"GET {by.link} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


async def upgrade_unread(end: Wire, by: Attacker) -> str:
    """What would be the next one to speak on the connection leaves what waits on it alone."""
    await end.send(f"GET {by.link} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await asyncio.sleep(LOOK_SECONDS)
    return await _leave_unread(end, HANDSHAKE.format(host="localhost", more="").encode())


async def _leave_unread(end: Wire, request: bytes) -> str:
    await end.send(request)
    plug = end.writer.get_extra_info("socket")
    while is_established(plug):  # noqa: ASYNC110 - one who does not read is told nothing
        await asyncio.sleep(LOOK_SECONDS)
    # What is there once the other end has gone.
    told = await end.rest()
    return _word(told) if told else NOTHING


def _bytes(start: bytes) -> Iterator[bytes]:
    """The rest of a head that never ends, one by one."""
    return (bytes([byte]) for byte in chain(start, cycle(b"X-A: b\r\n")))


def _word(told: bytes) -> str:
    """The status of the first answer."""
    return told.split()[1].decode() if told.startswith(b"HTTP/1.1 ") else NOTHING


@dataclass(frozen=True)
class Kind:
    """`told`: what they may be told; they are cut off within the `setting`, or `seconds` where that is
    longer, and `more` seconds.
    """

    attack: Callable[[Wire, Attacker], Awaitable[str]]
    told: tuple[str, ...]
    setting: str = "request_seconds"
    seconds: float = 0
    more: float = 0
    receive_buffer: int | None = None

    def within(self, settings: Settings) -> float:
        limit: float = getattr(settings, self.setting)
        return max(self.seconds, limit) + self.more


# Who goes on sending may find the connection reset before what it was told.
KINDS = {
    "nothing said": Kind(say_nothing, (NOTHING,)),
    "headers byte by byte": Kind(trickle_headers, ("408",)),
    "headers without end": Kind(pour_headers, ("431", NOTHING)),
    "bodies byte by byte": Kind(trickle_body, ("408",)),
    "bodies never sent": Kind(send_no_body, ("408",)),
    "bodies declared too long": Kind(declare_too_much, ("413",)),
    "bodies too long in chunks": Kind(chunk_too_much, ("413",), seconds=SILENCE_SECONDS),
    "bodies after a 401": Kind(go_on_after_the_answer, ("401",)),
    "pipelined, then silent": Kind(pipeline, (f"{PIPELINED} of {PIPELINED}",), seconds=SILENCE_SECONDS),
    "pipelined without end": Kind(pipeline_without_end, (NOTHING, "200")),
    "closed at one end": Kind(close_one_end, (NOTHING,)),
    "upgrades without connection_init": Kind(upgrade_alone, ("4408",), "sign_in_seconds"),
    "the same, closes not answered": Kind(upgrade_and_stay, ("4408",), "sign_in_seconds", more=CLOSE_SECONDS),
    "pages not read": Kind(read_no_page, (NOTHING, "200"), receive_buffer=RECEIVE_BUFFER),
    "upgrades over files not read": Kind(upgrade_unread, (NOTHING, "200"), receive_buffer=RECEIVE_BUFFER),
    "files not read": Kind(read_no_file, (NOTHING, "200"), receive_buffer=RECEIVE_BUFFER),
}
