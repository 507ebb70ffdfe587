"""Thousands of sockets with a subscription each, and what is published for them: a process of its own.

It speaks just enough of websockets, graphql-transport-ws and Redis to cost little beside what it measures. A
change carries the time at which it was published as its revision, in microseconds since the start of the
measurement, so that each event that arrives tells its own delay.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from array import array
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop

from bench.live_socket import Clock, Subscriber, Unexpected, frame, hello
from bench.usage import cpu_seconds, resident_bytes

PROGRESS = 50
TICK_SECONDS = 0.001
OPEN_AT_ONCE = 50
QUIET_SECONDS = 0.3
LIMIT_SECONDS = 60.0
KEPT_UP = 0.97
# Of a step: what else goes on on the machine is no falling behind.
TRIES = 2
MOST_DELAY_MS = 250


class Publisher(asyncio.Protocol):
    """Publishes to Redis, without waiting for answers."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def publish(self, changes: list[tuple[str, str, int]]) -> None:
        parts = []
        for channel, generation, revision in changes:
            text = (
                f'{{"id":"{generation}","change":"updated","revision":{revision},'
                f'"status":"in_progress","progress":{PROGRESS},"attempt":1}}'
            )
            parts.append(f"*3\r\n$7\r\nPUBLISH\r\n${len(channel)}\r\n{channel}\r\n${len(text)}\r\n{text}\r\n")
        self.transport.write("".join(parts).encode())


@dataclass
class Load:
    """What is asked for: see `bench.live`."""

    address: str
    pid: int
    redis: str  # the path of its socket
    streams: list[dict[str, Any]]  # token, query, variables
    targets: list[tuple[str, str]]  # channel and generation, each published in turn
    steady: dict[str, float]  # rate (published a second), seconds
    ramp: list[dict[str, float]]  # as above, the rates rising


async def run(load: Load) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    clock, delays = Clock(), array("q")
    _, publisher = await loop.create_unix_connection(Publisher, load.redis)
    # Whatever the first ones bring about (imports, caches, pools) is no subscriber's.
    await close(await open_all(load.streams[:OPEN_AT_ONCE], load, clock, delays))
    before = resident_bytes(load.pid)
    subscribers = await open_all(load.streams, load, clock, delays)
    await reach_all(load, clock, publisher, subscribers)
    grown = resident_bytes(load.pid) - before
    gc.collect()
    gc.freeze()
    gc.disable()
    measure_step = partial(measure, load, clock, publisher, subscribers, delays)
    steady = await measure_step(**load.steady)
    if lost := sum(each.is_lost for each in subscribers):
        raise Unexpected(f"{lost} of {len(subscribers)} sockets were closed")
    ramp = await climb(load.ramp, measure_step)
    await close(subscribers)
    return {"bytes_a_subscriber": grown / len(subscribers), "steady": steady, "ramp": ramp}


async def climb(
    ramp: list[dict[str, float]], measure_step: Callable[..., Awaitable[dict[str, float]]]
) -> list[dict[str, float]]:
    """Find the highest step of `ramp` that is kept up with, by halves; what was measured on the way."""
    measured = []
    low, high = 0, len(ramp)
    while low < high:
        middle = (low + high) // 2
        for _ in range(TRIES):
            measured.append(await measure_step(**ramp[middle]))
            if measured[-1]["kept_up"]:
                low = middle + 1
                break
        else:
            high = middle
    return measured


async def open_all(
    streams: list[dict[str, Any]], load: Load, clock: Clock, delays: array[int]
) -> list[Subscriber]:
    loop = asyncio.get_running_loop()
    split = urlsplit(load.address)
    made = []
    for start in range(0, len(streams), OPEN_AT_ONCE):
        some = []
        for stream in streams[start : start + OPEN_AT_ONCE]:
            init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {stream['token']}"}}
            asked = {"query": stream["query"], "variables": stream["variables"]}
            subscribe = {"type": "subscribe", "id": "1", "payload": asked}
            make = partial(Subscriber, clock, delays, hello(load.address), frame(json.dumps(init).encode()))
            _, protocol = await loop.create_connection(make, split.hostname or "", split.port or 0)
            some.append((protocol, frame(json.dumps(subscribe).encode())))
        for protocol, message in some:
            async with asyncio.timeout(LIMIT_SECONDS):
                await protocol.acknowledged.wait()
            protocol.transport.write(message)
            made.append(protocol)
    return made


async def reach_all(load: Load, clock: Clock, publisher: Publisher, subscribers: list[Subscriber]) -> None:
    """Publish until everybody has been told something."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not all(each.events for each in subscribers):
            for start in range(0, len(load.targets), 50):
                some = load.targets[start : start + 50]
                publisher.publish([(*target, clock.now()) for target in some])
                await asyncio.sleep(0.02)
            await quiet(lambda: sum(each.events for each in subscribers))


async def quiet(count: Callable[[], int]) -> None:
    """Return once `count` has stood still for QUIET_SECONDS."""
    async with asyncio.timeout(LIMIT_SECONDS):
        before = -1
        while before != (before := count()):  # noqa: ASYNC110 - that nothing comes is no event
            await asyncio.sleep(QUIET_SECONDS)


async def close(subscribers: list[Subscriber]) -> None:
    for each in subscribers:
        each.transport.close()
    await quiet(lambda: sum(each.is_lost for each in subscribers))


def in_turn(targets: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    while True:
        yield from targets


async def measure(
    load: Load,
    clock: Clock,
    publisher: Publisher,
    subscribers: list[Subscriber],
    delays: array[int],
    *,
    rate: float,
    seconds: float,
) -> dict[str, float]:
    del delays[:]
    turn = in_turn(load.targets)
    mine, theirs = time.process_time(), cpu_seconds(load.pid)
    begun = time.monotonic()
    published = 0
    while (passed := time.monotonic() - begun) < seconds:
        due = int(passed * rate) - published
        if due > 0:
            now = clock.now()
            publisher.publish([(*next(turn), now) for _ in range(due)])
            published += due
        await asyncio.sleep(TICK_SECONDS)
    ended = time.monotonic()
    at_end = len(delays)
    mine, theirs = time.process_time() - mine, cpu_seconds(load.pid) - theirs
    told = sorted(delays)
    expected = published * len(subscribers) / len(load.targets)
    p99 = told[int(len(told) * 0.99)] / 1000
    await quiet(lambda: len(delays))
    return {
        "kept_up": at_end >= KEPT_UP * expected and p99 <= MOST_DELAY_MS,
        "published": published / (ended - begun),
        "expected": expected,
        "delivered": len(delays),
        "delivered_a_second": at_end / (ended - begun),
        "p50_ms": told[len(told) // 2] / 1000,
        "p99_ms": p99,
        "max_ms": told[-1] / 1000,
        "load_cpu": mine / (ended - begun),
        "server_cpu": theirs / (ended - begun),
    }


def main() -> None:
    load = Load(**json.load(sys.stdin))
    json.dump(uvloop.run(run(load)), sys.stdout)


if __name__ == "__main__":
    main()
