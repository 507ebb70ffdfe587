"""Questions put to the application by themselves, and the work that an answer takes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import redis

from core.identity import open_verifier, sign_token
from server.app import create_app
from server.edges.bodies import HAS_COME
from server.edges.whole import WHOLE
from tests.callers import Api
from tests.graphql.statements import recording
from tests.speed.counting import calls_of

Ask = Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class Work:
    """`calls` of functions; what is asked of the database, BEGIN and COMMIT too; and what goes to Redis,
    where all that is sent in one write is one.
    """

    calls: int
    database: int
    redis: int


class Caller:
    """Asks the application as `HttpProtocol` would, from this thread, as `user`."""

    def __init__(self, api: Api, user: UUID) -> None:
        self._api = api
        self._app = create_app(api.services, open_verifier(api.settings))
        token = sign_token(api.settings, user, timedelta(hours=1))
        self._headers = [
            (b"host", b"127.0.0.1"),
            (b"authorization", f"Bearer {token}".encode()),
            (b"accept", b"application/json"),
        ]

    async def graphql(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        return await self._ask("POST", "/graphql", body)

    async def rest(self, address: str) -> Any:
        return await self._ask("GET", address, b"")

    async def work(self, ask: Ask) -> Work:
        """What one question takes, once others like it have been asked."""
        calls = await calls_of(ask)
        with recording(self._api) as recorder:
            await ask()
            # The recorder hears of it in the turn after.
            await asyncio.sleep(0)
        return Work(calls, len(recorder.round_trips), await self._sent_to_redis(ask))

    async def _sent_to_redis(self, ask: Ask) -> int:
        """As Redis counts what it reads. What the process sends of its own accord is not in all of these."""
        counted: list[int] = []
        with redis.Redis.from_url(self._api.settings.need("redis_url")) as valkey:
            for _ in range(3):
                before = valkey.info("stats")["total_reads_processed"]
                await ask()
                # The last one is this question itself.
                counted.append(valkey.info("stats")["total_reads_processed"] - before - 1)
        return min(counted)

    async def _ask(self, method: str, address: str, body: bytes) -> Any:
        split = urlsplit(address)
        headers = [*self._headers]
        if body:
            headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": split.path,
            "raw_path": split.path.encode(),
            "query_string": split.query.encode(),
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            HAS_COME: True,
            WHOLE: lambda status, _, body: write_whole(status, body),
        }
        sent: list[MutableMapping[str, Any]] = []

        def write_whole(status: int, body: bytes) -> bool:
            sent.append({"status": status, "body": body})
            return True

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        assert sent[0]["status"] == 200
        return json.loads(b"".join(each.get("body", b"") for each in sent))
