"""A connection to Redis whose replies are taken apart here, all that have come at once: redis-py goes through
each by itself, at ten times the cost. Addresses, sign-in and encryption are redis-py's.
"""

from __future__ import annotations

import asyncio
from typing import Any, Self

import hiredis
import redis.asyncio
from redis.exceptions import InvalidResponse, RedisError

CONNECT_SECONDS = 2
# Of replies, at once.
MOST_BYTES = 256 * 1024
REDIS_ERRORS = (RedisError, OSError)

Command = tuple[str | bytes | int, ...]


def pack(command: Command) -> bytes:
    """As Redis takes it: https://redis.io/docs/latest/develop/reference/protocol-spec/"""
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub has tuples of one
    return packed


class Wire:
    """An open connection; `connect` opens one."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        # redis-py shows them no other way.
        self._stream: asyncio.StreamReader = connection._reader  # noqa: SLF001
        self._writer: asyncio.StreamWriter = connection._writer  # noqa: SLF001
        self._replies = hiredis.Reader()

    @classmethod
    async def connect(cls, pool: redis.asyncio.ConnectionPool) -> Self:
        """Raises one of REDIS_ERRORS, after CONNECT_SECONDS at the latest."""
        connection: Any = pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py leaves it so
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await connection.connect()
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return cls(connection)

    def write(self, packed: bytes) -> None:
        """Send commands, without a wait; once the connection is lost, into the void."""
        if not self._writer.transport.is_closing():
            self._writer.write(packed)

    async def read(self) -> list[Any]:
        """The replies that come next, `hiredis.ReplyError` among them.

        Raises OSError at their end, and InvalidResponse for what is none.
        """
        found: list[Any] = []
        while not found:
            data = await self._stream.read(MOST_BYTES)
            if not data:
                raise ConnectionResetError("Redis has closed the connection")
            self._replies.feed(data)
            try:
                while (reply := self._replies.gets()) is not False:
                    found.append(reply)
            except hiredis.ProtocolError as error:
                raise InvalidResponse(str(error)) from None
        return found

    def abort(self) -> None:
        """Have `read` end, whatever is on its way."""
        self._writer.transport.abort()

    async def close(self) -> None:
        await self._connection.disconnect(nowait=True)


def open_pool(redis_url: str) -> redis.asyncio.ConnectionPool:
    """Where Redis is, and how to get in. Nothing is connected yet."""
    return redis.asyncio.ConnectionPool.from_url(
        redis_url, protocol=2, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=None
    )
