"""Processes of the product, started for a test and ended with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from pydantic import SecretStr

from core.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
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


PRODUCT = ("-m", "server")


class Started:
    """A process of the product. Signals go to it alone. It says what it says to `log`.

    `program` is what Python runs: the product, or what runs the product in its turn.
    """

    def __init__(
        self,
        command: Sequence[str],
        settings: Settings,
        log: Path | None = None,
        program: Sequence[str] = PRODUCT,
    ) -> None:
        with ExitStack() as stack:
            self.process = subprocess.Popen(
                [sys.executable, *program, *command],
                cwd=ROOT,
                env=environment_of(settings),
                stderr=stack.enter_context(log.open("ab")) if log else None,
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


class Worker(Started):
    """One worker process, as `worker` starts it."""

    def __init__(self, settings: Settings, log: Path | None = None, program: Sequence[str] = PRODUCT) -> None:
        super().__init__(["worker", "--single"], settings, log, program)


class ApiProcess(Started):
    """One API process, as `serve` starts it, on the loopback port given or on one that is free.

    Ready once the `with` block begins; until then `wait_until_ready` says whether it got so far.
    """

    def __init__(
        self,
        settings: Settings,
        log: Path | None = None,
        port: int = 0,
        program: Sequence[str] = PRODUCT,
    ) -> None:
        self.port = port or free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        placed = {"host": "127.0.0.1", "port": self.port}
        told = {**settings.model_dump(exclude_unset=True), **placed}
        super().__init__(["serve"], Settings(**{"public_url": self.base, **told}), log, program)

    def wait_until_ready(self) -> None:
        """Returns once it answers. Fails where it ended instead, or takes too long."""
        limit = time.monotonic() + START_SECONDS
        while True:
            assert self.process.poll() is None, f"the API ended with {self.process.returncode}"
            assert time.monotonic() < limit, f"the API did not answer within {START_SECONDS} s"
            try:
                if httpx.get(f"{self.base}/healthz", timeout=1, trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)

    def __enter__(self) -> Self:
        try:
            self.wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self


def free_port() -> int:
    """A loopback port that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
