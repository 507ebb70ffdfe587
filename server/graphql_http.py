"""`/graphql` over HTTP, as the GraphQL over HTTP specification has it: https://graphql.github.io/graphql-over-http/

Who asks is settled before the document is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from core.errors import StorycastError, Unauthenticated
from core.identity import Verifier, bearer
from resolvers.services import Services
from schema.context import Context
from schema.faults import UNAUTHENTICATED
from schema.root import schema
from server.bodies import BodyTooLarge, media_type, read_body
from server.requests import request_id

# A story of a million characters fits, in any script.
MOST_BODY_BYTES = 4 * 1024 * 1024

RESPONSE_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"


class BadRequest(StorycastError):
    """A request that is no well-formed GraphQL request."""

    def __init__(self, message: str, status: int = 400, *, allow: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.allow = allow


@dataclass(frozen=True)
class Operation:
    """What a request asks to be executed."""

    query: str
    variables: dict[str, Any] | None
    name: str | None


class GraphQLEndpoint:
    """Answers GET and POST."""

    def __init__(self, services: Services, verifier: Verifier) -> None:
        self._services = services
        self._verifier = verifier

    async def __call__(self, request: Request) -> Response:
        accepted = _negotiate(request.headers.get("accept"))
        if accepted is None:
            return _error(PLAIN_JSON, 406, f"Accept {RESPONSE_JSON} or {PLAIN_JSON}", "NOT_ACCEPTABLE")
        try:
            identity = await self._verifier.verify(bearer(request.headers.get("authorization")))
        except Unauthenticated:
            response = _error(accepted, 401, "Unauthorized", UNAUTHENTICATED)
            response.headers["WWW-Authenticate"] = "Bearer"
            return response
        try:
            operation = await _read_operation(request)
            result = await self._execute(
                operation, Context(self._services, request_id(), identity), request.method
            )
        except BodyTooLarge:
            return _error(accepted, 413, "Request body too large", "BODY_TOO_LARGE")
        except BadRequest as bad:
            response = _error(accepted, bad.status, str(bad), "BAD_REQUEST")
            if bad.allow:
                response.headers["Allow"] = bad.allow
            return response
        # In the older media type an answer that is well-formed is a 200, whatever it says.
        refused = accepted == RESPONSE_JSON and (isinstance(result, PreExecutionError))
        return _json(accepted, 400 if refused else 200, _shape(result))

    async def _execute(self, operation: Operation, context: Context, method: str) -> ExecutionResult:
        allowed = {OperationType.QUERY} if method == "GET" else {OperationType.QUERY, OperationType.MUTATION}
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
            raise BadRequest("Mutations need POST", 405, allow="POST") from None
        except CannotGetOperationTypeError:
            raise BadRequest("operationName names no operation of the document, or has to") from None
        except MissingQueryError:
            raise BadRequest("query is empty") from None


async def _read_operation(request: Request) -> Operation:
    if request.method == "GET":
        given: Mapping[str, Any] = request.query_params
        variables = given.get("variables")
        fields = {**given, "variables": _parse(variables) if variables else None}
    else:
        if media_type(request) != PLAIN_JSON:
            raise BadRequest(f"Content-Type must be {PLAIN_JSON}", 415)
        fields = _parse(await read_body(request, MOST_BODY_BYTES))
    if not isinstance(fields, dict):
        raise BadRequest("The request must be a JSON object with a query")
    query, variables, name = (fields.get(key) for key in ("query", "variables", "operationName"))
    extensions = fields.get("extensions") if request.method == "POST" else None
    if not isinstance(query, str):
        raise BadRequest("query must be a string")
    if not isinstance(variables, dict | None):
        raise BadRequest("variables must be an object")
    if not isinstance(name, str | None):
        raise BadRequest("operationName must be a string")
    if not isinstance(extensions, dict | None):
        raise BadRequest("extensions must be an object")
    return Operation(query, variables, name or None)


def _parse(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequest("The request is not valid JSON") from None


def _negotiate(accept: str | None) -> str | None:
    """The media type to answer in: the one the caller likes best, the plain one where it does not care."""
    if not accept:
        return PLAIN_JSON
    best: tuple[float, str] | None = None
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        offered = {RESPONSE_JSON: RESPONSE_JSON, PLAIN_JSON: PLAIN_JSON}.get(name)
        if name in {"*/*", "application/*"}:
            offered = PLAIN_JSON
        quality = _quality(parameters)
        if offered and quality > 0 and (best is None or quality > best[0]):
            best = (quality, offered)
    return best[1] if best else None


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _shape(result: ExecutionResult) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if not isinstance(result, PreExecutionError):
        answer["data"] = result.data
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    return answer


def _error(accepted: str, status: int, message: str, code: str) -> Response:
    return _json(accepted, status, {"errors": [{"message": message, "extensions": {"code": code}}]})


def _json(accepted: str, status: int, content: Any) -> Response:
    body = json.dumps(content, separators=(",", ":"))
    return Response(body, status, media_type=f"{accepted}; charset=utf-8")
