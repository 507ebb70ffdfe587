"""What `run` is going to run: which servers are local ones, and what every process is told."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import SettingsError
from core.settings import PREFIX, Environment, Settings
from server.local.ports import base_url, free_port
from server.local.postgres import LocalPostgres
from server.local.server import LocalServer
from server.local.valkey import LocalValkey

if TYPE_CHECKING:
    from pathlib import Path

    from server.local.directory import DataDirectory, Secrets

DATABASE_SETTINGS = ("database_url", "worker_database_url", "migration_database_url")


@dataclass(frozen=True)
class Plan:
    """One installation, about to start. `environment` is what its processes are told."""

    settings: Settings
    directory: Path
    host: str
    port: int
    servers: list[LocalServer]
    base_url: str
    migration_url: str
    environment: dict[str, str]


def make_plan(settings: Settings, directory: DataDirectory) -> Plan:
    """Also makes the secrets, and folders, that `directory` lacks.

    Raises SettingsError when some of the database's addresses are given and some are not, StartupError
    when the port is not to be had.
    """
    _refuse_no_sign_in(settings)
    needs_postgres = _needs_postgres(settings)
    port = free_port(settings.host, settings.port)
    secrets = directory.ensure_secrets()
    base = settings.public_url or base_url(settings.host, port)
    told = {
        "environment": settings.environment.value,
        "host": settings.host,
        "port": str(port),
        "public_url": base,
    }
    servers: list[LocalServer] = []
    if not needs_postgres:
        migration_url = settings.need("migration_database_url")
    else:
        postgres = LocalPostgres(directory.postgres, secrets.postgres_password)
        servers.append(postgres)
        migration_url = postgres.url()
        told["database_url"] = postgres.url("storycast_api", secrets.api_password)
        told["worker_database_url"] = postgres.url("storycast_worker", secrets.worker_password)
    if not settings.redis_url:
        valkey = LocalValkey(directory.valkey)
        servers.append(valkey)
        told["redis_url"] = valkey.url()
    told |= _secrets_told(settings, secrets) | _folders_told(settings, directory)
    environment = {f"{PREFIX}{name.upper()}": value for name, value in told.items()}
    return Plan(settings, directory.path, settings.host, port, servers, base, migration_url, environment)


def _needs_postgres(settings: Settings) -> bool:
    missing = [name for name in DATABASE_SETTINGS if getattr(settings, name) is None]
    if len(missing) in {0, len(DATABASE_SETTINGS)}:
        return bool(missing)
    names = " and ".join(f"{PREFIX}{name.upper()}" for name in missing)
    raise SettingsError(
        f"To use a PostgreSQL of your own, set {names} too; to use the local one, unset the rest."
    )


def _refuse_no_sign_in(settings: Settings) -> None:
    if settings.environment is Environment.PRODUCTION and not (settings.jwt_secret or settings.jwks_url):
        raise SettingsError(
            f"{PREFIX}ENVIRONMENT is production, and nobody could sign in: set {PREFIX}JWT_SECRET or"
            f" {PREFIX}JWKS_URL, or unset the environment for a local installation with a secret of its own."
        )


def _secrets_told(settings: Settings, secrets: Secrets) -> dict[str, str]:
    told = {}
    if not settings.jwt_secret and not settings.jwks_url:
        told["jwt_secret"] = secrets.jwt_secret
    if not settings.link_secret:
        told["link_secret"] = secrets.link_secret
    return told


def _folders_told(settings: Settings, directory: DataDirectory) -> dict[str, str]:
    told = {}
    if not settings.results_url:
        directory.results.mkdir(mode=0o700, exist_ok=True)
        told["results_url"] = directory.results.as_uri()
    if not settings.scratch_directory:
        # What a narration that was killed half-way left there is of no use to anybody.
        shutil.rmtree(directory.scratch, ignore_errors=True)
        directory.scratch.mkdir(mode=0o700)
        told["scratch_directory"] = str(directory.scratch)
    return told
