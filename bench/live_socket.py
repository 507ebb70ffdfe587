"""A socket with one subscription, which costs little beside what is measured by it."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import time
from array import array
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

REVISION = b'"revision":'
# Lower ones tell a row, which stays as it was when all began.
FIRST_REVISION = 1000
TEXT, PING, PONG = 0x81, 0x89, 0x8A


class Unexpected(Exception):
    """The server says what no measurement has room for."""


@dataclass
class Clock:
    """Microseconds since the start, which fit into a GraphQL Int: what is published carries them."""

    start: int = field(default_factory=time.monotonic_ns)

    def now(self) -> int:
        return (time.monotonic_ns() - self.start) // 1000 + FIRST_REVISION


class Subscriber(asyncio.Protocol):
    """Signs in with `messages`. `delays` takes the microseconds of each event."""

    def __init__(self, clock: Clock, delays: array[int], hello: bytes, messages: bytes) -> None:
        self._clock, self._delays = clock, delays
        self._hello, self._messages = hello, messages
        self._held = b""
        self._is_open = False
        self.acknowledged = asyncio.Event()
        self.events = 0
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._hello)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.is_lost = True

    def data_received(self, data: bytes) -> None:
        if self._held:
            data = self._held + data
        self._held = self._frames(data) if self._is_open else self._handshake(data)

    def _handshake(self, data: bytes) -> bytes:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            return data
        if not head.startswith(b"HTTP/1.1 101"):
            raise Unexpected(head)
        self._is_open = True
        self.transport.write(self._messages)
        return self._frames(rest)

    def _frames(self, data: bytes) -> bytes:
        """Take in whole frames; what is left over."""
        now = self._clock.now()
        place, size = 0, len(data)
        while size - place >= 2:
            length, body = data[place + 1], place + 2
            if length == 126:
                length, body = int.from_bytes(data[place + 2 : place + 4], "big"), place + 4
            end = body + length
            if size < end:
                break
            at = data.find(REVISION, body, end)
            if at > 0:
                self._event(now, int(data[at + len(REVISION) : data.index(b"}", at)]))
            else:
                self._other(data[place], data[body:end])
            place = end
        return data[place:]

    def _event(self, now: int, revision: int) -> None:
        self.events += 1
        if revision >= FIRST_REVISION:
            self._delays.append(now - revision)

    def _other(self, first: int, payload: bytes) -> None:
        if first == TEXT and b"connection_ack" in payload:
            self.acknowledged.set()
        elif first == PING:
            self.transport.write(frame(payload, PONG))
        else:
            raise Unexpected(payload)


def frame(payload: bytes, first: int = TEXT) -> bytes:
    """A client's frame, masked with zeros."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
    return bytes([first]) + length + bytes(4) + payload


def hello(address: str) -> bytes:
    """The request that opens a socket."""
    split = urlsplit(address)
    lines = [
        f"GET {split.path} HTTP/1.1",
        f"Host: {split.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: graphql-transport-ws",
    ]
    return "\r\n".join([*lines, "", ""]).encode()
