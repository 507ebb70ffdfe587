"""`/graphql` over HTTP, as the GraphQL over HTTP specification has it: https://graphql.github.io/graphql-over-http/

Who asks is settled before the document is looked at. Subscriptions are streams of events: see `sse`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from core.codes import Fault
from core.identity import Identity
from resolvers.services import Services
from schema.context import Context
from schema.execution import execute
from schema.operations import NAME_ONE
from schema.positions import Position
from schema.prepared import PreparedDocuments
from schema.root import schema
from server.edges.doors import Door
from server.edges.fields import field, joined
from server.edges.places import Places
from server.edges.requests import request_id
from server.graphql.answers import TooManyStreams, answer, explain, not_acceptable
from server.graphql.documents import DocumentRefused, Documents
from server.graphql.negotiation import EVENT_STREAM, Wanted, negotiate
from server.graphql.request import BadRequest, read_request
from server.graphql.sse import EventStream, answer_as_events, headers_alone

BY_GET = (OperationType.QUERY,)
BY_POST = (OperationType.QUERY, OperationType.MUTATION)


class GraphQLEndpoint:
    """Answers GET and POST. `streams` are the users' places for what lasts."""

    def __init__(
        self,
        services: Services,
        door: Door,
        documents: Documents,
        prepared: PreparedDocuments,
        streams: Places,
    ) -> None:
        self._services = services
        self._door = door
        self._documents = documents
        self._prepared = prepared
        self._streams = streams
        # Of what is no stream.
        self._nowhere = Position()

    async def answer(self, request: Request) -> Response:
        wanted = negotiate(joined(request, b"accept"))
        if wanted is None:
            return not_acceptable()
        try:
            identity = await self._door.admit(request)
            return await self._answer(request, identity, wanted)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: `explain` logs what it does not know
            return explain(wanted.json, error)

    async def _answer(self, request: Request, identity: Identity, wanted: Wanted) -> Response:
        asked = await read_request(request, self._services.settings.request_seconds)
        came_with = Position(field(request, b"last-event-id") or "") if wanted.streams else self._nowhere
        operation: dict[str, Any] = {
            "variable_values": asked.variables,
            "operation_name": asked.operation_name,
            "context_value": Context(
                self._services, request_id(), identity, position=came_with, prepared=self._prepared
            ),
        }
        result: ExecutionResult | None
        try:
            operation["query"] = self._documents.find(asked, identity.user_id)
        except DocumentRefused as error:
            result = _refused(str(error), error.code)
        else:
            result = await _execute(operation, posted=request.method == "POST")
        if result is None:
            return self._stream(request, identity, operation, wanted)
        if wanted.form == EVENT_STREAM:
            return answer_as_events(result)
        return answer(wanted.form, result)

    def _stream(
        self, request: Request, identity: Identity, operation: dict[str, Any], wanted: Wanted
    ) -> Response:
        if not wanted.streams:
            raise BadRequest(
                f"A subscription needs Accept: {EVENT_STREAM}, or graphql-transport-ws on a websocket here"
            )
        if request.method == "HEAD":
            return headers_alone()
        if request.scope["http_version"] == "1.0":
            raise BadRequest("An event stream needs HTTP/1.1: it has no length, and 1.0 no chunks")
        if not self._streams.take(identity.user_id):
            raise TooManyStreams
        self._door.give_back(request)
        return EventStream(
            partial(schema.subscribe, **operation),
            operation["context_value"],
            heartbeat_seconds=self._services.settings.ping_seconds,
            leave=partial(self._streams.give_back, identity.user_id),
        )


async def _execute(operation: dict[str, Any], *, posted: bool) -> ExecutionResult | None:
    """None for a subscription, which has not begun."""
    try:
        return await execute(**operation, allowed_operation_types=BY_POST if posted else BY_GET)
    except InvalidOperationTypeError as error:
        if error.operation_type is OperationType.SUBSCRIPTION:
            return None
        raise BadRequest("Mutations need POST", 405, {"Allow": "POST"}) from None
    except CannotGetOperationTypeError:
        return _refused(NAME_ONE, Fault.BAD_USER_INPUT)
    except MissingQueryError:
        raise BadRequest("query is empty") from None


def _refused(message: str, code: Fault) -> ExecutionResult:
    return PreExecutionError(None, [GraphQLError(message, extensions={"code": code})])
