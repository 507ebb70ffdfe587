"""The REST shim: four paths for legacy callers, word for word as they know them, over the same resolvers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import (
    FieldProblem,
    GenerationInProgress,
    GenerationNotFound,
    IdempotencyConflict,
    Invalid,
    RateLimited,
    Refusal,
    StorycastError,
    StoryNotFound,
    Unauthenticated,
)
from db.models import Generation, Status
from resolvers import generations
from resolvers.pages import LARGEST_PAGE, LAST_PAGE, Page
from resolvers.services import Services
from server.edges.bodies import TOO_SLOW_HEADERS, BodyTooLarge, BodyTooSlow, media_type, read_body
from server.edges.doors import LATER, Door, TooManyRequests

MOST_BODY_BYTES = 64 * 1024

logger = logging.getLogger(__name__)

STATUSES: dict[type[Refusal], int] = {
    StoryNotFound: 404,
    GenerationNotFound: 404,
    GenerationInProgress: 409,
    IdempotencyConflict: 422,
}


class InitiateBody(BaseModel):
    story_id: UUID


class ListQuery(BaseModel):
    model_config = ConfigDict(validate_by_alias=True)

    page: int = Field(1, ge=1, le=LAST_PAGE)
    page_size: int = Field(10, ge=1, le=LARGEST_PAGE, alias="pageSize")
    status: Status | None = None


class GenerationPath(BaseModel):
    id: UUID


class UnsupportedMediaType(StorycastError):
    """A body whose Content-Type is not JSON."""


Handler = Callable[[Request, UUID], Awaitable[Response]]


def rest_routes(services: Services, door: Door) -> list[Route]:
    """The routes under `/api`."""
    shim = Shim(services)
    return [
        _route("/api/story-generations", door, GET=shim.list_page, POST=shim.initiate),
        _route("/api/story-generations/{id}", door, GET=shim.get, DELETE=shim.delete),
    ]


class Shim:
    """What each request does, once it is known who asks."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def initiate(self, request: Request, me: UUID) -> Response:
        if media_type(request) not in {"", "application/json"}:
            raise UnsupportedMediaType
        read = await read_body(request, MOST_BODY_BYTES, self._services.settings.request_seconds)
        body = InitiateBody.model_validate_json(read)
        row = await generations.initiate_generation(
            self._services, me, body.story_id, idempotency_key=_idempotency_key(request)
        )
        return JSONResponse({"id": str(row.id), "status": row.status, "progress": row.progress}, 202)

    async def list_page(self, request: Request, me: UUID) -> Response:
        query = ListQuery.model_validate(dict(request.query_params))
        page = Page(query.page, query.page_size)
        rows = await generations.list_generations(self._services, me, page, query.status)
        total = await generations.count_generations(self._services, me, query.status)
        meta = {"page": page.number, "pageSize": page.size, "total": total}
        return JSONResponse({"data": [self._show(row) for row in rows], "meta": meta})

    async def get(self, request: Request, me: UUID) -> Response:
        path = GenerationPath.model_validate(request.path_params)
        row = await generations.find_generation(self._services, me, path.id)
        if row is None:
            raise GenerationNotFound
        return JSONResponse(self._show(row))

    async def delete(self, request: Request, me: UUID) -> Response:
        path = GenerationPath.model_validate(request.path_params)
        await generations.delete_generation(self._services, me, path.id)
        return Response(status_code=204)

    def _show(self, row: Generation) -> dict[str, Any]:
        return {
            "id": str(row.id),
            "story_id": str(row.story_id),
            "status": row.status,
            "progress": row.progress,
            "result_url": self._services.links.url(row.result_key) if row.result_key else None,
        }


def _idempotency_key(request: Request) -> str | None:
    """The header's text. Some clients send UTF-8, some Latin-1, and GraphQL knows the key by its letters."""
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    try:
        return given.encode("latin-1").decode()
    except UnicodeDecodeError:
        return given


def _route(path: str, door: Door, **handlers: Handler) -> Route:
    """One route for all the methods of a path, so that the Allow of a 405 names each of them."""

    async def answer(request: Request) -> Response:
        try:
            identity = await door.admit(request)
            handler = handlers["GET" if request.method == "HEAD" else request.method]
            return await handler(request, identity.user_id)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: `explain` logs what it does not know
            return explain(error)

    return door.route(path, answer, list(handlers))


def explain(error: Exception) -> Response:  # noqa: PLR0911 - one return a kind of failure
    """The documented answer to what went wrong; our own faults are logged in full and told in three words."""
    if isinstance(error, Unauthenticated):
        return failure(401, "Unauthorized", {"WWW-Authenticate": "Bearer"})
    if isinstance(error, RateLimited):
        return failure(429, "Too many requests", {"Retry-After": str(error.retry_after_seconds)})
    if isinstance(error, TooManyRequests):
        return failure(429, "Too many requests", LATER)
    if isinstance(error, Invalid):
        return invalid([_header_detail(problem) for problem in error.problems])
    if isinstance(error, ValidationError):
        return invalid([_detail(problem) for problem in error.errors(include_input=False)])
    if isinstance(error, Refusal):
        return failure(STATUSES[type(error)], str(error))
    if isinstance(error, BodyTooLarge):
        return failure(413, "Request body too large")
    if isinstance(error, BodyTooSlow):
        return failure(408, "Request body too slow", TOO_SLOW_HEADERS)
    if isinstance(error, UnsupportedMediaType):
        return failure(415, "Unsupported media type")
    logger.error("Request failed", exc_info=error)
    return failure(500, "Internal server error")


def failure(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": message}, status, headers)


def invalid(details: list[dict[str, Any]]) -> Response:
    return JSONResponse({"error": "Validation error", "details": details}, 400)


def _detail(problem: ErrorDetails) -> dict[str, Any]:
    path = [str(part) for part in problem["loc"]]
    return {"path": path, "message": problem["msg"], "code": problem["type"]}


def _header_detail(problem: FieldProblem) -> dict[str, Any]:
    # Of an initiation's rules only the key's can be broken here; REST callers know it as a header.
    path = ["Idempotency-Key" if part == "idempotencyKey" else part for part in problem.path]
    return {"path": path, "message": problem.message, "code": "value_error"}
