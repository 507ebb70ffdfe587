"""HTTP/1.1 as uvicorn speaks it, with an end to requests that never become whole, and answers never read."""

from __future__ import annotations

import asyncio
import json
import socket
from http import HTTPStatus
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from core.errors import StorycastError
from server.edges.bodies import HAS_COME
from server.edges.cut_off import cut_off
from server.edges.headers import SECURE
from server.edges.whole import WHOLE

# Of a request, besides its body: the request line, the headers, the framing of chunks, trailers.
MOST_HEADER_BYTES = 64 * 1024
# Requests that wait for the answer to the one before, on one connection. Each costs memory, an empty one too.
MOST_PIPELINED = 32
# In a request's scope: that its answer lasts until somebody ends it, and what breaks it off.
LASTS = "storycast.lasts"
BREAK_OFF = "storycast.break_off"
# What a chunk's frame may take without being counted.
CHUNK_FRAME_BYTES = 16


class EdgeConfig(uvicorn.Config):
    """uvicorn's, and what the protocols below hold clients to."""

    def __init__(self, app: Any, *, connections: int, request_seconds: float, **options: Any) -> None:
        super().__init__(app, **options)
        self.connections = connections
        self.request_seconds = request_seconds


class TooManyPipelined(StorycastError):
    """Requests come faster than they are answered. Ends the parser's work."""


class HttpProtocol(HttpToolsProtocol):
    """Closes connections on which nothing, or not all of a request, arrives in time, or too much of it, and
    those whose client takes in nothing of an answer for as long.
    """

    config: EdgeConfig
    # Whose answer is on its way. uvicorn's `cycle` is that of the latest request, which may wait behind it.
    _underway: RequestResponseCycle | None = None
    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _has_begun = False
    _is_upgraded = False
    _header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        _give_up_the_dead(transport, self.config.request_seconds)
        self._expect_within(self.config.request_seconds)
        if len(self.connections) > self.config.connections:
            transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._underway = cycle
        super()._start_asgi_task(cycle, app)

    def shutdown(self) -> None:
        if self._underway and not self._underway.response_complete and self._underway.scope.get(LASTS):
            self._break_off()
        super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        self._expect_no_reading()
        super().connection_lost(exc)
        if self._underway and not self._underway.response_complete:
            self._underway.disconnected = True
            self._underway.message_event.set()

    def data_received(self, data: bytes) -> None:
        self._header_bytes += len(data)
        super().data_received(data)
        if self._is_upgraded:
            return
        if self._header_bytes > MOST_HEADER_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        # What comes after the answer (the rest of a body, blank lines) ends the wait of uvicorn's own.
        if self._deadline is None and self.timeout_keep_alive_task is None and not self._is_answering():
            self._expect_within(self.config.request_seconds)

    def handle_websocket_upgrade(self) -> None:
        # What waits to be sent would be the next one's to wait for, who knows nothing of it.
        if self._is_answering() or self.transport.get_write_buffer_size():
            cut_off(self.transport)
            return
        self._is_upgraded = True
        self._expect_nothing()
        self._expect_no_reading()
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        # uvicorn reads on after each answer, however many wait.
        if len(self.pipeline) >= MOST_PIPELINED:
            cut_off(self.transport)
            raise TooManyPipelined
        super().on_message_begin()
        self.scope[BREAK_OFF] = self._break_off  # type: ignore[literal-required]  # for the endpoint
        self.scope[WHOLE] = self._write_whole  # type: ignore[literal-required]  # for the endpoint
        self._has_begun = True
        self._header_bytes = 0
        if self._deadline is None:
            self._expect_within(self.config.request_seconds)

    def on_headers_complete(self) -> None:
        self._has_begun = False
        self._header_bytes = 0
        # Endpoints limit the time for bodies that they read, and `data_received` for those that nobody reads.
        self._expect_nothing()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._header_bytes = max(0, self._header_bytes - len(body) - CHUNK_FRAME_BYTES)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._expect_nothing()
        self.scope[HAS_COME] = True  # type: ignore[literal-required]  # for the endpoint
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect_reading()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._expect_reading()

    def send_400_response(self, msg: str) -> None:
        del msg
        self._refuse(HTTPStatus.BAD_REQUEST)

    def _write_whole(self, status: int, head: bytes, body: bytes) -> bool:
        """What `RequestResponseCycle.send` does of an answer that is all there, to a client that reads."""
        cycle = self._underway
        if cycle is None or not cycle.keep_alive or self.flow.write_paused or cycle.scope["method"] == "HEAD":
            return False
        if cycle.disconnected:
            return True
        usual = b"".join([b"%b: %b\r\n" % header for header in cycle.default_headers])
        length = b"content-length: %d\r\n\r\n" % len(body)
        self.transport.write(b"".join((STATUS_LINE[status], usual, head, length, body)))
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        cycle.on_response()
        return True

    def _expect_within(self, seconds: float) -> None:
        self._expect_nothing()
        self._deadline = self.loop.call_later(seconds, self._give_up)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.flow.read_paused:  # it is we who do not read
            self._expect_within(self.config.request_seconds)
        elif self._has_begun:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _expect_reading(self) -> None:
        """That the client takes in some of what waits for it, which grows no more until it does."""
        self._expect_no_reading()
        waiting = self.transport.get_write_buffer_size()
        if waiting:
            self._unread = self.loop.call_later(self.config.request_seconds, self._look_for_reading, waiting)

    def _expect_no_reading(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _look_for_reading(self, waited: int) -> None:
        if self.transport.get_write_buffer_size() < waited:
            self._expect_reading()
        else:
            cut_off(self.transport)

    def _break_off(self) -> None:
        """End in mid-answer, so that clients see that it has not ended by itself, and come back."""
        self.transport.close()

    def _is_answering(self) -> bool:
        # None before the first request.
        return bool(self.cycle) and not self.cycle.response_complete

    def _refuse(self, status: HTTPStatus) -> None:
        """Close, with an answer where none is under way."""
        if self.transport.is_closing():
            return
        if not self._is_answering():
            body = json.dumps({"error": status.phrase}).encode()
            headers = {
                **SECURE,
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                "Connection": "close",
            }
            lines = [f"HTTP/1.1 {status} {status.phrase}", *(f"{k}: {v}" for k, v in headers.items())]
            self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self.transport.close()


def _give_up_the_dead(transport: asyncio.Transport, seconds: float) -> None:
    """Peers that confirm nothing of what they are sent: the kernel would try for a quarter of an hour."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        held = transport.get_extra_info("socket")
        held.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
