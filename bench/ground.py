"""What a benchmark stands on: servers of its own, the product and its peers as processes."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import asyncpg
from pydantic import SecretStr

from bench import processes
from bench.processes import HOST, ROOT, Process
from core.identity import sign_token
from core.settings import PREFIX, Environment, Settings
from db.provision import migrate
from server.local.ports import free_port
from server.local.postgres import DATABASE, SOCKET_PORT, LocalPostgres
from server.local.valkey import LocalValkey

PEERS = ROOT / "bench" / "peers"


class Ground:
    """Made by `open_ground`. `rounds` of `seconds` a measurement are what the run was asked for."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        stack: ExitStack,
        *,
        rounds: int,
        seconds: float,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.rounds = rounds
        self.seconds = seconds
        self._stack = stack

    def adjusted(self, **changes: Any) -> Settings:
        """The settings with some changed, checked like any others."""
        return Settings(**{**self.settings.model_dump(exclude_unset=True), **changes})

    async def start_api(self, **changes: Any) -> Process:
        """One API process of the product, as `python -m server serve`; answers by now."""
        port = free_port(HOST, 0)
        settings = self.adjusted(host=HOST, port=port, **changes)
        api = self._start(
            "storycast", [sys.executable, "-P", "-m", "server", "serve"], processes.told(settings), port
        )
        await api.ready()
        return api

    def start_worker(self, **changes: Any) -> Process:
        """One worker process of the product, which has begun to start."""
        program = [sys.executable, "-P", "-m", "server", "worker", "--single"]
        return self._start("worker", program, processes.told(self.adjusted(**changes)))

    async def start_program(
        self, name: str, program: list[str], environment: Mapping[str, str], path: str = "/healthz"
    ) -> Process:
        """A peer, told by PORT where to listen on loopback; a GET of `path` answers by now."""
        port = free_port(HOST, 0)
        peer = self._start(name, program, {**self.peer_environment(), **environment, "PORT": str(port)}, port)
        await peer.ready(path)
        return peer

    async def start_peer(
        self, script: str, environment: Mapping[str, str] | None = None, path: str = "/healthz"
    ) -> Process:
        """A Node peer: a script of bench/peers, run by the pinned Node, its packages installed."""
        from web import node  # noqa: PLC0415 - needs the wheel with Node, which most benchmarks do without

        await asyncio.to_thread(node.install, PEERS)
        program = [str(node.NODE), str(PEERS / script)]
        return await self.start_program(Path(script).stem, program, environment or {}, path)

    def peer_environment(self) -> dict[str, str]:
        """How a peer reaches the servers (libpq's variables, as the API's role), and how it checks tokens."""
        address = urlsplit(self.settings.need("database_url"))
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
            "PGHOST": parse_qs(address.query)["host"][0],
            "PGPORT": str(SOCKET_PORT),
            "PGUSER": str(address.username),
            "PGPASSWORD": unquote(address.password or ""),
            "PGDATABASE": DATABASE,
            "REDIS_SOCKET": urlsplit(self.settings.need("redis_url")).path,
            "POOL_SIZE": str(self.settings.database_pool_size),
            "JWT_SECRET": self.settings.need("jwt_secret"),
            "JWT_AUDIENCE": self.settings.jwt_audience,
            "JWT_ISSUER": self.settings.jwt_issuer,
            "LINK_SECRET": self.settings.need("link_secret"),
            "LINK_LIFETIME_SECONDS": str(self.settings.link_lifetime_seconds),
            "PUBLIC_URL": self.settings.public_url,
            "INITIATIONS_PER_MINUTE": str(self.settings.initiations_per_minute),
            "UNFINISHED_GENERATIONS": str(self.settings.unfinished_generations),
            "SWEEP_SECONDS": str(self.settings.sweep_seconds),
            "NODE_ENV": "production",
        }

    def token(self, user_id: UUID, lifetime: timedelta = timedelta(hours=6)) -> str:
        return sign_token(self.settings, user_id, lifetime)

    @asynccontextmanager
    async def sql(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection that row security does not bind."""
        connection = await asyncpg.connect(self.settings.need("migration_database_url"))
        try:
            yield connection
        finally:
            await connection.close()

    def _start(self, name: str, program: list[str], environment: Mapping[str, str], port: int = 0) -> Process:
        log = self.folder / f"{name}-{port}.log"
        process = processes.start(name, program, {"PYTHONPATH": str(ROOT), **environment}, log, port)
        self._stack.callback(process.stop)
        return process


@asynccontextmanager
async def open_ground(rounds: int, seconds: float) -> AsyncIterator[Ground]:
    """PostgreSQL and Valkey, migrated; what was started ends with the block, the servers last."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="storycast-bench-")))
        postgres = stack.enter_context(LocalPostgres(folder / "postgres", secrets.token_hex(16)).running())
        valkey = stack.enter_context(LocalValkey(folder / "valkey").running())
        settings = _production(folder, postgres, valkey)
        await asyncio.to_thread(migrate, settings)
        with ExitStack() as started:
            yield Ground(folder, settings, started, rounds=rounds, seconds=seconds)


def _production(folder: Path, postgres: LocalPostgres, valkey: LocalValkey) -> Settings:
    """An installation as operators have it: tokens verified, row security and every limit on."""
    api, worker = secrets.token_hex(16), secrets.token_hex(16)
    for name in ("results", "scratch"):
        (folder / name).mkdir()
    return Settings(
        environment=Environment.PRODUCTION,
        database_url=SecretStr(postgres.url("storycast_api", api)),
        worker_database_url=SecretStr(postgres.url("storycast_worker", worker)),
        migration_database_url=SecretStr(postgres.url()),
        redis_url=SecretStr(valkey.url()),
        jwt_secret=SecretStr(secrets.token_hex(32)),
        link_secret=SecretStr(secrets.token_hex(32)),
        results_url=(folder / "results").as_uri(),
        public_url="https://stories.example",
        scratch_directory=folder / "scratch",
    )
