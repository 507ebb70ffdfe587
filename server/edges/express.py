"""The way to the paths that are asked most, past Starlette's routing and its layers."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(frozen=True)
class _Stop:
    """Where an endpoint is. `parameter` names the last part of its path, where that may be anything."""

    app: ASGIApp
    methods: frozenset[str]
    parameter: str | None = None


class Express:
    """ASGI middleware that leads requests to `routes` as Starlette's router would. `others` gets all that is
    not quite usual: other paths, and other methods.

    A route's path may end in one parameter, and have no others. Its app answers for its own faults.
    """

    def __init__(self, routes: Iterable[Route], others: ASGIApp) -> None:
        self._others = others
        self._stops: dict[str, _Stop] = {}
        self._parents: dict[str, _Stop] = {}
        for route in routes:
            parent, _, last = route.path.rpartition("/")
            methods = frozenset(route.methods or ())
            if last.startswith("{"):
                self._parents[parent] = _Stop(route.app, methods, last.strip("{}"))
            else:
                self._stops[route.path] = _Stop(route.app, methods)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        app = self._find(scope) if scope["type"] == "http" else None
        return (app or self._others)(scope, receive, send)

    def _find(self, scope: Scope) -> ASGIApp | None:
        path = scope["path"]
        stop = self._stops.get(path)
        if stop is None:
            parent, _, last = path.rpartition("/")
            stop = self._parents.get(parent)
            if stop is None or not last:
                return None
            scope["path_params"] = {stop.parameter: last}
        return stop.app if scope["method"] in stop.methods else None
