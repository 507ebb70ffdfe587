"""What changed lately: how a subscriber catches up after its live connection was away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select

from db.logs import Event
from db.models import UNFINISHED, Generation, LogEntry
from db.sessions import STATEMENT_TIMEOUT_MS, UserRead

# An entry's time is taken before its transaction commits: look back further than one may last.
OVERLAP = timedelta(milliseconds=4 * STATEMENT_TIMEOUT_MS)


@dataclass(frozen=True)
class Changes:
    """`generations` are in their newest state; `until` is where the next look may start."""

    generations: Sequence[Generation]
    deleted: Sequence[UUID]
    until: datetime


async def read_changes(session: UserRead, since: datetime | None) -> Changes:
    """The user's generations that changed status since then (None: this moment) or are unfinished, and
    those deleted. Times are the database's.

    The look goes back further than asked, so what was told before may come again: revisions tell it apart.
    """
    until: datetime = (await session.sql.execute(select(func.clock_timestamp()))).scalar_one()
    logged = (
        await session.sql.execute(
            select(LogEntry.generation_id, LogEntry.event)
            .where(LogEntry.user_id == session.user_id, LogEntry.occurred_at > (since or until) - OVERLAP)
            .order_by(LogEntry.id)
        )
    ).all()
    deleted = list(dict.fromkeys(row.generation_id for row in logged if row.event == Event.DELETED))
    touched = {row.generation_id for row in logged}.difference(deleted)
    query = (
        select(Generation)
        .where(
            Generation.user_id == session.user_id,
            or_(Generation.id.in_(touched), Generation.status.in_(UNFINISHED)),
        )
        .order_by(Generation.id)
    )
    return Changes((await session.sql.scalars(query)).all(), deleted, until)
