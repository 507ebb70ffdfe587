"""The changes that concern this process's subscribers, over one Redis connection for all of them.

A channel is subscribed to while somebody watches it. After every reconnect the mailboxes are told of a
gap. A server that freezes gives no sign, so it is asked for one every few seconds, and silence is
answered with another connection.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID

import redis.asyncio
from redis.exceptions import RedisError

from core.events import TIMEOUT_SECONDS, GenerationChange, user_channel
from core.mailbox import Mailbox

PING_SECONDS = 3
SILENCE_SECONDS = 8
FIRST_BACKOFF_SECONDS = 0.1
LONGEST_BACKOFF_SECONDS = 5

logger = logging.getLogger(__name__)


class Feed:
    """Hands each change to the mailboxes that watch its user. Runs inside `async with`."""

    def __init__(self, redis_url: str) -> None:
        self._pool = redis.asyncio.ConnectionPool.from_url(
            redis_url, protocol=2, socket_connect_timeout=TIMEOUT_SECONDS, socket_timeout=None
        )
        self._mailboxes: dict[str, set[Mailbox]] = {}
        # By channel: set once the server has confirmed it. Whatever a lost connection takes along is a gap.
        self._confirmed: dict[str, asyncio.Event] = {}
        self._moved = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._runner = asyncio.create_task(self._run(), name="event feed")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
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
        self._moved.set()
        try:
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await confirmed.wait()
            except TimeoutError:
                logger.warning("Redis has not confirmed a subscription; its subscriber starts without")
            else:
                mailbox.clear_gap()
            yield mailbox
        finally:
            # Nothing is awaited here: a subscriber that is canceled twice leaves nothing behind either.
            watching = self._mailboxes[channel]
            watching.discard(mailbox)
            if not watching:
                del self._mailboxes[channel]
                self._moved.set()

    async def _run(self) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            connection: Any = self._pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py leaves it so
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await connection.connect()
                async with asyncio.TaskGroup() as tasks:
                    for work in (self._ask, self._ping, self._read):
                        tasks.create_task(work(connection))
            except* (RedisError, OSError) as lost:
                logger.warning("Event feed lost, reconnecting: %r", lost.exceptions[0])
            except* Exception:
                logger.exception("Event feed broke, reconnecting")
            finally:
                await connection.disconnect(nowait=True)
            failures = 0 if time.monotonic() - began > LONGEST_BACKOFF_SECONDS else failures + 1
            # Not in step with the other processes that lost the same server.
            pause = min(FIRST_BACKOFF_SECONDS * 2**failures, LONGEST_BACKOFF_SECONDS)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret

    async def _ask(self, connection: Any) -> None:
        """Subscribe and unsubscribe as watchers come and go.

        Watchers never send themselves: redis-py closes a connection in whose sending it is canceled.
        """
        asked: set[str] = set()
        while True:
            self._moved.clear()
            wanted = set(self._mailboxes)
            come, gone, asked = wanted - asked, asked - wanted, wanted
            # Before the command leaves: whoever comes back meanwhile waits for a confirmation of their own.
            for channel in self._confirmed.keys() - wanted:
                del self._confirmed[channel]
            if gone:
                await connection.send_command("UNSUBSCRIBE", *gone)
            if come:
                await connection.send_command("SUBSCRIBE", *come)
            await self._moved.wait()

    async def _ping(self, connection: Any) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            await connection.send_command("PING")

    async def _read(self, connection: Any) -> None:
        while True:
            frame = await connection.read_response(timeout=SILENCE_SECONDS, disconnect_on_error=False)
            if frame is None:
                raise TimeoutError("Redis does not answer")
            if isinstance(frame, list):  # else it is the PONG to one who watches nothing
                self._dispatch(frame)

    def _dispatch(self, frame: list[Any]) -> None:
        kind, channel = frame[0], frame[1].decode()
        if kind == b"message":
            try:
                change = GenerationChange.decode(frame[2])
            except (ValueError, KeyError, TypeError, RecursionError):
                logger.warning("Not a change, on %s: %.200r", channel, frame[2])
                return
            for mailbox in self._mailboxes.get(channel, ()):
                mailbox.put(change)
        elif kind == b"subscribe" and channel in self._confirmed:
            self._confirmed[channel].set()
            # Those who watched before this confirmation may have missed what came between.
            for mailbox in self._mailboxes.get(channel, ()):
                mailbox.mark_gap()
