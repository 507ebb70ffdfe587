"""One API process: what it stands on is opened, served over, and closed again."""

from __future__ import annotations

import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
import uvloop
from starlette.types import ASGIApp

from core.errors import StartupError
from core.events import Publisher
from core.feed import Feed
from core.identity import open_verifier
from core.links import open_links
from core.pipeline import Pipeline
from core.settings import Settings
from core.storage import open_storage
from db.roles import API, refuse_wrong_role
from db.sessions import ApiDatabase
from jobs.doorbell import Doorbell
from resolvers.services import Services
from server.app import create_app
from server.edges.descriptors import room_for_connections
from server.edges.http_protocol import EdgeConfig, HttpProtocol
from server.edges.socket_protocol import SocketProtocol
from server.graphql.ws import MOST_MESSAGE_BYTES

BACKLOG = 2048
# What the kernel takes of a client that reads slower than we write, before the flow control of the
# protocols sees it: else up to 4 MiB for each, of memory, and of events that are old when they are read.
MOST_UNSENT_BYTES = 64 * 1024
# Objects that may be made between two looks for garbage, and such looks before the next larger one. With
# thousands of sockets open the largest holds everything up for 300 ms, and next to nothing needs it.
GARBAGE_THRESHOLDS = (2_000, 20, 100)
# What is underway when the process is told to stop has so long to end.
GRACE_SECONDS = 5


def serve(settings: Settings) -> None:
    """Answer requests on the settings' host and port until SIGTERM or SIGINT.

    Raises StartupError or SettingsError when this process cannot start.
    """
    # uvicorn shuts down on the signal, then raises it once more: that is the end of this process, and
    # leaves what is open the time to close.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    uvloop.run(_serve(settings.model_copy(update={"connections": room_for_connections(settings)})))


async def _serve(settings: Settings) -> None:
    verifier = open_verifier(settings)
    async with open_services(settings) as services:
        config = server_config(create_app(services, verifier), settings)
        with _listen(settings.host, settings.port) as listener:
            await uvicorn.Server(config).serve(sockets=[listener])


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves Storycast, wherever it listens."""
    return EdgeConfig(
        app,
        connections=settings.connections,
        request_seconds=settings.request_seconds,
        http=HttpProtocol,
        ws=SocketProtocol,
        ws_max_size=MOST_MESSAGE_BYTES,
        # Megabytes of a story would be packed on the event loop; changes are small.
        ws_per_message_deflate=False,
        ws_ping_interval=settings.ping_seconds,
        ws_ping_timeout=settings.ping_seconds,
        # Who asks is told by a token; addresses that headers claim are believed nowhere.
        proxy_headers=False,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Everything an API process stands on.

    Raises StartupError when the database cannot be used as it should be.
    """
    database = ApiDatabase(settings.need("database_url"), settings.database_pool_size)
    redis_url = settings.need("redis_url")
    storage = open_storage(settings)
    try:
        await refuse_wrong_role(database.engine, API)
    except StartupError:
        await database.close()
        raise
    pipeline = Pipeline(redis_url)
    async with Feed(redis_url) as feed:
        services = Services(
            settings=settings,
            database=database,
            storage=storage,
            links=open_links(settings, storage),
            pipeline=pipeline,
            publisher=Publisher(pipeline),
            feed=feed,
            doorbell=Doorbell(pipeline),
        )
        try:
            yield services
        finally:
            await services.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise StartupError(
            f"Cannot listen on {host}:{port} ({error.strerror}): change STORYCAST_HOST or STORYCAST_PORT."
        ) from error
    # Connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT_BYTES)
    return listener
