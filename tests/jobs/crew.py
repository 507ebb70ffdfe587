"""Two worker processes: one that works, and one that is ready to."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis

from tests.jobs.records import Records, Row
from tests.processes import Worker


@dataclass(frozen=True)
class Crew:
    """Workers of a test. A frozen one is ready to go on at once."""

    start_worker: Callable[..., Worker]
    records: Records

    async def start(self, number: int, **changes: Any) -> list[Worker]:
        """So many workers, each of them looking for messages."""
        present = self._listeners()
        workers = [self.start_worker(**changes) for _ in range(number)]
        await self.records.until_true(lambda: self._listeners() >= present + number)
        return workers

    async def start_pair(self, **changes: Any) -> tuple[Worker, Worker]:
        """A worker, and a frozen one."""
        first, second = await self.start(2, **changes)
        second.send(signal.SIGSTOP)
        return first, second

    async def begin(self, text: str) -> tuple[UUID, Row]:
        """A generation in mid-narration."""
        generation_id = await self.records.initiate(text)
        return generation_id, await self.records.until(generation_id, lambda row: row["progress"] > 0)

    def _listeners(self) -> int:
        # Each message broker that asked for something in the last seconds.
        with redis.Redis.from_url(self.records.settings.need("redis_url")) as client:
            return int(client.zcard("dramatiq:__heartbeats__"))
