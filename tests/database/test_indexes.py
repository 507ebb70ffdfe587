"""Fifty thousand generations: what the product asks for is found by an index."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.settings import Settings
from db.generations import Window, list_generations_of_stories
from db.logs import read_logs
from db.sessions import ApiDatabase, UserRead, WorkerDatabase, WorkerWrite
from db.stories import list_stories
from db.sweeps import fail_exhausted, find_to_ring, stop_waiting
from server.local.postgres import LocalPostgres
from tests.database.servers import tell

USERS = 50
GENERATIONS = 50_000

# User n is 000…n and has every fiftieth row. Of 200 rows of each five are unfinished, one of them overdue.
FILL = f"""
INSERT INTO stories (id, user_id, title, content)
SELECT gen_random_uuid(), lpad(to_hex(n % {USERS}), 32, '0')::uuid, 't', 'c'
FROM generate_series(1, {USERS * 20}) AS n;

WITH numbered AS (
    SELECT id, user_id, row_number() OVER (PARTITION BY user_id ORDER BY id) - 1 AS place FROM stories
)
INSERT INTO story_generations
    (id, user_id, story_id, text, voice, status, next_wake_at, lease_until, created_at)
SELECT lpad(to_hex(n), 32, '0')::uuid, user_id, id, '', 'hibari',
       CASE WHEN turn % 200 < 2 THEN 'pending' WHEN turn % 200 < 5 THEN 'in_progress'
            WHEN turn % 10 = 7 THEN 'failed' ELSE 'succeeded' END,
       CASE WHEN turn % 200 < 5 THEN now() + (turn % 200 - 1) * interval '1 minute' END,
       CASE WHEN turn % 200 < 5 THEN now() + (turn % 200 - 1) * interval '1 minute' END,
       now() - interval '1 day'
FROM generate_series(0, {GENERATIONS - 1}) AS n CROSS JOIN LATERAL (SELECT n / {USERS} AS turn) AS turns
JOIN numbered ON user_id = lpad(to_hex(n % {USERS}), 32, '0')::uuid AND place = turn % 20;

INSERT INTO generation_logs (generation_id, user_id, event, occurred_at)
SELECT id, user_id, 'created', created_at FROM story_generations;

ANALYZE;
"""

USER = UUID(int=7)


@pytest.fixture(scope="module")
def full(postgres: LocalPostgres, untouched: str) -> str:
    tell(postgres.url(database=untouched), FILL)
    return untouched


@pytest.fixture
def database(full: str) -> str:
    return full


async def _some_stories(session: UserRead) -> list[UUID]:
    return [story.id for story in await list_stories(session, limit=10, offset=0)]


async def _nested(session: UserRead) -> object:
    return await list_generations_of_stories(session, await _some_stories(session), Window(10, 0))


async def _logs(session: UserRead) -> object:
    listed = await list_generations_of_stories(session, await _some_stories(session), Window(1, 0))
    return await read_logs(session, [generation.id for (generation,) in listed.values()])


async def _sweep(session: WorkerWrite) -> object:
    return await find_to_ring(session, shortest_wait_seconds=5, max_attempts=5)


async def _silent(session: WorkerWrite) -> None:
    await stop_waiting(session, waited_seconds=5, max_attempts=5)


async def _exhausted(session: WorkerWrite) -> object:
    return await fail_exhausted(session, max_attempts=5)


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        pytest.param(_some_stories, "ix_stories_user_id_id", id="stories"),
        pytest.param(_nested, "ix_story_generations_story_id", id="of stories"),
        pytest.param(_logs, "ix_generation_logs_generation_id", id="logs"),
    ],
)
async def test_what_a_user_asks_for_is_found_by_its_index(
    settings: Settings, ask: Callable[[UserRead], Awaitable[object]], index: str
) -> None:
    database = ApiDatabase(settings.need("database_url"), 1)
    try:
        async with database.read(USER) as session, explained(database.engine, session.sql) as plans:
            assert await ask(session)
    finally:
        await database.close()
    assert index in {node.get("Index Name") for node in plans}
    assert scans(plans) == []


@pytest.mark.parametrize("ask", [_sweep, _silent, _exhausted])
async def test_the_sweeper_finds_what_is_overdue_by_its_index(
    settings: Settings, ask: Callable[[WorkerWrite], Awaitable[object]]
) -> None:
    database = WorkerDatabase(settings.need("worker_database_url"), 1)
    try:
        async with database.write() as session, explained(database.engine, session.sql) as plans:
            await ask(session)
    finally:
        await database.close()
    assert "ix_story_generations_to_wake" in {node.get("Index Name") for node in plans}
    assert scans(plans) == []


@asynccontextmanager
async def explained(engine: AsyncEngine, session: AsyncSession) -> AsyncIterator[list[dict[str, Any]]]:
    """The plan nodes of every statement that the block runs, in a list that is filled when it ends."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    nodes: list[dict[str, Any]] = []
    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield nodes
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert asked
    connection = await session.connection()
    for statement, parameters in asked:
        plan = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        found = plan.scalar_one()
        nodes.extend(walk((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from walk(child)


def scans(plans: list[dict[str, Any]]) -> list[str]:
    """The tables that are read from end to end."""
    return [node["Relation Name"] for node in plans if node["Node Type"] == "Seq Scan"]
