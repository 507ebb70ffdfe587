"""Asking for a generation: the row that makes it so, and the key that makes asking twice harmless."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, literal, select, text
from sqlalchemy.dialects.postgresql import INTERVAL, insert
from sqlalchemy.sql.expression import cast
from uuid_utils.compat import uuid7

from db.logs import Event, write_log
from db.models import Generation, Story
from db.sessions import UserWrite

_LOCK_KEY = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


async def find_by_key(session: UserWrite, key: str) -> Generation | None:
    """The generation this idempotency key already made. Whoever else asks with the same key waits
    until this transaction ends, so that the answer holds until then.
    """
    await session.sql.execute(_LOCK_KEY, {"name": f"{session.user_id} {key}"})
    query = select(Generation).where(Generation.user_id == session.user_id, Generation.idempotency_key == key)
    return (await session.sql.scalars(query)).one_or_none()


async def add_generation(
    session: UserWrite,
    story_id: UUID,
    *,
    voice: str,
    key: str | None,
    request_hash: bytes,
    wake_after_seconds: float,
) -> Generation:
    """A pending generation of the story as it is at this moment. The story must be locked by the caller.

    `wake_after_seconds`: when the sweeper may ring for it, should the first ring be lost.
    """
    wake = func.now() + cast(literal(f"{wake_after_seconds} seconds"), INTERVAL)
    row = select(
        literal(uuid7(), Generation.id.type),
        literal(session.user_id, Generation.user_id.type),
        Story.id,
        Story.content,
        literal(voice),
        wake,
        literal(key, Generation.idempotency_key.type),
        literal(request_hash if key else None, Generation.request_hash.type),
    ).where(Story.id == story_id, Story.user_id == session.user_id)
    columns = [
        "id",
        "user_id",
        "story_id",
        "text",
        "voice",
        "next_wake_at",
        "idempotency_key",
        "request_hash",
    ]
    statement = insert(Generation).from_select(columns, row).returning(Generation)
    generation = (await session.sql.scalars(statement)).one()
    await write_log(session, session.user_id, generation.id, Event.CREATED)
    return generation
