"""An idempotency key makes asking twice harmless, over both APIs and in one namespace."""

from __future__ import annotations

import asyncio
import json
from itertools import cycle
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.callers import Api
from tests.limits.asking import BOTH, INITIATE, Answer, Ask, ask_graphql, ask_rest

CANCEL = "mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }"


async def count(sql: asyncpg.Connection) -> int:
    """How many generations there are."""
    counted: int = await sql.fetchval("SELECT count(*) FROM story_generations")
    return counted


async def tokens_spent(sql: asyncpg.Connection, user: UUID, capacity: int = 1000) -> int:
    """How many initiations a user who never asked before was charged for."""
    left: float = await sql.fetchval("SELECT tokens FROM initiation_quotas WHERE user_id = $1", user)
    return round(capacity - left)


@pytest.mark.parametrize("other_ask", BOTH.values(), ids=BOTH)
async def test_the_same_key_leads_to_the_same_generation_whichever_api_it_comes_by(
    api: Api, alice: UUID, sql: asyncpg.Connection, ask: Ask, other_ask: Ask
) -> None:
    story = await api.add_story(alice)
    begun = await ask(api, alice, story, "a key")
    assert begun.generation
    assert begun.generation[1:] == ("pending", 0)
    assert await other_ask(api, alice, story, "a key") == begun
    assert await count(sql) == 1


async def test_a_key_is_answered_with_the_present_state(
    api: Api, alice: UUID, story: str, sql: asyncpg.Connection, ask: Ask
) -> None:
    begun = await ask(api, alice, story, "a key")
    assert begun.generation
    for status, progress in (("in_progress", 42), ("succeeded", 100), ("failed", 100)):
        await sql.execute("UPDATE story_generations SET status = $1, progress = $2", status, progress)
        assert await ask(api, alice, story, "a key") == Answer((begun.generation[0], status, progress))
    assert await count(sql) == 1


async def test_a_used_key_is_answered_before_any_limit_and_spends_nothing(
    serve_with: Any, alice: UUID, sql: asyncpg.Connection, ask: Ask
) -> None:
    async with serve_with(initiations_per_minute=1, unfinished_generations=1) as api:
        story = await api.add_story(alice)
        begun = await ask(api, alice, story, "a key")
        before = await sql.fetch("TABLE initiation_quotas")
        assert (await ask(api, alice, story, "another key")).refusal == "RATE_LIMITED"
        assert await ask(api, alice, story, "a key") == begun
        assert await sql.fetch("TABLE initiation_quotas") == before


async def test_a_used_key_is_answered_though_its_story_is_gone_by_then(
    api: Api, alice: UUID, story: str, sql: asyncpg.Connection, ask: Ask
) -> None:
    await ask(api, alice, story, "a key")
    other = await api.add_story(alice)
    await sql.execute("UPDATE story_generations SET story_id = $1", UUID(other))
    await sql.execute("DELETE FROM stories WHERE id = $1", UUID(story))
    answer = await ask(api, alice, story, "a key")
    assert answer.generation


@pytest.mark.parametrize("other_ask", BOTH.values(), ids=BOTH)
async def test_a_used_key_with_another_story_conflicts(
    api: Api, alice: UUID, sql: asyncpg.Connection, ask: Ask, other_ask: Ask
) -> None:
    await other_ask(api, alice, await api.add_story(alice), "a key")
    other = await api.add_story(alice)
    assert await ask(api, alice, other, "a key") == Answer(refusal="IDEMPOTENCY_CONFLICT")
    assert await ask(api, alice, str(alice), "a key") == Answer(refusal="IDEMPOTENCY_CONFLICT")
    assert await count(sql) == 1


async def test_a_conflict_is_told_in_the_contracts_words(api: Api, alice: UUID, story: str) -> None:
    other = await api.add_story(alice)
    await ask_rest(api, alice, story, "a key")
    headers = {"Idempotency-Key": "a key"}
    response = await api.request(
        "POST", "/api/story-generations", alice, json={"story_id": other}, headers=headers
    )
    message = "Idempotency key reused with a different request"
    assert (response.status_code, response.json()) == (422, {"error": message})
    answered = await api.data(alice, INITIATE, input={"storyId": other, "idempotencyKey": "a key"})
    assert answered["initiateStoryGeneration"] == {
        "__typename": "IdempotencyConflictError",
        "code": "IDEMPOTENCY_CONFLICT",
        "message": message,
    }


async def test_a_used_key_with_another_voice_conflicts(api: Api, alice: UUID, story: str) -> None:
    await ask_graphql(api, alice, story, "a key")
    voices = await api.data(alice, "{ voices { id } }")
    named = {"storyId": story, "voice": voices["voices"][0]["id"], "idempotencyKey": "a key"}
    answered = await api.data(alice, INITIATE, input=named)
    assert answered["initiateStoryGeneration"]["__typename"] == "IdempotencyConflictError"


