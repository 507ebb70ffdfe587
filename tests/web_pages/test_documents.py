"""Where trusted documents alone run, the UI's own do too, and nothing that its build does not list."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.graphql.ways import WAYS, WHO, asked, by_hash, codes, fresh, sha256, who
from tests.web_pages.builds import HTML, write_build

NOT_TRUSTED = ["DOCUMENT_NOT_TRUSTED"]
VOICES = "query Voices { voices { __typename } }"
GONE = "query Gone { storiesOfOld { id } }"


@pytest.fixture
def trusting(tmp_path: Path) -> dict[str, Any]:
    """The settings of an operator who trusts one app."""
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"voices": VOICES}))
    return {"trusted_documents": manifest, "trusted_documents_only": True}


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("way", WAYS)
async def test_what_the_build_lists_runs_and_nothing_else(
    pages_with: Any, trusting: dict[str, Any], alice: UUID, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    async with pages_with(**trusting) as api:
        for fields in ({"query": WHO}, {"documentId": sha256(WHO)}, {"extensions": by_hash(WHO)}):
            assert await asked(api, way, alice, **fields) == who(alice)
        for fields in ({"query": VOICES}, {"documentId": "voices"}):
            assert "errors" not in await asked(api, way, alice, **fields)
        for query in (fresh(), WHO + " ", GONE, "{ __schema { types { name } } }"):
            assert codes(await asked(api, way, alice, query=query)) == NOT_TRUSTED
    assert errors(caplog) == []


async def test_a_document_that_does_not_fit_the_schema_is_told_and_the_rest_runs(
    pages_with: Any, trusting: dict[str, Any], tmp_path: Path, alice: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    web = write_build(tmp_path / "dist")
    documents = {sha256(each): each for each in (GONE, WHO, "{")}
    (web / "documents.json").write_text(json.dumps(documents))
    async with pages_with(web, **trusting) as api:
        assert await asked(api, "POST", alice, query=WHO) == who(alice)
        for query in (GONE, "{"):
            assert codes(await asked(api, "POST", alice, query=query)) == NOT_TRUSTED
        assert (await api.request("GET", "/", headers=HTML)).status_code == 200
    told = errors(caplog)
    assert len(told) == 2
    assert told[0].startswith(f"The web UI cannot work: its document {sha256(GONE)} does not fit the schema:")
    assert all("python3 dev.py web" in line for line in told)


@pytest.mark.parametrize("written", [None, "{", "[]", '{"a": 1}', "[" * 100_000])
async def test_a_build_whose_documents_cannot_be_read_is_told_and_the_rest_runs(
    pages_with: Any,
    trusting: dict[str, Any],
    tmp_path: Path,
    alice: UUID,
    caplog: pytest.LogCaptureFixture,
    *,
    written: str | None,
) -> None:
    web = write_build(tmp_path / "dist")
    (web / "documents.json").unlink()
    if written is not None:
        (web / "documents.json").write_text(written)
    async with pages_with(web, **trusting) as api:
        assert "errors" not in await asked(api, "POST", alice, query=VOICES)
        assert codes(await asked(api, "POST", alice, query=WHO)) == NOT_TRUSTED
    (told,) = errors(caplog)
    assert told.startswith(f"The web UI cannot work: {web / 'documents.json'}")
    assert "TRUSTED" not in told


async def test_without_a_build_the_manifest_s_run(
    pages_with: Any, trusting: dict[str, Any], tmp_path: Path, alice: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    async with pages_with(tmp_path / "dist", **trusting) as api:
        assert "errors" not in await asked(api, "POST", alice, query=VOICES)
        assert codes(await asked(api, "POST", alice, query=WHO)) == NOT_TRUSTED
    assert errors(caplog) == []


async def test_where_others_run_the_build_s_documents_are_not_looked_at(
    pages_with: Any, tmp_path: Path, alice: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    web = write_build(tmp_path / "dist")
    (web / "documents.json").write_text("{")
    async with pages_with(web) as api:
        assert await asked(api, "POST", alice, query=WHO) == who(alice)
    assert errors(caplog) == []
