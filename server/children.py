"""The API and worker processes, as services for the supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from server.local.process import spawn
from server.supervisor import Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
# Beyond what a worker may take to end its narration, or an API process its requests.
SPARE_SECONDS = 10.0
# It may be a story that kills them, and everybody else's wait.
WORKER_PAUSE_SECONDS = 2.0


def spawn_command(*arguments: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """`python -m server …` with `environment` added to ours.

    It is killed when this process goes: whatever it was at is safe to lose.
    """
    return _spawn(arguments, environment)


@dataclass(frozen=True)
class First:
    """Processes that import what they need, and wait for their orders: see `server.local.orders`."""

    api: subprocess.Popen[bytes]
    worker: subprocess.Popen[bytes]

    @classmethod
    def spawn(cls) -> First:
        return cls(
            _spawn(["serve", "--first"], {}, has_input=True, output=subprocess.PIPE),
            _spawn(["worker", "--first"], {}, has_input=True),
        )

    def dismiss(self) -> None:
        """Whatever they are at."""
        for process in (self.api, self.worker):
            process.kill()
            process.wait()
            for pipe in filter(None, (process.stdin, process.stdout)):
                with suppress(BrokenPipeError):
                    pipe.close()


def worker_services(
    settings: Settings, environment: Mapping[str, str], first: subprocess.Popen[bytes] | None = None
) -> list[Service]:
    """One service for each worker process that the settings ask for; the first of them begins as `first`."""
    waiting = [first] if first else []
    return [
        Service(
            f"Worker {number}",
            lambda: (
                waiting.pop() if waiting else spawn_command("worker", "--single", environment=environment)
            ),
            patience_seconds=settings.drain_seconds + SPARE_SECONDS,
            longest_pause_seconds=WORKER_PAUSE_SECONDS,
        )
        for number in range(1, settings.worker_processes + 1)
    ]


def _spawn(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    has_input: bool = False,
    output: int | None = None,
) -> subprocess.Popen[bytes]:
    others = [
        path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path not in {"", str(ROOT)}
    ]
    return spawn(
        [sys.executable, "-P", "-m", "server", *arguments],
        dies_by=signal.SIGKILL,
        output=output,
        environment={**os.environ, **environment, "PYTHONPATH": os.pathsep.join([str(ROOT), *others])},
        has_input=has_input,
    )
