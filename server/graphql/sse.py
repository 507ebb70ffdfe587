"""GraphQL over server-sent events, distinct connections mode: each operation has a stream of its own.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md, with event ids: a client that comes back
with the last of them in `Last-Event-ID` is told what it has missed, and little else.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types.execution import ExecutionResult

from schema.allowance import end_answer
from schema.context import Context
from server.edges.clock import until
from server.edges.http_protocol import BREAK_OFF, LASTS
from server.edges.json_text import to_json
from server.graphql.answers import told
from server.graphql.negotiation import EVENT_STREAM

# Proxies that would buffer an answer, compress it or keep it, are told not to.
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
# Clients of the EventSource kind are told of no event without data.
COMPLETE = b"event: complete\ndata:\n\n"

Say = Callable[..., Awaitable[None]]


def answer_as_events(result: ExecutionResult) -> Response:
    """A stream of the one result that a query or a mutation has."""
    return Response(_event(result, "") + COMPLETE, headers=HEADERS, media_type=EVENT_STREAM)


def headers_alone() -> Response:
    """For HEAD, of a stream that would last."""
    return Response(headers=HEADERS, media_type=EVENT_STREAM)


class EventStream(Response):
    """A subscription's results as they come, up to its end. It breaks off with its token: clients come back,
    with another.

    `leave` is called once it is over. A heartbeat is sent every `heartbeat_seconds`, and once at the start:
    whoever is in between lets the beginning through.
    """

    media_type = EVENT_STREAM

    def __init__(
        self,
        start: Callable[[], Awaitable[AsyncGenerator[ExecutionResult, None]]],
        context: Context,
        *,
        heartbeat_seconds: float,
        leave: Callable[[], None],
    ) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._start = start
        self._context = context
        self._heartbeat_seconds = heartbeat_seconds
        self._leave = leave
        self._sending = asyncio.Lock()
        self._is_over = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def say(words: Callable[[], bytes], *, last: bool = False) -> None:
            async with self._sending:
                if not self._is_over:
                    self._is_over = last
                    await send({"type": "http.response.body", "body": words(), "more_body": not last})

        try:
            scope[LASTS] = True
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await _first_of(self._tell(say), self._beat(say), self._until_expiry(), _until_gone(receive))
            if not self._is_over:
                scope[BREAK_OFF]()
                await _until_gone(receive)
        finally:
            self._leave()

    async def _tell(self, say: Say) -> None:
        position = self._context.position
        try:
            async with aclosing(await self._start()) as results:
                async for result in results:
                    event = _event(result, position.of_event(failed=bool(result.errors)))
                    await say(lambda event=event: event)
                    position.told()
                    end_answer()
        finally:
            end_answer()
        await say(lambda: COMPLETE, last=True)

    async def _beat(self, say: Say) -> None:
        position = self._context.position
        while True:
            position.moved.clear()
            # Said when its turn has come: an event before it may have moved the position.
            await say(lambda: _heartbeat(position.id))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._heartbeat_seconds):
                    await position.moved.wait()

    async def _until_expiry(self) -> None:
        identity = self._context.identity
        assert identity, "nobody comes in unknown"
        await until(identity.expires_at)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _first_of(*waits: Coroutine[Any, Any, None]) -> None:
    """Wait for the first to end, end the others, and raise what it raised."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        with suppress(asyncio.CancelledError):
            task.result()


def _event(result: ExecutionResult, position: str) -> bytes:
    # JSON has no line breaks outside of strings, and within them it escapes them.
    return b"event: next\n" + _id(position) + b"data: " + to_json(told(result)) + b"\n\n"


def _heartbeat(position: str) -> bytes:
    """A comment, which clients skip, and where the stream is: what has no data is no event."""
    return b":\n" + _id(position) + b"\n"


def _id(position: str) -> bytes:
    return f"id: {position}\n".encode() if position else b""
