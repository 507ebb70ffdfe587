"""Requests, and what a server does under them, as the load generator sees it."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.processes import HOST, Process

ROOT = Path(__file__).resolve().parent.parent
CONNECTIONS = 32
WARM_UP_SECONDS = 1.0


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


async def measure(process: Process, expected: Sequence[Expected], seconds: float) -> Mapping[str, float]:
    """Requests a second, processor time a request (µs), latencies (ms), over `seconds`.

    Raises LoadFailed where any answer is not as expected.
    """
    shuffled = list(expected)
    random.Random(0).shuffle(shuffled)  # noqa: S311 - the same order each time
    plan = {
        "port": process.port,
        "pid": process.pid,
        "connections": CONNECTIONS,
        "warm_up": WARM_UP_SECONDS,
        "seconds": seconds,
        "requests": [
            {
                "raw": base64.b64encode(each.request.raw()).decode(),
                "status": each.status,
                "length": each.length,
            }
            for each in shuffled
        ],
    }
    load = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.load"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    told, _ = await load.communicate(json.dumps(plan).encode())
    if load.returncode:
        raise LoadFailed(f"the load generator ended with {load.returncode}")
    figures: dict[str, Any] = json.loads(told)
    if "failure" in figures:
        raise LoadFailed(f"{process.tell_end()}\n{figures['failure']}")
    return figures
