"""A database's shape as PostgreSQL tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import asyncpg

Shape = Mapping[str, Sequence[tuple[object, ...]]]

# Of the tables in `public`, but for Alembic's own.
STRUCTURE = {
    "columns": """
        SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull,
               attidentity::text, pg_get_expr(adbin, adrelid)
        FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attrelid IN (SELECT oid FROM tables) AND attnum > 0 AND NOT attisdropped""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid IN (SELECT oid FROM tables) AND contype <> 'n'""",
    "indexes": """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
        WHERE indrelid IN (SELECT oid FROM tables)""",
}
TABLES = "pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"

# Of everything in `public`.
SECURITY = {
    "tables": """
        SELECT relname, relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner), relacl::text[]::text
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'""",
    "columns' rights": """
        SELECT attrelid::regclass::text, attname, attacl::text FROM pg_attribute
        WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
          AND attacl IS NOT NULL""",
    "policies": """
        SELECT tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies
        WHERE schemaname = 'public'""",
    "functions": """
        SELECT proname, pg_get_functiondef(oid), pg_get_userbyid(proowner), proacl::text[]::text
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
}


async def structure(connection: asyncpg.Connection) -> Shape:
    """Columns, constraints and indexes: what models describe."""
    tables = f"WITH tables AS (SELECT oid FROM {TABLES} AND relname <> 'alembic_version')"
    return await _shape(connection, {name: tables + query for name, query in STRUCTURE.items()})


async def security(connection: asyncpg.Connection) -> Shape:
    """Owners, rights and policies."""
    return await _shape(connection, SECURITY)


async def _shape(connection: asyncpg.Connection, queries: Mapping[str, str]) -> Shape:
    return {
        name: sorted((tuple(row) for row in await connection.fetch(query)), key=repr)
        for name, query in queries.items()
    }
