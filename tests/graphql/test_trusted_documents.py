"""Trusted documents: a manifest as GraphQL Code Generator writes it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.errors import SettingsError
from core.settings import Settings
from server.documents import Documents
from tests.callers import Api
from tests.conftest import adjust
from tests.graphql.ways import WAYS, WHO, asked, by_hash, codes, fresh, sha256, who

VOICES = "query Voices { voices { id } }"
PAGE = "query Page($page: Int!) { stories(page: $page) { meta { page } } }"
TWO = "query A { viewer { id } } query B { stories { meta { total } } }"
CREATE = 'mutation Create { createStory(input: {title: "t", content: "c"}) { __typename } }'
FOLLOW = "subscription Follow($id: UUID!) { storyGenerationProgress(id: $id) { id } }"
NOT_TRUSTED = ["DOCUMENT_NOT_TRUSTED"]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """As a build writes it; one id is no hash."""
    documents = {sha256(document): document for document in (WHO, PAGE, TWO, CREATE, FOLLOW)}
    path = tmp_path / "persisted-documents.json"
    path.write_text(json.dumps({**documents, "voices@1": VOICES}))
    return path


@pytest.fixture(params=[False, True], ids=["beside others", "alone"])
async def trusting(
    request: pytest.FixtureRequest, serve_with: Callable[..., Any], manifest: Path
) -> AsyncIterator[Api]:
    """An API that has trusted documents, and one that has nothing else."""
    async with serve_with(trusted_documents=manifest, trusted_documents_only=request.param) as api:
        yield api


@pytest.fixture
async def strict(serve_with: Callable[..., Any], manifest: Path) -> AsyncIterator[Api]:
    """An API that runs trusted documents alone."""
    async with serve_with(trusted_documents=manifest, trusted_documents_only=True) as api:
        yield api


async def test_a_trusted_document_runs_by_its_id_its_hash_and_its_text(trusting: Api, alice: UUID) -> None:
    for way in WAYS:
        for fields in (
            {"documentId": sha256(WHO)},
            {"documentId": f"sha256:{sha256(WHO)}"},
            {"documentId": sha256(WHO), "query": ""},
            {"extensions": by_hash(WHO)},
            {"extensions": by_hash(WHO), "query": WHO},
            {"query": WHO},
        ):
            assert await asked(trusting, way, alice, **fields) == who(alice), (way, fields)
        page = await asked(trusting, way, alice, documentId=sha256(PAGE), variables={"page": 2})
        assert page == {"data": {"stories": {"meta": {"page": 2}}}}
        voices = await asked(trusting, way, alice, documentId="voices@1")
        assert voices["data"]["voices"]


async def test_trusted_mutations_and_subscriptions_run_where_they_may(strict: Api, alice: UUID) -> None:
    for way in ("POST", "POST as events", "websocket"):
        created = await asked(strict, way, alice, documentId=sha256(CREATE))
        assert created == {"data": {"createStory": {"__typename": "CreateStorySuccess"}}}
    for way in ("GET", "GET as events"):
        assert codes(await asked(strict, way, alice, documentId=sha256(CREATE))) == ["BAD_REQUEST"]
    for way in WAYS[2:]:
        follow = {"documentId": sha256(FOLLOW), "variables": {"id": str(uuid4())}}
        assert codes(await asked(strict, way, alice, **follow)) == ["NOT_FOUND"]


@pytest.mark.parametrize("way", WAYS)
async def test_where_trusted_documents_are_alone_nothing_else_runs_or_is_kept(
    strict: Api, alice: UUID, way: str
) -> None:
    for document in (fresh(), WHO + " ", "{ __schema { types { name } } }", "{ __typename }", "{"):
        answer = await asked(strict, way, alice, query=document)
        assert codes(answer) == NOT_TRUSTED, document
        answer = await asked(strict, way, alice, query=document, extensions=by_hash(document))
        assert codes(answer) == NOT_TRUSTED
        assert codes(await asked(strict, way, alice, extensions=by_hash(document))) == NOT_TRUSTED
        assert codes(await asked(strict, way, alice, documentId=sha256(document))) == NOT_TRUSTED


async def test_what_comes_beside_a_trusted_id_does_not_run(strict: Api, alice: UUID) -> None:
    for way in WAYS:
        for fields in (
            {"documentId": sha256(WHO), "query": VOICES},
            {"documentId": sha256(WHO), "query": "{ __typename }"},
        ):
            assert await asked(strict, way, alice, **fields) == who(alice)
        untrusted = {"extensions": by_hash("{ __typename }"), "query": "{ __typename }"}
        assert await asked(strict, way, alice, documentId=sha256(WHO), **untrusted) == who(alice)


async def test_beside_trusted_documents_others_run_and_are_kept(
    serve_with: Callable[..., Any], manifest: Path, alice: UUID
) -> None:
    document = fresh()
    async with serve_with(trusted_documents=manifest) as api:
        assert await asked(api, "POST", alice, query=document, extensions=by_hash(document)) == who(alice)
        assert await asked(api, "GET", alice, extensions=by_hash(document)) == who(alice)


BAD_MANIFESTS = {
    "no JSON": ("{", "is not JSON"),
    "a list": ("[]", "must be a JSON object of documents by their ids"),
    "a number for a document": ('{"a": 1}', "must be a JSON object of documents by their ids"),
    "a field that is not there": (
        '{"a": "{ nope }"}',
        "a does not fit the schema: Cannot query field 'nope'",
    ),
    "no document": ('{"a": "{"}', "a does not fit the schema: Syntax Error"),
    "nesting without end": ("[" * 100_000, "is not JSON"),
}


@pytest.mark.parametrize(("text", "said"), BAD_MANIFESTS.values(), ids=BAD_MANIFESTS.keys())
def test_a_manifest_that_cannot_be_right_stops_the_start(
    shared_settings: Settings, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=said):
        Documents.open(adjust(shared_settings, trusted_documents=path))


@pytest.mark.parametrize("missing", ["nowhere.json", "."])
def test_a_manifest_that_is_not_there_stops_the_start(
    shared_settings: Settings, tmp_path: Path, missing: str
) -> None:
    path = tmp_path / missing
    with pytest.raises(SettingsError, match="STORYCAST_TRUSTED_DOCUMENTS: "):
        Documents.open(adjust(shared_settings, trusted_documents=path))


async def test_a_folder_of_manifests_holds_the_documents_of_them_all(
    serve_with: Callable[..., Any], tmp_path: Path, alice: UUID
) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    for name, document in (("old", WHO), ("new", TWO)):
        (folder / f"{name}.json").write_text(json.dumps({sha256(document): document}))
    async with serve_with(trusted_documents=folder, trusted_documents_only=True) as api:
        assert await asked(api, "POST", alice, documentId=sha256(WHO)) == who(alice)
        assert await asked(api, "POST", alice, documentId=sha256(TWO), operationName="A") == who(alice)


def test_trusted_documents_alone_need_a_manifest(shared_settings: Settings) -> None:
    with pytest.raises(ValueError, match="STORYCAST_TRUSTED_DOCUMENTS_ONLY is set, and"):
        adjust(shared_settings, trusted_documents_only=True)
