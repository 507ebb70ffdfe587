"""What each role can do by plain SQL, whatever the product's own code would have asked."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from server.local.postgres import LocalPostgres
from tests.database.belongings import TABLES, Belongings, dump, plant
from tests.database.conftest import Connected, undone
from tests.database.servers import within

API = ("storycast_api", "api")
WORKER = ("storycast_worker", "worker")

# One row of a user's own in each table; $1 is the user, $2 a story.
INSERTS = {
    "stories": "INSERT INTO stories (id, user_id, title, content) VALUES ($2, $1, 't', 'c')",
    "story_generations": "INSERT INTO story_generations (id, user_id, story_id, text, voice)"
    " VALUES (gen_random_uuid(), $1, $2, 't', 'v')",
    "generation_logs": "INSERT INTO generation_logs (generation_id, user_id, event) VALUES ($2, $1, 'x')",
    "initiation_quotas": "INSERT INTO initiation_quotas SELECT $1, 1, now() WHERE $2::uuid IS NOT NULL",
}

# Changes nothing but would touch every row that may be seen.
UPDATES = {
    "stories": "UPDATE stories SET title = title",
    "story_generations": "UPDATE story_generations SET status = status",
    "initiation_quotas": "UPDATE initiation_quotas SET tokens = tokens",
}
DELETES = {
    "stories": "DELETE FROM stories",
    "story_generations": "DELETE FROM story_generations",
    "generation_logs": "DELETE FROM generation_logs",
}


@pytest.fixture
def database(untouched: str) -> str:
    return untouched


@pytest.fixture(scope="module")
def owners(postgres: LocalPostgres, untouched: str) -> tuple[Belongings, Belongings]:
    async def put(connection: asyncpg.Connection) -> tuple[Belongings, Belongings]:
        return await plant(connection, uuid4()), await plant(connection, uuid4())

    return within(postgres.url(database=untouched), put)


@pytest.fixture
def alices(owners: tuple[Belongings, Belongings]) -> Belongings:
    return owners[0]


@pytest.fixture
def bobs(owners: tuple[Belongings, Belongings]) -> Belongings:
    return owners[1]


async def identity(connection: asyncpg.Connection, kind: str) -> None:
    """Be nobody: `unset` says nothing; `empty` is what an earlier transaction's setting leaves."""
    if kind == "empty":
        async with undone(connection):
            await connection.execute("SELECT set_config('app.user_id', gen_random_uuid()::text, true)")
    elif kind == "stranger":
        await connection.execute("SELECT set_config('app.user_id', gen_random_uuid()::text, true)")


@pytest.mark.parametrize("kind", ["unset", "empty", "stranger"])
@pytest.mark.parametrize("table", TABLES)
async def test_the_api_sees_and_changes_no_row_without_its_users_identity(
    connect_as: Connected, alices: Belongings, sql: asyncpg.Connection, kind: str, table: str
) -> None:
    before = await dump(sql)
    async with connect_as(*API) as connection:
        await identity(connection, kind)
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
        for statements in (UPDATES, DELETES):
            if table in statements:
                assert (await connection.execute(statements[table])).endswith(" 0")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="violates row-level security"):
            await connection.execute(INSERTS[table], alices.user, alices.story)
    assert await dump(sql) == before


async def test_a_setting_that_ended_reads_as_empty_and_still_names_nobody(
    connect_as: Connected, alices: Belongings
) -> None:
    async with connect_as(*API) as connection:
        await identity(connection, "empty")
        assert await connection.fetchval("SELECT current_setting('app.user_id', true)") == ""
        assert await connection.fetchval("SELECT count(*) FROM stories") == 0


async def test_the_api_refuses_an_identity_that_is_no_user_id(
    connect_as: Connected, alices: Belongings
) -> None:
    async with connect_as(*API, "'; DROP TABLE stories") as connection:
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await connection.fetch("SELECT FROM stories")


@pytest.mark.parametrize("table", TABLES)
async def test_the_api_sees_and_changes_its_users_rows_alone(
    connect_as: Connected, alices: Belongings, bobs: Belongings, table: str
) -> None:
    async with connect_as(*API, bobs.user) as connection:
        rows = await connection.fetch(f"SELECT user_id FROM {table}")
        assert {row["user_id"] for row in rows} == {bobs.user}
        if table in UPDATES:
            assert await connection.execute(UPDATES[table]) == f"UPDATE {len(rows)}"
        if table in DELETES and table != "stories":  # generations still name the story
            assert await connection.execute(DELETES[table]) == f"DELETE {len(rows)}"


@pytest.mark.parametrize("table", TABLES)
async def test_the_api_cannot_insert_a_row_for_somebody_else(
    connect_as: Connected, alices: Belongings, bobs: Belongings, table: str
) -> None:
    async with connect_as(*API, bobs.user) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="violates row-level security"):
            await connection.execute(INSERTS[table], uuid4(), alices.story)


@pytest.mark.parametrize("table", TABLES)
async def test_the_api_cannot_move_a_row_to_somebody_else(
    connect_as: Connected, alices: Belongings, bobs: Belongings, table: str
) -> None:
    async with connect_as(*API, bobs.user) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await connection.execute(f"UPDATE {table} SET user_id = $1", alices.user)


