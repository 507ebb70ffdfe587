"""What changed lately: how a subscriber catches up after its live connection was away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm.attributes import set_committed_value

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
    lately = select(LogEntry.generation_id).where(
        LogEntry.user_id == session.user_id, LogEntry.occurred_at > (since or until) - OVERLAP
    )
    # One statement, so that what ends in this moment is either still unfinished or logged.
    changed = (
        select(Generation)
        .where(
            Generation.user_id == session.user_id,
            or_(Generation.id.in_(lately), Generation.status.in_(UNFINISHED)),
        )
        .order_by(Generation.id)
    )
    generations = (await session.sql.scalars(changed)).all()
    deleted = lately.where(LogEntry.event == Event.DELETED).order_by(LogEntry.id)
    return Changes(generations, (await session.sql.scalars(deleted)).all(), until)


def advance(row: Generation, *, progress: int, revision: int) -> None:
    """Bring a row that no session holds any more to what its attempt has written since."""
    set_committed_value(row, "progress", progress)
    set_committed_value(row, "revision", revision)
