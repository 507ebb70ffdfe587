"""Sockets end with their token, however much there is to tell to clients that read slowly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from websockets.exceptions import ConnectionClosed

from core.events import ChangeKind, GenerationChange
from tests.callers import Api, Socket
from tests.live.hand import Hand
from tests.live.streams import EVENTS, show_documents
from tests.live.unread import unread

LIFETIME = timedelta(seconds=3)
STREAMS = 20
LONG_ID = "x" * 60_000
# What has been said already is read first.
MOST_SECONDS_LATE = 15


@pytest.mark.parametrize("plans", [True, False])
async def test_one_who_reads_slowly_is_told_nothing_that_came_after_its_token(
    serve_with: Callable[..., Any], hand: Hand, alice: UUID, *, plans: bool
) -> None:
    async with serve_with(plans=plans) as api:
        await show_documents(api)
        held = await hand.claim(await api.initiate(alice, await api.add_story(alice)))
        expires = time.time() + LIFETIME.total_seconds()
        async with unread(api, alice, LIFETIME) as slow:
            for number in range(STREAMS):
                await slow.subscribe(f"{number}{LONG_ID}", EVENTS)
            published: dict[int, float] = {}
            publishing = asyncio.create_task(_publish(api, alice, held.id, published))
            try:
                revisions, code = await _read_slowly(slow, expires + MOST_SECONDS_LATE)
            finally:
                publishing.cancel()
    assert code == 4403
    assert revisions
    assert max(published.get(each, 0) for each in revisions) < expires + 1


async def _publish(api: Api, user: UUID, generation: UUID, published: dict[int, float]) -> None:
    """Changes of one generation, one after the other, and when."""
    for revision in range(10, 1_000_000):
        published[revision] = time.time()
        change = GenerationChange(generation, ChangeKind.UPDATED, revision, "in_progress", 1, 1)
        await api.services.publisher.publish(user, change)
        await asyncio.sleep(0.05)


async def _read_slowly(slow: Socket, until: float) -> tuple[set[int], int | None]:
    """What was told, and by what code it was closed."""
    revisions = set()
    try:
        while time.time() < until:
            told = (await slow.receive())["payload"]["data"]["storyGenerationEvents"]
            revisions.add(told["generation"]["revision"])
            await asyncio.sleep(0.02)
    except ConnectionClosed as closed:
        return revisions, closed.rcvd.code if closed.rcvd else None
    return revisions, None
