"""Processes of the product, started for a test and ended with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from core.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent
END_SECONDS = 20


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment that makes a process load these settings, and no others."""
    told = {}
    for name, value in settings.model_dump(exclude_unset=True).items():
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        if plain is not None:
            told[f"{PREFIX}{name.upper()}"] = str(plain)
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return ours | told


class Worker:
    """One worker process, as `worker` starts it. Signals go to it alone. It says what it says to `log`."""

    def __init__(self, settings: Settings, log: Path | None = None) -> None:
        with ExitStack() as stack:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "server", "worker", "--single"],
                cwd=ROOT,
                env=environment_of(settings),
                stderr=stack.enter_context(log.open("wb")) if log else None,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """The end that nothing can prepare for."""
        self.process.kill()
        self.process.wait(END_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
