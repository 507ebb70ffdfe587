"""`/graphql` over a websocket: the graphql-transport-ws protocol, signed in by token.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. The token comes in `connection_init`
(`{"Authorization": "Bearer …"}`) or in the upgrade request's header; the socket ends with it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import NonJsonMessageReceived, NonTextMessageReceived, WebSocketDisconnected
from strawberry.http.websocket_origin import is_same_origin, normalize_origin
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler

from core.codes import Fault
from core.errors import KeysUnavailable, StorycastError, Unauthenticated
from core.identity import Verifier, bearer
from core.settings import Environment
from resolvers.services import Services
from schema.allowance import end_answer
from schema.context import Context
from schema.live import LivePlans
from schema.positions import Position
from schema.prepared import PreparedDocuments
from schema.root import schema
from server.demo_sign_in import is_loopback
from server.edges.clock import Alarm
from server.edges.json_text import to_json
from server.edges.places import Places
from server.edges.requests import request_id
from server.edges.socket_protocol import WIRE, SocketProtocol
from server.graphql import lines
from server.graphql.documents import DocumentRefused, Documents
from server.graphql.lines import Line
from server.graphql.request import Asked, BadRequest, MalformedHash, read_fields

MOST_MESSAGE_BYTES = 64 * 1024
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


class SocketHandler(BaseGraphQLTransportWSHandler[SocketContext, None]):
    """Strawberry's handler, made to outlive malformed messages, to end with its token, and to have limits."""

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
        problem = _problem(message)
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

    async def handle_subscribe(self, message: Any) -> None:
        # Before the sign-in, and for an id that is taken, Strawberry closes the socket.
        if self.connection_acknowledged and message["id"] not in self.operations:
            most = self.context.services.settings.operations_per_socket
            if len(self.operations) >= most:
                await self._refuse(
                    message, f"No more than {most} operations at once on a socket", Fault.TOO_MANY_OPERATIONS
                )
                return
            try:
                asked = read_fields(message["payload"])
                message["payload"]["query"] = self.context.documents.find(asked, self.context.me)
            except DocumentRefused as error:
                await self._refuse(message, str(error), error.code)
                return
            except BadRequest as error:
                await self._refuse(message, str(error), Fault.BAD_REQUEST)
                return
            line = self._line(message, asked)
            if line:
                self.operations[message["id"]] = line  # type: ignore[assignment]  # what is asked of either, both have
                return
        await super().handle_subscribe(message)

    def _line(self, message: Any, asked: Asked) -> Line | None:
        """The subscription, begun, where it is one that needs no task of its own."""
        context, text = self.context, message["payload"]["query"]
        known = context.prepared.find(text, context.me) if context.prepared else None
        plan = context.plans.find(known, text, context.me, asked.operation_name) if known else None
        if plan is None or context.wire is None:
            return None
        try:
            run, only = plan.begin(context, asked.variables or {})
        except Exception:  # noqa: BLE001 - graphql-core meets it again, and says what it is
            return None
        otherwise = partial(self._subscribe_otherwise, message)
        known_as = lines.Asked(message["id"], plan, run, only)
        return Line(known_as, context.wire, self.forget_id, otherwise)

    async def _subscribe_otherwise(self, message: Any) -> None:
        self.forget_id(message["id"])
        await super().handle_subscribe(message)

    async def cleanup_operation(self, operation_id: str) -> None:
        line: Any = self.operations.get(operation_id)
        if isinstance(line, Line):
            self.forget_id(operation_id)
            line.leave()
        else:
            await super().cleanup_operation(operation_id)

    async def _refuse(self, message: Any, why: str, code: Fault) -> None:
        """End one operation before it begins."""
        error = GraphQLError(why, extensions={"code": code})
        await self.send_message({"type": "error", "id": message["id"], "payload": [error.formatted]})

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

    async def _send_result_stream(self, operation: Any, result_source: Any) -> None:
        """A failure of the operation as a whole, which no field is to blame for, is an `error`: it ends the
        operation alone. What cannot be parsed is one of them; Strawberry would close the socket.
        """
        try:
            async for result in result_source:
                if result.errors and all(error.path is None for error in result.errors):
                    await operation.send_initial_errors(result.errors)
                    return
                await operation.send_next(result)
                end_answer()
        finally:
            end_answer()


