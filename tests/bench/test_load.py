"""The load generator against servers that answer as expected, and otherwise."""

from __future__ import annotations

import asyncio
import base64
import os
from typing import Any

import pytest

from bench.load import apply

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


MEASURED_SECONDS = 0.1


async def under_load(
    *pieces: bytes, expected: dict[str, Any] | None = None, later: bytes | None = None
) -> dict[str, Any]:
    """What the generator tells of a server that answers each request with these pieces in turn; an empty one
    closes the connection. While it is measured it comes to answer with `later`, where that is given.
    """
    clock = asyncio.get_running_loop().time
    turns_at = clock() + 3.5 * MEASURED_SECONDS

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                for piece in (later,) if later and clock() > turns_at else pieces:
                    if not piece:
                        return
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    request = {"raw": base64.b64encode(ASKED).decode(), "status": 200, "length": 4, **(expected or {})}
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        plan = {"connections": 3, "requests": [request], "pid": os.getpid()}
        plan |= {"warm_up": 3 * MEASURED_SECONDS, "seconds": MEASURED_SECONDS}
        return await apply({**plan, "port": server.sockets[0].getsockname()[1]})


async def test_answers_are_counted_and_timed() -> None:
    told = await under_load(GOOD)
    assert set(told) == {"per_second", "cpu", "p50", "p99", "generator_busy", "answers"}
    assert told["answers"] > 0
    assert 0 < told["p50"] <= told["p99"]
    # Those of the warm-up are no part of what is timed.
    assert told["per_second"] * MEASURED_SECONDS < 0.8 * told["answers"]


async def test_an_answer_may_come_in_pieces() -> None:
    assert (await under_load(GOOD[:20], GOOD[20:-2], GOOD[-2:]))["answers"] > 0


async def test_a_length_may_be_left_open() -> None:
    assert (await under_load(GOOD, expected={"length": None}))["answers"] > 0


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\noops", "expected 200 with 4 bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ngood!", "expected 200 with 4 bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "without a length"),
        (b"", "a connection was closed"),
    ],
)
async def test_one_bad_answer_ends_the_measurement(answer: bytes, failure: str) -> None:
    told = await under_load(answer)
    assert list(told) == ["failure"]
    assert failure in told["failure"]


async def test_a_bad_answer_after_good_ones_ends_the_measurement() -> None:
    told = await under_load(GOOD, later=GOOD.replace(b"200", b"503"))
    assert "expected 200 with 4 bytes" in told["failure"]


async def test_more_than_was_asked_for_ends_the_measurement() -> None:
    assert "more than was asked for" in (await under_load(GOOD + GOOD))["failure"]


async def test_a_server_that_falls_silent_gives_no_figures() -> None:
    assert await under_load(b"HTTP/1.1 200 OK\r\n") == {"failure": "no answer at all"}
