"""Manifests of trusted documents: what may stand in them, and what stops the start."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from core.errors import SettingsError
from core.settings import Settings
from server.graphql.manifests import read_manifests
from tests.conftest import adjust
from tests.graphql.ways import WHO, asked, by_hash, codes, sha256, who

VOICES = "query Voices { voices { __typename } }"


async def test_a_folder_s_documents_are_known_by_their_ids(
    serve_with: Callable[..., Any], tmp_path: Path, alice: UUID
) -> None:
    name, digest = hashlib.sha1(WHO.encode()).hexdigest(), sha256(VOICES)
    (tmp_path / "web.json").write_text(json.dumps({name: WHO}))
    (tmp_path / "app.json").write_text(json.dumps({f"sha256:{digest}": VOICES}))
    (tmp_path / "notes.txt").write_text("no manifest")
    prefixed = {"persistedQuery": {"version": 1, "sha256Hash": f"sha256:{digest}"}}
    async with serve_with(trusted_documents=tmp_path) as api:
        assert await asked(api, "GET", alice, documentId=name) == who(alice)
        voices = await asked(api, "POST", alice, query=VOICES)
        for known in (
            {"documentId": f"sha256:{digest}"},
            {"documentId": digest},
            {"extensions": by_hash(VOICES)},
            {"extensions": prefixed},
        ):
            assert await asked(api, "GET", alice, **known) == voices
        assert codes(await asked(api, "GET", alice, documentId="riddle")) == ["PERSISTED_QUERY_NOT_FOUND"]


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


def test_trusted_documents_alone_need_a_manifest(shared_settings: Settings) -> None:
    with pytest.raises(ValueError, match="STORYCAST_TRUSTED_DOCUMENTS_ONLY is set, and"):
        adjust(shared_settings, trusted_documents_only=True)


def test_a_manifest_that_is_nested_without_end_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text("[" * 100_000)
    with pytest.raises(SettingsError, match="is not JSON"):
        read_manifests(path)
