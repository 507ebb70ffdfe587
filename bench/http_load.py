"""Requests, and what a server does under them, as the load generator sees it."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench.processes import HOST, Process, start_helper

CONNECTIONS = 32
# Compilers such as Node's have seen enough by then.
FIRST_SECONDS = 1.5
# Before each measurement: for connections to be made, and caches to be filled again.
WARM_UP_SECONDS = 0.2


class LoadFailed(Exception):
    """A server answered otherwise than it had when its answers were checked."""


@dataclass(frozen=True)
class Request:
    """One request, the same for every contender. `body` is sent as JSON."""

    method: str
    path: str
    token: str
    body: Any = None

    def raw(self) -> bytes:
        """As it goes over the wire."""
        content = b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            f"Host: {HOST}",
            f"Authorization: Bearer {self.token}",
            "Accept: application/json",
        ]
        if self.body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass(frozen=True)
class Expected:
    """What a request has to be answered with; a `length` of None leaves the body's open."""

    request: Request
    status: int
    length: int | None


class Load:
    """A load generator at hand, made by `open_load`."""

    def __init__(self, server: Process, generator: asyncio.subprocess.Process) -> None:
        self._server = server
        self._generator = generator

    async def measure(self, seconds: float) -> Mapping[str, float]:
        """Requests a second, processor time a request (µs), latencies (ms), over `seconds`.

        Raises LoadFailed where any answer is not as expected.
        """
        told = await self._say({"warm_up": WARM_UP_SECONDS, "seconds": seconds})
        if not told:
            raise LoadFailed(f"the load generator ended with {await self._generator.wait()}")
        figures: dict[str, Any] = json.loads(told)
        if "failure" in figures:
            raise LoadFailed(f"{self._server.tell_end()}\n{figures['failure']}")
        return figures

    async def _say(self, line: Any) -> bytes:
        """What is answered."""
        assert self._generator.stdin, "spawned with pipes"
        assert self._generator.stdout, "spawned with pipes"
        self._generator.stdin.write(json.dumps(line).encode() + b"\n")
        await self._generator.stdin.drain()
        return await self._generator.stdout.readline()


@asynccontextmanager
async def open_load(server: Process, expected: Sequence[Expected]) -> AsyncIterator[Load]:
    """A generator that puts these requests to a server, in an order of its own, whenever it is asked to. The
    server has been warmed up by then. Raises LoadFailed.
    """
    shuffled = list(expected)
    random.Random(0).shuffle(shuffled)  # noqa: S311 - the same order each time
    generator = await start_helper("bench.load")
    assert generator.stdin, "spawned with pipes"
    try:
        generator.stdin.write(json.dumps(_plan(server, shuffled)).encode() + b"\n")
        await generator.stdin.drain()
        load = Load(server, generator)
        await load.measure(FIRST_SECONDS)
        yield load
    finally:
        generator.stdin.close()
        await generator.wait()


def _plan(server: Process, expected: Sequence[Expected]) -> dict[str, Any]:
    requests = [
        {
            "raw": base64.b64encode(each.request.raw()).decode(),
            "status": each.status,
            "length": each.length,
        }
        for each in expected
    ]
    return {"port": server.port, "pid": server.pid, "connections": CONNECTIONS, "requests": requests}
