"""Reading request bodies no further than their limit, and no longer."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from core.errors import StorycastError


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
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise BodyTooLarge
    if request.scope.get(HAS_COME):
        return await _read(request, most)
    try:
        async with asyncio.timeout(seconds):
            return await _read(request, most)
    except TimeoutError:
        raise BodyTooSlow from None


async def _read(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise BodyTooLarge
    return bytes(body)


def media_type(request: Request) -> str:
    """The Content-Type without its parameters, in lower case; empty when there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
