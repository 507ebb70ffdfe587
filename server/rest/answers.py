"""Answers in the contract's words; `FAULTS` holds what goes wrong, for the shim and its document alike."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.responses import Response

from core.errors import (
    FieldProblem,
    GenerationInProgress,
    GenerationNotFound,
    IdempotencyConflict,
    Invalid,
    RateLimited,
    StorycastError,
    StoryNotFound,
    Unauthenticated,
)
from server.edges.bodies import TOO_SLOW_HEADERS, BodyTooLarge, BodyTooSlow
from server.edges.doors import LATER, TooManyRequests
from server.rest import models

logger = logging.getLogger(__package__)


class UnsupportedMediaType(StorycastError):
    """A body whose Content-Type is not JSON."""


@dataclass(frozen=True)
class Told:
    """How an error is told."""

    status: int
    message: str
    headers: dict[str, str] = field(default_factory=dict)


FAULTS: dict[type[Exception], Told] = {
    Unauthenticated: Told(401, "Unauthorized", {"WWW-Authenticate": "Bearer"}),
    StoryNotFound: Told(404, "Story not found"),
    GenerationNotFound: Told(404, "Generation not found"),
    BodyTooSlow: Told(408, "Request body too slow", TOO_SLOW_HEADERS),
    GenerationInProgress: Told(409, "Cannot delete in-progress generation"),
    BodyTooLarge: Told(413, "Request body too large"),
    UnsupportedMediaType: Told(415, "Unsupported media type"),
    IdempotencyConflict: Told(422, "Idempotency key reused with a different request"),
    TooManyRequests: Told(429, "Too many requests", LATER),
    RateLimited: Told(429, "Too many requests", LATER),
}
INVALID: Final = "Validation error"
OUR_FAULT = Told(500, "Internal server error")


def answer(body: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body.model_dump_json(), status, headers, media_type="application/json")


def written(body: dict[str, Any]) -> Response:
    """Plain values as a model would write them."""
    return Response(orjson.dumps(body), media_type="application/json")


def failure(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return answer(models.Failure(error=message), status, headers)


def explain(error: Exception) -> Response:
    """The documented answer to what went wrong; our own faults are logged in full and told in three words."""
    if isinstance(error, Invalid):
        return _invalid([_header_problem(problem) for problem in error.problems])
    if isinstance(error, ValidationError):
        return _invalid([_problem(problem) for problem in error.errors(include_input=False)])
    fault = FAULTS.get(type(error))
    if fault is None:
        logger.error("Request failed", exc_info=error)
        fault = OUR_FAULT
    headers = fault.headers
    if isinstance(error, RateLimited):
        headers = {"Retry-After": str(error.retry_after_seconds)}
    return failure(fault.status, fault.message, headers)


def _invalid(details: list[models.Problem]) -> Response:
    return answer(models.Invalid(error=INVALID, details=details), 400)


def _problem(problem: ErrorDetails) -> models.Problem:
    path = [str(part) for part in problem["loc"]]
    return models.Problem(path=path, message=problem["msg"], code=problem["type"])


def _header_problem(problem: FieldProblem) -> models.Problem:
    # Of an initiation's rules only the key's can be broken here; REST callers know it as a header.
    path = ["Idempotency-Key" if part == "idempotencyKey" else part for part in problem.path]
    return models.Problem(path=path, message=problem.message, code="value_error")
