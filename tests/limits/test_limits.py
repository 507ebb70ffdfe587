"""So many initiations a minute, and so many unfinished generations at once, for each user."""

from __future__ import annotations

import asyncio
import time
from itertools import cycle
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.settings import Settings
from db.quotas import enroll
from tests.callers import Api, serving
from tests.conftest import adjust
from tests.limits.asking import BOTH, INITIATE, Answer, Ask

CANCEL = "mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }"
FINISH_ALL = "UPDATE story_generations SET status = 'failed'"
PATH = "/api/story-generations"


def by_default(settings: Settings) -> Settings:
    """The test's settings, with the limits of an installation that sets none."""
    told = settings.model_dump(exclude_unset=True)
    del told["initiations_per_minute"], told["unfinished_generations"]
    return Settings(**told)


async def pass_time(sql: asyncpg.Connection, seconds: float) -> None:
    """Let the quotas believe that so much time went by."""
    await sql.execute(
        "UPDATE initiation_quotas SET refilled_at = refilled_at - make_interval(secs => $1)", seconds
    )


async def count(sql: asyncpg.Connection) -> int:
    counted: int = await sql.fetchval("SELECT count(*) FROM story_generations")
    return counted


async def test_five_unfinished_generations_are_admitted_by_default(
    settings: Settings, alice: UUID, sql: asyncpg.Connection, ask: Ask
) -> None:
    async with serving(by_default(settings)) as api:
        story = await api.add_story(alice)
        begun = [await ask(api, alice, story) for _ in range(5)]
        assert all(answer.generation for answer in begun)
        quotas = await sql.fetch("TABLE initiation_quotas")
        assert await ask(api, alice, story) == Answer(refusal="RATE_LIMITED", retry_after=10)
        assert await count(sql) == 5
        assert await sql.fetch("TABLE initiation_quotas") == quotas
        last = begun[-1].generation
        assert last
        await api.data(alice, CANCEL, id=last[0])
        assert (await ask(api, alice, story)).generation
        assert (await ask(api, alice, story)).refusal == "RATE_LIMITED"


async def test_twenty_initiations_a_minute_are_admitted_by_default(
    settings: Settings, alice: UUID, sql: asyncpg.Connection, ask: Ask
) -> None:
    async with serving(by_default(settings)) as api:
        story = await api.add_story(alice)
        for _ in range(20):
            assert (await ask(api, alice, story)).generation
            await sql.execute(FINISH_ALL)
            # As if all twenty came in the same moment, however long they take here.
            await sql.execute(
                "UPDATE initiation_quotas SET refilled_at = clock_timestamp() + interval '1 day'"
            )
        await sql.execute("UPDATE initiation_quotas SET refilled_at = clock_timestamp()")
        assert await ask(api, alice, story) == Answer(refusal="RATE_LIMITED", retry_after=3)
        assert await count(sql) == 20


async def test_a_refusal_is_told_in_the_contracts_words(serve_with: Any, alice: UUID) -> None:
    async with serve_with(initiations_per_minute=1) as api:
        story = await api.add_story(alice)
        await api.initiate(alice, story)
        response = await api.request("POST", PATH, alice, json={"story_id": story})
        assert (response.status_code, response.json()) == (429, {"error": "Too many requests"})
        assert 55 <= int(response.headers["retry-after"]) <= 60
        answered = await api.data(alice, INITIATE, input={"storyId": story})
        seconds = answered["initiateStoryGeneration"]["retryAfterSeconds"]
        assert answered["initiateStoryGeneration"] == {
            "__typename": "RateLimitedError",
            "code": "RATE_LIMITED",
            "message": f"At most 1 initiations a minute: try again in {seconds} s",
            "retryAfterSeconds": seconds,
        }
        assert 55 <= seconds <= 60


async def test_after_the_seconds_told_there_is_room_for_one_and_not_before(
    serve_with: Any, alice: UUID, sql: asyncpg.Connection, ask: Ask
) -> None:
    async with serve_with(initiations_per_minute=2) as api:
        story = await api.add_story(alice)
        await ask(api, alice, story)
        await ask(api, alice, story)
        refused = await ask(api, alice, story)
        assert refused.retry_after
        assert 25 <= refused.retry_after <= 30
        await pass_time(sql, refused.retry_after - 10)
        early = await ask(api, alice, story)
        assert early.retry_after
        assert 1 <= early.retry_after <= 10
        await pass_time(sql, early.retry_after)
        assert (await ask(api, alice, story)).generation
        assert (await ask(api, alice, story)).refusal == "RATE_LIMITED"


