"""Connections are shared by users one after the other: none takes anything with it to the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select, text

from db import sessions
from db.models import Story
from db.sessions import ApiDatabase
from resolvers.stories import find_story
from tests.callers import LIMIT_SECONDS
from tests.database.belongings import Belongings

LIST = "/api/story-generations"

WHO_AM_I = text(
    "SELECT nullif(current_setting('app.user_id', true), ''), current_setting('transaction_read_only')"
)


async def nobody_is_left(database: ApiDatabase) -> None:
    """The pool's only connection knows no user, sees no row, and is fit for writing."""
    async with asyncio.timeout(LIMIT_SECONDS), database.engine.connect() as connection:
        assert tuple((await connection.execute(WHO_AM_I)).one()) == (None, "off")
        assert (await connection.execute(select(Story.id))).all() == []


async def test_identity_ends_with_its_transaction(pool_of_one: ApiDatabase, alices: Belongings) -> None:
    async with pool_of_one.read(alices.user) as session:
        assert tuple((await session.sql.execute(WHO_AM_I)).one()) == (str(alices.user), "on")
        backend = await backend_of(session)
    await nobody_is_left(pool_of_one)
    async with pool_of_one.write(alices.user) as session:
        assert tuple((await session.sql.execute(WHO_AM_I)).one()) == (str(alices.user), "off")
        assert await backend_of(session) == backend
    await nobody_is_left(pool_of_one)


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_identity_ends_with_a_failed_transaction(
    pool_of_one: ApiDatabase, alices: Belongings, kind: str
) -> None:
    with suppress(ZeroDivisionError):
        async with getattr(pool_of_one, kind)(alices.user):
            raise ZeroDivisionError
    await nobody_is_left(pool_of_one)


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_a_transaction_canceled_in_mid_query_leaves_nothing_to_the_next(
    pool_of_one: ApiDatabase, alices: Belongings, sql: asyncpg.Connection, kind: str
) -> None:
    async def wait_for_the_lock() -> None:
        async with getattr(pool_of_one, kind)(alices.user) as session:
            await session.sql.execute(select(Story.id))

    async with sql.transaction():
        await sql.execute("LOCK TABLE stories")
        task = asyncio.create_task(wait_for_the_lock())
        await until_someone_waits(sql)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await nobody_is_left(pool_of_one)


async def test_a_write_canceled_before_its_end_writes_nothing(
    pool_of_one: ApiDatabase, alices: Belongings, sql: asyncpg.Connection
) -> None:
    written = asyncio.Event()

    async def write() -> None:
        async with pool_of_one.write(alices.user) as session:
            session.sql.add(Story(user_id=alices.user, title="t", content="c"))
            await session.sql.flush()
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await sql.fetchval("SELECT count(*) FROM stories") == 1
    await nobody_is_left(pool_of_one)


async def test_those_who_wait_for_a_connection_may_give_up_and_it_goes_to_the_next(
    pool_of_one: ApiDatabase, alices: Belongings, bob: UUID
) -> None:
    async def count(user: UUID) -> int:
        async with pool_of_one.read(user) as session:
            return len((await session.sql.execute(select(Story.id))).all())

    async with pool_of_one.read(alices.user):
        waiting = [asyncio.create_task(count(user)) for user in (alices.user, bob, alices.user, bob)]
        await asyncio.sleep(0)  # each runs until it waits for the connection
        for task in waiting[:2]:
            task.cancel()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers[:2]] == [asyncio.CancelledError] * 2
    assert answers[2:] == [1, 0]


async def test_a_read_cannot_write(pool_of_one: ApiDatabase, alices: Belongings) -> None:
    with pytest.raises(Exception, match="cannot execute UPDATE in a read-only transaction"):
        async with pool_of_one.read(alices.user) as session:
            await session.sql.execute(text("UPDATE stories SET title = 'x'"))


async def test_an_exhausted_pool_is_our_fault_for_a_while_and_then_forgotten(
    serve_with: Callable[..., Any], alices: Belongings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "POOL_TIMEOUT_SECONDS", 0.2)
    async with serve_with(database_pool_size=1) as api:
        async with api.services.database.read(alices.user):
            refused = await api.request("GET", LIST, alices.user)
            masked = await api.errors(alices.user, "{ stories { items { id } } }")
        answered = await api.request("GET", LIST, alices.user)
    assert (refused.status_code, refused.json()) == (500, {"error": "Internal server error"})
    assert [error["extensions"]["code"] for error in masked] == ["INTERNAL_SERVER_ERROR"]
    assert [error["message"] for error in masked] == ["Internal server error"]
    assert (answered.status_code, answered.json()["meta"]["total"]) == (200, 4)


async def test_more_callers_than_connections_take_turns(
    serve_with: Callable[..., Any], alices: Belongings, bobs: Belongings
) -> None:
    async with serve_with(database_pool_size=1) as api:
        services = api.services
        pages = await asyncio.gather(
            *(find_story(services, user.user, alices.story) for user in (alices, bobs) * 20)
        )
    assert [page.id if page else None for page in pages] == [alices.story, None] * 20


async def test_a_connection_that_the_server_closed_is_replaced_before_anybody_notices(
    pool_of_one: ApiDatabase, alices: Belongings, sql: asyncpg.Connection
) -> None:
    noticed = asyncio.Event()
    async with pool_of_one.read(alices.user) as session:
        backend = await backend_of(session)
        raw = await (await session.sql.connection()).get_raw_connection()
        assert raw.driver_connection
        raw.driver_connection.add_termination_listener(lambda _: noticed.set())
    await sql.execute("SELECT pg_terminate_backend($1)", backend)
    async with asyncio.timeout(LIMIT_SECONDS):
        await noticed.wait()
    async with pool_of_one.read(alices.user) as session:
        assert (await session.sql.execute(select(Story.id))).all() == [(alices.story,)]
        assert await backend_of(session) != backend


async def until_someone_waits(sql: asyncpg.Connection) -> None:
    """Returns once a query in this database waits for a lock."""
    waiting = """SELECT EXISTS (SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock')"""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await sql.fetchval(waiting):
            await sql.execute("SELECT pg_stat_clear_snapshot()")


async def backend_of(session: Any) -> int:
    """Which server process serves this transaction."""
    process: int = (await session.sql.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    return process
