"""Processes of a benchmark: they end with it, however it ends, and tell what processor time they used."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from core.settings import PREFIX, Settings
from server.local.ports import answers
from server.local.process import spawn, stop, tail

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
READY_SECONDS = 60


class NotReady(Exception):
    """A process ended, or did not answer in time; says what it said last."""


@dataclass(frozen=True)
class Process:
    """One that was started. `port` is where it listens, 0 for one that does not."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path
    port: int = 0

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def base(self) -> str:
        return f"http://{HOST}:{self.port}"

    def tell_end(self) -> str:
        return f"{self.name}; {self.log.name} ends:\n{tail(self.log, 20)}"

    def stop(self) -> None:
        stop(self.popen, signal.SIGTERM)

    async def ready(self, path: str = "/healthz") -> None:
        """Returns once a GET of `path` is answered with 200. Raises NotReady."""
        limit = time.monotonic() + READY_SECONDS
        while not await asyncio.to_thread(answers, HOST, self.port, path):
            if self.popen.poll() is not None:
                raise NotReady(f"Ended with {self.popen.returncode}: {self.tell_end()}")
            if time.monotonic() > limit:
                raise NotReady(f"No answer within {READY_SECONDS} s: {self.tell_end()}")
            await asyncio.sleep(0.05)


async def start_helper(module: str, *arguments: str) -> asyncio.subprocess.Process:
    """A module of this package in a process of its own, which is told and tells by pipes."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", module, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def start(
    name: str, program: Sequence[str], environment: Mapping[str, str], log: Path, port: int = 0
) -> Process:
    """Start `program` with this environment and no other; the kernel kills it when this process goes."""
    begun = spawn(program, dies_by=signal.SIGKILL, log=log, environment=dict(environment))
    return Process(name, begun, log, port)


def told(settings: Settings) -> dict[str, str]:
    """The environment that makes a process of the product load these settings, and no others."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    for name, value in settings.model_dump(exclude_unset=True).items():
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        if plain is not None:
            ours[f"{PREFIX}{name.upper()}"] = str(plain)
    return ours
