"""The log of a generation: one entry for each thing that happened, written with what happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete, select, text

from db.models import LogEntry
from db.sessions import UserRead, UserWrite, WorkerWrite

# Written out, as the ORM would read the new id back, and a worker may only write here.
_WRITE = text("""
INSERT INTO generation_logs (generation_id, user_id, event, detail)
VALUES (:generation_id, :user_id, :event, :detail)
""")


class Event(StrEnum):
    """What can happen to a generation."""

    CREATED = "created"
    STARTED = "started"
    HANDED_BACK = "handed_back"
    ATTEMPT_FAILED = "attempt_failed"
    SENTENCE_SKIPPED = "sentence_skipped"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    DELETED = "deleted"


async def write_log(
    session: UserWrite | WorkerWrite,
    user_id: UUID,
    generation_id: UUID,
    event: Event,
    *details: str,
) -> None:
    """Add an entry, or one for each of `details` where there are several."""
    rows = [
        {"generation_id": generation_id, "user_id": user_id, "event": event.value, "detail": detail}
        for detail in details or (None,)
    ]
    await session.sql.execute(_WRITE, rows)


async def read_logs(session: UserRead, generation_ids: Iterable[UUID]) -> Sequence[LogEntry]:
    """The entries of these generations, oldest first."""
    query = (
        select(LogEntry)
        .where(LogEntry.user_id == session.user_id, LogEntry.generation_id.in_(list(generation_ids)))
        .order_by(LogEntry.id)
    )
    return (await session.sql.scalars(query)).all()


async def bury(session: UserWrite, generation_ids: Sequence[UUID]) -> None:
    """Drop the logs of deleted generations, leaving one entry that says each was deleted."""
    await session.sql.execute(
        delete(LogEntry).where(
            LogEntry.user_id == session.user_id, LogEntry.generation_id.in_(generation_ids)
        )
    )
    for generation_id in generation_ids:
        await write_log(session, session.user_id, generation_id, Event.DELETED)
