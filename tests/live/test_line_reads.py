"""Subscriptions told by plans: what they read, and what they take from messages."""

from __future__ import annotations

from uuid import UUID

import pytest

import resolvers.progress_desk
from core.events import ChangeKind, GenerationChange
from tests.callers import Api
from tests.graphql.statements import recording
from tests.live.hand import Hand
from tests.live.lines import begin, has_streams
from tests.live.streams import follow, has_begun, until

BEYOND_INT = 2**31


async def test_progress_within_an_attempt_is_told_without_a_look_at_the_database(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    async with door.socket(alice) as socket:
        await begin(door, socket, generation)
        progress = await follow(socket, generation)
        assert await progress.next() == ("IN_PROGRESS", 0, 2)
        with recording(door) as asked:
            for percent in range(1, 20):
                await door_hand.progress(held, percent)
                assert await progress.next() == ("IN_PROGRESS", percent, percent + 2)
            assert asked.round_trips == []
            await door_hand.succeed(held)
            assert await progress.rest() == [("SUCCEEDED", 100, 22)]
            assert len(asked.statements) == 1


async def test_a_change_is_read_once_for_all_streams_of_a_user(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    async with door.socket(alice) as socket, door.socket(alice) as other:
        await begin(door, socket, generation)
        streams = [await follow(each, generation, str(n)) for each in (socket, other) for n in range(10)]
        await until(lambda: has_streams(door, alice, len(streams)) and has_begun(door, alice))
        with recording(door) as asked:
            await door_hand.succeed(held)
            for each in (socket, other):
                for _ in range(30):
                    assert (await each.receive())["type"] in {"next", "complete"}
            assert len(asked.statements) == 1


@pytest.mark.parametrize(
    ("kind", "revision", "status", "progress", "attempt"),
    [
        pytest.param("updated", 9, "in_progress", 90, None, id="of no attempt"),
        pytest.param("updated", 9, "in_progress", 90, 2, id="of another attempt"),
        pytest.param("updated", 9, "in_progress", 9, 1, id="fallen back"),
        pytest.param("updated", 9, "in_progress", 101, 1, id="more than all"),
        pytest.param("updated", BEYOND_INT, "in_progress", 90, 1, id="no Int"),
        pytest.param("updated", 9, "pending", 90, 1, id="pending again"),
        pytest.param("updated", 9, "failed", 90, 1, id="failed"),
        pytest.param("updated", 9, "nonsense", 90, 1, id="no status"),
        pytest.param("created", 9, "in_progress", 90, 1, id="created"),
        pytest.param("deleted", 9, "in_progress", 90, 1, id="deleted"),
        pytest.param("deleted", 1, "in_progress", 90, 1, id="deleted long ago"),
    ],
)
async def test_a_message_that_says_more_than_progress_is_no_more_than_a_reason_to_read(
    *,
    door: Api,
    door_hand: Hand,
    alice: UUID,
    kind: str,
    revision: int,
    status: str,
    progress: int,
    attempt: int | None,
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    await door_hand.progress(held, 10)
    async with door.socket(alice) as socket:
        await begin(door, socket, generation)
        followed = await follow(socket, generation)
        assert await followed.next() == ("IN_PROGRESS", 10, 3)
        with recording(door) as asked:
            forged = GenerationChange(UUID(generation), ChangeKind(kind), revision, status, progress, attempt)
            await door.services.publisher.publish(alice, forged)
            await until(lambda: len(asked.statements) == 1)
        await door_hand.progress(held, 20)
        assert await followed.next() == ("IN_PROGRESS", 20, 4)
        await door_hand.succeed(held)
        assert await followed.rest() == [("SUCCEEDED", 100, 5)]


async def test_progress_that_was_never_made_keeps_nobody_from_the_end(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    async with door.socket(alice) as socket:
        followed = await follow(socket, generation)
        assert await followed.next() == ("IN_PROGRESS", 0, 2)
        await _publish_untrue(door, alice, generation)
        assert await followed.next() == ("IN_PROGRESS", 90, 99)
        await door_hand.progress(held, 10)
        await door_hand.succeed(held)
        assert await followed.rest() == [("SUCCEEDED", 100, 4)]


async def test_progress_that_was_never_made_lasts_no_longer_than_to_the_next_look(
    door: Api, door_hand: Hand, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers.progress_desk, "REREAD_SECONDS", (0.2, 0.2))
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    async with door.socket(alice) as socket:
        followed = await follow(socket, generation)
        assert await followed.next() == ("IN_PROGRESS", 0, 2)
        await _publish_untrue(door, alice, generation)
        assert await followed.next() == ("IN_PROGRESS", 90, 99)
        assert await followed.next() == ("IN_PROGRESS", 0, 2)
        await door_hand.progress(held, 10)
        assert await followed.next() == ("IN_PROGRESS", 10, 3)


async def _publish_untrue(door: Api, user: UUID, generation: str) -> None:
    untrue = GenerationChange(UUID(generation), ChangeKind.UPDATED, 99, "in_progress", 90, 1)
    await door.services.publisher.publish(user, untrue)
