"""What a GraphQL request is answered: results, and whatever kept it from having one."""

from __future__ import annotations

import logging
from typing import Any

from starlette.responses import Response
from strawberry.types.execution import ExecutionResult

from core.codes import Fault
from core.errors import StorycastError, Unauthenticated
from schema.faults import INTERNAL_MESSAGE
from server.edges.bodies import TOO_SLOW_HEADERS, BodyTooLarge, BodyTooSlow
from server.edges.doors import LATER, TooManyRequests
from server.edges.json_text import to_json
from server.edges.requests import request_id
from server.edges.whole import JsonAnswer
from server.graphql.negotiation import PLAIN_JSON, RESPONSE_JSON
from server.graphql.request import BadRequest

logger = logging.getLogger(__name__)


class TooManyStreams(StorycastError):
    """A user has as many event streams and sockets open as one may have."""


def told(result: ExecutionResult) -> dict[str, Any]:
    """A result as JSON has it."""
    answer: dict[str, Any] = {}
    if not _is_refused(result):
        answer["data"] = result.data
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    return answer


def answer(form: str, result: ExecutionResult) -> Response:
    """The result in the media type `form`."""
    return JsonAnswer(to_json(told(result)), _status(form, result), f"{form}; charset=utf-8")


def not_acceptable() -> Response:
    """For an Accept that names nothing that is to be had."""
    return _error(PLAIN_JSON, 406, f"Accept {RESPONSE_JSON} or {PLAIN_JSON}", Fault.NOT_ACCEPTABLE)


def explain(form: str, error: Exception) -> Response:  # noqa: PLR0911 - one return a kind of failure
    """The answer where there is no result; our own faults are logged in full, the client gets an id."""
    if isinstance(error, Unauthenticated):
        return _error(form, 401, "Unauthorized", Fault.UNAUTHENTICATED, {"WWW-Authenticate": "Bearer"})
    if isinstance(error, TooManyRequests):
        return _error(form, 429, "Too many requests at once", Fault.TOO_MANY_REQUESTS, LATER)
    if isinstance(error, TooManyStreams):
        return _error(form, 429, "Too many event streams and sockets at once", Fault.TOO_MANY_STREAMS, LATER)
    if isinstance(error, BodyTooLarge):
        return _error(form, 413, "Request body too large", Fault.BODY_TOO_LARGE)
    if isinstance(error, BodyTooSlow):
        return _error(form, 408, "Request body too slow", Fault.BODY_TOO_SLOW, TOO_SLOW_HEADERS)
    if isinstance(error, BadRequest):
        return _error(form, error.status, str(error), Fault.BAD_REQUEST, error.headers)
    logger.error("Request %s failed", request_id(), exc_info=error)
    return _error(form, 500, INTERNAL_MESSAGE, Fault.INTERNAL_SERVER_ERROR, requestId=request_id())


def _status(form: str, result: ExecutionResult) -> int:
    """The older media type's answers are 200 whenever the request was well-formed, whatever they say."""
    if form == PLAIN_JSON or not _is_refused(result):
        return 200
    codes = [(error.extensions or {}).get("code") for error in result.errors or ()]
    return 500 if Fault.INTERNAL_SERVER_ERROR in codes else 400


def _is_refused(result: ExecutionResult) -> bool:
    """Whether no field has run: https://spec.graphql.org/draft/#sec-Errors.Request-Errors"""
    return result.data is None and any(error.path is None for error in result.errors or ())


def _error(
    form: str,
    status: int,
    message: str,
    code: Fault,
    headers: dict[str, str] | None = None,
    **extensions: str,
) -> Response:
    error = {"message": message, "extensions": {"code": code, **extensions}}
    return Response(to_json({"errors": [error]}), status, headers, media_type=f"{form}; charset=utf-8")
