"""Subscriptions told by plans: nothing runs between two events, nothing is kept for those who read late."""

from __future__ import annotations

import asyncio
from functools import partial
from uuid import UUID

import pytest

from core.events import ChangeKind, GenerationChange
from tests.callers import Api, Socket
from tests.live.hand import Hand
from tests.live.lines import begin, by_graphql_core, has_streams
from tests.live.streams import EVENTS, PROGRESS, follow, has_begun, show_documents, until
from tests.live.unread import unread

pytestmark = pytest.mark.plans

LONG_ID = "x" * 60_000
MESSAGES = 400
# What the kernel's buffers, ours and one event on its way hold at the most.
MOST_BUFFERED = 150


async def test_nothing_runs_for_a_stream_between_two_events(door: Api, door_hand: Hand, alice: UUID) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    await door_hand.claim(generation)
    async with door.socket(alice) as socket:
        await begin(door, socket, generation)
        before = len(asyncio.all_tasks())
        for number in range(50):
            assert (await (await follow(socket, generation, str(number))).next())[0] == "IN_PROGRESS"
        await until(lambda: len(asyncio.all_tasks()) <= before)


async def test_one_who_reads_late_gets_the_latest_state_and_the_end(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    async with door.socket(alice) as ready:
        await begin(door, ready, generation)
    async with unread(door, alice) as slow:
        await slow.subscribe(LONG_ID, PROGRESS, id=generation)
        assert (await slow.next(LONG_ID))["storyGenerationProgress"]["revision"] == 2
        for revision in range(3, MESSAGES):
            moved = GenerationChange(UUID(generation), ChangeKind.UPDATED, revision, "in_progress", 1, 1)
            await door.services.publisher.publish(alice, moved)
        await door_hand.succeed(held)
        told = [event["storyGenerationProgress"] for event in await slow.until_complete(LONG_ID)]
    assert told[-1] == {"status": "SUCCEEDED", "progress": 100, "revision": 3}
    revisions = [each["revision"] for each in told[:-1]]
    assert revisions == sorted(set(revisions))
    assert len(told) < MOST_BUFFERED


async def test_one_who_reads_late_is_told_of_a_creation_that_others_know_as_moved_since(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    busy = await door.initiate(alice, await door.add_story(alice))
    await door_hand.claim(busy)
    async with door.socket(alice) as ready, unread(door, alice) as slow:
        await _follow_all_by_plan(door, ready, alice, 1)
        await _follow_all_by_plan(door, slow, alice, 2)
        for revision in range(3, MESSAGES):
            moved = GenerationChange(UUID(busy), ChangeKind.UPDATED, revision, "in_progress", 1, 1)
            await door.services.publisher.publish(alice, moved)
        created = await door.initiate(alice, await door.add_story(alice))
        assert await _told_of(ready, created) == "CREATED"
        await door_hand.claim(created)
        assert await _told_of(ready, created) == "UPDATED"
        assert await _told_of(slow, created) == "CREATED"


async def _follow_all_by_plan(door: Api, socket: Socket, user: UUID, number: int) -> None:
    await show_documents(door)
    await socket.subscribe(LONG_ID, EVENTS)
    await until(partial(has_streams, door, user, number))
    await until(lambda: has_begun(door, user))
    assert not by_graphql_core()


async def _told_of(socket: Socket, generation: str) -> str:
    """What became of it, by the next event that says so."""
    while True:
        event = (await socket.next(LONG_ID))["storyGenerationEvents"]
        if event["id"] == generation:
            change: str = event["change"]
            return change
