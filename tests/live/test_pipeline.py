"""One connection for all commands: each asker gets its own replies, or learns that there are none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import count
from typing import Any
from uuid import UUID

import pytest
import redis
import uvloop
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

import core.pipeline
from core.events import Publisher
from core.pipeline import Pipeline
from tests.live.streams import until
from tests.outages import Outages

SHORT_SECONDS = 0.3


@pytest.fixture
def url(own_valkey: Outages) -> str:
    return own_valkey.server.url()


@pytest.fixture
async def pipeline(url: str) -> AsyncIterator[Pipeline]:
    async with Pipeline(url) as opened:
        yield opened


def information(url: str) -> Any:
    with redis.Redis.from_url(url) as client:
        return client.info()


def cut(url: str) -> None:
    """Close all connections but the one that says so."""
    with redis.Redis.from_url(url) as client:
        client.client_kill_filter(_type="normal", skipme=True)


async def test_each_of_many_gets_its_own_replies(pipeline: Pipeline) -> None:
    asked = [pipeline.ask(("INCR", "number"), ("ECHO", str(turn))) for turn in range(100)]
    assert await asyncio.gather(*asked) == [[turn + 1, str(turn).encode()] for turn in range(100)]


async def test_more_than_a_socket_takes_at_once_arrives_in_order(pipeline: Pipeline) -> None:
    large = b"x" * 3_000_000
    asked = [pipeline.ask(("SET", "large", large)), pipeline.ask(("GET", "large")), pipeline.ask(("PING",))]
    assert await asyncio.gather(*asked) == [[b"OK"], [large], [b"PONG"]]


async def test_who_asks_nothing_waits_for_nothing_and_takes_nobodys_reply(pipeline: Pipeline) -> None:
    nothing = pipeline.ask()
    asked = [pipeline.ask(("ECHO", str(turn))) for turn in range(3)]
    assert nothing.done()
    assert await asyncio.gather(nothing, *asked) == [[], [b"0"], [b"1"], [b"2"]]
    await Publisher(pipeline).publish(UUID(int=1))
    assert await pipeline.ask(("ECHO", "last")) == [b"last"]


def test_what_was_given_up_before_it_was_sent_is_not_sent(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uvloop runs timers first: after a standstill they are over before anything is sent."""

    async def stand_still() -> None:
        async with Pipeline(url) as pipeline:
            monkeypatch.setattr(core.pipeline, "ANSWER_SECONDS", 0.1)
            await pipeline.ask(("PING",))
            # Until nobody looks for who is late any more.
            await asyncio.sleep(0.2)
            late = pipeline.ask(("ECHO", "late"))
            monkeypatch.setattr(core.pipeline, "ANSWER_SECONDS", 10)
            soon = pipeline.ask(("ECHO", "soon"))
            time.sleep(0.3)  # noqa: ASYNC251 - as a process that was stopped
            with pytest.raises(TimeoutError):
                await late
            assert await soon == [b"soon"]
            assert await pipeline.ask(("ECHO", "last")) == [b"last"]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(stand_still())


@pytest.mark.parametrize("garbage", [b"?\r\n", b"+OK\r\n+nobody asked for it\r\n+nor for this\r\n"])
async def test_what_is_no_reply_ends_the_connection_and_nobody_takes_it_for_one(garbage: bytes) -> None:
    connections = count()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_first = next(connections) == 0
        while data := await reader.read(65_536):
            if b"ECHO" not in data:
                writer.write(b"+OK\r\n" * data.count(b"*"))
            else:
                writer.write(garbage if is_first else b"$2\r\nok\r\n" * data.count(b"*"))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Pipeline(f"redis://127.0.0.1:{port}") as pipeline:
        first = pipeline.ask(("ECHO", "a"), ("ECHO", "b"))
        assert await first in ([b"ok", b"ok"], [b"OK", b"nobody asked for it"])
        assert await pipeline.ask(("ECHO", "c")) == [b"ok"]


async def test_an_error_is_its_askers_alone(pipeline: Pipeline) -> None:
    before = pipeline.ask(("SET", "text", "words"))
    wrong = pipeline.ask(("INCR", "text"), ("GET", "text"))
    after = pipeline.ask(("GET", "text"))
    assert [await before, await after] == [[b"OK"], [b"words"]]
    with pytest.raises(ResponseError, match="not an integer"):
        await wrong


