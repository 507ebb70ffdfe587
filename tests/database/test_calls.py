"""Calls of the database's functions: a transaction each, which leaves nothing to whoever comes next."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy.exc import SQLAlchemyError

from core.settings import Settings
from db import sessions
from db.calls import Function
from db.generations import Window
from db.models import Status
from db.reads import read_before, read_generation, read_listing
from db.sessions import DATABASE_ERRORS, LASTING_ERRORS, ApiDatabase
from tests.callers import LIMIT_SECONDS
from tests.database.belongings import Belongings
from tests.database.test_pool import nobody_is_left, until_someone_waits

ALL = Window(100, 0)
READERS = """SELECT pg_get_functiondef(oid) AS definition FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'read%'"""
OWN = re.compile(r"\w+\.user_id = me\b")
SAID = "set_config('app.user_id', me::text, true)"
TERMINATE = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE usename = 'storycast_api' AND datname = current_database()"""


async def ids(database: ApiDatabase, user: UUID) -> set[UUID]:
    listing = await read_listing(database.call(user), ALL, is_counted=True, per_minute=20)
    listed = {row.id for row in listing.rows}
    assert listing.total == len(listed)
    assert {row.id for row in await read_before(database.call(user), None, 100, None)} == listed
    return listed


async def test_identity_ends_with_the_call(pool_of_one: ApiDatabase, alices: Belongings) -> None:
    assert await ids(pool_of_one, alices.user) == set(alices.generations.values())
    await nobody_is_left(pool_of_one)


async def test_identity_ends_with_a_call_that_failed(
    pool_of_one: ApiDatabase, sql: asyncpg.Connection, alices: Belongings
) -> None:
    await sql.execute("ALTER TABLE story_generations RENAME TO elsewhere")
    with pytest.raises(LASTING_ERRORS):
        await ids(pool_of_one, alices.user)
    await sql.execute("ALTER TABLE elsewhere RENAME TO story_generations")
    await nobody_is_left(pool_of_one)
    assert await ids(pool_of_one, alices.user) == set(alices.generations.values())


async def test_a_call_canceled_in_the_middle_leaves_nothing_to_the_next(
    pool_of_one: ApiDatabase, alices: Belongings, bobs: Belongings, sql: asyncpg.Connection
) -> None:
    async with sql.transaction():
        await sql.execute("LOCK TABLE story_generations")
        task = asyncio.create_task(ids(pool_of_one, alices.user))
        await until_someone_waits(sql)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await ids(pool_of_one, bobs.user) == set(bobs.generations.values())
    await nobody_is_left(pool_of_one)


async def test_with_row_security_alone_a_caller_sees_its_own_rows(
    pool_of_one: ApiDatabase, sql: asyncpg.Connection, alices: Belongings, bobs: Belongings
) -> None:
    for row in await sql.fetch(READERS):
        assert OWN.search(row["definition"])
        await sql.execute(OWN.sub("true", row["definition"]))
    assert await ids(pool_of_one, bobs.user) == set(bobs.generations.values())
    hers = alices.generations[Status.FAILED]
    assert await read_generation(pool_of_one.call(bobs.user), hers) is None
    assert await read_generation(pool_of_one.call(alices.user), hers)


async def test_a_function_that_does_not_say_who_asks_sees_nothing(
    pool_of_one: ApiDatabase, sql: asyncpg.Connection, alices: Belongings
) -> None:
    for row in await sql.fetch(READERS):
        assert SAID in row["definition"]
        await sql.execute(row["definition"].replace(SAID, "NULL"))
    assert await ids(pool_of_one, alices.user) == set()


async def test_a_function_that_reads_cannot_write(
    pool_of_one: ApiDatabase, sql: asyncpg.Connection, alices: Belongings
) -> None:
    name, writes = "    IF wanted IS NULL", "    DELETE FROM public.story_generations;\n"
    for row in await sql.fetch(READERS):
        await sql.execute(row["definition"].replace(name, writes + name))
    with pytest.raises(SQLAlchemyError, match="cannot execute DELETE in a read-only transaction"):
        await ids(pool_of_one, alices.user)


