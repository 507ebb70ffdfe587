"""Reading request bodies no further than their limit, and no longer."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from core.errors import StorycastError
from server.edges.fields import field


class BodyTooLarge(StorycastError):
    """A request body is longer than its endpoint takes."""


class BodyTooSlow(StorycastError):
    """A request body has not come whole in time."""


# In a request's scope: its body has come whole, and reading it waits for nothing.
HAS_COME = "storycast.has_come"
# What a client that is told so gets besides: the rest of its body would be read for nothing.
TOO_SLOW_HEADERS = {"Connection": "close"}


async def read_body(request: Request, most: int, seconds: float) -> bytes:
    """The body, of at most `most` bytes.

    Raises BodyTooLarge as soon as that is known: by its Content-Length, or when it has come. Raises
    BodyTooSlow when it is not whole after `seconds`, however steadily it trickles.
    """
    if HAS_COME in request.scope:
        return await _take(request, most)
    declared = field(request, b"content-length") or ""
    if declared.isdecimal() and int(declared) > most:
        raise BodyTooLarge
    try:
        async with asyncio.timeout(seconds):
            return await _read(request, most)
    except TimeoutError:
        raise BodyTooSlow from None


async def _take(request: Request, most: int) -> bytes:
    """A body that has come."""
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    body: bytes = message.get("body", b"")
    if len(body) > most:
        raise BodyTooLarge
    return body


async def _read(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise BodyTooLarge
    return bytes(body)


def media_type(request: Request) -> str:
    """The Content-Type without its parameters, in lower case; empty when there is none."""
    given = field(request, b"content-type") or ""
    # Which most say just so.
    return given if given == "application/json" else given.partition(";")[0].strip().lower()
