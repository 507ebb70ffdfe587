"""The ASGI application: what is answered where."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from core.identity import Verifier
from resolvers.services import Services
from schema.execution import open_documents
from server.demo_sign_in import DEMO_SIGN_IN, demo_routes
from server.dist import DIST
from server.edges.doors import Door
from server.edges.express import Express
from server.edges.faults import client_left, own_fault
from server.edges.headers import Answers, share
from server.edges.places import Places
from server.files import file_routes
from server.graphql.documents import Documents
from server.graphql.http import GraphQLEndpoint
from server.graphql.ws import LiveEndpoint
from server.health import health_routes
from server.rest import failure, page_routes, rest_routes
from server.web import Build, web_routes

logger = logging.getLogger(__name__)

MESSAGES = {404: "Not found", 405: "Method not allowed"}


def create_app(services: Services, verifier: Verifier, web: Path = DIST) -> ASGIApp:
    """The application over services that are open already, and stay open longer than it.

    `web` is the folder of the built web UI, as it is by then.
    """
    settings = services.settings
    build = Build.open(web)
    door = Door(verifier, settings.requests_per_user)
    # Sockets, and event streams, which are as much to keep.
    lasting = Places(settings.sockets_per_user)
    documents = Documents.open(settings, build.documents if build else None)
    prepared = open_documents(plans=settings.plans)
    endpoint = GraphQLEndpoint(services, door, documents, prepared, lasting)
    demo = demo_routes(settings)
    busy = [door.route("/graphql", endpoint.answer, ["GET", "POST"]), *rest_routes(services, door)]
    app = Starlette(
        routes=[
            *web_routes(settings, services.links, build, index),
            *busy,
            *page_routes(settings),
            *file_routes(services.links, services.storage),
            *health_routes(services),
            *demo,
        ],
        exception_handlers={
            HTTPException: routing_fault,
            ClientDisconnect: client_left,
            Exception: own_fault,
        },
    )
    app.state.index = {"name": "Storycast", "graphql": "/graphql", "rest": "/api/story-generations"}
    if demo:
        app.state.index["demo_sign_in"] = DEMO_SIGN_IN
    # A path that is not in the contract is not found, with a slash at its end too.
    app.router.redirect_slashes = False
    _match_no_newline(app.routes)
    # Around Starlette's own middleware, whose answer to our own faults goes out through these too.
    is_https = settings.public_base.startswith("https:")
    others = share(Express(busy, app), settings.origins)
    live = LiveEndpoint(services, verifier, documents, lasting, prepared)
    return Answers(Sockets(live, others), is_https=is_https)


class Sockets:
    """ASGI middleware that leads sockets straight to their endpoint: each would hold on to all that it passes
    on its way, for as long as it lasts.
    """

    def __init__(self, endpoint: ASGIApp, others: ASGIApp) -> None:
        self._endpoint = endpoint
        self._others = others

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        is_ours = scope["type"] == "websocket" and scope["path"] == "/graphql"
        return (self._endpoint if is_ours else self._others)(scope, receive, send)


def _match_no_newline(routes: Sequence[BaseRoute]) -> None:
    """Starlette's patterns end in `$`, which overlooks a newline at the end: each path had a second name."""
    for route in routes:
        if isinstance(route, Route | WebSocketRoute):
            route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")


async def index(request: Request) -> Response:
    """What programs are told at `/`."""
    return JSONResponse(request.app.state.index)


async def routing_fault(_: Request, error: Exception) -> Response:
    """No such path, no such method there."""
    if not isinstance(error, HTTPException):
        raise error
    message = MESSAGES.get(error.status_code, error.detail)
    return failure(error.status_code, message, dict(error.headers or {}))
