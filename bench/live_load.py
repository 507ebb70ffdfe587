"""What a crowd of subscribers is told, and how soon: a process of its own.

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
from typing import Any

import uvloop

from bench.live_crowd import OPEN_AT_ONCE, Publisher, Target, close, open_all, quiet, reach_all
from bench.live_socket import Clock, Subscriber, Unexpected
from bench.usage import cpu_seconds, resident_bytes

TICK_SECONDS = 0.001
KEPT_UP = 0.97
# Of a step: what else goes on on the machine is no falling behind.
TRIES = 2
MOST_DELAY_MS = 250


@dataclass
class Load:
    """What is asked for: see `bench.live`."""

    address: str
    pid: int
    redis: str  # the path of its socket
    streams: list[dict[str, Any]]  # token, query, variables
    targets: list[Target]  # each published in turn
    steady: dict[str, float]  # rate (published a second), seconds
    ramp: list[dict[str, float]]  # as above, the rates rising


async def run(load: Load) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    clock, delays = Clock(), array("q")
    _, publisher = await loop.create_unix_connection(Publisher, load.redis)
    # Whatever the first ones bring about (imports, caches, pools) is no subscriber's.
    await close(await open_all(load.streams[:OPEN_AT_ONCE], load.address, clock, delays))
    before = resident_bytes(load.pid)
    subscribers = await open_all(load.streams, load.address, clock, delays)
    await reach_all(load.targets, clock, publisher, subscribers)
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


def in_turn(targets: list[Target]) -> Iterator[Target]:
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
