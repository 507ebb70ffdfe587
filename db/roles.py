"""The three roles, and the check that a process runs on one that cannot step round row security."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.errors import StartupError
from db.scram import make_verifier
from db.sessions import DATABASE_ERRORS, cause_of

OWNER = "storycast_owner"
API = "storycast_api"
WORKER = "storycast_worker"
ALL = (OWNER, API, WORKER)

# https://www.postgresql.org/docs/current/errcodes-appendix.html
INSUFFICIENT_PRIVILEGE = "42501"

_MISSING = text(
    "SELECT wanted FROM unnest(CAST(:roles AS text[])) AS wanted WHERE to_regrole(wanted) IS NULL"
)

# From version 16 on a member need not be allowed to become the role.
_GRANTED = text("""
SELECT CASE WHEN current_setting('server_version_num')::int < 160000
            THEN pg_has_role('storycast_owner', 'MEMBER') ELSE pg_has_role('storycast_owner', 'SET') END
   AND has_schema_privilege('storycast_owner', 'public', 'CREATE')
   AND has_schema_privilege('storycast_owner', 'public', 'USAGE')
   AND has_schema_privilege('storycast_api', 'public', 'USAGE')
   AND has_schema_privilege('storycast_worker', 'public', 'USAGE')
""")

_ME = text("SELECT quote_ident(current_user)")

# Who owns a table, or can become a role that does, may drop its policies: as good as having none. The
# session's user can always be returned to, whatever role the connection has taken.
_ROLE = text("""
SELECT
  EXISTS (
    SELECT FROM pg_roles
    WHERE (rolsuper OR rolbypassrls) AND pg_has_role(session_user, oid, 'MEMBER')
  ) AS bypasses,
  EXISTS (
    SELECT FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
      AND pg_has_role(session_user, relowner, 'MEMBER')
  ) AS owns,
  EXISTS (
    SELECT FROM pg_roles WHERE rolname = :expected AND pg_has_role(session_user, oid, 'MEMBER')
  ) AS is_expected,
  EXISTS (
    SELECT FROM pg_roles WHERE rolname = :other AND pg_has_role(session_user, oid, 'MEMBER')
  ) AS is_other,
  session_user AS name
""")


async def make_roles(connection: AsyncConnection, *, api_password: str, worker_password: str) -> None:
    """Make the roles that are missing, and grant what they need before the first migration.

    Raises StartupError, with the SQL an administrator should run, where this connection may not.
    """
    script = await _missing_sql(connection, {API: api_password, WORKER: worker_password})
    if not script:
        return
    try:
        for statement in script:
            await connection.exec_driver_sql(statement)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            raise
        raise StartupError(_instructions(script)) from error
    # A GRANT that grants nothing is a mere warning to PostgreSQL.
    if not (await connection.execute(_GRANTED)).scalar_one():
        raise StartupError(_instructions(script))


async def _missing_sql(connection: AsyncConnection, passwords: Mapping[str, str]) -> Sequence[str]:
    """What has to run before the first migration; nothing where all is in place."""
    missing = (await connection.execute(_MISSING, {"roles": list(ALL)})).scalars().all()
    if not missing and (await connection.execute(_GRANTED)).scalar_one():
        return []
    me = (await connection.execute(_ME)).scalar_one()
    return [
        *(_creation(role, passwords.get(role)) for role in missing),
        *([] if me == OWNER else [f"GRANT {OWNER} TO {me}"]),
        f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}",
        f"GRANT USAGE ON SCHEMA public TO {API}, {WORKER}",
    ]


def _creation(role: str, password: str | None) -> str:
    if password is None:
        return f"CREATE ROLE {role} NOLOGIN"
    # Neither the server's log nor an administrator's screen gets to see the password.
    return f"CREATE ROLE {role} LOGIN" + (f" PASSWORD '{make_verifier(password)}'" if password else "")


def _instructions(script: Sequence[str]) -> str:
    return "\n".join(
        [
            "This role may not prepare the database. Let an administrator run, in Storycast's database:",
            "",
            *(f"{statement};" for statement in script),
        ]
    )


async def refuse_wrong_role(engine: AsyncEngine, expected: str) -> None:
    """Raises StartupError if this connection's role is not `expected` (API or WORKER), is the other one
    as well, or could read past row security; and if there is no connection.
    """
    other = WORKER if expected == API else API
    try:
        async with engine.connect() as connection:
            row = (await connection.execute(_ROLE, {"expected": expected, "other": other})).one()
    except DATABASE_ERRORS as error:
        raise StartupError(f"The database cannot be used: {cause_of(error)}") from error
    problems = {
        "is a superuser or may bypass row security, or can become a role that does": row.bypasses,
        "owns Storycast's tables, or can become a role that does": row.owns,
        f"is not {expected}": not row.is_expected,
        f"can become {other}, too": row.is_other,
    }
    for problem, found in problems.items():
        if found:
            raise StartupError(f"The database role {row.name!r} {problem}; connect as {expected}.")
