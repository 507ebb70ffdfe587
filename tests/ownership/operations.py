"""Every operation there is, asked for what is somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from db.models import Status
from narration.voices import VOICES
from resolvers.pages import encode_cursor
from tests.database.belongings import Belongings

GENERATION = """id storyId story { id title content } status progress revision resultUrl captionsUrl
    durationSeconds voice { id } error { code message } attempts createdAt startedAt finishedAt
    log { event detail occurredAt }"""
STORY = f"id title content generations {{ items {{ {GENERATION} }} meta {{ total }} }}"
REFUSED = "... on Error { __typename code message }"

NO_STORY = {"__typename": "StoryNotFoundError", "code": "STORY_NOT_FOUND", "message": "Story not found"}
NO_GENERATION = {
    "__typename": "GenerationNotFoundError",
    "code": "GENERATION_NOT_FOUND",
    "message": "Generation not found",
}
NOTHING = {"items": [], "meta": {"total": 0}}

Variables = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """A field of the schema: what is asked of it about somebody's belongings, and what a stranger who has
    nothing gets (of a subscription: the code of its error, None where it merely stays silent).
    """

    field: str
    document: str
    expected: object
    variables: Callable[[Belongings], Sequence[Variables]] = lambda _: [{}]

    @property
    def kind(self) -> str:
        return self.document.split(maxsplit=1)[0]


def _generations(theirs: Belongings) -> list[Variables]:
    return [{"id": str(each)} for each in (*theirs.generations.values(), theirs.deleted)]


def _story(theirs: Belongings) -> list[Variables]:
    return [{"id": str(theirs.story)}]


def _pages(theirs: Belongings) -> list[Variables]:
    return [{}, *({"status": status.name} for status in Status)]


def _slices(theirs: Belongings) -> list[Variables]:
    return [{}, {"after": encode_cursor(UUID(int=theirs.generations[Status.FAILED].int + 1))}]


def _changes(theirs: Belongings) -> list[Variables]:
    title, content = {"title": "Mine"}, {"content": "Mine."}
    return [{"input": {"id": str(theirs.story), **change}} for change in ({}, title, title | content)]


def _initiations(theirs: Belongings) -> list[Variables]:
    story = {"storyId": str(theirs.story)}
    return [{"input": story | more} for more in ({}, {"idempotencyKey": theirs.key})]


OPERATIONS = [
    Operation("viewer", "query { viewer { id } }", {"viewer": {"id": "<me>"}}),
    Operation(
        "story", f"query ($id: UUID!) {{ story(id: $id) {{ {STORY} }} }}", {"story": None}, variables=_story
    ),
    Operation(
        "stories",
        f"query {{ stories(pageSize: 100) {{ items {{ {STORY} }} meta {{ total }} }} }}",
        {"stories": NOTHING},
    ),
    Operation(
        "storyGeneration",
        f"query ($id: UUID!) {{ storyGeneration(id: $id) {{ {GENERATION} }} }}",
        {"storyGeneration": None},
        variables=_generations,
    ),
    Operation(
        "storyGenerations",
        f"""query ($status: GenerationStatus) {{ storyGenerations(pageSize: 100, status: $status) {{
            items {{ {GENERATION} }} meta {{ total }} }} }}""",
        {"storyGenerations": NOTHING},
        variables=_pages,
    ),
    Operation(
        "storyGenerationsConnection",
        f"""query ($after: String) {{ storyGenerationsConnection(first: 100, after: $after) {{
            edges {{ cursor node {{ {GENERATION} }} }} pageInfo {{ hasNextPage endCursor }} }} }}""",
        {"storyGenerationsConnection": {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}},
        variables=_slices,
    ),
    Operation("voices", "query { voices { id } }", {"voices": [{"id": voice.id} for voice in VOICES]}),
    Operation(
        "createStory",
        """mutation { createStory(input: {title: "Mine", content: "Mine."}) {
            ... on CreateStorySuccess { story { title generations { meta { total } } } } } }""",
        {"createStory": {"story": {"title": "Mine", "generations": {"meta": {"total": 0}}}}},
    ),
    Operation(
        "updateStory",
        f"""mutation ($input: UpdateStoryInput!) {{ updateStory(input: $input) {{
            {REFUSED} ... on UpdateStorySuccess {{ story {{ {STORY} }} }} }} }}""",
        {"updateStory": NO_STORY},
        variables=_changes,
    ),
    Operation(
        "deleteStory",
        f"mutation ($id: UUID!) {{ deleteStory(id: $id) {{ {REFUSED} }} }}",
        {"deleteStory": NO_STORY},
        variables=_story,
    ),
    Operation(
        "initiateStoryGeneration",
        f"""mutation ($input: InitiateStoryGenerationInput!) {{ initiateStoryGeneration(input: $input) {{
            {REFUSED} ... on InitiateStoryGenerationSuccess {{ generation {{ {GENERATION} }} }} }} }}""",
        {"initiateStoryGeneration": NO_STORY},
        variables=_initiations,
    ),
    Operation(
        "cancelStoryGeneration",
        f"""mutation ($id: UUID!) {{ cancelStoryGeneration(id: $id) {{
            {REFUSED} ... on CancelStoryGenerationSuccess {{ generation {{ {GENERATION} }} }} }} }}""",
        {"cancelStoryGeneration": NO_GENERATION},
        variables=_generations,
    ),
    Operation(
        "deleteStoryGeneration",
        f"mutation ($id: UUID!) {{ deleteStoryGeneration(id: $id) {{ {REFUSED} }} }}",
        {"deleteStoryGeneration": NO_GENERATION},
        variables=_generations,
    ),
    Operation(
        "storyGenerationProgress",
        f"subscription ($id: UUID!) {{ storyGenerationProgress(id: $id) {{ {GENERATION} }} }}",
        "NOT_FOUND",
        variables=_generations,
    ),
    Operation(
        "storyGenerationEvents",
        f"subscription {{ storyGenerationEvents {{ change id generation {{ {GENERATION} }} }} }}",
        None,
    ),
]

# Those that end by themselves, whoever asks.
ANSWERING = [operation for operation in OPERATIONS if operation.kind != "subscription"]


@dataclass(frozen=True)
class Call:
    """A route of the REST shim, and what a stranger gets there."""

    method: str
    path: str
    status: int
    body: object
    targets: Callable[[Belongings], Sequence[UUID]] = lambda _: [UUID(int=0)]
    json: Callable[[Belongings], Any] = lambda _: None
    headers: Callable[[Belongings], dict[str, str]] = lambda _: {}


def _every_generation(theirs: Belongings) -> list[UUID]:
    return [*theirs.generations.values(), theirs.deleted]


EMPTY_PAGE = {"data": [], "meta": {"page": 1, "pageSize": 10, "total": 0}}

CALLS = [
    Call(
        "POST",
        "/api/story-generations",
        404,
        {"error": "Story not found"},
        json=lambda theirs: {"story_id": str(theirs.story)},
        headers=lambda theirs: {"Idempotency-Key": theirs.key},
    ),
    Call("GET", "/api/story-generations", 200, EMPTY_PAGE),
    Call(
        "GET",
        "/api/story-generations/{id}",
        404,
        {"error": "Generation not found"},
        targets=_every_generation,
    ),
    Call(
        "DELETE",
        "/api/story-generations/{id}",
        404,
        {"error": "Generation not found"},
        targets=_every_generation,
    ),
]


def nowhere() -> Belongings:
    """What nobody has."""
    return Belongings(uuid7(), uuid7(), {status: uuid7() for status in Status}, "a key nobody used", uuid7())
