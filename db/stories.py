"""A user's stories."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.orm import undefer

from db.models import Story
from db.sessions import UserRead, UserWrite


async def add_story(session: UserWrite, title: str, content: str) -> Story:
    story = Story(user_id=session.user_id, title=title, content=content)
    session.sql.add(story)
    await session.sql.flush()
    await session.sql.refresh(story, ["created_at", "updated_at"])
    return story


async def find_story(session: UserRead, story_id: UUID) -> Story | None:
    """The story without its content, or None where the user has no such story."""
    query = select(Story).where(Story.id == story_id, Story.user_id == session.user_id)
    return (await session.sql.scalars(query)).one_or_none()


async def find_stories(session: UserRead, story_ids: Collection[UUID]) -> Mapping[UUID, Story]:
    """Those of the ids that the user has, without their contents."""
    query = select(Story).where(Story.user_id == session.user_id, Story.id.in_(story_ids))
    return {story.id: story for story in await session.sql.scalars(query)}


async def read_contents(
    session: UserRead, story_ids: Collection[UUID], most: int
) -> Mapping[UUID, str] | None:
    """The contents of those stories that the user has; None where they are more than `most` characters."""
    total = func.sum(func.char_length(Story.content)).over()
    query = select(Story.id, case((total <= most, Story.content)).label("content")).where(
        Story.user_id == session.user_id, Story.id.in_(story_ids)
    )
    found = {row.id: row.content for row in await session.sql.execute(query)}
    return None if None in found.values() else found


async def list_stories(session: UserRead, *, limit: int, offset: int) -> Sequence[Story]:
    """Newest first, without their contents."""
    query = select(Story).where(Story.user_id == session.user_id).order_by(Story.id.desc())
    return (await session.sql.scalars(query.limit(limit).offset(offset))).all()


async def count_stories(session: UserRead) -> int:
    query = select(func.count()).select_from(Story).where(Story.user_id == session.user_id)
    return (await session.sql.execute(query)).scalar_one()


async def change_story(session: UserWrite, story_id: UUID, changes: Mapping[str, str]) -> Story | None:
    """Set the columns named by `changes`; None where the user has no such story."""
    statement = (
        update(Story)
        .where(Story.id == story_id, Story.user_id == session.user_id)
        .values(**changes, updated_at=func.now())
        .returning(Story)
        .options(undefer(Story.content))
    )
    return (await session.sql.scalars(statement)).one_or_none()


async def lock_story(session: UserWrite, story_id: UUID) -> bool:
    """Hold the story until the transaction ends, against changes and new generations. False where the user
    has no such story.
    """
    query = select(Story.id).where(Story.id == story_id, Story.user_id == session.user_id)
    return (await session.sql.execute(query.with_for_update())).one_or_none() is not None


async def remove_story(session: UserWrite, story_id: UUID) -> None:
    await session.sql.execute(delete(Story).where(Story.id == story_id, Story.user_id == session.user_id))
