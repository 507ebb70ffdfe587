"""Behind nginx, with the page's own text: what is live stays live."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError

from core.settings import Settings
from narration.hibari import HibariEngine
from tests.callers import LIMIT_SECONDS, Client, Socket
from tests.conftest import open_bench
from tests.edges.nginx import Nginx, nginx
from tests.live.event_streams import stream
from tests.live.hand import Hand
from tests.live.streams import EVENTS, PROGRESS, closed, follow, state
from tests.processes import free_port
from tests.programs import run

pytestmark = pytest.mark.long

# Of silence, after which nginx gives a connection up.
SILENCE = "proxy_read_timeout 2s;"
OFTEN = 0.25
SELDOM = 30.0


@dataclass(frozen=True)
class Behind:
    """Callers that go through nginx, and some that go past it."""

    client: Client
    past: Client
    nginx: Nginx


@pytest.fixture
def behind(edge_with: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An API process with settings changed, and nginx before it that is told `more`."""

    @asynccontextmanager
    async def opened(more: str = "", **changes: Any) -> AsyncIterator[Behind]:
        port = free_port()
        base = f"https://127.0.0.1:{port}"
        async with edge_with(public_url=base, **changes) as edge:
            with nginx(tmp_path, port, edge.process.port, more) as before:
                monkeypatch.setenv("SSL_CERT_FILE", str(before.certificate))
                client = Client(base, edge.settings)
                yield Behind(client, edge.client, before)
                await client.close()

    return opened


@pytest.fixture
async def hand(edge_settings: Settings, engine: HibariEngine) -> AsyncIterator[Hand]:
    async with open_bench(edge_settings, engine) as bench:
        yield Hand(bench)


async def begin(client: Client, user: UUID) -> str:
    return await client.initiate(user, await client.add_story(user))


async def test_events_come_at_once_and_a_quiet_stream_lasts(behind: Any, hand: Hand, alice: UUID) -> None:
    async with behind(SILENCE, ping_seconds=OFTEN) as between:
        generation = await begin(between.client, alice)
        held = await hand.claim(generation)
        async with stream(between.client, alice, PROGRESS, id=generation) as following:
            assert state((await following.next())["storyGenerationProgress"]) == ("IN_PROGRESS", 0, 2)
            began = time.monotonic()
            while time.monotonic() - began < 5:
                assert not (await following.message()).event
            await hand.progress(held, 40)
            assert state((await following.next())["storyGenerationProgress"]) == ("IN_PROGRESS", 40, 3)
            await hand.succeed(held)
            assert state((await following.next())["storyGenerationProgress"]) == ("SUCCEEDED", 100, 4)
            assert await following.is_complete()


async def test_without_comments_a_quiet_stream_is_given_up(behind: Any, alice: UUID) -> None:
    async with (
        behind(SILENCE, ping_seconds=SELDOM) as between,
        stream(between.client, alice, EVENTS) as following,
    ):
        with pytest.raises((httpx.TransportError, EOFError)):
            await following.event()


async def test_without_the_header_events_wait_in_a_buffer(behind: Any, hand: Hand, alice: UUID) -> None:
    async with behind("proxy_ignore_headers X-Accel-Buffering;", ping_seconds=SELDOM) as between:
        generation = await begin(between.client, alice)
        held = await hand.claim(generation)
        async with stream(between.past, alice, PROGRESS, id=generation) as past:
            await past.next()
            buffered = asyncio.create_task(_first(between.client, alice, generation))
            await hand.progress(held, 40)
            assert state((await past.next())["storyGenerationProgress"]) == ("IN_PROGRESS", 40, 3)
            assert await asyncio.wait([buffered], timeout=1) == (set(), {buffered})
            await hand.succeed(held)
            await buffered


async def _first(client: Client, user: UUID, generation: str) -> None:
    async with stream(client, user, PROGRESS, id=generation) as following:
        await following.next()


async def test_a_quiet_socket_lasts_as_long_as_its_token(behind: Any, hand: Hand, alice: UUID) -> None:
    async with behind(SILENCE, ping_seconds=OFTEN) as between:
        generation = await begin(between.client, alice)
        token = between.client.token(alice, timedelta(seconds=6))
        async with between.client.raw_socket({"Origin": between.nginx.base}) as connection:
            socket = Socket(connection)
            payload = {"Authorization": f"Bearer {token}"}
            await socket.send({"type": "connection_init", "payload": payload})
            assert await socket.receive() == {"type": "connection_ack"}
            following = await follow(socket, generation)
            assert await following.next() == ("PENDING", 0, 1)
            await hand.claim(generation)
            assert await following.next() == ("IN_PROGRESS", 0, 2)
            assert await closed(connection) == (4403, "Token expired")


async def test_without_pings_a_quiet_socket_is_given_up(behind: Any, alice: UUID) -> None:
    async with behind(SILENCE, ping_seconds=SELDOM) as between, between.client.socket(alice) as socket:
        with pytest.raises(ConnectionClosedError) as ended:
            async with asyncio.timeout(LIMIT_SECONDS):
                await socket.connection.recv()
        assert ended.value.rcvd is None


async def test_a_page_of_another_origin_is_still_refused(behind: Any) -> None:
    async with behind() as between:
        with pytest.raises(Exception, match="403"):
            async with between.client.raw_socket({"Origin": "https://elsewhere.example"}):
                pass


async def test_large_stories_pass_and_what_opens_a_file_is_not_logged(behind: Any, alice: UUID) -> None:
    async with behind() as between:
        content = "ü" * 600_000  # 3.6 MB of JSON
        story = await between.client.add_story(alice, content)
        query = "query ($id: UUID!) { story(id: $id) { content } }"
        assert (await between.client.data(alice, query, id=story))["story"]["content"] == content
        body = json.dumps({"query": query, "variables": {"id": story}}).ljust(4 * 1024 * 1024 + 1)
        json_type = {"Content-Type": "application/json"}
        answer = await between.client.request("POST", "/graphql", alice, content=body, headers=json_type)
        assert answer.status_code == 413
        await between.client.request("GET", "/files/nothing?signature=secret")
    logged = between.nginx.log.read_text()
    assert "POST /graphql 200" in logged
    assert "GET /files/nothing 4" in logged
    assert "secret" not in logged


async def test_event_streams_pass_over_http_2(behind: Any, hand: Hand, alice: UUID) -> None:
    async with behind() as between:
        generation = await begin(between.client, alice)
        await hand.succeed(await hand.claim(generation))
        query = f'subscription {{ storyGenerationProgress(id: "{generation}") {{ status }} }}'
        ran = await run(
            *("curl", "--silent", "--show-error", "--http2", "--cacert", between.nginx.certificate),
            *("--write-out", "%{http_version} %{content_type}"),
            *("--header", f"Authorization: {between.client.headers(alice)['Authorization']}"),
            *("--header", "Accept: text/event-stream", "--json", json.dumps({"query": query})),
            f"{between.client.base}/graphql",
        )
        assert ran.code == 0, ran.errors
        assert ran.output.endswith("event: complete\ndata:\n\n2 text/event-stream; charset=utf-8")
        assert '"status":"SUCCEEDED"' in ran.output
