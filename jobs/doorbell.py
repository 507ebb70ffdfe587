"""Waking a worker. A message is a doorbell: it may ring twice, or never; the row decides.

Nothing here knows how to narrate, so that an API process that rings never loads the speech engine.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from uuid import UUID

import redis
from dramatiq import Message, Middleware
from dramatiq.brokers.redis import RedisBroker
from redis.exceptions import RedisError

from jobs.waiting import WaitingBroker

QUEUE = "narrations"
ACTOR = "narrate"
SILENCE_KEY = "storycast:silence"

SOCKET_TIMEOUT_SECONDS = 5
# A caller waits no longer for its ring. What is late by then may still ring, and if not, the sweeper does.
RING_SECONDS = 2
RINGS_AT_ONCE = 4
# How long Dramatiq waits before it returns a silent worker's messages to the queue. It decides nothing
# here, as the lease does; it keeps dead workers' messages from piling up.
HEARTBEAT_TIMEOUT_MS = 15_000
MAINTENANCE_CHANCE = 10_000

logger = logging.getLogger(__name__)

T = TypeVar("T")


def open_broker(redis_url: str, *middleware: Middleware) -> RedisBroker:
    """Dramatiq over Redis with no middleware but what is given: no retries, no delays."""
    pool = redis.ConnectionPool.from_url(
        redis_url, socket_timeout=SOCKET_TIMEOUT_SECONDS, socket_connect_timeout=SOCKET_TIMEOUT_SECONDS
    )
    return WaitingBroker(  # type: ignore[no-untyped-call]  # Dramatiq leaves it so
        client=redis.Redis(connection_pool=pool),
        middleware=list(middleware),
        heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
        maintenance_chance=MAINTENANCE_CHANCE,
    )


class Doorbell:
    """Rings for generations."""

    def __init__(self, broker: RedisBroker) -> None:
        self._broker = broker
        # Threads of its own: those that a frozen Redis holds up are nobody else's.
        self._threads = ThreadPoolExecutor(RINGS_AT_ONCE, thread_name_prefix="doorbell")

    async def ring(self, generation_id: UUID) -> None:
        """Enqueue the id; returns within RING_SECONDS.

        A failure is logged, never raised: the sweeper rings again.
        """
        message: Message[None] = Message(
            queue_name=QUEUE, actor_name=ACTOR, args=(str(generation_id),), kwargs={}, options={}
        )
        try:
            await self._in_thread(partial(self._broker.enqueue, message))
        except (RedisError, OSError) as error:
            logger.warning("Generation %s not enqueued, the sweeper will ring: %r", generation_id, error)

    async def is_silent(self, seconds: float) -> bool:
        """Whether no ring waits for a worker: whatever waits all the same has lost its own, be it with a
        worker that died or with a server that lost its memory. One of those who ask within `seconds` is told.

        Raises RedisError or OSError while the server is away.
        """
        return await self._in_thread(partial(self._is_silent, int(seconds * 1000)))

    def _is_silent(self, milliseconds: int) -> bool:
        client = self._broker.client
        if client.llen(f"{self._broker.namespace}:{QUEUE}"):
            return False
        return bool(client.set(SILENCE_KEY, "told", nx=True, px=milliseconds))

    async def _in_thread(self, call: Callable[[], T]) -> T:
        async with asyncio.timeout(RING_SECONDS):
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def close(self) -> None:
        await asyncio.to_thread(self._broker.close)
        self._threads.shutdown(wait=False, cancel_futures=True)
