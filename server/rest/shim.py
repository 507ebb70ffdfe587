"""What each request does, once it is known who asks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from core.errors import GenerationNotFound
from db.models import GenerationRow, Status
from db.quotas import Left
from resolvers import generations
from resolvers.pages import Page
from resolvers.services import Services
from server.edges.bodies import media_type, read_body
from server.rest.answers import UnsupportedMediaType, answer, explain, written
from server.rest.models import Begun, GenerationPath, InitiateBody, ListQuery

MOST_BODY_BYTES = 64 * 1024
KNOWN_QUERIES = 1024
LONGEST_KNOWN_QUERY = 64


class Done(NamedTuple):
    """An answer, and what is left of the caller's initiations where that is known by then."""

    response: Response
    quota: Left | None = None


class Shim:
    """One for each process."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def initiate(self, request: Request, me: UUID) -> Done:
        if media_type(request) not in {"", "application/json"}:
            raise UnsupportedMediaType
        read = await read_body(request, MOST_BODY_BYTES, self._services.settings.request_seconds)
        body = InitiateBody.model_validate_json(read)
        initiated = await generations.initiate_with_quota(
            self._services, me, body.story_id, idempotency_key=_idempotency_key(request)
        )
        row = initiated.generation
        begun = Begun(id=row.id, status=Status(row.status), progress=row.progress)
        return Done(answer(begun, 202), initiated.quota)

    async def list_page(self, request: Request, me: UUID) -> Done:
        query = _read_query(request.scope["query_string"])
        page = Page(query.page, query.page_size)
        found = await generations.read_page(self._services, me, page, query.status)
        meta = {"page": page.number, "pageSize": page.size, "total": found.total}
        return Done(written({"data": [self._show(row) for row in found.rows], "meta": meta}), found.left)

    async def get(self, request: Request, me: UUID) -> Done:
        path = GenerationPath.model_validate(request.path_params)
        row, quota = await generations.find_with_quota(self._services, me, path.id)
        return Done(written(self._show(row)) if row else explain(GenerationNotFound()), quota)

    async def delete(self, request: Request, me: UUID) -> Done:
        path = GenerationPath.model_validate(request.path_params)
        await generations.delete_generation(self._services, me, path.id)
        return Done(Response(status_code=204))

    def _show(self, row: GenerationRow) -> dict[str, Any]:
        """As `Shown` has it, to the letter: models for all rows would take a fifth of a list's time."""
        return {
            "id": str(row.id),
            "story_id": str(row.story_id),
            "status": row.status,
            "progress": row.progress,
            "result_url": self._services.links.url(row.result_key) if row.result_key else None,
        }


def _read_query(query_string: bytes) -> ListQuery:
    return (
        _known_query(query_string) if len(query_string) <= LONGEST_KNOWN_QUERY else _check_query(query_string)
    )


def _check_query(query_string: bytes) -> ListQuery:
    return ListQuery.model_validate(dict(QueryParams(query_string)))


# The same few pages are asked for again and again.
_known_query = lru_cache(KNOWN_QUERIES)(_check_query)


def _idempotency_key(request: Request) -> str | None:
    """The header's text. Some clients send UTF-8, some Latin-1, and GraphQL knows the key by its letters."""
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    try:
        return given.encode("latin-1").decode()
    except UnicodeDecodeError:
        return given
