"""Event streams on connections that say more than one request, or speak an older HTTP."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from time import monotonic
from typing import Any
from urllib.parse import quote
from uuid import UUID

from server.serve import GRACE_SECONDS
from tests.callers import Api
from tests.edges.raw import Wire, wire
from tests.live.event_streams import until_there_is_a_place
from tests.live.streams import EVENTS, is_idle, until

ANOTHER = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def following(token: str, version: str = "1.1") -> bytes:
    lines = [
        f"GET /graphql?query={quote(EVENTS)} HTTP/{version}",
        "Host: localhost",
        "Accept: text/event-stream",
        f"Authorization: Bearer {token}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


async def ask_behind(api: Api, end: Wire, token: str) -> None:
    """Open a stream, and send another request behind it, which waits for its end."""
    await end.send(following(token))
    await until(lambda: not is_idle(api.services.feed))
    await end.send(ANOTHER)


async def test_a_stream_with_a_request_behind_it_ends_with_its_client(
    serve_with: Callable[..., Any], alice: UUID
) -> None:
    async with serve_with(sockets_per_user=1, ping_seconds=0.2) as api:
        async with wire(api.base) as end:
            await ask_behind(api, end, api.token(alice))
        await until(lambda: is_idle(api.services.feed))
        await until_there_is_a_place(api, alice)


async def test_a_stream_with_a_request_behind_it_ends_with_its_token(
    serve_with: Callable[..., Any], alice: UUID
) -> None:
    async with serve_with(sockets_per_user=1) as api, wire(api.base) as end:
        await ask_behind(api, end, api.token(alice, timedelta(seconds=3)))
        await until(lambda: is_idle(api.services.feed))
        await until_there_is_a_place(api, alice)


async def test_a_stream_with_a_request_behind_it_ends_with_the_server(
    serve_with: Callable[..., Any], alice: UUID
) -> None:
    async with AsyncExitStack() as stack:
        async with serve_with() as api:
            end = await stack.enter_async_context(wire(api.base))
            await ask_behind(api, end, api.token(alice))
            began = monotonic()
        assert monotonic() - began < GRACE_SECONDS


async def test_http_1_0_has_no_streams(api: Api, alice: UUID) -> None:
    async with wire(api.base) as end:
        await end.send(following(api.token(alice), "1.0"))
        answered = await end.rest()
        assert answered.startswith(b"HTTP/1.1 400 ")
        assert b"An event stream needs HTTP/1.1" in answered
