"""A socket that has ended while something was still being said on it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from starlette.websockets import WebSocket
from strawberry.http.exceptions import WebSocketDisconnected

from core.identity import open_verifier
from schema.root import schema
from server.edges.places import Places
from server.graphql.documents import Documents
from server.graphql.operations import SocketHandler
from server.graphql.sockets import SocketAdapter, SocketContext
from server.graphql.ws import LiveEndpoint
from tests.callers import Api

NO_DOCUMENTS = Documents({}, trusted_alone=False)

Send = Callable[[Any], Awaitable[None]]


@pytest.fixture
def endpoint(door: Api) -> LiveEndpoint:
    return LiveEndpoint(door.services, open_verifier(door.settings), NO_DOCUMENTS, Places(1))


async def accepted(endpoint: LiveEndpoint, send: Send) -> SocketAdapter:
    """A socket whose server sends by `send`."""

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    websocket = WebSocket({"type": "websocket"}, receive, send)
    await websocket.accept()
    return SocketAdapter(cast("Any", endpoint), websocket, websocket)


async def test_what_is_sent_after_a_close_finds_the_client_gone(endpoint: LiveEndpoint) -> None:
    sent: list[str] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    adapter = await accepted(endpoint, send)
    await adapter.close(4403, "Token expired")
    with pytest.raises(WebSocketDisconnected):
        await adapter.send_json({"type": "pong"})
    await adapter.close(4400, "Too late")
    assert sent == ["websocket.accept", "websocket.close"]


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("after sending 'websocket.close'")])
async def test_a_client_that_left_first_is_no_trouble(endpoint: LiveEndpoint, error: Exception) -> None:
    async def send(message: Any) -> None:
        if message["type"] != "websocket.accept":
            raise error

    with pytest.raises(WebSocketDisconnected):
        await (await accepted(endpoint, send)).send_json({"type": "pong"})
    await (await accepted(endpoint, send)).close(4400, "Too late")


@pytest.mark.parametrize(
    ("error", "logged"),
    [(WebSocketDisconnected(), []), (LookupError("a riddle"), ["Request abc: an operation broke"])],
)
async def test_only_what_is_our_fault_is_logged(
    endpoint: LiveEndpoint, door: Api, caplog: pytest.LogCaptureFixture, error: Exception, logged: list[str]
) -> None:
    async def send(message: Any) -> None:
        pass

    handler = SocketHandler(
        view=endpoint,
        websocket=await accepted(endpoint, send),
        context=SocketContext(door.services, "abc", documents=NO_DOCUMENTS),
        root_value=None,
        schema=schema,
        connection_init_wait_timeout=timedelta(seconds=1),
    )
    await handler.handle_task_exception(error)
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == logged
