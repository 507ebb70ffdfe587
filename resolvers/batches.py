"""Look-ups for many rows at once, so that nested fields cost one query a level and not one a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import db.generations
import db.stories
from core.errors import TooMuchContent
from db.generations import Window
from db.logs import read_logs
from db.models import CONTENT_LENGTH, Generation, LogEntry, Status, Story
from resolvers.services import Services

T = TypeVar("T", bound=Hashable)

# In one answer, so that a page of the longest stories neither fills the memory nor holds up the others.
MOST_CONTENT = 5 * CONTENT_LENGTH


async def stories_by_id(services: Services, me: UUID, ids: Sequence[UUID]) -> Mapping[UUID, Story]:
    async with services.database.read(me) as session:
        return await db.stories.find_stories(session, set(ids))


async def contents_by_id(services: Services, me: UUID, ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """Raises TooMuchContent where they are more than MOST_CONTENT characters together."""
    async with services.database.read(me) as session:
        found = await db.stories.read_contents(session, set(ids), MOST_CONTENT)
    if found is None:
        raise TooMuchContent(MOST_CONTENT)
    return found


async def logs_by_generation(
    services: Services, me: UUID, ids: Sequence[UUID]
) -> Mapping[UUID, list[LogEntry]]:
    found: dict[UUID, list[LogEntry]] = defaultdict(list)
    async with services.database.read(me) as session:
        for entry in await read_logs(session, set(ids)):
            found[entry.generation_id].append(entry)
    return found


async def generations_by_story(
    services: Services, me: UUID, keys: Sequence[tuple[UUID, Window]]
) -> Mapping[tuple[UUID, Window], list[Generation]]:
    """A query for each distinct window among `keys`: one, where a document asks once."""
    found: dict[tuple[UUID, Window], list[Generation]] = {}
    async with services.database.read(me) as session:
        for window, story_ids in _grouped(keys).items():
            rows = await db.generations.list_generations_of_stories(session, story_ids, window)
            found.update({(story_id, window): listed for story_id, listed in rows.items()})
    return found


async def generation_counts_by_story(
    services: Services, me: UUID, keys: Sequence[tuple[UUID, Status | None]]
) -> Mapping[tuple[UUID, Status | None], int]:
    """A query for each distinct status among `keys`."""
    found: dict[tuple[UUID, Status | None], int] = {}
    async with services.database.read(me) as session:
        for status, story_ids in _grouped(keys).items():
            counts = await db.generations.count_generations_of_stories(session, story_ids, status)
            found.update({(story_id, status): count for story_id, count in counts.items()})
    return found


def _grouped(keys: Sequence[tuple[UUID, T]]) -> Mapping[T, set[UUID]]:
    groups: dict[T, set[UUID]] = defaultdict(set)
    for story_id, group in keys:
        groups[group].add(story_id)
    return groups