async def test_who_leaves_takes_nobody_elses_reply(pipeline: Pipeline) -> None:
    left, stayed = pipeline.ask(("ECHO", "left")), pipeline.ask(("ECHO", "stayed"))
    left.cancel()
    assert await stayed == [b"stayed"]
    assert await pipeline.ask(("ECHO", "later")) == [b"later"]


async def test_a_connection_that_was_cut_is_replaced(pipeline: Pipeline, url: str) -> None:
    for turn in range(3):
        assert await pipeline.ask(("ECHO", str(turn))) == [str(turn).encode()]
        cut(url)


async def test_what_was_underway_when_it_was_cut_is_asked_once_more(pipeline: Pipeline, url: str) -> None:
    waiting = pipeline.ask(("ECHO", "first"), ("BLPOP", "list", 1))
    await until(lambda: information(url)["blocked_clients"] == 1)
    cut(url)
    await until(lambda: information(url)["blocked_clients"] == 1)
    with redis.Redis.from_url(url) as client:
        client.rpush("list", "last")
    assert await waiting == [b"first", [b"list", b"last"]]


async def test_what_is_cut_again_is_given_up(pipeline: Pipeline, url: str) -> None:
    waiting = pipeline.ask(("BLPOP", "list", 2))
    for _ in range(2):
        await until(lambda: information(url)["blocked_clients"] == 1)
        cut(url)
    with pytest.raises(ConnectionResetError):
        await waiting
    assert await pipeline.ask(("PING",)) == [b"PONG"]


async def test_a_server_that_is_away_is_told_of_at_once_and_found_when_it_is_back(
    pipeline: Pipeline, own_valkey: Outages
) -> None:
    assert await pipeline.ask(("PING",)) == [b"PONG"]
    own_valkey.kill()
    began = asyncio.get_running_loop().time()
    for _ in range(3):
        with pytest.raises(RedisConnectionError, match="refused"):
            await pipeline.ask(("PING",))
    assert asyncio.get_running_loop().time() - began < core.pipeline.ANSWER_SECONDS
    own_valkey.start()
    assert await pipeline.ask(("PING",)) == [b"PONG"]


@pytest.mark.parametrize("connected", [True, False])
async def test_nobody_waits_for_a_frozen_server_and_replies_that_come_late_are_nobodys(
    pipeline: Pipeline, own_valkey: Outages, monkeypatch: pytest.MonkeyPatch, connected: bool
) -> None:
    monkeypatch.setattr(core.pipeline, "ANSWER_SECONDS", SHORT_SECONDS)
    numbers = count(1)
    if connected:
        assert await pipeline.ask(("ECHO", str(next(numbers)))) == [b"1"]
    own_valkey.freeze()
    began = asyncio.get_running_loop().time()
    late = [pipeline.ask(("ECHO", str(next(numbers)))) for _ in range(3)]
    answers = await asyncio.gather(*late, return_exceptions=True)
    assert [type(answer) for answer in answers] == [TimeoutError] * 3
    assert asyncio.get_running_loop().time() - began < 10 * SHORT_SECONDS
    own_valkey.thaw()
    monkeypatch.setattr(core.pipeline, "ANSWER_SECONDS", 10)
    assert await pipeline.ask(("ECHO", "now")) == [b"now"]


async def test_sending_never_fails_but_is_told_of(pipeline: Pipeline, own_valkey: Outages) -> None:
    told: list[Exception] = []
    await pipeline.send(("PING",), lost=told.append)
    assert told == []
    await pipeline.send(("NO SUCH COMMAND",), lost=told.append)
    own_valkey.kill()
    await pipeline.send(("PING",), lost=told.append)
    refused, away = told
    assert isinstance(refused, ResponseError)
    assert isinstance(away, RedisConnectionError)


async def test_closing_ends_who_waits(url: str) -> None:
    async with Pipeline(url) as pipeline:
        waiting = pipeline.ask(("BLPOP", "list", 2))
        await until(lambda: information(url)["blocked_clients"] == 1)
    with pytest.raises(ConnectionAbortedError):
        await waiting
    with pytest.raises(ConnectionAbortedError):
        await pipeline.ask(("PING",))
