"""A small build, and one served API for the tests that leave it alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from server.local.postgres import LocalPostgres
from server.local.valkey import LocalValkey
from tests.callers import Api, serving
from tests.conftest import adjust, database_urls, fresh_database, settings_for
from tests.web_pages.builds import write_build


@pytest.fixture(scope="module")
def shared_settings(
    postgres: LocalPostgres, template: str, valkey: LocalValkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with fresh_database(postgres, template) as name:
        folder = tmp_path_factory.mktemp("pages")
        yield settings_for(database_urls(postgres, name), valkey.url(), folder)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
async def pages(shared_settings: Settings, built: Path) -> AsyncIterator[Api]:
    """The API with that build, as a local installation has it."""
    async with serving(shared_settings, built) as served:
        yield served


@pytest.fixture
def pages_with(shared_settings: Settings, built: Path) -> Any:
    """The same, with settings changed, or another build."""

    def served(web: Path = built, **changes: Any) -> AbstractAsyncContextManager[Api]:
        return serving(adjust(shared_settings, **changes), web)

    return served
