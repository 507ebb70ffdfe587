"""A user's generations: reading, ending and removing them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import aliased

from core.codes import Failure
from db.logs import Event, bury, write_log
from db.models import FINAL, UNFINISHED, Generation, Status
from db.sessions import UserRead, UserWrite


@dataclass(frozen=True)
class Window:
    """Which part of a list: newest first, `limit` rows after `offset`, of one status or of all."""

    limit: int
    offset: int
    status: Status | None = None


def _own(session: UserRead, status: Status | None = None) -> Select[Generation]:
    query = select(Generation).where(Generation.user_id == session.user_id)
    return query.where(Generation.status == status.value) if status else query


async def find_generation(session: UserRead, generation_id: UUID) -> Generation | None:
    return (await session.sql.scalars(_own(session).where(Generation.id == generation_id))).one_or_none()


async def list_generations_of_stories(
    session: UserRead, story_ids: Collection[UUID], window: Window
) -> Mapping[UUID, list[Generation]]:
    """The same window of each story's generations, in one query."""
    place = func.row_number().over(partition_by=Generation.story_id, order_by=Generation.id.desc())
    numbered = (
        _own(session, window.status)
        .where(Generation.story_id.in_(story_ids))
        .add_columns(place.label("place"))
    )
    inner = numbered.subquery()
    row = aliased(Generation, inner)
    query = (
        select(row)
        .where(inner.c.place > window.offset, inner.c.place <= window.offset + window.limit)
        .order_by(row.id.desc())
    )
    found: dict[UUID, list[Generation]] = {story_id: [] for story_id in story_ids}
    for generation in await session.sql.scalars(query):
        found[generation.story_id].append(generation)
    return found


async def count_generations_of_stories(
    session: UserRead, story_ids: Collection[UUID], status: Status | None
) -> Mapping[UUID, int]:
    query = (
        _own(session, status)
        .where(Generation.story_id.in_(story_ids))
        .with_only_columns(Generation.story_id, func.count())
        .group_by(Generation.story_id)
    )
    counted = {row[0]: row[1] for row in await session.sql.execute(query)}
    return {story_id: counted.get(story_id, 0) for story_id in story_ids}


async def cancel_generation(session: UserWrite, generation_id: UUID) -> Generation | None:
    """End an unfinished generation as canceled; None where there is no such one."""
    statement = (
        update(Generation)
        .where(
            Generation.id == generation_id,
            Generation.user_id == session.user_id,
            Generation.status.in_(UNFINISHED),
        )
        .values(
            status=Status.FAILED.value,
            error_code=Failure.CANCELED.value,
            error_message="Canceled by its owner",
            revision=Generation.revision + 1,
            text="",
            lease_until=None,
            next_wake_at=None,
            finished_at=func.now(),
            updated_at=func.now(),
        )
        .returning(Generation)
    )
    generation = (await session.sql.scalars(statement)).one_or_none()
    if generation is not None:
        await write_log(session, session.user_id, generation_id, Event.CANCELED)
    return generation


async def remove_generation(session: UserWrite, generation_id: UUID) -> Generation | None:
    """Delete a finished generation; None where there is no such one. Its files are the caller's to remove."""
    removed = await _remove(session, Generation.id == generation_id)
    return removed[0] if removed else None


async def remove_generations_of_story(session: UserWrite, story_id: UUID) -> Sequence[Generation]:
    """Delete a story's finished generations. Their files are the caller's to remove."""
    return await _remove(session, Generation.story_id == story_id)


async def has_unfinished(session: UserRead, story_id: UUID) -> bool:
    query = select(
        _own(session).where(Generation.story_id == story_id, Generation.status.in_(UNFINISHED)).exists()
    )
    return (await session.sql.execute(query)).scalar_one()


async def _remove(session: UserWrite, which: ColumnElement[bool]) -> Sequence[Generation]:
    statement = (
        delete(Generation)
        .where(which, Generation.user_id == session.user_id, Generation.status.in_(FINAL))
        .returning(Generation)
    )
    removed = (await session.sql.scalars(statement)).all()
    if removed:
        await bury(session, [generation.id for generation in removed])
    return removed
