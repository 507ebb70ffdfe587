"""Redis away, in each of its ways: streams live on, and tell what happened meanwhile, once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest
import redis

import resolvers.progress_desk
from core.settings import Settings
from db.generations import remove_generation
from tests.callers import Api, serving
from tests.live.creations import create
from tests.live.hand import Hand
from tests.live.streams import all_events, follow, until
from tests.outages import Outages

# A frozen server is noticed within this time, and everybody told within the other after its return.
NOTICED_SECONDS = 10
TOLD_SECONDS = 20


@pytest.fixture
def redis_url(own_valkey: Outages) -> str:
    return own_valkey.server.url()


@pytest.fixture
def rereads_never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a gap makes streams read again."""
    monkeypatch.setattr(resolvers.progress_desk, "REREAD_SECONDS", (600, 600))


async def restart(valkey: Outages, caplog: pytest.LogCaptureFixture) -> None:
    valkey.kill()
    await until(lambda: "Event feed lost" in caplog.text)
    valkey.start()


async def sever(valkey: Outages, caplog: pytest.LogCaptureFixture) -> None:
    with redis.Redis.from_url(valkey.server.url()) as client:
        client.client_kill_filter(_type="pubsub")
    await until(lambda: "Event feed lost" in caplog.text)


async def freeze(valkey: Outages, caplog: pytest.LogCaptureFixture) -> None:
    began = time.monotonic()
    valkey.freeze()
    await until(lambda: "Event feed lost" in caplog.text)
    assert time.monotonic() - began < NOTICED_SECONDS
    valkey.thaw()


@dataclass(frozen=True)
class Silent:
    """What a user does, with its messages lost."""

    api: Api
    user: UUID

    @asynccontextmanager
    async def creation(self, story_id: str) -> AsyncIterator[str]:
        """Committed at the end of the block."""
        async with self.api.services.database.write(self.user) as session:
            yield str(await create(session, story_id))

    @asynccontextmanager
    async def deletion(self, generation_id: str) -> AsyncIterator[None]:
        """Committed at the end of the block."""
        async with self.api.services.database.write(self.user) as session:
            assert await remove_generation(session, UUID(generation_id))
            yield

    async def create(self, story_id: str) -> str:
        async with self.creation(story_id) as made:
            return made

    async def delete(self, generation_id: str) -> None:
        async with self.deletion(generation_id):
            pass


@pytest.mark.parametrize("outage", [restart, sever, freeze])
async def test_what_happened_meanwhile_is_told_once(
    *,
    rereads_never: None,
    own_valkey: Outages,
    api: Api,
    hand: Hand,
    alice: UUID,
    caplog: pytest.LogCaptureFixture,
    outage: Callable[[Outages, pytest.LogCaptureFixture], Awaitable[None]],
) -> None:
    story = await api.add_story(alice)
    untouched, finished, followed = [await api.initiate(alice, story) for _ in range(3)]
    await hand.succeed(await hand.claim(finished))
    silent = Silent(api, alice)
    async with all_events(api, alice, hand) as events, api.socket(alice) as socket:
        progress = await follow(socket, followed)
        assert await progress.next() == ("PENDING", 0, 1)

        held = await hand.claim(followed, lost=True)
        await hand.progress(held, 50, lost=True)
        await hand.succeed(held, lost=True)
        await silent.delete(finished)
        created = await silent.create(story)
        deleted = await silent.create(story)
        await hand.succeed(await hand.claim(deleted, lost=True), lost=True)
        await silent.delete(deleted)
        await outage(own_valkey, caplog)

        async with asyncio.timeout(TOLD_SECONDS):
            assert await progress.rest() == [("SUCCEEDED", 100, 4)]
            told = [await events.next() for _ in range(4)]
        assert sorted(told) == sorted(
            [
                ("UPDATED", followed, ("SUCCEEDED", 100, 4)),
                ("CREATED", created, ("PENDING", 0, 1)),
                ("DELETED", finished, None),
                ("DELETED", deleted, None),
            ]
        )
        await hand.claim(untouched)
        assert await events.next() == ("UPDATED", untouched, ("IN_PROGRESS", 0, 2))


