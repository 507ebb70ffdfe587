"""The load generator, a program of its own. Its first line of stdin is a plan (JSON). For each line after
that, which says for how long, it puts the plan's requests, and writes what it saw to stdout.

Each connection sends prebuilt requests one after another over HTTP/1.1 keep-alive, the next one as soon as an
answer is whole. An answer of another status or length than expected ends everything: it is no measurement.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import sys
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, cast

import uvloop

from bench.usage import cpu_seconds

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Asked:
    """One request as it goes out; `status` and the body's `length` (None: any) as they have to come back."""

    raw: bytes
    status: bytes
    length: int | None


@dataclass
class Tally:
    """What came back: all `answers`, and the latencies, in seconds, of those that came while `counts`."""

    counts: bool = False
    answers: int = 0
    latencies: list[float] = field(default_factory=list)
    failure: str = ""


class Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, asked: list[Asked], begin: int, step: int, tally: Tally) -> None:
        self._asked = asked
        self._next = begin
        self._step = step
        self._tally = tally
        self._held = b""
        self._sent_at = 0.0
        self._expected = asked[0]
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop has classes of its own
        self._send()

    def data_received(self, data: bytes) -> None:
        if self._held:
            data = self._held + data
        head = data.find(HEAD_END)
        found = LENGTH.search(data, 0, head + 2) if head >= 0 else None
        if head >= 0 and found is None:
            self._fail(f"an answer without a length: {data[:200]!r}")
            return
        length = int(found[1]) if found else 0
        if found is None or len(data) < head + 4 + length:
            self._held = data
            return
        if len(data) > head + 4 + length:
            self._fail(f"more than was asked for: {data[:200]!r}")
            return
        self._held = b""
        expected = self._expected
        if data[9:12] != expected.status or (expected.length is not None and length != expected.length):
            wanted = f"{expected.status.decode()} with {expected.length} bytes"
            self._fail(f"expected {wanted}, and {expected.raw[:80]!r} was answered {data[: head + 300]!r}")
            return
        self._tally.answers += 1
        if self._tally.counts:
            self._tally.latencies.append(perf_counter() - self._sent_at)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self._fail(f"a connection was closed: {exc}")

    def close(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
        self._transport.close()

    def _send(self) -> None:
        self._expected = self._asked[self._next % len(self._asked)]
        self._next += self._step
        self._sent_at = perf_counter()
        self._transport.write(self._expected.raw)

    def _fail(self, why: str) -> None:
        self._tally.failure = self._tally.failure or why
        self.close()


async def apply(plan: dict[str, Any]) -> dict[str, Any]:
    """Warm up, then measure; the figures, or `failure`."""
    asked = [
        Asked(base64.b64decode(each["raw"]), str(each["status"]).encode(), each["length"])
        for each in plan["requests"]
    ]
    tally = Tally()
    loop = asyncio.get_running_loop()
    count = plan["connections"]
    # Each connection walks through requests that no other sends, as far as there are so many.
    made = [
        await loop.create_connection(
            partial(Connection, asked, number, count, tally), "127.0.0.1", plan["port"]
        )
        for number in range(count)
    ]
    connections = [connection for _, connection in made]
    broken = asyncio.wait([each.ended for each in connections], return_when=asyncio.FIRST_COMPLETED)
    watch = asyncio.ensure_future(broken)
    await asyncio.wait([watch], timeout=plan["warm_up"])
    cpu, ours, began = cpu_seconds(plan["pid"]), cpu_seconds(os.getpid()), perf_counter()
    tally.counts = True
    await asyncio.wait([watch], timeout=plan["seconds"])
    tally.counts = False
    took = perf_counter() - began
    cpu, ours = cpu_seconds(plan["pid"]) - cpu, cpu_seconds(os.getpid()) - ours
    failure = tally.failure
    for each in connections:
        each.close()
    await watch
    latencies = sorted(tally.latencies)
    if failure or not latencies:
        return {"failure": failure or "no answer at all"}
    return {
        "per_second": len(latencies) / took,
        "cpu": 1e6 * cpu / len(latencies),
        "p50": 1e3 * latencies[len(latencies) // 2],
        "p99": 1e3 * latencies[len(latencies) * 99 // 100],
        "generator_busy": ours / took,
        "answers": tally.answers,
    }


def main() -> None:
    plan = json.loads(sys.stdin.readline())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            told = runner.run(apply({**plan, **json.loads(line)}))
            print(json.dumps(told), flush=True)  # noqa: T201 - who started it reads it


if __name__ == "__main__":
    main()
