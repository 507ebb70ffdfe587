"""The routes under `/api/story-generations`, and what every answer of theirs carries besides its body."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from db.quotas import Left
from db.sessions import DATABASE_ERRORS, cause_of
from resolvers.generations import find_quota
from resolvers.services import Services
from server.edges.doors import Door
from server.rest.answers import explain
from server.rest.limits import policy, remaining
from server.rest.operations import DELETE, INITIATE, LIST, SHOW, Operation, public_path
from server.rest.shim import Done, Shim

Handler = Callable[[Request, UUID], Awaitable[Done]]

logger = logging.getLogger(__package__)


def rest_routes(services: Services, door: Door) -> list[Route]:
    """The four operations."""
    shim = Shim(services)
    return [
        _route(services, door, {LIST: shim.list_page, INITIATE: shim.initiate}),
        _route(services, door, {SHOW: shim.get, DELETE: shim.delete}),
    ]


def _route(services: Services, door: Door, handlers: dict[Operation, Handler]) -> Route:
    """One route for all the methods of a path, so that the Allow of a 405 names each of them."""
    path = next(iter(handlers)).path
    offered = {
        operation.method: _Endpoint(services, door, operation, handlers[operation]) for operation in handlers
    }

    async def answer(request: Request) -> Response:
        return await offered["GET" if request.method == "HEAD" else request.method].answer(request)

    return door.route(path, answer, list(offered))


class _Endpoint:
    """One operation from end to end."""

    def __init__(self, services: Services, door: Door, operation: Operation, handler: Handler) -> None:
        self._services = services
        self._door = door
        self._handler = handler
        self._link = operation.link(public_path(services.settings))
        self._policy = policy(services.settings.initiations_per_minute)

    async def answer(self, request: Request) -> Response:
        me = None
        try:
            me = (await self._door.admit(request)).user_id
            response, quota = await self._handler(request, me)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: `explain` logs what it does not know
            response, quota = Done(explain(error))
        response.headers["Link"] = self._link
        if response.status_code != 401:
            response.headers.update(self._policy)
        # Where we failed the database may be why, and asking it once more as slow.
        if quota is None and me is not None and response.status_code != 500:
            quota = await self._find_quota(me)
        if quota is not None:
            response.headers.update(remaining(quota))
        return response

    async def _find_quota(self, me: UUID) -> Left | None:
        try:
            return await find_quota(self._services, me)
        except DATABASE_ERRORS as error:
            logger.warning("An answer goes without what is left of initiations: %s", cause_of(error))
            return None
