"""How much memory and time processes take while something goes on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis

MIB = 1024 * 1024


def resident(pid: int) -> int:
    """Bytes of a process that are in memory."""
    (line,) = (
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:")
    )
    return int(line.split()[1]) * 1024


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processors since it began."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def unsent(port: int) -> list[int]:
    """Bytes that the kernel holds for each of those who have not taken them from this port yet."""
    rows = (row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return [int(row[4].split(":")[0], 16) for row in rows if int(row[1].split(":")[1], 16) == port]


@dataclass
class Peaks:
    """The most there was of each, in bytes. `kernel`: what it holds of the API's."""

    api: int = 0
    valkey: int = 0
    valkey_clients: int = 0
    kernel: int = 0
    samples: list[int] = field(default_factory=list)  # of the API, a second apart

    def sample(self, pid: int, port: int, redis_url: str) -> None:
        with redis.Redis.from_url(redis_url, socket_timeout=5) as client:
            told = client.info("memory")
            waiting = sum(int(each["omem"]) for each in client.client_list())
        self.samples.append(resident(pid))
        self.api = max(self.api, self.samples[-1])
        self.valkey = max(self.valkey, int(told["used_memory"]))
        self.valkey_clients = max(self.valkey_clients, waiting)
        self.kernel = max(self.kernel, sum(unsent(port)))


@asynccontextmanager
async def watched(pid: int, port: int, redis_url: str) -> AsyncIterator[Peaks]:
    """Looks each second while the block runs, and once at its end."""
    peaks = Peaks()

    async def look() -> None:
        while True:
            await asyncio.to_thread(peaks.sample, pid, port, redis_url)
            await asyncio.sleep(1)

    looking = asyncio.create_task(look())
    try:
        yield peaks
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        peaks.sample(pid, port, redis_url)
