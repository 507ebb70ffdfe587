"""A websocket's life: from its sign-in to its end, which comes with its token if not before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import NonJsonMessageReceived, NonTextMessageReceived, WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler

from core.errors import KeysUnavailable, StorycastError
from schema.context import Context
from schema.live import LivePlans
from server.edges.clock import Alarm
from server.edges.socket_protocol import SocketProtocol
from server.graphql.documents import Documents
from server.graphql.lines import Line
from server.graphql.messages import problem_of

TRY_AGAIN_LATER = 1013  # https://www.iana.org/assignments/websocket/websocket.xhtml
FORBIDDEN = 4403
TIMED_OUT = 4408
# What a close frame has room for (RFC 6455, 5.5).
LONGEST_REASON_BYTES = 123

logger = logging.getLogger(__name__)


class NoPlace(StorycastError):
    """A user has as many sockets and event streams open as one may have."""


def _leave_nothing() -> None:
    pass


@dataclass(kw_only=True)
class SocketContext(Context):
    """`authorization` is the upgrade request's header. `leave` gives the user's place back, once. `wire` is
    the socket itself, where it can be written to at once.
    """

    documents: Documents
    plans: LivePlans = field(default_factory=LivePlans)
    wire: SocketProtocol | None = None
    authorization: str | None = None
    leave: Callable[[], None] = _leave_nothing


class SocketAdapter(ASGIWebSocketAdapter):
    """Strawberry's adapter, for which a socket that has ended meanwhile is no trouble."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        try:
            await super().send_json(message)
        except RuntimeError as error:
            # So Starlette and uvicorn say that the socket was closed from this side.
            raise WebSocketDisconnected from error

    async def close(self, code: int, reason: str) -> None:
        """Reasons may quote the client, at any length."""
        short = reason.encode(errors="replace")[:LONGEST_REASON_BYTES].decode(errors="ignore")
        with suppress(WebSocketDisconnect, RuntimeError):
            await super().close(code, short)


class SocketLife(BaseGraphQLTransportWSHandler[SocketContext, None]):
    """Strawberry's handler, made to outlive malformed messages, and to end with its token."""

    websocket: SocketAdapter
    _deadline: asyncio.TimerHandle | None = None
    _expiry: Alarm | None = None
    _closing: asyncio.Task[None] | None = None

    async def handle(self) -> None:
        """Strawberry's, which keeps next to nothing for a socket that is silent."""
        self.on_request_accepted()
        if self.context.wire:
            self.context.wire.forget_handshake()
        try:
            while self.websocket.ws.application_state is not WebSocketState.DISCONNECTED:
                await self.handle_message(await self._receive())
        except NonTextMessageReceived:
            await self.handle_invalid_message("WebSocket message type must be text")
        except NonJsonMessageReceived:
            await self.handle_invalid_message("WebSocket message must be valid JSON")
        except (WebSocketDisconnect, WebSocketDisconnected):
            pass
        finally:
            await self.shutdown()

    async def _receive(self) -> object:
        try:
            text = await self.websocket.ws.receive_text()
        except KeyError as error:
            raise NonTextMessageReceived from error
        return self.view.decode_json(text)

    def on_request_accepted(self) -> None:
        seconds = self.connection_init_wait_timeout.total_seconds()
        self._deadline = asyncio.get_running_loop().call_later(seconds, self._time_out)

    def _time_out(self) -> None:
        self.connection_timed_out = True
        self._close_soon(TIMED_OUT, "Connection initialisation timeout")

    def _close_soon(self, code: int, reason: str) -> None:
        # Else they would fill whatever room there is before the last word has its turn.
        for operation in self.operations.values():
            if isinstance(operation, Line):
                operation.leave()
        self._closing = asyncio.create_task(self.websocket.close(code, reason))

    async def handle_message(self, message: Any) -> None:
        problem = problem_of(message)
        if problem:
            await self.handle_invalid_message(problem)
        else:
            await super().handle_message(message)

    async def handle_connection_init(self, message: Any) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
        try:
            payload = message.get("payload") or {}
            await super().handle_connection_init({"type": "connection_init", "payload": payload})
        except KeysUnavailable as error:
            logger.error("Socket not signed in: %s", error)  # noqa: TRY400 - the message says it all
            await self.websocket.close(TRY_AGAIN_LATER, "Try again later")
        except NoPlace:
            await self.websocket.close(TRY_AGAIN_LATER, "Too many sockets")
        identity = self.context.identity
        if self.connection_acknowledged and identity and self._expiry is None:
            self._expiry = Alarm(identity.expires_at, partial(self._close_soon, FORBIDDEN, "Token expired"))
            self.context.connection_params = self.context.authorization = None

    async def handle_task_exception(self, error: Exception) -> None:
        """What ends an operation unforeseen. That its client has left is none of it."""
        if not isinstance(error, WebSocketDisconnected):
            logger.error("Request %s: an operation broke", self.context.request_id, exc_info=error)

    async def shutdown(self) -> None:
        for timer in (self._deadline, self._expiry):
            if timer:
                timer.cancel()
        self.context.leave()
        await super().shutdown()
