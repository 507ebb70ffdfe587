"""`/api/openapi.json` and `/api/docs`: for everybody, signed in or not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.settings import Settings
from server.edges.copies import unless_kept
from server.rest import docs_page
from server.rest.openapi import build_document
from server.rest.operations import DOCS, DOCUMENT, public_path

# Kept, and asked after each time: whoever reads it after an upgrade reads what is true by then.
CACHING = {"Cache-Control": "no-cache"}


def page_routes(settings: Settings) -> list[Route]:
    """The document, and the page that shows it; made once, as neither ever changes."""
    document = build_document(settings)
    page = docs_page.render(document, public_path(settings))
    policy = {"Content-Security-Policy": docs_page.POLICY}
    return [
        Route(DOCUMENT, _unchanging(json.dumps(document, indent=1), "application/json", {})),
        Route(DOCS, _unchanging(page, "text/html", policy)),
    ]


def _unchanging(
    content: str, media_type: str, headers: dict[str, str]
) -> Callable[[Request], Awaitable[Response]]:
    tag = f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
    every = {**CACHING, **headers, "ETag": tag}

    async def answer(request: Request) -> Response:
        return unless_kept(request.headers, Response(content, media_type=media_type, headers=every))

    return answer
