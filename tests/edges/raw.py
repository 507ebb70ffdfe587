"""Bytes on the wire, as no well-behaved client would send them."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.callers import LIMIT_SECONDS

TEXT, BINARY, CONTINUATION, CLOSE, PING = 0x1, 0x2, 0x0, 0x8, 0x9
HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n{more}\r\n"
)


def posted(path: str, headers: Mapping[str, str], length: int | None) -> bytes:
    """The head of a request with a JSON body of so many bytes, or else in chunks."""
    told = {"Host": "localhost", "Content-Type": "application/json", **headers}
    told |= {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}
    return "\r\n".join([f"POST {path} HTTP/1.1", *(f"{k}: {v}" for k, v in told.items()), "", ""]).encode()


def frame(data: bytes, kind: int = TEXT, *, final: bool = True, compressed: bool = False) -> bytes:
    """A client's frame, masked with zeros."""
    first = kind | (0x80 if final else 0) | (0x40 if compressed else 0)
    if len(data) < 126:
        head = struct.pack("!BB", first, 0x80 | len(data))
    elif len(data) < 65_536:
        head = struct.pack("!BBH", first, 0x80 | 126, len(data))
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, len(data))
    return head + bytes(4) + data


@dataclass
class Wire:
    """One TCP connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def rest(self) -> bytes:
        """All that comes until the other end closes; whether it resets the connection does not matter."""
        received = b""
        async with asyncio.timeout(LIMIT_SECONDS):
            try:
                while part := await self.reader.read(65_536):
                    received += part
            except ConnectionError:
                pass
        return received

    async def pour(self, parts: Iterable[bytes], pause: float) -> tuple[bytes, int]:
        """Send one part after the other, `pause` seconds between them, until the other end has closed; what
        it said, and how much was sent. The parts must not come to an end before.
        """
        waited = asyncio.create_task(self.rest())
        sent = 0
        for part in parts:
            self.writer.write(part)
            sent += len(part)
            await asyncio.wait([waited], timeout=pause)
            if waited.done():
                break
        return await waited, sent

    async def answer(self) -> bytes:
        """The head of an HTTP answer."""
        async with asyncio.timeout(LIMIT_SECONDS):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def upgrade(self, more: str = "") -> bytes:
        """To a websocket; the answer's head."""
        await self.send(HANDSHAKE.format(host="localhost", more=more).encode())
        head = await self.answer()
        assert head.startswith(b"HTTP/1.1 101 ")
        return head

    async def say(self, message: Any) -> None:
        await self.send(frame(json.dumps(message).encode()))

    async def hear(self) -> tuple[int, bytes]:
        """The next frame that is no ping: its kind, its data."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                first, size = await self.reader.readexactly(2)
                if size == 126:
                    size = int.from_bytes(await self.reader.readexactly(2))
                elif size == 127:
                    size = int.from_bytes(await self.reader.readexactly(8))
                data = await self.reader.readexactly(size)
                if first & 0x0F != PING:
                    return first & 0x0F, data

    async def close_code(self) -> int:
        """The code of the close frame that comes, whatever comes before."""
        while True:
            kind, data = await self.hear()
            if kind == CLOSE:
                return int.from_bytes(data[:2])


@asynccontextmanager
async def wire(base: str, *, receive_buffer: int | None = None) -> AsyncIterator[Wire]:
    """A connection to the server at `base`, which takes in at most about `receive_buffer` bytes unread."""
    address = urlsplit(base)
    assert address.port is not None
    reader, writer = await connected(address.hostname or "", address.port, receive_buffer)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


async def connected(
    host: str, port: int, receive_buffer: int | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    end = socket.socket()
    if receive_buffer:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    end.setblocking(False)
    await asyncio.get_running_loop().sock_connect(end, (host, port))
    return await asyncio.open_connection(sock=end, limit=receive_buffer or 2**16)


async def asked(
    base: str, target: str | bytes, *headers: str, method: str = "GET"
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to a request whose target is sent as it stands."""
    path = target if isinstance(target, bytes) else target.encode()
    lines = "".join(f"{line}\r\n" for line in ("Host: localhost", "Connection: close", *headers))
    async with wire(base) as end:
        end.writer.write(method.encode() + b" " + path + b" HTTP/1.1\r\n" + lines.encode() + b"\r\n")
        head, _, body = (await end.rest()).partition(b"\r\n\r\n")
    status, *told = head.decode("latin-1").split("\r\n")
    return int(status.split()[1]), {k.lower(): v for k, _, v in (line.partition(": ") for line in told)}, body
