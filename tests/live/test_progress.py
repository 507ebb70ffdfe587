"""`storyGenerationProgress`: one generation, live."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import pytest
import redis

from core.events import ChangeKind, GenerationChange
from tests.callers import Api
from tests.live.hand import Hand
from tests.live.streams import CANCEL, DELETE, PROGRESS, follow, is_idle, until


async def test_the_present_state_comes_first_then_each_change_up_to_success(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    await door_hand.progress(held, 10)
    async with door.socket(alice) as socket:
        progress = await follow(socket, generation)
        assert await progress.next() == ("IN_PROGRESS", 10, 3)
        await door_hand.progress(held, 40)
        assert await progress.next() == ("IN_PROGRESS", 40, 4)
        await door_hand.progress(held, 99)
        assert await progress.next() == ("IN_PROGRESS", 99, 5)
        await door_hand.succeed(held)
        assert await progress.rest() == [("SUCCEEDED", 100, 6)]


@pytest.mark.parametrize("revision", [1, 2, 99])
@pytest.mark.parametrize("kind", list(ChangeKind))
async def test_a_message_without_a_newer_row_tells_nothing(
    *, door: Api, door_hand: Hand, alice: UUID, kind: ChangeKind, revision: int
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    async with door.socket(alice) as socket:
        progress = await follow(socket, generation)
        assert await progress.next() == ("IN_PROGRESS", 0, 2)
        empty = GenerationChange(UUID(generation), kind, revision, "succeeded", 100)
        await door.services.publisher.publish(alice, empty)
        await door_hand.progress(held, 5)
        assert await progress.next() == ("IN_PROGRESS", 5, 3)


async def test_it_completes_after_a_cancellation(door: Api, alice: UUID) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    async with door.socket(alice) as socket:
        progress = await follow(socket, generation)
        assert await progress.next() == ("PENDING", 0, 1)
        await door.data(alice, CANCEL, id=generation)
        assert await progress.rest() == [("FAILED", 0, 2)]


async def test_it_completes_after_a_deletion_whose_end_it_was_not_told(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    async with door.socket(alice) as socket:
        progress = await follow(socket, generation)
        assert await progress.next() == ("IN_PROGRESS", 0, 2)
        await door_hand.succeed(held, lost=True)
        await door.data(alice, DELETE, id=generation)
        assert await progress.rest() == []


async def succeed(door: Api, door_hand: Hand, user: UUID, generation: str) -> None:
    await door_hand.succeed(await door_hand.claim(generation))


async def cancel(door: Api, door_hand: Hand, user: UUID, generation: str) -> None:
    await door.data(user, CANCEL, id=generation)


@pytest.mark.parametrize(
    ("end", "told"), [(succeed, ("SUCCEEDED", 100, 3)), (cancel, ("FAILED", 0, 2))], ids=["success", "cancel"]
)
async def test_one_that_has_ended_is_told_and_done(
    *,
    door: Api,
    door_hand: Hand,
    alice: UUID,
    end: Callable[[Api, Hand, UUID, str], Awaitable[None]],
    told: tuple[str, int, int],
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    await end(door, door_hand, alice, generation)
    async with door.socket(alice) as socket:
        assert await (await follow(socket, generation)).rest() == [told]


@pytest.mark.parametrize("whose", ["nobody's", "another's"])
async def test_one_that_is_not_there_is_an_error_of_its_operation_alone(
    door: Api, alice: UUID, bob: UUID, whose: str
) -> None:
    others = await door.initiate(bob, await door.add_story(bob))
    mine = await door.initiate(alice, await door.add_story(alice))
    async with door.socket(alice) as socket:
        await socket.subscribe("1", PROGRESS, id=others if whose == "another's" else str(uuid4()))
        error = {"message": "Generation not found", "extensions": {"code": "NOT_FOUND"}}
        assert await socket.receive() == {"id": "1", "type": "error", "payload": [error]}
        assert await (await follow(socket, mine, "1")).next() == ("PENDING", 0, 1)


async def test_two_hundred_streams_share_one_connection_and_leave_nothing_behind(
    door: Api, door_hand: Hand, redis_url: str
) -> None:
    users = [uuid4() for _ in range(20)]
    generations = {user: await door.initiate(user, await door.add_story(user)) for user in users}
    with redis.Redis.from_url(redis_url) as server:
        await until(lambda: not server.pubsub_channels("storycast:*"))
        await _follow_ten_times_each(door, door_hand, generations, server)
        await until(lambda: not server.pubsub_channels("storycast:*"))
    await until(lambda: is_idle(door.services.feed))


async def _follow_ten_times_each(
    door: Api, door_hand: Hand, generations: dict[UUID, str], server: redis.Redis
) -> None:
    async with AsyncExitStack() as stack:
        followed = {}
        for user, generation in generations.items():
            socket = await stack.enter_async_context(door.socket(user))
            for number in range(10):
                await socket.subscribe(str(number), PROGRESS, id=generation)
            for _ in range(10):
                assert (await socket.receive())["type"] == "next"
            followed[user] = socket
        assert len(server.client_list(_type="pubsub")) == 1
        assert len(server.pubsub_channels("storycast:*")) == 20
        for user, generation in generations.items():
            held = await door_hand.claim(generation)
            assert held.user_id == user
            told = [await followed[user].receive() for _ in range(10)]
            assert sorted(int(message["id"]) for message in told) == list(range(10))
            assert {
                message["payload"]["data"]["storyGenerationProgress"]["revision"] for message in told
            } == {2}
