"""Subscribers by the thousand in one process: graphql-transport-ws in as few steps as it takes."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import time
from collections.abc import Callable
from typing import Any, cast

from core.errors import StorycastError

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
OPEN_SECONDS = 30
# The state of TCP in which both ends may still speak (tcp_info, tcp_states.h).
ESTABLISHED = 1

Hear = Callable[[dict[str, Any], float], None]


def is_established(plug: socket.socket) -> bool:
    """Whether neither end of a connection has closed it, as the kernel knows, read or not."""
    return plug.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == ESTABLISHED


class SocketRefused(StorycastError):
    """No socket, or nobody signed in on it. Says what came instead."""


class LiveSocket(asyncio.Protocol):
    """A websocket as its client has it (RFC 6455), signed in with `token`. Made by `open_socket`.

    `in_upgrade`: the token goes into the header of the handshake, and not into `connection_init`.

    `hear` is called with each message, and with the time at which it came: seconds since the epoch.
    `ended` is set once the connection is gone, and `end` then says why, as far as it is known.
    """

    def __init__(self, token: str, hear: Hear, *, in_upgrade: bool = False) -> None:
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._in_upgrade = in_upgrade
        self._hear = hear
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._upgraded = False
        self.signed_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()
        self.end = "cut off"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        host, port = transport.get_extra_info("peername")
        lines = [
            "GET /graphql HTTP/1.1",
            f"Host: {host}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: graphql-transport-ws",
        ]
        if self._in_upgrade:
            lines += [f"{name}: {value}" for name, value in self._authorization.items()]
        self._transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        at = time.time()
        self._received += data
        if not self._upgraded and not self._upgrade():
            return
        while (frame := self._next_frame()) is not None:
            kind, payload = frame
            if kind == TEXT:
                self._take(json.loads(payload), at)
            elif kind == PING:
                self._send(PONG, payload)
            elif kind == CLOSE:
                self.end = f"{int.from_bytes(payload[:2])} {payload[2:].decode(errors='replace')}"
                self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc:
            self.end = repr(exc)
        self.ended.set()
        if not self.signed_in.done():
            self.signed_in.set_exception(SocketRefused(self.end))

    def subscribe(self, operation: str, query: str, **variables: Any) -> None:
        payload = {"query": query, "variables": variables}
        self._say({"type": "subscribe", "id": operation, "payload": payload})

    def stop_reading(self) -> None:
        """Leave all that comes to the kernel, which has room for little of it."""
        assert self._transport
        self._transport.pause_reading()

    def is_open(self) -> bool:
        """Whether the connection stands: one that does not read hears of its end in no other way."""
        assert self._transport
        return not self.ended.is_set() and is_established(self._transport.get_extra_info("socket"))

    def close(self) -> None:
        """At once."""
        if self._transport:
            self._transport.abort()

    def _upgrade(self) -> bool:
        head, end, rest = bytes(self._received).partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 101 "):
            self.end = head.partition(b"\r\n")[0].decode()
            self.close()
            return False
        self._upgraded = True
        self._received = bytearray(rest)
        self._say({"type": "connection_init", "payload": {} if self._in_upgrade else self._authorization})
        return True

    def _next_frame(self) -> tuple[int, bytes] | None:
        """Kind and payload. What a server sends is not masked, and ours sends no message in pieces."""
        held = self._received
        if len(held) < 2:
            return None
        size, start = held[1], 2
        if size > 125:
            start = 4 if size == 126 else 10
            if len(held) < start:
                return None
            size = int.from_bytes(held[2:start])
        if len(held) < start + size:
            return None
        kind, payload = held[0] & 0x0F, bytes(held[start : start + size])
        del held[: start + size]
        return kind, payload

    def _take(self, message: dict[str, Any], at: float) -> None:
        if message["type"] == "connection_ack":
            if not self.signed_in.done():  # nobody waits any more
                self.signed_in.set_result(None)
        else:
            self._hear(message, at)

    def _say(self, message: dict[str, Any]) -> None:
        self._send(TEXT, json.dumps(message).encode())

    def _send(self, kind: int, payload: bytes) -> None:
        assert self._transport
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
        # Masked, as clients must, with a mask of zeros: it changes nothing.
        self._transport.write(bytes([0x80 | kind]) + length + bytes(4) + payload)


async def open_socket(
    port: int, token: str, hear: Hear, *, receive_buffer: int | None = None, in_upgrade: bool = False
) -> LiveSocket:
    """A signed-in socket to the API on this loopback port; `receive_buffer`: what its kernel holds, in bytes.

    Raises SocketRefused, or OSError, or TimeoutError.
    """
    loop = asyncio.get_running_loop()
    plug = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    plug.setblocking(False)
    if receive_buffer:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made: LiveSocket | None = None
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            await loop.sock_connect(plug, ("127.0.0.1", port))
            _, made = await loop.create_connection(
                lambda: LiveSocket(token, hear, in_upgrade=in_upgrade), sock=plug
            )
            await made.signed_in
    except BaseException:
        made.close() if made else plug.close()
        raise
    return made
