"""Generations of which nobody is told."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from db.sessions import UserWrite

_INITIATE = text(
    "SELECT id FROM initiate_generation(:me, :id, :story, 'hibari', NULL, ''::bytea, 1000, 1000, 600)"
)


async def create(session: UserWrite, story_id: str) -> UUID:
    """The id of one that is there when the transaction is committed."""
    asked = {"me": session.user_id, "id": uuid7(), "story": UUID(story_id)}
    made: UUID = (await session.sql.execute(_INITIATE, asked)).scalar_one()
    return made