async def test_what_the_database_lacks_is_an_error_of_the_database_that_lasts(
    pool_of_one: ApiDatabase, alice: UUID
) -> None:
    with pytest.raises(LASTING_ERRORS, match="no_such_function"):
        await pool_of_one.call(alice).rows(Function("no_such_function", 1))


async def test_a_connection_that_the_server_closed_is_replaced_before_a_caller_notices(
    pool_of_one: ApiDatabase, sql: asyncpg.Connection, alices: Belongings
) -> None:
    noticed = asyncio.Event()
    pool = pool_of_one.call(alices.user).pool
    lent = await pool.lend()
    assert lent.driver_connection
    lent.driver_connection.add_termination_listener(lambda _: noticed.set())
    pool.take_back(lent)
    await sql.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'storycast_api'"
    )
    async with asyncio.timeout(LIMIT_SECONDS):
        await noticed.wait()
    assert await ids(pool_of_one, alices.user) == set(alices.generations.values())
    assert pool.checkedout() == 0


async def test_a_call_whose_connection_breaks_is_an_error_of_the_database_and_the_next_is_not(
    pool_of_one: ApiDatabase, sql: asyncpg.Connection, alices: Belongings
) -> None:
    async with sql.transaction():
        await sql.execute("LOCK TABLE story_generations")
        task = asyncio.create_task(ids(pool_of_one, alices.user))
        await until_someone_waits(sql)
        await sql.execute(TERMINATE)
        with pytest.raises(DATABASE_ERRORS):
            await task
    assert await ids(pool_of_one, alices.user) == set(alices.generations.values())


@pytest.fixture
async def of_two(settings: Settings) -> AsyncIterator[ApiDatabase]:
    opened = ApiDatabase(settings.need("database_url"), 2)
    yield opened
    await opened.close()


async def test_who_waits_is_served_in_turn_whatever_they_ask(of_two: ApiDatabase, alices: Belongings) -> None:
    served: list[int] = []

    async def call(number: int) -> None:
        await read_before(of_two.call(alices.user), None, 1, None)
        served.append(number)

    async def transact(number: int) -> None:
        async with of_two.read(alices.user):
            served.append(number)

    pool = of_two.call(alices.user).pool
    lent = [await pool.lend(), await pool.lend()]
    asking = [asyncio.create_task((transact if n % 2 else call)(n)) for n in range(10)]
    await asyncio.sleep(0)
    pool.take_back(lent.pop())
    # One connection for all ten, and each gives it back only when it is done.
    await asyncio.gather(*asking)
    assert served == list(range(10))
    pool.take_back(lent.pop())


async def test_where_none_is_free_in_time_it_is_an_error_of_the_database_and_the_next_is_not(
    settings: Settings, alices: Belongings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "POOL_TIMEOUT_SECONDS", 0.2)
    database = ApiDatabase(settings.need("database_url"), 1)
    pool = database.call(alices.user).pool
    lent = await pool.lend()
    with pytest.raises(DATABASE_ERRORS):
        await ids(database, alices.user)
    with pytest.raises(DATABASE_ERRORS):
        async with database.read(alices.user):
            pass
    pool.take_back(lent)
    assert await ids(database, alices.user) == set(alices.generations.values())
    assert (pool.checkedout(), pool.checkedin()) == (0, 1)
    await database.close()


async def test_a_connection_that_comes_to_one_who_has_just_left_goes_to_the_next(
    pool_of_one: ApiDatabase, alices: Belongings
) -> None:
    pool = pool_of_one.call(alices.user).pool
    lent = await pool.lend()
    waiting = [asyncio.create_task(ids(pool_of_one, alices.user)) for _ in range(3)]
    await asyncio.sleep(0)
    pool.take_back(lent)
    waiting[0].cancel()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [set(alices.generations.values())] * 2
    assert pool.checkedout() == 0
