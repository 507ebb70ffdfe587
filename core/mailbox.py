"""A subscriber's mailbox: the latest change of each generation, and never more than it can hold."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from core.events import GenerationChange

# A client that stops reading while its user changes more generations than this is told to catch up
# from the database instead.
PLACES = 1_000


@dataclass(frozen=True)
class Delivery:
    """What came since the last look. `gap`: some may have been lost, so read the rows again."""

    changes: tuple[GenerationChange, ...]
    gap: bool


class Mailbox:
    """One place a generation: a newer change replaces an older one. A deletion is the newest there is.

    `only` narrows it to one generation.
    """

    def __init__(self, only: UUID | None = None) -> None:
        self._only = only
        self._places: dict[UUID, GenerationChange] = {}
        self._gap = False
        self._filled = asyncio.Event()

    def put(self, change: GenerationChange) -> None:
        if self._only is not None and change.id != self._only:
            return
        held = self._places.get(change.id)
        if held is None and len(self._places) >= PLACES:
            self._places.clear()
            self.mark_gap()
            return
        if held is None or held.revision < change.revision:
            self._places[change.id] = change
            self._filled.set()

    def mark_gap(self) -> None:
        self._gap = True
        self._filled.set()

    def clear_gap(self) -> None:
        """For one who is about to read the rows anyway."""
        self._gap = False
        if not self._places:
            self._filled.clear()

    async def take(self, wait_seconds: float) -> Delivery:
        """What has come, as soon as something has, or nothing after `wait_seconds`."""
        try:
            async with asyncio.timeout(wait_seconds):
                await self._filled.wait()
        except TimeoutError:
            return Delivery((), gap=False)
        delivery = Delivery(tuple(self._places.values()), self._gap)
        self._places.clear()
        self._gap = False
        self._filled.clear()
        return delivery
