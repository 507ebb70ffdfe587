"""PostgreSQL away for a moment: streams wait for it."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from core.events import ChangeKind, GenerationChange
from core.settings import Settings
from tests.clients import Api
from tests.conftest import own_database_urls, settings_for
from tests.live.hand import Hand
from tests.live.streams import all_events, follow, until
from tests.outages import Outages


@pytest.fixture
def settings(own_postgres: Outages, redis_url: str, tmp_path: Path) -> Settings:
    return settings_for(own_database_urls(own_postgres), redis_url, tmp_path)


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
