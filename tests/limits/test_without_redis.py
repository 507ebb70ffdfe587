"""The limits, and what asking does, stand on PostgreSQL alone: Redis may be away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from core.settings import Settings
from tests.callers import Api, serving
from tests.conftest import adjust
from tests.limits.asking import Answer, Ask, ask_graphql, ask_rest
from tests.outages import Outages

CANCEL = "mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }"
DELETE_STORY = "mutation ($id: UUID!) { deleteStory(id: $id) { __typename } }"
MOST_SECONDS = 3.0


@pytest.fixture
async def api(settings: Settings, own_valkey: Outages) -> AsyncIterator[Api]:
    told = adjust(settings, redis_url=own_valkey.server.url(), unfinished_generations=5)
    async with serving(told) as served:
        yield served


@pytest.fixture(params=["killed", "frozen"])
async def story(request: pytest.FixtureRequest, api: Api, alice: UUID, own_valkey: Outages) -> str:
    """The id of a story of Alice's. Redis was there, and in use, and is not any more."""
    made = await api.add_story(alice)
    await ask_rest(api, alice, made, "before")
    if request.param == "killed":
        own_valkey.kill()
    else:
        own_valkey.freeze()
    return made


async def test_limits_and_keys_hold_and_every_answer_comes_soon(
    api: Api, alice: UUID, story: str, sql: asyncpg.Connection, ask: Ask
) -> None:
    started = time.monotonic()
    begun = await ask(api, alice, story, "a key")
    assert time.monotonic() - started < MOST_SECONDS
    assert begun.generation
    assert await ask(api, alice, story, "a key") == begun
    started = time.monotonic()
    answers = await asyncio.gather(*(ask(api, alice, story) for _ in range(20)))
    assert time.monotonic() - started < MOST_SECONDS
    refused = [answer for answer in answers if answer == Answer(refusal="RATE_LIMITED", retry_after=10)]
    assert len(refused) == 17
    assert await sql.fetchval("SELECT count(*) FROM story_generations") == 5


async def test_ending_and_deleting_are_answered_soon(api: Api, alice: UUID, story: str) -> None:
    begun = await asyncio.gather(*(ask_graphql(api, alice, story) for _ in range(3)))
    answers = [await ask_rest(api, alice, story, "before"), *begun]
    ids = [answer.generation[0] for answer in answers if answer.generation]
    started = time.monotonic()
    canceled = await asyncio.gather(*(api.data(alice, CANCEL, id=generation_id) for generation_id in ids))
    assert time.monotonic() - started < MOST_SECONDS
    assert canceled == [{"cancelStoryGeneration": {"__typename": "CancelStoryGenerationSuccess"}}] * 4
    started = time.monotonic()
    deleted = await api.data(alice, DELETE_STORY, id=story)
    assert time.monotonic() - started < MOST_SECONDS
    assert deleted == {"deleteStory": {"__typename": "DeleteStorySuccess"}}
