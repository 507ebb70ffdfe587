"""What PostgreSQL's own catalogue says of row security: of every table there is, by whatever name."""

from __future__ import annotations

import asyncpg
import pytest

from db.models import Base
from db.roles import API, OWNER, WORKER

TABLES = {*Base.metadata.tables, "alembic_version"}

FUNCTIONS = {
    "available_initiations",
    "initiate_generation",
    "read_generation",
    "read_generation_changes",
    "read_generation_page",
    "read_generations",
    "read_generations_before",
}

GENERATION_READ = """id user_id story_id text voice status progress revision attempt lease_until next_wake_at
    result_key captions_key duration_seconds error_code error_message created_at started_at finished_at
    updated_at"""
GENERATION_WORK = """text status progress revision attempt lease_until next_wake_at result_key captions_key
    duration_seconds error_code error_message started_at finished_at updated_at"""
GENERATION_CANCEL = """text status revision lease_until next_wake_at error_code error_message finished_at
    updated_at"""

# All that the roles may do: a privilege, and the columns it is for ("" for all).
GRANTS = {
    (API, "alembic_version"): {"SELECT": ""},
    (API, "stories"): {"SELECT": "", "INSERT": "", "DELETE": "", "UPDATE": "title content updated_at"},
    (API, "story_generations"): {"SELECT": "", "INSERT": "", "DELETE": "", "UPDATE": GENERATION_CANCEL},
    (API, "generation_logs"): {"SELECT": "", "INSERT": "", "DELETE": ""},
    (API, "initiation_quotas"): {"SELECT": "", "INSERT": "", "UPDATE": "tokens refilled_at"},
    (WORKER, "alembic_version"): {"SELECT": ""},
    (WORKER, "story_generations"): {"SELECT": GENERATION_READ, "UPDATE": GENERATION_WORK},
    (WORKER, "generation_logs"): {"INSERT": "", "DELETE": "", "SELECT": "event occurred_at"},
}

GRANTED = """
SELECT pg_get_userbyid(grantee) AS role, relname AS "table", privilege_type AS privilege, column_name
FROM (
    SELECT relname, relowner, NULL AS column_name, (aclexplode(relacl)).*
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT relname, relowner, attname, (aclexplode(attacl)).*
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace
) AS grants
WHERE grantee <> relowner
"""

POLICIES = """
SELECT tablename, cmd, unnest(roles) AS role, qual, with_check FROM pg_policies WHERE schemaname = 'public'
"""


@pytest.fixture
def database(untouched: str) -> str:
    return untouched


async def test_there_are_no_other_relations_than_the_tables_and_what_serves_them(
    sql: asyncpg.Connection,
) -> None:
    rows = await sql.fetch(
        "SELECT relname, relkind::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('i', 'S')"
    )
    assert {(row["relname"], row["relkind"]) for row in rows} == {(table, "r") for table in TABLES}


