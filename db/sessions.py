"""Transactions that know who asks.

An API transaction cannot be opened without a user: PostgreSQL is told who it is before anything else
runs, and every query says it again. A worker's transaction carries no user, and connects with a role
of its own. The four kinds are different types, so that a mistake does not type-check.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import ArgumentError, DisconnectionError, ProgrammingError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from core.errors import SettingsError
from db.calls import UserCall
from db.pool import Pool

STATEMENT_TIMEOUT_MS = 15_000
# The server ends a statement by itself; where it does not even do that, it is frozen, or the network gone.
COMMAND_TIMEOUT_SECONDS = STATEMENT_TIMEOUT_MS / 1000 + 5
CONNECT_TIMEOUT_SECONDS = 5
POOL_TIMEOUT_SECONDS = 10

# What a database that is away, or restarting, looks like from here.
DATABASE_ERRORS = (SQLAlchemyError, OSError)
# What the same statement would meet again: a table that is missing, a right that was not given.
LASTING_ERRORS = (ProgrammingError,)

_SET_READER = text(
    "SELECT set_config('app.user_id', :user, true), set_config('transaction_read_only', 'on', true)"
)
_SET_WRITER = text("SELECT set_config('app.user_id', :user, true)")


@dataclass(frozen=True)
class UserRead:
    """A read-only transaction that sees the rows of `user_id` alone."""

    user_id: UUID
    sql: AsyncSession


@dataclass(frozen=True)
class UserWrite(UserRead):
    """A transaction that reads and writes the rows of `user_id` alone."""


@dataclass(frozen=True)
class WorkerWrite:
    """A worker's transaction: any user's generations and logs, no stories."""

    sql: AsyncSession


def read_address(url: str) -> URL:
    """The parts of `postgresql://…`. Raises SettingsError where it has none."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(
            "A database address cannot be read. It has to look like postgresql://USER:PASSWORD@HOST:PORT/NAME,"
            " with %40 for an @ in the password, and so on."
        ) from None


def open_engine(
    url: str,
    server_settings: dict[str, str] | None = None,
    command_timeout: float | None = None,
    **options: Any,
) -> AsyncEngine:
    """An engine whose connections asyncpg opens by itself, so that the address may say all that libpq's
    may: `?sslmode=verify-full&sslrootcert=…`.

    `command_timeout`: seconds after which a command without an answer raises TimeoutError.
    Raises SettingsError where the address cannot be read.
    """
    address = read_address(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connect = partial(
        asyncpg.connect,
        address,
        timeout=CONNECT_TIMEOUT_SECONDS,
        command_timeout=command_timeout,
        server_settings=server_settings,
    )
    # Errors are logged whole, and parameters are people's stories.
    return create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, hide_parameters=True, **options
    )


def cause_of(error: BaseException) -> str:
    """What the database said, without what SQLAlchemy adds."""
    said = getattr(error, "orig", None) or error
    return str(said).strip() or type(said).__name__


def _open_pool(url: str, pool_size: int, application_name: str) -> AsyncEngine:
    server_settings = {
        "application_name": application_name,
        "timezone": "UTC",
        "statement_timeout": str(STATEMENT_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(2 * STATEMENT_TIMEOUT_MS),
    }
    engine = open_engine(
        url,
        server_settings,
        COMMAND_TIMEOUT_SECONDS,
        poolclass=Pool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool replace a connection that the server has closed, as a restart does. Costs no question."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


class ApiDatabase:
    """The database as an API process sees it, connected as `storycast_api`."""

    def __init__(self, url: str, pool_size: int) -> None:
        self.engine = _open_pool(url, pool_size, "storycast-api")
        pool = self.engine.pool
        assert isinstance(pool, Pool)
        self._pool = pool

    @asynccontextmanager
    async def read(self, user_id: UUID) -> AsyncIterator[UserRead]:
        """One read-only transaction as `user_id`."""
        async with AsyncSession(self.engine, expire_on_commit=False, autoflush=False) as session:
            await session.execute(_SET_READER, {"user": str(user_id)})
            yield UserRead(user_id, session)

    @asynccontextmanager
    async def write(self, user_id: UUID) -> AsyncIterator[UserWrite]:
        """One transaction as `user_id`: committed at the end of the block, rolled back by an exception."""
        async with (
            AsyncSession(self.engine, expire_on_commit=False, autoflush=False) as session,
            session.begin(),
        ):
            await session.execute(_SET_WRITER, {"user": str(user_id)})
            yield UserWrite(user_id, session)

    def call(self, user_id: UUID) -> UserCall:
        """Calls as `user_id`, each of which is a transaction of its own."""
        return UserCall(user_id, self._pool)

    async def close(self) -> None:
        """Hangs up, without waiting for the server to do so too: that may take as long as any statement."""
        self._pool.hang_up()
        await self.engine.dispose()


class WorkerDatabase:
    """The database as a worker sees it, connected as `storycast_worker`."""

    def __init__(self, url: str, pool_size: int = 4) -> None:
        self.engine = _open_pool(url, pool_size, "storycast-worker")

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WorkerWrite]:
        """One transaction: committed at the end of the block, rolled back by an exception."""
        async with (
            AsyncSession(self.engine, expire_on_commit=False, autoflush=False) as session,
            session.begin(),
        ):
            yield WorkerWrite(session)

    async def close(self) -> None:
        await self.engine.dispose()
