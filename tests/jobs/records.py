"""What a test sees of a generation: its whole row, its log, its files, and its rings in the queue."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import redis

from core.settings import Settings
from db.logs import Event
from jobs.doorbell import QUEUE
from resolvers.generations import initiate_generation
from resolvers.services import Services
from resolvers.stories import create_story
from tests.mailbox import watch

LIMIT_SECONDS = 40
# A change whose message is lost is found by reading again.
LOOK_SECONDS = 0.1

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Records:
    """A look past row security, and the way in that users have."""

    services: Services
    settings: Settings
    user: UUID
    connection: asyncpg.Connection

    async def initiate(self, text: str = "Hello there.") -> UUID:
        """A pending generation of a story with this text, made and rung for as the API does."""
        story = await create_story(self.services, self.user, "A story", text)
        return (await initiate_generation(self.services, self.user, story.id)).id

    async def row(self, generation_id: UUID) -> Row:
        found = await self.connection.fetchrow("SELECT * FROM story_generations WHERE id = $1", generation_id)
        return dict(found)

    async def set(self, generation_id: UUID, **columns: str) -> Row:
        """Set columns to SQL expressions; the row as it is then."""
        assignments = ", ".join(f"{name} = {expression}" for name, expression in columns.items())
        query = f"UPDATE story_generations SET {assignments} WHERE id = $1"
        await self.connection.execute(query, generation_id)
        return await self.row(generation_id)

    async def everything(self) -> list[Row]:
        """All generations and log entries there are."""
        return [
            dict(row)
            for table in ("story_generations", "generation_logs")
            for row in await self.connection.fetch(f"SELECT * FROM {table} ORDER BY id")
        ]

    async def log(self, generation_id: UUID) -> list[tuple[str, str | None]]:
        query = "SELECT event, detail FROM generation_logs WHERE generation_id = $1 ORDER BY id"
        return [(row["event"], row["detail"]) for row in await self.connection.fetch(query, generation_id)]

    async def until(
        self, generation_id: UUID, condition: Callable[[Row], bool], seconds: float = LIMIT_SECONDS
    ) -> Row:
        """The row as soon as the condition holds. Raises TimeoutError with the row where it does not."""
        row: Row = {}
        try:
            async with (
                asyncio.timeout(seconds),
                watch(self.services.feed, self.user, only=generation_id) as mailbox,
            ):
                while not condition(row := await self.row(generation_id)):
                    await mailbox.take(LOOK_SECONDS)
        except TimeoutError:
            raise TimeoutError(f"{row} {await self.log(generation_id)}") from None
        return row

    async def until_attempt(self, generation_id: UUID, number: int) -> Row:
        return await self.until(generation_id, lambda row: row["attempt"] == number)

    async def until_true(self, condition: Callable[[], bool], seconds: float = LIMIT_SECONDS) -> None:
        """For what tells nobody that it happened."""
        async with asyncio.timeout(seconds), watch(self.services.feed, self.user) as mailbox:
            while not condition():
                await mailbox.take(LOOK_SECONDS)

    async def until_final(self, generation_id: UUID, seconds: float = LIMIT_SECONDS) -> Row:
        return await self.until(generation_id, lambda row: row["finished_at"] is not None, seconds)

    def rings(self) -> list[UUID]:
        """The ids in the queue, in order."""
        with redis.Redis.from_url(self.settings.need("redis_url")) as client:
            ids = client.lrange(f"dramatiq:{QUEUE}", 0, -1)
            messages = client.hmget(f"dramatiq:{QUEUE}.msgs", ids) if ids else []
        # None: a worker took it between the two looks.
        return [UUID(json.loads(message)["args"][0]) for message in messages if message]

    def silence(self) -> None:
        """Lose every ring."""
        with redis.Redis.from_url(self.settings.need("redis_url")) as client:
            client.flushdb()

    def files(self) -> list[str]:
        """The names of all result files, and of what interrupted writes left."""
        root = self.path("")
        return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())

    def path(self, key: str) -> Path:
        return Path(self.settings.need("results_url").removeprefix("file://")) / key

    def keys(self, generation_id: UUID, attempt: int) -> list[str]:
        """The files that one attempt's result has."""
        return [f"{self.user}/{generation_id}/{attempt}{suffix}" for suffix in (".mp3", ".vtt")]


def started(*attempts: int) -> list[tuple[str, str | None]]:
    """The log of a generation that attempts began on, one dying after the other."""
    return [(Event.CREATED, None), *((Event.STARTED, f"Attempt {number}") for number in attempts)]