async def test_a_long_rest_refills_no_further_than_the_limit(
    serve_with: Any, alice: UUID, sql: asyncpg.Connection, ask: Ask
) -> None:
    async with serve_with(initiations_per_minute=3) as api:
        story = await api.add_story(alice)
        await ask(api, alice, story)
        await pass_time(sql, 86_400)
        answers = [await ask(api, alice, story) for _ in range(4)]
        assert [bool(answer.generation) for answer in answers] == [True, True, True, False]


async def test_a_clock_that_was_set_back_takes_nothing_away(
    serve_with: Any, alice: UUID, sql: asyncpg.Connection, ask: Ask
) -> None:
    async with serve_with(initiations_per_minute=3) as api:
        story = await api.add_story(alice)
        await ask(api, alice, story)
        await pass_time(sql, -86_400)
        answers = [await ask(api, alice, story) for _ in range(3)]
        assert [bool(answer.generation) for answer in answers] == [True, True, False]


async def test_a_lowered_limit_holds_for_those_who_saved_up(
    serve_with: Any, alice: UUID, sql: asyncpg.Connection, ask: Ask
) -> None:
    async with serve_with(initiations_per_minute=100) as api:
        story = await api.add_story(alice)
        await ask(api, alice, story)
    async with serve_with(initiations_per_minute=2) as api:
        answers = [await ask(api, alice, story) for _ in range(3)]
    assert [bool(answer.generation) for answer in answers] == [True, True, False]


async def test_what_is_refused_for_another_reason_spends_nothing(
    api: Api, alice: UUID, bob: UUID, sql: asyncpg.Connection, ask: Ask
) -> None:
    own, used, bobs = [await api.add_story(user) for user in (alice, alice, bob)]
    await ask(api, alice, used, "used")
    before = await sql.fetch("TABLE initiation_quotas")
    refused = [await ask(api, alice, story, key) for story, key in ((bobs, None), (own, ""), (own, "used"))]
    assert [answer.refusal for answer in refused] == [
        "STORY_NOT_FOUND",
        "VALIDATION_ERROR",
        "IDEMPOTENCY_CONFLICT",
    ]
    assert await sql.fetch("TABLE initiation_quotas") == before
    assert await count(sql) == 1


async def test_who_was_only_enrolled_has_the_whole_limit(serve_with: Any, alice: UUID, ask: Ask) -> None:
    async with serve_with(initiations_per_minute=2) as api:
        async with api.services.database.write(alice) as session:
            assert await enroll(session)
        async with api.services.database.write(alice) as session:
            assert not await enroll(session)
        story = await api.add_story(alice)
        answers = [await ask(api, alice, story) for _ in range(3)]
    assert [bool(answer.generation) for answer in answers] == [True, True, False]


async def test_users_have_limits_of_their_own(serve_with: Any, alice: UUID, bob: UUID, ask: Ask) -> None:
    async with serve_with(initiations_per_minute=1, unfinished_generations=1) as api:
        for user in (alice, bob):
            story = await api.add_story(user)
            assert (await ask(api, user, story)).generation
            assert (await ask(api, user, story)).refusal == "RATE_LIMITED"


@pytest.mark.parametrize(
    "limit", ["initiations_per_minute", "unfinished_generations"], ids=["a minute", "unfinished"]
)
async def test_a_burst_over_two_apis_is_admitted_up_to_the_limit_exactly(
    settings: Settings, alice: UUID, sql: asyncpg.Connection, limit: str
) -> None:
    told = adjust(settings, **{limit: 7})
    async with serving(told) as one, serving(told) as other:
        story = await one.add_story(alice)
        started = time.monotonic()
        ways = cycle([(one, BOTH["REST"]), (other, BOTH["GraphQL"]), (other, BOTH["REST"])])
        asked = [ask(served, alice, story) for _, (served, ask) in zip(range(40), ways, strict=False)]
        answers = await asyncio.gather(*asked)
        took = time.monotonic() - started
    admitted = sum(1 for answer in answers if answer.generation)
    refilled = int(took * 7 / 60) if limit == "initiations_per_minute" else 0
    assert 7 <= admitted <= 7 + refilled
    assert [answer.refusal for answer in answers if not answer.generation] == ["RATE_LIMITED"] * (
        40 - admitted
    )
    assert await count(sql) == admitted
