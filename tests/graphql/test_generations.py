"""Starting, reading, canceling and deleting generations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.callers import Api
from tests.graphql.rows import Rows

ALL = """fragment All on StoryGeneration {
    id storyId story { id } status progress revision resultUrl captionsUrl durationSeconds
    voice { id name language } error { code message } attempts startedAt finishedAt
    log { event detail } }"""

INITIATE = """mutation ($input: InitiateStoryGenerationInput!) { initiateStoryGeneration(input: $input) {
    __typename
    ... on InitiateStoryGenerationSuccess { generation { ...All } }
    ... on Error { code message }
    ... on RateLimitedError { retryAfterSeconds }
    ... on ValidationError { fields { path message } } } }"""

CANCEL = """mutation ($id: UUID!) { cancelStoryGeneration(id: $id) {
    __typename
    ... on CancelStoryGenerationSuccess { generation { ...All } }
    ... on Error { code message } } }"""

DELETE = """mutation ($id: UUID!) { deleteStoryGeneration(id: $id) {
    __typename ... on DeleteStoryGenerationSuccess { id } ... on Error { code message } } }"""

FIND = "query ($id: UUID!) { storyGeneration(id: $id) { ...All } }"

HEART = {"id": "heart", "name": "Heart", "language": "en-US"}
NOT_FOUND = {
    "__typename": "GenerationNotFoundError",
    "code": "GENERATION_NOT_FOUND",
    "message": "Generation not found",
}


async def initiate(api: Api, user: UUID, story: str, **more: Any) -> Any:
    answered = await api.data(user, INITIATE + ALL, input={"storyId": story, **more})
    return answered["initiateStoryGeneration"]


async def find(api: Api, user: UUID, generation: str) -> Any:
    return (await api.data(user, FIND + ALL, id=generation))["storyGeneration"]


async def count(api: Api, user: UUID) -> int:
    answered = await api.data(user, "{ storyGenerations { meta { total } } }")
    total: int = answered["storyGenerations"]["meta"]["total"]
    return total


async def test_an_initiation_answers_with_a_pending_generation(shared: Api, alice: UUID) -> None:
    story = await shared.add_story(alice)
    initiated = await initiate(shared, alice, story)
    assert initiated["__typename"] == "InitiateStoryGenerationSuccess"
    generation = initiated["generation"]
    assert generation == {
        "id": generation["id"],
        "storyId": story,
        "story": {"id": story},
        "status": "PENDING",
        "progress": 0,
        "revision": 1,
        "resultUrl": None,
        "captionsUrl": None,
        "durationSeconds": None,
        "voice": HEART,
        "error": None,
        "attempts": 0,
        "startedAt": None,
        "finishedAt": None,
        "log": [{"event": "created", "detail": None}],
    }
    assert await find(shared, alice, generation["id"]) == generation


async def test_a_story_that_is_not_there_is_not_narrated(shared: Api, alice: UUID) -> None:
    refused = await initiate(shared, alice, str(uuid4()))
    assert refused == {
        "__typename": "StoryNotFoundError",
        "code": "STORY_NOT_FOUND",
        "message": "Story not found",
    }


@pytest.mark.parametrize("voice", [{}, {"voice": None}, {"voice": "heart"}])
async def test_the_voice_is_the_default_one_where_none_is_named(
    shared: Api, alice: UUID, voice: dict[str, Any]
) -> None:
    initiated = await initiate(shared, alice, await shared.add_story(alice), **voice)
    assert initiated["generation"]["voice"] == HEART


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("voice", "nobody", "There is no voice 'nobody'; voices lists those there are"),
        ("voice", "", "There is no voice ''; voices lists those there are"),
        ("voice", 7, "There is no voice '7'; voices lists those there are"),
        ("voice", "\x00\ud800", "There is no voice '\\x00\\ud800'; voices lists those there are"),
        ("idempotencyKey", "", "Must be 1 to 255 characters long, and is 0"),
        ("idempotencyKey", "k" * 256, "Must be 1 to 255 characters long, and is 256"),
        ("idempotencyKey", "k\x00", "Character 2 is U+0000, which cannot be stored"),
        ("idempotencyKey", "\ud800", "Character 1 is U+D800, which cannot be stored"),
    ],
)
async def test_an_initiation_that_cannot_be_is_refused_by_the_name_of_its_field(
    shared: Api, alice: UUID, field: str, value: str | int, message: str
) -> None:
    refused = await initiate(shared, alice, await shared.add_story(alice), **{field: value})
    assert refused == {
        "__typename": "ValidationError",
        "code": "VALIDATION_ERROR",
        "message": f"{field}: {message}",
        "fields": [{"path": [field], "message": message}],
    }
    assert await count(shared, alice) == 0


@pytest.mark.parametrize("key", ["k", "🔑" * 255])
async def test_the_same_key_and_input_answer_with_the_same_generation(
    shared: Api, alice: UUID, key: str
) -> None:
    story = await shared.add_story(alice)
    first = await initiate(shared, alice, story, idempotencyKey=key)
    assert await initiate(shared, alice, story, idempotencyKey=key, voice=None) == first
    assert await count(shared, alice) == 1


@pytest.mark.parametrize("change", ["another story", "another voice"])
async def test_the_same_key_with_another_input_is_a_conflict(shared: Api, alice: UUID, change: str) -> None:
    story, other = await shared.add_story(alice), await shared.add_story(alice)
    await initiate(shared, alice, story, idempotencyKey="k")
    changed = {"story": other} if change == "another story" else {"story": story, "voice": "heart"}
    refused = await initiate(shared, alice, idempotencyKey="k", **changed)
    assert refused == {
        "__typename": "IdempotencyConflictError",
        "code": "IDEMPOTENCY_CONFLICT",
        "message": "Idempotency key reused with a different request",
    }
    assert await count(shared, alice) == 1


@pytest.mark.parametrize(
    ("limits", "message", "seconds"),
    [
        ({"initiations_per_minute": 1}, "At most 1 initiations a minute: try again in 60 s", 60),
        (
            {"unfinished_generations": 1},
            "At most 1 unfinished generations at once: wait for one to end, or cancel one",
            10,
        ),
    ],
)
async def test_beyond_a_limit_an_initiation_is_told_when_to_try_again(
    serve_with: Callable[..., Any], alice: UUID, limits: dict[str, int], message: str, seconds: int
) -> None:
    async with serve_with(**limits) as api:
        story = await api.add_story(alice)
        await initiate(api, alice, story)
        assert await initiate(api, alice, story) == {
            "__typename": "RateLimitedError",
            "code": "RATE_LIMITED",
            "message": message,
            "retryAfterSeconds": seconds,
        }
        assert await count(api, alice) == 1


@pytest.mark.parametrize(("status", "revision"), [("pending", 1), ("in_progress", 7)])
async def test_an_unfinished_generation_can_be_canceled(
    shared: Api, alice: UUID, rows: Rows, status: str, revision: int
) -> None:
    (story,) = await rows.stories(alice)
    (generation,) = await rows.generations(alice, story, 1, status, revision=revision, progress=30)
    canceled = (await shared.data(alice, CANCEL + ALL, id=generation))["cancelStoryGeneration"]
    assert canceled["__typename"] == "CancelStoryGenerationSuccess"
    told = canceled["generation"]
    assert (told["status"], told["progress"], told["revision"]) == ("FAILED", 30, revision + 1)
    assert told["error"] == {"code": "CANCELED", "message": "Canceled by its owner"}
    assert told["finishedAt"]
    assert [entry["event"] for entry in told["log"]] == ["created", "canceled"]
    assert await find(shared, alice, generation) == told


@pytest.mark.parametrize("status", ["succeeded", "failed"])
async def test_a_finished_generation_cannot_be_canceled(
    shared: Api, alice: UUID, rows: Rows, status: str
) -> None:
    (story,) = await rows.stories(alice)
    (generation,) = await rows.generations(alice, story, 1, status)
    before = await find(shared, alice, generation)
    refused = (await shared.data(alice, CANCEL + ALL, id=generation))["cancelStoryGeneration"]
    assert (refused["__typename"], refused["code"]) == ("GenerationFinishedError", "GENERATION_FINISHED")
    assert await find(shared, alice, generation) == before


@pytest.mark.parametrize("status", ["succeeded", "failed"])
async def test_a_finished_generation_can_be_deleted_once(
    shared: Api, alice: UUID, rows: Rows, status: str
) -> None:
    (story,) = await rows.stories(alice)
    other, generation = await rows.generations(alice, story, 2, status)
    deleted = await shared.data(alice, DELETE, id=generation)
    assert deleted == {
        "deleteStoryGeneration": {"__typename": "DeleteStoryGenerationSuccess", "id": generation}
    }
    assert await find(shared, alice, generation) is None
    assert (await find(shared, alice, other))["id"] == other
    assert await shared.data(alice, DELETE, id=generation) == {"deleteStoryGeneration": NOT_FOUND}


@pytest.mark.parametrize("status", ["pending", "in_progress"])
async def test_an_unfinished_generation_cannot_be_deleted(
    shared: Api, alice: UUID, rows: Rows, status: str
) -> None:
    (story,) = await rows.stories(alice)
    (generation,) = await rows.generations(alice, story, 1, status)
    refused = (await shared.data(alice, DELETE, id=generation))["deleteStoryGeneration"]
    assert refused == {
        "__typename": "GenerationInProgressError",
        "code": "GENERATION_IN_PROGRESS",
        "message": "Cannot delete in-progress generation",
    }
    assert (await find(shared, alice, generation))["id"] == generation


async def test_a_generation_that_is_not_there_is_null_and_can_be_neither_canceled_nor_deleted(
    shared: Api, alice: UUID
) -> None:
    nobody = str(uuid4())
    assert await find(shared, alice, nobody) is None
    assert await shared.data(alice, CANCEL + ALL, id=nobody) == {"cancelStoryGeneration": NOT_FOUND}
    assert await shared.data(alice, DELETE, id=nobody) == {"deleteStoryGeneration": NOT_FOUND}


async def test_what_an_earlier_attempt_failed_of_is_no_error_while_another_runs(
    shared: Api, alice: UUID, rows: Rows
) -> None:
    (story,) = await rows.stories(alice)
    (generation,) = await rows.generations(
        alice, story, 1, "in_progress", attempt=2, error_code="NARRATION_FAILED", error_message="Once"
    )
    found = await find(shared, alice, generation)
    assert (found["status"], found["attempts"], found["error"]) == ("IN_PROGRESS", 2, None)


async def test_a_voice_that_has_left_the_catalogue_is_still_named(
    shared: Api, alice: UUID, rows: Rows
) -> None:
    (story,) = await rows.stories(alice)
    (generation,) = await rows.generations(alice, story)
    await rows.sql.execute("UPDATE story_generations SET voice = 'gone' WHERE id = $1", UUID(generation))
    found = await find(shared, alice, generation)
    assert found["voice"] == {"id": "gone", "name": "gone", "language": ""}


async def test_the_viewer_is_who_signed_in_and_the_voices_are_listed(shared: Api, alice: UUID) -> None:
    answered = await shared.data(alice, "{ viewer { id } voices { id name language } }")
    assert answered == {"viewer": {"id": str(alice)}, "voices": [HEART]}
