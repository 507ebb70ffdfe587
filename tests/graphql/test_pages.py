"""Which part of a list comes back: pages by number, cursors, and the filter by status."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.callers import Api
from tests.graphql.rows import Rows

STORIES = """query ($page: Int! = 1, $pageSize: Int! = 10) {
    stories(page: $page, pageSize: $pageSize) { items { id } meta { page pageSize total } } }"""

GENERATIONS = """query ($page: Int! = 1, $pageSize: Int! = 10, $status: GenerationStatus) {
    storyGenerations(page: $page, pageSize: $pageSize, status: $status) {
        items { id } meta { page pageSize total } } }"""

OF_STORY = """query ($id: UUID!, $page: Int! = 1, $pageSize: Int! = 10, $status: GenerationStatus) {
    story(id: $id) { generations(page: $page, pageSize: $pageSize, status: $status) {
        items { id } meta { page pageSize total } } } }"""

CONNECTION = """query ($first: Int! = 20, $after: String, $status: GenerationStatus) {
    storyGenerationsConnection(first: $first, after: $after, status: $status) {
        edges { cursor node { id } } pageInfo { hasPreviousPage startCursor hasNextPage endCursor } } }"""

STATUSES = ["pending", "in_progress", "succeeded", "failed"]

# The numbers of the items on a page, of 25 with the newest as 0.
PAGES = [
    ({}, range(10), (1, 10)),
    ({"page": 2}, range(10, 20), (2, 10)),
    ({"page": 3}, range(20, 25), (3, 10)),
    ({"page": 4}, range(0), (4, 10)),
    ({"page": 1_000_000, "pageSize": 100}, range(0), (1_000_000, 100)),
    ({"page": 25, "pageSize": 1}, range(24, 25), (25, 1)),
    ({"pageSize": 100}, range(25), (1, 100)),
]


def part(listed: Any) -> tuple[list[str], tuple[int, int], int]:
    """A page's ids, its number and size, and the total."""
    meta = listed["meta"]
    return [item["id"] for item in listed["items"]], (meta["page"], meta["pageSize"]), meta["total"]


def edges(connection: Any) -> list[str]:
    return [edge["node"]["id"] for edge in connection["edges"]]


async def slice_of(api: Api, user: UUID, **arguments: Any) -> Any:
    return (await api.data(user, CONNECTION, **arguments))["storyGenerationsConnection"]


@pytest.mark.parametrize(("arguments", "expected", "numbers"), PAGES)
async def test_pages_are_cut_from_the_newest_on(
    shared: Api,
    alice: UUID,
    rows: Rows,
    *,
    arguments: dict[str, int],
    expected: range,
    numbers: tuple[int, int],
) -> None:
    stories = await rows.stories(alice, 25)
    made = await rows.generations(alice, stories[3], 25)
    listed = await shared.data(alice, STORIES, **arguments)
    assert part(listed["stories"]) == ([stories[place] for place in expected], numbers, 25)
    listed = await shared.data(alice, GENERATIONS, **arguments)
    assert part(listed["storyGenerations"]) == ([made[place] for place in expected], numbers, 25)
    listed = await shared.data(alice, OF_STORY, id=stories[3], **arguments)
    assert part(listed["story"]["generations"]) == ([made[place] for place in expected], numbers, 25)


async def test_somebody_without_rows_gets_empty_lists(shared: Api, alice: UUID) -> None:
    assert part((await shared.data(alice, STORIES))["stories"]) == ([], (1, 10), 0)
    assert part((await shared.data(alice, GENERATIONS))["storyGenerations"]) == ([], (1, 10), 0)
    story = await shared.add_story(alice)
    assert part((await shared.data(alice, OF_STORY, id=story))["story"]["generations"]) == ([], (1, 10), 0)
    nowhere = {"hasPreviousPage": False, "startCursor": None, "hasNextPage": False, "endCursor": None}
    assert await slice_of(shared, alice) == {"edges": [], "pageInfo": nowhere}


