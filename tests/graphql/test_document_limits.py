"""How large a GraphQL document may be: each limit at its edge, in fragments, over HTTP and websocket."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.settings import Settings
from tests.callers import Api, serving
from tests.conftest import adjust
from tests.graphql.wire import RESPONSE, code, post

TIGHT = {
    "query_tokens": 100,
    "query_depth": 5,
    "query_aliases": 3,
    "query_root_fields": 3,
    "query_cost": 100,
}
STORY = uuid4()


@pytest.fixture(scope="module")
async def tight(shared_settings: Settings) -> AsyncIterator[Api]:
    """The API with limits that a short document reaches."""
    async with serving(adjust(shared_settings, **TIGHT)) as served:
        yield served


@pytest.fixture(autouse=True)
def nothing_broke(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever is asked, the log stays free of errors."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def ask(api: Api, user: UUID, transport: str, query: str, **variables: Any) -> dict[str, Any]:
    """What operation A is answered, or the only one. On a socket, a refusal must leave others alone."""
    body = {"query": query, "variables": variables, "operationName": "A" if "query A" in query else None}
    if transport == "http":
        answered: dict[str, Any] = (await post(api, user, body)).json()
        return answered
    async with api.socket(user) as socket:
        await socket.send({"type": "subscribe", "id": "1", "payload": body})
        message = await socket.receive()
        if message["type"] == "error":
            await socket.subscribe("2", "{ viewer { id } }")
            assert await socket.next("2") == {"viewer": {"id": str(user)}}
            return {"errors": message["payload"]}
        assert message["type"] == "next"
        payload: dict[str, Any] = message["payload"]
        return payload


def refusal(message: str) -> dict[str, Any]:
    """The whole answer to a document that is too large."""
    return {"errors": [{"message": message, "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}]}


CONNECTION = "{ storyGenerationsConnection(first: 5) { edges { node { %s } } } }"
SPREAD_CONNECTION = (
    "{ storyGenerationsConnection(first: 5) { ...A } }"
    " fragment A on StoryGenerationConnection { edges { ...B } }"
    " fragment B on StoryGenerationEdge { node { %s } }"
)
INLINE_CONNECTION = (
    CONNECTION.replace("edges { node", "... { edges { ... on StoryGenerationEdge { node") + " } }"
)
FIVE_DEEP = "story { id }"
SIX_DEEP = "story { generations { __typename } }"
FOUR_ROOTS = "viewer { id } voices { id } stories { meta { page } } storyGenerations { meta { page } }"
THREE_ROOTS = FOUR_ROOTS[: FOUR_ROOTS.rindex("storyGenerations")]
PAGE = "{ stories(pageSize: %s) { items { __typename } } }"
SPREAD_PAGE = (
    "{ stories(pageSize: %s) { ...P } } fragment P on StoryPage { items { ...S } }"
    " fragment S on Story { __typename }"
)

DEPTH = "The document is 6 levels deep, and 5 are allowed"
ALIASES = "The document has 4 aliases and repeated fields, and 3 are allowed"
ROOTS = "The document has 4 fields at its root, and 3 are allowed"
COST = "The document asks for 103 fields, lists multiplied by their size, and 100 are allowed"

# What reaches a limit, what is one beyond it, and what that is answered.
EDGES = {
    "depth": (CONNECTION % FIVE_DEEP, CONNECTION % SIX_DEEP, DEPTH),
    "depth in fragments": (SPREAD_CONNECTION % FIVE_DEEP, SPREAD_CONNECTION % SIX_DEEP, DEPTH),
    "depth in inline fragments": (INLINE_CONNECTION % FIVE_DEEP, INLINE_CONNECTION % SIX_DEEP, DEPTH),
    "depth of another operation": (
        f"query A {{ viewer {{ id }} }} query B {CONNECTION % FIVE_DEEP}",
        f"query A {{ viewer {{ id }} }} query B {CONNECTION % SIX_DEEP}",
        DEPTH,
    ),
    "aliases": ("{ viewer { a: id b: id c: id } }", "{ viewer { a: id b: id c: id d: id } }", ALIASES),
    "aliases that are the field's name": (
        "{ viewer { id: id } }",
        "{ viewer { id: id id: id id: id } }",
        "The document has 5 aliases and repeated fields, and 3 are allowed",
    ),
    "repeated fields": ("{ viewer { id id id id } }", "{ viewer { id id id id id } }", ALIASES),
    "repeated fields with fields of their own": (
        "{ viewer { id } viewer { id } viewer { id } }",
        "{ stories { meta { page } meta { page } meta { page } meta { page } meta { page } } }",
        ALIASES,
    ),
    "repeated fields between fragments": (
        "{ viewer { id ...V } } fragment V on Viewer { id id id }",
        "{ viewer { id id ...V } } fragment V on Viewer { id id id }",
        ALIASES,
    ),
    "aliases in a fragment that is spread twice": (
        "{ a: viewer { ...V } viewer { ...V } } fragment V on Viewer { i: id }",
        "{ a: viewer { ...V } b: viewer { ...V } } fragment V on Viewer { i: id }",
        ALIASES,
    ),
    "repeated fields in inline fragments": (
        "{ viewer { id ... { id } ... on Viewer { id id } } }",
        "{ viewer { id ... { id } ... on Viewer { id id id } } }",
        ALIASES,
    ),
    "aliases in two operations": (
        "query A { viewer { a: id b: id } } query B { viewer { a: id } }",
        "query A { viewer { a: id b: id } } query B { viewer { a: id b: id } }",
        ALIASES,
    ),
    "root fields": (f"{{ {THREE_ROOTS} }}", f"{{ {FOUR_ROOTS} }}", ROOTS),
    "root fields in a fragment": (
        f"{{ ...Q }} fragment Q on Query {{ {THREE_ROOTS} }}",
        f"{{ ...Q }} fragment Q on Query {{ {FOUR_ROOTS} }}",
        ROOTS,
    ),
    "root fields in inline fragments": (
        f"{{ ... {{ {THREE_ROOTS} }} }}",
        f"{{ ... {{ {THREE_ROOTS} ... on Query {{ storyGenerations {{ meta {{ page }} }} }} }} }}",
        ROOTS,
    ),
    "root fields of two operations": (
        "query A { viewer { id } voices { id } } query B { viewer { id } }",
        "query A { viewer { id } voices { id } } query B { viewer { id } voices { id } }",
        ROOTS,
    ),
    "cost": (PAGE % 33, PAGE % 34, COST),
    "cost of a connection": (
        "{ storyGenerationsConnection(first: 33) { edges { cursor } } }",
        "{ storyGenerationsConnection(first: 34) { edges { cursor } } }",
        COST,
    ),
    "cost in fragments": (SPREAD_PAGE % 33, SPREAD_PAGE % 34, COST),
    "cost in inline fragments": (
        "{ ... { stories(pageSize: 33) { ... on StoryPage { items { ... { __typename } } } } } }",
        "{ ... { stories(pageSize: 34) { ... on StoryPage { items { ... { __typename } } } } } }",
        COST,
    ),
    "cost of lists in lists": (
        "{ stories(pageSize: 4) { items { generations(pageSize: 6) { items { __typename } } } } }",
        "{ stories(pageSize: 4) { items { generations(pageSize: 7) { items { __typename } } } } }",
        "The document asks for 109 fields, lists multiplied by their size, and 100 are allowed",
    ),
    "cost of a list without a size": (
        "{ storyGenerations(pageSize: 9) { items { log { event } } } }",
        "{ storyGenerations(pageSize: 10) { items { log { event } } } }",
        "The document asks for 101 fields, lists multiplied by their size, and 100 are allowed",
    ),
    "cost of repeated fields, which are answered once": (
        "{ stories(pageSize: 33) { items { ... { __typename } ...S } } } fragment S on Story { __typename }",
        "{ stories(pageSize: 34) { items { ... { __typename } ...S } } } fragment S on Story { __typename }",
        COST,
    ),
    "cost where the page has its usual size": (
        "{ stories { items { id title createdAt updatedAt __typename } } }",
        "{ stories { items { id title createdAt updatedAt generations { __typename } } } }",
        "The document asks for 111 fields, lists multiplied by their size, and 100 are allowed",
    ),
}


@pytest.mark.parametrize("transport", ["http", "websocket"])
@pytest.mark.parametrize(("allowed", "beyond", "message"), EDGES.values(), ids=EDGES.keys())
async def test_a_limit_is_reached_and_not_passed(
    tight: Api, alice: UUID, transport: str, *, allowed: str, beyond: str, message: str
) -> None:
    assert "errors" not in await ask(tight, alice, transport, allowed)
    assert await ask(tight, alice, transport, beyond) == refusal(message)


async def test_subscriptions_keep_to_the_limits_too(tight: Api, alice: UUID) -> None:
    subscription = 'subscription { storyGenerationProgress(id: "%s") { %s } }'
    within = subscription % (STORY, "story { generations { meta { page } } }")
    beyond = subscription % (STORY, "story { generations { items { voice { id } } } }")
    answered = await ask(tight, alice, "websocket", within)
    assert [error["extensions"]["code"] for error in answered["errors"]] == ["NOT_FOUND"]
    assert await ask(tight, alice, "websocket", beyond) == refusal(DEPTH)


@pytest.mark.parametrize("transport", ["http", "websocket"])
async def test_tokens_count_with_comments_and_end_the_parsing(
    tight: Api, alice: UUID, transport: str
) -> None:
    document = "{ viewer { id } }"
    assert "errors" not in await ask(tight, alice, transport, document + "\n#" * 94)
    (error,) = (await ask(tight, alice, transport, document + "\n#" * 95))["errors"]
    assert error["message"] == "Syntax Error: Document contains more than 100 tokens. Parsing aborted."
    assert error["extensions"] == {"code": "GRAPHQL_PARSE_FAILED"}


@pytest.mark.parametrize("transport", ["http", "websocket"])
@pytest.mark.parametrize(
    ("declared", "variables", "cost"),
    [
        ("$n: Int!", {"n": 33}, 100),
        ("$n: Int!", {"n": 34}, 103),
        ("$n: Int! = 33", {}, 100),
        ("$n: Int! = 34", {}, 103),
        ("$n: Int! = 34", {"n": 33}, 100),
        ("$n: Int! = 33", {"n": 34}, 103),
        pytest.param("$n: Int", {}, 31, id="not given: the page's usual size"),
        pytest.param("$n: Int", {"n": None}, 301, id="null"),
        pytest.param("$n: Int!", {"n": 33.0}, 301, id="a float"),
        pytest.param("$n: Int!", {"n": True}, 301, id="a boolean"),
        pytest.param("$n: Int!", {"n": "5"}, 301, id="a string"),
        pytest.param("$n: Int!", {"n": [5]}, 301, id="a list"),
        pytest.param("$n: Int!", {"n": 0}, 301, id="nothing"),
        pytest.param("$n: Int!", {"n": -5}, 301, id="less than nothing"),
        pytest.param("$n: Int!", {"n": 10**18}, 301, id="a huge number"),
        pytest.param("$n: Int! = 101", {}, 301, id="more than a page holds"),
    ],
)
async def test_variables_count_as_what_they_are_and_as_the_largest_page_where_they_are_no_size(
    tight: Api, alice: UUID, transport: str, *, declared: str, variables: dict[str, Any], cost: int
) -> None:
    document = f"query ({declared}) {PAGE % '$n'}"
    answered = await ask(tight, alice, transport, document, **variables)
    if cost <= 100:
        assert "errors" not in answered
    else:
        figures = f"{cost} fields, lists multiplied by their size, and 100 are allowed"
        assert answered == refusal(f"The document asks for {figures}")


@pytest.mark.parametrize("size", ["101", "0", "-1", "1.5", '"5"', "null", "[5]", "{n: 5}", "9" * 5000])
async def test_a_literal_that_is_no_size_counts_as_the_largest_page(
    tight: Api, alice: UUID, size: str
) -> None:
    told = "The document asks for 301 fields, lists multiplied by their size, and 100 are allowed"
    assert await tight.answer(alice, PAGE % size) == refusal(told)


async def test_cost_is_of_the_operation_that_runs_alone(tight: Api, alice: UUID) -> None:
    document = f"query A {{ viewer {{ id }} }} query B {PAGE % 34}"
    answers = [(await post(tight, alice, {"query": document, "operationName": name})).json() for name in "AB"]
    assert answers == [{"data": {"viewer": {"id": str(alice)}}}, refusal(COST)]


async def test_a_refusal_is_a_400_where_the_media_type_tells(tight: Api, alice: UUID) -> None:
    response = await post(tight, alice, {"query": PAGE % 34}, RESPONSE)
    assert (response.status_code, code(response)) == (400, "GRAPHQL_VALIDATION_FAILED")


async def test_unused_and_doubled_fragments_count_for_what_is_validated(tight: Api, alice: UUID) -> None:
    deep = "fragment U on Query " + CONNECTION % SIX_DEEP
    assert await tight.answer(alice, "{ viewer { id } } " + deep) == refusal(DEPTH)
    doubled = f"{{ ...U }} {deep} fragment U on Query {{ viewer {{ id }} }}"
    assert await tight.answer(alice, doubled) == refusal(DEPTH)


def chain(length: int, spread: str) -> str:
    """Fragments that each spread the next: `spread` has a place for its name."""
    links = [f"fragment F{i} on Viewer {{ {spread.format(f'...F{i + 1}')} }}" for i in range(length)]
    return " ".join(["{ viewer { ...F0 } }", *links, f"fragment F{length} on Viewer {{ i: id }}"])


async def test_fragments_that_multiply_are_counted_in_no_more_time_than_their_text_takes(
    shared: Api, alice: UUID
) -> None:
    told = "The document has more than 1,000,000,000 aliases and repeated fields, and 100 are allowed"
    assert await shared.answer(alice, chain(40, "{0} {0} {0} {0} {0}")) == refusal(told)


async def test_fragments_that_spread_each_other_without_end_are_left_to_validation(
    shared: Api, alice: UUID
) -> None:
    document = "{ viewer { ...A } } fragment A on Viewer { id ...B } fragment B on Viewer { ...A ...B }"
    errors = await shared.errors(alice, document)
    assert {error["extensions"]["code"] for error in errors} == {"GRAPHQL_VALIDATION_FAILED"}
    assert errors[0]["message"] == "Cannot spread fragment 'A' within itself via 'B'."


async def test_a_long_chain_of_fragments_is_refused(shared: Api, alice: UUID) -> None:
    assert "errors" not in await shared.answer(alice, chain(90, "{0}"))
    told = "The document nests more than 100 selections in one another"
    assert await shared.answer(alice, chain(150, "{0}")) == refusal(told)
