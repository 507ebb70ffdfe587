"""Dramatiq over Redis, as workers use it: Redis wakes who waits, so that nobody asks again and again."""

# mypy: disallow-untyped-calls=False
# Dramatiq leaves its Redis broker untyped.

from __future__ import annotations

import threading
from typing import Any

import redis
from dramatiq import MessageProxy, Middleware
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.errors import ConnectionClosed

from jobs.doorbell import NAMESPACE

SOCKET_TIMEOUT_SECONDS = 5
# How long Dramatiq waits before it returns a silent worker's messages to the queue. It decides nothing
# here, as the lease does; it keeps dead workers' messages from piling up.
HEARTBEAT_TIMEOUT_MS = 15_000
MAINTENANCE_CHANCE = 10_000
# The longest wait at a time: a worker says that it is alive in between, and is asked to stop.
WAIT_SECONDS = 0.5


def open_broker(redis_url: str, *middleware: Middleware) -> WaitingBroker:
    """With no middleware but what is given: no retries, no delays."""
    pool = redis.ConnectionPool.from_url(
        redis_url, socket_timeout=SOCKET_TIMEOUT_SECONDS, socket_connect_timeout=SOCKET_TIMEOUT_SECONDS
    )
    return WaitingBroker(
        client=redis.Redis(connection_pool=pool),
        middleware=list(middleware),
        namespace=NAMESPACE,
        heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
        maintenance_chance=MAINTENANCE_CHANCE,
    )


class WaitingBroker(RedisBroker):
    """Dramatiq's, whose consumers sleep between two looks, up to their timeout, with consumers that wait."""

    @property
    def consumer_class(self) -> type[WaitingConsumer]:
        return WaitingConsumer


class WaitingConsumer(_RedisConsumer):
    """Gets the next message once there is one, and once the one before is done."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._done = threading.Event()

    def ack(self, message: MessageProxy) -> None:
        try:
            super().ack(message)
        finally:
            self._done.set()

    def nack(self, message: MessageProxy) -> None:
        try:
            super().nack(message)
        finally:
            self._done.set()

    def __next__(self) -> MessageProxy | None:
        """The next message, None after a while without."""
        self._done.clear()
        if self.outstanding_message_count >= self.prefetch:
            self._done.wait(WAIT_SECONDS)
        elif not self.message_cache:
            self._wait_for_ring()
        # Else what follows sleeps the longer the more often it found nothing.
        self.misses = 0
        message: MessageProxy | None = super().__next__()
        return message

    def _wait_for_ring(self) -> None:
        """Return once the queue holds something. It keeps it, in its place: whoever fetches it says so."""
        queue = f"{self.broker.namespace}:{self.queue_name}"
        try:
            # From its head to its head: Redis has no other way to wait for a list and leave it as it is.
            self.broker.client.blmove(queue, queue, WAIT_SECONDS, "LEFT", "LEFT")
        except redis.ConnectionError as error:
            raise ConnectionClosed(error) from None
