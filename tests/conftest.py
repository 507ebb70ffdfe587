"""Real parts for every test: PostgreSQL and Valkey once a run, a migrated database each, servers and
workers that are started as the product starts them.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import redis

from core.settings import PREFIX, Environment, Settings
from db.provision import migrate
from jobs.bench import Bench
from narration.hibari import HibariEngine
from resolvers.services import Services
from server.local.postgres import DATABASE, LocalPostgres
from server.local.valkey import LocalValkey
from server.serve import open_services
from tests.callers import Api, serving
from tests.outages import Outages
from tests.processes import Worker

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "template_storycast"
VALKEY_DATABASES = 16

_names = (f"test_{number}" for number in itertools.count())
_redis_numbers = itertools.cycle(range(VALKEY_DATABASES))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without-plans",
        action="store_true",
        help="have graphql-core answer everything: STORYCAST_PLANS=false, but in tests that are about plans",
    )


def pytest_configure(config: pytest.Config) -> None:
    # Settings are made in many places, and in processes of their own: all of them read this.
    if config.getoption("--without-plans"):
        os.environ[f"{PREFIX}PLANS"] = "false"
    else:
        os.environ.pop(f"{PREFIX}PLANS", None)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgres]:
    with LocalPostgres(tmp_path_factory.mktemp("postgres"), "superuser", durable=False).running() as server:
        yield server


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalValkey]:
    with LocalValkey(tmp_path_factory.mktemp("valkey")).running() as server:
        yield server


def database_urls(postgres: LocalPostgres, database: str) -> dict[str, Any]:
    """The settings that lead to `database` on the test server."""
    return {
        "database_url": postgres.url("storycast_api", "api", database),
        "worker_database_url": postgres.url("storycast_worker", "worker", database),
        "migration_database_url": postgres.url(database=database),
    }


@pytest.fixture(scope="session")
def template(postgres: LocalPostgres) -> str:
    """The name of a migrated, empty database to copy."""
    _administer(postgres, f"CREATE DATABASE {TEMPLATE}")
    migrate(Settings(**database_urls(postgres, TEMPLATE)))
    return TEMPLATE


@pytest.fixture
def database(postgres: LocalPostgres, template: str) -> Iterator[str]:
    """The name of a database of the test's own."""
    with fresh_database(postgres, template) as name:
        yield name


@contextmanager
def fresh_database(postgres: LocalPostgres, template: str) -> Iterator[str]:
    """The name of a migrated, empty database that goes at the end of the block."""
    name = next(_names)
    _administer(postgres, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield name
    finally:
        _administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def untouched(postgres: LocalPostgres, template: str) -> Iterator[str]:
    """The name of a database for all tests of a module that leave it as it is."""
    with fresh_database(postgres, template) as name:
        yield name


@pytest.fixture
async def sql(postgres: LocalPostgres, database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the test's database that row security does not bind."""
    connection = await asyncpg.connect(postgres.url(database=database))
    yield connection
    await connection.close()


@pytest.fixture
def redis_url(valkey: LocalValkey) -> str:
    """An empty Valkey database. Channels are shared by all of them, and told apart by user ids."""
    url = valkey.url(next(_redis_numbers))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[Outages]:
    """A migrated PostgreSQL of the test's own, to take down."""
    with Outages(LocalPostgres(tmp_path / "postgres", "superuser", durable=False)) as outages:
        migrate(Settings(**own_database_urls(outages)))
        yield outages


def own_database_urls(outages: Outages) -> dict[str, Any]:
    """The settings that lead to the server of `own_postgres`."""
    assert isinstance(outages.server, LocalPostgres)
    return database_urls(outages.server, DATABASE)


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Outages]:
    """A Valkey of the test's own, to take down."""
    with Outages(LocalValkey(tmp_path / "valkey")) as outages:
        yield outages


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, postgres: LocalPostgres, database: str, redis_url: str, tmp_path: Path
) -> Settings:
    """What a small installation is told. Waits are short; a test that needs others copies with `adjust`."""
    return as_marked(request, settings_for(database_urls(postgres, database), redis_url, tmp_path))


def settings_for(urls: dict[str, Any], redis_url: str, folder: Path) -> Settings:
    """The tests' usual settings, over the databases that `urls` and `redis_url` lead to."""
    results = folder / "results"
    results.mkdir()
    return Settings(
        environment=Environment.LOCAL,
        redis_url=redis_url,
        jwt_secret="a secret of at least thirty-two bytes",
        link_secret="another secret of thirty-two bytes",
        results_url=results.as_uri(),
        scratch_directory=folder,
        worker_processes=1,
        database_pool_size=5,
        lease_seconds=3,
        sweep_seconds=0.5,
        initiations_per_minute=1000,
        unfinished_generations=1000,
        **urls,
    )


def as_marked(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """With plans for what is about them, however the run has documents answered."""
    return adjust(settings, plans=True) if request.node.get_closest_marker("plans") else settings


def adjust(settings: Settings, **changes: Any) -> Settings:
    """A copy with some settings changed, checked like any other."""
    return Settings(**{**settings.model_dump(exclude_unset=True), **changes})


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    """What an API process stands on, without its HTTP."""
    async with open_services(settings) as opened:
        yield opened


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """The API, served on a loopback port by uvicorn."""
    async with serving(settings) as served:
        yield served


@pytest.fixture
def serve_with(settings: Settings) -> Callable[..., Any]:
    """Serves the API with settings changed, for as long as `async with` lasts."""

    @asynccontextmanager
    async def served(**changes: Any) -> AsyncIterator[Api]:
        async with serving(adjust(settings, **changes)) as opened:
            yield opened

    return served


@pytest.fixture(scope="session")
def engine() -> HibariEngine:
    """The voice, loaded once a run."""
    return HibariEngine()


@pytest.fixture
async def bench(settings: Settings, engine: HibariEngine) -> AsyncIterator[Bench]:
    """What a worker works with, for tests that run its steps themselves."""
    async with open_bench(settings, engine) as opened:
        yield opened


@asynccontextmanager
async def open_bench(settings: Settings, engine: HibariEngine) -> AsyncIterator[Bench]:
    opened = Bench.open(settings, engine)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def start_worker(settings: Settings) -> Iterator[Callable[..., Worker]]:
    """Starts worker processes like the product's, with settings changed; they end after the test."""
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(Worker(adjust(settings, **changes)))


@pytest.fixture
def worker(start_worker: Callable[..., Worker]) -> Worker:
    return start_worker()


@pytest.fixture
def alice() -> UUID:
    return uuid4()


@pytest.fixture
def bob() -> UUID:
    return uuid4()


def _administer(postgres: LocalPostgres, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(postgres.url(database="postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())
