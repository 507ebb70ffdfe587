from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID

import asyncpg
import pytest

from core.settings import Settings
from db.sessions import ApiDatabase
from server.local.postgres import LocalPostgres
from tests.database.belongings import Belongings, plant
from tests.database.servers import (
    DEBIAN,
    DEBIAN_PACKAGE,
    Cluster,
    DebianPostgres,
    ask,
    tell,
    wheel_postgres,
)

Connected = Callable[..., AbstractAsyncContextManager[asyncpg.Connection]]


@pytest.fixture
def connect_as(postgres: LocalPostgres, database: str) -> Connected:
    """A transaction that is undone, as a role, with the identity `user` where one is given:
    `async with connect_as("storycast_api", "api", user) as connection`.
    """

    @asynccontextmanager
    async def connected(
        role: str, password: str, user: UUID | str | None = None
    ) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(postgres.url(role, password, database))
        try:
            async with undone(connection):
                if user is not None:
                    await connection.execute("SELECT set_config('app.user_id', $1, true)", str(user))
                yield connection
        finally:
            await connection.close()

    return connected


@asynccontextmanager
async def undone(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """A transaction, rolled back whatever happens in it."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


@pytest.fixture(scope="session", params=["wheel", pytest.param("debian", marks=pytest.mark.long)])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A PostgreSQL elsewhere, of the newest version and of the oldest, that knows nothing of Storycast."""
    directory = tmp_path_factory.mktemp("elsewhere")
    if request.param == "wheel":
        with wheel_postgres(directory) as server:
            yield server
        return
    if not DEBIAN.exists():
        reason = f"{DEBIAN} is missing: install Debian's package {DEBIAN_PACKAGE}"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with DebianPostgres(directory).running() as debian:
        yield debian


@pytest.fixture
def elsewhere(cluster: Cluster) -> Iterator[str]:
    """The name of an empty database there. It goes after the test, and every role that came with it."""
    name = "elsewhere"
    tell(cluster.url(database="postgres"), f"CREATE DATABASE {name}")
    yield name
    tell(cluster.url(database="postgres"), f"DROP DATABASE {name} WITH (FORCE)")
    roles = ask(
        cluster.url(database="postgres"),
        "SELECT string_agg(quote_ident(rolname), ', ') FROM pg_roles WHERE rolname !~ '^(pg_|postgres$)'",
    )[0][0]
    if roles:
        tell(cluster.url(database="postgres"), f"DROP ROLE {roles}")


@pytest.fixture
async def alices(sql: asyncpg.Connection, alice: UUID) -> Belongings:
    return await plant(sql, alice)


@pytest.fixture
async def bobs(sql: asyncpg.Connection, bob: UUID) -> Belongings:
    return await plant(sql, bob)


@pytest.fixture
async def pool_of_one(settings: Settings) -> AsyncIterator[ApiDatabase]:
    opened = ApiDatabase(settings.need("database_url"), 1)
    yield opened
    await opened.close()
