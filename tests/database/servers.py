"""PostgreSQL servers as an installation elsewhere has them: over TCP, with passwords, of any version."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import asyncpg

from server.local.postgres import LocalPostgres
from server.local.process import spawn, stop, tail, wait_until_ready

# Every character that an address gives a meaning to, or SQL, or a shell.
HARD_PASSWORD = """p:@/%#?&=+ '"\\{}$€"""

DEBIAN = Path("/usr/lib/postgresql/15/bin")
DEBIAN_PACKAGE = "postgresql-15"

T = TypeVar("T")


class Cluster(Protocol):
    """A running server."""

    def url(self, user: str = ..., password: str | None = ..., database: str = ...) -> str:
        """An address; the superuser's, where no user is named."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def wheel_postgres(directory: Path) -> Iterator[Cluster]:
    with LocalPostgres(directory, HARD_PASSWORD, port=free_port(), durable=False).running() as server:
        yield server


class DebianPostgres:
    """The oldest version that Storycast works with, from Debian's package."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()

    def url(self, user: str = "postgres", password: str | None = None, database: str = "postgres") -> str:
        secret = quote(HARD_PASSWORD if password is None else password, safe="")
        return f"postgresql://{quote(user)}:{secret}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def running(self) -> Iterator[DebianPostgres]:
        cluster, log = self.directory / "cluster", self.directory / "log"
        cluster.mkdir(mode=0o700)
        environment = {"PATH": os.defpath, "LC_ALL": "C"}
        initdb = [str(DEBIAN / "initdb"), "-D", str(cluster), "-U", "postgres", "-E", "UTF8", "--no-sync"]
        make = spawn(
            [*initdb, "-A", "scram-sha-256", "--pwfile=/dev/stdin"],
            dies_by=signal.SIGTERM,
            log=log,
            owns=cluster,
            environment=environment,
            has_input=True,
        )
        make.communicate(HARD_PASSWORD.encode(), timeout=60)
        assert make.returncode == 0, tail(log)
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
        }
        process = spawn(
            [
                *(str(DEBIAN / "postgres"), "-D", str(cluster)),
                *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
            ],
            dies_by=signal.SIGINT,
            log=log,
            owns=cluster,
            environment=environment,
        )
        try:
            wait_until_ready(
                process, self._answers, name="PostgreSQL 15", log=log, seconds=30, pause=time.sleep
            )
            yield self
        finally:
            stop(process, signal.SIGINT, signal.SIGQUIT)

    def _answers(self) -> bool:
        try:
            tell(self.url(), "SELECT")
        except (OSError, asyncpg.CannotConnectNowError):
            return False
        return True


def ask(url: str, query: str, *values: object) -> list[asyncpg.Record]:
    """The rows of one query."""
    return within(url, lambda connection: connection.fetch(query, *values))


def tell(url: str, *statements: str) -> None:
    """Run statements, one by one."""

    async def each(connection: asyncpg.Connection) -> None:
        for statement in statements:
            await connection.execute(statement)

    within(url, each)


def within(url: str, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    """What `work` returns, given a connection."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    answer: T = asyncio.run(run())
    return answer
