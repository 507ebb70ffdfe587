"""What is published when a generation changes, and where: typed, in one place.

Messages say that something changed and how far it is. Who holds the row, read under row security, knows
from a message that an attempt has come further; all else is read again. Publishing is best effort: a lost
message costs a subscriber a delay, nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from uuid import UUID

import orjson

from core.pipeline import Pipeline

logger = logging.getLogger(__name__)


class ChangeKind(StrEnum):
    """What happened to a generation."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True)
class GenerationChange:
    """One committed change. `revision` rises with every change of the same generation.

    `attempt` is the one underway; None where the message does not say.
    """

    id: UUID
    kind: ChangeKind
    revision: int
    status: str
    progress: int
    attempt: int | None = None

    def encode(self) -> bytes:
        return orjson.dumps(
            {
                "id": str(self.id),
                "change": self.kind.value,
                "revision": self.revision,
                "status": self.status,
                "progress": self.progress,
                "attempt": self.attempt,
            }
        )

    @classmethod
    def decode(cls, message: bytes) -> GenerationChange:
        """Raises ValueError, KeyError or TypeError where it is none."""
        fields = orjson.loads(message)
        known = (
            UUID(str(fields["id"])),
            ChangeKind(fields["change"]),
            int(fields["revision"]),
            str(fields["status"]),
            int(fields["progress"]),
        )
        attempt = fields.get("attempt")
        return cls(*known, None if attempt is None else int(attempt))


def user_channel(user_id: UUID) -> str:
    """The channel that carries all changes to one user's generations."""
    return f"storycast:user:{user_id}"


class Publisher:
    """Sends changes out. Call it after the commit that made them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def publish(self, user_id: UUID, *changes: GenerationChange) -> asyncio.Future[None]:
        """Tell the user's subscribers, all changes in one go; done within the pipeline's ANSWER_SECONDS.

        They are on their way whether it is awaited or not. A failure is logged, never raised.
        """
        channel = user_channel(user_id)
        commands = [("PUBLISH", channel, change.encode()) for change in changes]
        return self._pipeline.send(*commands, lost=partial(_log_loss, changes))

    async def ping(self) -> None:
        """Raises one of REDIS_ERRORS when Redis does not answer."""
        await self._pipeline.ask(("PING",))


def _log_loss(changes: Sequence[GenerationChange], error: Exception) -> None:
    ids = ", ".join(str(change.id) for change in changes[:3])
    logger.warning("Changes of %d generations (%s …) not published: %r", len(changes), ids, error)
