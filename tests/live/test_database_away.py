"""PostgreSQL away for a moment: streams wait for it."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

import resolvers.progress_desk
from core.events import ChangeKind, GenerationChange
from core.settings import Settings
from tests.callers import Api
from tests.conftest import own_database_urls, settings_for
from tests.live.hand import Hand
from tests.live.streams import CANCEL, EVENTS, PROGRESS, all_events, follow, has_begun, until
from tests.outages import Outages


@pytest.fixture
def settings(own_postgres: Outages, redis_url: str, tmp_path: Path) -> Settings:
    return settings_for(own_database_urls(own_postgres), redis_url, tmp_path)


async def test_streams_that_begin_while_the_database_is_away_begin_when_it_is_back(
    own_postgres: Outages, api: Api, hand: Hand, alice: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    own_postgres.stop()
    async with api.socket(alice) as socket, api.socket(alice) as other:
        progress = await follow(socket, generation)
        await other.subscribe("events", EVENTS)
        await until(lambda: caplog.text.count("A live stream waits for the database") >= 2)
        own_postgres.start()
        assert await progress.next() == ("PENDING", 0, 1)
        await until(lambda: has_begun(api, alice))
        await api.data(alice, CANCEL, id=generation)
        assert await progress.rest() == [("FAILED", 0, 2)]
        assert (await other.next("events"))["storyGenerationEvents"]["change"] == "UPDATED"


async def test_a_stream_that_cannot_begin_ends_with_an_error_after_a_while(
    own_postgres: Outages, api: Api, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers.progress_desk, "FIRST_PATIENCE_SECONDS", 0.5)
    generation = await api.initiate(alice, await api.add_story(alice))
    own_postgres.stop()
    async with api.socket(alice) as socket:
        await socket.subscribe("1", PROGRESS, id=generation)
        told = await socket.receive()
        own_postgres.start()
    assert (told["type"], told["id"]) == ("error", "1")
    assert told["payload"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"


async def test_streams_that_look_while_the_database_is_away_go_on_when_it_is_back(
    *,
    own_postgres: Outages,
    api: Api,
    hand: Hand,
    alice: UUID,
    caplog: pytest.LogCaptureFixture,
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    async with all_events(api, alice, hand) as events, api.socket(alice) as socket:
        progress = await follow(socket, generation)
        assert await progress.next() == ("PENDING", 0, 1)
        own_postgres.stop()
        wakes = GenerationChange(UUID(generation), ChangeKind.UPDATED, 9, "in_progress", 1)
        await api.services.publisher.publish(alice, wakes)
        await until(lambda: caplog.text.count("A live stream waits for the database") >= 2)
        own_postgres.start()
        await hand.bench.database.close()  # what it held is gone; it connects again
        held = await hand.claim(generation)
        assert await progress.next() == ("IN_PROGRESS", 0, 2)
        assert await events.next() == ("UPDATED", generation, ("IN_PROGRESS", 0, 2))
        await hand.succeed(held)
        assert await progress.rest() == [("SUCCEEDED", 100, 3)]
        assert await events.next() == ("UPDATED", generation, ("SUCCEEDED", 100, 3))
