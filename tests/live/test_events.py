"""`storyGenerationEvents`: all of a user's generations, live."""

from __future__ import annotations

from uuid import UUID

import pytest

from core.events import ChangeKind, GenerationChange
from tests.callers import Api
from tests.live.creations import create
from tests.live.hand import Hand
from tests.live.streams import CANCEL, DELETE, all_events


@pytest.fixture
def api(door: Api) -> Api:
    return door


@pytest.fixture
def hand(door_hand: Hand) -> Hand:
    return door_hand


async def test_creation_progress_end_and_deletion_are_told(api: Api, hand: Hand, alice: UUID) -> None:
    story = await api.add_story(alice)
    async with all_events(api, alice, hand) as events:
        one = await api.initiate(alice, story)
        assert await events.next() == ("CREATED", one, ("PENDING", 0, 1))
        other = await api.initiate(alice, story)
        assert await events.next() == ("CREATED", other, ("PENDING", 0, 1))
        held = await hand.claim(one)
        assert await events.next() == ("UPDATED", one, ("IN_PROGRESS", 0, 2))
        await hand.progress(held, 50)
        assert await events.next() == ("UPDATED", one, ("IN_PROGRESS", 50, 3))
        await api.data(alice, CANCEL, id=other)
        assert await events.next() == ("UPDATED", other, ("FAILED", 0, 2))
        await hand.succeed(held)
        assert await events.next() == ("UPDATED", one, ("SUCCEEDED", 100, 4))
        await api.data(alice, DELETE, id=one)
        assert await events.next() == ("DELETED", one, None)
        await api.data(alice, "mutation ($id: UUID!) { deleteStory(id: $id) { __typename } }", id=story)
        assert await events.next() == ("DELETED", other, None)


async def test_another_users_changes_are_not_told(api: Api, hand: Hand, alice: UUID, bob: UUID) -> None:
    bobs_story = await api.add_story(bob)
    story = await api.add_story(alice)
    async with all_events(api, alice, hand) as events, all_events(api, bob, hand) as bobs:
        his = await api.initiate(bob, bobs_story)
        # By now: who is told later may be told of its end alone.
        assert (await bobs.next())[:2] == ("CREATED", his)
        held = await hand.claim(his)
        await hand.succeed(held)
        await api.data(bob, DELETE, id=his)
        await bobs.until(lambda event: event == ("DELETED", his, None))
        mine = await api.initiate(alice, story)
        assert await events.next() == ("CREATED", mine, ("PENDING", 0, 1))


async def test_what_happened_before_is_not_told(api: Api, hand: Hand, alice: UUID) -> None:
    story = await api.add_story(alice)
    waiting, working, done, gone = [await api.initiate(alice, story) for _ in range(4)]
    held = await hand.claim(working)
    await hand.succeed(await hand.claim(done))
    await hand.succeed(await hand.claim(gone))
    await api.data(alice, DELETE, id=gone)
    async with all_events(api, alice, hand) as events:
        await hand.progress(held, 7)
        assert await events.next() == ("UPDATED", working, ("IN_PROGRESS", 7, 3))
        await api.data(alice, CANCEL, id=waiting)
        assert await events.next() == ("UPDATED", waiting, ("FAILED", 0, 2))


async def test_a_creation_is_told_as_one_though_its_claim_was_published_first(
    api: Api, hand: Hand, alice: UUID
) -> None:
    story = await api.add_story(alice)
    async with all_events(api, alice, hand) as events:
        async with api.services.database.write(alice) as session:
            made = await create(session, story)
        held = await hand.claim(made)
        assert await events.next() == ("CREATED", str(made), ("IN_PROGRESS", 0, 2))
        late = GenerationChange(made, ChangeKind.CREATED, 1, "pending", 0)
        await api.services.publisher.publish(alice, late)
        await hand.progress(held, 5)
        assert await events.next() == ("UPDATED", str(made), ("IN_PROGRESS", 5, 3))


@pytest.mark.parametrize("kind", list(ChangeKind))
@pytest.mark.parametrize("revision", [1, 3, 4])
async def test_old_messages_raise_nothing_from_the_dead(
    *, api: Api, hand: Hand, alice: UUID, kind: ChangeKind, revision: int
) -> None:
    """Of a generation that was deleted, and of one that goes on."""
    story = await api.add_story(alice)
    async with all_events(api, alice, hand) as events:
        dead, alive = [await api.initiate(alice, story) for _ in range(2)]
        await hand.succeed(await hand.claim(dead))
        held = await hand.claim(alive)
        await hand.progress(held, 5)
        await api.data(alice, DELETE, id=dead)
        await events.until(lambda event: event == ("DELETED", dead, None))

        for generation in (dead, alive):
            if generation == dead or kind is not ChangeKind.DELETED:
                old = GenerationChange(UUID(generation), kind, revision, "in_progress", 1)
                await api.services.publisher.publish(alice, old)
        await hand.progress(held, 6)
        assert await events.next() == ("UPDATED", alive, ("IN_PROGRESS", 6, 4))


async def test_each_stream_of_a_user_is_told_everything(api: Api, hand: Hand, alice: UUID) -> None:
    story = await api.add_story(alice)
    async with all_events(api, alice, hand) as first, all_events(api, alice, hand) as second:
        one = await api.initiate(alice, story)
        # The first is told of what showed that the second had begun, too.
        told = await first.until(lambda event: event == ("CREATED", one, ("PENDING", 0, 1)))
        assert {event[1] for event in told} == {second.canary, one}
        assert await second.next() == ("CREATED", one, ("PENDING", 0, 1))


async def test_a_burst_ends_in_the_newest_state_with_its_creation_told(
    api: Api, hand: Hand, alice: UUID
) -> None:
    story = await api.add_story(alice)
    async with all_events(api, alice, hand) as events:
        one = await api.initiate(alice, story)
        held = await hand.claim(one)
        for percent in range(1, 100):
            await hand.progress(held, percent)
        await hand.succeed(held)
        told = await events.until(lambda event: event[2] == ("SUCCEEDED", 100, 102))
    assert told[0][0] == "CREATED"
    assert {change for change, _, _ in told[1:]} <= {"UPDATED"}
    revisions = [generation[2] for _, _, generation in told if generation]
    assert revisions == sorted(set(revisions))
