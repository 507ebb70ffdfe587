"""A whole Storycast of an experiment's own, each part a real process that can be killed by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from core.settings import Settings
from db.provision import migrate
from server.local.postgres import LocalPostgres
from server.local.valkey import LocalValkey
from tests.callers import Client
from tests.chaos import history
from tests.chaos.experiment import Plan
from tests.conftest import adjust, own_database_urls, settings_for
from tests.outages import Outages
from tests.processes import PRODUCT, ApiProcess, Started, Worker, free_port

# Load comes from a few users here.
ROOMY = {
    "database_pool_size": 10,
    "initiations_per_minute": 100_000,
    "unfinished_generations": 100_000,
}


@dataclass
class Installation:
    """Made by `installation`. API processes keep their ports when they are started again."""

    plan: Plan
    settings: Settings
    postgres: Outages
    valkey: Outages
    _stack: ExitStack
    results: Path | None = None  # where we see the result folder, if not where processes do

    def start_api(
        self,
        port: int = 0,
        *,
        without: str | None = None,
        fault: str | None = None,
        through: Sequence[str] = (),
        **changes: Any,
    ) -> ApiProcess:
        """An API process that answers. `fault`: one of `faults`; `through`: what Python runs instead, which
        becomes the process in its turn.
        """
        program = (*through, *product(without or self.plan.without, fault))
        told = adjust(self.settings, **changes)
        return self._stack.enter_context(
            ApiProcess(told, self.log("api"), port or free_port(), program=program)
        )

    async def start_api_beside(self, port: int) -> ApiProcess:
        """An API process that answers, started while the event loop goes on."""
        api = ApiProcess(self.settings, self.log("api"), port, program=product(self.plan.without))
        self._stack.push(api)
        await asyncio.to_thread(api.wait_until_ready)
        return api

    def start_master(self) -> Started:
        """`worker` as operators start it: it starts its worker processes, and starts again those that die."""
        program = product(self.plan.without)
        return self._stack.enter_context(Started(["worker"], self.settings, self.log("worker"), program))

    def start_worker(
        self,
        *,
        without: str | None = None,
        fault: str | None = None,
        through: Sequence[str] = (),
        **changes: Any,
    ) -> Worker:
        """A worker process that has begun to start; `fault` and `through` as above."""
        program = (*through, *product(without or self.plan.without, fault))
        told = adjust(self.settings, **changes)
        return self._stack.enter_context(Worker(told, self.log("worker"), program))

    def log(self, name: str) -> Path:
        return self.plan.directory / f"{name}.log"

    @asynccontextmanager
    async def client(self, api: ApiProcess) -> AsyncIterator[Client]:
        client = Client(api.base, self.settings)
        try:
            yield client
        finally:
            await client.close()

    @asynccontextmanager
    async def sql(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection that row security does not bind, while PostgreSQL is up."""
        connection = await asyncpg.connect(self.settings.need("migration_database_url"), timeout=10)
        try:
            yield connection
        finally:
            await connection.close()

    async def unfinished(self) -> int:
        """How many generations have not ended."""
        async with self.sql() as connection:
            found: int = await connection.fetchval(
                "SELECT count(*) FROM story_generations WHERE finished_at IS NULL"
            )
        return found

    async def settle(self, seconds: float) -> bool:
        """Wait until every generation is final; False when they are not within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while await self.unfinished():  # noqa: ASYNC110 - processes of their own tell no event
                    await asyncio.sleep(0.2)
        except TimeoutError:
            return False
        return True

    def files(self) -> dict[UUID, list[str]]:
        """The names of all result files, by generation."""
        root = self.results or Path(self.settings.need("results_url").removeprefix("file://"))
        found: dict[UUID, list[str]] = {}
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.parent != root:
                found.setdefault(UUID(path.parent.name), []).append(path.name)
        return found


@asynccontextmanager
async def installation(plan: Plan, **changes: Any) -> AsyncIterator[Installation]:
    """PostgreSQL and Valkey of their own, migrated and recorded (`history`), with the plan's
    waits and with `changes`. What was started is ended with the block, Valkey and PostgreSQL last.
    """
    with ExitStack() as servers:
        postgres = servers.enter_context(Outages(LocalPostgres(plan.directory / "postgres", "superuser")))
        valkey = servers.enter_context(Outages(LocalValkey(plan.directory / "valkey")))
        assert isinstance(valkey.server, LocalValkey)
        usual = settings_for(own_database_urls(postgres), valkey.server.url(), plan.directory)
        waits = {"lease_seconds": plan.size.lease_seconds, "sweep_seconds": plan.size.sweep_seconds}
        settings = adjust(usual, **{**waits, **ROOMY, **changes})
        await asyncio.to_thread(migrate, settings)
        with ExitStack() as processes:
            made = Installation(plan, settings, postgres, valkey, processes)
            async with made.sql() as connection:
                await history.record(connection)
            yield made


def product(without: str | None, fault: str | None = None) -> Sequence[str]:
    """What Python runs: the product, or the product without one of its guards, or with a fault."""
    names = ",".join(name for name in (without, fault) if name)
    return ("-m", "tests.chaos.sabotage.unguarded", names) if names else PRODUCT
