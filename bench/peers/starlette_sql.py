"""The statements of the Starlette peer, on a pool of asyncpg, which prepares each once a connection."""

# ruff: noqa: S608 - made of constants

from __future__ import annotations

import os
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

ONE_TRIP = os.environ.get("TRIPS") == "1"

COLUMNS = (
    "id, story_id, voice, status, progress, revision, attempt, result_key, captions_key, duration_seconds,"
    " error_code, error_message, created_at, started_at, finished_at, updated_at"
)
READER = "SELECT set_config('app.user_id', $1, true), set_config('transaction_read_only', 'on', true)"
PAGE = f"""
SELECT {COLUMNS} FROM story_generations WHERE user_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3
"""
COUNT = "SELECT count(*) AS total, NULL AS available FROM story_generations WHERE user_id = $1"
COUNT_WITH_QUOTA = """
SELECT count(*) AS total, (
    SELECT least(
        $2::int, tokens + greatest(0, extract(epoch FROM clock_timestamp() - refilled_at)) * $2::int / 60
    )
    FROM initiation_quotas WHERE user_id = $1
) AS available FROM story_generations WHERE user_id = $1
"""
ONE = f"SELECT {COLUMNS} FROM story_generations WHERE user_id = $1 AND id = $2"
CALL_PAGE = f"SELECT {COLUMNS}, total, available FROM read_generation_page($1, NULL, $2, $3, true, $4)"
CALL_ONE = f"SELECT {COLUMNS} FROM read_generation($1, $2, NULL)"


class Page(NamedTuple):
    """Rows, how many there are in all, and what is left of initiations where that was asked for."""

    rows: list[asyncpg.Record]
    total: int
    available: float | None


async def open_pool() -> asyncpg.Pool:
    """As libpq's variables have it. Nothing is left on a connection, so nothing is reset on its return."""
    size = int(os.environ["POOL_SIZE"])
    return await asyncpg.create_pool(min_size=size, max_size=size, reset=_leave)


async def _leave(_: Any) -> None:
    pass


async def read_page(pool: asyncpg.Pool, me: UUID, number: int, size: int, per_minute: int | None) -> Page:
    skip = (number - 1) * size
    async with pool.acquire() as sql:
        if ONE_TRIP:
            rows = await sql.fetch(CALL_PAGE, me, size, skip, per_minute)
            # A page past the end is one row with the total alone.
            return Page([row for row in rows if row["id"]], rows[0]["total"], rows[0]["available"])
        async with sql.transaction():
            await sql.fetchrow(READER, str(me))
            rows = await sql.fetch(PAGE, me, size, skip)
            asked = (COUNT, me) if per_minute is None else (COUNT_WITH_QUOTA, me, per_minute)
            return Page(rows, *await sql.fetchrow(*asked))


async def read_one(pool: asyncpg.Pool, me: UUID, generation_id: UUID) -> asyncpg.Record | None:
    async with pool.acquire() as sql:
        if ONE_TRIP:
            row = await sql.fetchrow(CALL_ONE, me, generation_id)
            return row if row["id"] else None
        async with sql.transaction():
            await sql.fetchrow(READER, str(me))
            return await sql.fetchrow(ONE, me, generation_id)
