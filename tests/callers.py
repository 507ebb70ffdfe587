"""The API as its clients meet it: over real HTTP and real websockets on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from core.identity import open_verifier, sign_token
from core.settings import Settings
from resolvers.services import Services
from server.app import create_app
from server.dist import DIST
from server.serve import open_services, server_config

INITIATE = """mutation ($input: InitiateStoryGenerationInput!) { initiateStoryGeneration(input: $input) {
    ... on InitiateStoryGenerationSuccess { generation { id } } ... on Error { code message } } }"""
LIMIT_SECONDS = 20
# Connections are used again for less long than the API keeps them: else both ends may decide at once.
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=2)


@dataclass
class Client:
    """Callers for the users of an API. The settings are to sign tokens with."""

    base: str
    settings: Settings
    _http: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(timeout=LIMIT_SECONDS, limits=LIMITS)
    )

    def token(self, user: UUID, lifetime: timedelta = timedelta(hours=1)) -> str:
        return sign_token(self.settings, user, lifetime)

    def headers(self, user: UUID | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(user)}"} if user else {}

    async def request(
        self, method: str, path: str, user: UUID | None = None, **options: Any
    ) -> httpx.Response:
        """One HTTP request as `user`, or as nobody. `path` may be a whole URL."""
        headers = {**self.headers(user), **options.pop("headers", {})}
        url = path if path.startswith("http") else self.base + path
        return await self._http.request(method, url, headers=headers, **options)

    async def answer(self, user: UUID | None, query: str, **variables: Any) -> dict[str, Any]:
        """The whole body of a GraphQL answer."""
        body = {"query": query, "variables": variables}
        # Written by `json`, as httpx cannot write half a surrogate pair.
        content, headers = json.dumps(body), {"Content-Type": "application/json"}
        response = await self.request("POST", "/graphql", user, content=content, headers=headers)
        answered: dict[str, Any] = response.json()
        return answered

    async def data(self, user: UUID, query: str, **variables: Any) -> Any:
        """The data of a GraphQL answer that must have no errors."""
        answered = await self.answer(user, query, **variables)
        assert "errors" not in answered, answered["errors"]
        return answered["data"]

    async def errors(self, user: UUID, query: str, **variables: Any) -> list[dict[str, Any]]:
        answered = await self.answer(user, query, **variables)
        errors: list[dict[str, Any]] = answered["errors"]
        return errors

    @asynccontextmanager
    async def socket(self, user: UUID) -> AsyncIterator[Socket]:
        """A signed-in graphql-transport-ws socket."""
        async with self.raw_socket() as connection:
            signed_in = Socket(connection)
            await signed_in.send({"type": "connection_init", "payload": self.headers(user)})
            assert await signed_in.receive() == {"type": "connection_ack"}
            yield signed_in

    def raw_socket(self, headers: dict[str, str] | None = None) -> connect:
        """A socket before its connection_init."""
        return connect(
            self.base.replace("http", "ws") + "/graphql",
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]  # a NewType of str
            additional_headers=headers,
        )

    async def add_story(self, user: UUID, content: str = "Hello there.", title: str = "A story") -> str:
        """A story's id."""
        query = """mutation ($input: CreateStoryInput!) {
            createStory(input: $input) { ... on CreateStorySuccess { story { id } } } }"""
        answered = await self.data(user, query, input={"title": title, "content": content})
        story_id: str = answered["createStory"]["story"]["id"]
        return story_id

    async def initiate(self, user: UUID, story_id: str, **more: Any) -> str:
        """The id of a generation that has begun."""
        answered = await self.data(user, INITIATE, input={"storyId": story_id, **more})
        generation_id: str = answered["initiateStoryGeneration"]["generation"]["id"]
        return generation_id

    async def close(self) -> None:
        await self._http.aclose()


@dataclass(kw_only=True)
class Api(Client):
    """A served API, and a look behind it."""

    services: Services


@dataclass
class Socket:
    """Messages of graphql-transport-ws."""

    connection: ClientConnection

    async def send(self, message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(LIMIT_SECONDS):
            message: dict[str, Any] = json.loads(await self.connection.recv())
        return message

    async def subscribe(self, operation: str, query: str, **variables: Any) -> None:
        payload = {"query": query, "variables": variables}
        await self.send({"type": "subscribe", "id": operation, "payload": payload})

    async def next(self, operation: str) -> Any:
        """The data of the next event, which must be one of `operation` without errors."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("next", operation), message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def until_complete(self, operation: str) -> list[Any]:
        """The data of all events up to the operation's completion."""
        events: list[Any] = []
        while True:
            message = await self.receive()
            if message == {"type": "complete", "id": operation}:
                return events
            assert (message["type"], message["id"]) == ("next", operation), message
            events.append(message["payload"]["data"])


@asynccontextmanager
async def serving(settings: Settings, web: Path = DIST) -> AsyncIterator[Api]:
    """The API on a loopback port that is free, with the product's own uvicorn settings; `web` is its UI."""
    # IPPROTO_TCP said aloud: asyncio turns off Nagle's delay, 40 ms a request, only where it is.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        told = Settings(**{**settings.model_dump(exclude_unset=True), "public_url": base})
        async with open_services(told) as services:
            server = uvicorn.Server(server_config(create_app(services, open_verifier(told), web), told))
            task = asyncio.create_task(server.serve(sockets=[listener]))
            api = Api(base, told, services=services)
            try:
                async with asyncio.timeout(LIMIT_SECONDS):
                    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                        await asyncio.sleep(0.005)
                yield api
            finally:
                await api.close()
                server.should_exit = True
                await task
