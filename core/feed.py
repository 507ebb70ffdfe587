"""The changes that concern this process's subscribers, over one Redis connection for all of them.

A channel is subscribed to while somebody watches it. After every reconnect the watchers are told of a
gap. A server that freezes gives no sign, so it is asked for one every few seconds, and silence is
answered with another connection.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import Any, Protocol, Self
from uuid import UUID

import hiredis
from redis.exceptions import ResponseError

from core.events import GenerationChange, user_channel
from core.wire import REDIS_ERRORS, Wire, open_pool, pack

# How long a subscriber waits for Redis before it starts without.
CONFIRM_SECONDS = 2
PING_SECONDS = 3
SILENCE_SECONDS = 8
FIRST_BACKOFF_SECONDS = 0.1
LONGEST_BACKOFF_SECONDS = 5

logger = logging.getLogger(__name__)


class Watcher(Protocol):
    """Who is told of a user's changes."""

    def put(self, change: GenerationChange) -> None:
        """A change was published."""

    def mark_gap(self) -> None:
        """Some may have been lost, so read the rows again."""


class Feed:
    """Hands each change to those who watch its user. Runs inside `async with`."""

    def __init__(self, redis_url: str) -> None:
        self._pool = open_pool(redis_url)
        self._watchers: dict[str, set[Watcher]] = {}
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

    def add(self, user_id: UUID, watcher: Watcher) -> None:
        """Tell the watcher of the user's changes: of those that are committed after `confirmed` has
        returned, it is told each, or a gap.
        """
        channel = user_channel(user_id)
        self._watchers.setdefault(channel, set()).add(watcher)
        self._confirmed.setdefault(channel, asyncio.Event())
        self._moved.set()

    def remove(self, user_id: UUID, watcher: Watcher) -> None:
        """For one who was added. Nothing is awaited: who is canceled twice leaves nothing behind either."""
        channel = user_channel(user_id)
        watching = self._watchers[channel]
        watching.discard(watcher)
        if not watching:
            del self._watchers[channel]
            self._moved.set()

    async def confirmed(self, user_id: UUID) -> bool:
        """Whether Redis has confirmed that it sends the user's changes, within CONFIRM_SECONDS.

        Where it has not, the caller goes on all the same: rows are read again every so often.
        """
        confirmed = self._confirmed[user_channel(user_id)]
        if not confirmed.is_set():
            try:
                async with asyncio.timeout(CONFIRM_SECONDS):
                    await confirmed.wait()
            except TimeoutError:
                logger.warning("Redis has not confirmed a subscription; its subscriber starts without")
                return False
        return True

    async def _run(self) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            wire: Wire | None = None
            try:
                wire = await Wire.connect(self._pool)
                async with asyncio.TaskGroup() as tasks:
                    for work in (self._ask, self._ping, self._read):
                        tasks.create_task(work(wire))
            except* REDIS_ERRORS as lost:
                logger.warning("Event feed lost, reconnecting: %r", lost.exceptions[0])
            except* Exception:
                logger.exception("Event feed broke, reconnecting")
            finally:
                if wire:
                    await wire.close()
            failures = 0 if time.monotonic() - began > LONGEST_BACKOFF_SECONDS else failures + 1
            # Not in step with the other processes that lost the same server.
            pause = min(FIRST_BACKOFF_SECONDS * 2**failures, LONGEST_BACKOFF_SECONDS)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret

    async def _ask(self, wire: Wire) -> None:
        """Subscribe and unsubscribe as watchers come and go, for all that do so at once."""
        asked: set[str] = set()
        while True:
            self._moved.clear()
            wanted = set(self._watchers)
            come, gone, asked = wanted - asked, asked - wanted, wanted
            # Before the command leaves: whoever comes back meanwhile waits for a confirmation of their own.
            for channel in self._confirmed.keys() - wanted:
                del self._confirmed[channel]
            if gone:
                wire.write(pack(("UNSUBSCRIBE", *gone)))
            if come:
                wire.write(pack(("SUBSCRIBE", *come)))
            await self._moved.wait()

    async def _ping(self, wire: Wire) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            wire.write(pack(("PING",)))

    async def _read(self, wire: Wire) -> None:
        while True:
            async with asyncio.timeout(SILENCE_SECONDS):
                replies = await wire.read()
            for reply in replies:
                if isinstance(reply, hiredis.ReplyError):
                    raise ResponseError(str(reply))
                if isinstance(reply, list):  # else it is the PONG to one who watches nothing
                    self._dispatch(reply)

    def _dispatch(self, frame: list[Any]) -> None:
        kind, channel = frame[0], frame[1].decode()
        if kind == b"message":
            watching = self._watchers.get(channel)
            if not watching:
                return
            try:
                change = GenerationChange.decode(frame[2])
            except (ValueError, KeyError, TypeError):
                logger.warning("Not a change, on %s: %.200r", channel, frame[2])
                return
            for watcher in tuple(watching):
                watcher.put(change)
        elif kind == b"subscribe" and channel in self._confirmed:
            self._confirmed[channel].set()
            # Those who watched before this confirmation may have missed what came between.
            for watcher in tuple(self._watchers.get(channel, ())):
                watcher.mark_gap()
