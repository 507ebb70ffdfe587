"""Documents that are asked by their hash: whose they are, and what is no hash."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from server.graphql.registered import BESIDES, MOST_OF_A_USER, MOST_OF_ALL, Registered
from tests.callers import Api
from tests.graphql.ways import WAYS, WHO, asked, by_hash, codes, fresh, sha256, who

CREATE = 'mutation Create { createStory(input: {title: "t", content: "c"}) { __typename } }'


@pytest.mark.parametrize("way", WAYS)
async def test_what_one_user_asks_is_nobody_else_s_to_find_out(
    shared: Api, alice: UUID, bob: UUID, way: str
) -> None:
    document = fresh()
    assert await asked(shared, way, alice, query=document, extensions=by_hash(document)) == who(alice)
    ways: list[dict[str, Any]] = [{"extensions": by_hash(document)}]
    ways += [{"documentId": sha256(document)}, {"documentId": f"sha256:{sha256(document)}"}]
    for known in ways:
        assert await asked(shared, way, alice, **known) == who(alice)
        assert codes(await asked(shared, way, bob, **known)) == ["PERSISTED_QUERY_NOT_FOUND"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_hash_of_something_else_registers_nothing(shared: Api, alice: UUID, way: str) -> None:
    one, other = fresh(), fresh()
    answer = await asked(shared, way, alice, query=one, extensions=by_hash(other))
    assert [error["message"] for error in answer["errors"]] == ["sha256Hash is not that of the query"]
    assert codes(answer) == ["BAD_REQUEST"]
    for document in (one, other):
        answer = await asked(shared, way, alice, extensions=by_hash(document))
        assert codes(answer) == ["PERSISTED_QUERY_NOT_FOUND"]


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_what_is_not_found_is_a_request_error(shared: Api, alice: UUID, accept: str) -> None:
    response = await shared.request(
        "POST", "/graphql", alice, json={"extensions": by_hash(fresh())}, headers={"Accept": accept}
    )
    assert response.status_code == (200 if accept == "application/json" else 400)
    not_found = {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}
    assert response.json() == {"errors": [not_found]}


NO_HASHES: list[Any] = [
    1,
    [],
    {},
    {"version": 2, "sha256Hash": "0" * 64},
    {"version": 1},
    {"version": 1, "sha256Hash": 1},
    {"version": 1, "sha256Hash": "0" * 63},
    {"version": 1, "sha256Hash": "G" * 64},
]
MALFORMED: list[Any] = [
    *({"extensions": {"persistedQuery": each}} for each in NO_HASHES),
    {"documentId": 1},
    {"extensions": {}},
]


@pytest.mark.parametrize("fields", MALFORMED)
async def test_what_names_no_document_is_a_bad_request(shared: Api, alice: UUID, fields: Any) -> None:
    response = await shared.request("POST", "/graphql", alice, json=fields)
    assert (response.status_code, codes(response.json())) == (400, ["BAD_REQUEST"])


@pytest.mark.parametrize("wrong", NO_HASHES)
async def test_on_a_socket_that_is_answered_alone(shared: Api, alice: UUID, wrong: Any) -> None:
    async with shared.socket(alice) as socket:
        payload = {"query": WHO, "extensions": {"persistedQuery": wrong}}
        await socket.send({"type": "subscribe", "id": "1", "payload": payload})
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", "1")
        assert message["payload"][0]["extensions"]["code"] == "BAD_REQUEST"
        await socket.subscribe("2", WHO)
        assert await socket.next("2") == {"viewer": {"id": str(alice)}}


async def test_a_mutation_by_its_hash_needs_post_too(shared: Api, alice: UUID) -> None:
    created = {"data": {"createStory": {"__typename": "CreateStorySuccess"}}}
    assert await asked(shared, "POST", alice, query=CREATE, extensions=by_hash(CREATE)) == created
    refused = await asked(shared, "GET", alice, extensions=by_hash(CREATE))
    assert [error["message"] for error in refused["errors"]] == ["Mutations need POST"]
    assert await shared.data(alice, "{ stories { meta { total } } }") == {"stories": {"meta": {"total": 1}}}


def test_those_used_longest_ago_make_room(alice: UUID, bob: UUID) -> None:
    registered = Registered()
    third = "x" * (MOST_OF_A_USER // 3 - BESIDES)
    for name in "abc":
        registered.put(alice, name, third)
    registered.put(bob, "a", third)
    assert registered.get(alice, "a") == third
    registered.put(alice, "d", third)
    assert [name for name in "abcd" if registered.get(alice, name)] == ["a", "c", "d"]
    assert registered.get(bob, "a") == third


def test_short_documents_are_as_few_as_their_room_allows(alice: UUID) -> None:
    registered = Registered()
    for number in range(MOST_OF_A_USER):
        registered.put(alice, str(number), "x")
    kept = [number for number in range(MOST_OF_A_USER) if registered.get(alice, str(number))]
    assert len(kept) == 511


def test_all_users_together_have_bounded_room(alice: UUID) -> None:
    registered = Registered()
    registered.put(alice, "hers", "x")
    most = MOST_OF_ALL // MOST_OF_A_USER
    for number in range(most):
        registered.put(UUID(int=number), "a", "x" * (MOST_OF_A_USER - BESIDES))
        assert registered.get(alice, "hers") == "x"
    assert registered.get(UUID(int=0), "a") is None
