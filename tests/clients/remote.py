"""The clients of npm `graphql-ws` and `graphql-sse`, each in a Node process, steered from here."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.clients import node

LIMIT_SECONDS = 30
# What concerns the connection, and no operation.
CONNECTION = ""


@dataclass
class Remote:
    """What it told is kept by operation, in order."""

    process: asyncio.subprocess.Process
    _told: defaultdict[str, asyncio.Queue[dict[str, Any]]] = field(
        default_factory=lambda: defaultdict(asyncio.Queue)
    )

    async def subscribe(self, operation: str, query: str, **variables: Any) -> None:
        """Any operation: that is what the clients call it."""
        await self.ask(operation, query=query, variables=variables)

    async def ask(self, operation: str, **payload: Any) -> None:
        """The same, with whatever fields a request may have."""
        await self._do(command="subscribe", operation=operation, payload=payload)

    async def unsubscribe(self, operation: str) -> None:
        await self._do(command="unsubscribe", operation=operation)

    async def renew(self, token: str) -> None:
        """Let it sign in with this one from here on."""
        await self._do(command="renew", token=token)

    async def told(self, operation: str = CONNECTION) -> dict[str, Any]:
        """What comes next of the operation, or of the connection."""
        async with asyncio.timeout(LIMIT_SECONDS):
            return await self._told[operation].get()

    async def next(self, operation: str) -> Any:
        """The data of the next event, which must be one without errors."""
        event = await self.told(operation)
        assert set(event) == {"next"}, event
        assert set(event["next"]) == {"data"}, event
        return event["next"]["data"]

    async def errors(self, operation: str) -> list[str]:
        """The codes of what kept the operation from running: over SSE a `next` without data, and the end."""
        told = await self.told(operation)
        if "error" in told:
            errors = told["error"]
        else:
            assert not told["next"].get("data")
            errors = told["next"]["errors"]
            assert await self.told(operation) == {"complete": True}
        return [error["extensions"]["code"] for error in errors]

    async def until_complete(self, operation: str) -> list[Any]:
        """The data of all events up to the operation's completion, by the server or by unsubscribing."""
        events = []
        while (event := await self.told(operation)) != {"complete": True}:
            assert set(event) == {"next"}, event
            assert set(event["next"]) == {"data"}, event
            events.append(event["next"]["data"])
        return events

    async def until_told(self, **what: Any) -> None:
        """Something that concerns the connection."""
        while await self.told() != what:
            pass

    def is_quiet(self, operation: str) -> bool:
        return self._told[operation].empty()

    async def _do(self, **command: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        await self.process.stdin.drain()

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            message = json.loads(line)
            self._told[message.pop("operation", CONNECTION)].put_nowait(message)


@asynccontextmanager
async def remote(transport: str, base: str, token: str, **options: Any) -> AsyncIterator[Remote]:
    """A client of the API at `base`, with what the package calls options. It must end well by itself."""
    process = await asyncio.create_subprocess_exec(
        "node",
        *("programs/remote.mjs", transport, f"{base}/graphql", token, json.dumps(options)),
        cwd=node.HERE,
        env=node.environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=16 * 1024 * 1024,
    )
    steered = Remote(process)
    listening = asyncio.create_task(steered._listen())  # noqa: SLF001 - this module's
    try:
        yield steered
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(LIMIT_SECONDS):
            assert await process.wait() == 0
            await listening
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        listening.cancel()
