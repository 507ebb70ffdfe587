from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from jobs.bench import Bench
from tests.callers import Api
from tests.clients import examples, node
from tests.clients.remote import Remote, remote
from tests.live.hand import Hand


@pytest.fixture(scope="session")
def packages() -> None:
    """The pinned packages are installed."""
    try:
        node.install()
    except node.NotInstalled as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"The packages of tests/clients cannot be installed: {error}")


@pytest.fixture(scope="session")
def built_examples(packages: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of examples/ that is ready to run. Of typescript/codegen/generated, the manifest too."""
    copied = examples.copy_to(tmp_path_factory.mktemp("examples"))
    for making in (examples.compile_relay, examples.generate_code):
        made = asyncio.run(making(copied))
        assert made.code == 0, made.output + made.errors
    return copied


@pytest.fixture(params=["graphql-ws", "graphql-sse"])
def client_of(request: pytest.FixtureRequest) -> Any:
    """Opens a client of npm's, by each of the ways to be live in turn."""
    return partial(remote, request.param)


@pytest.fixture
def hand(bench: Bench) -> Hand:
    return Hand(bench)


@pytest.fixture
async def client(client_of: Any, api: Api, alice: UUID) -> AsyncIterator[Remote]:
    async with client_of(api.base, api.token(alice)) as steered:
        yield steered
