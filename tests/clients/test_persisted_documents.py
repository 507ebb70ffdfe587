"""Clients that send hashes for documents: Apollo's link, urql's exchange, and Code Generator's manifest."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.callers import Api
from tests.clients import examples, node
from tests.clients.remote import remote
from tests.graphql.ways import WAYS, WHO, asked, by_hash, codes, fresh, who

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("packages")]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("client", ["apollo", "urql"])
async def test_the_text_is_sent_once_and_then_the_hash_alone(
    api: Api, alice: UUID, client: str, method: str
) -> None:
    ran = await node.run(
        "node", "programs/persisted.mjs", client, f"{api.base}/graphql", api.token(alice), method
    )
    assert ran.code == 0, ran.errors
    found: dict[str, Any] = json.loads(ran.output)
    who = {"viewer": {"id": str(alice)}}
    assert [{"viewer": {"id": told["viewer"]["id"]}} for told in found["data"]] == [who, who]
    hashed, sent, again = found["requests"]
    assert [request["hasText"] for request in found["requests"]] == [False, True, False]
    assert (hashed["method"], again["method"]) == (method, method)
    assert (hashed["status"], sent["status"], again["status"]) == (400, 200, 200)


@pytest.mark.parametrize("transport", ["graphql-ws", "graphql-sse"])
async def test_live_clients_send_hashes_too(api: Api, alice: UUID, transport: str) -> None:
    """Theirs always have a text, which may be empty."""
    document = fresh()
    async with remote(transport, api.base, api.token(alice)) as client:
        await client.ask("hash", query="", extensions=by_hash(document))
        assert await client.errors("hash") == ["PERSISTED_QUERY_NOT_FOUND"]
        await client.ask("text", query=document, extensions=by_hash(document))
        assert await client.until_complete("text") == [who(alice)["data"]]
        await client.ask("again", query="", extensions=by_hash(document))
        assert await client.until_complete("again") == [who(alice)["data"]]


@pytest.fixture
def manifest(built_examples: Path) -> Path:
    """What GraphQL Code Generator writes for the example."""
    return built_examples / "typescript" / "codegen" / "generated" / "persisted-documents.json"


@pytest.fixture
async def strict(serve_with: Callable[..., Any], manifest: Path) -> AsyncIterator[Api]:
    async with serve_with(trusted_documents=manifest, trusted_documents_only=True) as api:
        yield api


@pytest.mark.usefixtures("worker")
async def test_a_client_of_generated_documents_takes_the_whole_trip_where_no_others_run(
    strict: Api, built_examples: Path, tmp_path: Path, alice: UUID
) -> None:
    token = strict.token(alice)
    ran = await examples.run(built_examples, "typescript/codegen/trip.ts", tmp_path, strict.base, token)
    assert (ran.code, ran.output.splitlines()[-1]) == (0, "deleted"), ran
    other = await examples.run(built_examples, "typescript/graphql-ws.ts", tmp_path, strict.base, token)
    assert other.code == 1
    assert "trusted documents alone" in other.errors


@pytest.fixture
def documents(manifest: Path) -> dict[str, str]:
    read: dict[str, str] = json.loads(manifest.read_text())
    return read


async def test_every_document_of_the_manifest_is_known_by_its_id_and_without_its_text(
    strict: Api, documents: dict[str, str], alice: UUID
) -> None:
    assert len(documents) > 4
    for document_id, text in documents.items():
        allowed = {"query": WAYS, "mutation": ["POST"], "subscription": WAYS[2:]}[text.split()[0]]
        for way in allowed:
            answer = await asked(strict, way, alice, documentId=document_id)
            by_text = await asked(strict, way, alice, query=text)
            assert answer == by_text, (way, text)
            assert "DOCUMENT_NOT_TRUSTED" not in json.dumps(answer)
    for way in WAYS:
        assert codes(await asked(strict, way, alice, query=WHO)) == ["DOCUMENT_NOT_TRUSTED"]