@pytest.mark.parametrize("status", STATUSES)
async def test_the_status_chooses_in_every_list(shared: Api, alice: UUID, rows: Rows, status: str) -> None:
    (story,) = await rows.stories(alice)
    made = {each: await rows.generations(alice, story, 3, each) for each in STATUSES}
    chosen = {"status": status.upper()}
    listed = await shared.data(alice, GENERATIONS, pageSize=2, **chosen)
    assert part(listed["storyGenerations"]) == (made[status][:2], (1, 2), 3)
    listed = await shared.data(alice, OF_STORY, id=story, pageSize=2, page=2, **chosen)
    assert part(listed["story"]["generations"]) == (made[status][2:], (2, 2), 3)
    first = await slice_of(shared, alice, first=2, **chosen)
    assert (edges(first), first["pageInfo"]["hasNextPage"]) == (made[status][:2], True)
    rest = await slice_of(shared, alice, first=2, after=first["pageInfo"]["endCursor"], **chosen)
    assert (edges(rest), rest["pageInfo"]["hasNextPage"]) == (made[status][2:], False)


async def test_a_status_or_cursor_of_null_is_like_none(shared: Api, alice: UUID, rows: Rows) -> None:
    (story,) = await rows.stories(alice)
    made = await rows.generations(alice, story, 2)
    listed = await shared.data(alice, GENERATIONS, status=None)
    assert part(listed["storyGenerations"]) == (made, (1, 10), 2)
    assert edges(await slice_of(shared, alice, status=None, after=None)) == made


@pytest.mark.parametrize(("number", "more"), [(1, False), (2, False), (3, False), (4, True)])
async def test_a_connection_tells_whether_there_is_more_and_where_it_ended(
    shared: Api, alice: UUID, rows: Rows, number: int, more: bool
) -> None:
    (story,) = await rows.stories(alice)
    made = await rows.generations(alice, story, number)
    found = await slice_of(shared, alice, first=3)
    assert edges(found) == made[:3]
    cursors = [edge["cursor"] for edge in found["edges"]]
    ends = {"startCursor": cursors[0], "endCursor": cursors[-1]}
    assert found["pageInfo"] == {"hasPreviousPage": False, "hasNextPage": more, **ends}
    rest = await slice_of(shared, alice, first=3, after=found["pageInfo"]["endCursor"])
    assert edges(rest) == made[3:]
    cursors = [edge["cursor"] for edge in rest["edges"]] or [None]
    ends = {"startCursor": cursors[0], "endCursor": cursors[-1]}
    assert rest["pageInfo"] == {"hasPreviousPage": True, "hasNextPage": False, **ends}


async def test_a_connection_gives_20_where_it_is_not_told_and_100_at_most(
    shared: Api, alice: UUID, rows: Rows
) -> None:
    (story,) = await rows.stories(alice)
    made = await rows.generations(alice, story, 101)
    assert edges(await slice_of(shared, alice)) == made[:20]
    assert edges(await slice_of(shared, alice, first=100)) == made[:100]


async def test_a_cursor_keeps_its_place_while_rows_arrive_and_go(
    shared: Api, alice: UUID, rows: Rows
) -> None:
    (story,) = await rows.stories(alice)
    made = await rows.generations(alice, story, 6)
    first = await slice_of(shared, alice, first=2)
    await rows.generations(alice, story, 3)
    await rows.sql.execute("DELETE FROM story_generations WHERE id = ANY($1)", [UUID(made[1]), UUID(made[3])])
    rest = await slice_of(shared, alice, first=10, after=first["pageInfo"]["endCursor"])
    assert edges(rest) == [made[2], made[4], made[5]]


async def test_any_edge_s_cursor_leads_to_what_follows_it(shared: Api, alice: UUID, rows: Rows) -> None:
    (story,) = await rows.stories(alice)
    made = await rows.generations(alice, story, 3)
    for place, edge in enumerate((await slice_of(shared, alice))["edges"]):
        assert edges(await slice_of(shared, alice, after=edge["cursor"])) == made[place + 1 :]


OUT_OF_RANGE = [
    ("page", 0, "page is 0, and must be from 1 to 1000000"),
    ("page", -1, "page is -1, and must be from 1 to 1000000"),
    ("page", 1_000_001, "page is 1000001, and must be from 1 to 1000000"),
    ("pageSize", 0, "pageSize is 0, and must be from 1 to 100"),
    ("pageSize", 101, "pageSize is 101, and must be from 1 to 100"),
]


