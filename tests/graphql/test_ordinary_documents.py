"""What real clients send stays well within the limits, and the limits cost them next to nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

import pytest
from graphql import (
    DocumentNode,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_introspection_query,
    parse,
    specified_rules,
    validate,
)

from core.settings import Settings
from schema.measure import Measured, measure
from schema.root import schema
from schema.validation import RULES
from schema.weights import INTROSPECTED_ITEMS, WEIGHTS
from tests.callers import Api

TYPES = schema._schema  # noqa: SLF001 - Strawberry shows its types no other way

# As GraphiQL 5 and code generators ask, everything on.
INTROSPECTION = get_introspection_query(
    descriptions=True,
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    one_of=True,
)

EVERY_FIELD = """
    id storyId status progress revision durationSeconds attempts createdAt startedAt finishedAt
    resultUrl captionsUrl
    voice { id name language } error { code message } log { event detail occurredAt }
    story { id title createdAt updatedAt }
"""

DOCUMENTS = {
    "introspection": INTROSPECTION,
    "a connection of 100 with every field": (
        "query All($first: Int! = 100, $after: String, $status: GenerationStatus) {"
        " storyGenerationsConnection(first: $first, after: $after, status: $status)"
        f" {{ edges {{ cursor node {{ {EVERY_FIELD} }} }}"
        " pageInfo { hasPreviousPage startCursor hasNextPage endCursor } } }"
    ),
    "a page of 100 with every field": (
        "{ storyGenerations(pageSize: 100)"
        f" {{ items {{ {EVERY_FIELD} }} meta {{ page pageSize total }} }} }}"
    ),
    "a page of 100 stories with their newest narrations": """{
        stories(pageSize: 100) {
            items {
                id title createdAt updatedAt
                generations(pageSize: 3) {
                    items { id status progress revision resultUrl captionsUrl error { code message } }
                    meta { total }
                }
            }
            meta { page pageSize total }
        }
        voices { id name language }
        viewer { id }
    }""",
    "a page of 100 stories with their contents": (
        "{ stories(pageSize: 100)"
        " { items { id title createdAt updatedAt content } meta { page pageSize total } } }"
    ),
    "one story with everything": (
        f'{{ story(id: "018f0000-0000-7000-8000-000000000000") {{ id title content createdAt updatedAt'
        f" generations(pageSize: 100) {{ items {{ {EVERY_FIELD} }} meta {{ page pageSize total }} }} }} }}"
    ),
    # Apollo and urql ask for __typename everywhere; components bring fragments that share fields.
    "a screen of components": """
        query Screen($page: Int!, $pageSize: Int!) {
            viewer { id __typename }
            voices { ...VoiceName __typename }
            stories(page: $page, pageSize: $pageSize) {
                items { ...StoryRow ...StoryTitle ...StoryMenu ...StoryPlayer __typename }
                meta { page pageSize total __typename }
                __typename
            }
            running: storyGenerations(status: IN_PROGRESS, pageSize: 20) { ...Jobs __typename }
            waiting: storyGenerations(status: PENDING, pageSize: 20) { ...Jobs __typename }
        }
        fragment VoiceName on Voice { id name language __typename }
        fragment StoryTitle on Story { id title updatedAt __typename }
        fragment StoryMenu on Story {
            id title generations(pageSize: 5) { meta { total __typename } __typename } __typename
        }
        fragment StoryRow on Story { id title createdAt updatedAt ...StoryTitle __typename }
        fragment StoryPlayer on Story {
            id
            generations(pageSize: 5) { items { ...Player ...Bar ...Why __typename } __typename }
            __typename
        }
        fragment Player on StoryGeneration {
            id status resultUrl captionsUrl durationSeconds voice { ...VoiceName __typename } __typename
        }
        fragment Bar on StoryGeneration { id status progress revision __typename }
        fragment Why on StoryGeneration {
            id status error { code message __typename } log { event detail occurredAt __typename } __typename
        }
        fragment Jobs on StoryGenerationPage {
            items { ...Bar ...Why story { ...StoryTitle __typename } __typename }
            meta { total __typename }
            __typename
        }
    """,
    # As it stands in an editor, each operation sent with all others.
    "every operation in one document": """
        query Viewer { viewer { id } }
        query Story($id: UUID!) { story(id: $id) { id title content } }
        query Stories { stories { items { id title } meta { total } } }
        query Generation($id: UUID!) { storyGeneration(id: $id) { ...G } }
        query Generations { storyGenerations { items { ...G } meta { total } } }
        query Connection { storyGenerationsConnection { edges { node { ...G } } pageInfo { endCursor } } }
        query Voices { voices { id name language } }
        mutation Create($i: CreateStoryInput!) {
            createStory(input: $i) { ...E ... on CreateStorySuccess { story { id } } }
        }
        mutation Update($i: UpdateStoryInput!) {
            updateStory(input: $i) { ...E ... on UpdateStorySuccess { story { id } } }
        }
        mutation Delete($id: UUID!) { deleteStory(id: $id) { ...E ... on DeleteStorySuccess { id } } }
        mutation Initiate($i: InitiateStoryGenerationInput!) {
            initiateStoryGeneration(input: $i) {
                ...E ... on InitiateStoryGenerationSuccess { generation { ...G } }
            }
        }
        mutation Cancel($id: UUID!) {
            cancelStoryGeneration(id: $id) {
                ...E ... on CancelStoryGenerationSuccess { generation { ...G } }
            }
        }
        mutation Remove($id: UUID!) {
            deleteStoryGeneration(id: $id) { ...E ... on DeleteStoryGenerationSuccess { id } }
        }
        subscription Progress($id: UUID!) { storyGenerationProgress(id: $id) { ...G } }
        subscription Events { storyGenerationEvents { change id generation { ...G } } }
        fragment G on StoryGeneration { id status progress revision resultUrl error { code message } }
        fragment E on Error { __typename code message ... on ValidationError { fields { path message } } }
    """,
}


def measured(document: DocumentNode) -> Measured:
    """By its first operation, without variables."""
    running = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    return measure(TYPES, document, running, {})


def quickest(task: Callable[[], object], rounds: int = 15) -> float:
    """Seconds of this thread's own time."""
    taken = []
    for _ in range(rounds):
        begun = time.thread_time()
        task()
        taken.append(time.thread_time() - begun)
    return min(taken)


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS.keys())
async def test_ordinary_documents_are_answered(shared: Api, alice: UUID, text: str) -> None:
    variables = {"page": 1, "pageSize": 50} if "Screen" in text else {}
    name = "Viewer" if "query Viewer" in text else None
    body = {"query": text, "variables": variables, "operationName": name}
    answered = (await shared.request("POST", "/graphql", alice, json=body)).json()
    assert "errors" not in answered, answered


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_ordinary_documents_leave_room(text: str) -> None:
    settings, size = Settings(), measured(parse(text))
    assert size.depth <= settings.query_depth * 0.8
    assert size.aliases <= settings.query_aliases * 0.5
    assert size.root_fields <= settings.query_root_fields * 0.5
    assert size.cost <= settings.query_cost * 0.95
    parse(text, max_tokens=settings.query_tokens // 2)


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_measuring_takes_a_small_share_of_what_validation_takes(text: str) -> None:
    document = parse(text)
    assert quickest(lambda: measured(document)) < quickest(lambda: validate(TYPES, document)) / 5


def test_fields_of_one_name_are_compared_up_to_a_bound() -> None:
    """Each with each other: there would be 180,000 comparisons."""
    document = parse("{ storyGenerations { " + "items { story { id title } } " * 300 + "} }")
    ours = quickest(lambda: validate(TYPES, document, RULES), 3)
    assert ours < quickest(lambda: validate(TYPES, document, specified_rules), 3) / 2


def test_every_weight_is_of_a_field_there_is() -> None:
    names = {"own": set[str](), "introspection": set[str]()}
    for name, kind in TYPES.type_map.items():
        if isinstance(kind, GraphQLObjectType):
            names["introspection" if name.startswith("__") else "own"] |= kind.fields.keys()
    assert names["own"] >= WEIGHTS.keys()
    assert names["introspection"] >= INTROSPECTED_ITEMS.keys()
