"""How the OpenAPI document tells what answers there are: each status, its body and its headers."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from pydantic import BaseModel

from core.errors import (
    GenerationInProgress,
    GenerationNotFound,
    IdempotencyConflict,
    RateLimited,
    StoryNotFound,
    Unauthenticated,
)
from server.edges.bodies import BodyTooLarge, BodyTooSlow
from server.edges.doors import TooManyRequests
from server.rest.answers import FAULTS, INVALID, OUR_FAULT, UnsupportedMediaType
from server.rest.examples import BEGUN, LISTED, PROBLEMS, SHOWN
from server.rest.headers import headers_of
from server.rest.models import Failure, Invalid
from server.rest.operations import DELETE, INITIATE, LIST, SHOW, Operation
from server.rest.schemas import reference

MEANINGS: dict[type[Exception], str] = {
    Unauthenticated: "No token, or one that does not verify.",
    StoryNotFound: "The story is missing, or another user's.",
    GenerationNotFound: "The generation is missing, or another user's.",
    BodyTooSlow: "The body did not come whole in time.",
    GenerationInProgress: "The generation is pending or in progress.",
    BodyTooLarge: "The body is over 64 KiB.",
    UnsupportedMediaType: "A Content-Type that is not JSON.",
    IdempotencyConflict: "The same Idempotency-Key came with another body before.",
    TooManyRequests: "The caller has too many requests underway.",
    RateLimited: "The caller has no initiation left, or too many unfinished generations.",
}
_ALL = (Unauthenticated, TooManyRequests)
_RAISED: dict[Operation, tuple[type[Exception], ...]] = {
    INITIATE: (
        *_ALL,
        StoryNotFound,
        BodyTooSlow,
        BodyTooLarge,
        UnsupportedMediaType,
        IdempotencyConflict,
        RateLimited,
    ),
    LIST: _ALL,
    SHOW: (*_ALL, GenerationNotFound),
    DELETE: (*_ALL, GenerationNotFound, GenerationInProgress),
}
_CHECKED = {INITIATE: "body", LIST: "query", SHOW: "path", DELETE: "path"}


def responses(operation: Operation) -> dict[str, Any]:
    """Every answer of an operation, by status."""
    raised = sorted(_RAISED[operation], key=lambda kind: FAULTS[kind].status)
    told = {
        **_DONE[operation],
        400: _response(
            400,
            "The body or a parameter does not validate.",
            Invalid(error=INVALID, details=[PROBLEMS[_CHECKED[operation]]]),
        ),
        405: _response(405, "Any other method of this path.", Failure(error="Method not allowed")),
        500: _response(500, "Something of ours broke.", Failure(error=OUR_FAULT.message)),
    }
    for status, kinds in groupby(raised, key=lambda kind: FAULTS[kind].status):
        alike = list(kinds)
        meaning = " Or: ".join(MEANINGS[kind] for kind in alike)
        told[status] = _response(status, meaning, Failure(error=FAULTS[alike[0]].message))
    return {str(status): told[status] for status in sorted(told)}


def _response(status: int, meaning: str, example: BaseModel | None, **more: Any) -> dict[str, Any]:
    content = {}
    if example is not None:
        told = {"schema": reference(type(example)), "example": example.model_dump(mode="json")}
        content = {"content": {"application/json": told}}
    return {"description": meaning, "headers": headers_of(status), **content, **more}


_FOLLOWERS = {
    each.name: {"operationId": each.name, "parameters": {"id": "$response.body#/id"}}
    for each in (SHOW, DELETE)
}
_DONE: dict[Operation, dict[int, dict[str, Any]]] = {
    INITIATE: {202: _response(202, "The generation, on its way to a worker.", BEGUN, links=_FOLLOWERS)},
    LIST: {200: _response(200, "The page.", LISTED)},
    SHOW: {200: _response(200, "The generation.", SHOWN)},
    DELETE: {204: _response(204, "It is gone.", None)},
}