async def test_what_no_message_told_is_found_by_reading_again(
    api: Api, hand: Hand, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers.progress_desk, "REREAD_SECONDS", (0.01, 0.02))
    story = await api.add_story(alice)
    followed = await api.initiate(alice, story)
    silent = Silent(api, alice)
    async with all_events(api, alice, hand) as events, api.socket(alice) as socket:
        progress = await follow(socket, followed)
        assert await progress.next() == ("PENDING", 0, 1)
        held = await hand.claim(followed, lost=True)
        assert await progress.next() == ("IN_PROGRESS", 0, 2)
        assert await events.next() == ("UPDATED", followed, ("IN_PROGRESS", 0, 2))
        await hand.progress(held, 50, lost=True)
        assert await progress.next() == ("IN_PROGRESS", 50, 3)
        assert await events.next() == ("UPDATED", followed, ("IN_PROGRESS", 50, 3))
        await hand.succeed(held, lost=True)
        assert await progress.rest() == [("SUCCEEDED", 100, 4)]
        assert await events.next() == ("UPDATED", followed, ("SUCCEEDED", 100, 4))
        await silent.delete(followed)
        assert await events.next() == ("DELETED", followed, None)
        created = await silent.create(story)
        assert await events.next() == ("CREATED", created, ("PENDING", 0, 1))


async def test_reading_again_finds_long_work_and_leaves_what_had_settled(
    *, api: Api, hand: Hand, alice: UUID, sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what began, and what ended, further back than a look goes."""
    monkeypatch.setattr(resolvers.progress_desk, "REREAD_SECONDS", (0.01, 0.02))
    story = await api.add_story(alice)
    settled, *working = [await api.initiate(alice, story) for _ in range(10)]
    await hand.succeed(await hand.claim(settled))
    held = {generation: await hand.claim(generation) for generation in working}
    await sql.execute("UPDATE generation_logs SET occurred_at = occurred_at - interval '1 hour'")
    await sql.execute("UPDATE story_generations SET created_at = created_at - interval '1 hour'")
    async with all_events(api, alice, hand) as events:
        for generation in working:
            await hand.progress(held[generation], 50, lost=True)
            assert await events.next() == ("UPDATED", generation, ("IN_PROGRESS", 50, 3))
            await hand.succeed(held[generation], lost=True)
            assert await events.next() == ("UPDATED", generation, ("SUCCEEDED", 100, 4))
        await Silent(api, alice).delete(settled)
        assert await events.next() == ("DELETED", settled, None)


async def test_reading_again_finds_what_was_begun_before_a_look_and_committed_after_it(
    *, api: Api, hand: Hand, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers.progress_desk, "REREAD_SECONDS", (0.01, 0.02))
    story = await api.add_story(alice)
    finished, working = [await api.initiate(alice, story) for _ in range(2)]
    await hand.succeed(await hand.claim(finished))
    silent = Silent(api, alice)
    async with all_events(api, alice, hand) as events:
        async with silent.creation(story) as created, silent.deletion(finished):
            await hand.claim(working, lost=True)
            assert await events.next() == ("UPDATED", working, ("IN_PROGRESS", 0, 2))
        assert sorted([await events.next(), await events.next()]) == [
            ("CREATED", created, ("PENDING", 0, 1)),
            ("DELETED", finished, None),
        ]


@pytest.mark.parametrize("down", ["killed", "frozen"])
async def test_the_api_starts_without_redis_and_catches_up_when_it_comes(
    *,
    rereads_never: None,
    own_valkey: Outages,
    settings: Settings,
    alice: UUID,
    hand: Hand,
    down: str,
) -> None:
    {"killed": own_valkey.kill, "frozen": own_valkey.freeze}[down]()
    async with serving(settings) as api, api.socket(alice) as socket:
        silent = Silent(api, alice)
        followed = await silent.create(await api.add_story(alice))
        progress = await follow(socket, followed)
        assert await progress.next() == ("PENDING", 0, 1)
        await hand.claim(followed, lost=True)
        {"killed": own_valkey.start, "frozen": own_valkey.thaw}[down]()
        async with asyncio.timeout(TOLD_SECONDS):
            assert await progress.next() == ("IN_PROGRESS", 0, 2)