@pytest.mark.parametrize(("name", "value", "message"), OUT_OF_RANGE)
@pytest.mark.parametrize("path", [["stories"], ["storyGenerations"], ["story", "generations"]])
async def test_pages_out_of_range_are_bad_input(
    shared: Api, alice: UUID, *, path: list[str], name: str, value: int, message: str
) -> None:
    document = {"stories": STORIES, "storyGenerations": GENERATIONS, "story": OF_STORY}[path[0]]
    story = {"id": await shared.add_story(alice)} if path[0] == "story" else {}
    (error,) = await shared.errors(alice, document, **story, **{name: value})
    assert (error["path"], error["message"]) == (path, message)
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"first": 0}, "first is 0, and must be from 1 to 100"),
        ({"first": 101}, "first is 101, and must be from 1 to 100"),
        *(
            ({"after": cursor}, "after is not a cursor that was given out here")
            for cursor in ("", "x", "not base64!", "AAAA", "A" * 43, "ünïcode", "\x00", "\ud800")
        ),
    ],
)
async def test_slices_out_of_range_and_cursors_from_nowhere_are_bad_input(
    shared: Api, alice: UUID, arguments: dict[str, Any], message: str
) -> None:
    (error,) = await shared.errors(alice, CONNECTION, **arguments)
    assert error["message"] == message
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


IDS = ["", "x", 5, "01a205c2-955a-7169-ac79-90545036ab3", "01a205c2-955a-7169-ac79-90545036ab3e0"]


@pytest.mark.parametrize("value", IDS)
@pytest.mark.parametrize(
    "operation",
    [
        "query ($id: UUID!) { story(id: $id) { id } }",
        "query ($id: UUID!) { storyGeneration(id: $id) { id } }",
        "mutation ($id: UUID!) { deleteStory(id: $id) { __typename } }",
        "mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }",
        "mutation ($id: UUID!) { deleteStoryGeneration(id: $id) { __typename } }",
        "mutation ($id: UUID!) { updateStory(input: {id: $id}) { __typename } }",
        "mutation ($id: UUID!) { initiateStoryGeneration(input: {storyId: $id}) { __typename } }",
    ],
)
async def test_what_is_no_id_is_refused_before_anything_runs(
    shared: Api, alice: UUID, operation: str, value: str | int
) -> None:
    answered = await shared.answer(alice, operation, id=value)
    assert set(answered) == {"errors"}
    (error,) = answered["errors"]
    assert error["message"].startswith("Variable '$id' has invalid value: Value cannot represent a UUID")
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    literal = f'"{value}"' if isinstance(value, str) else str(value)
    document = operation.replace("($id: UUID!) ", "").replace("$id", literal)
    answered = await shared.answer(alice, document)
    assert set(answered) == {"errors"}
    (error,) = answered["errors"]
    assert error["message"].startswith("Value cannot represent a UUID")
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (STORIES, {"page": "1"}),
        (STORIES, {"page": 1.5}),
        (STORIES, {"page": 2**31}),
        (STORIES, {"page": None}),
        (GENERATIONS, {"status": "pending"}),
        (GENERATIONS, {"status": 1}),
        (CONNECTION, {"after": 5}),
        # A nullable variable may stand where an argument has a default; null may not.
        ("query ($page: Int) { stories(page: $page) { items { id } } }", {"page": None}),
        (
            'mutation ($t: String = "t") { createStory(input: {title: $t, content: "c"}) { __typename } }',
            {"t": None},
        ),
        ("mutation ($i: CreateStoryInput!) { createStory(input: $i) { __typename } }", {"i": {"title": "t"}}),
        ("mutation ($i: CreateStoryInput!) { createStory(input: $i) { __typename } }", {}),
        ("mutation ($i: CreateStoryInput!) { createStory(input: $i) { __typename } }", {"i": "t"}),
    ],
)
async def test_arguments_of_another_type_are_bad_input(
    shared: Api, alice: UUID, document: str, variables: dict[str, Any]
) -> None:
    (error,) = await shared.errors(alice, document, **variables)
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}, error
