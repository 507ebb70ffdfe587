"""What every answer tells browsers, and whose pages may read the answers (CORS)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.edges.requests import name_request
from server.edges.whole import WHOLE, Write

# An answer is data: it loads nothing, runs nothing, and is shown in no frame. What is meant for browsers
# (files, pages) says so in headers of its own, which stay.
SECURE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
YEAR_SECONDS = 365 * 86_400
SHARED_PATHS = ("/graphql", "/api/")


class Answers:
    """ASGI middleware that gives each request and each socket an id, and each answer its id and those of the
    headers above that it does not set itself.

    `is_https`: the public address is, and browsers are to use no other (RFC 6797).
    """

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        transport = {"Strict-Transport-Security": f"max-age={YEAR_SECONDS}"} if is_https else {}
        self._headers = [
            (name.lower().encode(), value.encode()) for name, value in {**SECURE, **transport}.items()
        ]
        self._lines = b"".join([b"%b: %b\r\n" % header for header in self._headers])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        named = name_request().encode()
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return

        if WHOLE in scope:
            scope[WHOLE] = partial(self._write_with_headers, scope[WHOLE], named)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ())]
                told = {name for name, _ in headers}
                headers += [header for header in self._headers if header[0] not in told]
                headers.append((b"x-request-id", named))
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _write_with_headers(self, write: Write, named: bytes, status: int, head: bytes, body: bytes) -> bool:
        return write(status, b"%b%bx-request-id: %b\r\n" % (head, self._lines, named), body)


def share(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """The application, whose API's answers pages of `origins` may read, and pages elsewhere none.

    Files have a rule of their own: see `server.files`.
    """
    return _Shared(app, origins) if origins else app


class _Shared:
    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Idempotency-Key", "Last-Event-ID"],
            expose_headers=["Link", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_shared = scope["type"] == "http" and scope["path"].startswith(SHARED_PATHS)
        if is_shared:
            scope.pop(WHOLE, None)
        await (self._shared if is_shared else self._app)(scope, receive, send)
