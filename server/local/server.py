"""What the local PostgreSQL and Valkey share: a directory that is held, a process waited for and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import ClassVar, Self

from server.local.process import stop, wait_until_ready


class LocalServer(ABC):
    """One server with its data in `directory`: `prepare`, `spawn` (again, if it dies), `stop`, `release`."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    hurry_signal: ClassVar[signal.Signals]

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.log = self.directory / "server.log"
        self._lock: int | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Take the directory, and make in it what the server needs.

        Raises StartupError when it is in use, or cannot serve.
        """

    @abstractmethod
    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the server; it writes everything down and ends when this process goes."""

    @abstractmethod
    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether `process` answers, its data loaded."""

    @abstractmethod
    def _socket_folder(self) -> Path:
        """Where its socket lies: the directory, or a folder of its own where that has too long a name."""

    def wait_until_ready(
        self,
        process: subprocess.Popen[bytes],
        seconds: float = 60,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises StartupError when it does not come up; recovery after a crash is waited for."""
        is_ready = partial(self.is_ready, process)
        wait_until_ready(process, is_ready, name=self.name, log=self.log, seconds=seconds, pause=pause)

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """End every session, write everything down, end."""
        stop(process, self.stop_signal, self.hurry_signal)

    def release(self) -> None:
        """Give the directory up to whoever comes next."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        if self._socket_folder() != self.directory:
            with suppress(OSError):
                self._socket_folder().rmdir()

    @contextmanager
    def running(self) -> Iterator[Self]:
        """The server for as long as the block lasts."""
        self.prepare()
        try:
            process = self.spawn()
            try:
                self.wait_until_ready(process)
                yield self
            finally:
                self.stop(process)
        finally:
            self.release()
