"""The four ways in that a token may open, and what is said to those it does not."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from tests.chaos.clients.sockets import SocketRefused, open_socket

ANSWER_SECONDS = 30
# What a handshake's header has room for, less its name.
LONGEST_IN_UPGRADE = 8000


@dataclass(frozen=True)
class Knock:
    """What came of a token at a door, in which time. `answer` tells a refusal as its client sees it."""

    answer: str
    let_in: bool
    seconds: float


class Doors:
    """Of one API process on this loopback port."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=ANSWER_SECONDS, trust_env=False
        )
        self.ways: dict[str, Callable[[str], Awaitable[tuple[str, bool]]]] = {
            "REST": self._rest,
            "GraphQL": self._graphql,
            "websocket, connection_init": self._init,
            "websocket, upgrade": self._upgrade,
        }

    async def knock(self, door: str, token: str) -> Knock:
        began = time.monotonic()
        try:
            answer, let_in = await self.ways[door](token)
        except (httpx.TransportError, OSError) as error:  # a TimeoutError is one of the latter
            answer, let_in = repr(error), False
        return Knock(answer, let_in, time.monotonic() - began)

    async def close(self) -> None:
        await self._http.aclose()

    async def _rest(self, token: str) -> tuple[str, bool]:
        answer = await self._http.get("/api/story-generations", headers=_header(token))
        return f"{answer.status_code} {answer.text}", answer.status_code == 200

    async def _graphql(self, token: str) -> tuple[str, bool]:
        answer = await self._http.post(
            "/graphql", json={"query": "{ viewer { id } }"}, headers=_header(token)
        )
        told = answer.json()
        if told.get("data"):
            return f"{answer.status_code} {told}", True
        return f"{answer.status_code} {told['errors'][0]['extensions']['code']}", False

    async def _init(self, token: str) -> tuple[str, bool]:
        return await self._socket(token, in_upgrade=False)

    async def _upgrade(self, token: str) -> tuple[str, bool]:
        return await self._socket(token, in_upgrade=True)

    async def _socket(self, token: str, *, in_upgrade: bool) -> tuple[str, bool]:
        try:
            socket = await open_socket(self._port, token, lambda *_: None, in_upgrade=in_upgrade)
        except SocketRefused as refused:
            return str(refused), False
        socket.close()
        return "connection_ack", True


def documented(door: str, token: str) -> str:
    """The start of the answer that operations.md and the contract promise to a token that is no good."""
    if door == "REST":
        return '401 {"error":"Unauthorized"}'
    if door == "GraphQL":
        return "401 UNAUTHENTICATED"
    if door == "websocket, upgrade" and len(token) > LONGEST_IN_UPGRADE:
        return "HTTP/1.1 431 "
    return "4403 Forbidden"


def _header(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
