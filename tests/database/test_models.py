"""The models and the migrations describe the same database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import alembic.command
import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.settings import Settings
from db.models import Base
from db.provision import alembic_config, current_revision, expected_revision
from db.roles import OWNER
from db.sessions import open_engine
from tests.database.shape import Shape, security, structure


@pytest.fixture
async def as_owner(settings: Settings) -> AsyncIterator[AsyncConnection]:
    """The test's database as migrations see it."""
    engine = open_engine(settings.need("migration_database_url"))
    async with engine.connect() as connection:
        await connection.execute(text(f"SET ROLE {OWNER}"))
        await connection.commit()
        yield connection
    await engine.dispose()


async def test_alembic_finds_nothing_to_migrate(as_owner: AsyncConnection) -> None:
    def compare(connection: Connection) -> object:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)

    assert await as_owner.run_sync(compare) == []


async def test_tables_made_from_the_models_are_those_the_migrations_make(
    as_owner: AsyncConnection, sql: asyncpg.Connection
) -> None:
    migrated = await structure(sql)
    assert all(migrated.values())
    await as_owner.run_sync(Base.metadata.drop_all)
    await as_owner.run_sync(Base.metadata.create_all)
    await as_owner.commit()
    assert await structure(sql) == migrated


async def test_going_down_leaves_nothing_and_up_again_leads_to_the_same(
    as_owner: AsyncConnection, sql: asyncpg.Connection, settings: Settings
) -> None:
    async def whole() -> tuple[Shape, Shape]:
        return await structure(sql), await security(sql)

    before = await whole()
    await as_owner.run_sync(lambda sync: alembic.command.downgrade(alembic_config(sync), "base"))
    assert await security(sql) == {
        "tables": [("alembic_version", False, False, OWNER, f"{{{OWNER}=arwdDxtm/{OWNER}}}")],
        "columns' rights": [],
        "policies": [],
        "functions": [],
    }
    await as_owner.run_sync(lambda sync: alembic.command.upgrade(alembic_config(sync), "head"))
    assert await whole() == before
    assert await current_revision(as_owner.engine) == expected_revision()