class LiveEndpoint(GraphQL[SocketContext, None]):
    """An ASGI application for websockets alone. Documents that `prepared` knows may have plans."""

    websocket_adapter_class = SocketAdapter
    graphql_transport_ws_handler_class = SocketHandler

    def __init__(
        self,
        services: Services,
        verifier: Verifier,
        documents: Documents,
        places: Places,
        prepared: PreparedDocuments | None = None,
    ) -> None:
        settings = services.settings
        public = normalize_origin(settings.public_base)
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=settings.sign_in_seconds),
            max_subscriptions_per_connection=None,  # `SocketHandler` counts, and says so with a code
            allowed_origins=[*([public] if public else []), *settings.origins],
        )
        self._documents = documents
        self._prepared = prepared
        self._plans = LivePlans()
        # Only streams over HTTP have one.
        self._position = Position()
        self._places = places
        self._services = services
        self._verifier = verifier

    def _check_websocket_origin(self, request: Any) -> bool:
        """Strawberry would let in any page whose Origin is the Host that it asked, which says nothing where a
        name of somebody else's leads here (DNS rebinding), and any that says it is of the same site.
        """
        given, asked = request.headers.get("origin"), request.headers.get("host", "")
        if given is None:  # no browser
            return True
        if self.is_websocket_origin_allowed(request, given):
            return True
        if is_same_origin(given, asked) and self._is_ours(asked):
            return True
        logger.info("Socket refused: it came from a page of %r, by the host %r", given, asked)
        return False

    def _is_ours(self, host: str) -> bool:
        """Whether pages that ask `host` are ours, though it is not the public address."""
        settings = self._services.settings
        if settings.public_url and settings.environment is Environment.PRODUCTION:
            return False
        name = urlsplit(f"//{host}").hostname or ""
        return name == settings.host.lower() or is_loopback(name)

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> SocketContext:
        del response
        header = request.headers.get("authorization")
        return SocketContext(
            self._services,
            request_id(),
            position=self._position,
            prepared=self._prepared,
            documents=self._documents,
            plans=self._plans,
            wire=request.scope.get("extensions", {}).get(WIRE) if self._services.settings.plans else None,
            authorization=header,
        )

    def decode_json(self, data: str | bytes) -> object:
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:  # the latter, and numbers of any length, are JSON too
            raise NonJsonMessageReceived from error

    def encode_json(self, data: object) -> str:
        return to_json(data).decode()

    async def on_ws_connect(self, context: SocketContext) -> Any:
        given = next(
            (
                value
                for name, value in (context.connection_params or {}).items()
                if name.lower() == "authorization"
            ),
            context.authorization,
        )
        try:
            context.identity = await self._verifier.verify(bearer(given if isinstance(given, str) else None))
        except Unauthenticated as error:
            logger.info("Socket refused: %s", error)
            raise ConnectionRejectionError from None
        user = context.identity.user_id
        if not self._places.take(user):
            logger.info("Socket refused: its user has %d already", context.services.settings.sockets_per_user)
            raise NoPlace
        context.leave = partial(self._places.give_back, user)
        return await super().on_ws_connect(context)


def _problem(message: Any) -> str | None:
    """What keeps a message from being one of the protocol's, None where nothing does."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message must be an object with a type"
    kind, payload = message["type"], message.get("payload")
    if kind in {"subscribe", "complete"} and not (isinstance(message.get("id"), str) and message["id"]):
        return f"{kind} needs an id"
    if kind == "connection_init" and not isinstance(payload, dict | None):
        return "The payload of connection_init must be an object"
    if kind == "subscribe":
        try:
            read_fields(payload)
        except MalformedHash:
            return None  # the operation's own affair
        except BadRequest as problem:
            return str(problem)
    return None
