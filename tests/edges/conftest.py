"""One API process for a module of tests, with its log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from server.local.postgres import LocalPostgres
from server.local.valkey import LocalValkey
from tests.callers import Client
from tests.conftest import adjust, database_urls, fresh_database, settings_for
from tests.processes import PRODUCT, ApiProcess


@dataclass
class Edge:
    """A process from outside: callers, and what it wrote."""

    process: ApiProcess
    client: Client
    settings: Settings
    log: Path

    @property
    def base(self) -> str:
        return self.process.base

    def complaints(self) -> list[str]:
        """The lines of its log that tell of a fault of ours."""
        lines = self.log.read_text().splitlines()
        return [line for line in lines if " ERROR " in line or " CRITICAL " in line or "Traceback" in line]


@pytest.fixture(scope="module")
def edge_settings(
    postgres: LocalPostgres, template: str, valkey: LocalValkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with fresh_database(postgres, template) as database:
        folder = tmp_path_factory.mktemp("edges")
        urls = database_urls(postgres, database)
        yield settings_for(urls, valkey.url(), folder)


@asynccontextmanager
async def edge_process(
    settings: Settings, log: Path, program: tuple[str, ...] = PRODUCT
) -> AsyncIterator[Edge]:
    with ApiProcess(settings, log, program=program) as process:
        told = adjust(settings, public_url=settings.public_url or process.base)
        client = Client(process.base, told)
        try:
            yield Edge(process, client, told, log)
        finally:
            await client.close()


@pytest.fixture(scope="module")
async def edge(edge_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    """The process, which must not complain of anything."""
    async with edge_process(edge_settings, tmp_path_factory.mktemp("log") / "api.log") as served:
        yield served
    assert served.complaints() == []


@pytest.fixture
def edge_with(edge_settings: Settings, tmp_path: Path) -> Any:
    """A process of the test's own, with settings changed."""

    def start(program: tuple[str, ...] = PRODUCT, **changes: Any) -> AbstractAsyncContextManager[Edge]:
        return edge_process(adjust(edge_settings, **changes), tmp_path / "api.log", program)

    return start
