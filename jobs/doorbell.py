"""Waking a worker. A message is a doorbell: it may ring twice, or never; the row decides.

Nothing here knows how to narrate, so that an API process that rings never loads the speech engine.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from uuid import UUID, uuid4

from dramatiq import Message

from core.pipeline import Pipeline

QUEUE = "narrations"
ACTOR = "narrate"
# Where Dramatiq's Redis broker looks: ids of messages in a list, and what they say in a hash.
NAMESPACE = "dramatiq"
IDS = f"{NAMESPACE}:{QUEUE}"
MESSAGES = f"{IDS}.msgs"
SILENCE_KEY = "storycast:silence"

logger = logging.getLogger(__name__)


class Doorbell:
    """Rings for generations."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def ring(self, generation_id: UUID) -> asyncio.Future[None]:
        """Enqueue the id, as Dramatiq does; done within the pipeline's ANSWER_SECONDS.

        It is on its way whether it is awaited or not. A failure is logged, never raised: the sweeper rings
        again.
        """
        queued_as = str(uuid4())
        message: Message[None] = Message(
            queue_name=QUEUE,
            actor_name=ACTOR,
            args=(str(generation_id),),
            kwargs={},
            options={"redis_message_id": queued_as},
        )
        return self._pipeline.send(
            ("MULTI",),
            ("HSET", MESSAGES, queued_as, message.encode()),
            ("RPUSH", IDS, queued_as),
            ("EXEC",),
            lost=partial(_log_loss, generation_id),
        )

    async def is_silent(self, seconds: float) -> bool:
        """Whether no ring waits for a worker: whatever waits all the same has lost its own, be it with a
        worker that died or with a server that lost its memory. One of those who ask within `seconds` is told.

        Raises one of REDIS_ERRORS while the server is away.
        """
        [waiting] = await self._pipeline.ask(("LLEN", IDS))
        if waiting:
            return False
        [is_first] = await self._pipeline.ask(("SET", SILENCE_KEY, "told", "NX", "PX", int(seconds * 1000)))
        return is_first is not None


def _log_loss(generation_id: UUID, error: Exception) -> None:
    logger.warning("Generation %s not enqueued, the sweeper will ring: %r", generation_id, error)
