"""Websockets as uvicorn speaks them, with an end to clients that do not read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.protocol import State

from server.edges.cut_off import cut_off
from server.edges.light import Gate, Inbox

# Pieces of one message. Each costs memory, an empty one too.
MOST_FRAGMENTS = 1_000
# Of a message that alone may be more than a client has read soon.
LARGE_CHARACTERS = 16 * 1024
# Written in one turn of the event loop.
MOST_AT_ONCE_BYTES = 64 * 1024
# Where an application finds its socket, among the extensions of the scope.
WIRE = "storycast.wire"


class SocketProtocol(WebSocketsSansIOProtocol):
    """Whatever its client does or leaves undone, a socket's memory is bounded, and goes soon after its end.

    uvicorn closes a connection when a ping is not answered, which waits for all that was written to be
    read: with a client that stopped reading, until TCP gives up, a quarter of an hour later.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.queue = Inbox()  # type: ignore[assignment]  # what uvicorn uses of its own, these have
        self.writable = Gate()  # type: ignore[assignment]
        # To be called when there is room to write.
        self._waiting: set[Callable[[], None]] | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # A handshake that cannot be read is no event: uvicorn would leave it without an answer.
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < MOST_FRAGMENTS:
            super().handle_cont(event)
        else:
            self._fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")

    def handle_ping(self) -> None:
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()  # a pong, to one who does not read: dropped, or they would pile up

    def handle_parser_exception(self) -> None:
        if self.conn.close_sent is None:  # it came before the handshake's answer: no close frame can be sent
            self.transport.abort()
        else:
            super().handle_parser_exception()

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self._fail(CloseCode.INVALID_DATA, "not UTF-8")
        else:
            super().send_receive_event_to_app()

    def send_keepalive_ping(self) -> None:
        if self._is_left_closing():
            return
        if self.close_sent:
            self.schedule_ping()
        else:
            super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        if self._is_left_closing():
            return
        if self.close_sent:
            self.schedule_ping()
            return
        self.pong_timer = None
        # uvicorn's 1011 tells graphql-ws clients never to come back; this one may only have slept.
        self._fail(CloseCode.TRY_AGAIN_LATER, "no answer to a ping")
        if self.transport.get_write_buffer_size():
            cut_off(self.transport)

    async def run_asgi(self) -> None:
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[WIRE] = self
        await super().run_asgi()

    def resume_writing(self) -> None:
        super().resume_writing()
        waiting, self._waiting = self._waiting, None
        for wake in waiting or ():
            wake()

    def has_room(self, wake: Callable[[], None]) -> bool:
        """Whether something may be written at once; else `wake` is called when it may."""
        if not self.writable.is_set():
            self._waiting = self._waiting or set()
            self._waiting.add(wake)
            return False
        if self.transport.get_write_buffer_size() > MOST_AT_ONCE_BYTES:
            # uvloop writes, and sees what stays behind, between two turns.
            self.loop.call_soon(wake)
            return False
        return True

    async def room(self) -> None:
        """Returns once something may be written."""
        await self._until_writable()

    def forget(self, wake: Callable[[], None]) -> None:
        """Do not call it any more, if it was to be called."""
        if self._waiting:
            self._waiting.discard(wake)

    def forget_handshake(self) -> None:
        """What nobody looks at once a socket is open: half of all that is held for one that is silent."""
        self.scope["headers"] = []
        del self.request, self.response

    def write_frame(self, frame: bytes) -> None:
        """Write what `text_frame` has made, there being room, unless the socket has ended."""
        if self.conn.state is State.OPEN and not self.close_sent and not self.transport.is_closing():
            self.transport.write(frame)

    async def send(self, message: Any) -> None:
        """Returns when next to nothing of a large message waits here any more, even if canceled: what is held
        for it can go then.
        """
        await self._until_writable()
        await super().send(message)
        if len(message.get("text") or "") > LARGE_CHARACTERS:
            try:
                await asyncio.sleep(0)  # uvloop writes, and sees what stays behind, between two turns
                await self._until_writable()
            except asyncio.CancelledError:
                await self._until_writable()
                raise

    async def _until_writable(self) -> None:
        # All who wait are woken at once, and the first may fill what has just been emptied.
        while not self.writable.is_set():
            await self.writable.wait()

    def _is_left_closing(self) -> bool:
        """Whether this end has closed some time ago, and the other takes in nothing more. Then abort."""
        if self.transport.is_closing():
            cut_off(self.transport)
            return True
        return False

    def _fail(self, code: CloseCode, reason: str) -> None:
        self.frames = []
        self.conn.fail(code, reason)
        self.handle_parser_exception()


def text_frame(text: bytes) -> bytes:
    """A whole message of a server's, as the protocol has it: https://www.rfc-editor.org/rfc/rfc6455#section-5.2"""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2) + text
    return b"\x81\x7f" + size.to_bytes(8) + text


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
