"""Writing, reading, changing and deleting stories."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.callers import Api
from tests.graphql.rows import Rows

CREATE = """mutation ($input: CreateStoryInput!) { createStory(input: $input) {
    __typename
    ... on CreateStorySuccess { story { id title content createdAt updatedAt } }
    ... on Error { code message }
    ... on ValidationError { fields { path message } } } }"""

UPDATE = """mutation ($input: UpdateStoryInput!) { updateStory(input: $input) {
    __typename
    ... on UpdateStorySuccess { story { id title content createdAt updatedAt } }
    ... on Error { code message }
    ... on ValidationError { fields { path message } } } }"""

DELETE = """mutation ($id: UUID!) { deleteStory(id: $id) {
    __typename ... on DeleteStorySuccess { id } ... on Error { code message } } }"""

STORY = "query ($id: UUID!) { story(id: $id) { id title content createdAt updatedAt } }"

NOT_FOUND = {"__typename": "StoryNotFoundError", "code": "STORY_NOT_FOUND", "message": "Story not found"}


async def create(api: Api, user: UUID, title: str, content: str) -> Any:
    answered = await api.data(user, CREATE, input={"title": title, "content": content})
    return answered["createStory"]


async def update(api: Api, user: UUID, story: str, **changes: Any) -> Any:
    return (await api.data(user, UPDATE, input={"id": story, **changes}))["updateStory"]


async def find(api: Api, user: UUID, story: str) -> Any:
    return (await api.data(user, STORY, id=story))["story"]


async def test_a_story_reads_back_as_it_was_written(shared: Api, alice: UUID) -> None:
    created = await create(shared, alice, "Füchse 🦊", "One.\r\n\tTwo \u200b\u0001\uffff \U00010348.")
    assert created["__typename"] == "CreateStorySuccess"
    story = created["story"]
    assert (story["title"], story["content"]) == ("Füchse 🦊", "One.\r\n\tTwo \u200b\u0001\uffff \U00010348.")
    assert story["createdAt"] == story["updatedAt"]
    assert await find(shared, alice, story["id"]) == story


@pytest.mark.parametrize("length", [1, 200])
async def test_titles_have_1_to_200_characters_in_any_script(shared: Api, alice: UUID, length: int) -> None:
    created = await create(shared, alice, "🦊" * length, "c")
    assert (await find(shared, alice, created["story"]["id"]))["title"] == "🦊" * length


UNREADABLE = [
    ("title", "", "Must be 1 to 200 characters long, and is 0"),
    ("title", "a" * 201, "Must be 1 to 200 characters long, and is 201"),
    ("title", "a\x00b", "Character 2 is U+0000, which cannot be stored"),
    ("title", "ab\ud83d", "Character 3 is U+D83D, which cannot be stored"),
    ("title", "\udd8a", "Character 1 is U+DD8A, which cannot be stored"),
    ("content", "", "Must be 1 to 1,000,000 characters long, and is 0"),
    ("content", "a" * 1_000_001, "Must be 1 to 1,000,000 characters long, and is 1,000,001"),
    ("content", "a" * 5000 + "\x00", "Character 5,001 is U+0000, which cannot be stored"),
    ("content", "\ud800\ud800", "Character 1 is U+D800, which cannot be stored"),
]


@pytest.mark.parametrize(("field", "text", "message"), UNREADABLE)
async def test_what_cannot_be_a_story_is_refused_by_the_name_of_its_field(
    shared: Api, alice: UUID, field: str, text: str, message: str
) -> None:
    refused = {
        "__typename": "ValidationError",
        "code": "VALIDATION_ERROR",
        "message": f"{field}: {message}",
        "fields": [{"path": [field], "message": message}],
    }
    assert await create(shared, alice, **{"title": "t", "content": "c", field: text}) == refused
    story = await shared.add_story(alice)
    before = await find(shared, alice, story)
    assert await update(shared, alice, story, **{field: text}) == refused
    assert await find(shared, alice, story) == before
    answered = await shared.data(alice, "{ stories { meta { total } } }")
    assert answered == {"stories": {"meta": {"total": 1}}}


async def test_every_field_that_is_wrong_is_named(shared: Api, alice: UUID) -> None:
    refused = await create(shared, alice, "", "\x00")
    assert [field["path"] for field in refused["fields"]] == [["title"], ["content"]]


@pytest.mark.parametrize(
    ("changes", "title", "content"),
    [
        ({"title": "New"}, "New", "Old content."),
        ({"content": "New."}, "Old", "New."),
        ({"title": "New", "content": "New."}, "New", "New."),
        ({"title": None, "content": "New."}, "Old", "New."),
        ({"title": "New", "content": None}, "New", "Old content."),
    ],
)
async def test_an_update_changes_what_is_given_and_leaves_null_and_absent_fields(
    shared: Api, alice: UUID, changes: dict[str, Any], title: str, content: str
) -> None:
    story = await shared.add_story(alice, "Old content.", title="Old")
    other = await shared.add_story(alice, "Another.")
    before = [await find(shared, alice, each) for each in (story, other)]
    updated = await update(shared, alice, story, **changes)
    assert updated["__typename"] == "UpdateStorySuccess"
    assert (updated["story"]["title"], updated["story"]["content"]) == (title, content)
    assert updated["story"]["createdAt"] == before[0]["createdAt"]
    assert updated["story"]["updatedAt"] > before[0]["updatedAt"]
    assert await find(shared, alice, story) == updated["story"]
    assert await find(shared, alice, other) == before[1]


@pytest.mark.parametrize("changes", [{}, {"title": None}, {"title": None, "content": None}])
async def test_an_update_of_nothing_answers_with_the_story_untouched(
    shared: Api, alice: UUID, changes: dict[str, Any]
) -> None:
    story = await shared.add_story(alice)
    before = await find(shared, alice, story)
    assert (await update(shared, alice, story, **changes))["story"] == before


@pytest.mark.parametrize("changes", [{}, {"title": "Mine"}])
async def test_a_story_that_is_not_there_cannot_be_updated(
    shared: Api, alice: UUID, changes: dict[str, Any]
) -> None:
    assert await update(shared, alice, str(uuid4()), **changes) == NOT_FOUND


async def test_a_story_that_is_not_there_is_null(shared: Api, alice: UUID) -> None:
    assert await find(shared, alice, str(uuid4())) is None


async def test_a_story_goes_with_its_finished_generations(shared: Api, alice: UUID, rows: Rows) -> None:
    story, kept = await rows.stories(alice, 2)
    for status in ("succeeded", "failed"):
        await rows.generations(alice, story, 2, status)
    (left,) = await rows.generations(alice, kept)
    deleted = await shared.data(alice, DELETE, id=story)
    assert deleted == {"deleteStory": {"__typename": "DeleteStorySuccess", "id": story}}
    answered = await shared.data(alice, "{ stories { items { id } } storyGenerations { items { id } } }")
    assert answered == {"stories": {"items": [{"id": kept}]}, "storyGenerations": {"items": [{"id": left}]}}
    assert await shared.data(alice, DELETE, id=story) == {"deleteStory": NOT_FOUND}


@pytest.mark.parametrize("status", ["pending", "in_progress"])
async def test_a_story_with_an_unfinished_generation_stays(
    shared: Api, alice: UUID, rows: Rows, status: str
) -> None:
    (story,) = await rows.stories(alice)
    await rows.generations(alice, story, 1, status)
    await rows.generations(alice, story, 1, "succeeded")
    refused = (await shared.data(alice, DELETE, id=story))["deleteStory"]
    assert (refused["__typename"], refused["code"]) == ("StoryInUseError", "STORY_IN_USE")
    answered = await shared.data(
        alice, "query ($id: UUID!) { story(id: $id) { generations { meta { total } } } }", id=story
    )
    assert answered == {"story": {"generations": {"meta": {"total": 2}}}}