@pytest.mark.parametrize("table", UPDATES)
async def test_the_policy_alone_keeps_a_row_from_moving_where_the_grant_would_let_it(
    sql: asyncpg.Connection, bobs: Belongings, table: str
) -> None:
    async with undone(sql):
        await sql.execute(f"GRANT UPDATE ON {table} TO storycast_api")
        await sql.execute("SET LOCAL ROLE storycast_api")
        await sql.execute("SELECT set_config('app.user_id', $1, true)", str(bobs.user))
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="violates row-level security"):
            await sql.execute(f"UPDATE {table} SET user_id = $1", uuid4())


async def test_nobody_narrates_the_story_of_somebody_else_even_by_plain_sql(
    connect_as: Connected, alices: Belongings, bobs: Belongings
) -> None:
    async with connect_as(*API, bobs.user) as connection:
        with pytest.raises(asyncpg.ForeignKeyViolationError, match="fk_story_generations_story_id_user_id"):
            await connection.execute(INSERTS["story_generations"], bobs.user, alices.story)


async def test_two_users_may_use_the_same_idempotency_key_and_one_may_not_use_it_twice(
    connect_as: Connected, alices: Belongings, bobs: Belongings
) -> None:
    use = """INSERT INTO story_generations (id, user_id, story_id, text, voice, idempotency_key)
             VALUES (gen_random_uuid(), $1, $2, 't', 'v', $3)"""
    async with connect_as(*API, bobs.user) as connection:
        await connection.execute(use, bobs.user, bobs.story, alices.key)
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(use, bobs.user, bobs.story, alices.key)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM stories",
        "SELECT tokens FROM initiation_quotas",
        "SELECT idempotency_key FROM story_generations",
        "SELECT detail FROM generation_logs WHERE event = 'deleted'",
        "INSERT INTO stories (id) VALUES (gen_random_uuid())",
        "UPDATE story_generations SET user_id = gen_random_uuid()",
        "UPDATE story_generations SET story_id = gen_random_uuid()",
        "INSERT INTO story_generations (id) VALUES (gen_random_uuid())",
        "DELETE FROM story_generations",
        "UPDATE generation_logs SET detail = ''",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE stories DISABLE ROW LEVEL SECURITY",
        "DROP POLICY api_own_rows ON stories",
        "SET ROLE storycast_owner",
        "SET ROLE storycast_api",
    ],
)
async def test_a_worker_is_denied(connect_as: Connected, alices: Belongings, statement: str) -> None:
    async with connect_as(*WORKER, alices.user) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_a_worker_sees_every_users_generations_and_of_logs_the_deletions_alone(
    connect_as: Connected, alices: Belongings, bobs: Belongings
) -> None:
    async with connect_as(*WORKER) as connection:
        rows = await connection.fetch("SELECT id FROM story_generations")
        expected = {*alices.generations.values(), *bobs.generations.values()}
        assert {row["id"] for row in rows} == expected
        assert await connection.fetch("SELECT event FROM generation_logs") == [("deleted",), ("deleted",)]
        assert await connection.execute("DELETE FROM generation_logs") == "DELETE 2"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE story_generations SET progress = 100",
        "UPDATE story_generations SET attempt = 9",
        "UPDATE story_generations SET result_key = 'x'",
        "UPDATE story_generations SET story_id = gen_random_uuid()",
        "UPDATE stories SET id = gen_random_uuid()",
        "UPDATE generation_logs SET detail = ''",
        "DELETE FROM initiation_quotas",
        "UPDATE alembic_version SET version_num = ''",
        "TRUNCATE generation_logs",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE stories DISABLE ROW LEVEL SECURITY",
        "DROP POLICY api_own_rows ON stories",
        "SET ROLE storycast_owner",
        "SET ROLE storycast_worker",
    ],
)
async def test_the_api_is_denied(connect_as: Connected, alices: Belongings, statement: str) -> None:
    async with connect_as(*API, alices.user) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


@pytest.mark.parametrize("table", TABLES)
async def test_a_data_migration_sees_and_changes_every_users_rows(
    sql: asyncpg.Connection, alices: Belongings, bobs: Belongings, table: str
) -> None:
    async with undone(sql):
        count = await sql.fetchval(f"SELECT count(*) FROM {table}")
        await sql.execute("SET LOCAL ROLE storycast_owner")
        assert await sql.execute(f"UPDATE {table} SET user_id = user_id") == f"UPDATE {count}"
        rows = await sql.fetch(f"SELECT user_id FROM {table}")
        assert {row["user_id"] for row in rows} == {alices.user, bobs.user}


@pytest.mark.parametrize("table", TABLES)
async def test_forced_row_security_binds_the_owner_where_its_policy_is_gone(
    sql: asyncpg.Connection, alices: Belongings, table: str
) -> None:
    async with undone(sql):
        await sql.execute(f"DROP POLICY owner_migrates ON {table}")
        await sql.execute("SET LOCAL ROLE storycast_owner")
        assert await sql.fetchval(f"SELECT count(*) FROM {table}") == 0
