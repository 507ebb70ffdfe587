"""Whether this process lives, and whether what it stands on does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import StartupError
from db.provision import current_revision, expected_revision, known_revisions
from resolvers.services import Services

CHECK_SECONDS = 2

logger = logging.getLogger(__name__)


def health_routes(services: Services) -> list[Route]:
    """`/healthz` answers while the process does; `/readyz` is 503 unless all it needs is as it should be."""

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        database, redis = await asyncio.gather(
            _check("migrations", _migrations(services)), _check("redis", services.publisher.ping())
        )
        migrations = database
        if database.startswith("away"):
            migrations = "unknown"
        else:
            database = "ok"
        checks = {"database": database, "redis": redis, "migrations": migrations}
        is_ready = all(state == "ok" for state in checks.values())
        status = "ready" if is_ready else "not ready"
        return JSONResponse({"status": status, "checks": checks}, 200 if is_ready else 503)

    return [Route("/healthz", alive), Route("/readyz", ready)]


async def _migrations(services: Services) -> None:
    """Raises StartupError when the schema is another than this code's."""
    found, expected = await current_revision(services.database.engine), expected_revision()
    if found == expected:
        return
    if found is None or found in known_revisions():
        raise StartupError(f"at {found or 'none'}, expected {expected}: run `python3 dev.py migrate`")
    raise StartupError(f"at {found}, which is newer than {expected}: run the code that made it")


async def _check(name: str, look: Awaitable[None]) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await look
    except StartupError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, this part is not ready
        logger.warning("Not ready: %s: %s", name, error)
        return "away"
    return "ok"
