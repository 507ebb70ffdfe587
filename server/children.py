"""The API and worker processes, as services for the supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from server.local.process import spawn
from server.supervisor import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    return _spawn(arguments, environment, is_piped=False)


def spawn_first_api() -> subprocess.Popen[bytes]:
    """An API process that imports what it needs, and waits for its orders: see `server.local.first`."""
    return _spawn(["serve", "--first"], {}, is_piped=True)


def worker_services(settings: Settings, environment: Mapping[str, str]) -> list[Service]:
    """One service for each worker process that the settings ask for."""
    return [
        Service(
            f"Worker {number}",
            lambda: spawn_command("worker", "--single", environment=environment),
            patience_seconds=settings.drain_seconds + SPARE_SECONDS,
            longest_pause_seconds=WORKER_PAUSE_SECONDS,
        )
        for number in range(1, settings.worker_processes + 1)
    ]


def _spawn(
    arguments: tuple[str, ...] | list[str], environment: Mapping[str, str], *, is_piped: bool
) -> subprocess.Popen[bytes]:
    others = [
        path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path not in {"", str(ROOT)}
    ]
    return spawn(
        [sys.executable, "-P", "-m", "server", *arguments],
        dies_by=signal.SIGKILL,
        output=subprocess.PIPE if is_piped else None,
        environment={**os.environ, **environment, "PYTHONPATH": os.pathsep.join([str(ROOT), *others])},
        has_input=is_piped,
    )
