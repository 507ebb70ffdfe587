"""How much work an answer takes, in calls of functions: the same on any machine, however busy.

The limits are what was counted, and a tenth. Who raises one says in docs/performance.md what for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from core.identity import open_verifier, sign_token
from core.settings import Settings
from resolvers.services import Services
from server.app import create_app
from tests.callers import Api

LIST = """query List($page: Int!, $pageSize: Int!) {
  storyGenerations(page: $page, pageSize: $pageSize) {
    items { id storyId status progress revision createdAt durationSeconds voice { id } }
    meta { page pageSize total }
  }
}"""
GET = "query Get($id: UUID!) { storyGeneration(id: $id) { id storyId status progress resultUrl } }"


class Calls:
    """Counts calls of functions, Python's and those of C."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, _: FrameType, event: str, __: Any) -> None:
        self.number += event in {"call", "c_call"}


@contextmanager
def counting() -> Iterator[Calls]:
    calls = Calls()
    sys.setprofile(calls)
    try:
        yield calls
    finally:
        sys.setprofile(None)


class Caller:
    """Asks the application as uvicorn would, from this thread, as `user`."""

    def __init__(self, settings: Settings, services: Services, user: UUID) -> None:
        self._app = create_app(services, open_verifier(settings))
        token = sign_token(settings, user, timedelta(hours=1))
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

    async def work(self, ask: Callable[[], Awaitable[Any]]) -> int:
        """The calls that one question takes, once others like it have been asked."""
        for _ in range(3):
            await ask()
        return min([await self._counted(ask) for _ in range(5)])

    async def _counted(self, ask: Callable[[], Awaitable[Any]]) -> int:
        with counting() as calls:
            await ask()
        return calls.number

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
        }
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        assert sent[0]["status"] == 200
        return json.loads(b"".join(each.get("body", b"") for each in sent))


@pytest.fixture
async def generation(api: Api, alice: UUID) -> str:
    """The last of Alice's twelve."""
    story = await api.add_story(alice)
    return [await api.initiate(alice, story) for _ in range(12)][-1]


@pytest.fixture
def caller(api: Api, alice: UUID) -> Caller:
    return Caller(api.settings, api.services, alice)


async def test_a_list_and_its_total(caller: Caller, generation: str) -> None:
    page = (await caller.graphql(LIST, page=1, pageSize=10))["data"]["storyGenerations"]
    assert page["items"][0]["id"] == generation
    assert page["meta"] == {"page": 1, "pageSize": 10, "total": 12}
    assert await caller.work(lambda: caller.graphql(LIST, page=1, pageSize=10)) < 730


async def test_one_by_its_id(caller: Caller, generation: str) -> None:
    assert (await caller.graphql(GET, id=generation))["data"]["storyGeneration"]["id"] == generation
    assert await caller.work(lambda: caller.graphql(GET, id=generation)) < 520


async def test_a_list_over_rest(caller: Caller, generation: str) -> None:
    address = "/api/story-generations?page=1&page_size=10"
    answer = await caller.rest(address)
    assert answer["data"][0]["id"] == generation
    assert answer["meta"]["total"] == 12
    assert await caller.work(lambda: caller.rest(address)) < 375
