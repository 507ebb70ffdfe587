"""Everybody does everything at once, a third of it broken off, over two connections."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator

import asyncpg
import pytest
from sqlalchemy import Select, select, text

import db.generations
from core.settings import Settings
from db import sessions
from db.models import Generation, Status
from db.sessions import UserRead
from server.local.postgres import LocalPostgres
from tests.conftest import fresh_database
from tests.ownership.crowd import run_crowd

# A field that fails, or is cut off, leaves its neighbours' coroutines behind, in graphql-core.
pytestmark = pytest.mark.filterwarnings(
    "ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

SECONDS = 4
SEED = 20


@pytest.fixture
def database(postgres: LocalPostgres, template: str) -> Iterator[str]:
    with fresh_database(postgres, template) as name:
        yield name


async def test_nobody_is_told_of_anything_that_is_somebody_elses(settings: Settings) -> None:
    figures = await run_crowd(settings, seconds=SECONDS, seed=SEED, users=2)
    gc.collect()
    assert (figures.foreign, figures.faults) == ([], [])
    assert figures.covered == figures.to_cover == 100
    assert figures.cut_off > 30
    assert figures.own_ids > 300


# An identity that stays with the connection, so that whoever borrows it next is taken for the one before.
KEPT = "coalesce(nullif(current_setting('app.user_id', true), ''), :user)"
READERS = """SELECT pg_get_functiondef(oid) AS definition FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'read%'"""
KEEPS_THE_FIRST = f"SELECT set_config('app.user_id', {KEPT}, false)"


async def test_a_connection_that_keeps_its_user_and_a_query_without_a_clause_are_noticed(
    settings: Settings, sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What shows that the test above can see."""
    await _break_functions(sql)
    for statement in ("_SET_READER", "_SET_WRITER"):
        monkeypatch.setattr(sessions, statement, text(KEEPS_THE_FIRST))
    monkeypatch.setattr(db.generations, "_own", _anybodys)
    figures = await run_crowd(settings, seconds=SECONDS, seed=SEED, users=2)
    gc.collect()
    assert any("was told of" in leak for leak in figures.foreign)


async def _break_functions(sql: asyncpg.Connection) -> None:
    """The same, within the database."""
    said = "set_config('app.user_id', me::text, true)"
    kept = f"set_config('app.user_id', {KEPT.replace(':user', 'me::text')}, false)"
    for row in await sql.fetch(READERS):
        assert said in row["definition"]
        broken = re.sub(r"\w+\.user_id = me\b", "true", row["definition"].replace(said, kept))
        await sql.execute(broken)


def _anybodys(_: UserRead, status: Status | None = None) -> Select[Generation]:
    query = select(Generation)
    return query.where(Generation.status == status.value) if status else query
