"""The express way to the busiest paths leads where Starlette's routing does, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from server.app import _match_no_newline
from server.edges.express import Express

LIST, ITEM, GRAPHQL = "/api/story-generations", "/api/story-generations/{id}", "/graphql"
METHODS = ["GET", "HEAD", "POST", "DELETE", "PUT", "OPTIONS", "get"]
PATHS = [
    "/",
    "",
    "/graphql",
    "/graphql/",
    "/graphql\n",
    "//graphql",
    "/GRAPHQL",
    "/graphql/x",
    LIST,
    f"{LIST}/",
    f"{LIST}\n",
    f"{LIST}//",
    f"{LIST}/x",
    f"{LIST}/x/",
    f"{LIST}/x/y",
    f"{LIST}/x\n",
    f"{LIST}/\n",
    f"{LIST}/{{id}}",
    f"{LIST}/ü?",
    f"/{LIST}/x",
    "/api/x",
    "x",
]


class Named:
    """An ASGI application that tells its name, and where it was asked."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = {"name": self.name, "parameters": dict(scope.get("path_params", {}))}
        await JSONResponse(told)(scope, receive, send)


def routes() -> Iterator[Route]:
    yield Route(GRAPHQL, Named("GraphQL"), methods=["GET", "POST"])
    yield Route(LIST, Named("list"), methods=["GET", "POST"])
    yield Route(ITEM, Named("item"), methods=["GET", "DELETE"])


async def answer(app: Any, method: str, path: str) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}
    await app(scope, receive, send)
    # The methods of an Allow come in any order.
    for message in sent:
        message["headers"] = sorted(
            (name, b",".join(sorted(value.split(b", ")))) for name, value in message.get("headers", ())
        )
    return sent


@pytest.mark.parametrize("path", PATHS, ids=ascii)
@pytest.mark.parametrize("method", METHODS)
async def test_it_leads_where_the_router_leads(method: str, path: str) -> None:
    busy = [*routes()]
    app = Starlette(routes=busy)
    app.router.redirect_slashes = False
    _match_no_newline(app.routes)
    express = Express(busy, app)
    assert await answer(express, method, path) == await answer(app, method, path)


@pytest.mark.parametrize(
    ("method", "path", "parameters"),
    [("GET", GRAPHQL, {}), ("HEAD", LIST, {}), ("POST", LIST, {}), ("DELETE", f"{LIST}/x", {"id": "x"})],
)
async def test_it_goes_past_the_others(method: str, path: str, parameters: dict[str, str]) -> None:
    told = json.loads((await answer(Express([*routes()], Named("others")), method, path))[-1]["body"])
    assert told["name"] != "others"
    assert told["parameters"] == parameters
