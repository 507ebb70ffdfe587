"""Who comes in over HTTP: signed in, and with a bounded number of requests underway."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import StorycastError
from core.identity import Identity, Verifier, bearer
from schema.allowance import end_answer
from server.edges.places import Places

# Of an answer that is being sent: the next piece goes out when most of this one has been taken.
PIECE_BYTES = 64 * 1024
# What those get besides who have too many requests underway.
LATER = {"Retry-After": "1"}
TAKEN_BY = "storycast.place_taken_by"

Endpoint = Callable[[Request], Awaitable[Response]]


class TooManyRequests(StorycastError):
    """A user has as many requests underway as one may have."""


class Door:
    """One for each process: `admit` takes a user's place, and the routes made here give it back."""

    def __init__(self, verifier: Verifier, most: int) -> None:
        self._verifier = verifier
        self.places = Places(most)

    def route(self, path: str, endpoint: Endpoint, methods: Sequence[str]) -> Route:
        """A route whose endpoint may `admit`."""
        return Route(path, endpoint, methods=methods, middleware=[Middleware(_Leaving, self.places)])

    async def admit(self, request: Request) -> Identity:
        """Who asks, before anything else of the request is read. Their place is taken until the answer is
        sent, all but the last piece of it.

        Raises Unauthenticated, KeysUnavailable and TooManyRequests.
        """
        identity = await self._verifier.verify(bearer(request.headers.get("authorization")))
        if not self.places.take(identity.user_id):
            raise TooManyRequests
        request.scope[TAKEN_BY] = identity.user_id
        return identity

    def give_back(self, request: Request) -> None:
        """The place of a request whose answer lasts, and is counted elsewhere."""
        user = request.scope.pop(TAKEN_BY, None)
        if user is not None:
            self.places.give_back(user)


class _Leaving:
    """ASGI middleware: sends answers in pieces, each when the one before has been taken, and gives back what
    their requests have taken: turns and places.
    """

    def __init__(self, app: ASGIApp, places: Places) -> None:
        self.app = app
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_pieces(message: Message) -> None:
            body = message.get("body", b"")
            if len(body) <= PIECE_BYTES:
                await send(message)
                return
            for start in range(0, len(body), PIECE_BYTES):
                end = start + PIECE_BYTES
                more = end < len(body) or message.get("more_body", False)
                await send({**message, "body": body[start:end], "more_body": more})
                await asyncio.sleep(0)  # uvloop writes, and sees what stays behind, between two turns

        try:
            await self.app(scope, receive, send_in_pieces)
        finally:
            end_answer()
            if TAKEN_BY in scope:
                self._places.give_back(scope[TAKEN_BY])
