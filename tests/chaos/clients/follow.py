"""Clients that follow a generation to its end, and come back whenever they lose their connection."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from tests.callers import Client

PROGRESS = "subscription ($id: UUID!) { storyGenerationProgress(id: $id) { status progress revision } }"
FINAL = {"SUCCEEDED", "FAILED"}
# Between a lost connection and the next try, as graphql-ws does.
PAUSE_SECONDS = 0.2


@dataclass
class Followed:
    """What one client saw: revisions by connection, the last status, and when it came."""

    revisions: list[list[int]] = field(default_factory=list)
    status: str = ""
    ended_at: float = 0.0  # by this machine's clock, which is the database's too

    @property
    def reconnects(self) -> int:
        return max(0, len(self.revisions) - 1)

    def rises(self) -> bool:
        """Strictly within each connection, and never falling from one to the next."""
        told = [revision for connection in self.revisions for revision in connection]
        within = all(sorted(set(each)) == each for each in self.revisions)
        return within and sorted(told) == told


async def follow(clients: Sequence[Client], dice: Random, user: UUID, generation_id: UUID) -> Followed:
    """Up to the final state, whatever it takes."""
    seen = Followed()
    while seen.status not in FINAL:
        seen.revisions.append([])
        try:
            async with dice.choice(clients).socket(user) as socket:
                await socket.subscribe("1", PROGRESS, id=str(generation_id))
                await _listen(socket.connection, seen)
        except (OSError, WebSocketException, TimeoutError):
            await asyncio.sleep(PAUSE_SECONDS * dice.uniform(0.5, 1.5))
    seen.ended_at = time.time()
    return seen


async def _listen(connection: ClientConnection, seen: Followed) -> None:
    async for frame in connection:
        message = json.loads(frame)
        if message["type"] == "complete":
            return
        assert message["type"] == "next", message
        told = message["payload"]["data"]["storyGenerationProgress"]
        seen.revisions[-1].append(told["revision"])
        seen.status = told["status"]
