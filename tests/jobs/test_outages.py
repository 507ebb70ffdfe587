"""PostgreSQL and Valkey away: at a worker's start, in mid-narration, at its end."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from core.settings import Settings
from db.logs import Event
from server.children import SPARE_SECONDS
from server.serve import open_services
from tests.conftest import own_database_urls, settings_for
from tests.jobs.crew import Crew
from tests.jobs.records import LIMIT_SECONDS, LOOK_SECONDS, Records, started
from tests.narration.prose import prose
from tests.outages import Outages
from tests.processes import Worker

# Three seconds of work.
LONG = prose(8000)


@pytest.fixture
def settings(own_postgres: Outages, own_valkey: Outages, tmp_path: Path) -> Settings:
    return settings_for(own_database_urls(own_postgres), own_valkey.server.url(), tmp_path)


@pytest.fixture
async def sql(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(settings.need("migration_database_url"))
    yield connection
    await connection.close()


async def test_a_valkey_that_dies_and_comes_back_empty_costs_no_narration(
    records: Records, crew: Crew, own_valkey: Outages
) -> None:
    await crew.start(1)
    long_id, _ = await crew.begin(LONG)
    own_valkey.kill()
    unheard_id = await records.initiate()
    shutil.rmtree(own_valkey.server.directory / "appendonlydir")
    own_valkey.start()
    for generation_id in (long_id, unheard_id):
        row = await records.until_final(generation_id)
        assert (row["status"], row["attempt"]) == ("succeeded", 1)
    assert await records.log(long_id) == [*started(1), (Event.SUCCEEDED, None)]


async def test_a_worker_told_to_stop_while_valkey_is_away_hands_back_and_ends_in_time(
    records: Records, crew: Crew, own_valkey: Outages
) -> None:
    [worker] = await crew.start(1, drain_seconds=0)
    generation_id, _ = await crew.begin(LONG)
    own_valkey.kill()
    worker.send(signal.SIGTERM)
    assert await asyncio.to_thread(worker.process.wait, SPARE_SECONDS) == 0
    assert (await records.log(generation_id))[-1][0] == Event.HANDED_BACK


async def test_a_postgresql_that_dies_and_comes_back_costs_no_narration(
    records: Records, crew: Crew, own_postgres: Outages
) -> None:
    await crew.start(1)
    generation_id, before = await crew.begin(LONG)
    own_postgres.kill()
    own_postgres.start()
    connection = await asyncpg.connect(records.settings.need("migration_database_url"))
    try:
        records = replace(records, connection=connection)
        row = await records.until_final(generation_id)
        assert (row["status"], row["attempt"], row["progress"]) == ("succeeded", 1, 100)
        assert row["revision"] > before["revision"]
        assert await records.log(generation_id) == [*started(1), (Event.SUCCEEDED, None)]
        assert records.files() == records.keys(generation_id, 1)
    finally:
        await connection.close()


async def until_said(log: Path, words: str) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while words not in await asyncio.to_thread(log.read_text):  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(LOOK_SECONDS)


async def test_a_worker_waits_for_servers_that_start_after_it(
    settings: Settings, own_postgres: Outages, own_valkey: Outages, tmp_path: Path, alice: UUID
) -> None:
    own_postgres.stop()
    own_valkey.stop()
    said = tmp_path / "worker.log"
    with Worker(settings, said) as worker:
        await until_said(said, "The database is away")
        own_postgres.start()
        await until_said(said, "Consumer encountered a connection error")
        own_valkey.start()
        connection = await asyncpg.connect(settings.need("migration_database_url"))
        async with open_services(settings) as services:
            records = Records(services, settings, alice, connection)
            row = await records.until_final(await records.initiate())
        await connection.close()
        assert (row["status"], row["attempt"]) == ("succeeded", 1)
        assert worker.process.poll() is None
    assert "Traceback" not in said.read_text(), said.read_text()
