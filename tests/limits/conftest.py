from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from core.settings import Settings
from tests.callers import Api, serving
from tests.limits.asking import BOTH, Ask


@pytest.fixture(params=BOTH)
def ask(request: pytest.FixtureRequest) -> Ask:
    """Asks for a generation: over REST in one run of the test, over GraphQL in another."""
    return BOTH[request.param]


@pytest.fixture
async def story(api: Api, alice: UUID) -> str:
    """The id of a story of Alice's."""
    return await api.add_story(alice)


@pytest.fixture
async def other_api(settings: Settings) -> AsyncIterator[Api]:
    """A second API over the same database and Redis."""
    async with serving(settings) as served:
        yield served
