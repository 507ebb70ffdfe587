"""The database's own functions find what they read by an index, whenever their plan was made."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from db.roles import API
from server.local.postgres import LocalPostgres
from tests.conftest import TEMPLATE
from tests.database.servers import tell
from tests.database.test_indexes import FILL, USER, scans, walk

BY_USER = "ix_story_generations_user_id_id"
BY_ID = "pk_story_generations"
BY_STATUS = "ix_story_generations_user_id_status_id"
# By cursor, the newest row of the user's is not among them.
CURSOR = UUID(int=25_000)
DAY = timedelta(days=1)

CALLS = [
    pytest.param("read_generation_page", (None, 10, 0, False, None), BY_USER, id="first page"),
    pytest.param("read_generation_page", (None, 10, 100, False, None), BY_USER, id="later page"),
    pytest.param("read_generation_page", ("failed", 10, 0, True, 20), BY_STATUS, id="by status"),
    pytest.param("read_generation", (CURSOR, 20), BY_USER, id="one"),
    pytest.param("read_generations_before", (None, CURSOR, 11), BY_USER, id="by cursor"),
    pytest.param("read_generations_before", ("failed", CURSOR, 11), BY_STATUS, id="by cursor and status"),
    pytest.param("read_generations", ([CURSOR],), BY_USER, id="some"),
    pytest.param("read_generation_changes", (None, DAY, [CURSOR]), BY_ID, id="changes"),
    pytest.param("read_generation_changes", (None, DAY, [CURSOR]), BY_STATUS, id="what is unfinished"),
]

LISTEN = f"""
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_nested_statements = on;
SET auto_explain.log_format = json;
SET auto_explain.log_level = notice;
SET ROLE {API}
"""


@pytest.fixture(scope="module")
def full(postgres: LocalPostgres, untouched: str) -> str:
    tell(postgres.url(database=untouched), FILL)
    return untouched


@pytest.fixture(params=["empty", "full"])
def database(request: pytest.FixtureRequest) -> str:
    name: str = request.getfixturevalue("template" if request.param == "empty" else "full")
    return name


@pytest.fixture
async def plans(sql: asyncpg.Connection) -> AsyncIterator[list[dict[str, Any]]]:
    """The plan nodes of what runs within the functions that `sql` calls, which it does as the API."""
    nodes: list[dict[str, Any]] = []

    def note(_connection: object, message: asyncpg.PostgresLogMessage) -> None:
        nodes.extend(walk(json.loads(message.message.partition("plan:\n")[2])["Plan"]))

    await sql.execute(LISTEN)
    sql.add_log_listener(note)
    yield nodes
    sql.remove_log_listener(note)
    await sql.execute("RESET ROLE")


@pytest.mark.parametrize(("function", "arguments", "index"), CALLS)
async def test_what_a_function_reads_is_found_by_its_index(
    sql: asyncpg.Connection,
    database: str,
    plans: list[dict[str, Any]],
    *,
    function: str,
    arguments: tuple[object, ...],
    index: str,
) -> None:
    places = ", ".join(f"${place}" for place in range(1, len(arguments) + 2))
    # Over and over: PostgreSQL makes other plans once it has run a statement five times.
    for _ in range(7):
        plans.clear()
        await sql.fetch(f"SELECT * FROM {function}({places})", USER, *arguments)
    found = [node for node in plans if node.get("Relation Name") == "story_generations"]
    assert found
    if database != TEMPLATE:
        assert index in {node["Index Name"] for node in found}
    assert scans(plans) == []
    # In the index's own order: else all of a user's rows would be read for ten of them.
    for node in plans:
        if node["Node Type"] == "Sort":
            assert [below["Node Type"] for below in node["Plans"]] == ["Nested Loop"]
