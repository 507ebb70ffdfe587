"""Bringing a database to the schema this code expects: roles first, then Alembic's migrations."""

from __future__ import annotations

import asyncio
import functools
from pathlib import Path

import alembic.command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import AsyncEngine

from core.errors import StartupError
from core.settings import Settings
from db.roles import OWNER, make_roles
from db.sessions import DATABASE_ERRORS, cause_of, open_engine, read_address

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
# One migration run at a time, whoever starts it; any number that no other program is likely to use.
MIGRATION_LOCK = 0x53746F7279
# A migration that cannot have its lock soon gives up, so that requests do not queue up behind it.
LOCK_TIMEOUT_MS = 5_000


def alembic_config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@functools.cache
def expected_revision() -> str:
    """The revision that this code's migrations end at."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if head is None:
        raise StartupError(f"No migrations in {MIGRATIONS}: the checkout is incomplete.")
    return head


@functools.cache
def known_revisions() -> frozenset[str]:
    """All revisions that this code's migrations lead through."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return frozenset(script.revision for script in scripts.walk_revisions())


async def current_revision(engine: AsyncEngine) -> str | None:
    """The revision the database stands at; None before the first migration."""
    async with engine.connect() as connection:
        if not (await connection.execute(text("SELECT to_regclass('public.alembic_version')"))).scalar_one():
            return None
        return (
            await connection.execute(text("SELECT version_num FROM alembic_version"))
        ).scalar_one_or_none()


def migrate(settings: Settings) -> None:
    """Make the roles where this may, and run the migrations that are missing. Safe to run again, and at once.

    Raises StartupError with what to do where the database cannot be reached or refuses.
    """
    url = settings.need("migration_database_url")
    passwords = {
        "api_password": read_address(settings.need("database_url")).password or "",
        "worker_password": read_address(settings.need("worker_database_url")).password or "",
    }
    try:
        asyncio.run(_migrate(url, passwords))
    except DATABASE_ERRORS as error:
        raise StartupError(f"The database could not be migrated: {cause_of(error)}") from error
    except CommandError as error:
        raise StartupError(
            f"The database is newer than this code: run the code that made it ({error})."
        ) from None


async def _migrate(url: str, passwords: dict[str, str]) -> None:
    engine = open_engine(url, poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"SELECT pg_advisory_lock({MIGRATION_LOCK})"))
            await make_roles(connection, **passwords)
            await connection.execute(text(f"SET ROLE {OWNER}"))
            await connection.execute(text(f"SET lock_timeout = {LOCK_TIMEOUT_MS}"))
            # Lock, role and timeout belong to the connection; from here on Alembic rules the transactions.
            await connection.commit()
            await connection.run_sync(lambda sync: alembic.command.upgrade(alembic_config(sync), "head"))
    finally:
        await engine.dispose()
