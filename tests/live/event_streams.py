"""GraphQL over server-sent events, as these tests read it: by the specification, line by line.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from tests.callers import LIMIT_SECONDS, Client


@dataclass(frozen=True)
class Message:
    """What a client is told at a blank line. One without data is no event."""

    event: str
    data: str
    last_id: str
    comments: int

    @property
    def result(self) -> Any:
        return json.loads(self.data)


@dataclass
class Stream:
    """An open event stream."""

    response: httpx.Response
    lines: AsyncIterator[str]
    last_id: str = ""

    async def message(self) -> Message:
        """Up to the next blank line. Raises EOFError at the end."""
        fields: dict[str, list[str]] = {"": [], "event": [], "data": [], "id": []}
        async with asyncio.timeout(LIMIT_SECONDS):
            async for line in self.lines:
                if not line:
                    break
                name, _, value = line.partition(":")
                fields[name].append(value.removeprefix(" "))
            else:
                raise EOFError
        self.last_id = (fields["id"] or [self.last_id])[-1]
        has_data = bool(fields["data"])
        return Message(
            event="".join(fields["event"][-1:]) if has_data else "",
            data="\n".join(fields["data"]),
            last_id=self.last_id,
            comments=len(fields[""]),
        )

    async def event(self) -> Message:
        """The next event, heartbeats aside."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while not (message := await self.message()).event:
                pass
        return message

    async def next(self) -> Any:
        """The data of the next event, which must be a `next` without errors."""
        message = await self.event()
        assert message.event == "next", message
        assert "errors" not in message.result, message
        return message.result["data"]

    async def is_complete(self) -> bool:
        """Whether what comes next is `complete`, and the end."""
        message = await self.event()
        assert (message.event, message.data) == ("complete", "")
        try:
            await self.message()
        except EOFError:
            return True
        return False


@asynccontextmanager
async def stream(
    api: Client, user: UUID, query: str, *, last_event_id: str | None = None, **variables: Any
) -> AsyncIterator[Stream]:
    headers = {**api.headers(user), "Accept": "text/event-stream"}
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    body = {"query": query, "variables": variables}
    async with (
        httpx.AsyncClient(timeout=LIMIT_SECONDS) as http,
        http.stream("POST", f"{api.base}/graphql", json=body, headers=headers) as response,
        aclosing(_lines(response)) as lines,
    ):
        yield Stream(response, lines)


async def _lines(response: httpx.Response) -> AsyncGenerator[str, None]:
    # Cut at LF alone, as ours end; httpx would cut within strings too.
    rest = b""
    async for chunk in response.aiter_bytes():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode()
    assert rest == b"", rest


async def until_there_is_a_place(api: Client, user: UUID) -> None:
    """For one more of the user's streams."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            async with stream(api, user, "subscription { storyGenerationEvents { id } }") as again:
                if again.response.status_code == 200:
                    return
