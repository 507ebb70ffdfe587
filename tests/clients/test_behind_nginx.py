"""npm `graphql-ws` and `graphql-sse` through nginx, which buffers, and gives up what is silent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from core.settings import Settings
from jobs.bench import Bench
from tests.callers import Client
from tests.clients.remote import remote
from tests.conftest import adjust
from tests.edges.nginx import nginx
from tests.live.hand import Hand
from tests.live.streams import PROGRESS, state
from tests.processes import ApiProcess, free_port

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("packages")]

# Of silence, after which nginx gives a connection up; and how long it is silent here.
SILENCE = "proxy_read_timeout 2s;"
QUIET_SECONDS = 5.0


@pytest.fixture
def bases(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """An API's addresses, through nginx and past it."""
    port = free_port()
    public = f"https://127.0.0.1:{port}"
    told = adjust(settings, public_url=public, ping_seconds=0.25)
    with ApiProcess(told) as process, nginx(tmp_path, port, process.port, SILENCE) as before:
        monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(before.certificate))
        yield public, process.base


@pytest.mark.parametrize("transport", ["graphql-ws", "graphql-sse"])
async def test_a_generation_that_takes_its_time_is_followed_on_one_connection(
    transport: str, bases: tuple[str, str], settings: Settings, bench: Bench, alice: UUID
) -> None:
    public, base = bases
    past, hand = Client(base, settings), Hand(bench)
    generation = await past.initiate(alice, await past.add_story(alice))
    await past.close()
    async with remote(transport, public, past.token(alice)) as client:
        await client.subscribe("1", PROGRESS, id=generation)
        assert await client.told() == {"connected": False}
        assert state((await client.next("1"))["storyGenerationProgress"]) == ("PENDING", 0, 1)
        more = [asyncio.create_task(told) for told in (client.told(), client.told("1"))]
        assert (await asyncio.wait(more, timeout=QUIET_SECONDS))[0] == set()
        for waiting in more:
            waiting.cancel()
        held = await hand.claim(generation)
        assert state((await client.next("1"))["storyGenerationProgress"]) == ("IN_PROGRESS", 0, 2)
        await hand.succeed(held)
        (last,) = await client.until_complete("1")
        assert state(last["storyGenerationProgress"]) == ("SUCCEEDED", 100, 3)
