"""Plans give what graphql-core gives, byte by byte: data, errors, and what is asked of the database."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from strawberry.types.graphql import OperationType

from core.identity import Identity
from core.results import result_key
from schema.allowance import end_answer
from schema.context import Context
from schema.execution import execute, open_documents
from schema.prepared import PreparedDocuments
from schema.root import schema
from server.edges.json_text import to_json
from server.graphql.answers import told
from tests.callers import LIMIT_SECONDS, Api
from tests.graphql.generated import Generator, Request
from tests.graphql.rows import Rows

TYPES = schema._schema  # noqa: SLF001 - Strawberry shows its types no other way
BOTH = {OperationType.QUERY, OperationType.MUTATION}
# What may differ between two answers: the end of links, which moves with the clock; ids and times of what
# was made.
LINK = re.compile(rb"expires=[^\"]*")
MADE = re.compile(rb'"[0-9a-f-]{36}"|"[0-9]{4}-[0-9]{2}-[0-9]{2}T[^"]*"')


@pytest.fixture
async def ids(shared: Api, rows: Rows, alice: UUID) -> list[str]:
    """Alice's stories and generations in every state, somebody else's, one that is nobody's, and no id."""
    stories = await rows.stories(alice, 3)
    key = result_key(alice, uuid4(), 1, ".mp3")
    done: dict[str, Any] = {"result_key": key, "captions_key": key, "duration_seconds": 1.5}
    failed: dict[str, Any] = {"error_code": "CANCELED", "error_message": "So be it"}
    made = [
        *await rows.generations(alice, stories[0], 11, **done),
        # A fault of ours, where its links are asked for.
        *await rows.generations(alice, stories[2], result_key="no key"),
        *await rows.generations(alice, stories[0], 2, "pending"),
        *await rows.generations(alice, stories[1], 2, "in_progress", progress=40, attempt=1),
        *await rows.generations(alice, stories[1], 2, "failed", **failed),
    ]
    other = uuid4()
    others = await rows.stories(other, 1)
    return [*stories, *made, *others, *await rows.generations(other, others[0], 1), str(uuid4()), "no id"]


class Ways:
    """Answers requests with plans and without."""

    def __init__(self, api: Api, user: UUID) -> None:
        self._api = api
        self._identity = Identity(user, datetime.now(UTC) + timedelta(hours=1))
        self.prepared = open_documents(plans=True)

    async def without(self, request: Request) -> bytes:
        return await self._answer(request, open_documents(plans=False))

    async def with_plans(self, request: Request) -> bytes:
        return await self._answer(request, self.prepared)

    async def _answer(self, request: Request, prepared: PreparedDocuments) -> bytes:
        async with asyncio.timeout(LIMIT_SECONDS):
            result = await execute(
                request.document,
                context_value=Context(self._api.services, "the request", self._identity, prepared=prepared),
                variable_values=request.variables,
                allowed_operation_types=BOTH,
            )
        end_answer()
        answer = told(result)
        # Fields fail in the order in which they are resolved, at the same time.
        answer.get("errors", []).sort(key=to_json)
        return LINK.sub(b"", to_json(answer))


@pytest.fixture
def ways(shared: Api, alice: UUID) -> Ways:
    return Ways(shared, alice)


async def compare(ways: Ways, generator: Generator, number: int) -> None:
    for _ in range(number):
        request = generator.query()
        without = await ways.without(request)
        # Of its first answer the document is kept; the second takes the shortest way.
        for _ in range(2):
            assert await ways.with_plans(request) == without, request


@pytest.mark.parametrize("seed", range(4))
async def test_generated_queries_are_answered_alike(
    ways: Ways, ids: list[str], went_as_planned: list[bool], seed: int
) -> None:
    await compare(ways, Generator(TYPES, seed, ids), 100)
    assert went_as_planned.count(True) > 60
    assert went_as_planned.count(False) > 10


@pytest.mark.long
async def test_thousands_of_generated_queries_are_answered_alike(
    ways: Ways, ids: list[str], went_as_planned: list[bool]
) -> None:
    await compare(ways, Generator(TYPES, 1_000, ids), 2_000)
    assert went_as_planned.count(True) > 2_000


@pytest.mark.parametrize("seed", range(2))
async def test_generated_mutations_are_answered_alike(
    ways: Ways, ids: list[str], went_as_planned: list[bool], seed: int
) -> None:
    """Those that change nothing, or make what is alike but for its id and its times."""
    nobody = str(uuid4())
    inputs: dict[str, list[Any]] = {
        "createStory": [
            {"title": "T", "content": "C"},
            {"title": "", "content": ""},
            {"title": "T"},
            {"content": "C", "title": None},
        ],
        "updateStory": [{"id": ids[2], "title": "New"}, {"id": nobody}, {"id": ids[2], "title": ""}],
        "deleteStory": [nobody, ids[0], "no id"],
        "initiateStoryGeneration": [
            {"storyId": nobody},
            {"storyId": ids[2], "idempotencyKey": "the same"},
            {"storyId": ids[2], "voice": "nobody's"},
            {"storyId": ids[1], "idempotencyKey": "the same"},
        ],
        "cancelStoryGeneration": [nobody, ids[3]],
        "deleteStoryGeneration": [nobody, ids[15]],
    }
    generator = Generator(TYPES, seed, ids)
    for _ in range(60):
        request = generator.mutation(inputs)
        answers = [MADE.sub(b"", await each(request)) for each in (ways.without, *[ways.with_plans] * 2)]
        assert answers[1:] == [answers[0]] * 2, request
    assert went_as_planned.count(True) > 30


async def test_what_a_mutation_did_is_not_done_again_where_its_answer_fails(
    ways: Ways, shared: Api, alice: UUID
) -> None:
    document = """mutation ($input: CreateStoryInput!, $page: Int! = 1) { createStory(input: $input) {
        ... on CreateStorySuccess { story { title generations(page: $page) { items { id } } } } } }"""
    request = Request(document, {"input": {"title": "Once", "content": "C"}, "page": 0})
    for _ in range(3):
        assert b"page is 0" in await ways.with_plans(request)
    stories = (await shared.data(alice, "{ stories { items { title } } }"))["stories"]["items"]
    assert stories == [{"title": "Once"}] * 3
