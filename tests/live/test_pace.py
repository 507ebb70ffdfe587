"""What a narration publishes: after each commit, and not too often."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

import redis.asyncio

from core.events import ChangeKind, GenerationChange, user_channel
from db.models import Status
from resolvers.generations import find_generation
from tests.callers import LIMIT_SECONDS, Api
from tests.live.streams import DELETE
from tests.processes import Worker

MOST_A_SECOND = 5
SENTENCE = "The lamps along the harbour went out one after another, and nobody could say who had asked. "


async def test_at_most_five_changes_a_second_are_published_each_of_them_committed(
    api: Api, worker: Worker, alice: UUID, redis_url: str
) -> None:
    """From the creation to a deletion that follows the end at once; for a short story and a longer one."""
    async with redis.asyncio.from_url(redis_url) as server, server.pubsub() as channel:
        await channel.subscribe(user_channel(alice))
        for characters in (1_000, 3_000):
            changes = await _live_and_die(api, alice, (SENTENCE * 40)[:characters], channel)
            assert [change.revision for _, change in changes] == list(range(1, len(changes) + 1))
            times = [moment for moment, _ in changes]
            busiest = max(sum(start <= moment < start + 1 for moment in times) for start in times)
            assert busiest <= MOST_A_SECOND


async def _live_and_die(
    api: Api, user: UUID, text: str, channel: redis.asyncio.client.PubSub
) -> list[tuple[float, GenerationChange]]:
    """What is published of a generation, and when; each time the row is at least as new."""
    generation = UUID(await api.initiate(user, await api.add_story(user, text)))
    changes: list[tuple[float, GenerationChange]] = []
    async with asyncio.timeout(LIMIT_SECONDS):
        async for message in channel.listen():
            if message["type"] == "message":
                change = GenerationChange.decode(message["data"])
                changes.append((time.monotonic(), change))
                row = await find_generation(api.services, user, generation)
                assert (row is None) == (change.kind is ChangeKind.DELETED)
                if row is None:
                    break
                assert row.revision >= change.revision
                if change.status == Status.SUCCEEDED:
                    await api.data(user, DELETE, id=str(generation))
    return changes
