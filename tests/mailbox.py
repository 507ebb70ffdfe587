"""What is published of a user's generations, for tests that wait for it: the latest change of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from core.events import GenerationChange
from core.feed import Feed


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


@asynccontextmanager
async def watch(feed: Feed, user_id: UUID, only: UUID | None = None) -> AsyncIterator[Mailbox]:
    """A mailbox for the user's changes, or one generation's. Whatever is committed after the block is entered
    arrives in it, or is told as a gap.
    """
    mailbox = Mailbox(only)
    feed.add(user_id, mailbox)
    try:
        if await feed.confirmed(user_id):
            mailbox.clear_gap()
        yield mailbox
    finally:
        feed.remove(user_id, mailbox)
