"""What the live tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.settings import Settings
from jobs.bench import Bench
from narration.hibari import HibariEngine
from server.local.postgres import LocalPostgres
from server.local.valkey import LocalValkey
from tests.callers import Api, serving
from tests.conftest import as_marked, database_urls, fresh_database, open_bench, settings_for
from tests.live.hand import Hand
from tests.live.streams import show_documents


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """One that knows the documents of these tests: only the first of each goes by graphql-core."""
    async with serving(settings) as served:
        await show_documents(served)
        yield served


@pytest.fixture
def hand(bench: Bench) -> Hand:
    return Hand(bench)


@pytest.fixture(scope="module")
def door_settings(
    request: pytest.FixtureRequest,
    postgres: LocalPostgres,
    template: str,
    valkey: LocalValkey,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    with fresh_database(postgres, template) as database:
        folder = tmp_path_factory.mktemp("door")
        yield as_marked(request, settings_for(database_urls(postgres, database), valkey.url(), folder))


@pytest.fixture(scope="module")
async def door(door_settings: Settings) -> AsyncIterator[Api]:
    """An API for tests that only come and go, each with users of its own."""
    async with serving(door_settings) as api:
        yield api


@pytest.fixture(scope="module")
async def door_hand(door_settings: Settings, engine: HibariEngine) -> AsyncIterator[Hand]:
    """A worker's hand behind it."""
    async with open_bench(door_settings, engine) as bench:
        yield Hand(bench)
