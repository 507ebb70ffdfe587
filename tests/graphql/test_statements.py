"""What a document costs in SQL: the same for one row as for fifty, and nothing for what was not asked."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from core.identity import Identity
from db.models import LogEntry
from schema.context import Context
from tests.callers import Api
from tests.graphql.rows import Rows
from tests.graphql.statements import recording

# The statements each document takes, whatever the number of rows.
COSTS = [
    ("{ storyGenerations(pageSize: 100) { items { id story { id title } } } }", 2),
    ("{ storyGenerations(pageSize: 100) { items { story { content } } } }", 3),
    ("{ storyGenerations(pageSize: 100) { items { log { event } } } }", 2),
    ("{ storyGenerations(pageSize: 100) { items { id } meta { total } } }", 1),
    ("{ storyGenerationsConnection(first: 100) { edges { node { story { title } log { event } } } } }", 3),
    ("{ stories(pageSize: 100) { items { id title content } } }", 2),
    ("{ stories(pageSize: 100) { items { generations { items { id } } } } }", 2),
    ("{ stories(pageSize: 100) { items { generations { items { id } meta { total } } } } }", 3),
    (
        """{ stories(pageSize: 100) { items { generations { items { story { id } log { event } } } }
            meta { total } } }""",
        5,
    ),
    (
        """{ stories(pageSize: 100) { items {
            all: generations { items { id } }
            newest: generations(pageSize: 1) { items { id } }
            failed: generations(status: FAILED) { items { id } meta { total } }
            again: generations(status: FAILED) { items { id } meta { total } } } } }""",
        5,
    ),
    ("{ viewer { id } voices { id } }", 0),
]


@pytest.mark.parametrize(("document", "cost"), COSTS)
@pytest.mark.parametrize("number", [1, 50])
async def test_a_document_takes_as_many_statements_for_fifty_rows_as_for_one(
    shared: Api, alice: UUID, rows: Rows, *, document: str, cost: int, number: int
) -> None:
    for story in await rows.stories(alice, number):
        await rows.generations(alice, story, 2 if number == 1 else 1, "failed")
    with recording(shared) as recorder:
        await shared.data(alice, document)
    assert len(recorder) == cost, recorder.statements


@pytest.mark.parametrize("listed", ["stories", "storyGenerations"])
async def test_nothing_is_counted_where_no_total_is_asked_for(
    shared: Api, alice: UUID, rows: Rows, listed: str
) -> None:
    (story,) = await rows.stories(alice)
    await rows.generations(alice, story)
    with recording(shared) as recorder:
        await shared.data(alice, "{ %s { items { id } meta { page pageSize } } }" % listed)  # noqa: UP031 - braces
    assert (len(recorder), recorder.counting()) == (1, [])
    with recording(shared) as recorder:
        await shared.data(alice, "{ %s { meta { total } } }" % listed)  # noqa: UP031 - braces
    assert len(recorder.counting()) == 1


@pytest.mark.parametrize(
    "document",
    [
        "{ stories { items { id title createdAt } } }",
        "{ storyGenerations { items { id status story { title } } } }",
        "{ storyGenerationsConnection { edges { node { id status } } } }",
        "{ stories { items { generations { items { id status } } } } }",
    ],
)
async def test_lists_leave_long_texts_in_the_database_unless_they_are_asked_for(
    shared: Api, alice: UUID, rows: Rows, document: str
) -> None:
    (story,) = await rows.stories(alice)
    await rows.generations(alice, story)
    with recording(shared) as recorder:
        await shared.data(alice, document)
    assert recorder.statements
    for statement in recorder.statements:
        # Of a query within, only what the outer one names leaves the database.
        columns = statement.partition(" \nFROM ")[0]
        assert not {"stories.content", "story_generations.text", "anon_1.text"} & set(
            columns.replace(",", "").split()
        )


async def test_no_operation_but_an_initiation_touches_the_text_to_narrate(
    shared: Api, alice: UUID, rows: Rows
) -> None:
    story = await shared.add_story(alice)
    generation = await shared.initiate(alice, story)
    with recording(shared) as recorder:
        await shared.data(alice, "query ($id: UUID!) { storyGeneration(id: $id) { id } }", id=generation)
        cancel = "mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }"
        await shared.data(alice, cancel, id=generation)
        delete = "mutation ($id: UUID!) { deleteStoryGeneration(id: $id) { __typename } }"
        await shared.data(alice, delete, id=generation)
    assert recorder.holding("story_generations.text") == []


async def test_each_nested_list_holds_its_own_rows(shared: Api, alice: UUID, rows: Rows) -> None:
    stories = await rows.stories(alice, 3)
    failed = {story: await rows.generations(alice, story, 3, "failed") for story in stories}
    newest = {story: await rows.generations(alice, story, 1, "succeeded") for story in stories[:2]}
    document = """{ stories { items {
        id
        content
        all: generations(pageSize: 2) { items { id storyId story { id } log { event } } meta { total } }
        second: generations(pageSize: 2, page: 2) { items { id } }
        failed: generations(status: FAILED) { items { id } meta { total } }
        pending: generations(status: PENDING) { items { id } meta { total } } } } }"""
    answered = await shared.data(alice, document)
    assert answered["stories"]["items"] == [
        {
            "id": story,
            "content": "Once.",
            "all": {
                "items": [
                    {"id": each, "storyId": story, "story": {"id": story}, "log": [{"event": "created"}]}
                    for each in everything[:2]
                ],
                "meta": {"total": len(everything)},
            },
            "second": {"items": [{"id": each} for each in everything[2:]]},
            "failed": {"items": [{"id": each} for each in failed[story]], "meta": {"total": 3}},
            "pending": {"items": [], "meta": {"total": 0}},
        }
        for story in stories
        for everything in [newest.get(story, []) + failed[story]]
    ]


async def test_more_rows_than_one_statement_takes_are_looked_up(shared: Api, alice: UUID) -> None:
    context = Context(shared.services, "-", Identity(alice, datetime.max.replace(tzinfo=UTC)))
    empty: list[LogEntry] = []
    assert await context.logs.load_many([uuid4() for _ in range(33_000)]) == [empty] * 33_000