async def test_another_users_same_key_is_another_key(
    api: Api, alice: UUID, bob: UUID, story: str, ask: Ask
) -> None:
    bobs = await api.add_story(bob)
    mine = await ask(api, alice, story, "a key")
    theirs = await ask(api, bob, bobs, "a key")
    assert mine.generation
    assert theirs.generation
    assert mine.generation[0] != theirs.generation[0]


async def test_without_a_key_each_request_starts_a_generation(
    api: Api, alice: UUID, story: str, sql: asyncpg.Connection, ask: Ask
) -> None:
    await ask(api, alice, story)
    await ask(api, alice, story)
    assert await count(sql) == 2


async def test_a_refused_request_does_not_use_up_its_key(
    serve_with: Any, alice: UUID, sql: asyncpg.Connection, ask: Ask
) -> None:
    async with serve_with(unfinished_generations=1) as api:
        story = await api.add_story(alice)
        begun = await ask(api, alice, story)
        assert begun.generation
        assert (await ask(api, alice, story, "a key")).refusal == "RATE_LIMITED"
        await api.data(alice, CANCEL, id=begun.generation[0])
        later = await ask(api, alice, story, "a key")
        assert later.generation
        assert later.generation[1] == "pending"
    assert await count(sql) == 2


async def test_a_deleted_generation_frees_its_key(
    api: Api, alice: UUID, story: str, sql: asyncpg.Connection, ask: Ask
) -> None:
    first = await ask(api, alice, story, "a key")
    assert first.generation
    await api.data(alice, CANCEL, id=first.generation[0])
    await api.request("DELETE", f"/api/story-generations/{first.generation[0]}", alice)
    second = await ask(api, alice, story, "a key")
    assert second.generation
    assert second.generation[0] != first.generation[0]


async def test_fifty_requests_at_once_with_one_key_over_two_apis_make_one_generation(
    api: Api, other_api: Api, alice: UUID, story: str, sql: asyncpg.Connection
) -> None:
    ways = cycle([(api, ask_rest), (other_api, ask_graphql), (other_api, ask_rest), (api, ask_graphql)])
    asked = [ask(served, alice, story, "a key") for _, (served, ask) in zip(range(50), ways, strict=False)]
    answers = await asyncio.gather(*asked)
    assert len(set(answers)) == 1
    assert answers[0].generation
    assert await count(sql) == 1
    assert await tokens_spent(sql, alice) == 1


async def test_a_key_of_any_letters_is_the_same_over_both_apis(
    api: Api, alice: UUID, story: str, subtests: pytest.Subtests
) -> None:
    for key, sent in [
        ("k", b"k"),
        ("k" * 255, b"k" * 255),
        ('"quoted; a=b", c', b'"quoted; a=b", c'),
        ("clé", "clé".encode()),
        ("schlüssel", "schlüssel".encode("latin-1")),
        ("ключ 🔑", "ключ 🔑".encode()),
    ]:
        with subtests.test(key=key[:20]):
            begun = await ask_graphql(api, alice, story, key)
            assert begun.generation
            assert await ask_rest(api, alice, story, sent) == begun


async def test_a_key_that_cannot_be_kept_does_not_validate(
    api: Api, alice: UUID, story: str, sql: asyncpg.Connection, subtests: pytest.Subtests
) -> None:
    for key, message in [
        ("", "Must be 1 to 255 characters long, and is 0"),
        ("k" * 256, "Must be 1 to 255 characters long, and is 256"),
    ]:
        with subtests.test(key=key[:5]):
            headers = {"Idempotency-Key": key}
            response = await api.request(
                "POST", "/api/story-generations", alice, json={"story_id": story}, headers=headers
            )
            detail = {"path": ["Idempotency-Key"], "message": message, "code": "value_error"}
            assert response.json() == {"error": "Validation error", "details": [detail]}
            assert response.status_code == 400
    for key, message in [
        ("", "Must be 1 to 255 characters long, and is 0"),
        ("k" * 256, "Must be 1 to 255 characters long, and is 256"),
        ("a\x00b", "Character 2 is U+0000, which cannot be stored"),
        ("\ud800", "Character 1 is U+D800, which cannot be stored"),
    ]:
        with subtests.test(key=ascii(key)[:12]):
            # Escaped, as a lone surrogate cannot be sent otherwise.
            body = json.dumps(
                {"query": INITIATE, "variables": {"input": {"storyId": story, "idempotencyKey": key}}}
            )
            headers = {"Content-Type": "application/json"}
            response = await api.request("POST", "/graphql", alice, content=body, headers=headers)
            result = response.json()["data"]["initiateStoryGeneration"]
            assert result["__typename"] == "ValidationError"
            assert result["fields"] == [{"path": ["idempotencyKey"], "message": message}]
    assert await count(sql) == 0
