"""A PostgreSQL that takes what it is sent and never answers: callers are told so, and then forget it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from core.settings import Settings
from db import sessions
from db.sessions import DATABASE_ERRORS, WorkerDatabase
from tests.callers import LIMIT_SECONDS, Api, serving
from tests.conftest import adjust, own_database_urls, settings_for
from tests.outages import Outages

PATH = "/api/story-generations"
POOL_SIZE = 2
COMMAND_SECONDS = 2.0
# Whoever finds a connection waits so long for an answer, then for the connection to end; the rest only
# for a connection.
FAREWELL_SECONDS = 2.0  # SQLAlchemy's
MOST_SECONDS = COMMAND_SECONDS + FAREWELL_SECONDS + 3.0
VIEW = "{ stories { items { id } } }"
ADD = 'mutation { createStory(input: {title: "A", content: "B"}) { __typename } }'


@pytest.fixture
def settings(own_postgres: Outages, redis_url: str, tmp_path: Path) -> Settings:
    return adjust(
        settings_for(own_database_urls(own_postgres), redis_url, tmp_path), database_pool_size=POOL_SIZE
    )


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's waits, in its own proportions."""
    monkeypatch.setattr(sessions, "COMMAND_TIMEOUT_SECONDS", COMMAND_SECONDS)
    monkeypatch.setattr(sessions, "CONNECT_TIMEOUT_SECONDS", COMMAND_SECONDS / 4)
    monkeypatch.setattr(sessions, "POOL_TIMEOUT_SECONDS", COMMAND_SECONDS / 2)


@pytest.fixture
async def api(short: None, settings: Settings) -> AsyncIterator[Api]:
    async with serving(settings) as served:
        yield served


def test_a_statement_that_the_server_ends_by_itself_is_never_cut_off_here() -> None:
    assert sessions.STATEMENT_TIMEOUT_MS / 1000 < sessions.COMMAND_TIMEOUT_SECONDS
    # What a caller waits at most, as the operators' page has it.
    most = sessions.COMMAND_TIMEOUT_SECONDS + FAREWELL_SECONDS
    assert (most, sessions.POOL_TIMEOUT_SECONDS + most) == (22, 32)


async def answered(api: Api, user: UUID, query: str | None) -> tuple[int, Any, float]:
    """The status, what was said, and after how many seconds."""
    started = time.monotonic()
    if query is None:
        response = await api.request("GET", PATH, user)
        said: Any = response.json()
    else:
        response = await api.request("POST", "/graphql", user, json={"query": query})
        said = [error["extensions"]["code"] for error in response.json()["errors"]]
    return response.status_code, said, time.monotonic() - started


async def test_while_it_is_frozen_each_request_is_answered_in_time_and_after_it_as_ever(
    api: Api, own_postgres: Outages, alice: UUID
) -> None:
    await asyncio.gather(*(api.add_story(alice) for _ in range(POOL_SIZE)))  # the pool is full
    own_postgres.freeze()
    # First on connections that were open, then on those that have to be made.
    for _ in range(2):
        asked = [answered(api, alice, query) for query in (None, VIEW, ADD) * 3]
        answers = await asyncio.gather(*asked)
        assert [(status, said) for status, said, _ in answers] == [
            (500, {"error": "Internal server error"}),
            (200, ["INTERNAL_SERVER_ERROR"]),
            (200, ["INTERNAL_SERVER_ERROR"]),
        ] * 3
        assert max(seconds for *_, seconds in answers) < MOST_SECONDS
    own_postgres.thaw()
    assert (await api.request("GET", PATH, alice)).status_code == 200
    assert len((await api.data(alice, VIEW))["stories"]["items"]) >= POOL_SIZE


async def test_a_client_that_leaves_a_frozen_query_frees_its_connection(
    api: Api, own_postgres: Outages, alice: UUID
) -> None:
    await asyncio.gather(*(api.add_story(alice) for _ in range(POOL_SIZE)))
    own_postgres.freeze()
    async with api.socket(alice) as socket:
        for number in range(POOL_SIZE):
            await socket.subscribe(str(number), VIEW)
        await _taken(api, POOL_SIZE)
        started = time.monotonic()
        socket.connection.transport.abort()
        await _taken(api, 0)
        assert time.monotonic() - started < MOST_SECONDS
    own_postgres.thaw()
    assert (await api.request("GET", PATH, alice)).status_code == 200


async def _taken(api: Api, count: int) -> None:
    """Returns once so many connections are in use."""
    pool: Any = api.services.database.engine.pool
    async with asyncio.timeout(LIMIT_SECONDS):
        while pool.checkedout() != count:  # noqa: ASYNC110 - the pool has no event for it
            await asyncio.sleep(0.01)


async def test_a_worker_is_told_too_and_goes_on_when_it_is_back(
    short: None, settings: Settings, own_postgres: Outages
) -> None:
    database = WorkerDatabase(settings.need("worker_database_url"))

    async def look() -> None:
        async with asyncio.timeout(LIMIT_SECONDS), database.write() as session:
            await session.sql.execute(text("SELECT 1 FROM story_generations"))

    await look()
    own_postgres.freeze()
    started = time.monotonic()
    with pytest.raises(DATABASE_ERRORS):
        await look()
    assert time.monotonic() - started < MOST_SECONDS
    own_postgres.thaw()
    await look()
    await database.close()


async def test_what_was_cut_off_leaves_no_connection_behind_on_the_server(
    api: Api, settings: Settings, own_postgres: Outages, alice: UUID
) -> None:
    await asyncio.gather(*(api.add_story(alice) for _ in range(POOL_SIZE)))
    own_postgres.freeze()
    await asyncio.gather(*(answered(api, alice, ADD) for _ in range(6)))
    own_postgres.thaw()
    sql = await asyncpg.connect(settings.need("migration_database_url"))
    try:
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'storycast-api'"
        async with asyncio.timeout(LIMIT_SECONDS):
            while await sql.fetchval(count) > POOL_SIZE:
                pass
    finally:
        await sql.close()
