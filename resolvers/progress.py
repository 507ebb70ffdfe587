"""Following generations live.

Redis says that something changed; what is told is the row, read under row security, and how much further
its attempt has come since. What Redis loses is found by reading again: after every gap, and every few seconds
anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from core.errors import GenerationNotFound
from core.events import ChangeKind
from db.changes import OVERLAP, Changes, read_changes
from db.models import GenerationRow, Status
from db.reads import read_generation
from resolvers.progress_news import READING, WAITING, News, Stream
from resolvers.services import Services

# Deletions are known for a day; and what changed since is read at once.
RESUMED_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class GenerationEvent:
    """A change to one of a user's generations; `generation` is None once deleted."""

    kind: ChangeKind
    id: UUID
    generation: GenerationRow | None


async def begin_generation(
    services: Services, news: News, stream: Stream, generation_id: UUID
) -> GenerationRow:
    """Have the stream follow one generation, which it is woken for from now on; it leaves by itself.

    Its present state. Raises GenerationNotFound, and one of DATABASE_ERRORS where the database stays away.
    """
    stream.cursor = WAITING
    news.join(stream, generation_id)
    await services.feed.confirmed(news.user_id)
    stream.cursor = READING
    began = news.begin()
    find = partial(read_generation, generation_id=generation_id)
    row = await services.desk.read(news.user_id, find)
    if row is None:
        raise GenerationNotFound
    if Status(row.status).final:
        return row
    news.learn([row], began)
    entry = news.entry(generation_id)
    assert entry
    if entry.row is None:
        raise GenerationNotFound
    stream.cursor = entry.move
    return entry.row


async def follow_generation(
    services: Services, me: UUID, generation_id: UUID, told_revision: int = 0
) -> AsyncGenerator[GenerationRow, None]:
    """The generation as it is, then its newest state after each change, until it is final or deleted.

    The first is left out where it is of `told_revision`: who comes back has it. Raises GenerationNotFound
    before the first.
    """
    news, stream = services.desk.enter(me), _Waiting()
    try:
        row: GenerationRow | None = await begin_generation(services, news, stream, generation_id)
        assert row
        if row.revision != told_revision:
            yield row
        while not Status(row.status).final:
            await stream.woken()
            entry = news.entry(generation_id)
            if entry is None or entry.move <= stream.cursor:
                continue
            stream.cursor = entry.move
            row = entry.row
            if row is None:
                return
            yield row
    finally:
        news.leave(stream, generation_id)
        services.desk.leave(me)


async def begin_all(
    services: Services, news: News, stream: Stream, since: datetime | None = None
) -> list[GenerationEvent]:
    """Have the stream follow all generations, which it is woken for from now on; it leaves by itself.

    What is to be told at once: what has changed `since`, and what moved while the first look was on its way.
    Raises one of DATABASE_ERRORS where the database stays away.
    """
    stream.cursor = WAITING
    news.join(stream)
    await services.feed.confirmed(news.user_id)
    stream.cursor = READING
    began, start = news.begin(), news.moves
    looked = min(filter(None, (since, news.until)), default=None)
    changes = await services.desk.read(news.user_id, partial(read_changes, since=looked))
    news.catch_up(changes, began)
    stream.cursor = news.moves
    missed = _missed(news, changes, since) if since else []
    known = {event.id for event in missed}
    return missed + [event for event in _overtaking(news, changes, start) if event.id not in known]


def _ignore(_: datetime) -> None:
    pass


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
    news, stream = services.desk.enter(me), _Waiting()
    try:
        for event in await begin_all(services, news, stream, since):
            yield event
        until = None
        while True:
            for event in events_since(news, stream):
                yield event
            if stream.cursor == news.moves and news.until and news.until != until:
                until = news.until
                settled(until)
            await stream.woken()
    finally:
        news.leave(stream)
        services.desk.leave(me)


def events_since(news: News, stream: Stream) -> list[GenerationEvent]:
    """What a stream has not been told, by which it counts as told."""
    cursor, stream.cursor = stream.cursor, max(stream.cursor, news.moves)
    return [GenerationEvent(entry.kind(cursor), entry.id, entry.row) for entry in news.since(cursor)]


def _missed(news: News, changes: Changes, since: datetime) -> list[GenerationEvent]:
    """The events that a look is worth to one who was told everything `since`: whatever was there well before,
    and is as it was, counts as told.
    """
    horizon = since - OVERLAP
    missed = []
    for row in changes.generations:
        if row.updated_at > horizon:
            entry = news.entry(row.id)
            newest = entry.row if entry else row
            kind = ChangeKind.CREATED if row.created_at > horizon else ChangeKind.UPDATED
            missed.append(GenerationEvent(kind if newest else ChangeKind.DELETED, row.id, newest))
    return missed + [GenerationEvent(ChangeKind.DELETED, each, None) for each in changes.deleted]


def _overtaking(news: News, changes: Changes, start: int) -> list[GenerationEvent]:
    """What has moved since the move `start` beyond what a look saw that began then."""
    seen = {row.id: row.revision for row in changes.generations}
    events = []
    for entry in news.since(start):
        is_new = entry.row is not None and entry.row.revision > seen.get(entry.id, 0)
        if is_new or (entry.row is None and entry.id not in changes.deleted):
            kind = ChangeKind.UPDATED if entry.row and entry.id in seen else entry.kind(start)
            events.append(GenerationEvent(kind, entry.id, entry.row))
    return events


class _Waiting:
    """A stream that somebody waits for."""

    def __init__(self) -> None:
        self.cursor = 0
        self._moved = asyncio.Event()

    def wake(self) -> None:
        self._moved.set()

    async def woken(self) -> None:
        """Returns as soon as something has moved since the last time."""
        await self._moved.wait()
        self._moved.clear()
