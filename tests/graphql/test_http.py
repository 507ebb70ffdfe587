"""GraphQL over HTTP, by https://graphql.github.io/graphql-over-http/draft/."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.callers import Api
from tests.graphql.wire import PLAIN, RESPONSE, WHO, code, get, post

TWO = "query A { viewer { id } } query B { voices { id } }"


@pytest.mark.parametrize("accept", [PLAIN, RESPONSE])
async def test_a_query_is_answered_by_get_and_post_in_the_media_type_that_is_asked_for(
    shared: Api, alice: UUID, accept: str
) -> None:
    document = "query Page($page: Int!) { stories(page: $page) { meta { page } } }"
    posted = await post(
        shared,
        alice,
        {
            "query": document,
            "variables": {"page": 7},
            "operationName": "Page",
            "extensions": {"a": [1]},
            "b": 2,
        },
        accept,
    )
    got = await get(shared, alice, accept, query=document, variables='{"page": 7}', operationName="Page")
    for response in (posted, got):
        assert response.status_code == 200
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"
        assert response.json() == {"data": {"stories": {"meta": {"page": 7}}}}


@pytest.mark.parametrize("accept", [PLAIN, RESPONSE])
async def test_a_mutation_by_get_is_not_allowed(shared: Api, alice: UUID, accept: str) -> None:
    document = 'mutation { createStory(input: {title: "t", content: "c"}) { __typename } }'
    response = await get(shared, alice, accept, query=document)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    assert code(response) == "BAD_REQUEST"
    assert await shared.data(alice, "{ stories { meta { total } } }") == {"stories": {"meta": {"total": 0}}}


async def test_a_head_is_a_get_without_its_body(shared: Api, alice: UUID) -> None:
    got = await get(shared, alice, query=WHO)
    head = await shared.request("HEAD", "/graphql", alice, params={"query": WHO})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.content))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_not_allowed(shared: Api, alice: UUID, method: str) -> None:
    response = await shared.request(method, "/graphql", alice)
    assert response.status_code == 405
    assert {each.strip() for each in response.headers["allow"].split(",")} == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("left_out", [None, "absent", "empty"])
async def test_variables_operation_name_and_extensions_may_be_left_out_or_null(
    shared: Api, alice: UUID, left_out: str | None
) -> None:
    more: dict[str, Any] = {"variables": None, "operationName": None, "extensions": None}
    if left_out == "absent":
        more = {}
    elif left_out == "empty":
        more = {"variables": {}, "operationName": "", "extensions": {}}
    response = await post(shared, alice, {"query": WHO, **more})
    assert response.json() == {"data": {"viewer": {"id": str(alice)}}}


# What a document, its choice of operation, or its variables can be guilty of, before any field runs.
REQUEST_ERRORS = {
    "no document": ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
    "nothing but space": ({"query": " "}, "GRAPHQL_PARSE_FAILED"),
    "half a surrogate pair": ({"query": '{ story(id: "\ud800") { id } }'}, "GRAPHQL_PARSE_FAILED"),
    "a surrogate's escape": ({"query": '{ story(id: "\\uD800") { id } }'}, "GRAPHQL_PARSE_FAILED"),
    "more than 2,000 words": ({"query": "{ %s }" % ("viewer { id } " * 500)}, "GRAPHQL_PARSE_FAILED"),
    "999 levels": ({"query": "{a" * 999}, "GRAPHQL_PARSE_FAILED"),
    "1,900 brackets": ({"query": "{ stories(page: " + "[" * 1900}, "GRAPHQL_PARSE_FAILED"),
    "no such field": ({"query": "{ nope }"}, "GRAPHQL_VALIDATION_FAILED"),
    "a fragment within itself": (
        {"query": "{ ...F } fragment F on Query { ...F }"},
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "no such status": (
        {"query": "{ storyGenerations(status: DONE) { items { id } } }"},
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "a variable of another type": (
        {"query": "query ($p: Int!) { stories(page: $p) { items { id } } }", "variables": {"p": "1"}},
        "BAD_USER_INPUT",
    ),
    "a variable that is missing": (
        {"query": "query ($p: Int!) { stories(page: $p) { items { id } } }"},
        "BAD_USER_INPUT",
    ),
    "no operation chosen of two": ({"query": TWO}, "BAD_USER_INPUT"),
    "no operation chosen of two, one a mutation": (
        {"query": "query A { viewer { id } } mutation B { deleteStory(id: 1) { __typename } }"},
        "BAD_USER_INPUT",
    ),
    "an operation that is not there": ({"query": TWO, "operationName": "C"}, "BAD_USER_INPUT"),
    "another name than the only one's": ({"query": WHO, "operationName": "C"}, "BAD_USER_INPUT"),
    "nothing but a fragment": ({"query": "fragment F on Query { viewer { id } }"}, "BAD_USER_INPUT"),
}


@pytest.mark.parametrize(("accept", "status"), [(PLAIN, 200), (RESPONSE, 400)])
@pytest.mark.parametrize(("body", "told"), REQUEST_ERRORS.values(), ids=REQUEST_ERRORS.keys())
async def test_where_no_field_ran_there_is_no_data_and_the_newer_media_type_says_400(
    shared: Api, alice: UUID, *, body: dict[str, Any], told: str, accept: str, status: int
) -> None:
    response = await post(shared, alice, body, accept)
    assert response.status_code == status, response.text
    assert set(response.json()) == {"errors"}
    assert code(response) == told


@pytest.mark.parametrize("accept", [PLAIN, RESPONSE])
async def test_where_a_field_failed_the_data_is_null_and_the_status_200(
    shared: Api, alice: UUID, accept: str
) -> None:
    response = await post(shared, alice, {"query": "{ stories(page: 0) { items { id } } }"}, accept)
    assert response.status_code == 200
    assert response.json()["data"] is None
    assert code(response) == "BAD_USER_INPUT"


@pytest.mark.parametrize(("name", "field"), [("A", "viewer"), ("B", "voices")])
async def test_the_operation_that_is_named_runs(shared: Api, alice: UUID, name: str, field: str) -> None:
    posted = await post(shared, alice, {"query": TWO, "operationName": name})
    got = await get(shared, alice, query=TWO, operationName=name)
    assert set(posted.json()["data"]) == set(got.json()["data"]) == {field}


async def test_a_query_may_be_got_from_a_document_that_holds_mutations_too(shared: Api, alice: UUID) -> None:
    document = (
        'query A { viewer { id } } mutation B { createStory(input: {title: "", content: ""}) { __typename } }'
    )
    assert (await get(shared, alice, query=document, operationName="A")).status_code == 200
    assert (await get(shared, alice, query=document, operationName="B")).status_code == 405


@pytest.mark.parametrize("accept", [PLAIN, RESPONSE])
async def test_a_subscription_is_sent_to_the_websocket(shared: Api, alice: UUID, accept: str) -> None:
    document = "subscription { storyGenerationEvents { id } }"
    for response in (
        await post(shared, alice, {"query": document}, accept),
        await get(shared, alice, accept, query=document),
    ):
        assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
        assert "graphql-transport-ws" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, PLAIN),
        ("*/*", PLAIN),
        ("application/*", PLAIN),
        (f"{RESPONSE}, {PLAIN}", RESPONSE),
        (f"{PLAIN}, {RESPONSE}", PLAIN),
        (f"{PLAIN};q=0.5, {RESPONSE};q=0.9", RESPONSE),
        (f"{RESPONSE}; charset=utf-8, {PLAIN}; charset=utf-8", RESPONSE),
        (f"{RESPONSE};q=0, */*;q=0.1", PLAIN),
        (f"{PLAIN};q=0, */*", RESPONSE),
        (f"*/*, {PLAIN};q=0.1", RESPONSE),
        (f"application/*;q=0.1, {PLAIN};q=0", RESPONSE),
        (f"text/*;q=0.5, {PLAIN};q=0.9", PLAIN),
        (f"text/html, {RESPONSE.upper()}", RESPONSE),
        ("text/html", None),
        (f"{PLAIN};q=0", None),
        (f"{PLAIN};q=much", None),
        (f"{PLAIN};q=nan", None),
    ],
)
async def test_the_media_type_is_the_one_the_client_likes_best(
    shared: Api, alice: UUID, accept: str | None, answered: str | None
) -> None:
    headers = {**shared.headers(alice), **({"Accept": accept} if accept else {})}
    async with httpx.AsyncClient() as client:
        if accept is None:
            del client.headers["accept"]
        response = await client.post(f"{shared.base}/graphql", json={"query": WHO}, headers=headers)
    assert response.status_code == (200 if answered else 406)
    assert response.headers["content-type"] == f"{answered or PLAIN}; charset=utf-8"
    if not answered:
        assert code(response) == "NOT_ACCEPTABLE"


async def test_media_types_may_come_on_several_lines(shared: Api, alice: UUID) -> None:
    lines = [*shared.headers(alice).items(), ("Accept", "text/html"), ("Accept", RESPONSE)]
    async with httpx.AsyncClient() as client:
        del client.headers["accept"]
        response = await client.post(f"{shared.base}/graphql", json={"query": WHO}, headers=lines)
    assert response.headers["content-type"] == f"{RESPONSE}; charset=utf-8"
