"""What goes wrong on our side, or on the way: told in three words, logged in full."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.callers import LIMIT_SECONDS, Api, serving
from tests.conftest import own_database_urls, settings_for
from tests.outages import Outages

PATH = "/api/story-generations"
BROKEN = (500, {"error": "Internal server error"})


async def test_our_own_fault_is_masked_and_logged_in_full(
    api: Api, alice: UUID, sql: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    await sql.execute("REVOKE SELECT ON story_generations FROM storycast_api")
    response = await api.request("GET", PATH, alice)
    assert (response.status_code, response.json()) == BROKEN
    assert response.headers["x-request-id"]
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info
    assert "permission denied for table story_generations" in str(record.exc_info[1])


async def test_while_the_database_is_away_everything_is_500_and_then_works_again(
    own_postgres: Outages, redis_url: str, tmp_path: Path, alice: UUID
) -> None:
    settings = settings_for(own_database_urls(own_postgres), redis_url, tmp_path)
    async with serving(settings) as api:
        story = await api.add_story(alice)
        await asyncio.to_thread(own_postgres.stop)
        for method, path in (
            ("POST", PATH),
            ("GET", PATH),
            ("GET", f"{PATH}/{uuid4()}"),
            ("DELETE", f"{PATH}/{uuid4()}"),
        ):
            body = {"story_id": story} if method == "POST" else None
            response = await api.request(method, path, alice, json=body)
            assert (response.status_code, response.json()) == BROKEN
        own_postgres.start()
        empty = await api.request("GET", PATH, alice)
        assert (empty.status_code, empty.json()["meta"]["total"]) == (200, 0)
        assert (await api.request("POST", PATH, alice, json={"story_id": story})).status_code == 202


@pytest.mark.parametrize("path", [PATH, "/graphql"])
async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_fault_of_ours(
    api: Api, alice: UUID, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    caplog.set_level(logging.INFO, "server")
    address = urlsplit(api.base)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: storycast\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {api.token(alice)}\r\nContent-Length: 100\r\n\r\n{{".encode()
    )
    await writer.drain()
    writer.close()
    async with asyncio.timeout(LIMIT_SECONDS):
        while not caplog.records:  # noqa: ASYNC110 - a log has no event
            await asyncio.sleep(0.005)
    (record,) = caplog.records
    assert (record.levelname, record.message) == ("INFO", "A client left before its request was whole")
