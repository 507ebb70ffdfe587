"""Changes at a steady pace, committed and published as workers do it, without the speech."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from core.events import ChangeKind, GenerationChange, Publisher
from core.pipeline import Pipeline
from core.results import result_key
from core.settings import Settings
from db.claims import Change, Claim, claim, succeed, write_progress
from db.sessions import WorkerDatabase
from tests.callers import Client

LEASE_SECONDS = 3600
LAST_STEP = 99


@dataclass
class Mover:
    """One generation after another for each user, a percent at a time. No worker may run beside it."""

    client: Client
    database: WorkerDatabase
    publisher: Publisher
    stories: dict[UUID, str] = field(default_factory=dict)
    # When each state was committed: seconds since the epoch, by generation and revision.
    committed: dict[tuple[str, int], float] = field(default_factory=dict)
    _held: dict[UUID, tuple[Claim, int]] = field(default_factory=dict)
    _turns: dict[UUID, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def write_stories(self, users: Sequence[UUID], text: str) -> None:
        for user in users:
            self.stories[user] = await self.client.add_story(user, text)

    async def move(self, user: UUID) -> None:
        """The next change of the user's: a percent more, or the end, or a claim."""
        async with self._turns[user]:
            await self._move(user)

    async def _move(self, user: UUID) -> None:
        held, percent = self._held.get(user, (None, 0))
        async with self.database.write() as session:
            if held is None:
                generation = UUID(await self.client.initiate(user, self.stories[user]))
                taken = await claim(session, generation, lease_seconds=LEASE_SECONDS, max_attempts=1)
                assert taken
                self._held[user], change = (taken[0], 0), taken[1]
            elif percent < LAST_STEP:
                self._held[user] = (held, percent + 1)
                change = _written(await write_progress(session, held, percent + 1))
            else:
                del self._held[user]
                keys = {name: result_key(user, held.id, held.attempt, name) for name in (".mp3", ".vtt")}
                change = _written(
                    await succeed(
                        session,
                        held,
                        result_key=keys[".mp3"],
                        captions_key=keys[".vtt"],
                        duration_seconds=1.0,
                    )
                )
        self.committed[str(change.id), change.revision] = time.time()
        message = GenerationChange(
            change.id, ChangeKind.UPDATED, change.revision, change.status.value, change.progress
        )
        await self.publisher.publish(user, message)

    async def keep_moving(self, users: Sequence[UUID], per_second: float, seconds: float) -> int:
        """So many changes a second in all, one user after the other; how many it were."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for turn, user in enumerate(itertools.cycle(users)):
                if turn >= seconds * per_second:
                    return turn
                await asyncio.sleep(began + turn / per_second - time.monotonic())
                tasks.create_task(self.move(user))
        raise AssertionError("there is always a next user")


@asynccontextmanager
async def mover(client: Client, settings: Settings) -> AsyncIterator[Mover]:
    database = WorkerDatabase(settings.need("worker_database_url"))
    pipeline = Pipeline(settings.need("redis_url"))
    try:
        yield Mover(client, database, Publisher(pipeline))
    finally:
        await pipeline.close()
        await database.close()


def _written(change: Change | None) -> Change:
    assert change, "somebody else moves it too"
    return change
