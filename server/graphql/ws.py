"""`/graphql` over a websocket: the graphql-transport-ws protocol, signed in by token.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. The token comes in `connection_init`
(`{"Authorization": "Bearer …"}`) or in the upgrade request's header; the socket ends with it.
"""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import NonJsonMessageReceived
from strawberry.http.websocket_origin import normalize_origin
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from core.errors import Unauthenticated
from core.identity import Verifier, bearer
from resolvers.services import Services
from schema.live import LivePlans
from schema.positions import Position
from schema.prepared import PreparedDocuments
from schema.root import schema
from server.edges.json_text import to_json
from server.edges.places import Places
from server.edges.requests import request_id
from server.edges.socket_protocol import WIRE
from server.graphql.documents import Documents
from server.graphql.operations import SocketHandler
from server.graphql.origins import lets_in
from server.graphql.sockets import NoPlace, SocketAdapter, SocketContext

MOST_MESSAGE_BYTES = 64 * 1024

logger = logging.getLogger(__name__)


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
        allowed = partial(self.is_websocket_origin_allowed, request)
        return lets_in(request.headers, self._services.settings, allowed)

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
