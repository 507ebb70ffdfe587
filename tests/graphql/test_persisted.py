"""Documents that are asked by their hash, and trusted ones by their id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from core.errors import SettingsError
from resolvers import generations, stories
from server.graphql.manifests import read_manifests
from server.graphql.registered import BESIDES, MOST_OF_A_USER, MOST_OF_ALL, Registered
from tests.callers import Api

WHO = "query Who { viewer { id } }"
VOICES = "query Voices { voices { __typename } }"
FOLLOW = "subscription Follow($id: UUID!) { storyGenerationProgress(id: $id) { status } }"
CREATE = 'mutation Create { createStory(input: {title: "t", content: "c"}) { __typename } }'
# As GraphQL Code Generator names them by default.
MANIFEST = {hashlib.sha1(document.encode()).hexdigest(): document for document in (WHO, FOLLOW, CREATE)}
NOT_FOUND = ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
NOT_TRUSTED = ("This server runs trusted documents alone, and this is none of them", "DOCUMENT_NOT_TRUSTED")

Ask = Callable[..., Any]


def sha256(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def apq(digest: str, **more: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}, **more}


def key(document: str) -> str:
    return next(key for key, each in MANIFEST.items() if each == document)


async def by_post(api: Api, user: UUID, fields: dict[str, Any]) -> Any:
    return (await api.request("POST", "/graphql", user, json=fields)).json()


async def by_get(api: Api, user: UUID, fields: dict[str, Any]) -> Any:
    params = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    return (await api.request("GET", "/graphql", user, params=params)).json()


async def by_socket(api: Api, user: UUID, fields: dict[str, Any]) -> Any:
    async with api.socket(user) as socket:
        await socket.send({"type": "subscribe", "id": "1", "payload": fields})
        message = await socket.receive()
        if message["type"] == "error":
            return {"errors": message["payload"]}
        assert (await socket.receive())["type"] == "complete"
        return message["payload"]


async def by_events(api: Api, user: UUID, fields: dict[str, Any]) -> Any:
    headers = {"Accept": "text/event-stream"}
    response = await api.request("POST", "/graphql", user, json=fields, headers=headers)
    if response.headers["content-type"].startswith("application/json"):
        return response.json()
    return json.loads(response.text.partition("data: ")[2].partition("\n")[0])


WAYS = [by_get, by_post, by_socket, by_events]


@pytest.fixture(scope="module", params=WAYS)
def ask(request: pytest.FixtureRequest) -> Ask:
    way: Ask = request.param
    return way


def error_of(answered: Any) -> tuple[str, str]:
    (error,) = answered["errors"]
    return error["message"], error["extensions"]["code"]


@pytest.fixture
async def trusting(serve_with: Callable[..., Any], tmp_path: Path) -> AsyncIterator[Api]:
    """An API that runs the documents of MANIFEST alone."""
    manifest = tmp_path / "persisted-documents.json"
    manifest.write_text(json.dumps(MANIFEST))
    async with serve_with(trusted_documents=manifest, trusted_documents_only=True) as api:
        yield api


async def test_a_document_is_asked_by_its_hash_once_it_was_sent_with_it(
    shared: Api, alice: UUID, bob: UUID, ask: Ask
) -> None:
    me = {"data": {"viewer": {"id": str(alice)}}}
    assert error_of(await ask(shared, alice, apq(sha256(WHO)))) == NOT_FOUND
    assert await ask(shared, alice, apq(sha256(WHO), query=WHO)) == me
    assert await ask(shared, alice, apq(sha256(WHO))) == me
    for known in (apq(sha256(WHO), query=""), {"documentId": f"sha256:{sha256(WHO)}"}):
        assert await ask(shared, alice, known) == me
    # What one user asks is nobody else's to find out.
    assert error_of(await ask(shared, bob, apq(sha256(WHO)))) == NOT_FOUND


async def test_a_document_registered_one_way_is_known_the_other_ways(
    shared: Api, alice: UUID, ask: Ask
) -> None:
    await by_post(shared, alice, apq(sha256(WHO), query=WHO))
    assert await ask(shared, alice, apq(sha256(WHO))) == {"data": {"viewer": {"id": str(alice)}}}


async def test_a_hash_of_something_else_registers_nothing(shared: Api, alice: UUID, ask: Ask) -> None:
    told = error_of(await ask(shared, alice, apq(sha256(VOICES), query=WHO)))
    assert told == ("sha256Hash is not that of the query", "BAD_REQUEST")
    assert error_of(await ask(shared, alice, apq(sha256(VOICES)))) == NOT_FOUND


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_what_is_not_found_is_a_request_error(shared: Api, alice: UUID, accept: str) -> None:
    response = await shared.request(
        "POST", "/graphql", alice, json=apq(sha256(WHO)), headers={"Accept": accept}
    )
    assert response.status_code == (200 if accept == "application/json" else 400)
    assert response.json() == {"errors": [{"message": NOT_FOUND[0], "extensions": {"code": NOT_FOUND[1]}}]}


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
    assert (response.status_code, error_of(response.json())[1]) == (400, "BAD_REQUEST")


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
    assert await by_post(shared, alice, apq(sha256(CREATE), query=CREATE)) == created
    assert error_of(await by_get(shared, alice, apq(sha256(CREATE))))[0] == "Mutations need POST"
    assert await shared.data(alice, "{ stories { meta { total } } }") == {"stories": {"meta": {"total": 1}}}


async def test_trusted_documents_alone_run_where_it_is_said(trusting: Api, alice: UUID, ask: Ask) -> None:
    me = {"data": {"viewer": {"id": str(alice)}}}
    for trusted in (
        {"documentId": key(WHO)},
        {"documentId": key(WHO), "query": VOICES},
        {"query": WHO},
        apq(sha256(WHO), query=WHO),
    ):
        assert await ask(trusting, alice, trusted) == me
    for other in (
        {"query": VOICES},
        {"query": WHO + " "},
        {"documentId": "0" * 40},
        apq(sha256(VOICES)),
        apq(sha256(VOICES), query=VOICES),
        {"documentId": f"sha256:{sha256(VOICES)}"},
    ):
        assert error_of(await ask(trusting, alice, other)) == NOT_TRUSTED


async def test_a_trusted_subscription_runs_by_its_id(trusting: Api, alice: UUID) -> None:
    generation = await trusted_generation(trusting, alice)
    fields = {"documentId": key(FOLLOW), "variables": {"id": generation}}
    async with trusting.socket(alice) as socket:
        await socket.send({"type": "subscribe", "id": "1", "payload": fields})
        assert await socket.next("1") == {"storyGenerationProgress": {"status": "PENDING"}}


async def trusted_generation(api: Api, user: UUID) -> str:
    story = await stories.create_story(api.services, user, "t", "c")
    return str((await generations.initiate_generation(api.services, user, story.id)).id)


async def test_where_others_run_too_trusted_ones_are_known_by_their_ids(
    serve_with: Callable[..., Any], tmp_path: Path, alice: UUID
) -> None:
    (tmp_path / "web.json").write_text(json.dumps({key(WHO): WHO}))
    (tmp_path / "app.json").write_text(json.dumps({f"sha256:{sha256(VOICES)}": VOICES}))
    (tmp_path / "notes.txt").write_text("no manifest")
    digest = sha256(VOICES)
    async with serve_with(trusted_documents=tmp_path) as api:
        assert await by_get(api, alice, {"documentId": key(WHO)}) == {"data": {"viewer": {"id": str(alice)}}}
        voices = await by_post(api, alice, {"query": VOICES})
        for fields in ({"documentId": f"sha256:{digest}"}, {"documentId": digest}, apq(digest)):
            assert await by_get(api, alice, fields) == voices
        assert await by_get(api, alice, apq(f"sha256:{digest}")) == voices
        assert error_of(await by_get(api, alice, {"documentId": "riddle"})) == NOT_FOUND


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (None, "No such file or directory"),
        ("{", "is not JSON"),
        ("[]", "must be a JSON object of documents by their ids"),
        ('{"a": 1}', "must be a JSON object of documents by their ids"),
        ('{"a": "{ nope }"}', "a does not fit the schema: Cannot query field 'nope'"),
        ('{"a": "{"}', "a does not fit the schema: Syntax Error"),
    ],
)
def test_a_manifest_that_cannot_be_kept_stops_the_start(
    tmp_path: Path, written: str | None, told: str
) -> None:
    manifest = tmp_path / "manifest.json"
    if written is not None:
        manifest.write_text(written)
    with pytest.raises(SettingsError, match=told):
        read_manifests(manifest)


@pytest.mark.parametrize("key", ["", "sha256:"])
def test_an_id_that_says_nothing_stops_the_start(tmp_path: Path, key: str) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({key: WHO}))
    with pytest.raises(SettingsError, match="must name one document, and no other"):
        read_manifests(manifest)


@pytest.mark.parametrize("other", ["a", "sha256:a"])
def test_an_id_of_two_documents_stops_the_start(tmp_path: Path, other: str) -> None:
    (tmp_path / "1.json").write_text(json.dumps({"a": WHO}))
    (tmp_path / "2.json").write_text(json.dumps({other: WHO}))
    assert read_manifests(tmp_path) == {"a": WHO}
    (tmp_path / "2.json").write_text(json.dumps({other: VOICES}))
    with pytest.raises(SettingsError, match=r"2\.json has '.*a', which must name one document"):
        read_manifests(tmp_path)


def test_a_folder_without_manifests_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no manifest"):
        read_manifests(tmp_path)


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
