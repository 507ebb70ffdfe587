"""`/graphql` over HTTP, as the GraphQL over HTTP specification has it: https://graphql.github.io/graphql-over-http/

Who asks is settled before the document is looked at.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from core.errors import StorycastError, Unauthenticated
from resolvers.services import Services
from schema.context import Context
from schema.faults import BAD_USER_INPUT, INTERNAL, INTERNAL_MESSAGE, UNAUTHENTICATED
from schema.root import schema
from server.edges.bodies import TOO_SLOW_HEADERS, BodyTooLarge, BodyTooSlow, media_type, read_body
from server.edges.doors import LATER, Door, TooManyRequests
from server.edges.json_size import MOST_TOKENS, is_within
from server.edges.json_text import to_json
from server.edges.requests import request_id
from server.negotiation import PLAIN_JSON, RESPONSE_JSON, negotiate

# A story of a million characters fits, in any script.
MOST_BODY_BYTES = 4 * 1024 * 1024
# Of the document itself: stories belong into variables.
MOST_QUERY_CHARACTERS = 64 * 1024

logger = logging.getLogger(__name__)


class BadRequest(StorycastError):
    """A request that is no well-formed GraphQL request."""

    def __init__(self, message: str, status: int = 400, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


@dataclass(frozen=True)
class Operation:
    """What a request asks to be executed."""

    query: str
    variables: dict[str, Any] | None
    name: str | None


class GraphQLEndpoint:
    """Answers GET and POST."""

    def __init__(self, services: Services, door: Door) -> None:
        self._services = services
        self._door = door

    async def answer(self, request: Request) -> Response:
        accepted = negotiate(", ".join(request.headers.getlist("accept")))
        if accepted is None:
            return _error(PLAIN_JSON, 406, f"Accept {RESPONSE_JSON} or {PLAIN_JSON}", "NOT_ACCEPTABLE")
        try:
            identity = await self._door.admit(request)
            operation = await _read_operation(request, self._services.settings.request_seconds)
            context = Context(self._services, request_id(), identity)
            result = await self._execute(operation, context, posted=request.method == "POST")
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: `_explain` logs what it does not know
            return _explain(accepted, error)
        return _json(accepted, _status(accepted, result), _shape(result))

    async def _execute(self, operation: Operation, context: Context, *, posted: bool) -> ExecutionResult:
        allowed = {OperationType.QUERY, OperationType.MUTATION} if posted else {OperationType.QUERY}
        try:
            return await schema.execute(
                operation.query,
                variable_values=operation.variables,
                context_value=context,
                operation_name=operation.name,
                allowed_operation_types=allowed,
            )
        except InvalidOperationTypeError as error:
            if error.operation_type is OperationType.SUBSCRIPTION:
                raise BadRequest("Subscriptions run over graphql-transport-ws, on a websocket here") from None
            raise BadRequest("Mutations need POST", 405, {"Allow": "POST"}) from None
        except CannotGetOperationTypeError:
            message = "operationName must name one operation of the document, where there are several"
            return PreExecutionError(None, [GraphQLError(message, extensions={"code": BAD_USER_INPUT})])
        except MissingQueryError:
            raise BadRequest("query is empty") from None


async def _read_operation(request: Request, seconds: float) -> Operation:
    if request.method != "POST":
        given: Mapping[str, Any] = request.query_params
        variables = given.get("variables")
        fields = {**given, "variables": _parse(variables) if variables else None}
    else:
        if media_type(request) != PLAIN_JSON:
            raise BadRequest(f"Content-Type must be {PLAIN_JSON}", 415)
        body = await read_body(request, MOST_BODY_BYTES, seconds)
        if not is_within(MOST_TOKENS, body):
            raise BadRequest("The request holds too many values")
        fields = _parse(body)
    if not isinstance(fields, dict):
        raise BadRequest("The request must be a JSON object with a query")
    query, variables, name = (fields.get(key) for key in ("query", "variables", "operationName"))
    extensions = fields.get("extensions") if request.method == "POST" else None
    if not isinstance(query, str):
        raise BadRequest("query must be a string")
    if len(query) > MOST_QUERY_CHARACTERS:
        raise BadRequest(
            f"The document is {len(query):,} characters long, and {MOST_QUERY_CHARACTERS:,} are allowed:"
            " put what is long into variables",
            413,
        )
    if not isinstance(variables, dict | None):
        raise BadRequest("variables must be an object")
    if not isinstance(name, str | None):
        raise BadRequest("operationName must be a string")
    if not isinstance(extensions, dict | None):
        raise BadRequest("extensions must be an object")
    return Operation(query, variables, name or None)


def _parse(text: str | bytes) -> Any:
    try:
        # Decoded here: `json` would guess at UTF-16, and let halves of surrogates pass.
        decoded = text if isinstance(text, str) else text.decode("utf-8-sig")
        return json.loads(decoded, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadRequest("The request is not valid JSON") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is Python's, not JSON's")


def _status(accepted: str, result: ExecutionResult) -> int:
    """The older media type's answers are 200 whenever the request was well-formed, whatever they say."""
    if accepted == PLAIN_JSON or not _is_refused(result):
        return 200
    codes = [(error.extensions or {}).get("code") for error in result.errors or ()]
    return 500 if INTERNAL in codes else 400


def _is_refused(result: ExecutionResult) -> bool:
    """Whether no field has run: https://spec.graphql.org/draft/#sec-Errors.Request-Errors"""
    return result.data is None and any(error.path is None for error in result.errors or ())


def _shape(result: ExecutionResult) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if not _is_refused(result):
        answer["data"] = result.data
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    return answer


def _explain(accepted: str, error: Exception) -> Response:
    """The answer where there is no result; our own faults are logged in full, the client gets an id"""
    if isinstance(error, Unauthenticated):
        return _error(accepted, 401, "Unauthorized", UNAUTHENTICATED, {"WWW-Authenticate": "Bearer"})
    if isinstance(error, TooManyRequests):
        return _error(accepted, 429, "Too many requests at once", "TOO_MANY_REQUESTS", LATER)
    if isinstance(error, BodyTooLarge):
        return _error(accepted, 413, "Request body too large", "BODY_TOO_LARGE")
    if isinstance(error, BodyTooSlow):
        return _error(accepted, 408, "Request body too slow", "BODY_TOO_SLOW", TOO_SLOW_HEADERS)
    if isinstance(error, BadRequest):
        return _error(accepted, error.status, str(error), "BAD_REQUEST", error.headers)
    logger.error("Request %s failed", request_id(), exc_info=error)
    return _error(accepted, 500, INTERNAL_MESSAGE, INTERNAL, requestId=request_id())


def _error(
    accepted: str,
    status: int,
    message: str,
    code: str,
    headers: dict[str, str] | None = None,
    **extensions: str,
) -> Response:
    error = {"message": message, "extensions": {"code": code, **extensions}}
    return _json(accepted, status, {"errors": [error]}, headers)


def _json(accepted: str, status: int, content: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(to_json(content), status, headers, media_type=f"{accepted}; charset=utf-8")
