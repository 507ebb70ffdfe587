"""Documents by hash and by id: each way and form they can come in, and what else a request says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.callers import Api
from tests.graphql.ways import WAYS, WHO, asked, by_hash, codes, fresh, sha256, who

VOICES = "query Voices { voices { id } }"
PAGE = "query Page($page: Int!) { stories(page: $page) { meta { page } } }"
TWO = "query A { viewer { id } } query B { stories { meta { total } } }"
CREATE = 'mutation Create { createStory(input: {title: "t", content: "c"}) { __typename } }'
FOLLOW = "subscription Follow($id: UUID!) { storyGenerationProgress(id: $id) { id } }"
NOT_FOUND = ["PERSISTED_QUERY_NOT_FOUND"]
NOT_TRUSTED = ["DOCUMENT_NOT_TRUSTED"]


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


async def test_variables_and_the_choice_of_operation_work_with_a_hash(shared: Api, alice: UUID) -> None:
    for way in WAYS:
        await asked(shared, way, alice, query=PAGE, variables={"page": 3}, extensions=by_hash(PAGE))
        answer = await asked(shared, way, alice, variables={"page": 7}, extensions=by_hash(PAGE))
        assert answer == {"data": {"stories": {"meta": {"page": 7}}}}
        await asked(shared, way, alice, query=TWO, operationName="A", extensions=by_hash(TWO))
        chosen = await asked(shared, way, alice, operationName="B", extensions=by_hash(TWO))
        assert chosen == {"data": {"stories": {"meta": {"total": 0}}}}


async def test_limits_hold_for_what_is_known_by_its_hash(shared: Api, alice: UUID) -> None:
    costly = fresh(
        "{ stories(pageSize: 100) { items { generations(pageSize: 100) { items { log { event } } } } } }"
    )
    for fields in ({"query": costly}, {}):
        answer = await asked(shared, "POST", alice, extensions=by_hash(costly), **fields)
        assert codes(answer) == codes(await asked(shared, "POST", alice, query=costly)) != NOT_FOUND


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
        for name in (sha256(document), f"sha256:{sha256(document)}", "0" * 40):
            assert codes(await asked(strict, way, alice, documentId=name)) == NOT_TRUSTED


async def test_what_comes_beside_a_trusted_id_does_not_run(strict: Api, alice: UUID) -> None:
    for way in WAYS:
        for fields in (
            {"documentId": sha256(WHO), "query": VOICES},
            {"documentId": sha256(WHO), "query": "{ __typename }"},
        ):
            assert await asked(strict, way, alice, **fields) == who(alice)
        untrusted = {"extensions": by_hash("{ __typename }"), "query": "{ __typename }"}
        assert await asked(strict, way, alice, documentId=sha256(WHO), **untrusted) == who(alice)
