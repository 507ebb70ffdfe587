"""Clients that do not read what they are sent."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from websockets.asyncio.client import connect

from tests.callers import Api, Socket


@asynccontextmanager
async def unread(api: Api, user: UUID, lifetime: timedelta = timedelta(hours=1)) -> AsyncIterator[Socket]:
    """A signed-in socket that takes in next to nothing while nobody receives from it, and whose token
    has that `lifetime`.
    """
    address = urlsplit(api.base)
    with socket.socket() as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.connect((address.hostname, address.port))
        async with connect(
            api.base.replace("http", "ws") + "/graphql",
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]  # a NewType of str
            sock=narrow,
            max_queue=1,
            max_size=None,
            compression=None,
        ) as connection:
            signed_in = Socket(connection)
            token = api.token(user, lifetime)
            await signed_in.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
            assert await signed_in.receive() == {"type": "connection_ack"}
            yield signed_in
