"""The API and worker processes, as services for the supervisor."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.settings import PREFIX
from server.local.process import spawn
from server.supervisor import Service

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

    from core.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
# Beyond what a worker may take to end its narration, or an API process its requests.
SPARE_SECONDS = 10.0


def spawn_command(
    *arguments: str, overrides: Mapping[str, str], gated: bool = False, output: int | None = None
) -> subprocess.Popen[bytes]:
    """`python -m server …` with our environment and `overrides` (settings by name, without prefix).

    It is killed when this process goes: whatever it was at is safe to lose. `gated` lets it import
    everything, and begin when its stdin is closed.
    """
    ours = {f"{PREFIX}{name.upper()}": value for name, value in overrides.items()}
    others = [
        path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path not in {"", str(ROOT)}
    ]
    return spawn(
        [sys.executable, "-P", "-m", "server", *arguments, *(["--gated"] if gated else [])],
        dies_by=signal.SIGKILL,
        output=output,
        environment={**os.environ, **ours, "PYTHONPATH": os.pathsep.join([str(ROOT), *others])},
        text_input=gated,
    )


def worker_services(settings: Settings, overrides: Mapping[str, str]) -> list[Service]:
    """One service for each worker process that the settings ask for."""
    return [
        Service(
            f"Worker {number}",
            lambda: spawn_command("worker", "--single", overrides=overrides),
            patience_seconds=settings.drain_seconds + SPARE_SECONDS,
        )
        for number in range(1, settings.worker_processes + 1)
    ]
