"""A user with stories to narrate, and a look behind the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from uuid import UUID

import asyncpg
import pytest

from core.settings import Settings
from db.sessions import WorkerDatabase
from resolvers.services import Services
from tests.jobs.crew import Crew
from tests.jobs.records import Records
from tests.processes import Worker


@pytest.fixture
async def records(services: Services, settings: Settings, alice: UUID, sql: asyncpg.Connection) -> Records:
    return Records(services, settings, alice, sql)


@pytest.fixture
async def worker_database(settings: Settings) -> AsyncIterator[WorkerDatabase]:
    """Connections enough for twenty workers."""
    opened = WorkerDatabase(settings.need("worker_database_url"), pool_size=20)
    yield opened
    await opened.close()


@pytest.fixture
def crew(start_worker: Callable[..., Worker], records: Records) -> Crew:
    return Crew(start_worker, records)
