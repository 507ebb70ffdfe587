"""Following generations live.

Redis says that something changed; what is told is always the row, read under row security. What Redis
loses is found by reading again: after every gap, and every few seconds anyway.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

from core.errors import GenerationNotFound
from core.events import ChangeKind
from core.mailbox import Delivery
from db.changes import OVERLAP, Changes, read_changes
from db.generations import find_generation, find_generations
from db.models import Generation, Status
from db.sessions import DATABASE_ERRORS, LASTING_ERRORS, UserRead
from resolvers.services import Services

REREAD_SECONDS = (10.0, 15.0)
PAUSE_SECONDS = 1.0
# Clients come back by the thousand when a server does, and take an error for the last word.
FIRST_PATIENCE_SECONDS = 30.0

# Deletions are known for a day; and what changed since is read at once.
RESUMED_WITHIN = timedelta(hours=1)

T = TypeVar("T")

logger = logging.getLogger(__name__)


async def follow_generation(
    services: Services, me: UUID, generation_id: UUID, told_revision: int = 0
) -> AsyncGenerator[Generation, None]:
    """The generation as it is, then its newest state after each change, until it is final or deleted.

    The first is left out where it is of `told_revision`: who comes back has it. Raises GenerationNotFound
    before the first.
    """
    async with services.feed.watch(me, only=generation_id) as mailbox:
        find = partial(find_generation, generation_id=generation_id)
        told = await _read(services, me, find, first=True)
        if told is None:
            raise GenerationNotFound
        if told.revision != told_revision:
            yield told
        while not Status(told.status).final:
            delivery = await mailbox.take(_reread_after())
            if _is_stale(delivery, told):
                continue
            newest = await _read(services, me, find)
            if newest is None:
                return
            if newest.revision > told.revision:
                told = newest
                yield told


def _is_stale(delivery: Delivery, told: Generation) -> bool:
    changes = delivery.changes
    return bool(changes) and not delivery.gap and all(change.revision <= told.revision for change in changes)


def _ignore(_: datetime) -> None:
    pass


@dataclass(frozen=True)
class GenerationEvent:
    """A change to one of a user's generations; `generation` is None once deleted."""

    kind: ChangeKind
    id: UUID
    generation: Generation | None


async def follow_all(
    services: Services,
    me: UUID,
    *,
    since: datetime | None = None,
    settled: Callable[[datetime], None] = _ignore,
) -> AsyncGenerator[GenerationEvent, None]:
    """Changes to any of the user's generations from now on: the newest state of each.

    `settled` is told moments up to which everything has been told. Who comes back with the last of them, as
    `since`, within RESUMED_WITHIN, misses nothing, and may be told again what changed shortly before it.
    """
    if since and datetime.now(UTC) - since > RESUMED_WITHIN:
        since = None
    async with services.feed.watch(me) as mailbox:
        changes = await _read(services, me, partial(read_changes, since=since), first=True)
        ledger = _Ledger.resume(changes, since) if since else _Ledger.start(changes)
        for event in ledger.catch_up(changes):
            yield event
        settled(ledger.until)
        reread_at = time.monotonic() + _reread_after()
        while True:
            delivery = await mailbox.take(max(0.0, reread_at - time.monotonic()))
            if delivery.gap or time.monotonic() >= reread_at:
                reread_at = time.monotonic() + _reread_after()
                changes = await _read(services, me, partial(read_changes, since=ledger.until))
                for event in ledger.catch_up(changes):
                    yield event
                settled(ledger.until)
            elif delivery.changes:
                ids = [change.id for change in delivery.changes if change.kind is not ChangeKind.DELETED]
                found = await _read(services, me, partial(find_generations, generation_ids=ids))
                for event in ledger.enter(delivery, {row.id: row for row in found}):
                    yield event


@dataclass
class _Ledger:
    """What one subscriber has been told: each generation's revision, and what is gone."""

    until: datetime
    revisions: dict[UUID, int] = field(default_factory=dict)
    gone: set[UUID] = field(default_factory=set)

    @classmethod
    def start(cls, changes: Changes) -> _Ledger:
        """Whatever is there at the start counts as told."""
        return cls(changes.until, {row.id: row.revision for row in changes.generations}, set(changes.deleted))

    @classmethod
    def resume(cls, changes: Changes, since: datetime) -> _Ledger:
        """Whatever was there well before `since`, and is as it was, counts as told."""
        horizon = since - OVERLAP
        known = {
            row.id: row.revision if row.updated_at <= horizon else 0
            for row in changes.generations
            if row.created_at <= horizon
        }
        return cls(changes.until, known)

    def enter(self, delivery: Delivery, rows: dict[UUID, Generation]) -> list[GenerationEvent]:
        """The events that a delivery is worth."""
        events = []
        for change in delivery.changes:
            if change.kind is ChangeKind.DELETED:
                events += self._bury(change.id)
            elif row := rows.get(change.id):
                events += self._tell(row)
        return events

    def catch_up(self, changes: Changes) -> list[GenerationEvent]:
        """The events that a fresh look is worth; forgets what is settled for longer than looks overlap."""
        events = []
        for row in changes.generations:
            events += self._tell(row)
        for generation_id in changes.deleted:
            events += self._bury(generation_id)
        self.revisions = {row.id: row.revision for row in changes.generations}
        self.gone = set(changes.deleted)
        self.until = changes.until
        return events

    def _tell(self, row: Generation) -> list[GenerationEvent]:
        """What is not in the ledger is new, whatever arrived first or was lost: rows that were there at the
        start are in it, but for those that had settled, and these change no more.
        """
        known = self.revisions.get(row.id)
        if known is not None and row.revision <= known:
            return []
        self.revisions[row.id] = row.revision
        return [GenerationEvent(ChangeKind.CREATED if known is None else ChangeKind.UPDATED, row.id, row)]

    def _bury(self, generation_id: UUID) -> list[GenerationEvent]:
        if generation_id in self.gone:
            return []
        self.gone.add(generation_id)
        self.revisions.pop(generation_id, None)
        return [GenerationEvent(ChangeKind.DELETED, generation_id, None)]


def _reread_after() -> float:
    # Spread, so that the subscribers of one moment do not all read at another.
    return random.uniform(*REREAD_SECONDS)  # noqa: S311 - no secret


async def _read(
    services: Services,
    me: UUID,
    query: Callable[[UserRead], Awaitable[T]],
    *,
    first: bool = False,
) -> T:
    """Run the query, again where the database is away or busy: a live stream waits for it.

    The `first` raises one of DATABASE_ERRORS where it is still so after FIRST_PATIENCE_SECONDS, or will be.
    """
    gives_up = time.monotonic() + FIRST_PATIENCE_SECONDS
    while True:
        try:
            async with services.database.read(me) as session:
                return await query(session)
        except DATABASE_ERRORS as error:
            if first and (isinstance(error, LASTING_ERRORS) or time.monotonic() > gives_up):
                raise
            logger.warning("A live stream waits for the database: %s", error)
        await asyncio.sleep(PAUSE_SECONDS)
