"""The three roles, and the check that a process runs on one that cannot step round row security."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.errors import StartupError

OWNER = "storycast_owner"
API = "storycast_api"
WORKER = "storycast_worker"
ALL = (OWNER, API, WORKER)

_MISSING = text(
    "SELECT wanted FROM unnest(CAST(:roles AS text[])) AS wanted WHERE to_regrole(wanted) IS NULL"
)

_MAY_CREATE = text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")

_GRANTED = text("""
SELECT pg_has_role(current_user, 'storycast_owner', 'MEMBER')
   AND has_schema_privilege('storycast_owner', 'public', 'CREATE')
   AND has_schema_privilege('storycast_api', 'public', 'USAGE')
   AND has_schema_privilege('storycast_worker', 'public', 'USAGE')
""")

GRANTS = (
    "GRANT storycast_owner TO CURRENT_USER",
    "GRANT USAGE, CREATE ON SCHEMA public TO storycast_owner",
    "GRANT USAGE ON SCHEMA public TO storycast_api, storycast_worker",
)

# Who owns a table, or belongs to a role that does, may drop its policies: as good as having none.
_TOO_POWERFUL = text("""
SELECT
  (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS bypasses,
  EXISTS (
    SELECT FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
      AND pg_has_role(current_user, relowner, 'MEMBER')
  ) AS owns,
  current_user AS name
""")


async def make_roles(connection: AsyncConnection, *, api_password: str, worker_password: str) -> None:
    """Make the roles that are missing, and grant what they need before the first migration.

    Raises StartupError, with the SQL an administrator should run, where this connection may not.
    """
    missing = (await connection.execute(_MISSING, {"roles": list(ALL)})).scalars().all()
    if missing and not (await connection.execute(_MAY_CREATE)).scalar_one():
        raise StartupError(_instructions(missing))
    passwords = {API: api_password, WORKER: worker_password}
    for role in missing:
        await connection.execute(text(await _create(connection, role, passwords.get(role))))
    if (await connection.execute(_GRANTED)).scalar_one():
        return
    if not missing and not (await connection.execute(_MAY_CREATE)).scalar_one():
        raise StartupError(_instructions(()))
    for grant in GRANTS:
        await connection.execute(text(grant))


async def _create(connection: AsyncConnection, role: str, password: str | None) -> str:
    if password is None:
        return f"CREATE ROLE {role} NOLOGIN"
    quoted = (
        await connection.execute(text("SELECT quote_literal(:password)"), {"password": password})
    ).scalar_one()
    # A colon in a password must not read as a bind parameter.
    return f"CREATE ROLE {role} LOGIN PASSWORD {quoted}".replace(":", r"\:")


def _instructions(missing: Sequence[str]) -> str:
    lines = [
        f"CREATE ROLE {role} NOLOGIN;" if role == OWNER else f"CREATE ROLE {role} LOGIN PASSWORD '…';"
        for role in missing
    ]
    lines += [
        f"{grant};".replace("CURRENT_USER", "<the role of STORYCAST_MIGRATION_DATABASE_URL>")
        for grant in GRANTS
    ]
    return "\n".join(
        [
            "This role may not make Storycast's roles. Let an administrator run, in Storycast's database:",
            "",
            *lines,
        ]
    )


async def refuse_powerful_role(engine: AsyncEngine) -> None:
    """Raises StartupError if this connection's role could read past row security."""
    async with engine.connect() as connection:
        row = (await connection.execute(_TOO_POWERFUL)).one()
    if row.bypasses:
        raise StartupError(
            f"The database role {row.name!r} is a superuser or may bypass row security; "
            f"connect as {API} (API) or {WORKER} (worker)."
        )
    if row.owns:
        raise StartupError(
            f"The database role {row.name!r} owns Storycast's tables, or is a member of a role that does; "
            f"connect as {API} (API) or {WORKER} (worker)."
        )
