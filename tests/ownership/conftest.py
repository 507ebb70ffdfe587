from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from server.local.postgres import LocalPostgres
from tests.callers import Api
from tests.database.belongings import Belongings, plant
from tests.database.servers import within


@pytest.fixture(scope="module")
def hers(postgres: LocalPostgres, untouched: str) -> Belongings:
    """Alice's; she keeps it over all tests of a module, or they fail."""

    def put(connection: asyncpg.Connection) -> Any:
        return plant(connection, uuid4())

    planted: Belongings = within(postgres.url(database=untouched), put)
    return planted


@pytest.fixture
def database(hers: Belongings, untouched: str) -> str:
    return untouched


@pytest.fixture
async def narrow(serve_with: Callable[..., Any]) -> AsyncIterator[Api]:
    """The API on one connection, which all users share, each with hundreds of requests at once. Documents ask
    for all fields of all pages.
    """
    async with serve_with(database_pool_size=1, query_cost=1_000_000, requests_per_user=1_000) as api:
        yield api
