"""Whether a process lives, and whether what it stands on does, each part by name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.errors import StartupError
from db.provision import expected_revision, migrate
from server.local.valkey import LocalValkey
from tests.callers import Api, serving
from tests.conftest import own_database_urls, settings_for
from tests.outages import Outages

WELL = {"database": "ok", "redis": "ok", "migrations": "ok"}
MOST_SECONDS = 6.0


@pytest.fixture
async def fragile(own_postgres: Outages, own_valkey: Outages, tmp_path: Path) -> AsyncIterator[Api]:
    """An API over servers of the test's own."""
    assert isinstance(own_valkey.server, LocalValkey)
    settings = settings_for(own_database_urls(own_postgres), own_valkey.server.url(), tmp_path)
    async with serving(settings) as served:
        yield served


async def ask(api: Api, path: str) -> tuple[int, Any]:
    """Status and body, which must come soon."""
    started = time.monotonic()
    response = await api.request("GET", path)
    assert time.monotonic() - started < MOST_SECONDS
    return response.status_code, response.json()


async def test_a_process_that_lives_and_has_all_it_needs_says_so_to_anybody(api: Api) -> None:
    assert await ask(api, "/healthz") == (200, {"status": "alive"})
    assert await ask(api, "/readyz") == (200, {"status": "ready", "checks": WELL})


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "UPDATE alembic_version SET version_num = '9999'",
            f"at 9999, which is newer than {expected_revision()}: run the code that made it",
        ),
        (
            "DELETE FROM alembic_version",
            f"at none, expected {expected_revision()}: run `python3 dev.py migrate`",
        ),
        (
            "DROP TABLE alembic_version",
            f"at none, expected {expected_revision()}: run `python3 dev.py migrate`",
        ),
    ],
    ids=["ahead", "emptied", "never run"],
)
async def test_migrations_that_are_not_this_codes_are_told_with_what_to_do(
    api: Api, sql: asyncpg.Connection, statement: str, told: str
) -> None:
    await sql.execute(statement)
    checks = {**WELL, "migrations": told}
    assert await ask(api, "/readyz") == (503, {"status": "not ready", "checks": checks})
    assert await ask(api, "/healthz") == (200, {"status": "alive"})


async def test_a_database_that_is_ahead_of_the_code_is_not_migrated(
    api: Api, sql: asyncpg.Connection
) -> None:
    await sql.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        StartupError, match=r"^The database is newer than this code: run the code that made it"
    ):
        await asyncio.to_thread(migrate, api.settings)
    assert await sql.fetchval("SELECT version_num FROM alembic_version") == "9999"


@pytest.mark.parametrize("outage", ["stopped", "frozen"])
async def test_a_database_that_is_away_is_told_soon_until_it_is_back(
    fragile: Api, own_postgres: Outages, outage: str
) -> None:
    assert await ask(fragile, "/readyz") == (200, {"status": "ready", "checks": WELL})
    await asyncio.to_thread(own_postgres.stop if outage == "stopped" else own_postgres.freeze)
    # More at once than there are connections to hang on.
    answers = await asyncio.gather(*(ask(fragile, "/readyz") for _ in range(8)))
    checks = {"database": "away", "redis": "ok", "migrations": "unknown"}
    assert answers == [(503, {"status": "not ready", "checks": checks})] * 8
    assert await ask(fragile, "/healthz") == (200, {"status": "alive"})
    if outage == "stopped":
        own_postgres.start()
    else:
        own_postgres.thaw()
    assert await ask(fragile, "/readyz") == (200, {"status": "ready", "checks": WELL})


@pytest.mark.parametrize("outage", ["killed", "frozen"])
async def test_a_redis_that_is_away_is_told_soon_until_it_is_back(
    fragile: Api, own_valkey: Outages, outage: str
) -> None:
    assert await ask(fragile, "/readyz") == (200, {"status": "ready", "checks": WELL})
    if outage == "killed":
        own_valkey.kill()
    else:
        own_valkey.freeze()
    checks = {**WELL, "redis": "away"}
    assert await ask(fragile, "/readyz") == (503, {"status": "not ready", "checks": checks})
    assert await ask(fragile, "/healthz") == (200, {"status": "alive"})
    if outage == "killed":
        own_valkey.start()
    else:
        own_valkey.thaw()
    assert await ask(fragile, "/readyz") == (200, {"status": "ready", "checks": WELL})
