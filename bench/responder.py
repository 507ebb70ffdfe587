"""Answers everything with the same bytes, to see what the load generator can do: `responder LENGTH`.

PORT says where it listens.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import cast

import uvloop

HEAD_END = b"\r\n\r\n"


class Responder(asyncio.Protocol):
    """Takes whatever ends with a blank line, or comes in one piece, for a request."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop has classes of its own

    def data_received(self, data: bytes) -> None:
        if HEAD_END in data:
            self._transport.write(self._answer)


async def serve(length: int) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    answer = head.encode() + b" " * length
    server = await asyncio.get_running_loop().create_server(
        lambda: Responder(answer), "127.0.0.1", int(os.environ["PORT"])
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
