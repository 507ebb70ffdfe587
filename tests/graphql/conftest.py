"""One served API for the tests that leave each other alone: each acts as users of its own. And contracts
that were released, one a test.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.settings import Settings
from schema.plans.plan import Plan
from server.local.postgres import LocalPostgres
from server.local.valkey import LocalValkey
from tests.callers import Api, serving
from tests.conftest import database_urls, fresh_database, settings_for
from tests.graphql.released import Held, hold
from tests.graphql.rows import Rows


@pytest.fixture(scope="session")
def shared_settings(
    postgres: LocalPostgres, template: str, valkey: LocalValkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("shared")
    with fresh_database(postgres, template) as name:
        yield settings_for(database_urls(postgres, name), valkey.url(), folder)


@pytest.fixture(scope="session")
async def shared(shared_settings: Settings) -> AsyncIterator[Api]:
    """The API. For tests that change a setting, the database or the log there is `api`, one a test."""
    async with serving(shared_settings) as served:
        yield served


@pytest.fixture
async def rows(shared_settings: Settings) -> AsyncIterator[Rows]:
    """Puts rows behind the shared API as no operation could: many at once, in any state."""
    connection = await asyncpg.connect(shared_settings.need("migration_database_url"))
    yield Rows(connection)
    await connection.close()


@pytest.fixture
def held(tmp_path: Path) -> Held:
    """Makes the test's one contract."""
    return partial(hold, tmp_path)


@pytest.fixture
def went_as_planned(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each plan that ran did so to its end."""
    ran: list[bool] = []
    attempt: Callable[..., Awaitable[Any]] = Plan.attempt

    async def watched(*arguments: Any) -> Any:
        data = await attempt(*arguments)
        ran.append(data is not None)
        return data

    monkeypatch.setattr(Plan, "attempt", watched)
    return ran
