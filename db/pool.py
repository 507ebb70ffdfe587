"""The connections of a process, lent to those who ask in the order in which they came.

SQLAlchemy's pool in all but its queue: that one wakes who waits and lets another come first, and takes a
task and a greenlet for each.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any

from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.util import await_only, greenlet_spawn
from sqlalchemy.util.queue import Empty, Full, QueueCommon

Entry = ConnectionPoolEntry
Lent = ConnectionPoolEntry | PoolProxiedConnection


class Idle(QueueCommon[Entry]):
    """The connections that nobody has. While somebody waits there are none: what comes back is handed on."""

    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:
        self.maxsize = maxsize
        self.use_lifo = use_lifo
        self._idle: deque[Entry] = deque()
        self._waiting: deque[asyncio.Future[Entry]] = deque()

    def empty(self) -> bool:
        return not self._idle

    def full(self) -> bool:
        return len(self._idle) >= self.maxsize

    def idle(self) -> list[Entry]:
        return list(self._idle)

    def look(self) -> Entry | None:
        """The next, which stays."""
        return self._idle[0] if self._idle else None

    def qsize(self) -> int:
        return len(self._idle)

    def put_nowait(self, item: Entry) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(item)
                return
        if self.full():
            raise Full
        self._idle.append(item)

    def put(self, item: Entry, block: bool = True, timeout: float | None = None) -> None:
        del block, timeout
        self.put_nowait(item)

    def put_first(self, item: Entry) -> None:
        """For who gets it at once."""
        self._idle.appendleft(item)

    def get_nowait(self) -> Entry:
        if not self._idle:
            raise Empty
        return self._idle.popleft()

    def get(self, block: bool = True, timeout: float | None = None) -> Entry:
        if self._idle or not block:
            return self.get_nowait()
        try:
            entry: Entry = await_only(self.take(timeout))
        except TimeoutError:
            raise Empty from None
        return entry

    async def take(self, timeout: float | None) -> Entry:  # noqa: ASYNC109 - as SQLAlchemy has it
        """The next, in turn. Raises TimeoutError after so many seconds."""
        if self._idle:
            return self._idle.popleft()
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Entry] = loop.create_future()
        self._waiting.append(waiter)
        # A tenth of what `asyncio.timeout` takes.
        late = None if timeout is None else loop.call_later(timeout, _give_up, waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            # It may have come in the moment in which it was given up.
            if not waiter.cancelled() and waiter.exception() is None:
                self.put_nowait(waiter.result())
            raise
        finally:
            if late:
                late.cancel()


def _give_up(waiter: asyncio.Future[Entry]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())


class Pool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool, that also lends without a greenlet."""

    _queue_class = Idle
    _pool: Idle

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Named after its class it would pass for one of ours, which are heard from another level on.
        self.logger = logging.getLogger("sqlalchemy.pool")

    def lend_now(self) -> Lent | None:
        """A connection in no transaction, to `take_back`, where one is to be had without a wait."""
        entry = self._pool.look()
        return self._pool.get_nowait() if entry is not None and self._is_live(entry) else None

    async def lend(self) -> Lent:
        """A connection in no transaction, to `take_back`.

        Raises TimeoutError where none is free in time, and what connecting raises.
        """
        if not self._pool.empty() or self._overflow >= self._max_overflow:
            entry = await self._pool.take(self._timeout)
            if self._is_live(entry):
                return entry
            self._pool.put_first(entry)
        return await greenlet_spawn(self.connect)

    def take_back(self, lent: Lent) -> None:
        if isinstance(lent, ConnectionPoolEntry):
            self._pool.put_nowait(lent)
        else:
            lent.close()

    def hang_up(self) -> None:
        """End the connections that nobody has, at once."""
        for entry in self._pool.idle():
            if entry.driver_connection is not None:
                entry.driver_connection.terminate()

    def _is_live(self, entry: Any) -> bool:
        """Whether `connect` would give it out as it is."""
        connection = entry.driver_connection
        is_open = connection is not None and not connection.is_closed()
        return is_open and entry.starttime >= self._invalidate_time