async def test_each_function_works_by_its_callers_rights_and_is_for_the_api_alone(
    sql: asyncpg.Connection,
) -> None:
    rows = await sql.fetch(
        "SELECT proname, prosecdef, pg_get_userbyid(proowner) AS owner, proacl::text[]"
        " FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    )
    rights = [f"{OWNER}=X/{OWNER}", f"{API}=X/{OWNER}"]
    assert {row["proname"]: (row["prosecdef"], row["owner"], row["proacl"]) for row in rows} == dict.fromkeys(
        FUNCTIONS, (False, OWNER, rights)
    )


async def test_each_function_that_reads_finds_its_tables_whatever_its_caller_has_in_the_path(
    sql: asyncpg.Connection,
) -> None:
    rows = await sql.fetch(
        "SELECT proname, proconfig FROM pg_proc JOIN pg_language ON pg_language.oid = prolang"
        " WHERE pronamespace = 'public'::regnamespace AND lanname <> 'sql'"
    )
    assert {row["proname"] for row in rows} == FUNCTIONS - {"available_initiations"}
    for row in rows:
        assert "search_path=pg_catalog, pg_temp" in row["proconfig"]


async def test_every_table_enables_and_forces_row_security_and_belongs_to_the_owner(
    sql: asyncpg.Connection,
) -> None:
    rows = await sql.fetch(
        "SELECT relname, relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) AS owner"
        " FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    assert {tuple(row) for row in rows} == {(table, True, True, OWNER) for table in TABLES}


async def test_the_roles_are_granted_what_they_use_and_no_more(sql: asyncpg.Connection) -> None:
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    for row in await sql.fetch(GRANTED):
        columns = found.setdefault((row["role"], row["table"]), {}).setdefault(row["privilege"], set())
        columns.update({row["column_name"]} - {None})
    assert found == {
        where: {privilege: set(columns.split()) for privilege, columns in privileges.items()}
        for where, privileges in GRANTS.items()
    }


async def test_whatever_is_granted_is_under_a_policy_for_that_role(sql: asyncpg.Connection) -> None:
    policies = {(row["role"], row["tablename"], row["cmd"]) for row in await sql.fetch(POLICIES)}
    granted = {(row["role"], row["table"], row["privilege"]) for row in await sql.fetch(GRANTED)}
    assert granted
    for role, table, privilege in granted:
        assert {(role, table, privilege), (role, table, "ALL")} & policies, (role, table, privilege)


async def test_the_owner_has_a_policy_on_every_table_so_that_data_migrations_see_rows(
    sql: asyncpg.Connection,
) -> None:
    policies = {(row["role"], row["tablename"], row["cmd"]) for row in await sql.fetch(POLICIES)}
    assert {(OWNER, table, "ALL") for table in TABLES} <= policies


async def test_every_policy_of_the_api_names_the_user_for_reading_and_for_writing(
    sql: asyncpg.Connection,
) -> None:
    own = (
        "(user_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid"
        ' AS "nullif"))'
    )
    rows = [row for row in await sql.fetch(POLICIES) if row["role"] == API]
    said = {row["tablename"]: (row["cmd"], row["qual"], row["with_check"]) for row in rows}
    assert len(said) == len(rows)
    assert said.pop("alembic_version") == ("SELECT", "true", None)
    assert said == dict.fromkeys(Base.metadata.tables, ("ALL", own, own))


@pytest.mark.parametrize("role", [OWNER, API, WORKER])
async def test_no_role_is_more_than_itself(sql: asyncpg.Connection, role: str) -> None:
    row = await sql.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin"
        " FROM pg_roles WHERE rolname = $1",
        role,
    )
    assert tuple(row) == (False, False, False, False, False, role != OWNER)
    memberships = "SELECT roleid::regrole FROM pg_auth_members WHERE member = $1::regrole"
    assert not await sql.fetch(memberships, role)


@pytest.mark.parametrize("role", [API, WORKER])
async def test_the_roles_of_processes_own_nothing_and_make_nothing(
    sql: asyncpg.Connection, role: str
) -> None:
    assert not await sql.fetch(
        "SELECT FROM pg_shdepend WHERE refobjid = $1::regrole AND deptype = 'o'"
        " AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))",
        role,
    )
    assert not await sql.fetchval("SELECT has_schema_privilege($1, 'public', 'CREATE')", role)


async def test_every_time_has_a_time_zone(sql: asyncpg.Connection) -> None:
    rows = await sql.fetch(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
        " AND (data_type LIKE '%time%' OR data_type = 'date' OR column_name ~ '_(at|until)$')"
    )
    assert len(rows) >= 10
    assert {row["data_type"] for row in rows} == {"timestamp with time zone"}


@pytest.mark.parametrize(
    ("table", "definition"),
    [
        ("stories", "UNIQUE (id, user_id)"),
        ("story_generations", "UNIQUE (user_id, idempotency_key)"),
        ("story_generations", "FOREIGN KEY (story_id, user_id) REFERENCES stories(id, user_id)"),
    ],
)
async def test_a_constraint_keeps_users_apart(sql: asyncpg.Connection, table: str, definition: str) -> None:
    rows = await sql.fetch(
        "SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conrelid = $1::regclass",
        table,
    )
    assert definition in {row["definition"] for row in rows}
