"""`GET /files/…`: result files kept in the local folder, for whoever holds a signed link."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from core.errors import LinkRefused
from core.folder import Folder
from core.links import SignedLinks
from core.results import parse_key
from server.edges.copies import unless_kept

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from core.links import Links
    from core.storage import Storage

# Any page may read these answers: the link is the whole credential, and there are no cookies. Without it
# a player elsewhere could not load captions into a <track>.
ANYWHERE = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Disposition, Content-Length, Content-Range, ETag",
    # Browsers show a sound that is opened by itself in a page of their own, which plays and is styled.
    "Content-Security-Policy": (
        "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
_RANGE = re.compile("[0-9]{1,18}-(?:[0-9]{1,18})?|-[0-9]{1,18}")


def file_routes(links: Links, storage: Storage) -> list[Route]:
    """The route that serves signed links; none when the files are in a bucket, which serves its own."""
    if not isinstance(links, SignedLinks) or not isinstance(storage, Folder):
        return []

    async def file(request: Request) -> Response:
        key = request.path_params["key"]
        query = request.query_params
        try:
            seconds_left = links.check(key, query.get("expires", ""), query.get("signature", ""))
        except LinkRefused as refusal:
            return _refused(403, str(refusal))
        try:
            name = parse_key(key)
        except ValueError:  # signed, and not by `links`: the secret has other users, or has leaked
            return _refused(404, "File not found")
        found = await storage.locate(key)
        if found is None:
            return _refused(404, "File not found")
        path, status = found
        response = ResultFile(
            path,
            media_type=name.media_type,
            filename=name.download_name,
            stat_result=status,
            # Not signed: saving the file instead of playing it gives nobody more than the link does.
            content_disposition_type="attachment" if query.get("download") == "1" else "inline",
            headers={**ANYWHERE, "Cache-Control": f"private, max-age={seconds_left}"},
        )
        return unless_kept(request.headers, response)

    return [Route("/files/{key:path}", file)]


class ResultFile(FileResponse):
    """A file, or the ranges of it that were asked for (RFC 9110, section 14).

    Overlapping ranges are merged, and with more than `max_ranges` the whole file is sent, so no request
    makes an answer much larger than the file.
    """

    max_ranges = 16

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette answers 400 to a Range it cannot read; the RFC says to overlook it.
        wanted = Headers(scope=scope).get("range")
        if wanted is not None and not _is_readable(wanted):
            headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
            scope = {**scope, "headers": headers}
        await super().__call__(scope, receive, send)


def _is_readable(wanted: str) -> bool:
    unit, _, ranges = wanted.partition("=")
    return unit.strip().lower() == "bytes" and all(_is_range(part.strip()) for part in ranges.split(","))


def _is_range(part: str) -> bool:
    first, _, last = part.partition("-")
    return bool(_RANGE.fullmatch(part)) and not (first and last and int(last) < int(first))


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status, {**ANYWHERE, "Cache-Control": "no-store"})
