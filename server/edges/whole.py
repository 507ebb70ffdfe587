"""Small answers, written whole and at once: past what looks through headers that anybody may have set."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

# In a request's scope: what writes an answer of a status, some lines of its head, and a body. False where it
# has to go the usual way. Who changes answers on their way out changes this too, or takes it away.
WHOLE = "storycast.whole"
Write = Callable[[int, bytes, bytes], bool]
# Beyond it answers go out in pieces.
MOST_BYTES = 64 * 1024


class JsonAnswer(Response):
    """JSON, with no header of its own but its type."""

    def __init__(self, body: bytes, status: int, media_type: str) -> None:
        # Starlette's own begins once it is needed.
        self.body: bytes = body
        self.status_code = status
        self.media_type = media_type

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        write: Write | None = scope.get(WHOLE) if len(self.body) <= MOST_BYTES else None
        if write is None or not write(self.status_code, _head(self.media_type), self.body):
            await Response(self.body, self.status_code, media_type=self.media_type)(scope, receive, send)


@lru_cache(maxsize=16)
def _head(media_type: str | None) -> bytes:
    return f"content-type: {media_type}\r\n".encode()
