"""The changes that concern this process's subscribers, over one Redis connection for all of them.

A channel is subscribed to while somebody watches it. After every reconnect the mailboxes are told of a
gap. A server that freezes gives no sign, so silence is answered with a PING, and a second silence with
a new connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID

import redis.asyncio
from redis.exceptions import RedisError

from core.events import TIMEOUT_SECONDS, GenerationChange, user_channel
from core.mailbox import Mailbox

SILENCE_SECONDS = 5
LONGEST_BACKOFF_SECONDS = 5

logger = logging.getLogger(__name__)


class Feed:
    """Hands each change to the mailboxes that watch its user. Runs inside `async with`."""

    def __init__(self, redis_url: str) -> None:
        self._pool = redis.asyncio.ConnectionPool.from_url(
            redis_url, protocol=2, socket_connect_timeout=TIMEOUT_SECONDS, socket_timeout=None
        )
        self._mailboxes: dict[str, set[Mailbox]] = {}
        self._connection: Any = None
        self._asked: set[str] = set()
        self._confirmed: dict[str, asyncio.Event] = {}
        self._sending = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._reader = asyncio.create_task(self._run(), name="event feed")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._pool.aclose()

    @asynccontextmanager
    async def watch(self, user_id: UUID, only: UUID | None = None) -> AsyncIterator[Mailbox]:
        """A mailbox for the user's changes, or one generation's. Whatever is committed after the block
        is entered arrives in it, or is told as a gap.

        Where Redis does not confirm in time the block is entered all the same: the caller reads the rows
        again every so often.
        """
        channel = user_channel(user_id)
        mailbox = Mailbox(only)
        self._mailboxes.setdefault(channel, set()).add(mailbox)
        confirmed = self._confirmed.setdefault(channel, asyncio.Event())
        try:
            await self._align(channel)
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await confirmed.wait()
            except TimeoutError:
                logger.warning("Redis has not confirmed a subscription; its subscriber starts without")
            else:
                mailbox.clear_gap()
            yield mailbox
        finally:
            watching = self._mailboxes[channel]
            watching.discard(mailbox)
            if not watching:
                del self._mailboxes[channel], self._confirmed[channel]
                await self._align(channel)

    async def _align(self, channel: str) -> None:
        """Subscribe or unsubscribe, whichever the mailboxes of this moment want."""
        async with self._sending:
            wanted = channel in self._mailboxes
            if self._connection is None or wanted == (channel in self._asked):
                return
            try:
                await self._connection.send_command("SUBSCRIBE" if wanted else "UNSUBSCRIBE", channel)
            except (RedisError, OSError):
                return  # the reader meets the same trouble, reconnects, and asks for all that is wanted
            (self._asked.add if wanted else self._asked.discard)(channel)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                connection = await self._connect()
                failures = 0
                await self._read(connection)
            except (RedisError, OSError) as error:
                failures += 1
                logger.warning("Event feed lost, reconnecting: %s", error)
            except Exception:
                failures += 1
                logger.exception("Event feed broke, reconnecting")
            finally:
                await self._disconnect()
            await asyncio.sleep(min(0.1 * 2**failures, LONGEST_BACKOFF_SECONDS))

    async def _connect(self) -> Any:
        connection: Any = self._pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py leaves it so
        await connection.connect()
        async with self._sending:
            channels = list(self._mailboxes)
            if channels:
                await connection.send_command("SUBSCRIBE", *channels)
            self._asked = set(channels)
            self._connection = connection
        return connection

    async def _disconnect(self) -> None:
        async with self._sending:
            connection, self._connection = self._connection, None
            self._asked = set()
            for confirmed in self._confirmed.values():
                confirmed.clear()
        if connection:
            await connection.disconnect(nowait=True)

    async def _read(self, connection: Any) -> None:
        silent = False
        while True:
            frame = await connection.read_response(timeout=SILENCE_SECONDS, disconnect_on_error=False)
            if frame is not None:
                silent = False
                self._dispatch(frame)
            elif silent:
                raise TimeoutError("Redis does not answer")
            else:
                silent = True
                async with self._sending:
                    await connection.send_command("PING")

    def _dispatch(self, frame: list[Any]) -> None:
        kind, channel = frame[0], frame[1].decode()
        if kind == b"message":
            try:
                change = GenerationChange.decode(frame[2])
            except (ValueError, KeyError, TypeError):
                logger.warning("Not a change, on %s: %.200r", channel, frame[2])
                return
            for mailbox in self._mailboxes.get(channel, ()):
                mailbox.put(change)
        elif kind == b"subscribe" and channel in self._confirmed:
            self._confirmed[channel].set()
            # Those who watched before this confirmation may have missed what came between.
            for mailbox in self._mailboxes.get(channel, ()):
                mailbox.mark_gap()
