"""The guards against requests that take their time, to be taken out."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tests.chaos.sabotage.guards import guard, replace

FOR_EVER = 1e9


@guard
def request_time() -> None:
    """Headers and bodies may take as long as they like to arrive, answers to be read."""
    protocol: Any = import_module("server.edges.http_protocol")
    for limit in ("_expect_within", "_expect_reading"):
        assert hasattr(protocol.HttpProtocol, limit)
        setattr(protocol.HttpProtocol, limit, lambda *_: None)
    read = import_module("server.edges.bodies").read_body

    async def read_patiently(request: Any, most: int, _: float) -> bytes:
        whole: bytes = await read(request, most, FOR_EVER)
        return whole

    for module in ("server.rest.shim", "server.graphql.request"):
        replace(module, "read_body", read_patiently)
