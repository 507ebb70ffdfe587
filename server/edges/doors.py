"""Who comes in over HTTP: signed in, and with a bounded number of requests underway."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from core.errors import StorycastError
from core.identity import Identity, Verifier, bearer
from schema.allowance import end_answer
from server.edges.faults import client_left, own_fault
from server.edges.fields import field
from server.edges.places import Places
from server.edges.whole import MOST_BYTES

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
        return Route(path, _Answering(endpoint, self.places), methods=methods)

    async def admit(self, request: Request) -> Identity:
        """Who asks, before anything else of the request is read. Their place is taken until the answer is
        sent, all but the last piece of it.

        Raises Unauthenticated, KeysUnavailable and TooManyRequests.
        """
        identity = await self._verifier.verify(bearer(field(request, b"authorization")))
        if not self.places.take(identity.user_id):
            raise TooManyRequests
        request.scope[TAKEN_BY] = identity.user_id
        return identity

    def give_back(self, request: Request) -> None:
        """The place of a request whose answer lasts, and is counted elsewhere."""
        user = request.scope.pop(TAKEN_BY, None)
        if user is not None:
            self.places.give_back(user)


class _Answering:
    """ASGI application of one endpoint: sends its answers in pieces, each when the one before has been taken,
    and gives back what their requests have taken: turns and places.
    """

    def __init__(self, endpoint: Endpoint, places: Places) -> None:
        self._endpoint = endpoint
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_in_pieces(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            body = message.get("body", b"")
            if len(body) <= MOST_BYTES:
                await send(message)
                return
            # The next piece goes out when most of this one has been taken.
            for start in range(0, len(body), MOST_BYTES):
                end = start + MOST_BYTES
                more = end < len(body) or message.get("more_body", False)
                await send({**message, "body": body[start:end], "more_body": more})
                await asyncio.sleep(0)  # uvloop writes, and sees what stays behind, between two turns

        request = Request(scope, receive)
        try:
            response = await self._endpoint(request)
            await response(scope, receive, send_in_pieces)
        except ClientDisconnect as left:
            if not has_begun:
                await (await client_left(request, left))(scope, receive, send)
        except Exception as fault:
            if not has_begun:
                await (await own_fault(request, fault))(scope, receive, send)
            raise  # for the server to log
        finally:
            end_answer()
            if TAKEN_BY in scope:
                self._places.give_back(scope[TAKEN_BY])
