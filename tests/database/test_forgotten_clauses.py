"""The second of two guards: where a query forgets its `user_id = …`, row security keeps users apart."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from sqlalchemy import delete, select, update

from db.models import Base
from db.sessions import ApiDatabase
from tests.database.belongings import Belongings, dump

MODELS = sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda model: model.__tablename__)


@pytest.mark.parametrize("model", MODELS)
async def test_a_query_that_forgets_its_clause_still_sees_and_changes_the_callers_rows_alone(
    sql: asyncpg.Connection,
    pool_of_one: ApiDatabase,
    alices: Belongings,
    bobs: Belongings,
    model: Any,
) -> None:
    everything = await dump(sql)
    assert {row[1] for row in everything["stories"]} == {alices.user, bobs.user}
    before = await dump(sql, alices.user)
    async with pool_of_one.read(bobs.user) as session:
        assert set(await session.sql.scalars(select(model.user_id))) == {bobs.user}
    changed = {"stories": "title", "story_generations": "error_code", "initiation_quotas": "tokens"}
    async with pool_of_one.write(bobs.user) as session:
        if column := changed.get(model.__tablename__):
            await session.sql.execute(update(model).values({column: 0 if column == "tokens" else "Bob's"}))
        if model.__tablename__ in {"story_generations", "generation_logs"}:
            await session.sql.execute(delete(model))
    assert await dump(sql, alices.user) == before
    assert await dump(sql) != everything
