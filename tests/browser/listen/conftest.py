"""Narrations to listen to, made here and at once."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from jobs.attempt import attempt
from jobs.bench import Bench
from tests.browser.listen.listener import STORY
from tests.callers import Api

Narrate = Callable[..., Awaitable[str]]


@pytest.fixture
def narrated(api: Api, bench: Bench, alice: UUID) -> Narrate:
    """Narrates a story of Alice's, and gives the generation's id."""

    async def narrate(content: str = STORY, title: str = "The Quiet Harbour") -> str:
        generation_id = await api.initiate(alice, await api.add_story(alice, content, title))
        await attempt(bench, UUID(generation_id), threading.Event())
        return generation_id

    return narrate
