"""One user of a running API: stories, narrations, and a socket on which to watch them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

ADD = """mutation Add($input: CreateStoryInput!) {
  createStory(input: $input) { ... on CreateStorySuccess { story { id } } }
}"""
INITIATE = """mutation Initiate($input: InitiateStoryGenerationInput!) {
  initiateStoryGeneration(input: $input) { ... on InitiateStoryGenerationSuccess { generation { id } } }
}"""
WATCH = "subscription { storyGenerationEvents { id generation { status } } }"


class Caller:
    """Made by `open_caller`."""

    def __init__(self, http: httpx.AsyncClient, socket: ClientConnection) -> None:
        self._http = http
        self._socket = socket

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data of an answer, which must have no errors."""
        response = await self._http.post("/graphql", json={"query": query, "variables": variables})
        answered = response.raise_for_status().json()
        assert "errors" not in answered, answered
        return answered["data"]

    async def add_story(self, content: str) -> str:
        """The story's id."""
        data = await self.ask(ADD, input={"title": "A story", "content": content})
        return str(data["createStory"]["story"]["id"])

    async def initiate(self, story_id: str) -> str:
        """The generation's id."""
        data = await self.ask(INITIATE, input={"storyId": story_id})
        return str(data["initiateStoryGeneration"]["generation"]["id"])

    async def hear(self) -> tuple[str, str]:
        """The next change of any generation: its id and status."""
        told = json.loads(await self._socket.recv())
        assert told["type"] == "next", told
        event = told["payload"]["data"]["storyGenerationEvents"]
        return event["id"], event["generation"]["status"]

    async def hear_ends(self, count: int) -> None:
        """Return once so many have succeeded. Others that end are none of a benchmark's."""
        while count:
            _, status = await self.hear()
            assert status != "FAILED", "a narration failed"
            count -= status == "SUCCEEDED"


@asynccontextmanager
async def open_caller(base: str, token: str) -> AsyncIterator[Caller]:
    """A user who watches all their generations."""
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{base.replace('http', 'ws', 1)}/graphql"
    async with (
        httpx.AsyncClient(base_url=base, headers=headers, timeout=30, trust_env=False) as http,
        connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket,
    ):
        await socket.send(json.dumps({"type": "connection_init", "payload": headers}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        await socket.send(json.dumps({"type": "subscribe", "id": "all", "payload": {"query": WATCH}}))
        yield Caller(http, socket)
