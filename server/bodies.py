"""Reading request bodies no further than their limit."""

from __future__ import annotations

from starlette.requests import Request

from core.errors import StorycastError


class BodyTooLarge(StorycastError):
    """A request body is longer than its endpoint takes."""


async def read_body(request: Request, most: int) -> bytes:
    """The body, of at most `most` bytes.

    Raises BodyTooLarge as soon as that is known: by its Content-Length, or when it has come.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise BodyTooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise BodyTooLarge
    return bytes(body)


def media_type(request: Request) -> str:
    """The Content-Type without its parameters, in lower case; empty when there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
