"""What the operations stand on. Each of them also takes `me`, the user who asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID
from weakref import WeakValueDictionary

from core.events import Publisher
from core.feed import Feed
from core.links import Links
from core.pipeline import Pipeline
from core.settings import Settings
from core.storage import Storage
from db.sessions import ApiDatabase
from jobs.doorbell import Doorbell
from resolvers.progress_desk import Desk


@dataclass(frozen=True)
class Services:
    """One for each API process."""

    settings: Settings
    database: ApiDatabase
    storage: Storage
    links: Links
    pipeline: Pipeline
    publisher: Publisher
    feed: Feed
    doorbell: Doorbell
    # Of each user to whom stories are being told.
    story_turns: WeakValueDictionary[UUID, asyncio.Semaphore] = field(default_factory=WeakValueDictionary)

    @cached_property
    def desk(self) -> Desk:
        """Where live streams read."""
        return Desk(self.feed, self.database)

    async def close(self) -> None:
        await self.pipeline.close()
        await self.database.close()
