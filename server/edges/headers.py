"""What every answer tells browsers, and whose pages may read the answers (CORS)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


class SecureHeaders:
    """ASGI middleware that adds the headers above to each answer that does not set them itself.

    `is_https`: the public address is, and browsers are to use no other (RFC 6797).
    """

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        transport = {"Strict-Transport-Security": f"max-age={YEAR_SECONDS}"} if is_https else {}
        self._headers: Mapping[str, str] = {**SECURE, **transport}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_secured)


class SharedWith:
    """ASGI middleware that lets pages of `origins` read what the API answers, and pages elsewhere nothing.

    Files have a rule of their own: see `server.files`.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._shared = app
        if origins:
            self._shared = CORSMiddleware(
                app,
                allow_origins=origins,
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=["Authorization", "Idempotency-Key", "Last-Event-ID"],
                expose_headers=["Link", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"],
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_shared = scope["type"] == "http" and scope["path"].startswith(SHARED_PATHS)
        await (self._shared if is_shared else self._app)(scope, receive, send)
