"""What breaks on our side while a stream goes on: told without its inside, logged with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.callers import Api
from tests.live.hand import Hand
from tests.live.streams import EVENTS, PROGRESS

WITH_STORY = """subscription ($id: UUID!) {
    storyGenerationProgress(id: $id) { revision story { title } } }"""


def assert_masked(error: dict[str, Any], log: pytest.LogCaptureFixture, cause: str) -> None:
    request = error["extensions"]["requestId"]
    assert (error["message"], error["extensions"]) == (
        "Internal server error",
        {"code": "INTERNAL_SERVER_ERROR", "requestId": request},
    )
    (record,) = [record for record in log.records if request in record.getMessage()]
    assert record.levelname == "ERROR"
    assert record.exc_info is not None
    assert cause in str(record.exc_info[1])


async def test_a_field_that_fails_spoils_its_event_alone(
    *, api: Api, hand: Hand, sql: asyncpg.Connection, alice: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    held = await hand.claim(generation)
    async with api.socket(alice) as socket:
        await sql.execute("REVOKE SELECT ON stories FROM storycast_api")
        await socket.subscribe("1", WITH_STORY, id=generation)
        spoiled = await socket.receive()
        assert (spoiled["type"], spoiled["payload"]["data"]) == ("next", None)
        (error,) = spoiled["payload"]["errors"]
        assert error["path"] == ["storyGenerationProgress", "story"]
        assert_masked(error, caplog, "permission denied for table stories")

        await sql.execute("GRANT SELECT ON stories TO storycast_api")
        await hand.progress(held, 5)
        told = {"revision": 3, "story": {"title": "A story"}}
        assert await socket.next("1") == {"storyGenerationProgress": told}


@pytest.mark.parametrize(
    ("query", "table"),
    [(PROGRESS, "story_generations"), (EVENTS, "story_generations"), (EVENTS, "generation_logs")],
)
async def test_a_stream_that_cannot_begin_is_an_error_of_its_operation_alone(
    *,
    api: Api,
    sql: asyncpg.Connection,
    alice: UUID,
    caplog: pytest.LogCaptureFixture,
    query: str,
    table: str,
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    async with api.socket(alice) as socket:
        await sql.execute(f"REVOKE SELECT ON {table} FROM storycast_api")
        variables = {"id": generation} if query == PROGRESS else {}
        await socket.subscribe("1", query, **variables)
        failed = await socket.receive()
        assert (failed["type"], failed["id"]) == ("error", "1")
        (error,) = failed["payload"]
        assert_masked(error, caplog, f"permission denied for table {table}")
        await socket.subscribe("1", "{ viewer { id } }")
        assert await socket.until_complete("1") == [{"viewer": {"id": str(alice)}}]
