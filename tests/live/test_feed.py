"""The one connection of a process: who watches is told, whatever comes and goes beside them."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis

import core.feed
import core.wire
from core.events import ChangeKind, GenerationChange, Publisher, user_channel
from core.feed import Feed
from core.pipeline import Pipeline
from tests.live.streams import is_idle, until
from tests.mailbox import Delivery, watch

SOON = 5.0
STRESS_SECONDS = 1.0


@pytest.fixture
async def feed(redis_url: str) -> AsyncIterator[Feed]:
    async with Feed(redis_url) as opened:
        yield opened


@pytest.fixture
async def publisher(redis_url: str) -> AsyncIterator[Publisher]:
    async with Pipeline(redis_url) as pipeline:
        yield Publisher(pipeline)


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    """A look at the server itself."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


def change(revision: int) -> GenerationChange:
    return GenerationChange(UUID(int=1), ChangeKind.UPDATED, revision, "in_progress", 1)


def message(**changes: Any) -> bytes:
    """A change as it is published, with some fields set to what they should not be."""
    fields: dict[str, Any] = json.loads(change(9).encode())
    return json.dumps(fields | changes).encode()


def subscribers(server: redis.Redis) -> list[str]:
    """The connections that are subscribed to something."""
    return [client["id"] for client in server.client_list(_type="pubsub")]


async def test_every_watcher_of_a_user_is_told_and_nobody_elses(feed: Feed, publisher: Publisher) -> None:
    alice, bob = uuid4(), uuid4()
    async with watch(feed, alice) as first, watch(feed, alice) as second, watch(feed, bob) as other:
        await publisher.publish(alice, change(2))
        await publisher.publish(bob, change(3))
        assert await first.take(SOON) == Delivery((change(2),), gap=False)
        assert await second.take(SOON) == Delivery((change(2),), gap=False)
        assert await other.take(SOON) == Delivery((change(3),), gap=False)


async def test_a_channel_is_left_with_its_last_watcher(feed: Feed, server: redis.Redis) -> None:
    alice = uuid4()
    async with watch(feed, alice):
        async with watch(feed, alice):
            pass
        assert server.pubsub_numsub(user_channel(alice)) == [(user_channel(alice).encode(), 1)]
    await until(lambda: not subscribers(server))


async def test_who_comes_as_another_leaves_is_confirmed_at_once(
    feed: Feed, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    alice = uuid4()
    for revision in range(2, 100):
        async with watch(feed, alice) as mailbox:
            await publisher.publish(alice, change(revision))
            assert change(revision) in (await mailbox.take(SOON)).changes
    assert caplog.messages == []


async def test_a_watcher_that_is_canceled_leaves_nothing_behind(feed: Feed, server: redis.Redis) -> None:
    async def come(user: UUID) -> None:
        async with watch(feed, user) as mailbox:
            await mailbox.take(SOON)

    for ticks in range(20):
        task = asyncio.create_task(come(uuid4()))
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await until(lambda: is_idle(feed))
    await until(lambda: not subscribers(server))


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"null",
        b"\xff",
        b"[" * 100_000,
        message(id=5),
        message(id=None),
        message(id="x"),
        message(change="eaten"),
        message(change=[]),
        message(revision="x"),
        message(revision=None),
        message(revision=[2]),
        message(progress="x"),
    ],
)
async def test_a_message_that_is_no_change_disturbs_nothing(
    feed: Feed, publisher: Publisher, server: redis.Redis, garbage: bytes
) -> None:
    alice = uuid4()
    async with watch(feed, alice) as mailbox:
        connection = subscribers(server)
        server.publish(user_channel(alice), garbage)
        await publisher.publish(alice, change(2))
        assert await mailbox.take(SOON) == Delivery((change(2),), gap=False)
        assert subscribers(server) == connection


async def test_a_server_that_takes_the_connection_and_says_nothing_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(core.wire, "CONNECT_SECONDS", 0.1)
    taken: list[asyncio.StreamWriter] = []
    mute = await asyncio.start_server(lambda _, writer: taken.append(writer), "127.0.0.1", 0)
    port = mute.sockets[0].getsockname()[1]
    async with mute, Feed(f"redis://127.0.0.1:{port}"):
        await until(lambda: len(taken) == 3)
        for writer in taken:
            writer.close()


@pytest.mark.parametrize("watchers", [0, 1])
async def test_silence_is_no_reason_to_reconnect(
    redis_url: str,
    server: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    watchers: int,
) -> None:
    monkeypatch.setattr(core.feed, "PING_SECONDS", 0.02)
    monkeypatch.setattr(core.feed, "SILENCE_SECONDS", 0.2)
    others = {client["id"] for client in server.client_list()}

    def pinging() -> dict[str, int]:
        """The feed's connection once it has pinged, with the bytes it has sent."""
        return {
            client["id"]: int(client["tot-net-in"])
            for client in server.client_list()
            if client["id"] not in others and client["cmd"] == "ping"
        }

    async with AsyncExitStack() as stack:
        feed = await stack.enter_async_context(Feed(redis_url))
        for _ in range(watchers):
            await stack.enter_async_context(watch(feed, uuid4()))
        await until(lambda: len(pinging()) == 1)
        ((connection, sent),) = pinging().items()
        longer_than_silence = sent + 20 * len("*1 $4 PING _ _")
        await until(lambda: pinging().get(connection, longer_than_silence) >= longer_than_silence)
        assert list(pinging()) == [connection]
    assert caplog.messages == []


@pytest.mark.parametrize(
    "severed", [False, True], ids=["in peace", "with the connection killed over and over"]
)
async def test_whoever_watches_misses_nothing(
    feed: Feed, publisher: Publisher, server: redis.Redis, caplog: pytest.LogCaptureFixture, severed: bool
) -> None:
    """Watchers of a few users come, go and are canceled at random; each hears what follows its coming."""
    caplog.set_level(logging.ERROR if severed else logging.WARNING)
    dice = random.Random(2)
    users = [uuid4() for _ in range(5)]
    revisions = itertools.count(1)
    heard = 0

    async def come(user: UUID) -> None:
        nonlocal heard
        async with watch(feed, user) as mailbox:
            for _ in range(dice.randrange(3)):
                revision = next(revisions)
                await publisher.publish(user, change(revision))
                async with asyncio.timeout(SOON):
                    while not _tells(await mailbox.take(SOON), revision):
                        pass
                heard += 1

    async def come_and_go() -> None:
        while asyncio.get_running_loop().time() < end:
            task = asyncio.create_task(come(dice.choice(users)))
            if dice.random() < 0.3:
                await asyncio.wait([task], timeout=dice.random() / 100)
                task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()

    end = asyncio.get_running_loop().time() + STRESS_SECONDS
    async with asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(come_and_go())
        while severed and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.3)  # as often as it comes back
            server.client_kill_filter(_type="pubsub")
    assert heard > 100
    await until(lambda: is_idle(feed))
    await until(lambda: not subscribers(server))
    assert caplog.messages == []


def _tells(delivery: Delivery, revision: int) -> bool:
    return delivery.gap or any(change.revision >= revision for change in delivery.changes)
