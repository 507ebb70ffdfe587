"""Automatic persisted queries: documents known by their hash, to the user who sent them.

https://www.apollographql.com/docs/graphos/platform/security/persisted-queries#apq
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from server.documents import MOST_OF_A_USER
from tests.callers import Api
from tests.graphql.ways import WAYS, WHO, asked, by_hash, codes, fresh, sha256, who

PAGE = "query Page($page: Int!) { stories(page: $page) { meta { page } } }"
TWO = "query A { viewer { id } } query B { stories { meta { total } } }"
CREATE = 'mutation Create { createStory(input: {title: "t", content: "c"}) { __typename } }'
NOT_FOUND = ["PERSISTED_QUERY_NOT_FOUND"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("empty", [{}, {"query": ""}], ids=["no text", "an empty text"])
async def test_a_document_is_asked_for_once_and_then_known_by_its_hash(
    shared: Api, alice: UUID, way: str, empty: dict[str, str]
) -> None:
    document = fresh()
    first = await asked(shared, way, alice, extensions=by_hash(document), **empty)
    assert codes(first) == NOT_FOUND
    assert first["errors"][0]["message"] == "PersistedQueryNotFound"
    sent = await asked(shared, way, alice, query=document, extensions=by_hash(document, miss=True))
    assert sent == who(alice)
    for _ in range(2):
        assert await asked(shared, way, alice, extensions=by_hash(document), **empty) == who(alice)


@pytest.mark.parametrize("sent", WAYS)
async def test_what_one_way_brought_is_known_by_every_way(shared: Api, alice: UUID, sent: str) -> None:
    document = fresh()
    await asked(shared, sent, alice, query=document, extensions=by_hash(document))
    for way in WAYS:
        assert await asked(shared, way, alice, extensions=by_hash(document)) == who(alice)


@pytest.mark.parametrize("way", WAYS)
async def test_what_one_user_brought_is_not_known_to_another(
    shared: Api, alice: UUID, bob: UUID, way: str
) -> None:
    document = fresh()
    await asked(shared, way, alice, query=document, extensions=by_hash(document))
    assert codes(await asked(shared, way, bob, extensions=by_hash(document))) == NOT_FOUND
    assert codes(await asked(shared, way, bob, documentId=sha256(document))) == NOT_FOUND


@pytest.mark.parametrize("way", WAYS)
async def test_a_document_under_the_hash_of_another_is_neither_run_nor_kept(
    shared: Api, alice: UUID, way: str
) -> None:
    document = fresh()
    answer = await asked(shared, way, alice, query=fresh(), extensions=by_hash(document))
    assert codes(answer) == ["BAD_REQUEST"]
    assert codes(await asked(shared, way, alice, extensions=by_hash(document))) == NOT_FOUND


@pytest.mark.parametrize(
    "named",
    [
        {"version": 2, "sha256Hash": "0" * 64},
        {"version": 1},
        {"version": 1, "sha256Hash": "0" * 63},
        {"version": 1, "sha256Hash": "0" * 64 + "\n"},
        {"version": 1, "sha256Hash": "../" + "0" * 61},
        {"version": 1, "sha256Hash": 5},
        {},
        [],
        "x",
    ],
)
async def test_what_is_no_hash_is_a_bad_request(shared: Api, alice: UUID, named: Any) -> None:
    for way in WAYS[:2]:
        for more in ({}, {"query": WHO}):
            answer = await asked(shared, way, alice, extensions={"persistedQuery": named}, **more)
            assert codes(answer) == ["BAD_REQUEST"]


async def test_variables_and_the_choice_of_operation_work_with_a_hash(shared: Api, alice: UUID) -> None:
    for way in WAYS:
        await asked(shared, way, alice, query=PAGE, variables={"page": 3}, extensions=by_hash(PAGE))
        answer = await asked(shared, way, alice, variables={"page": 7}, extensions=by_hash(PAGE))
        assert answer == {"data": {"stories": {"meta": {"page": 7}}}}
        await asked(shared, way, alice, query=TWO, operationName="A", extensions=by_hash(TWO))
        chosen = await asked(shared, way, alice, operationName="B", extensions=by_hash(TWO))
        assert chosen == {"data": {"stories": {"meta": {"total": 0}}}}


async def test_a_mutation_by_its_hash_needs_post_too(shared: Api, alice: UUID) -> None:
    created = {"data": {"createStory": {"__typename": "CreateStorySuccess"}}}
    assert await asked(shared, "POST", alice, query=CREATE, extensions=by_hash(CREATE)) == created
    response = await shared.request(
        "GET", "/graphql", alice, params={"extensions": json.dumps(by_hash(CREATE))}
    )
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    total = await shared.data(alice, "{ stories { meta { total } } }")
    assert total == {"stories": {"meta": {"total": 1}}}


async def test_limits_hold_for_what_is_known_by_its_hash(shared: Api, alice: UUID) -> None:
    costly = fresh(
        "{ stories(pageSize: 100) { items { generations(pageSize: 100) { items { log { event } } } } } }"
    )
    for fields in ({"query": costly}, {}):
        answer = await asked(shared, "POST", alice, extensions=by_hash(costly), **fields)
        assert codes(answer) == codes(await asked(shared, "POST", alice, query=costly)) != NOT_FOUND


async def test_a_user_keeps_so_many_and_costs_others_none(shared: Api, alice: UUID, bob: UUID) -> None:
    """Those used longest ago go first."""
    theirs = fresh()
    await asked(shared, "POST", bob, query=theirs, extensions=by_hash(theirs))
    large = [fresh().ljust(60_000) for _ in range(MOST_OF_A_USER // 60_000)]
    for document in large:
        await asked(shared, "POST", alice, query=document, extensions=by_hash(document))
    assert await asked(shared, "POST", alice, extensions=by_hash(large[0])) == who(alice)
    one_more = fresh().ljust(60_000)
    await asked(shared, "POST", alice, query=one_more, extensions=by_hash(one_more))
    known = [await asked(shared, "POST", alice, extensions=by_hash(document)) for document in large]
    assert [each == who(alice) for each in known] == [True, False, *[True] * (len(large) - 2)]
    assert codes(known[1]) == NOT_FOUND
    assert await asked(shared, "POST", bob, extensions=by_hash(theirs)) == who(bob)
