"""Thousands of sockets with a subscription each, and somebody who publishes what they are told."""

from __future__ import annotations

import asyncio
import json
from array import array
from collections.abc import Callable
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

from bench.live_socket import Clock, Subscriber, frame, hello

PROGRESS = 50
OPEN_AT_ONCE = 50
QUIET_SECONDS = 0.3
LIMIT_SECONDS = 60.0

Target = tuple[str, str]  # channel and generation


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


async def open_all(
    streams: list[dict[str, Any]], address: str, clock: Clock, delays: array[int]
) -> list[Subscriber]:
    loop = asyncio.get_running_loop()
    split = urlsplit(address)
    made = []
    for start in range(0, len(streams), OPEN_AT_ONCE):
        some = []
        for stream in streams[start : start + OPEN_AT_ONCE]:
            init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {stream['token']}"}}
            asked = {"query": stream["query"], "variables": stream["variables"]}
            subscribe = {"type": "subscribe", "id": "1", "payload": asked}
            make = partial(Subscriber, clock, delays, hello(address), frame(json.dumps(init).encode()))
            _, protocol = await loop.create_connection(make, split.hostname or "", split.port or 0)
            some.append((protocol, frame(json.dumps(subscribe).encode())))
        for protocol, message in some:
            async with asyncio.timeout(LIMIT_SECONDS):
                await protocol.acknowledged.wait()
            protocol.transport.write(message)
            made.append(protocol)
    return made


async def reach_all(
    targets: list[Target], clock: Clock, publisher: Publisher, subscribers: list[Subscriber]
) -> None:
    """Publish until everybody has been told something."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not all(each.events for each in subscribers):
            for start in range(0, len(targets), 50):
                some = targets[start : start + 50]
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
