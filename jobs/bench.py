"""What a worker process works with: its database, its files, its voice, and how it tells of changes."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import ChangeKind, GenerationChange, Publisher
from core.pipeline import Pipeline
from core.settings import Settings
from core.storage import Storage, open_storage
from db.claims import Change
from db.sessions import WorkerDatabase
from jobs.doorbell import Doorbell
from narration.engine import Engine


@dataclass(frozen=True)
class Bench:
    """One for each worker process."""

    settings: Settings
    database: WorkerDatabase
    storage: Storage
    pipeline: Pipeline
    publisher: Publisher
    doorbell: Doorbell
    engine: Engine

    @classmethod
    def open(cls, settings: Settings, engine: Engine) -> Bench:
        """Raises SettingsError where an address is missing, StorageError where results cannot be kept."""
        pipeline = Pipeline(settings.need("redis_url"))
        return cls(
            settings=settings,
            database=WorkerDatabase(settings.need("worker_database_url")),
            storage=open_storage(settings),
            pipeline=pipeline,
            publisher=Publisher(pipeline),
            doorbell=Doorbell(pipeline),
            engine=engine,
        )

    async def tell(self, change: Change) -> None:
        """Publish a committed change."""
        message = GenerationChange(
            change.id,
            ChangeKind.UPDATED,
            change.revision,
            change.status.value,
            change.progress,
            change.attempt,
        )
        await self.publisher.publish(change.user_id, message)

    async def close(self) -> None:
        await self.pipeline.close()
        await self.database.close()
