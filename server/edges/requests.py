"""Every request has an id: it is in the answer's X-Request-Id, in the log, and in masked errors."""

from __future__ import annotations

import contextvars
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_current: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")


def request_id() -> str:
    """The id of the request being answered, empty outside of one."""
    return _current.get()


class RequestIds:
    """ASGI middleware that gives each request and each socket an id of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        _current.set(secrets.token_hex(8))

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id()
            await send(message)

        await self.app(scope, receive, send_with_id)
