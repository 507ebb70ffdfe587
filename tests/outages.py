"""A PostgreSQL or a Valkey of a test's own, to be stopped, killed, frozen and brought back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from server.local.postgres import LocalPostgres
from server.local.valkey import LocalValkey


class Outages:
    """The server, up within the `with` block unless it is taken down there."""

    def __init__(self, server: LocalPostgres | LocalValkey) -> None:
        self.server = server
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = self.server.spawn()
        self.server.wait_until_ready(self._process)

    async def start_beside(self) -> None:
        """Start it while the event loop goes on."""
        # Spawned here: the kernel ends it with the thread that did it.
        self._process = self.server.spawn()
        await asyncio.to_thread(self.server.wait_until_ready, self._process)

    def stop(self) -> None:
        """Down in order: every session ends."""
        self.server.stop(self._running())

    def break_off(self) -> None:
        """Down at once, without writing anything down: PostgreSQL's immediate shutdown."""
        process = self._running()
        process.send_signal(signal.SIGQUIT)
        process.wait()

    def kill(self) -> None:
        """Down with no chance to say so."""
        self._send(signal.SIGKILL)
        self._running().wait()

    def freeze(self) -> None:
        """Connections stay open, and take more; nothing is answered."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.server.prepare()
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._running().poll() is None:
            self.thaw()
            self.stop()
        self.server.release()

    def _send(self, number: signal.Signals) -> None:
        # Sessions end as their clients do, between the look and the signal too.
        for pid in family(self._running().pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "start first"
        return self._process


def family(pid: int) -> list[int]:
    """The process and its children, parents first, so that a frozen one starts no more. Linux."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # The name, in parentheses, may hold anything; state and parent follow it.
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended since: before the file was opened, or read
    return [pid, *(child for child, parent in parents.items() if parent == pid)]
